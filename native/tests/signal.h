/* signal.h: signals for the detector tests, made in double precision from the definition; shares nothing with the blocks
 * under test. All positions are samples at 8000 a second, levels dBm0 (a full-scale sine is 3.14 dBm0). */
#ifndef SC_TEST_SIGNAL_H
#define SC_TEST_SIGNAL_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_PI 3.14159265358979323846

struct signal {
    double *x;
    size_t length;
    uint64_t seed;
};

static inline double signal_amplitude(double dbm0)
{
    return 32767.0 * pow(10.0, (dbm0 - 3.14) / 20.0);
}

static inline struct signal signal_new(size_t length, uint64_t seed)
{
    struct signal s = { calloc(length, sizeof(double)), length, seed * 2862933555777941757u + 3037000493u };
    if (s.x == NULL)
        abort();
    return s;
}

static inline void signal_free(struct signal *s)
{
    free(s->x);
    s->x = NULL;
}

static inline uint32_t signal_random(struct signal *s)
{
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 7;
    s->seed ^= s->seed << 17;
    return (uint32_t)(s->seed >> 32);
}

static inline double signal_uniform(struct signal *s)
{
    return ((double)signal_random(s) + 0.5) / 4294967296.0;
}

/* A hard-edged sine. */
static inline void signal_sine(struct signal *s, size_t from, size_t samples, double hz, double dbm0, double phase)
{
    double a = signal_amplitude(dbm0);
    for (size_t i = 0; i < samples && from + i < s->length; i++)
        s->x[from + i] += a * sin(2 * SIGNAL_PI * hz * (double)i / 8000.0 + phase);
}

/* White Gaussian noise whose power is that of a sine of this level. */
static inline void signal_noise(struct signal *s, size_t from, size_t samples, double dbm0)
{
    double rms = signal_amplitude(dbm0) / sqrt(2.0);
    for (size_t i = 0; i < samples && from + i < s->length; i++) {
        double u = signal_uniform(s), v = signal_uniform(s);
        s->x[from + i] += rms * sqrt(-2.0 * log(u)) * cos(2 * SIGNAL_PI * v);
    }
}

static inline void signal_mute(struct signal *s, size_t from, size_t samples)
{
    for (size_t i = 0; i < samples && from + i < s->length; i++)
        s->x[from + i] = 0.0;
}

static inline void signal_scale(struct signal *s, double gain)
{
    for (size_t i = 0; i < s->length; i++)
        s->x[i] *= gain;
}

static inline int16_t *signal_samples(const struct signal *s)
{
    int16_t *out = malloc(s->length * sizeof *out);
    if (out == NULL)
        abort();
    for (size_t i = 0; i < s->length; i++)
        out[i] = (int16_t)lrint(fmax(-32768.0, fmin(32767.0, s->x[i])));
    return out;
}

/* Something like a voice: a glottal pulse train of wandering pitch through three moving resonances, with pauses and
 * hiss, at about dbm0. Not speech, but as tonal and as changeable. */
static inline void signal_voice(struct signal *s, size_t from, size_t samples, double dbm0)
{
    double y1[3] = { 0 }, y2[3] = { 0 }, phase = 0.0, pitch = 120.0, hz[3] = { 500, 1500, 2500 };
    double want[3] = { 500, 1500, 2500 }, gain = 0.0, want_gain = 1.0, want_pitch = 120.0, voiced = 1.0;
    size_t next = 0;
    for (size_t i = 0; i < samples && from + i < s->length; i++) {
        if (i >= next) {
            next = i + 400 + signal_random(s) % 1600;
            want[0] = 250 + 600 * signal_uniform(s);
            want[1] = 900 + 1400 * signal_uniform(s);
            want[2] = 2300 + 800 * signal_uniform(s);
            want_pitch = 90 + 220 * signal_uniform(s);
            want_gain = signal_random(s) % 5 == 0 ? 0.0 : 0.3 + 0.7 * signal_uniform(s);
            voiced = signal_random(s) % 4 == 0 ? 0.0 : 1.0;
        }
        pitch += (want_pitch - pitch) * 0.001;
        gain += (want_gain - gain) * 0.005;
        phase += pitch / 8000.0;
        double source = 0.05 * (signal_uniform(s) - 0.5) * (voiced > 0 ? 1 : 12);
        if (phase >= 1.0) {
            phase -= 1.0;
            source += voiced;
        }
        double out = source;
        for (int f = 0; f < 3; f++) {
            hz[f] += (want[f] - hz[f]) * 0.003;
            double r = 0.96 - 0.01 * f, c = 2 * r * cos(2 * SIGNAL_PI * hz[f] / 8000.0);
            double y = out * (1 - r) + c * y1[f] - r * r * y2[f];
            y2[f] = y1[f];
            y1[f] = y;
            out = y * 3.0;
        }
        s->x[from + i] += out * gain * signal_amplitude(dbm0) * 600.0;
    }
}

#endif

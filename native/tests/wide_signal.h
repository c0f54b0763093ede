/* wide_signal.h: signals at 16 kHz for the tests of wideband speech, made from their definition, and whole G.722 codecs with
 * their filters. Levels are dBm0 as in signal.h (a full-scale sine is 3.14 dBm0). */
#ifndef SC_TEST_WIDE_SIGNAL_H
#define SC_TEST_WIDE_SIGNAL_H

#include "g722.h"
#include "qmf.h"
#include "signal.h"

#define WIDE_HZ 16000.0

static inline void wide_tone(int16_t *out, size_t n, double hz, double dbm0)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)lrint(fmin(signal_amplitude(dbm0), 32767) * sin(2 * SIGNAL_PI * hz * (double)i / WIDE_HZ));
}

static inline void wide_of(int16_t *out, struct signal *s)
{
    int16_t *samples = signal_samples(s);
    memcpy(out, samples, s->length * sizeof *samples);
    free(samples);
    signal_free(s);
}

static inline void wide_noise(int16_t *out, size_t n, double dbm0, uint64_t seed)
{
    struct signal s = signal_new(n, seed);
    signal_noise(&s, 0, n, dbm0);
    wide_of(out, &s);
}

/* The voice of signal.h an octave higher, with breath up to 8 kHz. */
static inline void wide_voice(int16_t *out, size_t n, double dbm0, uint64_t seed)
{
    struct signal s = signal_new(n, seed);
    signal_voice(&s, 0, n, dbm0);
    signal_noise(&s, 0, n, dbm0 - 30);
    wide_of(out, &s);
}

static inline void wide_encode(uint8_t *octets, const int16_t *wide, size_t pairs)
{
    struct sc_qmf_split split = { 0 };
    struct sc_g722 encoder;
    int16_t low[160], high[160];
    sc_g722_init(&encoder);
    for (size_t i = 0; i < pairs; i += 160) {
        size_t n = pairs - i < 160 ? pairs - i : 160;
        sc_qmf_split(&split, low, high, wide + 2 * i, n);
        sc_g722_encode(&encoder, octets + i, low, high, n);
    }
}

static inline void wide_decode(int16_t *wide, const uint8_t *octets, size_t pairs)
{
    struct sc_qmf_join join = { 0 };
    struct sc_g722 decoder;
    int16_t low[160], high[160];
    sc_g722_init(&decoder);
    for (size_t i = 0; i < pairs; i += 160) {
        size_t n = pairs - i < 160 ? pairs - i : 160;
        sc_g722_decode(&decoder, low, high, octets + i, n);
        sc_qmf_join(&join, wide + 2 * i, low, high, n);
    }
}

/* Level of one frequency in what was heard, by its definition. */
static inline double wide_level(const int16_t *x, size_t n, double hz, double rate_hz)
{
    double re = 0, im = 0;
    for (size_t i = 0; i < n; i++) {
        const double window = 1 - cos(2 * SIGNAL_PI * ((double)i + 0.5) / (double)n), phase = 2 * SIGNAL_PI * hz * (double)i / rate_hz;
        re += window * x[i] * cos(phase);
        im += window * x[i] * sin(phase);
    }
    const double amplitude = 2 * sqrt(re * re + im * im) / (double)n;
    return amplitude < 0.01 ? -130 : 20 * log10(amplitude / 32767) + 3.14;
}

#endif

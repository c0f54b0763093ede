/* fsk_equaliser.c: a blind equaliser for FSK.
 *
 * How: FSK has a constant envelope, and a line that reflects or delays some frequencies more than others breaks it. The line
 * is made analytic and mixed down by 1700 Hz, the middle of both modulations; 40 complex taps, begun as a mere delay, are
 * moved with every sample so that the output's modulus becomes 1 (Godard's criterion p = 2, normalised step); the output is
 * mixed up again. It begins to learn with the seizure, 250 ms before the first octet.
 * Beside it the analytic line brought to one modulus: that makes mark and space equally loud whatever the line did to them,
 * as long as it does not smear them into each other.
 * Assumes 8000 samples a second; a restart at each new sender.
 * Measured (test_callerid_lines.c): packets of both modulations through the G.168 hybrids m1 .. m6 at 0 dB, and
 * mark and space 10 dB apart; not through m7 and m8, whose spectrum has holes of 25 dB on the tones themselves. */
#include "fsk_equaliser.h"

#include "alloc.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PI 3.14159265358979323846
#define MIDDLE_TURNS (17.0 / 80.0)      /* 1700 Hz at 8000 */
#define TURN_SAMPLES 80u                /* 17 whole turns */
#define BAND_HZ 1450.0                  /* half the pass band of the analytic filter, about 1800 Hz */
#define BAND_MIDDLE_HZ 1800.0
#define REACH 8                         /* taps of that filter on each side */
#define LINE (2 * REACH + 1)
#define TAPS 40u
#define VECTORS (TAPS / 4)
#define STEP 0.015f
#define MODULUS_MOST 2.0f
#define POWER_FOLLOW (1.0f / 256.0f)
#define SHORT_FOLLOW (1.0f / 32.0f)
#define RISE 4.0f                       /* 6 dB over the mean power is a new sender */
#define QUIET_POWER 100.0f              /* of half the amplitude: 20, -61 dBm0, as in the modem */

typedef float v4f __attribute__((vector_size(16)));

struct sc_fsk_equaliser {
    v4f real[VECTORS], imaginary[VECTORS];          /* taps, oldest sample first */
    float past_real[2 * TAPS], past_imaginary[2 * TAPS];    /* held twice: any stretch is contiguous */
    uint32_t at;                                    /* where the newest one is, of the first half */
    float filter_real[LINE], filter_imaginary[LINE];
    float line[LINE];
    float cosine[TURN_SAMPLES], sine[TURN_SAMPLES];
    uint32_t turn;
    float power, short_power;                       /* of the mixed-down line */
    uint32_t age;                                   /* samples since the restart, up to 1 / POWER_FOLLOW */
};

static void design(struct sc_fsk_equaliser *e)
{
    for (int k = -REACH; k <= REACH; k++) {
        double window = 0.54 + 0.46 * cos(PI * k / (REACH + 1.0)), angle = 2.0 * PI * BAND_MIDDLE_HZ / 8000.0 * k;
        double low = k == 0 ? 2.0 * BAND_HZ / 8000.0 : sin(2.0 * PI * BAND_HZ / 8000.0 * k) / (PI * k);
        e->filter_real[k + REACH] = (float)(window * low * cos(angle));
        e->filter_imaginary[k + REACH] = (float)(window * low * sin(angle));
    }
    for (uint32_t i = 0; i < TURN_SAMPLES; i++) {
        e->cosine[i] = (float)cos(2.0 * PI * MIDDLE_TURNS * i);
        e->sine[i] = (float)sin(2.0 * PI * MIDDLE_TURNS * i);
    }
}

int sc_fsk_equaliser_create(struct sc_fsk_equaliser **out)
{
    struct sc_fsk_equaliser *e = sc_alloc(sizeof *e);
    if (e == NULL)
        return ENOMEM;
    design(e);
    sc_fsk_equaliser_reset(e);
    *out = e;
    return 0;
}

void sc_fsk_equaliser_destroy(struct sc_fsk_equaliser *equaliser)
{
    sc_free(equaliser);
}

void sc_fsk_equaliser_restart(struct sc_fsk_equaliser *equaliser)
{
    memset(equaliser->real, 0, sizeof equaliser->real);
    memset(equaliser->imaginary, 0, sizeof equaliser->imaginary);
    equaliser->real[VECTORS / 2][0] = 1.0f;
    equaliser->age = 0;
}

void sc_fsk_equaliser_reset(struct sc_fsk_equaliser *equaliser)
{
    memset(equaliser->past_real, 0, sizeof equaliser->past_real);
    memset(equaliser->past_imaginary, 0, sizeof equaliser->past_imaginary);
    memset(equaliser->line, 0, sizeof equaliser->line);
    equaliser->at = equaliser->turn = 0;
    equaliser->power = equaliser->short_power = 0.0f;
    sc_fsk_equaliser_restart(equaliser);
}

/* Follows the power; false while there is no carrier. */
static bool follow_power(struct sc_fsk_equaliser *e, float now)
{
    e->short_power += (now - e->short_power) * SHORT_FOLLOW;
    if (e->short_power > RISE * e->power && e->age >= TAPS) {
        sc_fsk_equaliser_restart(e);
        e->power = e->short_power;
    }
    e->age += e->age < 256 ? 1 : 0;
    float slow = 1.0f / (float)e->age;
    e->power += (now - e->power) * (slow > POWER_FOLLOW ? slow : POWER_FOLLOW);
    return e->power > QUIET_POWER;
}

static void remember(struct sc_fsk_equaliser *e, float real, float imaginary)
{
    e->at = (e->at + 1) % TAPS;
    e->past_real[e->at] = e->past_real[e->at + TAPS] = real;
    e->past_imaginary[e->at] = e->past_imaginary[e->at + TAPS] = imaginary;
}

static float across(v4f v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/* Filters the past by the taps and moves them; the output's real and imaginary part. */
static void adapt(struct sc_fsk_equaliser *e, float out[2])
{
    v4f x[VECTORS], y[VECTORS], re = { 0 }, im = { 0 }, energy = { 0 };
    memcpy(x, e->past_real + e->at + 1, sizeof x);
    memcpy(y, e->past_imaginary + e->at + 1, sizeof y);
    for (uint32_t i = 0; i < VECTORS; i++) {
        re += e->real[i] * x[i] - e->imaginary[i] * y[i];
        im += e->real[i] * y[i] + e->imaginary[i] * x[i];
        energy += x[i] * x[i] + y[i] * y[i];
    }
    out[0] = across(re);
    out[1] = across(im);
    float modulus = sqrtf(out[0] * out[0] + out[1] * out[1]);
    if (modulus > MODULUS_MOST) {
        out[0] *= MODULUS_MOST / modulus;
        out[1] *= MODULUS_MOST / modulus;
        modulus = MODULUS_MOST;
    }
    float step = STEP * (modulus * modulus - 1.0f) / (across(energy) + 1e-3f);
    float step_real = step * out[0], step_imaginary = step * out[1];
    for (uint32_t i = 0; i < VECTORS; i++) {
        e->real[i] -= step_real * x[i] + step_imaginary * y[i];
        e->imaginary[i] -= step_imaginary * x[i] - step_real * y[i];
    }
}

float sc_fsk_equaliser_take(struct sc_fsk_equaliser *equaliser, float x, float *limited)
{
    struct sc_fsk_equaliser *e = equaliser;
    float real = 0.0f, imaginary = 0.0f;
    memmove(e->line, e->line + 1, (LINE - 1) * sizeof(float));
    e->line[LINE - 1] = x;
    for (uint32_t k = 0; k < LINE; k++) {
        real += e->filter_real[k] * e->line[LINE - 1 - k];
        imaginary += e->filter_imaginary[k] * e->line[LINE - 1 - k];
    }
    e->turn = (e->turn + 1) % TURN_SAMPLES;
    float c = e->cosine[e->turn], s = e->sine[e->turn];
    float down_real = real * c + imaginary * s, down_imaginary = imaginary * c - real * s;
    bool carrier = follow_power(e, down_real * down_real + down_imaginary * down_imaginary);
    float scale = carrier ? 1.0f / sqrtf(e->power) : 0.0f;
    remember(e, down_real * scale, down_imaginary * scale);
    *limited = 0.0f;
    if (!carrier)
        return 0.0f;
    float loudness = sqrtf(e->power), modulus = sqrtf(real * real + imaginary * imaginary), out[2];
    *limited = modulus > 0.0f ? 2.0f * loudness * real / modulus : 0.0f;
    adapt(e, out);
    return 2.0f * (out[0] * c - out[1] * s) * loudness;
}

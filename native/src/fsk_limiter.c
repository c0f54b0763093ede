/* fsk_limiter.c: the line with its envelope made constant.
 *
 * How: a complex band-pass (350 .. 3250 Hz of the positive frequencies) makes the line analytic; its real part over its
 * modulus is the carrier's phase alone. The mean loudness is given back, so that quiet stays quiet.
 * Assumes 8000 samples a second and one sender at a time: the louder one wins.
 * Measured with the modem (test_callerid_lines.c): mark and space 10 dB apart either way; the hybrids m1, m3, m5, m6. */
#include "fsk_limiter.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PI 3.14159265358979323846
#define BAND_HZ 1450.0                  /* half the pass band */
#define BAND_MIDDLE_HZ 1800.0
#define REACH 8                         /* taps on each side of the middle one */
#define TAPS SC_FSK_LIMITER_TAPS
#define POWER_AGE 256u                  /* samples that the mean power spans */
#define SHORT_FOLLOW (1.0f / 32.0f)
#define RISE 4.0f                       /* 6 dB over the mean power is a new sender */
#define SETTLED 40u                     /* samples before such a rise is believed */
#define QUIET_POWER 100.0f              /* of half the amplitude: 20, -61 dBm0 */

typedef sc_fsk_limiter_v4f v4f;

void sc_fsk_limiter_design(struct sc_fsk_limiter *limiter)
{
    memset(limiter, 0, sizeof *limiter);
    for (int k = -REACH; k <= REACH; k++) {
        double window = 0.54 + 0.46 * cos(PI * k / (REACH + 1.0)), angle = 2.0 * PI * BAND_MIDDLE_HZ / 8000.0 * k;
        double low = k == 0 ? 2.0 * BAND_HZ / 8000.0 : sin(2.0 * PI * BAND_HZ / 8000.0 * k) / (PI * k);
        uint32_t place = (uint32_t)(REACH - k);     /* the newest sample meets the filter's first tap */
        limiter->real[place / 4][place % 4] = (float)(window * low * cos(angle));
        limiter->imaginary[place / 4][place % 4] = (float)(window * low * sin(angle));
    }
}

void sc_fsk_limiter_reset(struct sc_fsk_limiter *limiter)
{
    memset(limiter->line, 0, sizeof limiter->line);
    limiter->at = limiter->age = 0;
    limiter->power = limiter->short_power = 0.0f;
}

static float across(v4f v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/* Follows the power; false while there is no carrier. */
static bool follow_power(struct sc_fsk_limiter *l, float now)
{
    l->short_power += (now - l->short_power) * SHORT_FOLLOW;
    if (l->short_power > RISE * l->power && l->age >= SETTLED) {
        l->age = 0;
        l->power = l->short_power;
    }
    l->age += l->age < POWER_AGE ? 1 : 0;
    l->power += (now - l->power) / (float)l->age;
    return l->power > QUIET_POWER;
}

float sc_fsk_limiter_take(struct sc_fsk_limiter *limiter, float x)
{
    struct sc_fsk_limiter *l = limiter;
    v4f past[TAPS / 4], real = { 0 }, imaginary = { 0 };
    l->at = (l->at + 1) % TAPS;
    l->line[l->at] = l->line[l->at + TAPS] = x;
    memcpy(past, l->line + l->at + 1, sizeof past);
    for (uint32_t i = 0; i < TAPS / 4; i++) {
        real += past[i] * l->real[i];
        imaginary += past[i] * l->imaginary[i];
    }
    float re = across(real), im = across(imaginary), power = re * re + im * im;
    if (!follow_power(l, power) || power <= 0.0f)
        return 0.0f;
    return 2.0f * re * sqrtf(l->power / power);
}

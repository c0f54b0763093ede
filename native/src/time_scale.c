/* Time-scale modification: see time_scale.h.
 *
 * How: the lag at which both sides of the seam resemble each other most (normalised correlation) is a pitch period, or
 * several: there a linear cross-fade is not heard.  A sound without any period (a fricative, noise) resembles itself
 * nowhere and may be joined anywhere, if the cross-fade keeps its power: the weights are divided by the rms that two
 * sides of that likeness have together.  What lies between (the voice changes) is left alone unless asked for anyhow.
 * Assumes 8 kHz.
 * Measured (tests/test_time_scale.c): steps at the seams of a voice and a tone no larger than their own; the power of
 * noise within 1 dB through the seam.
 */
#include "time_scale.h"

#include <math.h>

enum {
    LAG_STEP = 2,
    LAGS = (SC_TIME_SCALE_LAG_MAX - SC_TIME_SCALE_LAG_MIN) / LAG_STEP + 1,
    BACK = 40,      /* samples before a stretch's seam that are compared too */
    NOISE_LAG = 80, /* of what has no period: with its fade less than a packet, so that none is lost whole */
    NOISE_FADE = 40
};
#define VOICED 0.75f   /* likeness from which a period is believed */
#define NOISE 0.45f    /* likeness below which there is none: white noise has 0.3 at its best lag */
#define EQUAL 0.02f
#define QUIET_RMS 80.0f /* about -46 dBm0: any seam will do */

static float at(const struct sc_time_scale_ring *ring, uint32_t t)
{
    return ring->samples[t & ring->mask];
}

/* Likeness of n samples at a and at b; 1 where it is too quiet to matter. */
static float likeness(const struct sc_time_scale_ring *ring, uint32_t a, uint32_t b, uint32_t n)
{
    float cross = 0, pa = 0, pb = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float x = at(ring, a + i), y = at(ring, b + i);
        cross += x * y, pa += x * x, pb += y * y;
    }
    if (fmaxf(pa, pb) < (float)n * QUIET_RMS * QUIET_RMS)
        return 1;
    return cross / sqrtf(pa * pb + 1);
}

/* The lag between `from` and from + sign * lag that fits best; of about equal ones the longest where sound is taken out
 * (fewer seams) and the shortest where it is repeated (least is said twice). Where the sound is noise any does. */
static struct sc_time_scale_seam best(const struct sc_time_scale_ring *ring, uint32_t from, uint32_t n, int sign,
                                      uint32_t most, bool anyhow)
{
    struct sc_time_scale_seam seam = {.likeness = -2, .fade = SC_TIME_SCALE_SEAM};
    float alike[LAGS];
    for (uint32_t i = 0; SC_TIME_SCALE_LAG_MIN + i * LAG_STEP <= most; i++) {
        const uint32_t lag = SC_TIME_SCALE_LAG_MIN + i * LAG_STEP;
        alike[i] = likeness(ring, from, sign > 0 ? from + lag : from - lag, n);
        seam.likeness = fmaxf(seam.likeness, alike[i]);
    }
    for (uint32_t i = 0; SC_TIME_SCALE_LAG_MIN + i * LAG_STEP <= most; i++)
        if (alike[i] >= seam.likeness - EQUAL && (sign > 0 || seam.lag == 0))
            seam.lag = SC_TIME_SCALE_LAG_MIN + i * LAG_STEP;
    if (seam.likeness < NOISE && seam.lag > 0)
        seam.lag = most < NOISE_LAG ? most : NOISE_LAG, seam.fade = NOISE_FADE;
    else if (seam.likeness < VOICED && !anyhow)
        seam.lag = 0;
    seam.likeness = fminf(fmaxf(seam.likeness, 0), 1);
    return seam;
}

struct sc_time_scale_seam sc_time_scale_shorter(const struct sc_time_scale_ring *ring, uint32_t place, uint32_t most,
                                                bool anyhow)
{
    const uint32_t longest = most < SC_TIME_SCALE_LAG_MAX ? most : SC_TIME_SCALE_LAG_MAX;
    return best(ring, place, SC_TIME_SCALE_SEAM, 1, longest, anyhow);
}

struct sc_time_scale_seam sc_time_scale_longer(const struct sc_time_scale_ring *ring, uint32_t place, uint32_t ahead,
                                               bool anyhow)
{
    const uint32_t fade = ahead < SC_TIME_SCALE_SEAM ? ahead : SC_TIME_SCALE_SEAM;
    if (fade < SC_TIME_SCALE_SEAM_MIN)
        return (struct sc_time_scale_seam){.lag = 0};
    struct sc_time_scale_seam seam = best(ring, place - BACK, fade + BACK, -1, SC_TIME_SCALE_LAG_MAX, anyhow);
    const uint32_t shorter = fade < seam.fade ? fade : seam.fade;
    seam.fade = shorter < seam.lag ? shorter : seam.lag;
    return seam;
}

/* Fades from what stands at `from` into what stands at `to`, where the result is left. */
static void fade(const struct sc_time_scale_ring *ring, uint32_t from, uint32_t to,
                 const struct sc_time_scale_seam *seam)
{
    for (uint32_t i = 0; i < seam->fade; i++) {
        const float w = (float)(i + 1) / (float)(seam->fade + 1), v = 1 - w;
        const float rms = sqrtf(w * w + v * v + 2 * w * v * seam->likeness);
        const float x = (v * at(ring, from + i) + w * at(ring, to + i)) / rms;
        ring->samples[(to + i) & ring->mask] = (int16_t)lrintf(fminf(fmaxf(x, -32768), 32767));
    }
}

uint32_t sc_time_scale_cut(const struct sc_time_scale_ring *ring, uint32_t place, const struct sc_time_scale_seam *seam)
{
    fade(ring, place, place + seam->lag, seam);
    return place + seam->lag;
}

uint32_t sc_time_scale_stretch(const struct sc_time_scale_ring *ring, uint32_t place,
                               const struct sc_time_scale_seam *seam)
{
    fade(ring, place, place - seam->lag, seam);
    return place - seam->lag;
}

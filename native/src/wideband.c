/* wideband.c: see wideband.h.
 *
 * How: one low-pass of 112 taps for both ways, a windowed sinc (Kaiser, beta 6.76) of 3680 Hz at 16 kHz, in 1/16384: flat to
 * 3400 Hz, closed from 4000 Hz, so that nothing of the upper band is heard folded into the lower one. 16-bit products, summed in
 * 32 bits (the taps' magnitudes add up to less than 2^16).
 * Assumes nothing. Measured (test_wideband.c): 0..3300 Hz within 0.1 dB, from 4000 Hz on at least 66 dB down; a delay of 3.5 ms. */
#include "wideband.h"

#include <string.h>

#define TAPS (SC_WIDEBAND_PHASE_TAPS * 2)
#define DECIMATE_SHIFT 14
#define INTERPOLATE_SHIFT 13    /* every second sample of the input is missing: twice the gain */

/* Symmetrical; the even and the odd ones are each other's mirror. test_wideband.c makes them again from their formula. */
static const int16_t taps[TAPS] = {
    -1, 0, 2, 1, -2, -2, 3, 4, -3, -7, 2, 11, 0, -14,
    -5, 18, 11, -20, -20, 20, 31, -16, -44, 8, 57, 6, -68, -26,
    76, 53, -78, -85, 70, 122, -51, -161, 17, 199, 34, -230, -105, 250,
    197, -252, -314, 226, 460, -159, -649, 24, 916, 248, -1385, -941, 2869, 6896,
    6896, 2869, -941, -1385, 248, 916, 24, -649, -159, 460, 226, -314, -252, 197,
    250, -105, -230, 34, 199, 17, -161, -51, 122, 70, -85, -78, 53, 76,
    -26, -68, 6, 57, 8, -44, -16, 31, 20, -20, -20, 11, 18, -5,
    -14, 0, 11, 2, -7, -3, 4, 3, -2, -2, 1, 2, 0, -1,
};
static const int16_t even_taps[SC_WIDEBAND_PHASE_TAPS] = {
    -1, 2, -2, 3, -3, 2, 0, -5, 11, -20, 31, -44, 57, -68,
    76, -78, 70, -51, 17, 34, -105, 197, -314, 460, -649, 916, -1385, 2869,
    6896, -941, 248, 24, -159, 226, -252, 250, -230, 199, -161, 122, -85, 53,
    -26, 6, 8, -16, 20, -20, 18, -14, 11, -7, 4, -2, 1, 0,
};
static const int16_t odd_taps[SC_WIDEBAND_PHASE_TAPS] = {
    0, 1, -2, 4, -7, 11, -14, 18, -20, 20, -16, 8, 6, -26,
    53, -85, 122, -161, 199, -230, 250, -252, 226, -159, 24, 248, -941, 6896,
    2869, -1385, 916, -649, 460, -314, 197, -105, 34, 17, -51, 70, -78, 76,
    -68, 57, -44, 31, -20, 11, -5, 0, 2, -3, 3, -2, 2, -1,
};

static inline int16_t rounded(int32_t sum, int shift)
{
    const int32_t value = (sum + (1 << (shift - 1))) >> shift;
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

static inline int32_t dot(const int16_t *restrict a, const int16_t *restrict b, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

void sc_decimate(struct sc_decimator *decimator, int16_t *out, const int16_t *wide, size_t n)
{
    enum { PAST = TAPS - 2 };
    int16_t line[PAST + 2 * SC_WIDEBAND_MAX_SAMPLES];
    memcpy(line, decimator->past, sizeof decimator->past);
    memcpy(line + PAST, wide, 2 * n * sizeof *wide);
    for (size_t i = 0; i < n; i++)
        out[i] = rounded(dot(taps, line + 2 * i, TAPS), DECIMATE_SHIFT);
    memcpy(decimator->past, line + 2 * n, sizeof decimator->past);
}

void sc_interpolate(struct sc_interpolator *interpolator, int16_t *wide, const int16_t *in, size_t n)
{
    enum { PAST = SC_WIDEBAND_PHASE_TAPS - 1 };
    int16_t line[PAST + SC_WIDEBAND_MAX_SAMPLES];
    memcpy(line, interpolator->past, sizeof interpolator->past);
    memcpy(line + PAST, in, n * sizeof *in);
    for (size_t i = 0; i < n; i++) {
        wide[2 * i] = rounded(dot(odd_taps, line + i, SC_WIDEBAND_PHASE_TAPS), INTERPOLATE_SHIFT);
        wide[2 * i + 1] = rounded(dot(even_taps, line + i, SC_WIDEBAND_PHASE_TAPS), INTERPOLATE_SHIFT);
    }
    memcpy(interpolator->past, line + n, sizeof interpolator->past);
}

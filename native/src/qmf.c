/* qmf.c: see qmf.h.
 *
 * How: the 24 taps of G.722 table 11 as two dot products of 16-bit integers a pair of samples, truncated as the
 * recommendation's own arithmetic truncates, limited to 15 bits (clause 3.1: x_L and x_H).
 * Assumes nothing. Measured (test_g722.c): split and joined again, a tone comes back within 0.1 dB from 50 to 7000 Hz, with an
 * SNR over 60 dB. */
#include "qmf.h"

#include <string.h>

#define BAND_MIN (-16384)
#define BAND_MAX 16383
#define SPLIT_SHIFT 14          /* coefficients are in 1/8192; a band has one bit less than the samples */
#define JOIN_SHIFT 11           /* 2 h of clause 4.4 and that bit again */
#define HALF (SC_QMF_TAPS / 2)

/* Table 11/G.722, h0 .. h23, oldest sample first (they are symmetrical); and the same with every second sign turned. */
static const int16_t low_taps[SC_QMF_TAPS] = { 3,    -11, -11, 53,  12,   -156, 32,   362,  -210, -805, 951, 3876,
                                               3876, 951, -805, -210, 362, 32,   -156, 12,   53,   -11,  -11, 3 };
static const int16_t high_taps[SC_QMF_TAPS] = { -3,    -11, 11,  53,   -12, -156, -32,  362, 210, -805, -951, 3876,
                                                -3876, 951, 805, -210, -362, 32,  156,  12,  -53, -11,  11,   3 };
/* Odd and even taps, oldest first: of the sums (second sample of a pair) and of the differences (first). */
static const int16_t sum_taps[HALF] = { 3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11 };
static const int16_t difference_taps[HALF] = { -11, 53, -156, 362, -805, 3876, 951, -210, 32, 12, -11, 3 };

static inline int16_t limited(int32_t value, int32_t low, int32_t high)
{
    return (int16_t)(value < low ? low : value > high ? high : value);
}

void sc_qmf_split(struct sc_qmf_split *split, int16_t *low, int16_t *high, const int16_t *wide, size_t pairs)
{
    enum { PAST = SC_QMF_TAPS - 2 };
    int16_t line[PAST + 2 * SC_QMF_MAX_PAIRS];
    memcpy(line, split->past, sizeof split->past);
    memcpy(line + PAST, wide, 2 * pairs * sizeof *wide);
    for (size_t i = 0; i < pairs; i++) {
        const int16_t *x = line + 2 * i;
        int32_t l = 0, h = 0;
        for (size_t k = 0; k < SC_QMF_TAPS; k++) {
            l += (int32_t)low_taps[k] * x[k];
            h += (int32_t)high_taps[k] * x[k];
        }
        low[i] = limited(l >> SPLIT_SHIFT, BAND_MIN, BAND_MAX);
        high[i] = limited(h >> SPLIT_SHIFT, BAND_MIN, BAND_MAX);
    }
    memcpy(split->past, line + 2 * pairs, sizeof split->past);
}

void sc_qmf_join(struct sc_qmf_join *join, int16_t *wide, const int16_t *low, const int16_t *high, size_t pairs)
{
    enum { PAST = HALF - 1 };
    int16_t difference[PAST + SC_QMF_MAX_PAIRS], sum[PAST + SC_QMF_MAX_PAIRS];
    memcpy(difference, join->difference, sizeof join->difference);
    memcpy(sum, join->sum, sizeof join->sum);
    for (size_t i = 0; i < pairs; i++) {
        difference[PAST + i] = limited(low[i] - high[i], INT16_MIN, INT16_MAX);
        sum[PAST + i] = limited(low[i] + high[i], INT16_MIN, INT16_MAX);
    }
    for (size_t i = 0; i < pairs; i++) {
        int32_t first = 0, second = 0;
        for (size_t k = 0; k < HALF; k++) {
            first += (int32_t)difference_taps[k] * difference[i + k];
            second += (int32_t)sum_taps[k] * sum[i + k];
        }
        wide[2 * i] = limited(first >> JOIN_SHIFT, INT16_MIN, INT16_MAX);
        wide[2 * i + 1] = limited(second >> JOIN_SHIFT, INT16_MIN, INT16_MAX);
    }
    memcpy(join->difference, difference + pairs, sizeof join->difference);
    memcpy(join->sum, sum + pairs, sizeof join->sum);
}

/* g722.c: see g722.h.
 *
 * How: sub-band ADPCM by ITU-T G.722 clause 6.2, block by block in 16-bit saturating arithmetic: each band has a predictor of
 * two poles and six zeros that adapts by the signs of its own output, and a quantizer whose step follows the codes.
 * Written from the recommendation; the tables are its own (tables 14, 15, 17, 18, 19, 20). The six zeros are taken side by side,
 * as vectors; one band after the other, so that a band stays in registers.
 * Assumes bands of 15 bits. Any octet may come: those that no encoder makes are decoded as the tables say.
 * Measured (test_g722.c, test_peer_g722.c): octet for octet and sample for sample what libspandsp does; checked by the CRC-32
 * of the recommendation's own test sequences where they are at hand. */
#include "g722.h"

#include <string.h>

#define BAND_MIN (-16384)
#define BAND_MAX 16383
#define A2_MAX 12288            /* UPPOL2: 0.75 */
#define A1_A2_MAX 15360         /* UPPOL1: 1 - 2^-4 */
#define LEAK_A1 32640           /* 1 - 2^-8 */
#define LEAK_A2 32512           /* 1 - 2^-7 */
#define NB_LOW_MAX 18432
#define NB_HIGH_MAX 22528
#define DET_LOW_RESET 32
#define DET_HIGH_RESET 8
#define HIGH_DECISION 564       /* Q2(1), table 17 */
#define LOW_LEVELS 30u

typedef sc_g722_lanes lanes;
typedef int32_t words __attribute__((vector_size(32)));
typedef int32_t half __attribute__((vector_size(16)));

/* Decision levels Q6 and the codes of a negative and a positive error (tables 14 and 15). */
static const int32_t q6[LOW_LEVELS] = { 0,   35,  72,   110,  150,  190,  233,  276,  323,  370,  422,  473,  530,  587,  650,
                                        714, 786, 858,  940,  1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919 };
static const uint8_t negative_code[LOW_LEVELS + 1] = { 0,  63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19,
                                                       18, 17, 16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4 };
static const uint8_t positive_code[LOW_LEVELS + 1] = { 0,  61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47,
                                                       46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32 };

/* Output levels of the quantizers of 6, 4 and 2 bits by code (tables 18, 20 and 19). */
static const int32_t qm6[64] = { -136,   -136,   -136,   -136,   -24808, -21904, -19008, -16704, -14984, -13512, -12280,
                                 -11192, -10232, -9360,  -8576,  -7856,  -7192,  -6576,  -6000,  -5456,  -4944,  -4464,
                                 -4008,  -3576,  -3168,  -2776,  -2400,  -2032,  -1688,  -1360,  -1040,  -728,   24808,
                                 21904,  19008,  16704,  14984,  13512,  12280,  11192,  10232,  9360,   8576,   7856,
                                 7192,   6576,   6000,   5456,   4944,   4464,   4008,   3576,   3168,   2776,   2400,
                                 2032,   1688,   1360,   1040,   728,    432,    136,    -432,   -136 };
static const int32_t qm4[16] = { 0,     -20456, -12896, -8968, -6288, -4240, -2584, -1200,
                                 20456, 12896,  8968,   6288,  4240,  2584,  1200,  0 };
static const int32_t qm2[4] = { -7408, -1616, 7408, 1616 };

/* How the logarithmic scale factor moves, by code (W_L through RL42, W_H through RH2), and 2^(n/32) (ILB). */
static const int32_t wl[16] = { -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60 };
static const int32_t wh[4] = { 798, -214, 798, -214 };
static const int32_t ilb[32] = { 2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
                                 2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008 };

void sc_g722_init(struct sc_g722 *codec)
{
    memset(codec, 0, sizeof *codec);
    codec->low.det = DET_LOW_RESET;
    codec->high.det = DET_HIGH_RESET;
}

static inline int32_t limited(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* 16 bits, as every addition of clause 6 saturates. */
static inline int32_t sat(int32_t value)
{
    return limited(value, INT16_MIN, INT16_MAX);
}

/* --- predictor (block 4) ------------------------------------------------------------------------------------------- */

static inline int32_t same_sign(int32_t a, int32_t b)
{
    return (a ^ b) >= 0;
}

/* UPPOL2, then UPPOL1, which needs its answer. */
static inline void adapt_poles(struct sc_g722_band *band, int32_t p0)
{
    const int32_t quick = sat(4 * band->a1);
    const int32_t turn = (same_sign(p0, band->p1) ? sat(-quick) : quick) >> 7;
    const int32_t a2 = sat(turn + (same_sign(p0, band->p2) ? 128 : -128) + ((band->a2 * LEAK_A2) >> 15));
    const int32_t a1 = sat((same_sign(p0, band->p1) ? 192 : -192) + ((band->a1 * LEAK_A1) >> 15));
    band->a2 = limited(a2, -A2_MAX, A2_MAX);
    const int32_t most = A1_A2_MAX - band->a2;
    band->a1 = limited(a1, -most, most);
}

/* UPZERO: the six zeros follow the signs of the quantized difference. What leaks, b * 32640 >> 15, is b - ceil(b / 256); with a step of
 * 128 nothing can leave 16 bits. */
static inline lanes adapted_zeros(lanes b, lanes d, int32_t d0)
{
    const lanes step = { 128, 128, 128, 128, 128, 128 };
    const lanes turned = (d ^ (int16_t)d0) >> 15, move = d0 == 0 ? (lanes){ 0 } : step;
    const lanes leaked = b - (b >> 8) + ((b & 255) != 0);
    return leaked + (move ^ turned) - turned;
}

/* FILTEZ. A difference never has more than 14 bits (det <= 16384), so 2 d does not saturate; the sums do so seldom: they are
 * made one by one, in the order of the recommendation, only where a term is large. */
static inline int32_t zero_section(lanes b, lanes d)
{
    const words term = (__builtin_convertvector(b, words) * __builtin_convertvector(d, words)) >> 14;
    const half first = __builtin_shufflevector(term, term, 0, 1, 2, 3), last = __builtin_shufflevector(term, term, 4, 5, 6, 7);
    const half sums = first + last, sizes = (first ^ (first >> 31)) | (last ^ (last >> 31));
    if ((sizes[0] | sizes[1] | sizes[2] | sizes[3]) < 4096) /* six of them stay within 16 bits */
        return sums[0] + sums[1] + sums[2] + sums[3];
    int32_t sum = 0;
    for (int i = 5; i >= 0; i--)
        sum = sat(sum + term[i]);
    return sum;
}

static inline void predict(struct sc_g722_band *band, int32_t d0)
{
    const int32_t r0 = sat(band->s + d0), p0 = sat(band->sz + d0);
    adapt_poles(band, p0);
    band->b = adapted_zeros(band->b, band->d, d0);
    band->d = __builtin_shufflevector(band->d, (lanes){ (int16_t)d0 }, 8, 0, 1, 2, 3, 4, 9, 9);
    band->sz = zero_section(band->b, band->d);
    band->r2 = band->r1, band->r1 = r0;
    band->p2 = band->p1, band->p1 = p0;
    const int32_t sp = sat(((band->a1 * sat(2 * band->r1)) >> 15) + ((band->a2 * sat(2 * band->r2)) >> 15));
    band->s = sat(sp + band->sz);
}

/* --- scale factor (block 3) ---------------------------------------------------------------------------------------- */

/* LOGSCL and SCALEL, or LOGSCH and SCALEH; `shift` is 8 for the lower band, 10 for the upper. */
static inline void rescale(struct sc_g722_band *band, int32_t move, int32_t most, int32_t shift)
{
    band->nb = limited(((band->nb * 127) >> 7) + move, 0, most);
    const int32_t mantissa = ilb[(band->nb >> 6) & 31], right = shift - (band->nb >> 11);
    band->det = (right < 0 ? mantissa << -right : mantissa >> right) << 2;
}

/* What encoder and decoder do alike with a code: the difference as 4 or 2 bits tell it, predictor and scale follow. */
static inline void follow_low(struct sc_g722_band *band, uint32_t code)
{
    const uint32_t coarse = code >> 2;
    const int32_t d0 = (band->det * qm4[coarse]) >> 15;
    rescale(band, wl[coarse], NB_LOW_MAX, 8);
    predict(band, d0);
}

static inline int32_t follow_high(struct sc_g722_band *band, uint32_t code)
{
    const int32_t d0 = (band->det * qm2[code]) >> 15, heard = limited(d0 + band->s, BAND_MIN, BAND_MAX);
    rescale(band, wh[code], NB_HIGH_MAX, 10);
    predict(band, d0);
    return heard;
}

/* --- quantizers (block 1) ------------------------------------------------------------------------------------------ */

/* QUANTL: the decision levels rise, so the interval is found by halving. */
static inline uint32_t quantize_low(const struct sc_g722_band *band, int32_t x)
{
    const int32_t error = sat(x - band->s), magnitude = error < 0 ? ~error : error;
    size_t low = 1, high = LOW_LEVELS;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (magnitude < (q6[middle] * band->det) >> 12)
            high = middle;
        else
            low = middle + 1;
    }
    return error < 0 ? negative_code[low] : positive_code[low];
}

static inline uint32_t quantize_high(const struct sc_g722_band *band, int32_t x)
{
    const int32_t error = sat(x - band->s), magnitude = error < 0 ? ~error : error;
    const uint32_t outer = magnitude >= (HIGH_DECISION * band->det) >> 12;
    return (error < 0 ? 1u : 3u) - outer;
}

void sc_g722_encode(struct sc_g722 *encoder, uint8_t *octets, const int16_t *low, const int16_t *high, size_t n)
{
    struct sc_g722_band band = encoder->low;
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = quantize_low(&band, low[i]);
        follow_low(&band, code);
        octets[i] = (uint8_t)code;
    }
    encoder->low = band;
    band = encoder->high;
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = quantize_high(&band, high[i]);
        (void)follow_high(&band, code);
        octets[i] = (uint8_t)(octets[i] | code << 6);
    }
    encoder->high = band;
}

void sc_g722_decode(struct sc_g722 *decoder, int16_t *low, int16_t *high, const uint8_t *octets, size_t n)
{
    struct sc_g722_band band = decoder->low;
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = octets[i] & 63u;
        low[i] = (int16_t)limited(band.s + ((band.det * qm6[code]) >> 15), BAND_MIN, BAND_MAX);
        follow_low(&band, code);
    }
    decoder->low = band;
    band = decoder->high;
    for (size_t i = 0; i < n; i++)
        high[i] = (int16_t)follow_high(&band, octets[i] >> 6);
    decoder->high = band;
}

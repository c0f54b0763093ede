/* g711.c: A-law and mu-law by ITU-T G.711.
 *
 * How: the decoders are tables of 256 entries that the compiler fills from the recommendation's formula; the encoders find
 * the segment from the position of the leading one. Negative A-law samples go through the complement, so that the
 * decision values -16, -32 ... fall into the interval nearer to zero, as for positive ones.
 * Checked: all 65536 samples and all 256 codes against tables built from the decision values of G.711 (test_g711.c),
 * and against libspandsp (test_peer_g711.c). */
#include "g711.h"

#define ALAW_EVEN_BITS 0x55u     /* G.711 table 1a, note 2: even bits are inverted on the wire */
#define SIGN_BIT 0x80u
#define ULAW_BIAS 132            /* 33 on the 14 bit scale of table 2a */
#define ULAW_CLIP 32635          /* largest magnitude whose biased value still fits into segment 8 */

/* Magnitude of an A-law code with the even bits already inverted back. */
#define ALAW_SEGMENT(c) (((c) >> 4) & 7)
#define ALAW_STEP(c) (((c) & 15) << 4)
#define ALAW_SHIFT(c) (ALAW_SEGMENT(c) > 0 ? ALAW_SEGMENT(c) - 1 : 0)
#define ALAW_MAGNITUDE(c) ((ALAW_STEP(c) + (ALAW_SEGMENT(c) > 0 ? 264 : 8)) << ALAW_SHIFT(c))
#define ALAW_OF(c) (((c) & 0x80) ? ALAW_MAGNITUDE((c) & 0x7F) : -(ALAW_MAGNITUDE((c) & 0x7F)))
#define ALAW(wire) ((int16_t)ALAW_OF((wire) ^ 0x55))

#define ULAW_MAGNITUDE(c) ((((((c) & 15) << 3) + 132) << (((c) >> 4) & 7)) - 132)
#define ULAW(wire) ((int16_t)(((wire) & 0x80) ? ULAW_MAGNITUDE((wire) ^ 0xFF) : -(ULAW_MAGNITUDE((wire) ^ 0xFF))))

#define FOUR(f, c) f(c), f((c) + 1), f((c) + 2), f((c) + 3)
#define SIXTEEN(f, c) FOUR(f, c), FOUR(f, (c) + 4), FOUR(f, (c) + 8), FOUR(f, (c) + 12)
#define SIXTY_FOUR(f, c) SIXTEEN(f, c), SIXTEEN(f, (c) + 16), SIXTEEN(f, (c) + 32), SIXTEEN(f, (c) + 48)
#define ALL_CODES(f) SIXTY_FOUR(f, 0), SIXTY_FOUR(f, 64), SIXTY_FOUR(f, 128), SIXTY_FOUR(f, 192)

static const int16_t alaw_linear[256] = { ALL_CODES(ALAW) };
static const int16_t ulaw_linear[256] = { ALL_CODES(ULAW) };

/* Position of the highest set bit; value > 0. */
static inline unsigned highest_bit(unsigned value)
{
    return 31u - (unsigned)__builtin_clz(value);
}

static inline uint8_t alaw_code(int16_t sample)
{
    unsigned sign = sample >= 0 ? SIGN_BIT : 0u;
    unsigned magnitude = (unsigned)(sample >= 0 ? sample : ~sample);
    unsigned code;
    if (magnitude < 256) {
        code = magnitude >> 4;
    } else {
        unsigned segment = highest_bit(magnitude) - 7;
        code = segment << 4 | ((magnitude >> (segment + 3)) & 15u);
    }
    return (uint8_t)((sign | code) ^ ALAW_EVEN_BITS);
}

static inline uint8_t ulaw_code(int16_t sample)
{
    unsigned sign = sample < 0 ? SIGN_BIT : 0u;
    int magnitude = sample < 0 ? -(int)sample : sample;
    if (magnitude > ULAW_CLIP)
        magnitude = ULAW_CLIP;
    unsigned biased = (unsigned)(magnitude + ULAW_BIAS);
    unsigned segment = highest_bit(biased) - 7;
    return (uint8_t)~(sign | segment << 4 | ((biased >> (segment + 3)) & 15u));
}

void sc_alaw_encode(uint8_t *out, const int16_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = alaw_code(in[i]);
}

void sc_alaw_decode(int16_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = alaw_linear[in[i]];
}

void sc_ulaw_encode(uint8_t *out, const int16_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ulaw_code(in[i]);
}

void sc_ulaw_decode(int16_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ulaw_linear[in[i]];
}

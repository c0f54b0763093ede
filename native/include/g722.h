/* g722.h: ITU-T G.722 at 64 kbit/s (mode 1): an octet a pair of 16 kHz samples, 6 bits of it for the lower band, 2 for the
 * upper. Works on the two bands (qmf.h): so that a jitter buffer can hold them and concealment can fill them.
 *
 * Small structs without allocation; a copy of a decoder is a decoder that stood there. */
#ifndef SC_G722_H
#define SC_G722_H

#include <stddef.h>
#include <stdint.h>

/* Eight lanes; 4: a codec may lie anywhere in a struct. */
typedef int16_t sc_g722_lanes __attribute__((vector_size(16), aligned(4)));

/* The adaptive predictor and quantizer of one band; the names are those of G.722 clause 6. */
struct sc_g722_band {
    int32_t s, sz;              /* predicted; its zero section */
    int32_t nb, det;            /* scale factor: logarithmic, linear */
    int32_t r1, r2, p1, p2, a1, a2;
    sc_g722_lanes b, d;         /* newest first; six each, the last two stay 0 */
};

struct sc_g722 {                /* an encoder or a decoder */
    struct sc_g722_band low, high;
};

/* The state after reset (tables 21/G.722 and following: RESET). */
void sc_g722_init(struct sc_g722 *codec);

/* n octets from n samples of each band (15 bits), and back. */
void sc_g722_encode(struct sc_g722 *encoder, uint8_t *octets, const int16_t *low, const int16_t *high, size_t n);
void sc_g722_decode(struct sc_g722 *decoder, int16_t *low, int16_t *high, const uint8_t *octets, size_t n);

#endif

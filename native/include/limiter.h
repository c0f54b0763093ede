/* Keeps a sum of sounds within 16 bits without a look-ahead and without clipping. Embedded by value, allocates nothing. */
#ifndef SC_LIMITER_H
#define SC_LIMITER_H

#include <stddef.h>
#include <stdint.h>

struct sc_limiter {
    float envelope;     /* of the peaks: at once up, held, slowly down */
    uint32_t held;      /* samples since the last peak */
};

void sc_limiter_reset(struct sc_limiter *limiter);

/* n samples; in may lie outside 16 bits. What never comes near full scale passes unchanged but for rounding. */
void sc_limiter_process(struct sc_limiter *limiter, int16_t *out, const float *in, size_t n);

/* The gain that a peak as high as the envelope gets now, dB: 0 unless it limits. */
float sc_limiter_gain_db(const struct sc_limiter *limiter);

#endif

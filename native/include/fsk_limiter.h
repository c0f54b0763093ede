/* fsk_limiter.h: the line with its envelope made constant, so that mark and space are equally loud whatever the line did to
 * them. No memory of its own. */
#ifndef SC_FSK_LIMITER_H
#define SC_FSK_LIMITER_H

#include <stdint.h>

#define SC_FSK_LIMITER_TAPS 20u

typedef float sc_fsk_limiter_v4f __attribute__((vector_size(16)));

struct sc_fsk_limiter {
    sc_fsk_limiter_v4f real[SC_FSK_LIMITER_TAPS / 4], imaginary[SC_FSK_LIMITER_TAPS / 4]; /* oldest sample first */
    float line[2 * SC_FSK_LIMITER_TAPS];    /* held twice: any stretch is contiguous */
    uint32_t at;
    float power, short_power;               /* of half the amplitude */
    uint32_t age;                           /* samples since the carrier began, up to 256 */
};

void sc_fsk_limiter_design(struct sc_fsk_limiter *limiter);
void sc_fsk_limiter_reset(struct sc_fsk_limiter *limiter);

/* A sample in, one out, 11 samples late, as loud as the mean of the last 30 ms; 0 while there is no carrier. */
float sc_fsk_limiter_take(struct sc_fsk_limiter *limiter, float x);

#endif

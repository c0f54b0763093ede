/* Non-linear processor of the echo canceller: takes away what the linear filter left, and nothing else.
 * A part of the canceller, held by value: nothing is allocated. */
#ifndef SC_ECHO_SUPPRESSOR_H
#define SC_ECHO_SUPPRESSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "comfort_noise.h"

struct sc_echo_suppressor {
    struct sc_comfort_noise noise;
    float error_power, echo_power, gain, background;
    bool closed;
    size_t shape_in, hang;
};

/* What may be left of the echo: power of a sample is at most share * (smoothed power of the echo estimate) + ground. */
struct sc_residual {
    float share, ground;
};

void sc_echo_suppressor_init(struct sc_echo_suppressor *s);
void sc_echo_suppressor_reset(struct sc_echo_suppressor *s);

/* Learns the background from the error times scale (to 16 bits), after a block has been processed. */
void sc_echo_suppressor_learn(struct sc_echo_suppressor *s, const float *e, size_t n, float scale);

/* e: n samples after the linear filter, changed in place; y: the echo estimate.  16-bit scale. */
void sc_echo_suppressor_process(struct sc_echo_suppressor *s, float *e, const float *y, size_t n,
                                struct sc_residual residual, bool on, bool comfort_noise);

#endif

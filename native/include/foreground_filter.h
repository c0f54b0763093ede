/* The filter of the echo canceller that makes the output, sample by sample and without latency of its own.
 * A part of the canceller, held by value. */
#ifndef SC_FOREGROUND_FILTER_H
#define SC_FOREGROUND_FILTER_H

#include <stddef.h>

#include "fft.h"
#include "span_filter.h"

enum {
    SC_FOREGROUND_MAX = 2048, /* taps */
    SC_FOREGROUND_PARTITIONS = SC_FOREGROUND_MAX / SC_SPAN_BLOCK
};

struct sc_foreground {
    struct sc_fft fft;
    struct sc_spectrum weights[SC_FOREGROUND_PARTITIONS];
    float taps[SC_FOREGROUND_MAX];
    float head[SC_SPAN_BLOCK] __attribute__((aligned(16))); /* the first 64 taps of all, last first */
    float ahead[SC_SPAN_BLOCK];                             /* this block's echo by all other taps */
    float recent[2 * SC_SPAN_BLOCK];                        /* reference: the block before and this one */
    size_t at, first, count;                                /* place in the block; partitions in use */
};

void sc_foreground_init(struct sc_foreground *filter);

/* n samples of reference in, of echo estimate out; they lie within one block of SC_SPAN_BLOCK. */
void sc_foreground_run(struct sc_foreground *filter, const float *x, float *y, size_t n);

/* Looks ahead over the block to come, or over the rest of this one when the taps have changed: from the reference that
 * the span filter has taken in, up to the end of the last block. */
void sc_foreground_look_ahead(struct sc_foreground *filter, const struct sc_span_filter *span);
void sc_foreground_next_block(struct sc_foreground *filter, const struct sc_span_filter *span);

/* The response of partitions first .. first + count - 1, 64 taps each; elsewhere it is 0. */
void sc_foreground_set(struct sc_foreground *filter, const float *response, size_t first, size_t count);
const float *sc_foreground_response(const struct sc_foreground *filter); /* of first, count partitions long */
void sc_foreground_clear(struct sc_foreground *filter);                  /* taps to 0 */

/* Keeps only these partitions. */
void sc_foreground_shorten(struct sc_foreground *filter, size_t first, size_t count);

float sc_foreground_power(const struct sc_foreground *filter); /* sum of the squared taps: gain of white noise */

#endif

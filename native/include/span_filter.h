/* Adaptive filter over the whole span of an echo canceller: a partitioned-block Kalman filter in the frequency domain.
 * It finds an echo path whose place is not known; see span_filter.c.  Blocks of SC_SPAN_BLOCK samples only. */
#ifndef SC_SPAN_FILTER_H
#define SC_SPAN_FILTER_H

#include <stddef.h>

#include "fft.h"

enum { SC_SPAN_BLOCK = 64 }; /* 8 ms; also the length of a partition */

struct sc_span_filter;

/* span_samples: a multiple of SC_SPAN_BLOCK.  0, EINVAL or ENOMEM. */
int sc_span_filter_create(struct sc_span_filter **out, size_t span_samples);
void sc_span_filter_destroy(struct sc_span_filter *filter);
void sc_span_filter_reset(struct sc_span_filter *filter);

enum sc_span_learning {
    SC_SPAN_HOLD,  /* does not learn */
    SC_SPAN_TRACK, /* the path is known and followed */
    SC_SPAN_SEEK,  /* it is not: anything may appear anywhere */
    SC_SPAN_HURRY  /* the same, learning from each block twice: a third faster, but noisier and dearer */
};

/* One block of reference x and of signal d (full scale 1); e = d less the echo estimated before learning from it.  */
void sc_span_filter_process(struct sc_span_filter *filter, const float *x, const float *d, float *e,
                            enum sc_span_learning learning);

/* The impulse response, span_samples taps; at most a few blocks behind the filter. */
const float *sc_span_filter_taps(const struct sc_span_filter *filter);

/* The echo in the block to come that other weights make of the reference taken in so far: partitions first .. of 64 taps,
 * first > 0, since what is 64 samples late is known by then. */
void sc_span_filter_predict(const struct sc_span_filter *filter, const struct sc_spectrum *weights, size_t first,
                            size_t count, float *y);

/* Only partitions [first, first + count) learn at full pace; the others are set to rest and cost nothing. */
void sc_span_filter_focus(struct sc_span_filter *filter, size_t first, size_t count);
void sc_span_filter_unfocus(struct sc_span_filter *filter);

/* Replaces the response: taps at offset, zero elsewhere. */
void sc_span_filter_load(struct sc_span_filter *filter, const float *taps, size_t offset, size_t n);

/* Says that the path may have changed: the response's uncertainty is at least power (gain squared per bin). */
void sc_span_filter_loosen(struct sc_span_filter *filter, float power);

#endif

/* The filter of the echo canceller that makes the output: a plain FIR filter at a delay, without latency of its own.
 * A part of the canceller, held by value. */
#ifndef SC_FOREGROUND_FILTER_H
#define SC_FOREGROUND_FILTER_H

#include <stddef.h>

enum {
    SC_FOREGROUND_MAX = 2048,                       /* taps; offset and length together */
    SC_FOREGROUND_HISTORY = 2 * SC_FOREGROUND_MAX   /* more than that and a block */
};

struct sc_foreground {
    float taps[SC_FOREGROUND_MAX] __attribute__((aligned(16))); /* last tap first */
    float history[2 * SC_FOREGROUND_HISTORY];                   /* held twice: any stretch is contiguous */
    size_t at, offset, length; /* next place in history; delay of the first tap; a multiple of 8 */
};

/* n <= 64 samples of reference in, of echo estimate out. */
void sc_foreground_run(struct sc_foreground *filter, const float *x, float *y, size_t n);

void sc_foreground_set(struct sc_foreground *filter, const float *response, size_t offset, size_t length);
void sc_foreground_get(const struct sc_foreground *filter, float *response); /* length taps, first tap first */
void sc_foreground_clear(struct sc_foreground *filter);                      /* taps to 0, the history stays */

/* Keeps only the length taps from offset on. */
void sc_foreground_shorten(struct sc_foreground *filter, size_t offset, size_t length);

float sc_foreground_power(const struct sc_foreground *filter); /* sum of the squared taps: gain of white noise */

#endif

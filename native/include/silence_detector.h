/* When nobody talks: ticks of nothing but steady background. Embedded by value, allocates nothing. */
#ifndef SC_SILENCE_DETECTOR_H
#define SC_SILENCE_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_silence_detector {
    float smoothed, least[2];   /* mean square; least of this window and of the one before */
    uint32_t ticks, quiet;      /* quiet: ticks in a row */
};

void sc_silence_detector_reset(struct sc_silence_detector *detector);

/* One tick of 10 ms; whether it is silence: quiet, and has been for HANGOVER ticks. Sound ends it in its first tick. */
bool sc_silence_detector_process(struct sc_silence_detector *detector, const int16_t *samples, size_t n);

#endif

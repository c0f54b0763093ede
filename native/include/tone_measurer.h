/* tone_measurer.h: is a sound of the tone plan there now? Inner part of the tone receiver. */
#ifndef SC_TONE_MEASURER_H
#define SC_TONE_MEASURER_H

#include "tone_bank.h"
#include "tone_burst.h"
#include "tone_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_tone_measurer;

/* For the frequencies of a plan; tones below lowest_amplitude (sample units) are none. ENOMEM. */
int sc_tone_measurer_create(struct sc_tone_measurer **out, const struct sc_tone_plan *plan, float lowest_amplitude);
void sc_tone_measurer_destroy(struct sc_tone_measurer *measurer);
void sc_tone_measurer_reset(struct sc_tone_measurer *measurer);

/* Takes samples up to the end of the next frame; returns how many. *complete tells whether a frame is complete, and
 * *mean_square then holds its energy. */
size_t sc_tone_measurer_feed(struct sc_tone_measurer *measurer, const int16_t *in, size_t n, bool *complete,
                             float *mean_square);

/* The last frame as that sound sees it. */
void sc_tone_measurer_measure(const struct sc_tone_measurer *measurer, const struct sc_tone_sound *sound,
                              struct sc_tone_measure *m);

/* The last frame as the bank gave it: zeros in silence. Lives until the next feed. */
const struct sc_tone_frame *sc_tone_measurer_frame(const struct sc_tone_measurer *measurer);

/* Samples taken since create or reset. */
uint64_t sc_tone_measurer_position(const struct sc_tone_measurer *measurer);

#endif

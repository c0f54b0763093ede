/* line_recorder.h: the last seconds of a port's sound, kept by the tick for the flight recorder.
 *
 * One thread notes (the tick), one copies at a time; neither waits for the other. Two streams are kept of each tick: what the
 * detectors heard (after the canceller, before gains: feeding it to the same detectors gives the same decisions) and what was
 * played to the line. */
#ifndef SC_LINE_RECORDER_H
#define SC_LINE_RECORDER_H

#include "port.h"

struct sc_line_recorder;

/* Room for so many ticks, the first of which has the number first_tick. EINVAL for none or more than ten minutes, ENOMEM. */
int sc_line_recorder_create(struct sc_line_recorder **out, uint32_t ticks, uint64_t first_tick);
void sc_line_recorder_destroy(struct sc_line_recorder *recorder);

/* In the tick, in this order: what the detectors heard, then what is played, which ends the tick. */
void sc_line_recorder_heard(struct sc_line_recorder *recorder, const int16_t *samples);
void sc_line_recorder_played(struct sc_line_recorder *recorder, uint32_t generation, const int16_t *samples);

/* Copies up to `room` ticks from tick `from` on, or from the oldest that is still there: 80 samples a tick into each stream and
 * the plan's generation that was in force. Returns how many; *first is the number of the first one. */
size_t sc_line_recorder_copy(const struct sc_line_recorder *recorder, uint64_t from, size_t room, uint64_t *first,
                             int16_t *heard, int16_t *played, uint32_t *generations);

#endif

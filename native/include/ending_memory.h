/* ending_memory.h: keeps the last seconds of a call, so that somebody may look at how it ended.
 *
 * The tick hears and closes, another thread takes; neither waits. What was closed and never taken is replaced by the next
 * call's ending. */
#ifndef SC_ENDING_MEMORY_H
#define SC_ENDING_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define SC_ENDING_SAMPLES_MAX 64000u    /* 8 s: ten cycles of the slowest busy tone */

struct sc_ending_memory;

/* ENOMEM. */
int sc_ending_memory_create(struct sc_ending_memory **out);
void sc_ending_memory_destroy(struct sc_ending_memory *memory);

/* In the tick: n more samples of a call that goes on. */
void sc_ending_memory_hear(struct sc_ending_memory *memory, const int16_t *in, size_t n);

/* In the tick: the call is over; what was heard of it may be taken. Does nothing when nothing was heard. */
void sc_ending_memory_close(struct sc_ending_memory *memory);

/* Copies the newest ending, oldest sample first, at most SC_ENDING_SAMPLES_MAX; 0 when there is none that was not taken. */
size_t sc_ending_memory_take(struct sc_ending_memory *memory, int16_t *out);

#endif

/* line_recorder.c: the last seconds of a port's sound, kept by the tick for the flight recorder.
 *
 * How: a ring of whole ticks. The writer fills the tick's place and publishes it by its number (release); the reader takes the
 * number (acquire), copies, and looks again: what the writer may have reached meanwhile is not given out. It keeps a second's
 * distance from the writer, so that this happens only to a reader that was stopped for as long.
 * Assumes one noting and one copying thread at a time (the core serialises its readers).
 * Measured (test_line_recorder.c): order and contents over wraps, and with a reader on another thread; the tick pays for it with
 * two copies of 160 bytes a port. */
#include "line_recorder.h"

#include "alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define TICKS_MAX 60000u        /* ten minutes */
#define DISTANCE_TICKS 100u     /* one second; part of the ring that the reader leaves to the writer */

struct kept_tick {
    uint32_t generation;
    int16_t heard[SC_TICK_SAMPLES];
    int16_t played[SC_TICK_SAMPLES];
};

struct sc_line_recorder {
    struct kept_tick *kept;
    size_t capacity;            /* ticks, the distance included */
    uint64_t first;             /* number of the first tick ever */
    _Atomic uint64_t next;      /* number of the tick that is being written */
};

static struct kept_tick *place(const struct sc_line_recorder *recorder, uint64_t tick)
{
    return &recorder->kept[tick % recorder->capacity];
}

int sc_line_recorder_create(struct sc_line_recorder **out, uint32_t ticks, uint64_t first_tick)
{
    if (ticks == 0 || ticks > TICKS_MAX)
        return EINVAL;
    struct sc_line_recorder *recorder = sc_alloc(sizeof *recorder);
    if (recorder == NULL)
        return ENOMEM;
    recorder->capacity = (size_t)ticks + DISTANCE_TICKS;
    recorder->kept = sc_alloc(recorder->capacity * sizeof *recorder->kept);
    if (recorder->kept == NULL) {
        sc_free(recorder);
        return ENOMEM;
    }
    recorder->first = first_tick;
    atomic_store(&recorder->next, first_tick);
    *out = recorder;
    return 0;
}

void sc_line_recorder_destroy(struct sc_line_recorder *recorder)
{
    if (recorder == NULL)
        return;
    sc_free(recorder->kept);
    sc_free(recorder);
}

void sc_line_recorder_heard(struct sc_line_recorder *recorder, const int16_t *samples)
{
    uint64_t now = atomic_load_explicit(&recorder->next, memory_order_relaxed);
    memcpy(place(recorder, now)->heard, samples, SC_TICK_SAMPLES * sizeof *samples);
}

void sc_line_recorder_played(struct sc_line_recorder *recorder, uint32_t generation, const int16_t *samples)
{
    uint64_t now = atomic_load_explicit(&recorder->next, memory_order_relaxed);
    struct kept_tick *tick = place(recorder, now);
    memcpy(tick->played, samples, SC_TICK_SAMPLES * sizeof *samples);
    tick->generation = generation;
    atomic_store_explicit(&recorder->next, now + 1, memory_order_release);
}

/* The oldest tick that a reader may still begin to copy. */
static uint64_t oldest(const struct sc_line_recorder *recorder, uint64_t next)
{
    uint64_t readable = recorder->capacity - DISTANCE_TICKS;
    return next - recorder->first > readable ? next - readable : recorder->first;
}

size_t sc_line_recorder_copy(const struct sc_line_recorder *recorder, uint64_t from, size_t room, uint64_t *first,
                             int16_t *heard, int16_t *played, uint32_t *generations)
{
    uint64_t next = atomic_load_explicit(&recorder->next, memory_order_acquire);
    uint64_t start = oldest(recorder, next);
    size_t count = 0;
    if (from > start)
        start = from;
    for (uint64_t tick = start; tick < next && count < room; tick++, count++) {
        const struct kept_tick *kept = place(recorder, tick);
        memcpy(heard + count * SC_TICK_SAMPLES, kept->heard, sizeof kept->heard);
        memcpy(played + count * SC_TICK_SAMPLES, kept->played, sizeof kept->played);
        generations[count] = kept->generation;
    }
    *first = start;
    /* The writer may be in the place of tick (next - capacity) by now. */
    atomic_thread_fence(memory_order_acquire);
    next = atomic_load_explicit(&recorder->next, memory_order_relaxed);
    bool overtaken = next >= recorder->capacity && start <= next - recorder->capacity;
    return overtaken ? 0 : count;
}

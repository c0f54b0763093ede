/* audio_loop.h: a thread that takes a step every 10 ms of CLOCK_MONOTONIC, with real-time priority where that is permitted.
 *
 * Deadlines are absolute, so a late step does not move the later ones; after a stall of more than SC_AUDIO_CATCH_UP
 * steps the missed ones are given up and counted. The statistics may be read from any thread. */
#ifndef SC_AUDIO_LOOP_H
#define SC_AUDIO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define SC_AUDIO_LATENESS_BINS 16
#define SC_AUDIO_LATENESS_UNIT_US 8     /* bin i: less than 2^i * 8 us late */
#define SC_AUDIO_LATE_US 5000
#define SC_AUDIO_CATCH_UP 10            /* steps run back to back after a stall: 100 ms, what the cards' buffers hold */

struct sc_audio_loop;

struct sc_audio_loop_settings {
    void (*step)(void *self);
    void *self;
    int priority;                       /* SCHED_FIFO 1..99; 0 = 50 */
};

struct sc_audio_statistics {
    uint64_t steps;
    uint64_t late;                      /* began more than SC_AUDIO_LATE_US after the deadline */
    uint64_t missed;                    /* deadlines given up */
    uint64_t lateness[SC_AUDIO_LATENESS_BINS];
    float step_us_mean;
    float step_us_max;
    bool real_time;                     /* SCHED_FIFO was granted */
};

/* Starts the thread. EINVAL without a step, ENOMEM, EAGAIN and other errno of pthread_create. */
int sc_audio_loop_create(struct sc_audio_loop **out, const struct sc_audio_loop_settings *settings);

/* Stops and joins it; NULL is allowed. */
void sc_audio_loop_destroy(struct sc_audio_loop *loop);

void sc_audio_loop_statistics(const struct sc_audio_loop *loop, struct sc_audio_statistics *out);

#endif

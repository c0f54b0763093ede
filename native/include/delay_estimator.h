/* Bulk delay of an echo path: where in a long impulse response its energy begins, and how sure that is.
 *
 * It is fed with the impulse response that a full-span adaptive filter holds, a block at a time, and answers with the
 * delay of the first echo with hysteresis: a delay is announced when the same place has won for a while.
 */
#ifndef SC_DELAY_ESTIMATOR_H
#define SC_DELAY_ESTIMATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SC_DELAY_GUARD_SAMPLES = 32 }; /* a foreground window begins this much before the announced delay */

struct sc_delay_estimator;

struct sc_delay_estimator_settings {
    size_t span_samples;   /* length of the impulse response */
    size_t window_samples; /* how much of it a foreground filter can hold */
};

struct sc_delay_estimator_state {
    int32_t delay_samples;    /* announced delay; -1 unknown */
    int32_t candidate_samples; /* what the last response says */
    float confidence;         /* 0..1: share of the response's energy that lies in the window at the announced delay */
};

int sc_delay_estimator_create(struct sc_delay_estimator **out, const struct sc_delay_estimator_settings *settings);
void sc_delay_estimator_destroy(struct sc_delay_estimator *de);
void sc_delay_estimator_reset(struct sc_delay_estimator *de);

/* response: span_samples taps.  Returns true when the announced delay has changed. */
bool sc_delay_estimator_process(struct sc_delay_estimator *de, const float *response);

int sc_delay_estimator_set(struct sc_delay_estimator *de, int32_t delay_samples); /* EINVAL when outside the span */
void sc_delay_estimator_get_state(const struct sc_delay_estimator *de, struct sc_delay_estimator_state *out);

#endif

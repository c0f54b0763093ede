/* echo_policy.h: when the canceller's non-linear processor may work.
 *
 * A canceller that does not know its echo path yet must expect an echo as loud as what it plays, and its NLP would take a
 * near end that is quieter than that for echo: a digit pressed during dial tone, a voice on a line that has no echo at all.
 * So the NLP rests while a tone is played (nobody hears its echo, but a detector listens), and, until the filter has found
 * an echo, after SC_ECHO_PATIENCE_MS of anything else.
 * Embedded by value, allocates nothing. */
#ifndef SC_ECHO_POLICY_H
#define SC_ECHO_POLICY_H

#include "echo_canceller.h"

#include <stdbool.h>
#include <stdint.h>

#define SC_ECHO_PATIENCE_MS 1500        /* of active rin: twice the median time to converge */

struct sc_echo_policy {
    uint32_t active_samples;            /* of rin while the path was unknown */
    bool resting;                       /* the NLP is switched off */
};

/* After each process call of the canceller, with the same rin. */
void sc_echo_policy_process(struct sc_echo_policy *policy, struct sc_echo_canceller *canceller, const int16_t *rin,
                            size_t n);

#endif

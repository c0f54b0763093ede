/* echo_policy.h: when the canceller's non-linear processor may work, and when the whole canceller.
 *
 * A canceller that does not know its echo path yet must expect an echo as loud as what it plays, and its NLP would take a
 * near end that is quieter than that for echo: a digit pressed during dial tone, a voice on a line that has no echo at all.
 * So the NLP rests while nobody hears this party (an echo that nobody hears does no harm), while a tone is played and
 * SC_ECHO_TONE_TAIL_MS after it (a detector listens, here or at the far end), and, until the filter has found an echo,
 * after SC_ECHO_PATIENCE_MS of anything else. It also rests while fax machines or modems talk (tone_disabler.h), and what has asked
 * for the whole line by phase reversals gets it: the canceller is passed by and learns nothing meanwhile.
 * Embedded by value, allocates nothing. */
#ifndef SC_ECHO_POLICY_H
#define SC_ECHO_POLICY_H

#include "echo_canceller.h"
#include "tone_disabler.h"

#include <stdbool.h>
#include <stdint.h>

#define SC_ECHO_PATIENCE_MS 1500        /* of active rin: twice the median time to converge */

#define SC_ECHO_TONE_TAIL_MS 400        /* the span of 128 ms, the NLP's own hang of 200 ms, and some */

#define SC_ECHO_TONE_RUN_MS 64          /* of a tone without a break: longer than any vowel is as pure as that */
#define SC_ECHO_TONE_REST_MS 160        /* after it: the span of 128 ms, and some */

struct sc_echo_policy {
    uint32_t active_samples;            /* of rin while the path was unknown */
    uint32_t tail_samples;              /* still to come after a tone */
    uint32_t tone_samples;              /* of a tone on rin without a break */
    uint32_t rest_samples;              /* still to come: the canceller may have to stand aside */
    bool heard;                         /* by the plan: some node hears this party */
    bool in_call;                       /* by the plan: it is heard or hears something */
    bool resting;                       /* the NLP is switched off */
    bool frozen;                        /* the canceller's learning is */
    struct sc_tone_disabler disabler;
};

/* Everything as at the beginning; nobody hears the party. */
void sc_echo_policy_init(struct sc_echo_policy *policy);

/* What a new plan says of the party. That it is in no call any more is the end of what a fax machine asked for. */
void sc_echo_policy_set(struct sc_echo_policy *policy, bool heard, bool in_call);

/* Whether sin is to be taken instead of sout. A tone teaches the canceller one frequency only: what it makes of the tone's
 * beginnings and ends may be louder than the echo, and the far end's detectors stumble over it. So of a tone the quieter one
 * of the two is taken. And always while the canceller is disabled. */
bool sc_echo_policy_stands_aside(const struct sc_echo_policy *policy, const int16_t *sin, const int16_t *sout, size_t n);

/* After each process call of the canceller, with the same rin and sin. */
void sc_echo_policy_process(struct sc_echo_policy *policy, struct sc_echo_canceller *canceller, const int16_t *rin,
                            const int16_t *sin, size_t n);

#endif

/* tone_disabler.h: what a fax machine's or a modem's answer tone does to the canceller of its line (G.168 clause 7).
 *
 * The answer tone on either side of the canceller keeps its NLP off until the call ends: a page comes in turns, and an NLP would
 * cut the beginnings. With phase reversals it asks for the line as it is: the canceller is to be passed by until both
 * directions have been silent for a while. Embedded by value, allocates nothing. */
#ifndef SC_TONE_DISABLER_H
#define SC_TONE_DISABLER_H

#include "answer_tone.h"

#define SC_TONE_DISABLER_RELEASE_MS 250     /* G.164: within 250 +-150 ms of silence, and no drop-out of 100 ms */

struct sc_tone_disabler {
    struct sc_answer_tone rin, sin;
    bool nlp_off;               /* the answer tone has been heard in this call */
    bool disabled;              /* the canceller is to be passed by */
};

void sc_tone_disabler_init(struct sc_tone_disabler *disabler);
void sc_tone_disabler_reset(struct sc_tone_disabler *disabler); /* the call has ended */
void sc_tone_disabler_process(struct sc_tone_disabler *disabler, const int16_t *rin, const int16_t *sin, size_t n);

#endif

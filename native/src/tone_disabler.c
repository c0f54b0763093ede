/* tone_disabler.c: when the NLP, and when the whole canceller, is kept out of a call between machines (see tone_disabler.h).
 *
 * How: an answer_tone.h ear on each side; what it hears is remembered until the call ends (the NLP) or silence comes on both
 * sides (the canceller).
 * Assumes that whoever cancels tells it when a call ends. Measured: tests/test_tone_disabler.c. */
#include "tone_disabler.h"

void sc_tone_disabler_init(struct sc_tone_disabler *disabler)
{
    sc_answer_tone_init(&disabler->rin);
    sc_answer_tone_init(&disabler->sin);
    disabler->nlp_off = disabler->disabled = false;
}

void sc_tone_disabler_reset(struct sc_tone_disabler *disabler)
{
    sc_answer_tone_reset(&disabler->rin);
    sc_answer_tone_reset(&disabler->sin);
    disabler->nlp_off = disabler->disabled = false;
}

static bool silent(const struct sc_tone_disabler *disabler)
{
    return sc_answer_tone_quiet_ms(&disabler->rin) >= SC_TONE_DISABLER_RELEASE_MS &&
           sc_answer_tone_quiet_ms(&disabler->sin) >= SC_TONE_DISABLER_RELEASE_MS;
}

void sc_tone_disabler_process(struct sc_tone_disabler *disabler, const int16_t *rin, const int16_t *sin, size_t n)
{
    sc_answer_tone_process(&disabler->rin, rin, n);
    sc_answer_tone_process(&disabler->sin, sin, n);
    disabler->nlp_off |= disabler->rin.tone || disabler->sin.tone;
    disabler->disabled |= disabler->rin.reversing || disabler->sin.reversing;
    if (disabler->disabled && silent(disabler))
        disabler->disabled = false;
}

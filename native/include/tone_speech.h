/* tone_speech.h: a sound's cadence under somebody's voice: one sine, or two that must both show it.
 *
 * Inner part of the tone receiver, one for each sound with a busy or congestion tone. */
#ifndef SC_TONE_SPEECH_H
#define SC_TONE_SPEECH_H

#include "tone_masked.h"
#include "tone_measurer.h"
#include "tone_plan.h"

struct sc_tone_speech;

/* *out is NULL, without an error, when the sound has no cadence to be looked for under speech. ENOMEM. */
int sc_tone_speech_create(struct sc_tone_speech **out, const struct sc_tone_plan *plan, uint32_t sound,
                          float lowest_amplitude);
void sc_tone_speech_destroy(struct sc_tone_speech *speech);
void sc_tone_speech_reset(struct sc_tone_speech *speech);

/* The measurer's last frame; true when it is time to look, every fourth. */
bool sc_tone_speech_take(struct sc_tone_speech *speech, const struct sc_tone_measurer *measurer);

/* As sc_tone_masked_look; of two sines what both show, the worse of both, and all that they have of what sounds. */
uint32_t sc_tone_speech_look(struct sc_tone_speech *speech, struct sc_tone_evidence evidence[SC_TONE_MASKED_CYCLES]);

/* Frames taken; evidence counts in these. */
uint32_t sc_tone_speech_now(const struct sc_tone_speech *speech);

#endif

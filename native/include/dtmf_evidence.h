/* dtmf_evidence.h: whether frames that look like a digit, taken together, are one.
 *
 * Part of the DTMF receiver (dtmf_receiver.h). A tally sums what its frames are like; the judgements read it. */
#ifndef SC_DTMF_EVIDENCE_H
#define SC_DTMF_EVIDENCE_H

#include "dtmf_look.h"

struct sc_dtmf_group_tally {
    float real, imaginary, weight;      /* of the advances */
    float sum, least, most;             /* of the corrected amplitudes */
};

struct sc_dtmf_tally {
    uint32_t frames;
    float purity, stray;
    struct sc_dtmf_group_tally low, high;
};

/* The tally must be all zeros at first. */
void sc_dtmf_tally_add(struct sc_dtmf_tally *tally, const struct sc_dtmf_look *look, float stray);

/* The two tones of one digit (low 0 .. 3, high 4 .. 7): steady, of the right frequencies, and what else there is no voice? */
bool sc_dtmf_tally_is_digit(const struct sc_dtmf_tally *tally, uint32_t low, uint32_t high);

/* The same of a few frames that are very pure, whatever the twist. */
bool sc_dtmf_tally_is_calm(const struct sc_dtmf_tally *tally, uint32_t low, uint32_t high);

/* Do both amplitudes stand still, over enough frames to say so? */
bool sc_dtmf_tally_stands_still(const struct sc_dtmf_tally *tally);

/* Takes the frame, after forgetting all of before where the frame is no continuation of it; a frame that is not pure is none. */
void sc_dtmf_tally_go_on(struct sc_dtmf_tally *tally, const struct sc_dtmf_look *look, float stray);

#endif

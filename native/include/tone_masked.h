/* tone_masked.h: finds the cadence of one sine while another sound (somebody who speaks) lies over it.
 *
 * Inner part of the tone receiver; one for each sine whose cadence is worth it. It is handed the bank's
 * correlation with that sine's nominal frequency, every 5 ms. */
#ifndef SC_TONE_MASKED_H
#define SC_TONE_MASKED_H

#include "tone_evidence.h"

#include <stdint.h>

#define SC_TONE_MASKED_LENGTHS 40u     /* pairs of on and off that are tried */

/* One on and off, in frames of 5 ms, that a cadence of the plan may have. */
struct sc_tone_length {
    uint16_t on, off;
};

struct sc_tone_masked;

/* lowest_amplitude: tones below it are none; share_part: how much of the tone this sine is. EINVAL, ENOMEM. */
int sc_tone_masked_create(struct sc_tone_masked **out, float nominal_hz, float tolerance_hz, float lowest_amplitude,
                          float share_part, const struct sc_tone_length *lengths, uint32_t length_count);
void sc_tone_masked_destroy(struct sc_tone_masked *masked);
void sc_tone_masked_reset(struct sc_tone_masked *masked);

/* The next frame: the correlation, and the mean square of all that sounds. */
void sc_tone_masked_take(struct sc_tone_masked *masked, float real, float imaginary, float mean_square);

/* Evidence of 2, 3 ... cycles that end now, to be believed or not (tone_evidence.h); how many were filled in. To be asked after every
 * fourth frame: the burst after them is looked for in the last 80 ms. */
uint32_t sc_tone_masked_look(struct sc_tone_masked *masked, struct sc_tone_evidence evidence[SC_TONE_MASKED_CYCLES]);

/* Frames taken; `began` and `ended` count in these. */
uint32_t sc_tone_masked_now(const struct sc_tone_masked *masked);

#endif

/* tone_masked.h: finds the cadence of one sine while another sound (somebody who speaks) lies over it.
 *
 * Inner part of the tone receiver; one for each sine whose cadence is worth it. It is handed the bank's
 * correlation with that sine's nominal frequency, every 5 ms. */
#ifndef SC_TONE_MASKED_H
#define SC_TONE_MASKED_H

#include <stdbool.h>
#include <stdint.h>

#define SC_TONE_MASKED_CYCLES 4u       /* as many are looked at, if they are there */
#define SC_TONE_MASKED_LENGTHS 40u     /* pairs of on and off that are tried */

/* One on and off, in frames of 5 ms, that a cadence of the plan may have. */
struct sc_tone_length {
    uint16_t on, off;
};

/* What speaks for a cadence: of the last `cycles` full ones, the burst after which has begun. */
struct sc_tone_evidence {
    uint32_t cycles;
    float offset_hz;                   /* from the nominal frequency */
    float second_offset_hz;            /* of the other sine of two; tone_speech.c fills it in */
    float amplitude;
    float on_ms, off_ms;               /* means */
    double began, ended;               /* of the first burst and of the last one, frames */
    float coherent;                    /* share of the power near the tone that is one unbroken sine, of bursts, mean */
    float left, left_worst;            /* that sine's power in pauses over that in bursts: mean, and worst half pause */
    float before;                      /* the same in the time of a pause before the first burst */
    float share;                       /* of everything that sounds during bursts */
    float level_ratio;                 /* loudest burst over weakest, amplitude */
    float quarter_least, quarter_most; /* of a quarter of a burst over the whole, amplitude */
    float edge_least, edge_mean, edge_error; /* step in amplitude at the edges, 1 is ideal; error: farthest from 1 */
    float next_step, next_amplitude;   /* of the burst that has begun */
    float uneven_on_ms, uneven_off_ms; /* longest less shortest */
};

struct sc_tone_masked;

/* lowest_amplitude: tones below it are none; share_part: how much of the tone this sine is. EINVAL, ENOMEM. */
int sc_tone_masked_create(struct sc_tone_masked **out, float nominal_hz, float tolerance_hz, float lowest_amplitude,
                          float share_part, const struct sc_tone_length *lengths, uint32_t length_count);
void sc_tone_masked_destroy(struct sc_tone_masked *masked);
void sc_tone_masked_reset(struct sc_tone_masked *masked);

/* The next frame: the correlation, and the mean square of all that sounds. */
void sc_tone_masked_take(struct sc_tone_masked *masked, float real, float imaginary, float mean_square);

/* Evidence of 2, 3 ... cycles that end now, whether it is believed or not; how many were filled in. To be asked after every
 * fourth frame: the burst after them is looked for in the last 80 ms. */
uint32_t sc_tone_masked_look(struct sc_tone_masked *masked, struct sc_tone_evidence evidence[SC_TONE_MASKED_CYCLES]);

/* Is that a machine's cadence under something else? Its lengths are the caller's to judge. */
bool sc_tone_masked_believed(const struct sc_tone_evidence *evidence);

/* The same of one that has been believed before: is it there still? */
bool sc_tone_masked_follows(const struct sc_tone_evidence *evidence);

/* Frames taken; `began` and `ended` count in these. */
uint32_t sc_tone_masked_now(const struct sc_tone_masked *masked);

#endif

/* tone_evidence.h: what speaks for a cadence that lies under another sound, and whether it is enough.
 *
 * Inner part of the tone receiver: tone_masked.c gathers it. No memory of its own. */
#ifndef SC_TONE_EVIDENCE_H
#define SC_TONE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SC_TONE_MASKED_CYCLES 4u       /* as many are looked at, if they are there */

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
    float rest_off;                    /* all that sounds in pauses, over the tone: power */
    float near_off;                    /* what lies by the tone in pauses, over the tone in bursts: power */
    float level_ratio;                 /* loudest burst over weakest, amplitude */
    float quarter_least, quarter_most; /* of a quarter of a burst over the whole, amplitude */
    float edge_least, edge_mean, edge_error; /* step in amplitude at the edges, 1 is ideal; error: farthest from 1 */
    float next_step, next_amplitude;   /* of the burst that has begun */
    float uneven_on_ms, uneven_off_ms; /* longest less shortest */
};

/* Is that a machine's cadence under something else? Its lengths are the caller's to judge. */
bool sc_tone_evidence_believed(const struct sc_tone_evidence *evidence);

/* The same of one that has been believed before: is it there still? */
bool sc_tone_evidence_follows(const struct sc_tone_evidence *evidence);

#endif

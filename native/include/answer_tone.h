/* answer_tone.h: the answer tone of fax machines and modems (2100 Hz) in one direction of a line, and its phase reversals.
 *
 * What G.168 clause 7 asks of a tone disabler's ear: 2100 Hz within 21 Hz from -31 to 0 dBm0 is the tone (V.25's ANS, V.8's
 * ANSam, whose level swings 15 times a second, T.30's CED); turned over by 180 degrees within 25 every 450 ms within 25 it has
 * reversals; turned by 110 degrees or less it has none.
 * Embedded by value, allocates nothing. */
#ifndef SC_ANSWER_TONE_H
#define SC_ANSWER_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_ANSWER_BLOCK_SAMPLES 40      /* 5 ms */
#define SC_ANSWER_BLOCK_MS 5

struct sc_phasor {
    float re, im;
};

struct sc_answer_tone {
    float cosine[2 * SC_ANSWER_BLOCK_SAMPLES] __attribute__((aligned(16)));    /* 21 whole turns of 2100 Hz */
    float sine[2 * SC_ANSWER_BLOCK_SAMPLES] __attribute__((aligned(16)));
    float block[SC_ANSWER_BLOCK_SAMPLES] __attribute__((aligned(16)));
    size_t fill;
    bool odd;                           /* the second half of the carrier's turns comes next */

    /* a run: 2100 Hz without a break, reversals included */
    uint32_t run_blocks;                /* blocks of tone in it; 0: no run */
    uint32_t missed_blocks;             /* without the tone, at its end */
    struct sc_phasor reference;         /* where its phase should be now */
    struct sc_phasor advance;           /* its turn from block to block: the frequency's distance from 2100 Hz */
    struct sc_phasor last;              /* of the block before, while that was tone */
    struct sc_phasor turned;            /* of the blocks whose phase is not where it should be, against it */
    uint32_t turned_blocks;
    float amplitude;

    /* reversals of the run */
    uint32_t reversals;                 /* in a row at the right distance */
    uint32_t since_reversal_blocks;

    uint32_t quiet_blocks;              /* in a row at -36 dBm0 or less */
    bool tone;                          /* 2100 Hz has lasted for 300 ms, now */
    bool reversing;                     /* and two reversals have come at the right distance */
};

void sc_answer_tone_init(struct sc_answer_tone *ear);
void sc_answer_tone_reset(struct sc_answer_tone *ear); /* as after init */
void sc_answer_tone_process(struct sc_answer_tone *ear, const int16_t *in, size_t n);

/* For how long the level has been -36 dBm0 or less. */
uint32_t sc_answer_tone_quiet_ms(const struct sc_answer_tone *ear);

#endif

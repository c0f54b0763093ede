/* tone_learner.h: learns a line's busy and congestion tone from how its calls end.
 *
 * sc_tone_ending_measure looks at the last seconds of one call, once it is over: is there a tone that somebody switches on
 * and off in them, of whatever frequency and cadence? The learner gathers such endings and says what they have in common.
 * Not for the tick: it takes milliseconds, and memory. */
#ifndef SC_TONE_LEARNER_H
#define SC_TONE_LEARNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_TONE_LEARNED_MAX 4          /* kinds of ending that a learner keeps apart */
#define SC_TONE_ENDING_SECONDS_MAX 60

struct sc_tone_ending {
    bool found;
    uint32_t frequency_count;          /* 1, or 2 that sound together */
    float frequency_hz[2];             /* ascending; [1] is 0 for a single one */
    float on_ms, off_ms;
    float level_dbm0;                  /* of the whole tone in a burst */
    uint32_t cycles;                   /* full ones that were alike */
    float purity;                      /* mean share of all that sounded in its bursts, 0 .. 1 */
};

struct sc_tone_learned {
    bool fast;                         /* its cadence is congestion's; else busy tone's */
    uint32_t frequency_count;
    float frequency_hz[2];
    float on_ms, off_ms, level_dbm0;   /* means, endings with more cycles count more */
    float spread_hz, spread_part;      /* largest distance of one ending from them: frequency, and length as a part */
    uint32_t endings;                  /* that ended so */
    float confidence;                  /* 0 .. 1: that the line's exchange does send this */
};

/* n samples at 8000 a second, the last of them the call's end. Three alike cycles make an ending; two when it is `told`: another
 * sign has said that the far end was gone (the tone receiver is as quick as that). 0, EINVAL (more than SC_TONE_ENDING_SECONDS_MAX), ENOMEM. */
int sc_tone_ending_measure(struct sc_tone_ending *out, const int16_t *in, size_t n, bool told);

struct sc_tone_learner;

/* ENOMEM. */
int sc_tone_learner_create(struct sc_tone_learner **out);
void sc_tone_learner_destroy(struct sc_tone_learner *learner);
void sc_tone_learner_reset(struct sc_tone_learner *learner);

/* One more call of the line has ended; `found` may be false. */
void sc_tone_learner_add(struct sc_tone_learner *learner, const struct sc_tone_ending *ending);

/* What has been learned, the most certain first; false when there is no `index`-th. */
bool sc_tone_learner_learned(const struct sc_tone_learner *learner, uint32_t index, struct sc_tone_learned *out);

#endif

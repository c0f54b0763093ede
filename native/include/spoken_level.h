/* The level of what one party says, on its way to the mixer: the line's own gain, automatic gain, limiter.
 * Embedded by value, allocates nothing. */
#ifndef SC_SPOKEN_LEVEL_H
#define SC_SPOKEN_LEVEL_H

#include "automatic_gain.h"
#include "limiter.h"

struct sc_spoken_level {
    float gain;                 /* the line's own, linear */
    bool automatic;
    bool held;                  /* fax machines or modems talk: a level that moves costs them lines */
    float heard;                /* mean square of what the party hears, with the tail of its echo */
    struct sc_automatic_gain agc;
    struct sc_limiter limiter;
};

/* The level of another party: nothing is known of it. */
void sc_spoken_level_reset(struct sc_spoken_level *level);

/* New settings for the same party; what is known of it stays. */
void sc_spoken_level_set(struct sc_spoken_level *level, float gain_db, bool automatic);

/* Whether the automatic gain stands still from now on, and learns nothing. */
void sc_spoken_level_hold(struct sc_spoken_level *level, bool held);

/* One tick in place, n at most SC_MIXER_MAX_SAMPLES. `heard` is what the party hears in this tick (or NULL): while
 * that is loud, what comes back much weaker is its echo and teaches nothing. Bit-exact at 0 dB and not automatic. */
void sc_spoken_level_process(struct sc_spoken_level *level, int16_t *samples, const int16_t *heard, size_t n);

/* What has been added to the party's level in all, dB. */
float sc_spoken_level_gain_db(const struct sc_spoken_level *level);

#endif

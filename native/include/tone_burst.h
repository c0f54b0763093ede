/* tone_burst.h: turns frames of one sound (a frequency, or two together) into bursts with length, purity and level.
 *
 * Inner part of the tone receiver; one tracker for each different sound of a tone plan. No memory of its own. */
#ifndef SC_TONE_BURST_H
#define SC_TONE_BURST_H

#include <stdbool.h>
#include <stdint.h>

#define SC_TONE_BURSTS_KEPT 16u
#define SC_TONE_FRAME_MS 5.0f

struct sc_tone_measure {      /* one frame, seen by one sound */
    bool tone;                /* frequencies within tolerance, level above the least, most of the energy is the tone's */
    float raw;                /* amplitude as the window gave it, whatever else sounds */
    float amplitude;          /* of the sound: root of the sum of the squares of its sines */
    float purity;             /* its share of the energy, about 0 .. 1 */
    float mean_square;        /* of everything */
    float offset_hz[2];       /* of its first two sines from nominal; those of a third and fourth only decide on `tone` */
    double centre;            /* of the frame, samples */
};

struct sc_tone_burst {
    double began, ended;      /* samples */
    float on_ms;
    float off_ms;             /* pause after it; grows while it lasts */
    float pause_share;        /* mean energy in that pause over the burst's own */
    float amplitude;
    float offset_hz[2];
    bool clean;               /* pure, steady in frequency and level, mean frequency within tolerance */
};

struct sc_tone_tracker {
    float tolerance_hz;       /* the mean frequency of a clean burst is within it */
    bool modulated;           /* the level of a clean burst may swing */
    struct sc_tone_burst bursts[SC_TONE_BURSTS_KEPT];   /* ring of finished ones */
    uint32_t newest;          /* index of the last finished one */
    uint32_t kept;            /* how many are there */
    bool sounding;
    bool renewed;             /* the sums below are of its later part only: as a burst it is not clean */
    uint32_t frames;          /* with the tone, in the burst that sounds */
    uint32_t masked, masked_in_row;   /* frames in which another sound lies over the tone, which goes on */
    uint32_t missing;         /* frames without it since the last one that had it */
    double began, last;       /* centre of the first and of the last frame that had the tone */
    struct sc_tone_measure waiting[2];   /* newest tone frames: they may be the burst's edge */
    uint32_t inner;           /* frames that the sums below hold: all but two at either edge */
    double raw_sum, amplitude_sum, amplitude_square_sum, purity_sum;
    double offset_sum[2], offset_square_sum[2];
    double pause_energy;      /* sum over pause frames, and their number */
    uint32_t pause_frames;
    float held_energy[4];     /* newest pause frames wait here: they may belong to the next burst's edge */
    uint32_t held;
};

enum sc_tone_step {
    SC_TONE_STEP_NONE = 0,
    SC_TONE_STEP_BURST_GROWS = 1,     /* the tone sounds */
    SC_TONE_STEP_BURST_ENDED = 2,     /* bursts[newest] has just been completed */
    SC_TONE_STEP_PAUSE = 3            /* no tone; the newest burst's pause has grown */
};

/* Forgets everything. */
void sc_tone_tracker_reset(struct sc_tone_tracker *tracker, float tolerance_hz, bool modulated);
enum sc_tone_step sc_tone_tracker_take(struct sc_tone_tracker *tracker, const struct sc_tone_measure *measure);

/* Sums up the burst that sounds from here on, as if it had just begun: what it began with was not clean. */
void sc_tone_tracker_renew(struct sc_tone_tracker *tracker);

/* The burst that sounds now as if it ended here; false when none sounds. */
bool sc_tone_tracker_current(const struct sc_tone_tracker *tracker, struct sc_tone_burst *burst);

/* Finished burst number `back` (0 = newest), or NULL. */
const struct sc_tone_burst *sc_tone_tracker_burst(const struct sc_tone_tracker *tracker, uint32_t back);

#endif

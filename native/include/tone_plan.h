/* tone_plan.h: which sounds a tone plan consists of, and whether a cadence fits. Inner part of the tone receiver.
 *
 * A sound is one frequency or up to four together; descriptors that share it share its tracker. */
#ifndef SC_TONE_PLAN_H
#define SC_TONE_PLAN_H

#include "tone_bank.h"
#include "tone_burst.h"
#include "tone_masked.h"
#include "tone_receiver.h"

#define SC_TONE_SOUNDS_MAX 16u

struct sc_tone_sound {
    uint32_t count;                       /* 1 to 4 sines */
    uint32_t index[SC_TONE_PLAN_FREQUENCIES_MAX];     /* into the bank's frequencies */
    float frequency_hz[SC_TONE_PLAN_FREQUENCIES_MAX];
    float tolerance_hz;
    bool modulated;                       /* its level is not steady */
    bool close;                           /* a pair that one window hardly resolves: two frames are joined to one */
    float overlap;                        /* what that window leaves of one sine at the other's frequency */
    float energy_overlap;                 /* the same of the squared window */
};

struct sc_tone_plan {
    struct sc_tone_descriptor descriptors[SC_TONE_DESCRIPTORS_MAX];
    uint32_t descriptor_count;
    struct sc_tone_sound sounds[SC_TONE_SOUNDS_MAX];
    uint32_t sound_count;
    uint8_t sound_of[SC_TONE_DESCRIPTORS_MAX][SC_TONE_PLAN_FREQUENCIES_MAX];  /* [i]: of a sequence's pair i; else [0] */
    float frequency_hz[SC_TONE_BANK_MAX];
    uint32_t frequency_count;
    float longest_on_ms[SC_TONE_SOUNDS_MAX];   /* of all cadences of a sound; 0 = none */
};

/* Checks the settings and lists their sounds; 0, or EINVAL. */
int sc_tone_plan_make(struct sc_tone_plan *plan, const struct sc_tone_receiver_settings *settings);

/* Does a measured length fit a nominal one (+-20 % of the networks, and what the frames add)? */
bool sc_tone_plan_fits(float measured_ms, uint32_t nominal_ms);

/* The same, wider, for a tone that is on already: the network's tolerance once more, so that it does not flap. */
bool sc_tone_plan_follows(float measured_ms, uint32_t nominal_ms);

/* The longest time that still follows. */
float sc_tone_plan_longest_ms(uint32_t nominal_ms);

/* The lengths of burst and pause, one apart from the other, at which a sound's busy and congestion tones may be looked for
 * under speech; 0 when there are none, or the sound is not steady, or a close pair. */
uint32_t sc_tone_plan_lengths(const struct sc_tone_plan *plan, uint32_t sound, struct sc_tone_length *lengths);

/* Which descriptor, of those whose kind is in `armed`, these lengths under speech are nearest to; -1: none. */
int sc_tone_plan_nearest(const struct sc_tone_plan *plan, uint32_t sound, uint32_t armed, float on_ms, float off_ms);

/* Is the cadence's last pause so long that it is reported at its first burst's end? */
bool sc_tone_plan_has_long_pause(const struct sc_tone_descriptor *descriptor);

/* Has the next burst begun before any pause of the cadence could be over? Another tone, with bursts of the same length. */
bool sc_tone_plan_too_early(const struct sc_tone_descriptor *descriptor, const struct sc_tone_burst *last);

/* Does a burst follow any of the cadence's? */
bool sc_tone_plan_follows_some(const struct sc_tone_descriptor *descriptor, float on_ms);

/* The longest burst, or pause, of the cadence that still follows. */
float sc_tone_plan_longest(const struct sc_tone_descriptor *descriptor, bool pause);

/* Do the last bursts of a tracker end in so many full cycles of the descriptor, all alike, with quiet pauses if `quiet`?
 * The burst that sounds now must have begun. *bursts gets how many bursts they are. */
bool sc_tone_plan_matches(const struct sc_tone_descriptor *descriptor, const struct sc_tone_tracker *tracker,
                          uint32_t cycles, bool quiet, uint32_t *bursts);

#endif

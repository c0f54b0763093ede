/* tone_sender.h: sends call-progress tones: up to four sines a segment, with a cadence.
 *
 * A tone is a list of segments. The first `lead_count` segments are sent once, the others then repeat `repeats` times
 * (0 = for ever). A segment without frequencies is silence. A duration of 0 ms means "for ever" and is allowed in the
 * last segment only. Edges are ramped over 2.5 ms inside the segment, so the cadence keeps its length and nothing
 * clicks; phase runs on between two neighbouring segments of the same frequencies, without a ramp.
 * Amplitude modulation (400*25 Hz) is sent as three sines: carrier and both sidebands.
 * Levels are dBm0 for each sine; a full-scale sine is 3.14 dBm0. */
#ifndef SC_TONE_SENDER_H
#define SC_TONE_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_TONE_SEGMENTS_MAX 16
#define SC_TONE_FREQUENCIES_MAX 4

struct sc_tone_segment {
    uint32_t duration_ms;                         /* 0 = for ever, only in the last segment */
    uint32_t frequency_count;                     /* 0 = silence, at most SC_TONE_FREQUENCIES_MAX */
    float frequency_hz[SC_TONE_FREQUENCIES_MAX];  /* 20 .. 3900 */
    float level_dbm0[SC_TONE_FREQUENCIES_MAX];    /* -70 .. +3.14; the sum of the sines must fit into full scale */
};

struct sc_tone_sender_settings {
    struct sc_tone_segment segments[SC_TONE_SEGMENTS_MAX];
    uint32_t segment_count;                       /* 1 .. SC_TONE_SEGMENTS_MAX */
    uint32_t lead_count;                          /* sent once, before the others repeat; < segment_count */
    uint32_t repeats;                             /* 0 = for ever */
};

struct sc_tone_sender;

/* EINVAL for settings outside the limits above, ENOMEM. */
int sc_tone_sender_create(struct sc_tone_sender **out, const struct sc_tone_sender_settings *settings);
void sc_tone_sender_destroy(struct sc_tone_sender *sender);

/* Starts the tone again from its first segment. */
void sc_tone_sender_reset(struct sc_tone_sender *sender);

/* Another tone, from its start, without allocating. EINVAL leaves the old tone as it was. */
int sc_tone_sender_set(struct sc_tone_sender *sender, const struct sc_tone_sender_settings *settings);

/* Ends the tone: what sounds now fades out over 2.5 ms, then the sender is finished. */
void sc_tone_sender_stop(struct sc_tone_sender *sender);

/* Writes n samples (the tone, then zeros once it has ended); returns how many belong to the tone: less than n
 * only when it has ended. */
size_t sc_tone_sender_process(struct sc_tone_sender *sender, int16_t *out, size_t n);

bool sc_tone_sender_finished(const struct sc_tone_sender *sender);

#endif

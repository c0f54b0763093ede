/* tone_receiver.h: finds call-progress tones (dial, ringback, busy ...) of one line's tone plan in sound.
 *
 * Feed every sample with _process, any n; then take events with _next until it returns false. Each TONE_ON is followed by
 * one TONE_OFF of the same descriptor before any other TONE_ON.
 *   busy, congestion and other cadences   ON after two full cycles + 100 ms at the latest, cadence +-20 %, frequency
 *                                         within the descriptor's tolerance; OFF when the next burst or pause breaks it.
 *   howler (four sines at once)           as busy: no other tone and no voice is like it.
 *   ringback (and any kind whose pause    ON at the end of the first burst of the right length; OFF when the next burst
 *     is at least 1.5 s)                  does not come in time, or another sound follows.
 *   continuous (dial)                     ON after dial_min_ms of tone; OFF when it stops. Where the plan has bursts of
 *                                         the same frequency a burst longer than dial_min_ms gives ON and OFF too:
 *                                         arm the continuous kinds only while they are expected.
 * Times are sample counts since create or reset. */
#ifndef SC_TONE_RECEIVER_H
#define SC_TONE_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_TONE_DESCRIPTORS_MAX 12
#define SC_TONE_PAIRS_MAX 4
#define SC_TONE_PLAN_FREQUENCIES_MAX 4

enum sc_tone_kind {
    SC_TONE_DIAL = 1,
    SC_TONE_STUTTER_DIAL = 2,
    SC_TONE_RINGBACK = 3,
    SC_TONE_BUSY = 4,
    SC_TONE_CONGESTION = 5,
    SC_TONE_SIT = 6,
    SC_TONE_HOWLER = 7,
    SC_TONE_FAX_CALLING = 8,    /* CNG: 1100 Hz, 500 / 3000 ms (T.30) */
    SC_TONE_FAX_ANSWER = 9      /* CED and ANSam: 2100 Hz, phase reversals every 450 ms or none (T.30, V.8, V.25) */
};

#define SC_TONE_ARM(kind) (1u << (unsigned)(kind))
#define SC_TONE_ARM_ALL 0xFFFFFFFFu

struct sc_tone_pair {
    uint32_t on_ms;
    uint32_t off_ms;            /* 0 only in a sequence, where the next frequency follows at once */
};

struct sc_tone_descriptor {
    enum sc_tone_kind kind;
    uint32_t frequency_count;   /* 1, or 2 .. 4 that sound together, of 3 and more each 100 Hz and more from the next; */
                                /* in a sequence 2 or 3, one a burst */
    float frequency_hz[SC_TONE_PLAN_FREQUENCIES_MAX];  /* 200 .. 3400 */
    float tolerance_hz;         /* 5 .. 60; 0 = 40 */
    bool sequence;              /* SIT: frequency i sounds during pair i */
    bool modulated;             /* its amplitude swings, by up to its own size, 15 .. 50 times a second (India: 400 * 25 Hz), */
                                /* or two sines so close sound as one at their mean (Australia: 413 + 438 Hz) */
    uint32_t pair_count;        /* 0 = continuous; otherwise the cadence, which repeats */
    struct sc_tone_pair pairs[SC_TONE_PAIRS_MAX];
};

struct sc_tone_receiver_settings {
    struct sc_tone_descriptor descriptors[SC_TONE_DESCRIPTORS_MAX];
    uint32_t descriptor_count;  /* 1 .. SC_TONE_DESCRIPTORS_MAX */
    float min_level_dbm0;       /* 0 = -43: a tone of -40 dBm0 is found */
    uint32_t dial_min_ms;       /* 0 = 260: tone needed for a continuous kind */
};

enum sc_tone_event_type { SC_TONE_ON = 1, SC_TONE_OFF = 2 };

struct sc_tone_event {
    enum sc_tone_event_type type;
    enum sc_tone_kind kind;
    uint32_t descriptor;        /* index into the settings */
    uint32_t cycles;            /* full cycles heard so far; 0 for a continuous tone */
    uint64_t at_samples;        /* ON: when it was decided; OFF: where the tone stopped (its last burst's end) */
    uint64_t began_samples;     /* where the first burst that counts began */
    float frequency_hz[2];      /* measured, the first two; [1] is 0 for a single tone */
    float level_dbm0;           /* measured over the last burst */
    float on_ms;                /* measured: mean burst and mean pause of the last cycles; 0 when not known */
    float off_ms;
};

struct sc_tone_receiver;

/* The two fax tones as descriptors, to be put into a plan beside a country's: CNG within +-38 Hz, the answer tone +-15 Hz. */
extern const struct sc_tone_descriptor sc_tone_fax_calling, sc_tone_fax_answer;

/* EINVAL for settings outside the limits above, ENOMEM. */
int sc_tone_receiver_create(struct sc_tone_receiver **out, const struct sc_tone_receiver_settings *settings);
void sc_tone_receiver_destroy(struct sc_tone_receiver *receiver);
void sc_tone_receiver_reset(struct sc_tone_receiver *receiver);

/* Only kinds in the mask (SC_TONE_ARM(kind) or'ed; at first all) are reported from now on; one that is on and is no
 * longer armed is reported OFF. Callable in the tick. */
void sc_tone_receiver_arm(struct sc_tone_receiver *receiver, uint32_t mask);

void sc_tone_receiver_process(struct sc_tone_receiver *receiver, const int16_t *in, size_t n);

/* Whether a sound of the plan is there now, reported or not: a burst of some cadence, dial tone that is not armed. */
bool sc_tone_receiver_sounding(const struct sc_tone_receiver *receiver);

/* Takes the oldest event; false when there is none. */
bool sc_tone_receiver_next(struct sc_tone_receiver *receiver, struct sc_tone_event *event);

/* Events lost because nobody took them (16 are kept). */
uint32_t sc_tone_receiver_dropped(const struct sc_tone_receiver *receiver);

#endif

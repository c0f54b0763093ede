/* dtmf_receiver.h: finds DTMF digits (ITU-T Q.23, Q.24, ETSI ES 201 235-3) in sound.
 *
 * Feed every sample with _process, any n; then take events with _next until it returns false. A digit gives exactly one
 * START and one END. START comes once the tone has certainly lasted for the shortest digit; before that
 * sc_dtmf_receiver_tone_present tells that something which looks like a digit sounds (to mute the far side early).
 * Times are sample counts since create or reset. */
#ifndef SC_DTMF_RECEIVER_H
#define SC_DTMF_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_DTMF_NOTCHES_MAX 2

struct sc_dtmf_receiver_settings {
    float min_level_dbm0;       /* weakest tone accepted, each of the two; 0 = -36 (Q.24 wants -25, nothing below -55) */
    float twist_low_louder_db;  /* low group may be so much louder; 0 = 12 (Q.24: at least 8) */
    float twist_high_louder_db; /* high group may be so much louder; 0 = 10 (Q.24: at least 4) */
};

enum sc_dtmf_event_type { SC_DTMF_START = 1, SC_DTMF_END = 2 };

struct sc_dtmf_event {
    enum sc_dtmf_event_type type;
    char digit;                 /* 0-9 * # A-D */
    uint64_t at_samples;        /* START: where the tone began; END: where it ended (both within 10 ms) */
    uint32_t duration_samples;  /* END only: length of the tone, drop-outs bridged */
    float low_dbm0;
    float high_dbm0;
    float twist_db;             /* high_dbm0 - low_dbm0 */
};

struct sc_dtmf_receiver;

/* settings NULL = defaults. EINVAL, ENOMEM. */
int sc_dtmf_receiver_create(struct sc_dtmf_receiver **out, const struct sc_dtmf_receiver_settings *settings);
void sc_dtmf_receiver_destroy(struct sc_dtmf_receiver *receiver);
void sc_dtmf_receiver_reset(struct sc_dtmf_receiver *receiver);

/* Notches these frequencies (the dial tone that we play ourselves; 200 .. 600 Hz) out of the input from now on;
 * count 0 switches the notch off. EINVAL leaves it as it was. Callable in the tick. */
int sc_dtmf_receiver_notch(struct sc_dtmf_receiver *receiver, const float *frequency_hz, size_t count);

void sc_dtmf_receiver_process(struct sc_dtmf_receiver *receiver, const int16_t *in, size_t n);

/* Takes the oldest event; false when there is none. */
bool sc_dtmf_receiver_next(struct sc_dtmf_receiver *receiver, struct sc_dtmf_event *event);

/* True while something that looks like a digit sounds, from 15 to 25 ms after its beginning. */
bool sc_dtmf_receiver_tone_present(const struct sc_dtmf_receiver *receiver);

/* Events lost because nobody took them (32 are kept). */
uint32_t sc_dtmf_receiver_dropped(const struct sc_dtmf_receiver *receiver);

#endif

/* dtmf_sender.h: sends a queue of DTMF digits (ITU-T Q.23) as sound.
 *
 * Each digit is a tone of tone_ms followed by a silence of pause_ms; edges are ramped over 2.5 ms inside the tone.
 * The digit under way and its age can be read after each process call: the RTP block makes RFC 4733 events of it. */
#ifndef SC_DTMF_SENDER_H
#define SC_DTMF_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_DTMF_QUEUE_MAX 64

struct sc_dtmf_sender_settings {
    uint32_t tone_ms;      /* 40 .. 8000; 0 = 80 */
    uint32_t pause_ms;     /* 40 .. 8000; 0 = 80 */
    float low_dbm0;        /* level of the low group; 0 for both levels = the default -9 and -7 dBm0 (ES 201 235-2) */
    float high_dbm0;       /* level of the high group; each -40 .. -1 */
};

struct sc_dtmf_sending {
    char digit;                 /* 0-9 * # A-D */
    uint32_t serial;            /* counts the digits since create or reset, first = 1: tells 5 5 from a long 5 */
    uint32_t age_samples;       /* samples of its tone sent so far, 1 .. duration_samples */
    uint32_t duration_samples;  /* of the whole tone */
};

struct sc_dtmf_sender;

/* settings NULL = defaults. EINVAL, ENOMEM. */
int sc_dtmf_sender_create(struct sc_dtmf_sender **out, const struct sc_dtmf_sender_settings *settings);
void sc_dtmf_sender_destroy(struct sc_dtmf_sender *sender);

/* Other lengths and levels, without allocating; drops all digits as _reset does. EINVAL leaves everything as it was. */
int sc_dtmf_sender_set(struct sc_dtmf_sender *sender, const struct sc_dtmf_sender_settings *settings);

/* Drops all digits, the one under way too. */
void sc_dtmf_sender_reset(struct sc_dtmf_sender *sender);

/* Appends digits (0-9 * # A-D a-d). All or nothing: EINVAL for any other character or an empty string, ENOSPC when
 * they do not fit into the SC_DTMF_QUEUE_MAX free places. */
int sc_dtmf_sender_queue(struct sc_dtmf_sender *sender, const char *digits);

/* Writes n samples, zeros where nothing is sent; returns how many belong to the digits (tones and their pauses). */
size_t sc_dtmf_sender_process(struct sc_dtmf_sender *sender, int16_t *out, size_t n);

/* True when nothing is queued and the last pause is over. */
bool sc_dtmf_sender_finished(const struct sc_dtmf_sender *sender);

/* Fills *now with the digit whose tone held the last sample written; false in a pause and when idle. */
bool sc_dtmf_sender_now(const struct sc_dtmf_sender *sender, struct sc_dtmf_sending *now);

#endif

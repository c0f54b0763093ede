/* event_ring.h: what the tick tells the control plane: a bounded ring with one writer and one reader, no locks.
 *
 * When the reader is late and the ring is full, new events are dropped and counted. Also read by cffi. */
#ifndef SC_EVENT_RING_H
#define SC_EVENT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sc_event_kind {
    SC_EVENT_DIGIT_STARTED = 1,
    SC_EVENT_DIGIT_HEARD = 2,       /* value: digit; duration_ms; in_band; start_ms, end_ms; level_dbm0; in band twist_db */
    SC_EVENT_TONE_HEARD = 3,        /* value: enum sc_tone_kind; present; cycles */
    SC_EVENT_CALLER_ID = 4,         /* number, name, withheld; value: enum sc_callerid_modulation */
    SC_EVENT_DIGITS_SENT = 5,
    SC_EVENT_PROMPT_ENDED = 6,
    SC_EVENT_MEDIA_LOST = 7,        /* duration_ms: how long nothing has come */
    SC_EVENT_NUMBER_TOLD = 8,       /* SC_DETECT_AON is through: number (empty: none), value: category; cycles: requests */
    SC_EVENT_IDENTITY_SENT = 9,     /* an identity node is through; present: it was sent, else the telephone did not answer */
    SC_EVENT_VOICE_HEARD = 10       /* present: somebody speaks; else nobody has for 2 s */
};

struct sc_event {
    enum sc_event_kind kind;
    uint32_t node;
    uint64_t tick;                  /* the tick in which it happened */
    uint32_t value;
    uint32_t duration_ms;
    uint32_t cycles;
    uint64_t start_ms;              /* of the core's own time: a tick is 10 ms */
    uint64_t end_ms;
    float level_dbm0;               /* of both tones together */
    float twist_db;                 /* high tone over low tone */
    bool present;
    bool in_band;
    bool withheld;
    char number[25];
    uint8_t name[64];
    uint32_t name_length;
};

struct sc_event_ring;

/* Room for at least `capacity` events (1 .. 65536). EINVAL, ENOMEM. */
int sc_event_ring_create(struct sc_event_ring **out, size_t capacity);
void sc_event_ring_destroy(struct sc_event_ring *ring);

/* Writer: false when it was full (and counted). */
bool sc_event_ring_push(struct sc_event_ring *ring, const struct sc_event *event);

/* Reader: false when it is empty. */
bool sc_event_ring_pop(struct sc_event_ring *ring, struct sc_event *event);

/* Any thread: events dropped since create; events pushed since create. */
uint64_t sc_event_ring_dropped(const struct sc_event_ring *ring);
uint64_t sc_event_ring_pushed(const struct sc_event_ring *ring);

#endif

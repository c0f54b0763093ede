/* tone_lab.h: sends tones and keeps what the tone receiver says of them, for its tests. */
#ifndef SC_TEST_TONE_LAB_H
#define SC_TEST_TONE_LAB_H

#include "check.h"
#include "signal.h"
#include "tone_receiver.h"

#define HEARD_MAX 64

struct heard {
    unsigned count;
    struct sc_tone_event events[HEARD_MAX];
    double at_ms[HEARD_MAX];      /* when the event could be taken, end of its tick */
};

static inline struct sc_tone_descriptor cadence(enum sc_tone_kind kind, float hz, uint32_t on_ms, uint32_t off_ms)
{
    struct sc_tone_descriptor d = { .kind = kind, .frequency_count = 1, .frequency_hz = { hz } };
    d.pair_count = on_ms > 0 ? 1 : 0;
    d.pairs[0] = (struct sc_tone_pair){ on_ms, off_ms };
    return d;
}

static inline struct sc_tone_receiver *create(const struct sc_tone_receiver_settings *settings)
{
    struct sc_tone_receiver *receiver = NULL;
    CHECK_EQ(sc_tone_receiver_create(&receiver, settings), 0);
    if (receiver == NULL)
        exit(1);
    return receiver;
}

static inline struct heard hear_with(struct sc_tone_receiver *receiver, const struct signal *s)
{
    struct heard heard = { 0 };
    int16_t *x = signal_samples(s);
    for (size_t i = 0; i + 80 <= s->length; i += 80) {
        struct sc_tone_event event;
        sc_tone_receiver_process(receiver, x + i, 80);
        while (sc_tone_receiver_next(receiver, &event) && heard.count < HEARD_MAX) {
            heard.events[heard.count] = event;
            heard.at_ms[heard.count++] = (double)(i + 80) / 8.0;
        }
    }
    free(x);
    return heard;
}

/* Index of the n-th event of that type and kind, or -1. */
static inline int find(const struct heard *heard, enum sc_tone_event_type type, enum sc_tone_kind kind)
{
    for (unsigned i = 0; i < heard->count; i++)
        if (heard->events[i].type == type && heard->events[i].kind == kind)
            return (int)i;
    return -1;
}

static inline unsigned count_of(const struct heard *heard, enum sc_tone_event_type type, enum sc_tone_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < heard->count; i++)
        n += heard->events[i].type == type && heard->events[i].kind == kind;
    return n;
}

struct sent { double hz, dbm0, on_ms, off_ms; int cycles; };

static inline size_t send(struct signal *s, size_t at, struct sent t)
{
    for (int i = 0; i < t.cycles; i++) {
        signal_sine(s, at, (size_t)(t.on_ms * 8), t.hz, t.dbm0, 6.28 * signal_uniform(s));
        at += (size_t)((t.on_ms + t.off_ms) * 8);
    }
    return at;
}

#endif

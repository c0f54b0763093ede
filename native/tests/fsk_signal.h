/* fsk_signal.h: makes caller-identity packets as sound for the tests: phase-continuous FSK, in double precision. */
#ifndef SC_TEST_FSK_SIGNAL_H
#define SC_TEST_FSK_SIGNAL_H

#include "signal.h"

struct fsk {
    double mark_hz, space_hz, baud;
    double mark_dbm0, space_dbm0;
    uint32_t seizure_bits, mark_bits, stop_bits;
};

static const struct fsk fsk_bell202 = { 1200, 2200, 1200, -15, -15, 300, 180, 1 };
static const struct fsk fsk_v23 = { 1300, 2100, 1200, -15, -15, 300, 180, 1 };

struct fsk_pen {
    double at;        /* samples, where the next bit begins */
    double phase;
    size_t drawn;     /* samples drawn so far */
};

static inline void fsk_bit(struct signal *s, const struct fsk *f, struct fsk_pen *pen, int mark)
{
    pen->at += 8000.0 / f->baud;
    double hz = mark ? f->mark_hz : f->space_hz, a = signal_amplitude(mark ? f->mark_dbm0 : f->space_dbm0);
    while ((double)pen->drawn < pen->at && pen->drawn < s->length) {
        pen->phase += 2 * SIGNAL_PI * hz / 8000.0;
        s->x[pen->drawn++] += a * sin(pen->phase);
    }
}

/* Draws octets from sample `from` on; returns where it ends. */
static inline size_t fsk_draw(struct signal *s, const struct fsk *f, size_t from, const uint8_t *octets, size_t count)
{
    struct fsk_pen pen = { (double)from, signal_uniform(s) * 6.0, from };
    for (uint32_t i = 0; i < f->seizure_bits; i++)
        fsk_bit(s, f, &pen, i & 1);
    for (uint32_t i = 0; i < f->mark_bits; i++)
        fsk_bit(s, f, &pen, 1);
    for (size_t i = 0; i < count; i++) {
        fsk_bit(s, f, &pen, 0);
        for (int b = 0; b < 8; b++)
            fsk_bit(s, f, &pen, octets[i] >> b & 1);
        for (uint32_t b = 0; b < f->stop_bits; b++)
            fsk_bit(s, f, &pen, 1);
    }
    for (int b = 0; b < 3; b++)
        fsk_bit(s, f, &pen, 1);
    return pen.drawn;
}

/* Puts type, length and checksum round a body; returns the packet's length. */
static inline size_t fsk_packet(uint8_t *packet, uint8_t type, const uint8_t *body, size_t length)
{
    uint8_t sum = (uint8_t)(type + length);
    packet[0] = type;
    packet[1] = (uint8_t)length;
    for (size_t i = 0; i < length; i++) {
        packet[2 + i] = body[i];
        sum = (uint8_t)(sum + body[i]);
    }
    packet[2 + length] = (uint8_t)-sum;
    return length + 3;
}

#endif

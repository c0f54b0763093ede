/* fsk_front.h: 1200 baud FSK, Bell 202 and V.23 at once, to the packets of caller identity. Inner part of the caller
 * identity modem, which runs several over the same line, each behind another equaliser. No memory of its own. */
#ifndef SC_FSK_FRONT_H
#define SC_FSK_FRONT_H

#include "callerid_message.h"

#include <stdbool.h>
#include <stdint.h>

#define SC_FSK_TAPS 7u
#define SC_FSK_REACH 3u                 /* taps on each side of the middle one */
#define SC_FSK_RING 256u                /* soft bits kept: more than three octets */

typedef float sc_fsk_v4f __attribute__((vector_size(16)));

/* One filter a lane: Bell 202's mark and space, V.23's mark and space. */
struct sc_fsk_filters {
    sc_fsk_v4f even[SC_FSK_REACH + 1], odd[SC_FSK_REACH + 1];
    sc_fsk_v4f overlap;                 /* what a filter gives for its pair's other tone, of what its own gives */
    sc_fsk_v4f alone;                   /* 1 / (1 - overlap squared) */
};

enum sc_fsk_framing { SC_FSK_HUNT, SC_FSK_ARMED, SC_FSK_OCTET, SC_FSK_BETWEEN, SC_FSK_STUFFING };

struct sc_fsk_reader {                  /* one modulation */
    bool enabled;
    float soft[SC_FSK_RING];            /* soft bit of sample i at [i % SC_FSK_RING] */
    float mark_level, space_level;
    enum sc_fsk_framing framing;
    int mark_run;                       /* samples */
    float start;                        /* of the octet's start bit, in samples behind `epoch` */
    uint64_t epoch;
    bool confirmed;                     /* the start bit under way is one */
    uint32_t stops_missed;
    float mark_hz;                      /* as sent, measured in the marks before the packet */
    uint8_t packet[SC_CALLERID_PACKET_MAX];
    uint32_t length;
    bool whole;                         /* it is complete */
};

struct sc_fsk_front {
    float line[SC_FSK_TAPS];
    float last_real, last_imaginary;    /* Bell 202's mark filter, one sample ago */
    float turn_real, turn_imaginary;    /* mean advance of its phase a sample while it is louder than its space filter */
    uint64_t position;                  /* samples taken */
    struct sc_fsk_reader readers[2];    /* Bell 202, V.23 */
};

void sc_fsk_filters_design(struct sc_fsk_filters *filters);

/* Forgets all it heard; which readers are enabled stays. */
void sc_fsk_front_reset(struct sc_fsk_front *front);

/* Takes a sample; bit i set: readers[i] has just completed packet and length, which stand until the next sample. */
uint32_t sc_fsk_front_take(struct sc_fsk_front *front, const struct sc_fsk_filters *filters, float x);

#endif

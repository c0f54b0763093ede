/* fsk_sequence.h: reads a packet of 1200 baud FSK through a line that smears its bits, out of recorded samples. For what
 * the plain reader could not read: it costs twenty times as much, and does its work in slices. */
#ifndef SC_FSK_SEQUENCE_H
#define SC_FSK_SEQUENCE_H

#include "fsk_marks.h"
#include "fsk_octets.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_fsk_recording {               /* samples in a ring; those from `begin` to `end` are there */
    const int16_t *ring;
    uint32_t size;
    uint64_t begin, end;
    uint64_t marks;                     /* about where the marks after the seizure begin */
};

struct sc_fsk_sequence;

/* ENOMEM. */
int sc_fsk_sequence_create(struct sc_fsk_sequence **out);
void sc_fsk_sequence_destroy(struct sc_fsk_sequence *sequence);

struct sc_fsk_try {
    int shift;                          /* samples that the marks are taken to begin later than it seems */
    int seizure_bits;                   /* learnt from, 24 .. 60 */
};

/* Begins. False when there is no seizure with marks of one of the modulations behind it; *modulation is which. */
bool sc_fsk_sequence_begin(struct sc_fsk_sequence *sequence, const struct sc_fsk_recording *recording,
                           const struct sc_fsk_try *attempt, enum sc_fsk_modulation *modulation);

/* A slice of the work: a pass of the training, or at most 12 bits. */
enum sc_fsk_progress sc_fsk_sequence_work(struct sc_fsk_sequence *sequence, const struct sc_fsk_recording *recording);

/* The packet, its length, and where in the recording it ended; after SC_FSK_PACKET. */
const uint8_t *sc_fsk_sequence_packet(const struct sc_fsk_sequence *sequence, uint32_t *length, uint64_t *ended);

#endif

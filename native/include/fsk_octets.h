/* fsk_octets.h: decided bits to a packet of caller identity. No memory of its own; begins zeroed. */
#ifndef SC_FSK_OCTETS_H
#define SC_FSK_OCTETS_H

#include "callerid_message.h"

enum sc_fsk_progress {
    SC_FSK_WORKING,                     /* more is needed */
    SC_FSK_PACKET,                      /* framed; whether it is right, the reader of the message tells */
    SC_FSK_FAILED
};

struct sc_fsk_octets {
    uint32_t marks;                     /* in a row */
    uint32_t bits, octet;               /* of the octet under way, 0: none */
    uint8_t packet[SC_CALLERID_PACKET_MAX];
    uint32_t length;
};

enum sc_fsk_progress sc_fsk_octets_take(struct sc_fsk_octets *octets, bool mark);

#endif

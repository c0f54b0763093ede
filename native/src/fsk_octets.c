/* fsk_octets.c: decided bits to a packet: start bit, eight bits lowest first, stop bit; marks before and between.
 * Assumes that the bits are right: one wrong stop bit ends it. Measured with fsk_sequence.c. */
#include "fsk_octets.h"

#define FIRST_MARKS 20u                 /* in a row arm it */
#define MARKS_MOST 260u                 /* before a packet; EN 300 659-1 sends 180 */
#define STUFFING_MOST 24u               /* between two octets */
#define OCTET_BITS 10u

static enum sc_fsk_progress take_octet(struct sc_fsk_octets *o)
{
    o->packet[o->length++] = (uint8_t)(o->octet >> 1);
    switch (sc_callerid_framed(o->packet, o->length)) {
    case SC_CALLERID_WHOLE:
        return SC_FSK_PACKET;
    case SC_CALLERID_NO_PACKET:
        return SC_FSK_FAILED;
    case SC_CALLERID_MORE:
        break;
    }
    return SC_FSK_WORKING;
}

/* Between octets. */
static enum sc_fsk_progress wait_for_start(struct sc_fsk_octets *o, bool mark)
{
    const bool armed = o->length > 0 || o->marks >= FIRST_MARKS;
    o->marks = mark ? o->marks + 1 : 0;
    if (!mark && armed) {
        o->bits = 1;
        o->octet = 0;
    }
    return o->marks > (o->length > 0 ? STUFFING_MOST : MARKS_MOST) ? SC_FSK_FAILED : SC_FSK_WORKING;
}

enum sc_fsk_progress sc_fsk_octets_take(struct sc_fsk_octets *octets, bool mark)
{
    struct sc_fsk_octets *o = octets;
    if (o->bits == 0)
        return wait_for_start(o, mark);
    if (++o->bits < OCTET_BITS) {
        o->octet |= (mark ? 1u : 0u) << (o->bits - 1);
        return SC_FSK_WORKING;
    }
    o->bits = 0;
    return mark ? take_octet(o) : SC_FSK_FAILED;
}

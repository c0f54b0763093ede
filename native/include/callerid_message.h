/* callerid_message.h: the octets of a caller-identity packet (SDMF and MDMF; ETSI EN 300 659-3, Bellcore GR-30) to a
 * message. Foreign octets: every length is checked, nothing outside the packet is read. */
#ifndef SC_CALLERID_MESSAGE_H
#define SC_CALLERID_MESSAGE_H

#include "callerid_modem.h"

#define SC_CALLERID_PACKET_MAX 258u     /* type, length, 255 octets, checksum */

/* Is this a message type that we read? (0x04 0x06 0x80 0x82) */
bool sc_callerid_type_known(uint8_t type);

/* Does it announce a call? A call may carry the lamp's state as well; only its type tells it from a message about the lamp
 * alone (0x06, 0x82; EN 300 659-3, 5.2). */
bool sc_callerid_is_call(const struct sc_callerid_message *message);

/* The packet with type, length and checksum; true and *message filled (modulation, level_dbm0 and at_samples left 0) when
 * the length and the checksum are right and the parameters fill the packet exactly; otherwise *message is untouched. */
bool sc_callerid_parse(struct sc_callerid_message *message, const uint8_t *packet, uint32_t length);

#endif

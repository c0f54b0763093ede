/* callerid_message.h: the octets of a caller-identity packet (SDMF and MDMF; ETSI EN 300 659-3, Bellcore GR-30; the form of
 * NTT in Japan, callerid_japan.h) to a message. Foreign octets: every length is checked, nothing outside the packet is read. */
#ifndef SC_CALLERID_MESSAGE_H
#define SC_CALLERID_MESSAGE_H

#include "callerid_modem.h"

#define SC_CALLERID_PACKET_MAX 258u     /* type, length, 255 octets, checksum */

enum sc_callerid_framing { SC_CALLERID_MORE, SC_CALLERID_WHOLE, SC_CALLERID_NO_PACKET };

/* These octets from a line: the beginning of a packet, a whole one, or none that we read (types 0x04 0x06 0x80 0x82, or the
 * Japanese form). Not yet whether it is right. */
enum sc_callerid_framing sc_callerid_framed(const uint8_t *packet, uint32_t length);

/* Does it announce a call? A call may carry the lamp's state as well; only its type tells it from a message about the lamp
 * alone (0x06, 0x82; EN 300 659-3, 5.2). */
bool sc_callerid_is_call(const struct sc_callerid_message *message);

/* The packet with type, length and checksum; true and *message filled (modulation, level_dbm0 and at_samples left 0) when
 * the length and the checksum (the Japanese form: parity and CRC) are right and the parameters fill the packet exactly;
 * otherwise *message is untouched. */
bool sc_callerid_parse(struct sc_callerid_message *message, const uint8_t *packet, uint32_t length);

#endif

/* callerid_japan.h: the frame in which NTT's exchanges send a caller's number (spandsp calls it JCLIP): octets of seven bits with
 * even parity, DLE SOH header DLE STX body DLE ETX, then a CRC-16 of two octets. Foreign octets: nothing outside the
 * packet is read. */
#ifndef SC_CALLERID_JAPAN_H
#define SC_CALLERID_JAPAN_H

#include "callerid_message.h"

#define SC_CALLERID_JAPAN_FIRST 0x90u   /* DLE with its parity */
#define SC_CALLERID_JAPAN_CALL 0x40u    /* type of the body that tells of a call */

enum sc_callerid_framing sc_callerid_japan_framed(const uint8_t *packet, uint32_t length);

/* The body of a whole packet, at most as long as it; returns its length, 0 when a parity or the CRC is wrong. */
uint32_t sc_callerid_japan_body(const uint8_t *packet, uint32_t length, uint8_t *body);

/* Frames a body; `packet` has room for SC_CALLERID_PACKET_MAX octets. 0 when it does not fit. */
uint32_t sc_callerid_japan_frame(const uint8_t *body, uint32_t length, uint8_t *packet);

#endif

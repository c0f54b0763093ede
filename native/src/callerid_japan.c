/* callerid_japan.c: the frame of NTT's caller identity.
 *
 * How: as ISO 1745 (basic mode) frames it: a DLE makes what follows it a sign of the frame, a DLE in the body goes twice. The
 * CRC (x^16 + x^12 + x^5 + 1, lowest bit first, begun with 0) is of everything behind DLE SOH up to ETX, with
 * its parities, and goes low octet first.
 * Assumes what libspandsp sends and reads: NTT's own book (Technical Reference, Edition 5) was not at hand.
 * Measured (test_callerid_japan.c, test_peer_callerid.c): every single wrong bit is found; libspandsp reads ours and we its. */
#include "callerid_japan.h"

#include <string.h>

#define SOH 0x01u
#define STX 0x02u
#define ETX 0x03u
#define DLE 0x10u
#define HEADER 0x07u
#define SEVEN_BITS 0x7Fu
#define CRC_OCTETS 2u
#define CRC_FROM 2u                     /* behind DLE SOH */
#define BODY_FROM 5u                    /* behind DLE SOH header DLE STX */

static uint8_t with_parity(uint32_t octet)
{
    uint32_t seven = octet & SEVEN_BITS;
    return (uint8_t)(seven | (uint32_t)(__builtin_popcount(seven) & 1) << 7);
}

static uint32_t crc_of(const uint8_t *octets, uint32_t length)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= octets[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x8408u : 0);
    }
    return crc;
}

/* Where the ETX is that ends the body; 0 while there is none. */
static uint32_t end_of_body(const uint8_t *packet, uint32_t length)
{
    for (uint32_t i = BODY_FROM; i + 1 < length; i++)
        if (packet[i] == with_parity(DLE)) {
            if (packet[i + 1] == with_parity(ETX))
                return i + 1;
            i++;
        }
    return 0;
}

enum sc_callerid_framing sc_callerid_japan_framed(const uint8_t *packet, uint32_t length)
{
    const uint8_t begins[BODY_FROM] = { with_parity(DLE), with_parity(SOH), with_parity(HEADER), with_parity(DLE),
                                        with_parity(STX) };
    if (memcmp(packet, begins, length < BODY_FROM ? length : BODY_FROM) != 0)
        return SC_CALLERID_NO_PACKET;
    uint32_t end = end_of_body(packet, length);
    if (end != 0 && length >= end + 1 + CRC_OCTETS)
        return SC_CALLERID_WHOLE;
    return length < SC_CALLERID_PACKET_MAX ? SC_CALLERID_MORE : SC_CALLERID_NO_PACKET;
}

uint32_t sc_callerid_japan_body(const uint8_t *packet, uint32_t length, uint8_t *body)
{
    if (sc_callerid_japan_framed(packet, length) != SC_CALLERID_WHOLE)
        return 0;
    uint32_t end = end_of_body(packet, length), count = 0;
    if (length != end + 1 + CRC_OCTETS)
        return 0;
    for (uint32_t i = 0; i <= end; i++)
        if (packet[i] != with_parity(packet[i]))
            return 0;
    if (crc_of(packet + CRC_FROM, end + 1 - CRC_FROM) != (packet[end + 1] | (uint32_t)packet[end + 2] << 8))
        return 0;
    for (uint32_t i = BODY_FROM; i + 1 < end; i++) {
        i += packet[i] == with_parity(DLE) ? 1 : 0;     /* the second of the two */
        body[count++] = packet[i] & SEVEN_BITS;
    }
    return count;
}

uint32_t sc_callerid_japan_frame(const uint8_t *body, uint32_t length, uint8_t *packet)
{
    static const uint8_t begins[BODY_FROM] = { DLE, SOH, HEADER, DLE, STX };
    uint32_t count = 0;
    for (; count < BODY_FROM; count++)
        packet[count] = with_parity(begins[count]);
    for (uint32_t i = 0; i < length; i++) {
        if (count + 2 + 2 + CRC_OCTETS > SC_CALLERID_PACKET_MAX)
            return 0;
        if ((body[i] & SEVEN_BITS) == DLE)
            packet[count++] = with_parity(DLE);
        packet[count++] = with_parity(body[i]);
    }
    packet[count++] = with_parity(DLE);
    packet[count++] = with_parity(ETX);
    uint32_t crc = crc_of(packet + CRC_FROM, count - CRC_FROM);
    packet[count++] = (uint8_t)crc;
    packet[count++] = (uint8_t)(crc >> 8);
    return count;
}

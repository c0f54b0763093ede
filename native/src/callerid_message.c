/* callerid_message.c: reads SDMF and MDMF packets.
 *
 * How: one pass over the parameters of an MDMF packet, which must end exactly at the packet's end; an SDMF packet has its
 * fields at fixed places. Unknown parameters are skipped: networks send their own.
 * Measured: test_callerid_modem.c throws random packets at it. */
#include "callerid_message.h"

#include "callerid_japan.h"

#include <string.h>

#define SDMF_CALL 0x04u
#define SDMF_WAITING 0x06u
#define MDMF_CALL 0x80u
#define MDMF_WAITING 0x82u

#define PARAMETER_DATE 0x01u             /* EN 300 659-3, table 4 */
#define PARAMETER_NUMBER 0x02u
#define PARAMETER_NUMBER_ABSENT 0x04u
#define PARAMETER_NAME 0x07u
#define PARAMETER_NAME_ABSENT 0x08u
#define PARAMETER_WAITING 0x0Bu

#define SDMF_WAITING_ON 0x42u            /* GR-1401: three times */
#define SDMF_WAITING_OFF 0x6Fu
#define FRAMING_OCTETS 3u                /* type, length, checksum */

static bool type_known(uint8_t type)
{
    return type == SDMF_CALL || type == SDMF_WAITING || type == MDMF_CALL || type == MDMF_WAITING;
}

enum sc_callerid_framing sc_callerid_framed(const uint8_t *packet, uint32_t length)
{
    if (length > 0 && packet[0] == SC_CALLERID_JAPAN_FIRST)
        return sc_callerid_japan_framed(packet, length);
    if (length > 0 && !type_known(packet[0]))
        return SC_CALLERID_NO_PACKET;
    return length < 2 || length < packet[1] + FRAMING_OCTETS ? SC_CALLERID_MORE : SC_CALLERID_WHOLE;
}

bool sc_callerid_is_call(const struct sc_callerid_message *message)
{
    return message->message_type == SDMF_CALL || message->message_type == MDMF_CALL ||
           message->message_type == SC_CALLERID_JAPAN_CALL;
}

static void take_date(struct sc_callerid_message *m, const uint8_t *octets, uint32_t length)
{
    if (length != SC_CALLERID_DATE_MAX)
        return;
    for (uint32_t i = 0; i < length; i++)
        if (octets[i] < '0' || octets[i] > '9')
            return;
    memcpy(m->date, octets, length);
    m->date[length] = '\0';
}

static bool absent_reason(uint8_t octet, enum sc_callerid_absent *reason)
{
    if (octet == 'O' || octet == 'S' || octet == 'C') /* Japan: no such service on the way; from a coin telephone */
        *reason = SC_CALLERID_UNAVAILABLE;
    else if (octet == 'P')
        *reason = SC_CALLERID_PRIVATE;
    else
        return false;
    return true;
}

static void take_number(struct sc_callerid_message *m, const uint8_t *octets, uint32_t length)
{
    uint32_t kept = 0;
    if (length == 1 && absent_reason(octets[0], &m->number_absent))
        return;
    for (uint32_t i = 0; i < length && kept < SC_CALLERID_NUMBER_MAX; i++)
        if (octets[i] > 0x20 && octets[i] < 0x7F)
            m->number[kept++] = (char)octets[i];
    m->number[kept] = '\0';
}

static void take_name(struct sc_callerid_message *m, const uint8_t *octets, uint32_t length)
{
    if (length == 1 && absent_reason(octets[0], &m->name_absent))
        return;
    m->name_length = length < SC_CALLERID_NAME_MAX ? length : SC_CALLERID_NAME_MAX;
    memcpy(m->name, octets, m->name_length);
}

static void take_parameter(struct sc_callerid_message *m, uint8_t type, const uint8_t *octets, uint32_t length)
{
    switch (type) {
    case PARAMETER_DATE:
        take_date(m, octets, length);
        break;
    case PARAMETER_NUMBER:
        take_number(m, octets, length);
        break;
    case PARAMETER_NUMBER_ABSENT:
        if (length >= 1)
            (void)absent_reason(octets[0], &m->number_absent);
        break;
    case PARAMETER_NAME:
        take_name(m, octets, length);
        break;
    case PARAMETER_NAME_ABSENT:
        if (length >= 1)
            (void)absent_reason(octets[0], &m->name_absent);
        break;
    case PARAMETER_WAITING:
        if (length >= 1) {
            m->message_waiting_known = true;
            m->message_waiting = octets[0] != 0;
        }
        break;
    default:
        break;
    }
}

static bool take_parameters(struct sc_callerid_message *m, const uint8_t *octets, uint32_t length)
{
    uint32_t at = 0;
    while (at < length) {
        if (length - at < 2 || length - at - 2 < octets[at + 1])
            return false;
        take_parameter(m, octets[at], octets + at + 2, octets[at + 1]);
        at += 2u + octets[at + 1];
    }
    return length > 0;
}

static bool take_single(struct sc_callerid_message *m, const uint8_t *octets, uint32_t length)
{
    if (m->message_type == SDMF_WAITING) {
        if (length != 3 || octets[0] != octets[1] || octets[0] != octets[2])
            return false;
        m->message_waiting_known = octets[0] == SDMF_WAITING_ON || octets[0] == SDMF_WAITING_OFF;
        m->message_waiting = octets[0] == SDMF_WAITING_ON;
        return m->message_waiting_known;
    }
    if (length < SC_CALLERID_DATE_MAX)
        return false;
    take_date(m, octets, SC_CALLERID_DATE_MAX);
    take_number(m, octets + SC_CALLERID_DATE_MAX, length - SC_CALLERID_DATE_MAX);
    return m->date[0] != '\0';
}

static bool parse_japan(struct sc_callerid_message *message, const uint8_t *packet, uint32_t length)
{
    uint8_t body[SC_CALLERID_PACKET_MAX];
    uint32_t octets = sc_callerid_japan_body(packet, length, body);
    struct sc_callerid_message m;
    memset(&m, 0, sizeof m);
    if (octets < 2 || body[0] != SC_CALLERID_JAPAN_CALL || body[1] != octets - 2)
        return false;
    m.message_type = body[0];
    if (!take_parameters(&m, body + 2, octets - 2))
        return false;
    *message = m;
    return true;
}

bool sc_callerid_parse(struct sc_callerid_message *message, const uint8_t *packet, uint32_t length)
{
    if (length > 0 && length <= SC_CALLERID_PACKET_MAX && packet[0] == SC_CALLERID_JAPAN_FIRST)
        return parse_japan(message, packet, length);
    if (length < FRAMING_OCTETS || length > SC_CALLERID_PACKET_MAX || packet[1] != length - FRAMING_OCTETS)
        return false;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + packet[i]);
    if (sum != 0 || !type_known(packet[0]))
        return false;
    struct sc_callerid_message m;
    memset(&m, 0, sizeof m);
    m.message_type = packet[0];
    bool multiple = packet[0] == MDMF_CALL || packet[0] == MDMF_WAITING;
    uint32_t body = length - FRAMING_OCTETS;
    if (!(multiple ? take_parameters(&m, packet + 2, body) : take_single(&m, packet + 2, body)))
        return false;
    *message = m;
    return true;
}

/* NTT's frame of caller identity: the input as octets from a line, and as a body that is framed and read again. */
#include "callerid_japan.h"
#include "fuzz.h"

#include <string.h>

/* The first octets of it, one more each time: what is whole is so once, and says a body that fits into it. */
static void as_packet(const uint8_t *data, size_t size)
{
    uint8_t body[SC_CALLERID_PACKET_MAX];
    struct sc_callerid_message message;
    for (uint32_t n = 1; n <= size && n <= SC_CALLERID_PACKET_MAX; n++) {
        const enum sc_callerid_framing framed = sc_callerid_japan_framed(data, n);
        if (framed == SC_CALLERID_MORE)
            continue;
        if (framed == SC_CALLERID_NO_PACKET)
            return;
        CLAIM(sc_callerid_japan_body(data, n, body) < n);
        if (sc_callerid_parse(&message, data, n)) {
            CLAIM(memchr(message.number, '\0', sizeof message.number) != NULL);
            CLAIM(message.name_length <= SC_CALLERID_NAME_MAX);
        }
        return;
    }
}

static void as_body(const uint8_t *data, size_t size)
{
    uint8_t packet[SC_CALLERID_PACKET_MAX], body[SC_CALLERID_PACKET_MAX];
    const uint32_t length = (uint32_t)(size < 255 ? size : 255), n = sc_callerid_japan_frame(data, length, packet);
    if (n == 0)
        return;
    CLAIM(n <= sizeof packet && sc_callerid_japan_framed(packet, n) == SC_CALLERID_WHOLE);
    CLAIM(sc_callerid_japan_body(packet, n, body) == length);
    for (uint32_t i = 0; i < length; i++)
        CLAIM(body[i] == (data[i] & 0x7F));
    packet[n / 2] ^= 1;
    if (sc_callerid_japan_framed(packet, n) == SC_CALLERID_WHOLE)
        CLAIM(sc_callerid_japan_body(packet, n, body) == 0);    /* a wrong bit is always found */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_packet(data, size);
    as_body(data, size);
    return 0;
}

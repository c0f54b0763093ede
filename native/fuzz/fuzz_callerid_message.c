/* A caller-identity packet of any octets, as it stands and with its length and checksum put right. */
#include "callerid_message.h"
#include "fuzz.h"

#include <string.h>

static void read_packet(const uint8_t *packet, uint32_t length)
{
    struct sc_callerid_message message;
    uint8_t *exact = malloc(length > 0 ? length : 1); /* so that a byte too far is seen */
    if (exact == NULL)
        abort();
    if (length > 0)
        memcpy(exact, packet, length);
    memset(&message, 0x5a, sizeof message);
    if (sc_callerid_parse(&message, exact, length)) {
        CLAIM(sc_callerid_framed(exact, length) == SC_CALLERID_WHOLE);
        CLAIM(memchr(message.number, '\0', sizeof message.number) != NULL);
        CLAIM(memchr(message.date, '\0', sizeof message.date) != NULL);
        CLAIM(message.name_length <= SC_CALLERID_NAME_MAX);
        for (const char *c = message.number; *c != '\0'; c++)
            CLAIM(*c >= ' ' && *c < 127);
    } else {
        CLAIM(message.name_length == 0x5a5a5a5a); /* untouched */
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t packet[SC_CALLERID_PACKET_MAX], sum = 0;
    read_packet(data, (uint32_t)size);
    if (size == 0)
        return 0;
    const size_t body = size - 1 < 255 ? size - 1 : 255;
    packet[0] = data[0];
    packet[1] = (uint8_t)body;
    memcpy(packet + 2, data + 1, body);
    for (size_t i = 0; i < body + 2; i++)
        sum = (uint8_t)(sum + packet[i]);
    packet[body + 2] = (uint8_t)-sum;
    read_packet(packet, (uint32_t)(body + 3));
    return 0;
}

/* callerid_japan: the frame of NTT's caller identity, against a reader written from its description; foreign octets. */
#include "callerid_japan.h"
#include "callerid_sender.h"
#include "check.h"
#include "fsk_signal.h"

#define ROUNDS 100000

static uint8_t even(uint8_t seven)
{
    int ones = 0;
    for (int i = 0; i < 7; i++)
        ones += seven >> i & 1;
    return (uint8_t)(ones % 2 ? seven | 0x80 : seven);
}

/* CRC by long division of the bits as they go over the line, x^16 + x^12 + x^5 + 1. */
static unsigned divided(const uint8_t *octets, size_t count)
{
    unsigned rest = 0;
    for (size_t i = 0; i < count * 8; i++) {
        unsigned bit = (unsigned)octets[i / 8] >> (i % 8) & 1u, top = rest >> 15 & 1u;
        rest = (rest << 1 & 0xFFFFu) ^ (top ^ bit ? 0x1021u : 0);
    }
    unsigned mirrored = 0;
    for (int i = 0; i < 16; i++)
        mirrored |= (rest >> i & 1u) << (15 - i);
    return mirrored;
}

/* A packet made by hand: number 0312345678 to dialled number 1234. */
static size_t by_hand(uint8_t *p)
{
    static const char body[] = "\x40\x12\x02\x0A" "0312345678" "\x09\x04" "1234";
    const size_t length = sizeof body - 1;
    size_t n = 0;
    const uint8_t begins[] = { 0x10, 0x01, 0x07, 0x10, 0x02 };
    for (size_t i = 0; i < sizeof begins; i++)
        p[n++] = even(begins[i]);
    for (size_t i = 0; i < length; i++)
        p[n++] = even((uint8_t)body[i]);
    p[n++] = even(0x10);
    p[n++] = even(0x03);
    unsigned crc = divided(p + 2, n - 2);
    p[n++] = (uint8_t)crc;
    p[n++] = (uint8_t)(crc >> 8);
    return n;
}

static void test_a_packet_made_by_hand_is_read(void)
{
    uint8_t packet[64];
    size_t length = by_hand(packet);
    struct sc_callerid_message m;
    for (uint32_t i = 1; i < length; i++)
        CHECK_EQ(sc_callerid_framed(packet, i), SC_CALLERID_MORE);
    CHECK_EQ(sc_callerid_framed(packet, (uint32_t)length), SC_CALLERID_WHOLE);
    CHECK(sc_callerid_parse(&m, packet, (uint32_t)length));
    CHECK(strcmp(m.number, "0312345678") == 0);
    CHECK_EQ(m.message_type, 0x40);
    CHECK(sc_callerid_is_call(&m));
}

static void test_every_wrong_bit_is_found(void)
{
    uint8_t packet[64];
    size_t length = by_hand(packet);
    struct sc_callerid_message m;
    for (size_t bit = 0; bit < length * 8; bit++) {
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!sc_callerid_parse(&m, packet, (uint32_t)length));
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_absent_numbers(void)
{
    static const struct { char reason; enum sc_callerid_absent absent; } told[] = {
        { 'P', SC_CALLERID_PRIVATE }, { 'O', SC_CALLERID_UNAVAILABLE }, { 'C', SC_CALLERID_UNAVAILABLE },
        { 'S', SC_CALLERID_UNAVAILABLE },
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const uint8_t body[5] = { 0x40, 3, 0x04, 1, (uint8_t)told[i].reason };
        uint8_t packet[SC_CALLERID_PACKET_MAX];
        struct sc_callerid_message m;
        uint32_t length = sc_callerid_japan_frame(body, sizeof body, packet);
        CHECK(length > 0 && sc_callerid_parse(&m, packet, length));
        CHECK_EQ(m.number_absent, told[i].absent);
    }
}

static void test_a_dle_in_the_body_goes_twice_and_comes_once(void)
{
    uint8_t body[40], packet[SC_CALLERID_PACKET_MAX], back[SC_CALLERID_PACKET_MAX];
    for (uint32_t i = 0; i < sizeof body; i++)
        body[i] = i % 3 ? 0x10 : (uint8_t)i;
    uint32_t length = sc_callerid_japan_frame(body, sizeof body, packet);
    CHECK_EQ(sc_callerid_japan_body(packet, length, back), sizeof body);
    CHECK(memcmp(body, back, sizeof body) == 0);
    uint8_t most[300] = { 0 };
    CHECK_EQ(sc_callerid_japan_frame(most, sizeof most, packet), 0);
}

static void test_fuzz_foreign_octets(void)
{
    struct signal s = signal_new(1, 99);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t packet[64];
        size_t length = by_hand(packet), wrong = 1 + signal_random(&s) % 6;
        for (size_t i = 0; i < wrong; i++)
            packet[signal_random(&s) % length] = (uint8_t)signal_random(&s);
        length = signal_random(&s) % 3 ? length : signal_random(&s) % (length + 1);
        uint8_t *exact = malloc(length + 1);       /* so that the sanitizer sees a read beyond it */
        if (exact == NULL)
            abort();
        memcpy(exact, packet, length);
        exact = realloc(exact, length > 0 ? length : 1);
        struct sc_callerid_message m;
        if (sc_callerid_parse(&m, exact, (uint32_t)length))
            CHECK(strcmp(m.number, "0312345678") == 0);
        free(exact);
    }
    signal_free(&s);
}

/* What the sender says comes out of the modem. */
static void test_what_we_send_is_read(void)
{
    struct sc_callerid_sender *sender = NULL;
    struct sc_callerid_modem *modem = NULL;
    struct sc_callerid_message m;
    CHECK_EQ(sc_callerid_sender_create(&sender), 0);
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    for (int absent = 0; absent < 2; absent++) {
        const struct sc_callerid_identity identity = { .form = SC_CALLERID_JAPAN,
            .number = absent ? NULL : "0312345678", .number_absent = SC_CALLERID_PRIVATE };
        CHECK_EQ(sc_callerid_sender_send(sender, &identity), 0);
        unsigned count = 0;
        for (int tick = 0; tick < 200; tick++) {
            int16_t x[80];
            sc_callerid_sender_process(sender, x, 80);
            sc_callerid_modem_process(modem, x, 80);
            while (sc_callerid_modem_next(modem, &m))
                count++;
        }
        CHECK_EQ(count, 1);
        CHECK_EQ(m.modulation, SC_CALLERID_V23);
        CHECK(strcmp(m.number, absent ? "" : "0312345678") == 0);
        CHECK_EQ(m.number_absent, absent ? SC_CALLERID_PRIVATE : SC_CALLERID_PRESENT);
    }
    sc_callerid_sender_destroy(sender);
    sc_callerid_modem_destroy(modem);
}

int main(void)
{
    RUN(test_a_packet_made_by_hand_is_read);
    RUN(test_every_wrong_bit_is_found);
    RUN(test_absent_numbers);
    RUN(test_a_dle_in_the_body_goes_twice_and_comes_once);
    RUN(test_fuzz_foreign_octets);
    RUN(test_what_we_send_is_read);
    return CHECK_DONE();
}

/* Tests of rtp.c: build and parse, everything RFC 3550 allows in a header, and a fuzz over random and mutated packets. */
#include "check.h"
#include "rtp.h"

#include <errno.h>
#include <string.h>

#define FUZZ_ROUNDS 200000

static uint64_t state = 88172645463325252u;

static uint32_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static struct sc_rtp_packet speech(const uint8_t *payload, size_t n)
{
    return (struct sc_rtp_packet){ .payload_type = 8, .marker = true, .sequence = 65535, .timestamp = 0xFFFFFF60u,
                                   .ssrc = 0xDEADBEEFu, .payload = payload, .payload_length = n };
}

static void what_is_built_parses_to_the_same(void)
{
    uint8_t payload[160], bytes[200];
    for (int i = 0; i < 160; i++)
        payload[i] = (uint8_t)i;
    struct sc_rtp_packet out = speech(payload, sizeof payload), in;
    CHECK_EQ(sc_rtp_build(bytes, sizeof bytes, &out), 172);
    CHECK_EQ(sc_rtp_build(bytes, 171, &out), 0);
    CHECK_EQ(sc_rtp_parse(&in, bytes, 172), 0);
    CHECK_EQ(in.payload_type, 8);
    CHECK(in.marker);
    CHECK_EQ(in.sequence, 65535);
    CHECK_EQ(in.timestamp, 0xFFFFFF60u);
    CHECK_EQ(in.ssrc, 0xDEADBEEFu);
    CHECK_EQ(in.payload_length, 160);
    CHECK(memcmp(in.payload, payload, 160) == 0);
}

static void contributors_extension_and_padding_are_skipped(void)
{
    static const uint8_t bytes[] = {
        0xB2, 0x08, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3,   /* version 2, padding, extension, two contributors */
        1, 1, 1, 1, 2, 2, 2, 2,                     /* contributors */
        0xBE, 0xDE, 0, 1, 9, 9, 9, 9,               /* extension of one word */
        'a', 'b', 'c', 0, 0, 3,                     /* payload, three bytes of padding */
    };
    struct sc_rtp_packet in;
    CHECK_EQ(sc_rtp_parse(&in, bytes, sizeof bytes), 0);
    CHECK_EQ(in.payload_length, 3);
    CHECK(memcmp(in.payload, "abc", 3) == 0);
    for (size_t n = 0; n < sizeof bytes - 6; n++)
        CHECK_EQ(sc_rtp_parse(&in, bytes, n), EBADMSG);
}

static void what_is_no_speech_is_refused(void)
{
    uint8_t bytes[16] = { 0x80, 0x08 };
    struct sc_rtp_packet in;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 12), EBADMSG);        /* empty */
    CHECK_EQ(sc_rtp_parse(&in, bytes, 13), 0);
    bytes[0] = 0x40;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 16), EBADMSG);        /* version 1 */
    bytes[0] = 0x80;
    bytes[1] = 0xC8;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 16), EBADMSG);        /* an RTCP sender report */
    bytes[0] = 0xA0;
    bytes[1] = 0x08;
    bytes[15] = 0;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 16), EBADMSG);        /* padding of 0 */
    bytes[15] = 5;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 16), EBADMSG);        /* padding longer than the payload */
    bytes[15] = 4;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 16), EBADMSG);        /* nothing but padding */
    bytes[15] = 3;
    CHECK_EQ(sc_rtp_parse(&in, bytes, 16), 0);
}

static void telephone_events_are_read_and_written(void)
{
    static const char digits[] = "0123456789*#ABCD";
    struct sc_telephone_event in, out = { .event = 11, .end = true, .volume = 10, .duration = 800 };
    uint8_t bytes[SC_RTP_EVENT_BYTES];
    sc_telephone_event_build(bytes, &out);
    CHECK(memcmp(bytes, (const uint8_t[]){ 11, 0x8A, 0x03, 0x20 }, 4) == 0);
    CHECK_EQ(sc_telephone_event_parse(&in, bytes, 4), 0);
    CHECK(in.event == 11 && in.end && in.volume == 10 && in.duration == 800);
    CHECK_EQ(sc_telephone_event_parse(&in, bytes, 3), EBADMSG);
    for (uint8_t i = 0; i < 16; i++) {
        CHECK_EQ(sc_digit_of_telephone_event(i), digits[i]);
        CHECK_EQ(sc_telephone_event_of_digit(digits[i]), i);
    }
    CHECK_EQ(sc_digit_of_telephone_event(16), '\0');
    CHECK_EQ(sc_telephone_event_of_digit('E'), -1);
    CHECK_EQ(sc_telephone_event_of_digit('\0'), -1);
}

/* Each packet is in memory of its own exact size: one byte too far is a report of the sanitizer. */
static void any_bytes_are_accepted_or_refused(void)
{
    unsigned accepted = 0, refused = 0, outside = 0;
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
        size_t n = draw() % 64;
        uint8_t bytes[64];
        struct sc_rtp_packet in;
        uint8_t *exact = bytes + (64 - n);
        for (size_t i = 0; i < n; i++)
            exact[i] = (uint8_t)draw();
        if (n > 1 && draw() % 2 == 0) {
            exact[0] = (uint8_t)(0x80 | (exact[0] & 0x3F));
            exact[1] &= 0x0F;
        }
        int error = sc_rtp_parse(&in, exact, n);
        accepted += error == 0;
        refused += error == EBADMSG;
        if (error == 0)
            outside += in.payload < exact || in.payload + in.payload_length > exact + n || in.payload_length == 0;
    }
    CHECK_EQ(accepted + refused, FUZZ_ROUNDS);
    CHECK_EQ(outside, 0);
    CHECK(accepted > 1000 && refused > 1000);
}

int main(void)
{
    RUN(what_is_built_parses_to_the_same);
    RUN(contributors_extension_and_padding_are_skipped);
    RUN(what_is_no_speech_is_refused);
    RUN(telephone_events_are_read_and_written);
    RUN(any_bytes_are_accepted_or_refused);
    return CHECK_DONE();
}

/* RTCP: what is written is read, what cannot be believed is refused, and two sessions tell each other the truth. */
#include "check.h"
#include "rtcp.h"
#include "rtcp_session.h"

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

static struct sc_rtcp_report full(void)
{
    return (struct sc_rtcp_report){
        .ssrc = 0xDEADBEEF, .sends = true, .ntp = 0x0123456789ABCDEF, .timestamp = 0xFFFFFFF0, .packets = 7, .octets = 1120,
        .has_block = true, .cname = "abcd1234",
        .block = { .ssrc = 42, .fraction_lost = 128, .lost = -3, .highest_sequence = 0x1FFFF, .jitter = 160, .last_report = 5, .delay = 6 },
    };
}

static void what_is_built_parses_to_the_same(void)
{
    uint8_t bytes[SC_RTCP_PACKET_MAX];
    struct sc_rtcp_report in;
    for (int kind = 0; kind < 4; kind++) {
        struct sc_rtcp_report out = full();
        out.sends = kind & 1;
        out.has_block = kind & 2;
        const size_t n = sc_rtcp_build(bytes, sizeof bytes, &out);
        CHECK(n > 0 && n % 4 == 0 && sc_rtcp_is(bytes, n));
        CHECK_EQ(sc_rtcp_build(bytes, n - 1, &out), 0);
        CHECK_EQ(sc_rtcp_parse(&in, bytes, n, 42), 0);
        CHECK(in.ssrc == out.ssrc && in.sends == out.sends && in.has_block == out.has_block && !in.bye);
        if (out.sends)
            CHECK(in.ntp == out.ntp && in.timestamp == out.timestamp && in.packets == 7 && in.octets == 1120);
        if (out.has_block)
            CHECK(memcmp(&in.block, &out.block, sizeof in.block) == 0);
        CHECK_EQ(sc_rtcp_parse(&in, bytes, n, 43), 0);
        CHECK(!in.has_block); /* it is about somebody else */
    }
}

/* By hand, from RFC 3550 6.4.2, 6.5, 6.6 and 6.7. */
static void a_compound_packet_is_read(void)
{
    static const uint8_t bytes[] = {
        0x81, 201, 0, 7, 0, 0, 0, 9,                /* receiver report of 9, one block */
        0, 0, 0, 42, 64, 0xFF, 0xFF, 0xFE, 0, 1, 0, 5, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0,
        0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, 'x', 0,  /* its name */
        0x80, 204, 0, 2, 0, 0, 0, 9, 'n', 'a', 'm', 'e', /* an application's own */
        0xA1, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4,    /* it leaves; four bytes of padding */
    };
    struct sc_rtcp_report in;
    CHECK_EQ(sc_rtcp_parse(&in, bytes, sizeof bytes, 42), 0);
    CHECK(in.ssrc == 9 && !in.sends && in.bye && in.has_block);
    CHECK(in.block.fraction_lost == 64 && in.block.lost == -2 && in.block.highest_sequence == 65541 && in.block.jitter == 80);
    for (size_t n = 0; n < sizeof bytes; n++) { /* cut anywhere but between two of them it is no packet */
        const bool whole = n == 32 || n == 44 || n == 56;
        CHECK_EQ(sc_rtcp_parse(&in, bytes, n, 42), whole ? 0 : EBADMSG);
    }
    CHECK_EQ(sc_rtcp_parse(&in, bytes + 32, 12, 42), EBADMSG);  /* it must begin with a report */
}

static void refused(size_t at, uint8_t value)
{
    uint8_t bytes[SC_RTCP_PACKET_MAX];
    struct sc_rtcp_report in, out = full();
    const size_t n = sc_rtcp_build(bytes, sizeof bytes, &out);
    bytes[at] = value;
    CHECK_EQ(sc_rtcp_parse(&in, bytes, n, 42), EBADMSG);
}

static void what_cannot_be_believed_is_refused(void)
{
    refused(0, 0x41);       /* version 1 */
    refused(0, 0x9F);       /* 31 blocks */
    refused(0, 0xA1);       /* padding in the first packet */
    refused(1, 203);        /* begins with a BYE */
    refused(3, 0);          /* shorter than a report */
    refused(3, 200);        /* longer than the datagram */
    refused(3, 13);         /* ends within the next packet */
}

/* Each packet is in memory of its own exact size: one byte too far is a report of the sanitizer. */
static void any_bytes_are_read_or_refused(void)
{
    unsigned read = 0, rejected = 0;
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
        uint8_t bytes[SC_RTCP_PACKET_MAX], good[SC_RTCP_PACKET_MAX];
        struct sc_rtcp_report in, out = full();
        out.has_block = draw() % 2;
        out.sends = draw() % 2;
        const size_t whole = sc_rtcp_build(good, sizeof good, &out);
        const size_t n = draw() % 4 != 0 ? whole : draw() % (whole + 1);
        uint8_t *exact = bytes + (sizeof bytes - n);
        memcpy(exact, good, n);
        for (unsigned i = draw() % 4; n > 0 && i > 0; i--)
            exact[draw() % n] = (uint8_t)draw();
        const int error = sc_rtcp_parse(&in, exact, n, 42);
        read += error == 0;
        rejected += error == EBADMSG;
    }
    CHECK_EQ(read + rejected, FUZZ_ROUNDS);
    CHECK(read > 1000 && rejected > 1000);
}

/* --- sessions -------------------------------------------------------------------------------------------------------- */

#define LINE_US 40000
#define FIRST_SSRC 100u

struct letter {
    int64_t at_us;
    size_t n;
    uint8_t bytes[SC_RTCP_PACKET_MAX];
};

/* Two parties whose clocks began at different times, over a line of 40 ms; the second loses every fourth packet of the first. */
static void two_sessions_tell_the_truth(void)
{
    struct sc_rtcp_session party[2];
    struct letter post[2] = { { 0 } };
    const int64_t began_us[2] = { 5000000, 86400000000 };
    int64_t told_us[64];
    size_t told = 0;
    sc_rtcp_session_reset(&party[0], 1);
    sc_rtcp_session_reset(&party[1], 2);
    for (int64_t us = 0; us < 120000000; us += 10000)
        for (int i = 0; i < 2; i++) {
            const uint32_t frame = (uint32_t)(us / 20000);
            if (us % 20000 == 0 && (i == 0 || frame % 4 != 3))
                sc_rtcp_session_heard(&party[i], FIRST_SSRC + (uint32_t)(1 - i), (uint16_t)(frame + 65000));
            if (post[i].n > 0 && us >= post[i].at_us) {
                sc_rtcp_session_take(&party[i], post[i].bytes, post[i].n, FIRST_SSRC + (uint32_t)i, us + began_us[i]);
                post[i].n = 0;
            }
            const struct sc_rtcp_sent sent = { .ssrc = FIRST_SSRC + (uint32_t)i, .packets = frame, .sends = true };
            struct letter *letter = &post[1 - i];
            uint8_t bytes[SC_RTCP_PACKET_MAX];
            const size_t n = sc_rtcp_session_tell(&party[i], bytes, sizeof bytes, &sent, 24, 5000, us + began_us[i]);
            if (n > 0) {
                memcpy(letter->bytes, bytes, n);
                letter->n = n;
                letter->at_us = us + LINE_US;
                if (i == 0)
                    told_us[told++] = us;
            }
        }
    printf("rtcp: %zu reports in 120 s; round trip %.1f and %.1f ms, their loss %.1f %%\n", told, (double)party[0].round_trip_ms,
           (double)party[1].round_trip_ms, (double)party[0].remote_lost_percent);
    CHECK_NEAR(party[0].round_trip_ms, 80, 1);
    CHECK_NEAR(party[1].round_trip_ms, 80, 1);
    CHECK_NEAR(party[0].remote_lost_percent, 25, 1);
    CHECK_NEAR(party[1].remote_lost_percent, 0, 0.01);
    CHECK_NEAR(sc_rtcp_session_lost_percent(&party[1]), 25, 0.1);
    CHECK_NEAR(party[0].remote_jitter_ms, 3, 0.01);
    CHECK(told > 18 && told < 30);
    bool differs = false;
    for (size_t i = 1; i < told; i++) {
        CHECK(told_us[i] - told_us[i - 1] >= 2500000 && told_us[i] - told_us[i - 1] <= 7510000);
        differs |= i > 1 && told_us[i] - told_us[i - 1] != told_us[i - 1] - told_us[i - 2];
    }
    CHECK(differs); /* 6.2: never in step */
}

static void a_new_stream_is_counted_anew(void)
{
    struct sc_rtcp_session s;
    sc_rtcp_session_reset(&s, 1);
    CHECK_EQ(sc_rtcp_session_lost_percent(&s), 0);
    for (uint32_t i = 0; i < 70000; i++) /* through a cycle of the sequence numbers */
        sc_rtcp_session_heard(&s, 1, (uint16_t)i);
    CHECK_EQ(s.highest, 69999);
    CHECK_EQ(sc_rtcp_session_lost_percent(&s), 0);
    sc_rtcp_session_heard(&s, 1, (uint16_t)69990);  /* late or twice: no step back */
    CHECK_EQ(s.highest, 69999);
    sc_rtcp_session_heard(&s, 2, 5);
    sc_rtcp_session_heard(&s, 2, 8);
    CHECK_NEAR(sc_rtcp_session_lost_percent(&s), 50, 0.01);
    sc_rtcp_session_heard(&s, 2, 30000);            /* a jump, not 29,991 losses */
    CHECK_EQ(sc_rtcp_session_lost_percent(&s), 0);
}

int main(void)
{
    RUN(what_is_built_parses_to_the_same);
    RUN(a_compound_packet_is_read);
    RUN(what_cannot_be_believed_is_refused);
    RUN(any_bytes_are_read_or_refused);
    RUN(two_sessions_tell_the_truth);
    RUN(a_new_stream_is_counted_anew);
    return CHECK_DONE();
}

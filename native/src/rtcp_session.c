/* rtcp_session.c: see rtcp_session.h.
 *
 * How: sequence numbers are counted with their cycles (RFC 3550, A.1), losses from what was expected (A.3). A report is due at the
 * interval times 0.5 to 1.5 at random (6.2; two parties never come near 5 % of the band), the first one after half of that.
 * Round trip: arrival less last report less delay (6.4.1). The NTP time that we tell is that of the monotonic clock: seconds since
 * a start of our own, as 6.4.1 allows. The CNAME is the SSRC: an unlinkable name for each call (RFC 7022, 4.2).
 * Assumes one party on the other side. Measured (test_rtcp.c): two sessions over a line of 40 ms tell 80 ms; losses as they were. */
#include "rtcp_session.h"

#define NAME_DIGITS 8u
#define US_PER_S 1000000
#define FIRST_SHARE 2               /* 6.2: the first report after half the interval */
#define CLOCK_PER_MS 8.0f
#define FAR_AHEAD 3000              /* A.1, MAX_DROPOUT: further is another stream's number */

static uint32_t draw(struct sc_rtcp_session *s)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(s->random >> 32);
}

void sc_rtcp_session_reset(struct sc_rtcp_session *session, uint64_t seed)
{
    *session = (struct sc_rtcp_session){ .random = seed };
    (void)draw(session);
}

void sc_rtcp_session_heard(struct sc_rtcp_session *s, uint32_t ssrc, uint16_t sequence)
{
    const uint16_t ahead = (uint16_t)(sequence - (uint16_t)s->highest);
    if (!s->heard || ssrc != s->their_ssrc || (ahead >= FAR_AHEAD && ahead < UINT16_MAX - FAR_AHEAD)) {
        s->heard = true;
        s->their_ssrc = ssrc;
        s->base = s->highest = sequence;
        s->received = 1;
        s->expected_before = s->received_before = 0;
        return;
    }
    s->received++;
    if (ahead < FAR_AHEAD)
        s->highest += ahead;
}

static uint32_t expected(const struct sc_rtcp_session *s)
{
    return s->highest - s->base + 1;
}

float sc_rtcp_session_lost_percent(const struct sc_rtcp_session *session)
{
    if (!session->heard || session->received >= expected(session))
        return 0;
    return 100.0f * (float)(expected(session) - session->received) / (float)expected(session);
}

/* The middle 32 bits of an NTP time: 16.16 seconds. */
static uint32_t middle_of(int64_t us)
{
    return (uint32_t)((us / US_PER_S) << 16 | (us % US_PER_S) * 65536 / US_PER_S);
}

static void note_round_trip(struct sc_rtcp_session *s, const struct sc_rtcp_block *block, int64_t now_us)
{
    if (block->last_report == 0)
        return;
    const int32_t trip = (int32_t)(middle_of(now_us) - block->last_report - block->delay);
    s->timed = true;
    s->round_trip_ms = trip > 0 ? (float)trip * 1000.0f / 65536.0f : 0; /* a clock that runs a little fast */
}

void sc_rtcp_session_take(struct sc_rtcp_session *s, const uint8_t *bytes, size_t n, uint32_t ours, int64_t now_us)
{
    struct sc_rtcp_report report;
    if (sc_rtcp_parse(&report, bytes, n, ours) != 0) {
        s->malformed++;
        return;
    }
    s->reports_received++;
    s->bye = s->bye || report.bye;
    if (report.sends) {
        s->reported = true;
        s->last_report = (uint32_t)(report.ntp >> 16);
        s->last_report_us = now_us;
    }
    if (!report.has_block)
        return;
    s->told = true;
    s->remote_lost_percent = 100.0f * (float)report.block.fraction_lost / 256.0f;
    s->remote_jitter_ms = (float)report.block.jitter / CLOCK_PER_MS;
    note_round_trip(s, &report.block, now_us);
}

static struct sc_rtcp_block block_of(struct sc_rtcp_session *s, uint32_t jitter, int64_t now_us)
{
    const uint32_t new_expected = expected(s) - s->expected_before, new_received = s->received - s->received_before;
    const int32_t lost = (int32_t)(expected(s) - s->received);
    const uint32_t missing = new_expected > new_received ? new_expected - new_received : 0;
    s->expected_before = expected(s);
    s->received_before = s->received;
    return (struct sc_rtcp_block){
        .ssrc = s->their_ssrc,
        .fraction_lost = (uint8_t)(missing == 0 ? 0 : missing * 255ull / new_expected),
        .lost = lost > 0x7FFFFF ? 0x7FFFFF : lost < -0x800000 ? -0x800000 : lost,
        .highest_sequence = s->highest,
        .jitter = jitter,
        .last_report = s->reported ? s->last_report : 0,
        .delay = s->reported ? middle_of(now_us - s->last_report_us) : 0,
    };
}

static int64_t spread_us(struct sc_rtcp_session *s, uint32_t interval_ms)
{
    const uint64_t interval_us = (uint64_t)interval_ms * 1000;
    return (int64_t)(interval_us / 2 + (interval_us * (draw(s) >> 8) >> 24));
}

static void write_name(char *name, uint32_t ssrc)
{
    for (unsigned i = 0; i < NAME_DIGITS; i++)
        name[i] = "0123456789abcdef"[ssrc >> (4 * (NAME_DIGITS - 1 - i)) & 15];
    name[NAME_DIGITS] = '\0';
}

size_t sc_rtcp_session_tell(struct sc_rtcp_session *s, uint8_t *out, size_t room, const struct sc_rtcp_sent *sent,
                            uint32_t jitter, uint32_t interval_ms, int64_t now_us)
{
    char name[NAME_DIGITS + 1];
    if (interval_ms == 0 || !sc_rtcp_session_due(s, now_us))
        return 0;
    const bool begins = s->due_us == 0;
    s->due_us = now_us + spread_us(s, interval_ms) / (begins ? FIRST_SHARE : 1);
    if (begins)
        return 0;
    write_name(name, sent->ssrc);
    struct sc_rtcp_report report = {
        .ssrc = sent->ssrc,
        .sends = sent->sends,
        .ntp = (uint64_t)middle_of(now_us) << 16,
        .timestamp = sent->timestamp,
        .packets = (uint32_t)sent->packets,
        .octets = (uint32_t)sent->octets,
        .has_block = s->heard,
        .cname = name,
    };
    if (s->heard)
        report.block = block_of(s, jitter, now_us);
    s->reports_sent++;
    return sc_rtcp_build(out, room, &report);
}

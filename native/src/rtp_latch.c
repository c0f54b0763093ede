/* rtp_latch.c: symmetric RTP with a rule against hijackers (see rtp_latch.h for the rule).
 *
 * How: one latched source, one candidate; a candidate must send a run of packets of one SSRC, each the successor of the last.
 * Assumes that the packets parsed and carry a payload type that was agreed on.
 * Measured (test_rtp_endpoint.c): a flood from elsewhere neither takes a latched node over nor keeps the SDP's address out. */
#include "rtp_latch.h"

#include <string.h>

#define CONTINUATION_MAX 250u   /* packets a rebinding NAT may have swallowed: 5 s of 20 ms */

bool sc_rtp_address_equal(const struct sc_rtp_address *a, const struct sc_rtp_address *b)
{
    return a->length == b->length && a->port == b->port && memcmp(a->bytes, b->bytes, a->length) == 0;
}

void sc_rtp_latch_reset(struct sc_rtp_latch *latch)
{
    memset(latch, 0, sizeof *latch);
}

void sc_rtp_latch_expect(struct sc_rtp_latch *latch, const struct sc_rtp_address *expected)
{
    if (sc_rtp_address_equal(&latch->expected, expected))
        return;
    sc_rtp_latch_reset(latch);
    latch->expected = *expected;
}

static void take(struct sc_rtp_latch *latch, const struct sc_rtp_address *source, const struct sc_rtp_packet *packet,
                 int64_t arrival_us)
{
    latch->source = *source;
    latch->ssrc = packet->ssrc;
    latch->sequence = packet->sequence;
    latch->heard_us = arrival_us;
    latch->candidate_run = 0;
}

/* How many packets in a row this source has now sent. */
static unsigned run_of(struct sc_rtp_latch *latch, const struct sc_rtp_address *source,
                       const struct sc_rtp_packet *packet)
{
    bool successor = latch->candidate_run > 0 && sc_rtp_address_equal(&latch->candidate, source) &&
                     latch->candidate_ssrc == packet->ssrc &&
                     (uint16_t)(latch->candidate_sequence + 1u) == packet->sequence;
    latch->candidate_run = successor ? latch->candidate_run + 1 : 1;
    latch->candidate = *source;
    latch->candidate_ssrc = packet->ssrc;
    latch->candidate_sequence = packet->sequence;
    return latch->candidate_run;
}

static bool continues_stream(const struct sc_rtp_latch *latch, const struct sc_rtp_packet *packet, int64_t arrival_us)
{
    uint16_t ahead = (uint16_t)(packet->sequence - latch->sequence);
    return packet->ssrc == latch->ssrc && ahead > 0 && ahead <= CONTINUATION_MAX &&
           arrival_us - latch->heard_us >= SC_RTP_LATCH_SILENCE_US;
}

bool sc_rtp_latch_accepts(struct sc_rtp_latch *latch, const struct sc_rtp_address *source,
                          const struct sc_rtp_packet *packet, int64_t arrival_us)
{
    bool latched = latch->source.length != 0;
    bool of_sdp = latch->expected.length != 0 && sc_rtp_address_equal(&latch->expected, source);
    if (latched && sc_rtp_address_equal(&latch->source, source)) {
        latch->ssrc = packet->ssrc;
        latch->sequence = packet->sequence;
        latch->heard_us = arrival_us;
        return true;
    }
    if (latched && !of_sdp && !continues_stream(latch, packet, arrival_us))
        return false;
    if ((latched || !of_sdp) && run_of(latch, source, packet) < SC_RTP_LATCH_RUN)
        return false;
    take(latch, source, packet, arrival_us);
    return true;
}

/* rtp_latch.h: whose packets an RTP node obeys, and so where it sends: symmetric RTP with a rule against hijackers.
 *
 * Not latched: the address of the SDP is taken at its first packet, any other source after SC_RTP_LATCH_RUN packets of
 * one SSRC in sequence (a telephone behind a NAT). Latched: only that source counts, until
 *   - the SDP's own address sends a run of packets (it is what signalling, which is authenticated, said), or
 *   - the latched source has been silent for SC_RTP_LATCH_SILENCE_US and the *same stream* (SSRC, and sequence numbers that
 *     go on) comes from elsewhere: a NAT that changed its mapping. Nobody off the path knows those numbers.
 * A new address in the SDP starts from the beginning. */
#ifndef SC_RTP_LATCH_H
#define SC_RTP_LATCH_H

#include "plan.h"
#include "rtp.h"

#define SC_RTP_LATCH_RUN 3u             /* RFC 3550, A.1 asks for MIN_SEQUENTIAL 2 */
#define SC_RTP_LATCH_SILENCE_US 200000

struct sc_rtp_latch {
    struct sc_rtp_address expected;     /* of the SDP */
    struct sc_rtp_address source;       /* latched; length 0 = none */
    uint32_t ssrc;
    uint16_t sequence;
    int64_t heard_us;
    struct sc_rtp_address candidate;
    uint32_t candidate_ssrc;
    uint16_t candidate_sequence;
    unsigned candidate_run;
};

bool sc_rtp_address_equal(const struct sc_rtp_address *a, const struct sc_rtp_address *b);

void sc_rtp_latch_reset(struct sc_rtp_latch *latch);

/* What the SDP says now; a change unlatches. */
void sc_rtp_latch_expect(struct sc_rtp_latch *latch, const struct sc_rtp_address *expected);

/* Whether this packet, which parsed well, is the party's. */
bool sc_rtp_latch_accepts(struct sc_rtp_latch *latch, const struct sc_rtp_address *source,
                          const struct sc_rtp_packet *packet, int64_t arrival_us);

#endif

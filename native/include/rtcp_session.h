/* rtcp_session.h: the RTCP of one RTP stream pair: what is counted of theirs, what they tell of ours, and when we tell.
 *
 * A small struct without allocation. Times are of one monotonic clock, that of the packets' arrival. */
#ifndef SC_RTCP_SESSION_H
#define SC_RTCP_SESSION_H

#include "rtcp.h"

struct sc_rtcp_session {
    uint64_t random;
    int64_t due_us;                 /* of our next report; 0 = not begun */

    bool heard;                     /* their stream, as RFC 3550 A.1 and A.3 count it */
    uint32_t their_ssrc;
    uint32_t base, highest;         /* sequence numbers with their cycles */
    uint32_t received, expected_before, received_before;

    bool reported;                  /* a sender report of theirs has come */
    uint32_t last_report;
    int64_t last_report_us;

    bool told;                      /* they have told of ours */
    float remote_lost_percent;      /* since the report before */
    float remote_jitter_ms;
    bool timed;
    float round_trip_ms;
    uint32_t reports_sent, reports_received, malformed;
    bool bye;
};

/* What our stream has done: for a sender report. */
struct sc_rtcp_sent {
    uint32_t ssrc, timestamp;       /* as of now */
    uint64_t packets, octets;
    bool sends;                     /* something since the last report */
};

void sc_rtcp_session_reset(struct sc_rtcp_session *session, uint64_t seed);

/* A valid RTP packet of theirs. */
void sc_rtcp_session_heard(struct sc_rtcp_session *session, uint32_t ssrc, uint16_t sequence);

/* Bytes that came for RTCP; `ours` is our stream's SSRC. Their jitter is read as of 8 kHz time stamps. */
void sc_rtcp_session_take(struct sc_rtcp_session *session, const uint8_t *bytes, size_t n, uint32_t ours, int64_t now_us);

/* Whether sc_rtcp_session_tell has something to do. */
static inline bool sc_rtcp_session_due(const struct sc_rtcp_session *session, int64_t now_us)
{
    return session->due_us == 0 || now_us >= session->due_us;
}

/* Writes a report when it is time for one: its length, else 0. jitter in timestamp units. */
size_t sc_rtcp_session_tell(struct sc_rtcp_session *session, uint8_t *out, size_t room, const struct sc_rtcp_sent *sent,
                            uint32_t jitter, uint32_t interval_ms, int64_t now_us);

/* Packets of theirs that never came, of all that were expected; 0 before the first. */
float sc_rtcp_session_lost_percent(const struct sc_rtcp_session *session);

#endif

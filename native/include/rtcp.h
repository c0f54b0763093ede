/* rtcp.h: RTCP (RFC 3550, 6): compound packets read and written. Stateless; every byte is checked. */
#ifndef SC_RTCP_H
#define SC_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_RTCP_CNAME_MAX 64
#define SC_RTCP_PACKET_MAX 128      /* of what we write: a sender report with a block, and a name */

/* What one source tells of another (6.4.1). */
struct sc_rtcp_block {
    uint32_t ssrc;                  /* whom it is about */
    uint8_t fraction_lost;          /* of 256, since its last report */
    int32_t lost;                   /* all the time; 24 bits; negative with duplicates */
    uint32_t highest_sequence;
    uint32_t jitter;                /* timestamp units */
    uint32_t last_report;           /* middle of the NTP time of the last sender report that it got, 0 = none */
    uint32_t delay;                 /* since then, in 1/65536 s */
};

struct sc_rtcp_report {
    uint32_t ssrc;                  /* who tells */
    bool sends;                     /* a sender report: */
    uint64_t ntp;                   /* 32.32 seconds */
    uint32_t timestamp;             /* RTP's at that time */
    uint32_t packets, octets;       /* sent so far */
    bool has_block;                 /* read: about the source that was asked for; written: with one block */
    struct sc_rtcp_block block;
    bool bye;                       /* the teller leaves */
    const char *cname;              /* written only; at most SC_RTCP_CNAME_MAX octets */
};

/* Whether a datagram on a port shared with RTP is RTCP (RFC 5761, 4). */
bool sc_rtcp_is(const uint8_t *bytes, size_t n);

/* Reads a compound packet: the first report in it, and the block about `about` in any. EBADMSG: not version 2, not beginning with
 * a report, padding elsewhere than in the last packet, a length that does not end with the datagram, a count beyond its packet. */
int sc_rtcp_parse(struct sc_rtcp_report *out, const uint8_t *bytes, size_t n, uint32_t about);

/* Writes a report and its CNAME; the length, 0 when it does not fit. */
size_t sc_rtcp_build(uint8_t *out, size_t room, const struct sc_rtcp_report *report);

#endif

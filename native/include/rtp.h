/* rtp.h: RTP packets (RFC 3550) and telephone events (RFC 4733), built and parsed. Stateless; every byte is checked. */
#ifndef SC_RTP_H
#define SC_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_RTP_HEADER_BYTES 12
#define SC_RTP_EVENT_BYTES 4

struct sc_rtp_packet {
    uint8_t payload_type;       /* 0 .. 127 */
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    const uint8_t *payload;
    size_t payload_length;
};

struct sc_telephone_event {
    uint8_t event;              /* 0..9 digits, 10 *, 11 #, 12..15 A..D, 16 flash, more */
    bool end;
    uint8_t volume;             /* 0 .. 63: dBm0 without its sign */
    uint16_t duration;          /* in timestamp units */
};

/* Points into `bytes`. EBADMSG: too short, not version 2, padding or extension that reach beyond the end, empty payload,
 * or a payload type that marks RTCP (RFC 5761, 4). */
int sc_rtp_parse(struct sc_rtp_packet *out, const uint8_t *bytes, size_t n);

/* Returns the length, 0 when it does not fit into `room`. */
size_t sc_rtp_build(uint8_t *out, size_t room, const struct sc_rtp_packet *packet);

/* EBADMSG when it is not four bytes long or longer (of several events in a packet only the first is read). */
int sc_telephone_event_parse(struct sc_telephone_event *out, const uint8_t *payload, size_t n);
void sc_telephone_event_build(uint8_t out[SC_RTP_EVENT_BYTES], const struct sc_telephone_event *event);

/* 0-9 * # A-D to 0..15; -1 for anything else. And back; 0 for anything else. */
int sc_telephone_event_of_digit(char digit);
char sc_digit_of_telephone_event(uint8_t event);

#endif

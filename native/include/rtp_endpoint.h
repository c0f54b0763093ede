/* rtp_endpoint.h: the media of one SIP party: packets in to samples and digits, samples and digits out to packets.
 *
 * One is made for each socket of the core; a plan's RTP node takes it over with _assign. Everything runs in the tick. */
#ifndef SC_RTP_ENDPOINT_H
#define SC_RTP_ENDPOINT_H

#include "core.h"
#include "digit_once.h"
#include "dtmf_sender.h"
#include "event_ring.h"
#include "packet_queue.h"
#include "plan.h"

struct sc_rtp_endpoint;

struct sc_rtp_endpoint_settings {
    struct sc_event_ring *events;   /* digits and lost media go here */
    struct sc_digit_once *once;     /* shared with whoever hears the party's sound; NULL: nobody does */
    uint64_t seed;                  /* of this socket's streams */
    uint32_t media_lost_ms;         /* 0 = never reported */
};

/* EINVAL without a ring, ENOMEM. */
int sc_rtp_endpoint_create(struct sc_rtp_endpoint **out, const struct sc_rtp_endpoint_settings *settings);
void sc_rtp_endpoint_destroy(struct sc_rtp_endpoint *endpoint);

/* The node that has this socket from now on: a new one (another id) begins a new stream and forgets everything, a known
 * one keeps its buffers, its latch and its stream and takes the new parameters. NULL: idle. `node` must outlive the plan. */
void sc_rtp_endpoint_assign(struct sc_rtp_endpoint *endpoint, const struct sc_plan_node *node);

/* A packet came for this socket, in tick number `tick`. */
void sc_rtp_endpoint_receive(struct sc_rtp_endpoint *endpoint, const struct sc_packet *packet, uint64_t tick);

/* What the party said in this tick: n samples, concealed where packets are missing. */
void sc_rtp_endpoint_speak(struct sc_rtp_endpoint *endpoint, int16_t *out, size_t n, uint64_t tick);

/* The same where the node's codec is wide: 2 n samples of 16 kHz. */
void sc_rtp_endpoint_speak_wide(struct sc_rtp_endpoint *endpoint, int16_t *wide, size_t n, uint64_t tick);

/* One tick of what the party hears (80 samples, 160 of 16 kHz where its codec is wide), and the digit under way that it gets as an event (or NULL). */
void sc_rtp_endpoint_hear(struct sc_rtp_endpoint *endpoint, const int16_t *heard, const struct sc_dtmf_sending *digit,
                          struct sc_packet_queue *out);

/* Whether what the party says just now may be the sound of a digit that came, or comes, as an event. */
bool sc_rtp_endpoint_event_sounds(const struct sc_rtp_endpoint *endpoint, uint64_t tick);

/* Once a tick: an RTCP report when it is time for one, every interval_ms or so (0 = never). `now_us` is of the clock of arrivals. */
void sc_rtp_endpoint_report(struct sc_rtp_endpoint *endpoint, uint32_t interval_ms, int64_t now_us, struct sc_packet_queue *out);

/* Fills what it knows: everything but levels and queue drops. */
void sc_rtp_endpoint_statistics(const struct sc_rtp_endpoint *endpoint, struct sc_rtp_statistics *out);

#endif

/* rtp_fixture.h: two RTP endpoints joined by memory queues, in virtual time, for the tests of RTP. */
#ifndef SC_RTP_FIXTURE_H
#define SC_RTP_FIXTURE_H

#include "check.h"
#include "g711.h"
#include "rtp.h"
#include "rtp_endpoint.h"
#include "rtp_latch.h"

#include <string.h>

static const struct sc_rtp_address address_a = { .length = 4, .bytes = { 10, 0, 0, 1 }, .port = 4000 };
static const struct sc_rtp_address address_b = { .length = 4, .bytes = { 10, 0, 0, 2 }, .port = 5000 };
static const struct sc_rtp_address stranger = { .length = 4, .bytes = { 6, 6, 6, 6 }, .port = 6666 };

/* Two parties whose packets reach one another at once: a sends, b receives. */
struct pair {
    struct sc_event_ring *events;
    struct sc_rtp_endpoint *a, *b;
    struct sc_packet_queue *from_a, *from_b;
    struct sc_plan_node node_a, node_b;
    uint64_t tick;
};

static inline struct sc_plan_node node_of(uint32_t id, const struct sc_rtp_address *remote, int32_t telephone_event)
{
    return (struct sc_plan_node){ .id = id, .kind = SC_NODE_RTP, .remote = *remote, .codec = SC_CODEC_PCMA,
                                  .telephone_event = telephone_event, .frame_ms = 20, .sends = true, .receives = true };
}

static inline void open_pair(struct pair *p)
{
    memset(p, 0, sizeof *p);
    CHECK_EQ(sc_event_ring_create(&p->events, 64), 0);
    struct sc_rtp_endpoint_settings settings = { .events = p->events, .seed = 3, .media_lost_ms = 1000 };
    CHECK_EQ(sc_rtp_endpoint_create(&p->a, &settings), 0);
    settings.seed = 4;
    CHECK_EQ(sc_rtp_endpoint_create(&p->b, &settings), 0);
    CHECK_EQ(sc_packet_queue_create(&p->from_a, 32), 0);
    CHECK_EQ(sc_packet_queue_create(&p->from_b, 32), 0);
    p->node_a = node_of(1, &address_b, 101);
    p->node_b = node_of(2, &address_a, 101);
    sc_rtp_endpoint_assign(p->a, &p->node_a);
    sc_rtp_endpoint_assign(p->b, &p->node_b);
}

static inline void close_pair(struct pair *p)
{
    sc_rtp_endpoint_destroy(p->a);
    sc_rtp_endpoint_destroy(p->b);
    sc_packet_queue_destroy(p->from_a);
    sc_packet_queue_destroy(p->from_b);
    sc_event_ring_destroy(p->events);
}

static inline struct sc_packet speech_packet(uint32_t ssrc, uint16_t sequence, const struct sc_rtp_address *from, uint64_t tick)
{
    uint8_t payload[160];
    struct sc_packet packet = { .peer = *from, .arrival_us = (int64_t)tick * 10000 };
    memset(payload, SC_ALAW_SILENCE, sizeof payload);
    struct sc_rtp_packet rtp = { .payload_type = 8, .sequence = sequence, .timestamp = sequence * 160u, .ssrc = ssrc,
                                 .payload = payload, .payload_length = sizeof payload };
    packet.length = (uint16_t)sc_rtp_build(packet.bytes, sizeof packet.bytes, &rtp);
    return packet;
}

static inline void give_speech(struct pair *p, uint32_t ssrc, uint16_t sequence, const struct sc_rtp_address *from)
{
    struct sc_packet packet = speech_packet(ssrc, sequence, from, p->tick);
    sc_rtp_endpoint_receive(p->b, &packet, p->tick);
}

static inline struct sc_rtp_statistics figures(const struct pair *p)
{
    struct sc_rtp_statistics out;
    sc_rtp_endpoint_statistics(p->b, &out);
    return out;
}

#endif

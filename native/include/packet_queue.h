/* packet_queue.h: packets with their peer's address between a thread of the network and the tick: a bounded ring with
 * one writer and one reader, no locks. What does not fit is dropped and counted. */
#ifndef SC_PACKET_QUEUE_H
#define SC_PACKET_QUEUE_H

#include "plan.h"

#define SC_PACKET_MAX 640       /* 60 ms of G.711, header, contributors and extension: more is no speech packet */

struct sc_packet {
    int64_t arrival_us;
    struct sc_rtp_address peer;
    bool control;               /* RTCP, to or from the odd port of a pair */
    uint16_t length;
    uint8_t bytes[SC_PACKET_MAX];
};

struct sc_packet_queue;

/* Room for at least `capacity` packets (1 .. 1024). EINVAL, ENOMEM. */
int sc_packet_queue_create(struct sc_packet_queue **out, size_t capacity);
void sc_packet_queue_destroy(struct sc_packet_queue *queue);

/* Writer: the place to write the next packet into, or NULL when the queue is full (counted); _commit publishes it. */
struct sc_packet *sc_packet_queue_place(struct sc_packet_queue *queue);
void sc_packet_queue_commit(struct sc_packet_queue *queue);

/* Reader: the oldest packet, or NULL; _release gives its place back. */
const struct sc_packet *sc_packet_queue_oldest(struct sc_packet_queue *queue);
void sc_packet_queue_release(struct sc_packet_queue *queue);

/* Any thread: packets that found no room. */
uint64_t sc_packet_queue_dropped(const struct sc_packet_queue *queue);

#endif

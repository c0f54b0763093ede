/* udp_sockets.h: the RTP port pairs of a core: bound once, read by one thread of their own, written after each tick.
 *
 * The thread moves datagrams into each socket's queue, at most SC_UDP_DRAIN of a socket in SC_UDP_ROUND_MS: a flood
 * fills the kernel's buffer of that socket and starves only itself. What comes to or goes to the odd port of a pair (RTCP) is marked
 * so in its packet. */
#ifndef SC_UDP_SOCKETS_H
#define SC_UDP_SOCKETS_H

#include "packet_queue.h"
#include "plan.h"

#define SC_UDP_DRAIN 16
#define SC_UDP_ROUND_MS 5

struct sc_udp_sockets;

struct sc_udp_settings {
    struct sc_rtp_address local;        /* address, and the first even port */
    uint32_t count;
    struct sc_packet_queue *const *in;  /* `count` queues that outlive the sockets; the thread writes them */
    struct sc_packet_queue *const *out; /* read by sc_udp_sockets_flush */
};

/* Binds all, starts the thread. EINVAL, ENOMEM, and the errno of socket, bind or pthread_create; *failed_port is then
 * the port that could not be bound, or 0. */
int sc_udp_sockets_create(struct sc_udp_sockets **out, const struct sc_udp_settings *settings, uint32_t *failed_port);

/* Stops the thread, closes the sockets; NULL is allowed. */
void sc_udp_sockets_destroy(struct sc_udp_sockets *sockets);

/* Sends what the tick has queued. Never blocks; what the kernel refuses is lost and counted. */
void sc_udp_sockets_flush(struct sc_udp_sockets *sockets);

/* Datagrams the kernel refused to send. */
uint64_t sc_udp_sockets_refused(const struct sc_udp_sockets *sockets);

#endif

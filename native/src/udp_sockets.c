/* udp_sockets.c: RTP port pairs on UDP.
 *
 * How: all pairs are bound at create, non-blocking. One thread waits in epoll and moves at most SC_UDP_DRAIN datagrams of a
 * socket into its pair's queue, RTCP marked as such; when a socket had that many, the thread rests SC_UDP_ROUND_MS before the next round, so a flood
 * overflows the kernel's buffer of its own socket and costs a bounded share of a core. Sending happens after the tick.
 * Assumes that only the tick's thread calls _flush.
 * Measured (tests/media/test_core_udp.py): a flood of one socket leaves the other sockets' audio whole. */
#include "udp_sockets.h"

#include "alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 16                    /* sockets that one epoll_wait reports */
#define RECEIVE_BUFFER_BYTES 65536  /* 300 packets of 20 ms: 6 s of one stream */
#define STOP UINT32_MAX             /* epoll's mark of the eventfd that ends the thread */
#define EXPEDITED 0xB8              /* DSCP EF, RFC 3246: speech */

struct pair {
    int rtp, rtcp;                  /* descriptors, -1 = none */
};

struct sc_udp_sockets {
    uint32_t count;
    struct pair *pairs;
    struct sc_packet_queue **in, **out;
    int epoll_fd, stop_fd;
    pthread_t thread;
    bool running;
    _Atomic uint64_t refused;
};

/* --- addresses --------------------------------------------------------------------------------------------------- */

static socklen_t to_kernel(struct sockaddr_storage *out, const struct sc_rtp_address *address, uint16_t port)
{
    memset(out, 0, sizeof *out);
    if (address->length == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, address->bytes, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, address->bytes, 16);
    return sizeof *in6;
}

static void from_kernel(struct sc_rtp_address *out, const struct sockaddr_storage *address)
{
    memset(out, 0, sizeof *out);
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        out->length = 4;
        out->port = ntohs(in->sin_port);
        memcpy(out->bytes, &in->sin_addr, 4);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        out->length = 16;
        out->port = ntohs(in6->sin6_port);
        memcpy(out->bytes, &in6->sin6_addr, 16);
    }
}

/* --- the receiving thread ---------------------------------------------------------------------------------------- */

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* One datagram; false when none waits. What is too long for speech, or finds no room, is read and dropped. */
static bool receive(int fd, struct sc_packet_queue *queue, bool control)
{
    uint8_t dropped[1];
    struct sockaddr_storage source;
    socklen_t size = sizeof source;
    struct sc_packet *place = sc_packet_queue_place(queue);
    uint8_t *bytes = place != NULL ? place->bytes : dropped;
    size_t room = place != NULL ? sizeof place->bytes : sizeof dropped;
    ssize_t n = recvfrom(fd, bytes, room, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&source, &size);
    if (n < 0)
        return errno != EAGAIN && errno != EWOULDBLOCK;
    if (place == NULL || (size_t)n > room)
        return true;
    place->control = control;
    place->length = (uint16_t)n;
    place->arrival_us = now_us();
    from_kernel(&place->peer, &source);
    sc_packet_queue_commit(queue);
    return true;
}

/* True when there may be more. */
static bool drain(int fd, struct sc_packet_queue *queue, bool control)
{
    for (int i = 0; i < SC_UDP_DRAIN; i++)
        if (!receive(fd, queue, control))
            return false;
    return true;
}

static void *run(void *self)
{
    struct sc_udp_sockets *sockets = self;
    struct epoll_event ready[BATCH];
    struct timespec round = { .tv_nsec = SC_UDP_ROUND_MS * 1000000 };
    for (;;) {
        int n = epoll_wait(sockets->epoll_fd, ready, BATCH, -1);
        bool flood = false;
        for (int i = 0; i < n; i++) {
            uint32_t index = ready[i].data.u32;
            if (index == STOP)
                return NULL;
            const struct pair *pair = &sockets->pairs[index / 2];
            bool control = index % 2 != 0;
            flood |= drain(control ? pair->rtcp : pair->rtp, sockets->in[index / 2], control);
        }
        if (flood)
            nanosleep(&round, NULL);
    }
}

/* --- making ------------------------------------------------------------------------------------------------------ */

static int bind_one(int *out, const struct sc_rtp_address *local, uint16_t port)
{
    struct sockaddr_storage address;
    socklen_t size = to_kernel(&address, local, port);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int bytes = RECEIVE_BUFFER_BYTES, class = EXPEDITED;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); /* a wish; so is the traffic class */
    if (local->length == 4)
        (void)setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof class);
    else
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
    if (bind(fd, (struct sockaddr *)&address, size) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

static int bind_pair(struct sc_udp_sockets *sockets, uint32_t i, const struct sc_rtp_address *local,
                     uint32_t *failed_port)
{
    struct pair *pair = &sockets->pairs[i];
    uint32_t port = local->port + 2 * i;
    *failed_port = port;
    int error = port + 1 > UINT16_MAX ? EINVAL : bind_one(&pair->rtp, local, (uint16_t)port);
    if (error != 0)
        return error;
    *failed_port = port + 1;
    error = bind_one(&pair->rtcp, local, (uint16_t)(port + 1));
    if (error != 0)
        return error;
    *failed_port = 0;
    struct epoll_event speech = { .events = EPOLLIN, .data.u32 = 2 * i }, control = { .events = EPOLLIN, .data.u32 = 2 * i + 1 };
    bool watched = epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, pair->rtp, &speech) == 0 &&
                   epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, pair->rtcp, &control) == 0;
    return watched ? 0 : errno;
}

static int start(struct sc_udp_sockets *sockets)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&sockets->thread, NULL, run, sockets);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    sockets->running = error == 0;
    return error;
}

static int make(struct sc_udp_sockets *sockets, const struct sc_udp_settings *settings, uint32_t *failed_port)
{
    struct epoll_event stop = { .events = EPOLLIN, .data.u32 = STOP };
    sockets->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    sockets->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sockets->epoll_fd < 0 || sockets->stop_fd < 0)
        return errno;
    if (epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, sockets->stop_fd, &stop) != 0)
        return errno;
    for (uint32_t i = 0; i < sockets->count; i++) {
        sockets->in[i] = settings->in[i];
        sockets->out[i] = settings->out[i];
        int error = bind_pair(sockets, i, &settings->local, failed_port);
        if (error != 0)
            return error;
    }
    return start(sockets);
}

int sc_udp_sockets_create(struct sc_udp_sockets **out, const struct sc_udp_settings *settings, uint32_t *failed_port)
{
    *failed_port = 0;
    if (settings->count == 0 || (settings->local.length != 4 && settings->local.length != 16) ||
        settings->local.port % 2 != 0)
        return EINVAL;
    struct sc_udp_sockets *sockets = sc_alloc(sizeof *sockets);
    if (sockets == NULL)
        return ENOMEM;
    sockets->epoll_fd = sockets->stop_fd = -1;
    sockets->count = settings->count;
    sockets->pairs = sc_alloc(settings->count * sizeof *sockets->pairs);
    sockets->in = sc_alloc(settings->count * sizeof *sockets->in);
    sockets->out = sc_alloc(settings->count * sizeof *sockets->out);
    for (uint32_t i = 0; sockets->pairs != NULL && i < settings->count; i++)
        sockets->pairs[i] = (struct pair){ .rtp = -1, .rtcp = -1 };
    bool whole = sockets->pairs != NULL && sockets->in != NULL && sockets->out != NULL;
    int error = whole ? make(sockets, settings, failed_port) : ENOMEM;
    if (error != 0) {
        sc_udp_sockets_destroy(sockets);
        return error;
    }
    *out = sockets;
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void sc_udp_sockets_destroy(struct sc_udp_sockets *sockets)
{
    uint64_t one = 1;
    if (sockets == NULL)
        return;
    if (sockets->running) {
        (void)!write(sockets->stop_fd, &one, sizeof one); /* an eventfd at 0 takes it */
        pthread_join(sockets->thread, NULL);
    }
    for (uint32_t i = 0; sockets->pairs != NULL && i < sockets->count; i++) {
        close_if_open(sockets->pairs[i].rtp);
        close_if_open(sockets->pairs[i].rtcp);
    }
    close_if_open(sockets->epoll_fd);
    close_if_open(sockets->stop_fd);
    sc_free(sockets->pairs);
    sc_free(sockets->in);
    sc_free(sockets->out);
    sc_free(sockets);
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

void sc_udp_sockets_flush(struct sc_udp_sockets *sockets)
{
    for (uint32_t i = 0; i < sockets->count; i++) {
        const struct sc_packet *packet;
        while ((packet = sc_packet_queue_oldest(sockets->out[i])) != NULL) {
            struct sockaddr_storage address;
            socklen_t size = to_kernel(&address, &packet->peer, packet->peer.port);
            int fd = packet->control ? sockets->pairs[i].rtcp : sockets->pairs[i].rtp;
            if (sendto(fd, packet->bytes, packet->length, MSG_DONTWAIT | MSG_NOSIGNAL,
                       (struct sockaddr *)&address, size) < 0)
                atomic_fetch_add_explicit(&sockets->refused, 1, memory_order_relaxed);
            sc_packet_queue_release(sockets->out[i]);
        }
    }
}

uint64_t sc_udp_sockets_refused(const struct sc_udp_sockets *sockets)
{
    return atomic_load_explicit(&sockets->refused, memory_order_relaxed);
}

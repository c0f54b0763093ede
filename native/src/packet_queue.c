/* packet_queue.c: a bounded ring of packets, one writer and one reader, written and read in place.
 *
 * How: free-running indices published with release and read with acquire; capacity rounded up to a power of two.
 * Assumes one writing and one reading thread at a time.
 * Measured (test_packet_queue.c): order kept between two threads, drops counted exactly. */
#include "packet_queue.h"

#include "alloc.h"

#include <errno.h>
#include <stdatomic.h>

#define CAPACITY_MAX ((size_t)1024)

struct sc_packet_queue {
    struct sc_packet *packets;
    size_t mask;
    _Alignas(64) _Atomic size_t written;
    _Alignas(64) _Atomic size_t taken;
    _Alignas(64) _Atomic uint64_t dropped;
};

int sc_packet_queue_create(struct sc_packet_queue **out, size_t capacity)
{
    if (capacity == 0 || capacity > CAPACITY_MAX)
        return EINVAL;
    size_t rounded = 1;
    while (rounded < capacity)
        rounded *= 2;
    struct sc_packet_queue *queue = sc_alloc(sizeof *queue);
    if (queue == NULL)
        return ENOMEM;
    queue->packets = sc_alloc(rounded * sizeof *queue->packets);
    if (queue->packets == NULL) {
        sc_free(queue);
        return ENOMEM;
    }
    queue->mask = rounded - 1;
    *out = queue;
    return 0;
}

void sc_packet_queue_destroy(struct sc_packet_queue *queue)
{
    if (queue == NULL)
        return;
    sc_free(queue->packets);
    sc_free(queue);
}

struct sc_packet *sc_packet_queue_place(struct sc_packet_queue *queue)
{
    size_t written = atomic_load_explicit(&queue->written, memory_order_relaxed);
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_acquire);
    if (written - taken > queue->mask) {
        atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
        return NULL;
    }
    return &queue->packets[written & queue->mask];
}

void sc_packet_queue_commit(struct sc_packet_queue *queue)
{
    size_t written = atomic_load_explicit(&queue->written, memory_order_relaxed);
    atomic_store_explicit(&queue->written, written + 1, memory_order_release);
}

const struct sc_packet *sc_packet_queue_oldest(struct sc_packet_queue *queue)
{
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    size_t written = atomic_load_explicit(&queue->written, memory_order_acquire);
    return taken == written ? NULL : &queue->packets[taken & queue->mask];
}

void sc_packet_queue_release(struct sc_packet_queue *queue)
{
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    atomic_store_explicit(&queue->taken, taken + 1, memory_order_release);
}

uint64_t sc_packet_queue_dropped(const struct sc_packet_queue *queue)
{
    return atomic_load_explicit(&queue->dropped, memory_order_relaxed);
}

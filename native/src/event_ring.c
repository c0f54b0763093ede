/* event_ring.c: a bounded ring between the tick and the control plane.
 *
 * How: one writer and one reader, each with its own free-running index; the writer publishes with release and the
 * reader takes with acquire, so neither ever waits. Capacity is rounded up to a power of two.
 * Assumes exactly one writing and one reading thread at a time (the core serialises its readers).
 * Measured (test_event_ring.c): order kept and nothing lost over a million events between two threads. */
#include "event_ring.h"

#include "alloc.h"

#include <errno.h>
#include <stdatomic.h>

#define CAPACITY_MAX ((size_t)65536)

struct sc_event_ring {
    struct sc_event *events;
    size_t mask;
    _Alignas(64) _Atomic size_t written;
    _Alignas(64) _Atomic size_t taken;
    _Alignas(64) _Atomic uint64_t dropped;
    _Atomic uint64_t pushed;
};

int sc_event_ring_create(struct sc_event_ring **out, size_t capacity)
{
    if (capacity == 0 || capacity > CAPACITY_MAX)
        return EINVAL;
    size_t rounded = 1;
    while (rounded < capacity)
        rounded *= 2;
    struct sc_event_ring *ring = sc_alloc(sizeof *ring);
    if (ring == NULL)
        return ENOMEM;
    ring->events = sc_alloc(rounded * sizeof *ring->events);
    if (ring->events == NULL) {
        sc_free(ring);
        return ENOMEM;
    }
    ring->mask = rounded - 1;
    *out = ring;
    return 0;
}

void sc_event_ring_destroy(struct sc_event_ring *ring)
{
    if (ring == NULL)
        return;
    sc_free(ring->events);
    sc_free(ring);
}

bool sc_event_ring_push(struct sc_event_ring *ring, const struct sc_event *event)
{
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    size_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    if (written - taken > ring->mask) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        return false;
    }
    ring->events[written & ring->mask] = *event;
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
    atomic_fetch_add_explicit(&ring->pushed, 1, memory_order_relaxed);
    return true;
}

bool sc_event_ring_pop(struct sc_event_ring *ring, struct sc_event *event)
{
    size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    size_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
    if (taken == written)
        return false;
    *event = ring->events[taken & ring->mask];
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return true;
}

uint64_t sc_event_ring_dropped(const struct sc_event_ring *ring)
{
    return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}

uint64_t sc_event_ring_pushed(const struct sc_event_ring *ring)
{
    return atomic_load_explicit(&ring->pushed, memory_order_relaxed);
}

/* Tests of event_ring.c and packet_queue.c: order, overflow, two threads, failing allocations. */
#include "alloc.h"
#include "check.h"
#include "event_ring.h"
#include "packet_queue.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define MANY 200000u

static void events_come_out_in_order(void)
{
    struct sc_event_ring *ring;
    struct sc_event event = { .kind = SC_EVENT_DIGIT_HEARD };
    CHECK_EQ(sc_event_ring_create(&ring, 5), 0);
    for (uint32_t round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < 5; i++) {
            event.node = round * 5 + i;
            CHECK(sc_event_ring_push(ring, &event));
        }
        for (uint32_t i = 0; i < 5; i++) {
            CHECK(sc_event_ring_pop(ring, &event));
            CHECK_EQ(event.node, round * 5 + i);
        }
        CHECK(!sc_event_ring_pop(ring, &event));
    }
    CHECK_EQ(sc_event_ring_dropped(ring), 0);
    sc_event_ring_destroy(ring);
}

static void overflow_drops_the_newest_and_counts(void)
{
    struct sc_event_ring *ring;
    struct sc_event event = { .kind = SC_EVENT_DIGIT_HEARD };
    CHECK_EQ(sc_event_ring_create(&ring, 8), 0);
    for (event.node = 0; event.node < 11; event.node++)
        CHECK_EQ(sc_event_ring_push(ring, &event), event.node < 8);
    CHECK_EQ(sc_event_ring_dropped(ring), 3);
    CHECK_EQ(sc_event_ring_pushed(ring), 8);
    for (uint32_t i = 0; i < 8; i++) {
        CHECK(sc_event_ring_pop(ring, &event));
        CHECK_EQ(event.node, i);
    }
    CHECK(!sc_event_ring_pop(ring, &event));
    sc_event_ring_destroy(ring);
}

static void *write_many(void *self)
{
    struct sc_event event = { .kind = SC_EVENT_DIGIT_HEARD };
    for (event.node = 0; event.node < MANY; event.node++)
        while (!sc_event_ring_push(self, &event))
            sched_yield();
    return NULL;
}

static void two_threads_lose_nothing(void)
{
    struct sc_event_ring *ring;
    struct sc_event event;
    pthread_t writer;
    uint32_t wrong = 0;
    CHECK_EQ(sc_event_ring_create(&ring, 64), 0);
    CHECK_EQ(pthread_create(&writer, NULL, write_many, ring), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        while (!sc_event_ring_pop(ring, &event))
            sched_yield();
        wrong += event.node != i;
    }
    pthread_join(writer, NULL);
    CHECK_EQ(wrong, 0);
    sc_event_ring_destroy(ring);
}

static void *write_packets(void *self)
{
    for (uint32_t i = 0; i < MANY; i++) {
        struct sc_packet *place;
        while ((place = sc_packet_queue_place(self)) == NULL)
            sched_yield();
        place->length = (uint16_t)(1 + i % SC_PACKET_MAX);
        memset(place->bytes, (int)(i & 0xFF), place->length);
        sc_packet_queue_commit(self);
    }
    return NULL;
}

static void packets_pass_between_threads_whole(void)
{
    struct sc_packet_queue *queue;
    pthread_t writer;
    uint32_t wrong = 0;
    CHECK_EQ(sc_packet_queue_create(&queue, 20), 0);
    CHECK_EQ(pthread_create(&writer, NULL, write_packets, queue), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct sc_packet *packet;
        while ((packet = sc_packet_queue_oldest(queue)) == NULL)
            sched_yield();
        wrong += packet->length != 1 + i % SC_PACKET_MAX || packet->bytes[packet->length - 1] != (i & 0xFF);
        sc_packet_queue_release(queue);
    }
    pthread_join(writer, NULL);
    CHECK_EQ(wrong, 0);
    CHECK(sc_packet_queue_oldest(queue) == NULL);
    sc_packet_queue_destroy(queue);
}

static void a_full_queue_counts_what_it_drops(void)
{
    struct sc_packet_queue *queue;
    CHECK_EQ(sc_packet_queue_create(&queue, 4), 0);
    for (int i = 0; i < 6; i++)
        if (sc_packet_queue_place(queue) != NULL)
            sc_packet_queue_commit(queue);
    CHECK_EQ(sc_packet_queue_dropped(queue), 2);
    sc_packet_queue_destroy(queue);
}

static void bad_sizes_and_failing_allocations_are_refused(void)
{
    struct sc_event_ring *ring = NULL;
    struct sc_packet_queue *queue = NULL;
    long held = sc_alloc_held();
    CHECK_EQ(sc_event_ring_create(&ring, 0), EINVAL);
    CHECK_EQ(sc_event_ring_create(&ring, 65537), EINVAL);
    CHECK_EQ(sc_packet_queue_create(&queue, 0), EINVAL);
    for (long n = 0; n < 2; n++) {
        sc_alloc_fail_after(n);
        CHECK_EQ(sc_event_ring_create(&ring, 8), ENOMEM);
        sc_alloc_fail_after(n);
        CHECK_EQ(sc_packet_queue_create(&queue, 8), ENOMEM);
    }
    sc_alloc_fail_after(-1);
    CHECK(ring == NULL && queue == NULL);
    CHECK_EQ(sc_alloc_held(), held);
    sc_event_ring_destroy(NULL);
    sc_packet_queue_destroy(NULL);
}

int main(void)
{
    RUN(events_come_out_in_order);
    RUN(overflow_drops_the_newest_and_counts);
    RUN(two_threads_lose_nothing);
    RUN(packets_pass_between_threads_whole);
    RUN(a_full_queue_counts_what_it_drops);
    RUN(bad_sizes_and_failing_allocations_are_refused);
    return CHECK_DONE();
}

/* Tests of rtp_latch.c through an endpoint: whose packets count, and where ours go. */
#include "rtp_fixture.h"

static void a_party_behind_a_nat_is_latched_after_three_packets(void)
{
    struct pair p;
    open_pair(&p);
    give_speech(&p, 1, 10, &stranger);
    give_speech(&p, 1, 11, &stranger);
    CHECK(!figures(&p).latched);
    give_speech(&p, 1, 12, &stranger);
    CHECK(figures(&p).latched);
    struct sc_rtp_address latch = figures(&p).latch;
    CHECK(sc_rtp_address_equal(&latch, &stranger));
    int16_t silence[SC_TICK_SAMPLES] = { 0 };
    sc_rtp_endpoint_hear(p.b, silence, NULL, p.from_b);
    sc_rtp_endpoint_hear(p.b, silence, NULL, p.from_b);
    const struct sc_packet *packet = sc_packet_queue_oldest(p.from_b);
    CHECK(packet != NULL && sc_rtp_address_equal(&packet->peer, &stranger));     /* symmetric */
    close_pair(&p);
}

static void scattered_packets_never_latch(void)
{
    struct pair p;
    open_pair(&p);
    for (uint16_t i = 0; i < 200; i++)
        give_speech(&p, i, (uint16_t)(i * 7), &stranger);
    CHECK(!figures(&p).latched);
    CHECK_EQ(figures(&p).foreign, 200);
    close_pair(&p);
}

static void a_latched_party_cannot_be_hijacked(void)
{
    struct pair p;
    open_pair(&p);
    give_speech(&p, 1, 10, &address_a);
    CHECK(figures(&p).latched);
    for (uint16_t i = 0; i < 500; i++, p.tick++)        /* 5 s of flood while the party is silent */
        give_speech(&p, 666, i, &stranger);
    struct sc_rtp_address latch = figures(&p).latch;
    CHECK(sc_rtp_address_equal(&latch, &address_a));
    CHECK_EQ(figures(&p).foreign, 500);
    close_pair(&p);
}

static void who_came_first_by_a_flood_yields_to_the_sdp(void)
{
    struct pair p;
    open_pair(&p);
    for (uint16_t i = 0; i < 10; i++)
        give_speech(&p, 666, i, &stranger);
    for (uint16_t i = 0; i < 3; i++)
        give_speech(&p, 1, i, &address_a);
    struct sc_rtp_address latch = figures(&p).latch;
    CHECK(sc_rtp_address_equal(&latch, &address_a));
    close_pair(&p);
}

static void a_nat_may_move_the_same_stream(void)
{
    struct pair p;
    open_pair(&p);
    give_speech(&p, 1, 10, &address_a);
    for (uint16_t i = 11; i < 20; i++)
        give_speech(&p, 1, i, &stranger);               /* at once: no */
    struct sc_rtp_address latch = figures(&p).latch;
    CHECK(sc_rtp_address_equal(&latch, &address_a));
    p.tick += 30;
    for (uint16_t i = 20; i < 24; i++)
        give_speech(&p, 1, i, &stranger);               /* after 300 ms of silence: yes */
    latch = figures(&p).latch;
    CHECK(sc_rtp_address_equal(&latch, &stranger));
    close_pair(&p);
}

static void a_new_address_in_the_sdp_starts_anew(void)
{
    struct pair p;
    open_pair(&p);
    give_speech(&p, 1, 10, &address_a);
    struct sc_plan_node moved = p.node_b;
    moved.remote = stranger;
    sc_rtp_endpoint_assign(p.b, &moved);
    CHECK(!figures(&p).latched);
    CHECK_EQ(figures(&p).received, 1);                  /* the same node: its counters go on */
    give_speech(&p, 2, 77, &stranger);
    CHECK(figures(&p).latched);
    close_pair(&p);
}

int main(void)
{
    RUN(a_party_behind_a_nat_is_latched_after_three_packets);
    RUN(scattered_packets_never_latch);
    RUN(a_latched_party_cannot_be_hijacked);
    RUN(who_came_first_by_a_flood_yields_to_the_sdp);
    RUN(a_nat_may_move_the_same_stream);
    RUN(a_new_address_in_the_sdp_starts_anew);
    return CHECK_DONE();
}

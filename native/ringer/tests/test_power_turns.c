/* Several modules share a supply: how many have power at once, whose turn it is, and that nobody waits for ever. */
#include "check.h"
#include "../power_turns.h"
#include "module.h"

#define PORTS 6

static const struct rg_plan RUSSIAN = { .frequency_hz = 25, .part_count = 2, .part_ms = { 1000, 4000 } };

static struct module modules[PORTS];
static struct rg_port *ports[PORTS];

static void make(void)
{
    static const struct rg_port_settings PLAIN = { 0 };
    for (int i = 0; i < PORTS; i++) {
        modules[i] = module_at_rest();
        CHECK_EQ(rg_port_create(&ports[i], &PLAIN, module_pins(&modules[i]), 0), 0);
    }
}

static void unmake(void)
{
    for (int i = 0; i < PORTS; i++)
        rg_port_destroy(ports[i]);
}

static void at(int64_t now_ns)
{
    for (int i = 0; i < PORTS; i++)
        modules[i].now_ns = now_ns;
}

/* Lets time pass; returns the most modules that had power in one instant. */
static uint32_t pass(uint32_t at_once, int64_t until_ns)
{
    uint32_t most = 0;
    int64_t now_ns = modules[0].now_ns;
    while (now_ns < until_ns) {
        int64_t wanted = rg_turns_run(ports, PORTS, at_once, now_ns);
        uint32_t powered = 0;
        for (int i = 0; i < PORTS; i++)
            powered += modules[i].power ? 1 : 0;
        most = powered > most ? powered : most;
        CHECK(wanted >= now_ns);
        now_ns = wanted >= until_ns ? until_ns : wanted > now_ns ? wanted : now_ns + 1;
        at(now_ns);
    }
    return most;
}

static void everybody_rings_and_never_more_than_allowed_at_once(void)
{
    make();
    for (int i = 0; i < PORTS; i++)
        rg_port_order(ports[i], &RUSSIAN, 0);
    CHECK_EQ(pass(2, 60 * SECOND), 2);
    for (int i = 0; i < PORTS; i++) {
        CHECK_NEAR(changes_of(&modules[i], RG_RING_MODE, true), 12, 1);
        CHECK_EQ(nth_change(&modules[i], RG_RING_MODE, true, 0).at_ns, (int64_t)(i / 2) * 1012 * MS);
    }
    unmake();
}

static void without_a_limit_all_ring_in_the_same_instant(void)
{
    make();
    for (int i = 0; i < PORTS; i++)
        rg_port_order(ports[i], &RUSSIAN, 0);
    CHECK_EQ(pass(PORTS, 2 * SECOND), PORTS);
    unmake();
}

static void who_gives_his_power_back_lets_the_next_one_begin_at_once(void)
{
    make();
    rg_port_order(ports[4], &RUSSIAN, 0);
    (void)pass(1, 10 * MS);
    rg_port_order(ports[0], &RUSSIAN, 10 * MS);
    (void)pass(1, 200 * MS);
    modules[4].lifted_ns = 200 * MS;
    (void)pass(1, 2 * SECOND);
    int64_t free_ns = nth_change(&modules[4], RG_RING_MODE, false, 0).at_ns;
    CHECK(free_ns < 300 * MS);
    CHECK_EQ(nth_change(&modules[0], RG_RING_MODE, true, 0).at_ns, free_ns);
    unmake();
}

static void one_that_has_used_up_its_share_keeps_nobody_else_waiting(void)
{
    static const struct rg_plan LONG = { .frequency_hz = 20, .part_count = 2, .part_ms = { 2000, 4000 } };
    make();
    rg_port_order(ports[0], &LONG, 0);
    (void)pass(1, 2050 * MS);
    rg_port_rest(ports[0], modules[0].now_ns);
    rg_port_order(ports[0], &LONG, modules[0].now_ns); /* rung anew: its bucket is not full enough yet */
    rg_port_order(ports[1], &RUSSIAN, modules[0].now_ns);
    (void)pass(1, 2060 * MS);
    CHECK_EQ(nth_change(&modules[1], RG_RING_MODE, true, 0).at_ns, 2050 * MS);
    unmake();
}

int main(void)
{
    RUN(everybody_rings_and_never_more_than_allowed_at_once);
    RUN(without_a_limit_all_ring_in_the_same_instant);
    RUN(who_gives_his_power_back_lets_the_next_one_begin_at_once);
    RUN(one_that_has_used_up_its_share_keeps_nobody_else_waiting);
    return CHECK_DONE();
}

/* One module's ringing in virtual time: cadence, frequency, the order of pins, ring trip, the power limit, failing pins. */
#include "check.h"
#include "module.h"

static const struct rg_plan RUSSIAN = { .frequency_hz = 25, .part_count = 2, .part_ms = { 1000, 4000 } };
static const struct rg_plan BRITISH = { .frequency_hz = 25, .part_count = 4, .part_ms = { 400, 200, 400, 2000 } };
static const struct rg_plan AMERICAN = { .frequency_hz = 20, .part_count = 2, .part_ms = { 2000, 4000 } };
static const struct rg_port_settings PLAIN = { 0 };

/* Lets time pass; the port is run when it asked to, and late by `late_ns`. */
static void pass(struct rg_port *port, struct module *module, int64_t until_ns, int64_t late_ns)
{
    for (;;) {
        int64_t wanted = rg_port_run(port, module->now_ns, true);
        int64_t next = wanted == RG_NEVER ? until_ns : wanted + late_ns;
        if (next >= until_ns) {
            module->now_ns = until_ns;
            (void)rg_port_run(port, until_ns, true);
            return;
        }
        CHECK(next >= module->now_ns);
        module->now_ns = next > module->now_ns ? next : module->now_ns + 1;
    }
}

static struct rg_port *made(struct module *module, const struct rg_port_settings *settings)
{
    struct rg_port *port = NULL;
    *module = module_at_rest();
    CHECK_EQ(rg_port_create(&port, settings, module_pins(module), 0), 0);
    return port;
}

static void a_bell_rings_in_its_cadence_until_it_is_stopped(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 12 * SECOND, 0);
    for (size_t burst = 0; burst < 3; burst++) {
        CHECK_EQ(nth_change(&module, RG_RING_MODE, true, burst).at_ns, (int64_t)burst * 5 * SECOND);
        if (burst < 2)
            CHECK_EQ(nth_change(&module, RG_RING_MODE, false, burst).at_ns, (int64_t)burst * 5 * SECOND + 1012 * MS);
    }
    rg_port_rest(port, module.now_ns);
    pass(port, &module, 60 * SECOND, 0);
    CHECK_EQ(changes_of(&module, RG_RING_MODE, true), 3);
    CHECK(rg_port_is_idle(port) && !module.power && module.forward);
    rg_port_destroy(port);
}

static void so_many_rounds_are_rung_and_told(void)
{
    static struct module module;
    struct rg_plan plan = BRITISH;
    struct rg_port *port = made(&module, &PLAIN);
    plan.rounds = 2;
    rg_port_order(port, &plan, 0);
    pass(port, &module, 3900 * MS, 0);
    CHECK_EQ(rg_port_finished(port), 0);
    pass(port, &module, 4013 * MS, 0); /* the last burst ends at 3 + 0.6 + 0.4 s, its power 12 ms later */
    CHECK_EQ(rg_port_finished(port), 1);
    CHECK(rg_port_is_idle(port) && !module.power && module.forward);
    pass(port, &module, 60 * SECOND, 0);
    CHECK_EQ(changes_of(&module, RG_RING_MODE, true), 4);
    rg_port_order(port, &plan, module.now_ns);
    pass(port, &module, module.now_ns + SECOND / 2, 0);
    rg_port_rest(port, module.now_ns);
    pass(port, &module, module.now_ns + 60 * SECOND, 0);
    CHECK_EQ(rg_port_finished(port), 1); /* stopped, not rung to its end */
    rg_port_destroy(port);
}

static void a_reversed_line_rings_and_rests_reversed(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_reverse(port, true, 0);
    CHECK(!module.forward);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 3 * SECOND, 0);
    CHECK(!module.forward && !module.power);
    pass(port, &module, 5 * SECOND + 300 * MS, 0);
    rg_port_reverse(port, false, module.now_ns); /* in a burst: at its end */
    rg_port_rest(port, module.now_ns);
    CHECK(module.forward);
    pass(port, &module, 20 * SECOND, 0);
    CHECK(module.forward && !module.power);
    rg_port_destroy(port);
}

static void a_british_bell_rings_twice(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &BRITISH, 0);
    pass(port, &module, 6 * SECOND - MS, 0);
    static const int64_t BEGINS_MS[] = { 0, 600, 3000, 3600 };
    CHECK_EQ(changes_of(&module, RG_RING_MODE, true), 4);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(nth_change(&module, RG_RING_MODE, true, i).at_ns, BEGINS_MS[i] * MS);
    rg_port_destroy(port);
}

static void f_r_has_the_frequency_and_late_runs_do_not_add_up(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 990 * MS, 300000);
    size_t low = changes_of(&module, RG_FORWARD_REVERSE, false), high = changes_of(&module, RG_FORWARD_REVERSE, true);
    CHECK_EQ(low, 25); /* 25 Hz: so many times to reverse and back */
    CHECK_EQ(high, 25);
    for (size_t i = 0; i < low; i++)
        CHECK_NEAR(nth_change(&module, RG_FORWARD_REVERSE, false, i).at_ns, (int64_t)i * 40 * MS, 2 * MS);
    struct rg_port_statistics told;
    rg_port_statistics(port, &told);
    CHECK_EQ(told.half_periods, 49);
    CHECK(told.worst_half_us <= 2300);
    rg_port_destroy(port);
}

static void after_a_stall_the_phase_is_kept(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 100 * MS, 0);
    module.now_ns = 333 * MS; /* nothing ran for 233 ms: it is half period 16, an even one */
    (void)rg_port_run(port, module.now_ns, true);
    CHECK(!module.forward);
    pass(port, &module, 341 * MS, 0);
    CHECK(module.forward);
    struct rg_port_statistics told;
    rg_port_statistics(port, &told);
    CHECK_EQ(told.lateness[RG_LATENESS_BINS - 1], 1);
    rg_port_destroy(port);
}

static void ringing_ends_with_f_r_at_rest_and_rm_low_12_ms_later(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 305 * MS, 0);
    rg_port_rest(port, module.now_ns);
    CHECK(module.forward && module.power);
    pass(port, &module, 400 * MS, 0);
    CHECK_EQ(nth_change(&module, RG_RING_MODE, false, 0).at_ns, 317 * MS);
    rg_port_destroy(port);
}

static void lifting_in_a_burst_ends_the_ringing(void)
{
    for (int64_t half_ms = 10; half_ms <= 20; half_ms += 10) {
        static struct module module;
        struct rg_port *port = made(&module, &PLAIN);
        rg_port_order(port, &RUSSIAN, 0);
        module.lifted_ns = 503 * MS;
        module.pulse_half_ns = half_ms * MS;
        pass(port, &module, 30 * SECOND, 0);
        int64_t off_ns = nth_change(&module, RG_RING_MODE, false, 0).at_ns;
        CHECK(off_ns >= 503 * MS + 10 * MS && off_ns <= 503 * MS + 60 * MS);
        CHECK_EQ(changes_of(&module, RG_RING_MODE, true), 1);
        struct rg_port_statistics told;
        rg_port_statistics(port, &told);
        CHECK_EQ(told.trips, 1);
        CHECK(!told.rings && !told.power);
        rg_port_destroy(port);
    }
}

static void lifting_in_a_pause_lets_no_further_burst_begin(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    module.lifted_ns = 2 * SECOND;
    pass(port, &module, 30 * SECOND, 0);
    CHECK_EQ(changes_of(&module, RG_RING_MODE, true), 1);
    CHECK(rg_port_is_idle(port));
    rg_port_destroy(port);
}

static void a_bounce_as_a_burst_is_due_only_delays_it(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    module.lifted_ns = 0;
    module.hung_up_ns = 6 * MS;
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 2 * SECOND, 0);
    CHECK_EQ(nth_change(&module, RG_RING_MODE, true, 0).at_ns, 10 * MS);
    rg_port_destroy(port);
}

static void blips_at_every_edge_are_no_ring_trip(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    module.blip_ns = 3 * MS;
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 30 * SECOND, 0);
    struct rg_port_statistics told;
    rg_port_statistics(port, &told);
    CHECK_EQ(told.trips, 0);
    CHECK_EQ(told.bursts, 7);
    rg_port_destroy(port);
}

static void no_more_power_than_the_duty_limit_however_often_it_is_rung_anew(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    int64_t on_ns = 0;
    for (int round = 0; round < 100; round++) {
        rg_port_order(port, &AMERICAN, module.now_ns);
        pass(port, &module, module.now_ns + 700 * MS, 0);
        rg_port_rest(port, module.now_ns);
        pass(port, &module, module.now_ns + 50 * MS, 0);
    }
    for (size_t i = 0; i < changes_of(&module, RG_RING_MODE, false); i++)
        on_ns += nth_change(&module, RG_RING_MODE, false, i).at_ns - nth_change(&module, RG_RING_MODE, true, i).at_ns;
    CHECK((double)on_ns <= 0.334 * (double)module.now_ns + 3.1 * (double)SECOND);
    CHECK((double)on_ns >= 0.2 * (double)module.now_ns); /* and it is still rung */
    rg_port_destroy(port);
}

static void a_new_plan_begins_after_the_power_of_the_old_one_is_gone(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 100 * MS, 0);
    rg_port_order(port, &BRITISH, module.now_ns);
    pass(port, &module, 900 * MS, 0);
    CHECK_EQ(nth_change(&module, RG_RING_MODE, false, 0).at_ns, 112 * MS);
    CHECK(nth_change(&module, RG_RING_MODE, true, 1).at_ns >= 112 * MS);
    CHECK_EQ(nth_change(&module, RG_RING_MODE, true, 2).at_ns - nth_change(&module, RG_RING_MODE, true, 1).at_ns, 600 * MS);
    rg_port_destroy(port);
}

static void what_is_no_plan_is_refused(void)
{
    struct rg_plan plan = RUSSIAN;
    CHECK_EQ(rg_port_check(&PLAIN, &RUSSIAN), 0);
    CHECK_EQ(rg_port_check(&PLAIN, &BRITISH), 0);
    CHECK_EQ(rg_port_check(&PLAIN, &AMERICAN), 0);
    plan.frequency_hz = 14;
    CHECK_EQ(rg_port_check(&PLAIN, &plan), EINVAL);
    plan = RUSSIAN;
    plan.part_count = 3;
    CHECK_EQ(rg_port_check(&PLAIN, &plan), EINVAL);
    plan = RUSSIAN;
    plan.part_ms[1] = 0;
    CHECK_EQ(rg_port_check(&PLAIN, &plan), EINVAL);
    plan.part_ms[1] = 1900; /* more than a third of the time */
    CHECK_EQ(rg_port_check(&PLAIN, &plan), EDOM);
    plan = (struct rg_plan){ .frequency_hz = 25, .part_count = 2, .part_ms = { 4000, 20000 } };
    CHECK_EQ(rg_port_check(&PLAIN, &plan), EDOM); /* longer than the reserve lasts */
    struct rg_port *port = NULL;
    struct module module = module_at_rest();
    struct rg_port_settings wrong = { .drop_after_ms = 600 };
    CHECK_EQ(rg_port_create(&port, &wrong, module_pins(&module), 0), EINVAL);
    CHECK(port == NULL);
}

static void pins_that_fail_end_the_plan_and_are_counted(void)
{
    static struct module module;
    struct rg_port *port = made(&module, &PLAIN);
    rg_port_order(port, &RUSSIAN, 0);
    pass(port, &module, 100 * MS, 0);
    module.broken = EIO;
    pass(port, &module, 200 * MS, 0);
    struct rg_port_statistics told;
    rg_port_statistics(port, &told);
    CHECK_EQ(told.failures, 1);
    CHECK(rg_port_is_idle(port) && !told.rings);
    module.broken = 0;
    rg_port_order(port, &RUSSIAN, module.now_ns);
    pass(port, &module, 10 * SECOND, 0);
    CHECK(changes_of(&module, RG_RING_MODE, true) >= 2);
    rg_port_destroy(port);
    struct rg_port *none = NULL;
    module.broken = ENODEV;
    CHECK_EQ(rg_port_create(&none, &PLAIN, module_pins(&module), 0), ENODEV);
    CHECK(none == NULL);
}

int main(void)
{
    RUN(a_bell_rings_in_its_cadence_until_it_is_stopped);
    RUN(so_many_rounds_are_rung_and_told);
    RUN(a_reversed_line_rings_and_rests_reversed);
    RUN(a_british_bell_rings_twice);
    RUN(f_r_has_the_frequency_and_late_runs_do_not_add_up);
    RUN(after_a_stall_the_phase_is_kept);
    RUN(ringing_ends_with_f_r_at_rest_and_rm_low_12_ms_later);
    RUN(lifting_in_a_burst_ends_the_ringing);
    RUN(lifting_in_a_pause_lets_no_further_burst_begin);
    RUN(a_bounce_as_a_burst_is_due_only_delays_it);
    RUN(blips_at_every_edge_are_no_ring_trip);
    RUN(no_more_power_than_the_duty_limit_however_often_it_is_rung_anew);
    RUN(a_new_plan_begins_after_the_power_of_the_old_one_is_gone);
    RUN(what_is_no_plan_is_refused);
    RUN(pins_that_fail_end_the_plan_and_are_counted);
    return CHECK_DONE();
}

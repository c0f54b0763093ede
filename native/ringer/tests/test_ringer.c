/* The ringer as a whole, on its own thread and in real time, its kernel replaced by an `ioctl` of this test: that orders arrive,
 * pins go out through the uAPI's words, and the end leaves everything at rest. Times are the port's own tests. */
#include "check.h"
#include "../ringer.h"
#include "alloc.h"

#include <errno.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>

#define OUTPUTS 100     /* file descriptors that the test's kernel knows */
#define HOOKS 101
#define NO_LINES 102

static _Atomic uint64_t levels, ever_high; /* one thread writes at a time: the maker, then the ringer */
static _Atomic int toggles;

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    struct gpio_v2_line_values *values = va_arg(rest, struct gpio_v2_line_values *);
    va_end(rest);
    if (fd == NO_LINES) {
        errno = ENODEV;
        return -1;
    }
    if (request == GPIO_V2_LINE_SET_VALUES_IOCTL && fd == OUTPUTS) {
        uint64_t before = levels;
        levels = (levels & ~values->mask) | (values->bits & values->mask);
        ever_high |= levels;
        toggles += ((before ^ levels) >> 1 & 1) != 0 ? 1 : 0;
    } else if (request == GPIO_V2_LINE_GET_VALUES_IOCTL && fd == HOOKS) {
        values->bits = 0;
    }
    return 0;
}

static void wait_ms(long ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
}

static struct rg_ringer *made(void)
{
    static const struct rg_port_settings PORTS[] = {
        { .ring_mode_fd = OUTPUTS, .forward_reverse_fd = OUTPUTS,
          .ring_mode_bit = 0, .forward_reverse_bit = 1, .hook_fd = HOOKS, .hook_bit = 0 },
        { .ring_mode_fd = OUTPUTS, .forward_reverse_fd = OUTPUTS,
          .ring_mode_bit = 2, .forward_reverse_bit = 3, .hook_fd = HOOKS, .hook_bit = 1 },
    };
    struct rg_settings settings = { .port_count = 2, .ports = PORTS };
    struct rg_ringer *ringer = NULL;
    CHECK_EQ(rg_create(&ringer, &settings), 0);
    return ringer;
}

static void an_order_rings_until_another_stops_it(void)
{
    static const struct rg_plan PLAN = { .frequency_hz = 25, .part_count = 2, .part_ms = { 1000, 4000 } };
    struct rg_ringer *ringer = made();
    struct rg_port_statistics told = { 0 };
    CHECK_EQ(levels, 10); /* both F/R at rest, both RM low */
    CHECK_EQ(rg_ring(ringer, 0, &PLAN), 0);
    for (int patience = 0; patience < 2000 && told.half_periods < 5; patience++) {
        wait_ms(5);
        CHECK_EQ(rg_statistics(ringer, 0, &told), 0);
    }
    CHECK(told.rings && told.half_periods >= 5 && toggles >= 5);
    CHECK_EQ(ever_high & 4, 0); /* the other port has no power */
    CHECK_EQ(rg_stop(ringer, 0), 0);
    for (int patience = 0; patience < 2000 && (told.rings || told.power); patience++) {
        wait_ms(5);
        CHECK_EQ(rg_statistics(ringer, 0, &told), 0);
    }
    CHECK(!told.rings && !told.power);
    CHECK_EQ(levels, 10);
    rg_destroy(ringer);
}

static void the_end_leaves_everything_at_rest(void)
{
    static const struct rg_plan PLAN = { .frequency_hz = 25, .part_count = 2, .part_ms = { 1000, 4000 } };
    struct rg_ringer *ringer = made();
    CHECK_EQ(rg_ring(ringer, 1, &PLAN), 0);
    for (int patience = 0; patience < 2000 && (ever_high & 4) == 0; patience++)
        wait_ms(5);
    CHECK(ever_high & 4);
    rg_destroy(ringer);
    CHECK_EQ(levels, 10);
    rg_destroy(NULL);
}

static void what_is_wrong_is_refused(void)
{
    static const struct rg_plan TOO_MUCH = { .frequency_hz = 25, .part_count = 2, .part_ms = { 1000, 1000 } };
    static const struct rg_port_settings GONE = { .ring_mode_fd = NO_LINES, .forward_reverse_fd = NO_LINES, .hook_fd = NO_LINES };
    struct rg_settings settings = { .port_count = 1, .ports = &GONE };
    struct rg_ringer *ringer = made(), *none = NULL;
    struct rg_port_statistics told;
    CHECK_EQ(rg_ring(ringer, 0, &TOO_MUCH), EDOM);
    CHECK_EQ(rg_ring(ringer, 2, &TOO_MUCH), EINVAL);
    CHECK_EQ(rg_stop(ringer, 2), EINVAL);
    CHECK_EQ(rg_statistics(ringer, 2, &told), EINVAL);
    CHECK_EQ(rg_create(&none, &settings), ENODEV);
    settings.port_count = 0;
    CHECK_EQ(rg_create(&none, &settings), EINVAL);
    settings.port_count = RG_PORTS_MAX + 1;
    CHECK_EQ(rg_create(&none, &settings), EINVAL);
    CHECK(none == NULL);
    rg_destroy(ringer);
}

static void no_memory_leaves_nothing_behind(void)
{
    static const struct rg_port_settings PORTS[] = {
        { .ring_mode_fd = OUTPUTS, .forward_reverse_fd = OUTPUTS,
          .ring_mode_bit = 0, .forward_reverse_bit = 1, .hook_fd = HOOKS },
        { .ring_mode_fd = OUTPUTS, .forward_reverse_fd = OUTPUTS,
          .ring_mode_bit = 2, .forward_reverse_bit = 3, .hook_fd = HOOKS },
    };
    struct rg_settings settings = { .port_count = 2, .ports = PORTS };
    for (long successes = 0; successes < 3; successes++) {
        struct rg_ringer *none = NULL;
        sc_alloc_fail_after(successes);
        CHECK_EQ(rg_create(&none, &settings), ENOMEM);
        CHECK(none == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    sc_alloc_fail_after(-1);
    rg_destroy(made());
    CHECK_EQ(sc_alloc_held(), 0);
}

static void that_the_rounds_are_rung_is_told_once(void)
{
    static const struct rg_plan PLAN = { .frequency_hz = 25, .part_count = 2, .part_ms = { 60, 200 }, .rounds = 1 };
    struct rg_ringer *ringer = made();
    struct pollfd readable = { .fd = rg_finished_fd(ringer), .events = POLLIN };
    uint32_t port = 9;
    CHECK(!rg_take_finished(ringer, &port));
    CHECK_EQ(rg_ring(ringer, 1, &PLAN), 0);
    CHECK_EQ(poll(&readable, 1, 20000), 1);
    CHECK(rg_take_finished(ringer, &port));
    CHECK_EQ(port, 1);
    CHECK(!rg_take_finished(ringer, &port));
    CHECK_EQ(poll(&readable, 1, 0), 0);
    rg_destroy(ringer);
}

static void polarity_is_a_level_of_fr(void)
{
    struct rg_ringer *ringer = made();
    CHECK_EQ(rg_reverse(ringer, 2, true), EINVAL);
    CHECK_EQ(rg_reverse(ringer, 0, true), 0);
    for (int patience = 0; patience < 2000 && levels != 8; patience++)
        wait_ms(5);
    CHECK_EQ(levels, 8);
    rg_destroy(ringer);
    CHECK_EQ(levels, 10); /* forward again at the end */
}

int main(void)
{
    RUN(an_order_rings_until_another_stops_it);
    RUN(that_the_rounds_are_rung_is_told_once);
    RUN(polarity_is_a_level_of_fr);
    RUN(the_end_leaves_everything_at_rest);
    RUN(what_is_wrong_is_refused);
    RUN(no_memory_leaves_nothing_behind);
    return CHECK_DONE();
}

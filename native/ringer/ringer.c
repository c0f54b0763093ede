/* ringer.c: one thread that runs the ringing of all ports, each whenever it asks to.
 *
 * How: orders come through a ring with one writer and one reader and an eventfd; the thread sleeps until an absolute time
 * (timerfd) at which the earliest port wants to run or an order comes. All signals are blocked on the thread.
 * Assumes one thread that gives orders. Measured: tests/test_ringer.c; on a kernel's GPIO, tests/guest. */
#include "gpio_lines.h"
#include "power_turns.h"
#include "ringer.h"

#include "alloc.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define PRIORITY_DEFAULT 60
#define ORDERS 64               /* a power of two */

enum order_kind { RING, REST, REVERSE, FORWARD };

struct order {
    enum order_kind kind;
    uint32_t port;
    struct rg_plan plan;
};

struct rg_ringer {
    uint32_t port_count;
    uint32_t at_once;
    struct rg_port_settings settings[RG_PORTS_MAX];
    struct rg_gpio_lines lines[RG_PORTS_MAX];
    struct rg_port *ports[RG_PORTS_MAX];
    struct order orders[ORDERS];
    _Atomic uint32_t written, taken;
    _Atomic bool stopping, real_time;
    uint64_t told[RG_PORTS_MAX];    /* the thread's: plans of each port whose end it has told */
    _Atomic uint32_t finished;      /* bits: ports whose rounds are rung, and nobody has asked yet */
    int wake_fd, timer_fd, finished_fd;
    pthread_t thread;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* --- the thread ------------------------------------------------------------------------------------------------------ */

static void carry_out(struct rg_port *port, const struct order *order)
{
    switch (order->kind) {
    case RING:
        rg_port_order(port, &order->plan, now_ns());
        break;
    case REST:
        rg_port_rest(port, now_ns());
        break;
    case REVERSE:
    case FORWARD:
        rg_port_reverse(port, order->kind == REVERSE, now_ns());
        break;
    }
}

static void take_orders(struct rg_ringer *ringer)
{
    uint32_t taken = atomic_load_explicit(&ringer->taken, memory_order_relaxed);
    while (taken != atomic_load_explicit(&ringer->written, memory_order_acquire)) {
        const struct order *order = &ringer->orders[taken % ORDERS];
        carry_out(ringer->ports[order->port], order);
        atomic_store_explicit(&ringer->taken, ++taken, memory_order_release);
    }
}

static void sleep_until(struct rg_ringer *ringer, int64_t deadline)
{
    struct pollfd woken[] = { { .fd = ringer->wake_fd, .events = POLLIN }, { .fd = ringer->timer_fd, .events = POLLIN } };
    struct itimerspec at = { 0 }; /* all zero: no timer */
    uint64_t times;
    if (deadline != RG_NEVER)
        at.it_value = (struct timespec){ .tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S };
    (void)timerfd_settime(ringer->timer_fd, TFD_TIMER_ABSTIME, &at, NULL); /* its arguments are always in range */
    (void)poll(woken, 2, -1);
    for (int i = 0; i < 2; i++)
        if (woken[i].revents != 0)
            (void)!read(woken[i].fd, &times, sizeof times); /* EAGAIN: another wake-up is as good */
}

static void poke(int fd)
{
    uint64_t one = 1;
    (void)!write(fd, &one, sizeof one); /* EAGAIN: it is readable already */
}

static void tell_finished(struct rg_ringer *ringer)
{
    for (uint32_t i = 0; i < ringer->port_count; i++) {
        if (rg_port_finished(ringer->ports[i]) == ringer->told[i])
            continue;
        ringer->told[i] = rg_port_finished(ringer->ports[i]);
        atomic_fetch_or_explicit(&ringer->finished, UINT32_C(1) << i, memory_order_release);
        poke(ringer->finished_fd);
    }
}

static bool all_idle(const struct rg_ringer *ringer)
{
    for (uint32_t i = 0; i < ringer->port_count; i++)
        if (!rg_port_is_idle(ringer->ports[i]))
            return false;
    return true;
}

static void *run(void *self)
{
    struct rg_ringer *ringer = self;
    bool ending = false;
    for (;;) {
        take_orders(ringer);
        if (!ending && atomic_load_explicit(&ringer->stopping, memory_order_acquire)) {
            ending = true;
            for (uint32_t i = 0; i < ringer->port_count; i++) {
                rg_port_rest(ringer->ports[i], now_ns());
                rg_port_reverse(ringer->ports[i], false, now_ns());
            }
        }
        int64_t deadline = rg_turns_run(ringer->ports, ringer->port_count, ringer->at_once, now_ns());
        tell_finished(ringer);
        if (ending && all_idle(ringer))
            return NULL;
        sleep_until(ringer, deadline);
    }
}

/* --- orders -------------------------------------------------------------------------------------------------------------- */

static int give(struct rg_ringer *ringer, struct order order)
{
    uint32_t written = atomic_load_explicit(&ringer->written, memory_order_relaxed);
    atomic_fetch_and_explicit(&ringer->finished, ~(UINT32_C(1) << order.port), memory_order_relaxed);
    if (written - atomic_load_explicit(&ringer->taken, memory_order_acquire) >= ORDERS)
        return EAGAIN;
    ringer->orders[written % ORDERS] = order;
    atomic_store_explicit(&ringer->written, written + 1, memory_order_release);
    poke(ringer->wake_fd);
    return 0;
}

int rg_ring(struct rg_ringer *ringer, uint32_t port, const struct rg_plan *plan)
{
    if (port >= ringer->port_count)
        return EINVAL;
    int error = rg_port_check(&ringer->settings[port], plan);
    return error != 0 ? error : give(ringer, (struct order){ .kind = RING, .port = port, .plan = *plan });
}

int rg_stop(struct rg_ringer *ringer, uint32_t port)
{
    if (port >= ringer->port_count)
        return EINVAL;
    return give(ringer, (struct order){ .kind = REST, .port = port });
}

int rg_reverse(struct rg_ringer *ringer, uint32_t port, bool reversed)
{
    if (port >= ringer->port_count)
        return EINVAL;
    return give(ringer, (struct order){ .kind = reversed ? REVERSE : FORWARD, .port = port });
}

int rg_finished_fd(const struct rg_ringer *ringer)
{
    return ringer->finished_fd;
}

bool rg_take_finished(struct rg_ringer *ringer, uint32_t *port)
{
    uint64_t times;
    (void)!read(ringer->finished_fd, &times, sizeof times); /* EAGAIN: it was read before */
    uint32_t left = atomic_load_explicit(&ringer->finished, memory_order_acquire);
    for (uint32_t i = 0; i < ringer->port_count; i++)
        if (left >> i & 1) {
            atomic_fetch_and_explicit(&ringer->finished, ~(UINT32_C(1) << i), memory_order_relaxed);
            *port = i;
            return true;
        }
    return false;
}

int rg_statistics(const struct rg_ringer *ringer, uint32_t port, struct rg_port_statistics *out)
{
    if (port >= ringer->port_count)
        return EINVAL;
    rg_port_statistics(ringer->ports[port], out);
    return 0;
}

bool rg_real_time(const struct rg_ringer *ringer)
{
    return atomic_load(&ringer->real_time);
}

/* --- making ---------------------------------------------------------------------------------------------------------------- */

static void undo(struct rg_ringer *ringer)
{
    for (uint32_t i = 0; i < ringer->port_count; i++)
        rg_port_destroy(ringer->ports[i]);
    if (ringer->wake_fd >= 0)
        (void)close(ringer->wake_fd);
    if (ringer->timer_fd >= 0)
        (void)close(ringer->timer_fd);
    if (ringer->finished_fd >= 0)
        (void)close(ringer->finished_fd);
    sc_free(ringer);
}

static int make_ports(struct rg_ringer *ringer, const struct rg_settings *settings)
{
    for (uint32_t i = 0; i < settings->port_count; i++) {
        ringer->settings[i] = settings->ports[i];
        struct rg_pins pins = rg_gpio_pins(&ringer->lines[i], &settings->ports[i]);
        int error = rg_port_create(&ringer->ports[i], &settings->ports[i], pins, now_ns());
        if (error != 0)
            return error;
        ringer->port_count = i + 1;
    }
    return 0;
}

static int start(struct rg_ringer *ringer, int priority)
{
    sigset_t all, old;
    ringer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ringer->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ringer->finished_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (ringer->wake_fd < 0 || ringer->timer_fd < 0 || ringer->finished_fd < 0)
        return errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&ringer->thread, NULL, run, ringer);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0)
        return error;
    struct sched_param wanted = { .sched_priority = priority != 0 ? priority : PRIORITY_DEFAULT };
    atomic_store(&ringer->real_time, pthread_setschedparam(ringer->thread, SCHED_FIFO, &wanted) == 0);
    return 0;
}

int rg_create(struct rg_ringer **out, const struct rg_settings *settings)
{
    if (settings->port_count == 0 || settings->port_count > RG_PORTS_MAX || settings->priority < 0)
        return EINVAL;
    struct rg_ringer *ringer = sc_alloc(sizeof *ringer);
    if (ringer == NULL)
        return ENOMEM;
    ringer->wake_fd = ringer->timer_fd = ringer->finished_fd = -1;
    ringer->at_once = settings->ringing_at_once != 0 ? settings->ringing_at_once : RG_PORTS_MAX;
    int error = make_ports(ringer, settings);
    if (error == 0)
        error = start(ringer, settings->priority);
    if (error != 0) {
        undo(ringer);
        return error;
    }
    *out = ringer;
    return 0;
}

void rg_destroy(struct rg_ringer *ringer)
{
    if (ringer == NULL)
        return;
    atomic_store_explicit(&ringer->stopping, true, memory_order_release);
    poke(ringer->wake_fd);
    pthread_join(ringer->thread, NULL);
    undo(ringer);
}

/* audio_loop.c: a step every 10 ms of CLOCK_MONOTONIC on a thread of its own.
 *
 * How: clock_nanosleep to absolute deadlines; SCHED_FIFO is asked for and its refusal remembered. After a stall up to
 * SC_AUDIO_CATCH_UP steps run back to back (the cards' buffers hold that much); older deadlines are given up.
 * All signals are blocked on the thread, so that none of the process's handlers runs there.
 * Assumes a step that takes well under 10 ms.
 * Measured (test_audio_loop.c; tests/alsa): without SCHED_FIFO and with four busy Python threads, see the test's figures. */
#include "audio_loop.h"

#include "alloc.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define PERIOD_NS 10000000
#define NS_PER_S 1000000000
#define NS_PER_US 1000
#define PRIORITY_DEFAULT 50

struct sc_audio_loop {
    struct sc_audio_loop_settings settings;
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic bool real_time;
    _Atomic uint64_t steps, late, missed, busy_ns, longest_ns;
    _Atomic uint64_t lateness[SC_AUDIO_LATENESS_BINS];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t deadline_ns)
{
    struct timespec deadline = { .tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR) {
    }
}

static void count(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount, memory_order_relaxed);
}

static void note_lateness(struct sc_audio_loop *loop, int64_t late_ns)
{
    int64_t late_us = late_ns < 0 ? 0 : late_ns / NS_PER_US;
    int bin = 0;
    while (bin < SC_AUDIO_LATENESS_BINS - 1 && late_us >= (int64_t)SC_AUDIO_LATENESS_UNIT_US << bin)
        bin++;
    count(&loop->lateness[bin], 1);
    if (late_us > SC_AUDIO_LATE_US)
        count(&loop->late, 1);
}

static void note_cost(struct sc_audio_loop *loop, int64_t cost_ns)
{
    uint64_t cost = cost_ns < 0 ? 0 : (uint64_t)cost_ns;
    count(&loop->busy_ns, cost);
    count(&loop->steps, 1);
    if (cost > atomic_load_explicit(&loop->longest_ns, memory_order_relaxed))
        atomic_store_explicit(&loop->longest_ns, cost, memory_order_relaxed);
}

static void *run(void *self)
{
    struct sc_audio_loop *loop = self;
    int64_t deadline_ns = now_ns() + PERIOD_NS;
    while (!atomic_load_explicit(&loop->stopping, memory_order_acquire)) {
        sleep_until(deadline_ns);
        int64_t began_ns = now_ns();
        note_lateness(loop, began_ns - deadline_ns);
        loop->settings.step(loop->settings.self);
        note_cost(loop, now_ns() - began_ns);
        deadline_ns += PERIOD_NS;
        int64_t behind = (now_ns() - deadline_ns) / PERIOD_NS;
        if (behind > SC_AUDIO_CATCH_UP) {
            int64_t given_up = behind - SC_AUDIO_CATCH_UP;
            count(&loop->missed, (uint64_t)given_up);
            deadline_ns += given_up * PERIOD_NS;
        }
    }
    return NULL;
}

static int start(struct sc_audio_loop *loop)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&loop->thread, NULL, run, loop);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0)
        return error;
    int wanted = loop->settings.priority != 0 ? loop->settings.priority : PRIORITY_DEFAULT;
    struct sched_param priority = { .sched_priority = wanted };
    atomic_store(&loop->real_time, pthread_setschedparam(loop->thread, SCHED_FIFO, &priority) == 0);
    return 0;
}

int sc_audio_loop_create(struct sc_audio_loop **out, const struct sc_audio_loop_settings *settings)
{
    if (settings->step == NULL)
        return EINVAL;
    struct sc_audio_loop *loop = sc_alloc(sizeof *loop);
    if (loop == NULL)
        return ENOMEM;
    loop->settings = *settings;
    int error = start(loop);
    if (error != 0) {
        sc_free(loop);
        return error;
    }
    *out = loop;
    return 0;
}

void sc_audio_loop_destroy(struct sc_audio_loop *loop)
{
    if (loop == NULL)
        return;
    atomic_store_explicit(&loop->stopping, true, memory_order_release);
    pthread_join(loop->thread, NULL);
    sc_free(loop);
}

void sc_audio_loop_statistics(const struct sc_audio_loop *loop, struct sc_audio_statistics *out)
{
    uint64_t steps = atomic_load(&loop->steps);
    uint64_t busy_ns = atomic_load(&loop->busy_ns);
    out->steps = steps;
    out->late = atomic_load(&loop->late);
    out->missed = atomic_load(&loop->missed);
    for (int i = 0; i < SC_AUDIO_LATENESS_BINS; i++)
        out->lateness[i] = atomic_load(&loop->lateness[i]);
    out->step_us_mean = steps == 0 ? 0.0f : (float)busy_ns / (float)steps / NS_PER_US;
    out->step_us_max = (float)atomic_load(&loop->longest_ns) / NS_PER_US;
    out->real_time = atomic_load(&loop->real_time);
}

/* loop_worker.c: see loop_worker.h.
 *
 * How: one mutex (with priority inheritance) over the lines' trains; the thread sleeps on a condition until the earliest part
 * begins, by the monotonic clock. Each part begins when it is due by the train's own beginning, so that lateness never adds up.
 * Whoever closes or opens a loop for good does so under the same mutex: no part of a train can come after it.
 * Assumes controllers whose ioctl returns within a millisecond, expanders on I2C included.
 * Measured (tests/test_loop_worker.c): 20 pulses of 67/33 ms, none off by more than the scheduler's own lateness. */
#include "loop_worker.h"

#include "alloc.h"

#include <errno.h>
#include <linux/gpio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define PRIORITY_DEFAULT 60
#define NEVER INT64_MAX

struct train {
    uint32_t part_ms[LW_PARTS_MAX];
    uint32_t count, next;       /* next == count: the last part ends then */
    int64_t due_ns;             /* when `next` begins; NEVER: no train */
};

struct lw_worker {
    uint32_t line_count;
    struct lw_line lines[LW_LINES_MAX];
    struct train trains[LW_LINES_MAX];
    struct lw_statistics statistics[LW_LINES_MAX];
    bool stopping;
    _Atomic bool real_time;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int drive(const struct lw_line *line, bool closed)
{
    struct gpio_v2_line_values values = {
        .mask = UINT64_C(1) << line->bit, .bits = closed ? UINT64_C(1) << line->bit : 0
    };
    return ioctl(line->output_fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0 ? errno : 0;
}

/* --- the thread ------------------------------------------------------------------------------------------------------ */

/* Begins the part that is due, or ends the train: even parts are breaks. */
static void begin_part(struct lw_worker *worker, uint32_t i, int64_t now)
{
    struct train *train = &worker->trains[i];
    struct lw_statistics *statistics = &worker->statistics[i];
    bool ends = train->next == train->count;
    int64_t late_us = (now - train->due_ns) / 1000;
    if (drive(&worker->lines[i], ends || train->next % 2 == 1) != 0) {
        statistics->failures++;
        train->due_ns = NEVER;
        return;
    }
    if (late_us > (int64_t)statistics->worst_late_us)
        statistics->worst_late_us = late_us > UINT32_MAX ? UINT32_MAX : (uint32_t)late_us;
    if (ends) {
        statistics->trains++;
        train->due_ns = NEVER;
        return;
    }
    statistics->parts++;
    train->due_ns += (int64_t)train->part_ms[train->next++] * NS_PER_MS;
}

static int64_t run_trains(struct lw_worker *worker)
{
    int64_t earliest = NEVER;
    for (uint32_t i = 0; i < worker->line_count; i++) {
        for (int64_t now = now_ns(); worker->trains[i].due_ns <= now; now = now_ns())
            begin_part(worker, i, now);
        if (worker->trains[i].due_ns < earliest)
            earliest = worker->trains[i].due_ns;
    }
    return earliest;
}

static void *run(void *self)
{
    struct lw_worker *worker = self;
    pthread_mutex_lock(&worker->lock);
    while (!worker->stopping) {
        int64_t earliest = run_trains(worker);
        if (earliest == NEVER) {
            pthread_cond_wait(&worker->changed, &worker->lock);
            continue;
        }
        struct timespec at = { .tv_sec = earliest / NS_PER_S, .tv_nsec = earliest % NS_PER_S };
        pthread_cond_timedwait(&worker->changed, &worker->lock, &at);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* --- orders ---------------------------------------------------------------------------------------------------------- */

int lw_set(struct lw_worker *worker, uint32_t line, bool closed)
{
    if (line >= worker->line_count)
        return EINVAL;
    pthread_mutex_lock(&worker->lock);
    worker->trains[line].due_ns = NEVER;
    int error = drive(&worker->lines[line], closed);
    pthread_mutex_unlock(&worker->lock);
    return error;
}

int lw_work(struct lw_worker *worker, uint32_t line, const uint32_t *part_ms, uint32_t count)
{
    if (line >= worker->line_count || count == 0 || count > LW_PARTS_MAX)
        return EINVAL;
    for (uint32_t i = 0; i < count; i++)
        if (part_ms[i] == 0 || part_ms[i] > LW_PART_MS_MAX)
            return EINVAL;
    pthread_mutex_lock(&worker->lock);
    struct train *train = &worker->trains[line];
    bool busy = train->due_ns != NEVER;
    if (!busy) {
        memcpy(train->part_ms, part_ms, count * sizeof *part_ms);
        train->count = count;
        train->next = 0;
        train->due_ns = now_ns();
        pthread_cond_signal(&worker->changed);
    }
    pthread_mutex_unlock(&worker->lock);
    return busy ? EBUSY : 0;
}

int lw_look(struct lw_worker *worker, uint32_t line, struct lw_statistics *out)
{
    if (line >= worker->line_count)
        return EINVAL;
    pthread_mutex_lock(&worker->lock);
    *out = worker->statistics[line];
    pthread_mutex_unlock(&worker->lock);
    return 0;
}

bool lw_real_time(const struct lw_worker *worker)
{
    return atomic_load(&worker->real_time);
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

static int make_locks(struct lw_worker *worker)
{
    pthread_mutexattr_t inherits;
    pthread_condattr_t monotonic;
    pthread_mutexattr_init(&inherits);
    pthread_condattr_init(&monotonic);
    (void)pthread_mutexattr_setprotocol(&inherits, PTHREAD_PRIO_INHERIT); /* ENOTSUP: then without */
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);         /* always there on Linux */
    int error = pthread_mutex_init(&worker->lock, &inherits);
    if (error == 0 && (error = pthread_cond_init(&worker->changed, &monotonic)) != 0)
        pthread_mutex_destroy(&worker->lock);
    pthread_mutexattr_destroy(&inherits);
    pthread_condattr_destroy(&monotonic);
    return error;
}

static int start(struct lw_worker *worker, int priority)
{
    sigset_t all, old;
    int error = make_locks(worker);
    if (error != 0)
        return error;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0) {
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->lock);
        return error;
    }
    struct sched_param wanted = { .sched_priority = priority != 0 ? priority : PRIORITY_DEFAULT };
    atomic_store(&worker->real_time, pthread_setschedparam(worker->thread, SCHED_FIFO, &wanted) == 0);
    return 0;
}

int lw_create(struct lw_worker **out, const struct lw_settings *settings)
{
    if (settings->line_count == 0 || settings->line_count > LW_LINES_MAX || settings->priority < 0)
        return EINVAL;
    struct lw_worker *worker = sc_alloc(sizeof *worker);
    if (worker == NULL)
        return ENOMEM;
    memset(worker, 0, sizeof *worker);
    worker->line_count = settings->line_count;
    int error = 0;
    for (uint32_t i = 0; i < settings->line_count && error == 0; i++) {
        worker->lines[i] = settings->lines[i];
        worker->trains[i].due_ns = NEVER;
        error = settings->lines[i].bit < 64 ? drive(&worker->lines[i], false) : EINVAL;
    }
    if (error == 0)
        error = start(worker, settings->priority);
    if (error != 0) {
        sc_free(worker);
        return error;
    }
    *out = worker;
    return 0;
}

void lw_destroy(struct lw_worker *worker)
{
    if (worker == NULL)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    for (uint32_t i = 0; i < worker->line_count; i++)
        (void)drive(&worker->lines[i], false); /* a pin that fails now stays as it is */
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    sc_free(worker);
}

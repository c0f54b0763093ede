/* The loop worker on its own thread and in real time, its kernel replaced by an `ioctl` of this test that notes when each level
 * was set. Times are judged by their order and by their least lengths: how late a busy machine wakes a thread is not ours. */
#include "check.h"
#include "../loop_worker.h"
#include "alloc.h"

#include <errno.h>
#include <linux/gpio.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#define OUTPUTS 100
#define BROKEN 102
#define CHANGES_MAX 256

struct change {
    int64_t at_ns;
    uint32_t bit;
    bool closed;
};

static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;
static struct change changes[CHANGES_MAX];
static size_t change_count;
static bool breaks_now;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    struct gpio_v2_line_values *values = va_arg(rest, struct gpio_v2_line_values *);
    va_end(rest);
    pthread_mutex_lock(&noting);
    bool broken = fd == BROKEN || breaks_now;
    if (!broken && request == GPIO_V2_LINE_SET_VALUES_IOCTL && change_count < CHANGES_MAX)
        changes[change_count++] = (struct change){ now_ns(), values->mask == 1 ? 0 : 1, values->bits != 0 };
    pthread_mutex_unlock(&noting);
    if (broken)
        errno = ENODEV;
    return broken ? -1 : 0;
}

static void wait_ms(long ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
}

static struct lw_worker *made(void)
{
    static const struct lw_line LINES[] = { { OUTPUTS, 0 }, { OUTPUTS, 1 } };
    struct lw_settings settings = { .line_count = 2, .lines = LINES };
    struct lw_worker *worker = NULL;
    change_count = 0;
    CHECK_EQ(lw_create(&worker, &settings), 0);
    CHECK_EQ(change_count, 2);
    CHECK(!changes[0].closed && !changes[1].closed);
    return worker;
}

/* Until so many trains have ended; false when that does not come. */
static bool ended(struct lw_worker *worker, uint32_t line, uint64_t trains)
{
    struct lw_statistics told = { 0 };
    for (int patience = 0; patience < 4000 && told.trains < trains; patience++) {
        wait_ms(5);
        CHECK_EQ(lw_look(worker, line, &told), 0);
    }
    return told.trains >= trains;
}

static void a_digit_is_opened_and_closed_as_often_as_it_says_and_ends_closed(void)
{
    static const uint32_t FIVE[] = { 67, 33, 67, 33, 67, 33, 67, 33, 67, 33 };
    struct lw_worker *worker = made();
    CHECK_EQ(lw_set(worker, 1, true), 0);
    CHECK_EQ(lw_work(worker, 1, FIVE, 10), 0);
    CHECK(ended(worker, 1, 1));
    CHECK_EQ(change_count, 2 + 1 + 11);
    for (size_t i = 3; i < 14; i++) {
        CHECK_EQ(changes[i].bit, 1);
        CHECK_EQ(changes[i].closed, i == 13 || i % 2 == 0);
    }
    CHECK((changes[13].at_ns - changes[3].at_ns) / 1000000 >= 499); /* lateness does not add up, and nothing is left out */
    lw_destroy(worker);
    CHECK(!changes[change_count - 1].closed);
}

static void two_lines_dial_at_the_same_time(void)
{
    static const uint32_t ONE[] = { 60, 40 }, FLASH[] = { 100 };
    struct lw_worker *worker = made();
    CHECK_EQ(lw_work(worker, 0, ONE, 2), 0);
    CHECK_EQ(lw_work(worker, 1, FLASH, 1), 0);
    CHECK(ended(worker, 0, 1));
    CHECK(ended(worker, 1, 1));
    CHECK_EQ(change_count, 2 + 3 + 2);
    lw_destroy(worker);
}

static void opening_the_loop_ends_a_train_for_good(void)
{
    static const uint32_t LONG[] = { 50, 50, 50, 50, 50, 50, 50, 50 };
    struct lw_worker *worker = made();
    CHECK_EQ(lw_work(worker, 0, LONG, 8), 0);
    CHECK_EQ(lw_work(worker, 0, LONG, 8), EBUSY);
    wait_ms(60);
    CHECK_EQ(lw_set(worker, 0, false), 0);
    size_t then = change_count;
    wait_ms(200);
    CHECK_EQ(change_count, then);
    CHECK(!changes[then - 1].closed);
    CHECK_EQ(lw_work(worker, 0, LONG, 8), 0); /* and another may begin */
    lw_destroy(worker);
}

static void a_pin_that_fails_ends_its_train_and_is_counted(void)
{
    static const uint32_t ONE[] = { 60, 40 };
    struct lw_worker *worker = made();
    struct lw_statistics told = { 0 };
    pthread_mutex_lock(&noting);
    breaks_now = true;
    pthread_mutex_unlock(&noting);
    CHECK_EQ(lw_set(worker, 0, true), ENODEV);
    CHECK_EQ(lw_work(worker, 0, ONE, 2), 0);
    for (int patience = 0; patience < 1000 && told.failures == 0; patience++) {
        wait_ms(5);
        CHECK_EQ(lw_look(worker, 0, &told), 0);
    }
    CHECK_EQ(told.failures, 1);
    CHECK_EQ(told.trains, 0);
    pthread_mutex_lock(&noting);
    breaks_now = false;
    pthread_mutex_unlock(&noting);
    lw_destroy(worker);
}

static void what_is_no_train_is_refused(void)
{
    static const uint32_t ZERO[] = { 60, 0 }, LONG[] = { 5001 }, FINE[] = { 60, 40 };
    struct lw_worker *worker = made();
    struct lw_statistics told;
    CHECK_EQ(lw_work(worker, 2, FINE, 2), EINVAL);
    CHECK_EQ(lw_work(worker, 0, FINE, 0), EINVAL);
    CHECK_EQ(lw_work(worker, 0, FINE, LW_PARTS_MAX + 1), EINVAL);
    CHECK_EQ(lw_work(worker, 0, ZERO, 2), EINVAL);
    CHECK_EQ(lw_work(worker, 0, LONG, 1), EINVAL);
    CHECK_EQ(lw_set(worker, 2, true), EINVAL);
    CHECK_EQ(lw_look(worker, 2, &told), EINVAL);
    lw_destroy(worker);
    lw_destroy(NULL);
}

static void wrong_settings_and_missing_memory_are_refused(void)
{
    static const struct lw_line FINE[] = { { OUTPUTS, 0 } }, GONE[] = { { BROKEN, 0 } }, FAR[] = { { OUTPUTS, 64 } };
    struct lw_worker *worker = NULL;
    CHECK_EQ(lw_create(&worker, &(struct lw_settings){ .line_count = 0, .lines = FINE }), EINVAL);
    CHECK_EQ(lw_create(&worker, &(struct lw_settings){ .line_count = 33, .lines = FINE }), EINVAL);
    CHECK_EQ(lw_create(&worker, &(struct lw_settings){ .line_count = 1, .lines = FINE, .priority = -1 }), EINVAL);
    CHECK_EQ(lw_create(&worker, &(struct lw_settings){ .line_count = 1, .lines = GONE }), ENODEV);
    CHECK_EQ(lw_create(&worker, &(struct lw_settings){ .line_count = 1, .lines = FAR }), EINVAL);
    sc_alloc_fail_after(0);
    CHECK_EQ(lw_create(&worker, &(struct lw_settings){ .line_count = 1, .lines = FINE }), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK(worker == NULL);
}

int main(void)
{
    RUN(a_digit_is_opened_and_closed_as_often_as_it_says_and_ends_closed);
    RUN(two_lines_dial_at_the_same_time);
    RUN(opening_the_loop_ends_a_train_for_good);
    RUN(a_pin_that_fails_ends_its_train_and_is_counted);
    RUN(what_is_no_train_is_refused);
    RUN(wrong_settings_and_missing_memory_are_refused);
    return CHECK_DONE();
}

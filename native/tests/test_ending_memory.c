/* ending_memory: the last seconds of a call come out whole and in order, once. */
#include "alloc.h"
#include "check.h"
#include "ending_memory.h"

#include <errno.h>
#include <stdbool.h>

static int16_t out[SC_ENDING_SAMPLES_MAX];

static void hear(struct sc_ending_memory *m, int first, int n)
{
    int16_t block[80];
    for (int at = 0; at < n; at += 80) {
        for (int i = 0; i < 80; i++)
            block[i] = (int16_t)((first + at + i) % 30000);
        sc_ending_memory_hear(m, block, 80);
    }
}

static void test_a_short_call_is_kept_whole(void)
{
    struct sc_ending_memory *m;
    CHECK_EQ(sc_ending_memory_create(&m), 0);
    CHECK_EQ(sc_ending_memory_take(m, out), 0);
    hear(m, 7, 800);
    CHECK_EQ(sc_ending_memory_take(m, out), 0);
    sc_ending_memory_close(m);
    CHECK_EQ(sc_ending_memory_take(m, out), 800);
    CHECK_EQ(out[0], 7);
    CHECK_EQ(out[799], 806);
    CHECK_EQ(sc_ending_memory_take(m, out), 0);
    sc_ending_memory_destroy(m);
}

static void test_of_a_long_call_the_end_is_kept_in_order(void)
{
    struct sc_ending_memory *m;
    int n = (int)SC_ENDING_SAMPLES_MAX + 12345 / 80 * 80;
    CHECK_EQ(sc_ending_memory_create(&m), 0);
    hear(m, 0, n);
    sc_ending_memory_close(m);
    CHECK_EQ(sc_ending_memory_take(m, out), SC_ENDING_SAMPLES_MAX);
    bool ordered = true;
    for (int i = 0; i < (int)SC_ENDING_SAMPLES_MAX; i++)
        ordered &= out[i] == (n - (int)SC_ENDING_SAMPLES_MAX + i) % 30000;
    CHECK(ordered);
    sc_ending_memory_destroy(m);
}

static void test_the_next_call_begins_empty_and_replaces_what_nobody_took(void)
{
    struct sc_ending_memory *m;
    CHECK_EQ(sc_ending_memory_create(&m), 0);
    for (int call = 1; call <= 4; call++) {
        hear(m, 1000 * call, 160 * call);
        sc_ending_memory_close(m);
        sc_ending_memory_close(m);
    }
    CHECK_EQ(sc_ending_memory_take(m, out), 640);
    CHECK_EQ(out[0], 4000);
    CHECK_EQ(sc_ending_memory_take(m, out), 0);
    sc_ending_memory_destroy(m);
}

static void test_a_failing_allocation_is_told(void)
{
    struct sc_ending_memory *m;
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_ending_memory_create(&m), ENOMEM);
    sc_alloc_fail_after(-1);
}

int main(void)
{
    RUN(test_a_short_call_is_kept_whole);
    RUN(test_of_a_long_call_the_end_is_kept_in_order);
    RUN(test_the_next_call_begins_empty_and_replaces_what_nobody_took);
    RUN(test_a_failing_allocation_is_told);
    return CHECK_DONE();
}

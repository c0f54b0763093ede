/* Tests of foreground_filter.c: it is a plain convolution, whatever its partitions and however the samples come. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "foreground_filter.h"
#include "span_filter.h"

enum { SPAN = 512, BLOCK = SC_SPAN_BLOCK, LENGTH = 40 * BLOCK };

static uint32_t seed = 5;

static float uniform(void) /* -1..1 */
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(int32_t)seed / 2147483648.0f;
}

static float x[LENGTH], response[SPAN];
static struct sc_foreground filter;

/* The block is given in pieces of at most `most` samples; the greatest distance from plain convolution comes back. */
static double distance(struct sc_span_filter *span, size_t from, size_t to, size_t most)
{
    double worst = 0;
    for (size_t block = from; block < to; block++) {
        const float silence[BLOCK] = {0};
        float y[BLOCK], unused[BLOCK];
        for (size_t done = 0, n; done < BLOCK; done += n) {
            n = most < BLOCK - done ? most : BLOCK - done;
            sc_foreground_run(&filter, x + block * BLOCK + done, y + done, n);
        }
        for (size_t i = 0; i < BLOCK; i++) {
            const size_t now = block * BLOCK + i;
            double sum = 0;
            for (size_t k = 0; k < SPAN && k <= now; k++)
                sum += (double)response[k] * (double)x[now - k];
            worst = fmax(worst, fabs(sum - (double)y[i]));
        }
        sc_span_filter_process(span, x + block * BLOCK, silence, unused, SC_SPAN_HOLD);
        sc_foreground_next_block(&filter, span);
    }
    return worst;
}

static void keep_only(size_t first, size_t count)
{
    for (size_t i = 0; i < SPAN; i++)
        if (i < first * BLOCK || i >= (first + count) * BLOCK)
            response[i] = 0;
}

static void convolves_whatever_its_partitions(void)
{
    static const size_t windows[][2] = {{0, 8}, {0, 1}, {1, 7}, {3, 5}, {7, 1}};
    struct sc_span_filter *span = NULL;
    CHECK_EQ(sc_span_filter_create(&span, SPAN), 0);
    sc_foreground_init(&filter);
    double worst = 0;
    for (size_t i = 0; i < LENGTH; i++)
        x[i] = uniform();
    for (size_t w = 0; w < 5; w++) {
        for (size_t i = 0; i < SPAN; i++)
            response[i] = uniform() / 8;
        keep_only(windows[w][0], windows[w][1]);
        sc_foreground_set(&filter, response + windows[w][0] * BLOCK, windows[w][0], windows[w][1]);
        sc_foreground_look_ahead(&filter, span);
        worst = fmax(worst, distance(span, 8 * w, 8 * (w + 1), w % 2 ? 7 : BLOCK));
    }
    printf("foreground: at most %.1e from plain convolution\n", worst);
    CHECK(worst < 1e-5);
    sc_span_filter_destroy(span);
}

static void shortened_and_cleared_it_forgets_the_rest(void)
{
    struct sc_span_filter *span = NULL;
    CHECK_EQ(sc_span_filter_create(&span, SPAN), 0);
    sc_foreground_init(&filter);
    for (size_t i = 0; i < SPAN; i++)
        response[i] = uniform() / 8;
    sc_foreground_set(&filter, response, 0, 8);
    CHECK(distance(span, 0, 10, BLOCK) < 1e-5);
    sc_foreground_shorten(&filter, 2, 3);
    sc_foreground_look_ahead(&filter, span);
    keep_only(2, 3);
    double power = 0;
    for (size_t i = 0; i < SPAN; i++)
        power += (double)response[i] * (double)response[i];
    CHECK_NEAR(sc_foreground_power(&filter), power, 1e-4);
    CHECK_EQ(memcmp(sc_foreground_response(&filter), response + 2 * BLOCK, 3 * BLOCK * sizeof *response), 0);
    CHECK(distance(span, 10, 20, 13) < 1e-5);
    sc_foreground_shorten(&filter, 0, 8); /* what was dropped stays dropped */
    sc_foreground_look_ahead(&filter, span);
    CHECK(distance(span, 20, 30, BLOCK) < 1e-5);
    sc_foreground_clear(&filter);
    sc_foreground_look_ahead(&filter, span);
    keep_only(0, 0);
    CHECK_EQ(distance(span, 30, 40, BLOCK), 0);
    sc_span_filter_destroy(span);
}

int main(void)
{
    RUN(convolves_whatever_its_partitions);
    RUN(shortened_and_cleared_it_forgets_the_rest);
    return CHECK_DONE();
}

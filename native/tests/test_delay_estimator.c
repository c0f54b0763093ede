/* Tests of delay_estimator.c: place, patience, noise, bounds, failing allocation. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "check.h"
#include "delay_estimator.h"
#include "g168.h"

static uint32_t seed = 3;

static float noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(int32_t)seed / 2147483648.0f;
}

static void make(float *response, int model, size_t delay, float noise_level)
{
    const struct g168_model *m = &g168_models[model - 1];
    for (size_t i = 0; i < 1024; i++)
        response[i] = noise_level * noise();
    for (size_t i = 0; i < m->n_taps && delay + i < 1024; i++)
        response[delay + i] += 0.3f * m->taps[i] * m->scale;
}

static const struct sc_delay_estimator_settings settings = {.span_samples = 1024, .window_samples = 256};

static void finds_the_delay_of_every_model(void)
{
    float response[1024];
    for (int model = 1; model <= 8; model++)
        for (size_t delay = 0; delay <= 768; delay += 96) {
            struct sc_delay_estimator *de;
            struct sc_delay_estimator_state s;
            int calls = 0;
            CHECK_EQ(sc_delay_estimator_create(&de, &settings), 0);
            do
                make(response, model, delay, 0.002f);
            while (!sc_delay_estimator_process(de, response) && ++calls < 50);
            sc_delay_estimator_get_state(de, &s);
            CHECK(calls >= 4 && calls < 10);
            CHECK(s.delay_samples <= (int32_t)delay + 32 && s.delay_samples >= (int32_t)delay - 16);
            CHECK(s.confidence > 0.9f);
            sc_delay_estimator_destroy(de);
        }
}

static void noise_has_no_delay(void)
{
    float response[1024];
    struct sc_delay_estimator *de;
    struct sc_delay_estimator_state s;
    CHECK_EQ(sc_delay_estimator_create(&de, &settings), 0);
    for (int i = 0; i < 200; i++) {
        make(response, 1, 2000, 0.1f);
        CHECK(!sc_delay_estimator_process(de, response));
    }
    memset(response, 0, sizeof response);
    CHECK(!sc_delay_estimator_process(de, response));
    sc_delay_estimator_get_state(de, &s);
    CHECK_EQ(s.delay_samples, -1);
    sc_delay_estimator_destroy(de);
}

static void follows_a_move_and_keeps_what_was_set(void)
{
    float response[1024];
    struct sc_delay_estimator *de;
    struct sc_delay_estimator_state s;
    CHECK_EQ(sc_delay_estimator_create(&de, &settings), 0);
    CHECK_EQ(sc_delay_estimator_set(de, -2), EINVAL);
    CHECK_EQ(sc_delay_estimator_set(de, 1024), EINVAL);
    CHECK_EQ(sc_delay_estimator_set(de, 320), 0);
    for (int i = 0; i < 20; i++) {
        make(response, 2, 320, 0.002f);
        CHECK(!sc_delay_estimator_process(de, response));
    }
    int moves = 0;
    for (int i = 0; i < 20; i++) {
        make(response, 2, 640, 0.002f);
        moves += sc_delay_estimator_process(de, response);
    }
    sc_delay_estimator_get_state(de, &s);
    CHECK_EQ(moves, 1);
    CHECK(abs(s.delay_samples - 640) <= 16);
    sc_delay_estimator_reset(de);
    sc_delay_estimator_get_state(de, &s);
    CHECK_EQ(s.delay_samples, -1);
    sc_delay_estimator_destroy(de);
}

static void every_allocation_may_fail(void)
{
    struct sc_delay_estimator *de = NULL;
    const struct sc_delay_estimator_settings bad = {.span_samples = 256, .window_samples = 512};
    const long held = sc_alloc_held();
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_delay_estimator_create(&de, &settings), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK_EQ(sc_delay_estimator_create(&de, &bad), EINVAL);
    CHECK(de == NULL);
    CHECK_EQ(sc_alloc_held(), held);
}

int main(void)
{
    RUN(finds_the_delay_of_every_model);
    RUN(noise_has_no_delay);
    RUN(follows_a_move_and_keeps_what_was_set);
    RUN(every_allocation_may_fail);
    return CHECK_DONE();
}

/* tone_learner: what the ends of calls teach of a line's tones, and what they must not. */
#include "alloc.h"
#include "check.h"
#include "tone_lab.h"
#include "tone_learner.h"

#include <errno.h>

static struct sc_tone_ending measure(const struct signal *s)
{
    struct sc_tone_ending ending;
    int16_t *x = signal_samples(s);
    CHECK_EQ(sc_tone_ending_measure(&ending, x, s->length, false), 0);
    free(x);
    return ending;
}

/* Somebody speaks, then the tone until the end, cut somewhere. */
static struct sc_tone_ending end_with(double hz, double second_hz, double on_ms, double off_ms, uint64_t seed)
{
    struct signal s = signal_new(8000 * 9 + (size_t)seed * 777, seed);
    signal_noise(&s, 0, s.length, -50.0);
    signal_voice(&s, 0, 8000 * 4, -20.0);
    send(&s, 8000 * 4 + 3000, (struct sent){ hz, -20, on_ms, off_ms, 30 });
    if (second_hz > 0)
        send(&s, 8000 * 4 + 3000, (struct sent){ second_hz, -20, on_ms, off_ms, 30 });
    struct sc_tone_ending e = measure(&s);
    signal_free(&s);
    return e;
}

static void test_an_unknown_tone_is_measured(void)
{
    static const double tones[5][4] = {
        { 425, 0, 400, 400 }, { 391, 0, 300, 340 }, { 463, 0, 175, 170 }, { 480, 620, 500, 500 }, { 600, 0, 100, 120 },
    };
    for (int i = 0; i < 5; i++) {
        struct sc_tone_ending e = end_with(tones[i][0], tones[i][1], tones[i][2], tones[i][3], (uint64_t)i + 1);
        CHECK(e.found);
        CHECK_EQ(e.frequency_count, tones[i][1] > 0 ? 2 : 1);
        CHECK_NEAR(e.frequency_hz[0], tones[i][0], 1.5);
        CHECK_NEAR(e.frequency_hz[1], tones[i][1], 1.5);
        CHECK_NEAR(e.on_ms, tones[i][2], 6.0);
        CHECK_NEAR(e.off_ms, tones[i][3], 6.0);
        CHECK_NEAR(e.level_dbm0, tones[i][1] > 0 ? -17 : -20, 1.0);
        CHECK(e.cycles >= 3 && e.purity > 0.8f);
    }
}

static void test_endings_without_such_a_tone_show_none(void)
{
    for (int i = 0; i < 6; i++) {
        struct signal s = signal_new(8000 * 10, (uint64_t)i + 1);
        signal_noise(&s, 0, s.length, -50.0);
        switch (i) {
        case 0: break;                                                                    /* silence */
        case 1: signal_voice(&s, 0, s.length, -18.0); break;
        case 2: signal_sine(&s, 0, s.length, 425, -15, 0); break;                         /* dial tone */
        case 3: send(&s, 0, (struct sent){ 425, -15, 1000, 4000, 2 }); break;             /* ringback */
        case 4: send(&s, 8000 * 8, (struct sent){ 425, -15, 400, 400, 3 }); break;        /* two pauses only */
        default: signal_noise(&s, 0, s.length, -15.0); break;
        }
        CHECK(!measure(&s).found);
        signal_free(&s);
    }
    struct sc_tone_ending e;
    const int16_t none[1] = { 0 };
    CHECK_EQ(sc_tone_ending_measure(&e, none, 0, false), 0);
    CHECK(!e.found);
    CHECK_EQ(sc_tone_ending_measure(&e, none, SC_TONE_ENDING_SECONDS_MAX * 8000 + 1, false), EINVAL);
}

static void test_what_another_sign_has_told_is_measured_in_two_cycles(void)
{
    struct signal s = signal_new(8000 * 10, 5);
    struct sc_tone_ending e;
    signal_noise(&s, 0, s.length, -50.0);
    send(&s, 8000 * 8, (struct sent){ 433, -15, 400, 400, 3 });
    int16_t *x = signal_samples(&s);
    CHECK_EQ(sc_tone_ending_measure(&e, x, s.length, true), 0);
    CHECK(e.found);
    CHECK_EQ(e.cycles, 2);
    CHECK_NEAR(e.frequency_hz[0], 433, 1.5);
    CHECK_NEAR(e.on_ms, 400, 8.0);
    CHECK_EQ(sc_tone_ending_measure(&e, x, s.length, false), 0);
    CHECK(!e.found);
    free(x);
    signal_free(&s);
}

static void test_endings_that_agree_grow_certain_and_two_kinds_stay_apart(void)
{
    struct sc_tone_learner *learner = NULL;
    struct sc_tone_learned busy, congestion;
    struct sc_tone_ending none = { 0 };
    CHECK_EQ(sc_tone_learner_create(&learner), 0);
    CHECK(!sc_tone_learner_learned(learner, 0, &busy));
    float before = 0.0f;
    for (uint64_t call = 0; call < 4; call++) {
        struct sc_tone_ending e = end_with(452, 0, 360, 350, call + 1);
        sc_tone_learner_add(learner, &e);
        sc_tone_learner_add(learner, &none);
        CHECK(sc_tone_learner_learned(learner, 0, &busy));
        CHECK(busy.confidence > before);
        CHECK(call > 0 || busy.confidence <= 0.5f);
        before = busy.confidence;
    }
    CHECK(busy.confidence > 0.85f);
    for (uint64_t call = 0; call < 2; call++) {
        struct sc_tone_ending e = end_with(452, 0, 180, 175, call + 9);
        sc_tone_learner_add(learner, &e);
    }
    CHECK(sc_tone_learner_learned(learner, 0, &busy) && sc_tone_learner_learned(learner, 1, &congestion));
    CHECK(!sc_tone_learner_learned(learner, 2, &busy));
    CHECK(sc_tone_learner_learned(learner, 0, &busy));
    CHECK(!busy.fast);
    CHECK_EQ(busy.endings, 4);
    CHECK_NEAR(busy.on_ms, 360.0, 5.0);
    CHECK_NEAR(busy.off_ms, 350.0, 5.0);
    CHECK_NEAR(busy.frequency_hz[0], 452.0, 1.0);
    CHECK(busy.spread_hz < 2.0f && busy.spread_part < 0.02f);
    CHECK(congestion.fast);
    CHECK_EQ(congestion.endings, 2);
    CHECK(congestion.confidence > 0.5f && congestion.confidence < busy.confidence);
    sc_tone_learner_reset(learner);
    CHECK(!sc_tone_learner_learned(learner, 0, &busy));
    sc_tone_learner_destroy(learner);
}

static void test_endings_that_never_agree_teach_nothing_certain(void)
{
    struct sc_tone_learner *learner = NULL;
    struct sc_tone_learned l;
    CHECK_EQ(sc_tone_learner_create(&learner), 0);
    for (int call = 0; call < 20; call++) {
        struct sc_tone_ending e = { .found = true, .frequency_count = 1, .frequency_hz = { 300.0f + 31.0f * (float)call },
                                    .on_ms = 300, .off_ms = 300, .level_dbm0 = -20, .cycles = 9, .purity = 1.0f };
        sc_tone_learner_add(learner, &e);
    }
    for (uint32_t i = 0; sc_tone_learner_learned(learner, i, &l); i++)
        CHECK(l.confidence <= 0.5f);
    sc_tone_learner_destroy(learner);
}

static void test_failed_allocations(void)
{
    struct sc_tone_learner *learner = NULL;
    struct sc_tone_ending e = { .cycles = 77 };
    struct signal s = signal_new(8000 * 8, 1);
    send(&s, 0, (struct sent){ 425, -20, 400, 400, 10 });
    int16_t *x = signal_samples(&s);
    long most = 0;
    for (; most < 20; most++) {
        sc_alloc_fail_after(most);
        int error = sc_tone_ending_measure(&e, x, s.length, false);
        sc_alloc_fail_after(-1);
        CHECK_EQ(sc_alloc_held(), 0);
        if (error == 0)
            break;
        CHECK_EQ(error, ENOMEM);
        CHECK_EQ(e.cycles, 77);
    }
    CHECK(most >= 3 && e.found);
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_tone_learner_create(&learner), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK(learner == NULL);
    sc_tone_learner_destroy(NULL);
    free(x);
    signal_free(&s);
}

int main(void)
{
    RUN(test_an_unknown_tone_is_measured);
    RUN(test_endings_without_such_a_tone_show_none);
    RUN(test_what_another_sign_has_told_is_measured_in_two_cycles);
    RUN(test_endings_that_agree_grow_certain_and_two_kinds_stay_apart);
    RUN(test_endings_that_never_agree_teach_nothing_certain);
    RUN(test_failed_allocations);
    return CHECK_DONE();
}

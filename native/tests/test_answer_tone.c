/* answer_tone: 2100 Hz and its reversals as G.168 clause 7, V.25 and V.8 have them, and what must not be taken for them. */
#include "answer_tone.h"
#include "check.h"
#include "signal.h"

enum { TICK = 80, MS = 8 };

/* What an ear said of a signal, and when. */
struct told {
    double tone_ms, reversing_ms;       /* -1: never */
};

static struct told listen(const struct signal *s)
{
    struct sc_answer_tone ear;
    struct told t = { -1, -1 };
    int16_t *x = signal_samples(s);
    sc_answer_tone_init(&ear);
    for (size_t at = 0; at + TICK <= s->length; at += TICK) {
        sc_answer_tone_process(&ear, x + at, TICK);
        if (ear.tone && t.tone_ms < 0)
            t.tone_ms = (double)(at + TICK) / MS;
        if (ear.reversing && t.reversing_ms < 0)
            t.reversing_ms = (double)(at + TICK) / MS;
    }
    free(x);
    return t;
}

/* The answer tone from `from_ms` to the end: turned by `turn` degrees every `period_ms` (0: never), `depth` of 15 Hz in it. */
struct tone {
    double hz, dbm0, turn, period_ms, depth, from_ms;
};

static void sound(struct signal *s, struct tone t)
{
    double turned = 0, next = t.period_ms > 0 ? t.period_ms * MS : 1e18;
    for (size_t i = 0; (size_t)(t.from_ms * MS) + i < s->length; i++) {
        if ((double)i >= next) {
            turned += t.turn * SIGNAL_PI / 180;
            next += t.period_ms * MS;
        }
        const double swing = 1 + t.depth * sin(2 * SIGNAL_PI * 15 * (double)i / 8000);
        const double phase = 2 * SIGNAL_PI * t.hz * (double)i / 8000 + turned;
        s->x[(size_t)(t.from_ms * MS) + i] += swing * signal_amplitude(t.dbm0) * sin(phase);
    }
}

static struct told of_tone(struct tone t, double noise_dbm0, double seconds, uint64_t seed)
{
    struct signal s = signal_new((size_t)(seconds * 8000), seed);
    signal_noise(&s, 0, s.length, noise_dbm0);
    sound(&s, t);
    struct told told = listen(&s);
    signal_free(&s);
    return told;
}

static void test_g168_7_reversals_are_heard_within_a_second(void)
{
    unsigned k = 0;
    for (double dbm0 = -31; dbm0 <= 0; dbm0 += 15.5)
        for (double hz = 2079; hz <= 2121; hz += 21)
            for (double turn = 155; turn <= 205; turn += 25)
                for (double period = 425; period <= 475; period += 25, k++) {
                    const struct tone t = { hz, dbm0, turn, period, k % 2 ? 0.2 : 0, 37 };
                    const struct told told = of_tone(t, dbm0 - 20, 2, k + 1);
                    CHECK(told.tone_ms >= 237 && told.tone_ms <= 437);
                    CHECK(told.reversing_ms > 0 && told.reversing_ms <= 1037);
                }
    CHECK_EQ(k, 81);
}

static void test_g168_7_turns_of_110_degrees_are_no_reversals(void)
{
    static const double turns[] = { -110, -60, 30, 60, 90, 110 };
    for (unsigned k = 0; k < 6 * 6; k++) {
        const struct tone t = { 2079 + 21.0 * (k % 3), -31 + 15.0 * (k / 3 % 2), turns[k / 6], 450, 0, 10 };
        const struct told told = of_tone(t, t.dbm0 - 20, 6, k + 1);
        CHECK(told.reversing_ms < 0);
    }
}

static void test_v25_a_tone_without_reversals_has_none(void)
{
    for (unsigned k = 0; k < 18; k++) {
        const struct tone t = { 2079 + 21.0 * (k % 3), -31 + 15.5 * (k / 3 % 3), 0, 0, k >= 9 ? 0.2 : 0, 0 };
        const struct told told = of_tone(t, t.dbm0 - 15, 4, k + 1);
        CHECK(told.tone_ms >= 200 && told.tone_ms <= 400);
        CHECK(told.reversing_ms < 0);
    }
}

static void test_reversals_out_of_time_are_none(void)
{
    static const double periods[] = { 60, 150, 300, 600, 800 };
    for (unsigned k = 0; k < 5; k++)
        CHECK(of_tone((struct tone){ 2100, -15, 180, periods[k], 0, 0 }, -50, 5, k + 1).reversing_ms < 0);
}

static void test_other_frequencies_are_not_the_tone(void)
{
    for (double hz = 300; hz < 3400; hz += 7)
        if (hz < 2060 || hz > 2140) {
            const struct told told = of_tone((struct tone){ hz, -10, 180, 450, 0, 0 }, -45, 3, 5);
            CHECK(told.tone_ms < 0 && told.reversing_ms < 0);
        }
}

static void test_noise_is_allowed_and_noise_alone_is_nothing(void)
{
    unsigned heard = 0;
    for (unsigned k = 0; k < 20; k++) {
        const struct told told = of_tone((struct tone){ 2100 + (k % 3 - 1.0) * 15, -20, 180, 450, 0, 0 }, -26, 3, k + 1);
        heard += told.tone_ms > 0 && told.reversing_ms > 0 && told.reversing_ms <= 1500;
        const struct told alone = of_tone((struct tone){ 2100, -90, 0, 0, 0, 0 }, -20, 10, k + 1);
        CHECK(alone.tone_ms < 0 && alone.reversing_ms < 0);
    }
    CHECK_EQ(heard, 20);
}

static void test_too_weak_too_short_or_broken_is_nothing(void)
{
    CHECK(of_tone((struct tone){ 2100, -36, 180, 450, 0, 0 }, -70, 4, 1).tone_ms < 0);
    struct signal s = signal_new(8000 * 6, 3);
    for (size_t at = 0; at < s.length; at += 2000) /* 190 ms on, 60 ms off */
        signal_sine(&s, at, 1520, 2100, -12, 0.3 * (double)at);
    struct told told = listen(&s);
    CHECK(told.tone_ms < 0 && told.reversing_ms < 0);
    signal_free(&s);
}

static void test_a_voice_and_two_tones_are_nothing(void)
{
    struct signal s = signal_new(8000 * 60, 9);
    signal_voice(&s, 0, s.length, -15);
    struct told told = listen(&s);
    CHECK(told.tone_ms < 0 && told.reversing_ms < 0);
    signal_free(&s);
    s = signal_new(8000 * 4, 9);
    signal_sine(&s, 0, s.length, 2100, -12, 0); /* beside another as loud */
    signal_sine(&s, 0, s.length, 1700, -9, 0);
    told = listen(&s);
    CHECK(told.tone_ms < 0);
    signal_free(&s);
}

static void test_quiet_is_told_in_time(void)
{
    struct sc_answer_tone ear;
    struct signal s = signal_new(8000, 4);
    signal_sine(&s, 0, 4000, 1000, -30, 0);
    signal_sine(&s, 4000, 4000, 1000, -37, 0);
    int16_t *x = signal_samples(&s);
    sc_answer_tone_init(&ear);
    sc_answer_tone_process(&ear, x, 4000);
    CHECK_EQ(sc_answer_tone_quiet_ms(&ear), 0);
    sc_answer_tone_process(&ear, x + 4000, 2000);
    CHECK_EQ(sc_answer_tone_quiet_ms(&ear), 250);
    sc_answer_tone_reset(&ear);
    CHECK_EQ(sc_answer_tone_quiet_ms(&ear), 0);
    free(x);
    signal_free(&s);
}

static void test_after_a_reset_nothing_is_left(void)
{
    struct sc_answer_tone ear;
    struct signal s = signal_new(8000 * 2, 4);
    sound(&s, (struct tone){ 2100, -12, 180, 450, 0, 0 });
    int16_t *x = signal_samples(&s);
    sc_answer_tone_init(&ear);
    sc_answer_tone_process(&ear, x, s.length);
    CHECK(ear.tone && ear.reversing);
    sc_answer_tone_reset(&ear);
    CHECK(!ear.tone && !ear.reversing);
    sc_answer_tone_process(&ear, x, 8000 / 4);
    CHECK(!ear.tone && !ear.reversing);
    sc_answer_tone_process(&ear, x + 2000, s.length - 2000);
    CHECK(ear.tone && ear.reversing);
    free(x);
    signal_free(&s);
}

int main(void)
{
    RUN(test_g168_7_reversals_are_heard_within_a_second);
    RUN(test_g168_7_turns_of_110_degrees_are_no_reversals);
    RUN(test_v25_a_tone_without_reversals_has_none);
    RUN(test_reversals_out_of_time_are_none);
    RUN(test_other_frequencies_are_not_the_tone);
    RUN(test_noise_is_allowed_and_noise_alone_is_nothing);
    RUN(test_too_weak_too_short_or_broken_is_nothing);
    RUN(test_a_voice_and_two_tones_are_nothing);
    RUN(test_quiet_is_told_in_time);
    RUN(test_after_a_reset_nothing_is_left);
    return CHECK_DONE();
}

/* cas_receiver: the alert of call waiting in every tolerance of TIA-777-A, in noise and under a voice; what is none. */
#include "alloc.h"
#include "cas_receiver.h"
#include "check.h"
#include "signal.h"

#include <errno.h>

#define LENGTH 8000u

struct alert {
    double low_dbm0, high_dbm0, off;    /* off: of both frequencies, 0.005 = 0.5 % */
    int ms;
    double noise_dbm0, voice_dbm0;      /* voice -99: none */
};

/* Alerts told of `trials`, each of one alert, none twice. */
static int told_of(const struct alert *a, int trials)
{
    struct sc_cas_receiver *receiver = NULL;
    int told = 0;
    CHECK_EQ(sc_cas_receiver_create(&receiver), 0);
    for (int k = 0; k < trials; k++) {
        struct sc_cas_alert alert;
        struct signal s = signal_new(LENGTH, (uint64_t)k * 11 + 17);
        const size_t at = 3000 + (size_t)k, samples = (size_t)a->ms * 8;
        int count = 0;
        signal_sine(&s, at, samples, 2130 * (1 + a->off), a->low_dbm0, 6 * signal_uniform(&s));
        signal_sine(&s, at, samples, 2750 * (1 + a->off), a->high_dbm0, 6 * signal_uniform(&s));
        if (a->voice_dbm0 > -99)
            signal_voice(&s, 0, LENGTH, a->voice_dbm0);
        signal_noise(&s, 0, LENGTH, a->noise_dbm0);
        int16_t *x = signal_samples(&s);
        sc_cas_receiver_reset(receiver);
        for (size_t i = 0; i < LENGTH; i += 80) {
            sc_cas_receiver_process(receiver, x + i, 80);
            while (sc_cas_receiver_next(receiver, &alert)) {
                count++;
                CHECK(i + 80 <= at + samples + 60 * 8);         /* in time for an answer within 100 ms */
                CHECK_NEAR((double)alert.ended_samples, (double)(at + samples), a->voice_dbm0 > -99 ? 160 : 80);
                if (a->voice_dbm0 <= -99 && a->noise_dbm0 < -50)
                    CHECK_NEAR(alert.low_dbm0, a->low_dbm0, 2.5);
            }
        }
        CHECK(count <= 1);
        told += count == 1;
        free(x);
        signal_free(&s);
    }
    sc_cas_receiver_destroy(receiver);
    return told;
}

static void test_levels_twist_frequency_and_length(void)
{
    static const struct alert alerts[] = {
        { -14, -14, 0, 80, -70, -99 },      { -32, -32, 0, 80, -70, -99 },      { -36, -36, 0, 80, -70, -99 },
        { -22, -28, 0, 80, -70, -99 },      { -28, -22, 0, 80, -70, -99 },      { -22, -22, 0.005, 75, -70, -99 },
        { -22, -22, -0.005, 85, -70, -99 }, { -22, -22, 0, 110, -70, -99 },
    };
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        CHECK_EQ(told_of(&alerts[i], 40), 40);
}

static void test_in_noise_at_10_db(void)
{
    CHECK_EQ(told_of(&(struct alert){ -22, -22, 0, 80, -29, -99 }, 60), 60);
}

static void test_under_a_voice_as_loud_as_the_alert(void)
{
    CHECK(told_of(&(struct alert){ -22, -22, 0, 80, -60, -30 }, 60) == 60);
    CHECK(told_of(&(struct alert){ -22, -22, 0, 80, -60, -19 }, 60) >= 54);
}

static void test_what_is_no_alert(void)
{
    static const struct alert none[] = {
        { -22, -22, 0, 45, -70, -99 }, { -22, -22, 0, 150, -70, -99 }, { -22, -22, 0.02, 80, -70, -99 },
        { -22, -22, -0.02, 80, -70, -99 }, { -22, -38, 0, 80, -70, -99 }, { -50, -50, 0, 80, -70, -99 },
        { -22, -99, 0, 80, -70, -99 }, { -99, -22, 0, 80, -70, -99 },
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_EQ(told_of(&none[i], 20), 0);
}

static void test_a_voice_and_noise_are_none(void)
{
    struct sc_cas_receiver *receiver = NULL;
    struct sc_cas_alert alert;
    CHECK_EQ(sc_cas_receiver_create(&receiver), 0);
    for (int voice = 0; voice < 2; voice++) {
        struct signal s = signal_new(8000 * 120, 4 + (uint64_t)voice);
        if (voice)
            signal_voice(&s, 0, s.length, -15);
        else
            signal_noise(&s, 0, s.length, -15);
        int16_t *x = signal_samples(&s);
        sc_cas_receiver_process(receiver, x, s.length);
        CHECK(!sc_cas_receiver_next(receiver, &alert));
        free(x);
        signal_free(&s);
    }
    sc_cas_receiver_destroy(receiver);
}

static void test_failed_allocations(void)
{
    struct sc_cas_receiver *receiver = NULL;
    for (long successes = 0; successes < 2; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_cas_receiver_create(&receiver), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK(receiver == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    sc_cas_receiver_destroy(NULL);
}

int main(void)
{
    RUN(test_levels_twist_frequency_and_length);
    RUN(test_in_noise_at_10_db);
    RUN(test_under_a_voice_as_loud_as_the_alert);
    RUN(test_what_is_no_alert);
    RUN(test_a_voice_and_noise_are_none);
    RUN(test_failed_allocations);
    return CHECK_DONE();
}

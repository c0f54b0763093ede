/* dtmf_receiver: Q.24 (AT&T column) as its header promises it. Signals come from signal.h, which shares nothing with it. */
#include "alloc.h"
#include "check.h"
#include "dtmf_receiver.h"
#include "signal.h"

#include <errno.h>

#define DIGITS 16
#define HEARD_MAX 32

static const double low_hz[4] = { 697, 770, 852, 941 };
static const double high_hz[4] = { 1209, 1336, 1477, 1633 };
static const char layout[] = "123A456B789C*0#D";

struct heard {
    unsigned starts, ends;
    struct sc_dtmf_event start[HEARD_MAX], end[HEARD_MAX];
};

static struct sc_dtmf_receiver *create(const struct sc_dtmf_receiver_settings *settings)
{
    struct sc_dtmf_receiver *receiver = NULL;
    CHECK_EQ(sc_dtmf_receiver_create(&receiver, settings), 0);
    if (receiver == NULL)
        exit(1);
    return receiver;
}

static void collect(struct sc_dtmf_receiver *receiver, struct heard *heard)
{
    struct sc_dtmf_event event;
    while (sc_dtmf_receiver_next(receiver, &event)) {
        if (event.type == SC_DTMF_START && heard->starts < HEARD_MAX)
            heard->start[heard->starts++] = event;
        if (event.type == SC_DTMF_END && heard->ends < HEARD_MAX)
            heard->end[heard->ends++] = event;
    }
}

static struct heard hear_with(struct sc_dtmf_receiver *receiver, const struct signal *s)
{
    struct heard heard = { 0 };
    int16_t *x = signal_samples(s);
    for (size_t i = 0; i < s->length; i += 80) {
        sc_dtmf_receiver_process(receiver, x + i, s->length - i < 80 ? s->length - i : 80);
        collect(receiver, &heard);
    }
    free(x);
    return heard;
}

static struct heard hear(const struct signal *s)
{
    struct sc_dtmf_receiver *receiver = create(NULL);
    struct heard heard = hear_with(receiver, s);
    sc_dtmf_receiver_destroy(receiver);
    return heard;
}

struct key {
    int digit;
    double low_factor, high_factor, low_dbm0, high_dbm0;
    size_t at, samples;
};

static void press(struct signal *s, const struct key *k)
{
    double phase = 6.28 * signal_uniform(s);
    signal_sine(s, k->at, k->samples, low_hz[k->digit / 4] * k->low_factor, k->low_dbm0, phase);
    phase = 6.28 * signal_uniform(s);
    signal_sine(s, k->at, k->samples, high_hz[k->digit % 4] * k->high_factor, k->high_dbm0, phase);
}

static struct key plain(int digit, size_t at, size_t ms)
{
    return (struct key){ digit, 1.0, 1.0, -12.0, -12.0, at, ms * 8 };
}

static int is_only(const struct heard *heard, int digit)
{
    return heard->starts == 1 && heard->ends == 1 && heard->start[0].digit == layout[digit] &&
           heard->end[0].digit == layout[digit];
}

static void test_each_digit_once_with_its_times_and_levels(void)
{
    for (int d = 0; d < DIGITS; d++) {
        struct signal s = signal_new(4000, (uint64_t)d + 1);
        struct key k = plain(d, 1003, 80);
        k.low_dbm0 = -14.0;
        press(&s, &k);
        struct heard h = hear(&s);
        CHECK(is_only(&h, d));
        CHECK_NEAR((double)h.start[0].at_samples, 1003, 80);
        CHECK_NEAR((double)h.end[0].at_samples, 1003 + 640, 80);
        CHECK_NEAR(h.end[0].duration_samples, 640, 48);
        CHECK_NEAR(h.end[0].low_dbm0, -14.0, 1.0);
        CHECK_NEAR(h.end[0].high_dbm0, -12.0, 1.0);
        CHECK_NEAR(h.end[0].twist_db, 2.0, 0.7);
        signal_free(&s);
    }
}

static void test_q24_frequencies_within_1_5_percent_and_2_hz_are_accepted(void)
{
    int missed = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i < 12; i++) {
            struct signal s = signal_new(2400, (uint64_t)(d * 40 + i + 1));
            struct key k = plain(d, 800 + signal_random(&s) % 80, 50);
            k.low_factor += (i & 1 ? 1 : -1) * (0.015 + 2.0 / low_hz[d / 4]);
            k.high_factor += (i & 2 ? 1 : -1) * (0.015 + 2.0 / high_hz[d % 4]);
            press(&s, &k);
            struct heard h = hear(&s);
            missed += !is_only(&h, d);
            signal_free(&s);
        }
    CHECK_EQ(missed, 0);
}

static void test_q24_frequencies_3_5_percent_off_on_either_tone_are_rejected(void)
{
    int accepted = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i < 12; i++) {
            struct signal s = signal_new(2400, (uint64_t)(d * 40 + i + 3));
            struct key k = plain(d, 800 + signal_random(&s) % 80, 50);
            double off = i & 1 ? 0.035 : -0.035;
            if (i % 3 != 1)
                k.low_factor += off;
            if (i % 3 != 0)
                k.high_factor += i & 4 ? off : -off;
            press(&s, &k);
            accepted += hear(&s).starts > 0;
            signal_free(&s);
        }
    CHECK_EQ(accepted, 0);
}

static int accepted_of_length(size_t ms)
{
    int accepted = 0;
    for (int d = 0; d < DIGITS; d++)
        for (size_t i = 0; i < 10; i++) {
            struct signal s = signal_new(2400, (uint64_t)d * 40 + i + 77);
            struct key k = plain(d, 800 + 8 * i, ms);
            press(&s, &k);
            struct heard h = hear(&s);
            accepted += is_only(&h, d);
            CHECK_EQ(h.starts, h.ends);
            signal_free(&s);
        }
    return accepted;
}

static void test_q24_40_ms_are_accepted_and_23_ms_rejected(void)
{
    CHECK_EQ(accepted_of_length(40), 160);
    CHECK_EQ(accepted_of_length(23), 0);
    CHECK_EQ(accepted_of_length(20), 0);
}

/* Digits heard from one long tone with a hole of so many ms. */
static void count_with_hole(size_t ms, int *one, int *two)
{
    *one = *two = 0;
    for (int d = 0; d < DIGITS; d++)
        for (size_t i = 0; i < 10; i++) {
            struct signal s = signal_new(4800, (uint64_t)d * 40 + i + 177);
            struct key k = plain(d, 800 + 8 * i, 200);
            press(&s, &k);
            signal_mute(&s, k.at + 340 + signal_random(&s) % 400, ms * 8);
            struct heard h = hear(&s);
            *one += h.starts == 1 && h.ends == 1;
            *two += h.starts == 2 && h.ends == 2;
            signal_free(&s);
        }
}

static void test_q24_a_drop_out_of_10_ms_is_bridged_and_a_pause_of_40_ms_splits(void)
{
    int one, two;
    count_with_hole(10, &one, &two);
    CHECK_EQ(one, 160);
    count_with_hole(40, &one, &two);
    CHECK_EQ(two, 160);
}

static void test_q24_twist_8_db_low_louder_and_4_db_high_louder(void)
{
    const double low[] = { 0, 8, 0, 14, 0 }, high[] = { 0, 0, 4, 0, 12 };
    for (int t = 0; t < 5; t++) {
        int accepted = 0;
        for (int d = 0; d < DIGITS; d++)
            for (int i = 0; i < 4; i++) {
                struct signal s = signal_new(2400, (uint64_t)(d * 40 + i + 277));
                struct key k = plain(d, 800 + 3 * (size_t)i, 50);
                k.low_factor += i & 1 ? 0.015 : -0.015;
                k.high_factor -= i & 1 ? 0.015 : -0.015;
                k.low_dbm0 -= high[t];
                k.high_dbm0 -= low[t];
                press(&s, &k);
                struct heard h = hear(&s);
                accepted += is_only(&h, d);
                signal_free(&s);
            }
        CHECK_EQ(accepted, t < 3 ? 64 : 0);
    }
}

static void test_q24_levels_0_to_minus_25_are_accepted_and_minus_55_rejected(void)
{
    for (int level = -60; level <= 0; level += 5) {
        int accepted = 0;
        for (int d = 0; d < DIGITS; d++) {
            struct signal s = signal_new(2400, (uint64_t)d + 377);
            struct key k = plain(d, 800, 50);
            k.low_dbm0 = k.high_dbm0 = level;
            press(&s, &k);
            struct heard h = hear(&s);
            accepted += is_only(&h, d);
            signal_free(&s);
        }
        if (level >= -35)
            CHECK_EQ(accepted, DIGITS);
        if (level <= -40)
            CHECK_EQ(accepted, 0);
    }
}

static void test_noise_of_8_db_snr_costs_no_digit(void)
{
    int wrong = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i < 16; i++) {
            struct signal s = signal_new(2400, (uint64_t)(d * 64 + i + 1277));
            signal_noise(&s, 0, 2400, -12.0 + 3.01 - 8.0);
            struct key k = plain(d, 800 + 5 * (size_t)i, 50);
            press(&s, &k);
            struct heard h = hear(&s);
            wrong += !is_only(&h, d);
            signal_free(&s);
        }
    CHECK_EQ(wrong, 0);
    printf("DTMF at 8 dB SNR: %d errors of 256\n", wrong);
}

static void test_q24_an_echo_20_ms_late_10_db_down_neither_joins_nor_adds_digits(void)
{
    int wrong = 0;
    for (int d = 0; d < DIGITS; d++) {
        struct signal s = signal_new(8000, (uint64_t)d + 3277);
        for (size_t q = 0; q < 6; q++) {
            struct key k = plain(d, 800 + 640 * q, 40);
            press(&s, &k);
        }
        for (size_t i = s.length; i-- > 160;)
            s.x[i] += pow(10.0, -10.0 / 20.0) * (i >= 320 ? s.x[i - 160] : 0.0);
        struct heard h = hear(&s);
        wrong += h.starts != 6 || h.ends != 6;
        signal_free(&s);
    }
    CHECK_EQ(wrong, 0);
}

static void test_digits_under_our_own_dial_tone(void)
{
    const float tones[2] = { 350.0f, 440.0f }, russian[1] = { 425.0f };
    int found = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int both = 0; both < 2; both++) {
            struct signal s = signal_new(4000, (uint64_t)d + 2277);
            signal_sine(&s, 0, 4000, both ? 350 : 425, -12.0, 1.0);
            if (both)
                signal_sine(&s, 0, 4000, 440, -12.0, 2.0);
            struct key k = plain(d, 1800 + 17 * (size_t)d, 50);
            press(&s, &k);
            struct sc_dtmf_receiver *receiver = create(NULL);
            CHECK_EQ(sc_dtmf_receiver_notch(receiver, both ? tones : russian, both ? 2 : 1), 0);
            struct heard h = hear_with(receiver, &s);
            found += is_only(&h, d);
            sc_dtmf_receiver_destroy(receiver);
            signal_free(&s);
        }
    CHECK_EQ(found, 32);
}

static void test_something_like_a_voice_is_no_digit(void)
{
    struct signal s = signal_new(8000 * 60, 4711);
    signal_voice(&s, 0, s.length, -15.0);
    struct heard h = hear(&s);
    CHECK_EQ(h.starts, 0);
    signal_free(&s);
}

static void test_tone_present_comes_early_and_goes(void)
{
    struct signal s = signal_new(3200, 5);
    struct key k = plain(5, 800, 100);
    press(&s, &k);
    struct sc_dtmf_receiver *receiver = create(NULL);
    int16_t *x = signal_samples(&s);
    double first = -1.0, last = -1.0;
    for (size_t i = 0; i < s.length; i += 8) {
        sc_dtmf_receiver_process(receiver, x + i, 8);
        if (sc_dtmf_receiver_tone_present(receiver)) {
            first = first < 0.0 ? (double)i / 8.0 : first;
            last = (double)i / 8.0;
        }
    }
    CHECK(first > 100.0 && first <= 123.0);
    CHECK(last >= 200.0 && last < 245.0);
    printf("tone present from %.0f ms after the tone's beginning\n", first - 100.0);
    free(x);
    signal_free(&s);
    sc_dtmf_receiver_destroy(receiver);
}

static void test_buffer_sizes_do_not_matter_and_reset_starts_afresh(void)
{
    struct signal s = signal_new(8000, 5);
    for (size_t i = 0; i < 5; i++) {
        struct key k = plain((int)i * 3, 800 + 1400 * i, 60);
        press(&s, &k);
    }
    int16_t *x = signal_samples(&s);
    struct sc_dtmf_receiver *receiver = create(NULL);
    struct heard ticks = hear_with(receiver, &s), pieces = { 0 };
    sc_dtmf_receiver_reset(receiver);
    for (size_t done = 0, step = 1; done < s.length; step = step * 13 % 211) {
        size_t n = step < s.length - done ? step : s.length - done;
        sc_dtmf_receiver_process(receiver, x + done, n);
        done += n;
    }
    collect(receiver, &pieces);
    CHECK_EQ(ticks.ends, 5);
    CHECK_EQ(memcmp(&ticks, &pieces, sizeof ticks), 0);
    sc_dtmf_receiver_destroy(receiver);
    free(x);
    signal_free(&s);
}

static void test_events_that_nobody_takes_are_counted(void)
{
    struct signal s = signal_new(8000 * 4, 5);
    for (size_t i = 0; i < 20; i++) {
        struct key k = plain((int)(i % 16), 800 + 1400 * i, 60);
        press(&s, &k);
    }
    int16_t *x = signal_samples(&s);
    struct sc_dtmf_receiver *receiver = create(NULL);
    struct heard kept = { 0 };
    sc_dtmf_receiver_process(receiver, x, s.length);
    CHECK_EQ(sc_dtmf_receiver_dropped(receiver), 8);
    collect(receiver, &kept);
    CHECK_EQ(kept.starts + kept.ends, 32);
    sc_dtmf_receiver_destroy(receiver);
    free(x);
    signal_free(&s);
}

static void test_random_and_extreme_input_is_survived(void)
{
    struct sc_dtmf_receiver *receiver = create(NULL);
    struct heard heard = { 0 };
    struct signal s = signal_new(8000, 99);
    int16_t x[800];
    for (int round = 0; round < 300; round++) {
        uint32_t kind = signal_random(&s) % 4;
        for (size_t i = 0; i < 800; i++)
            x[i] = kind == 0 ? (int16_t)signal_random(&s) : kind == 1 ? 32767 : kind == 2 ? -32768
                 : (int16_t)(i / (1 + signal_random(&s) % 9) % 2 ? 32767 : -32768);
        sc_dtmf_receiver_process(receiver, x, signal_random(&s) % 801);
        collect(receiver, &heard);
    }
    CHECK_EQ(heard.starts, 0);
    sc_dtmf_receiver_destroy(receiver);
    signal_free(&s);
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_dtmf_receiver *receiver = NULL;
    const struct sc_dtmf_receiver_settings wrong[] = {
        { .min_level_dbm0 = -51.0f }, { .min_level_dbm0 = 1.0f }, { .min_level_dbm0 = NAN },
        { .twist_low_louder_db = -1.0f }, { .twist_high_louder_db = 21.0f }, { .twist_low_louder_db = NAN },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQ(sc_dtmf_receiver_create(&receiver, &wrong[i]), EINVAL);
    for (long successes = 0; successes < 2; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_dtmf_receiver_create(&receiver, NULL), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK(receiver == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    receiver = create(NULL);
    const float notches[3] = { 425.0f, 199.0f, 300.0f };
    CHECK_EQ(sc_dtmf_receiver_notch(receiver, notches, 3), EINVAL);
    CHECK_EQ(sc_dtmf_receiver_notch(receiver, notches, 2), EINVAL);
    CHECK_EQ(sc_dtmf_receiver_notch(receiver, notches, 1), 0);
    CHECK_EQ(sc_dtmf_receiver_notch(receiver, NULL, 0), 0);
    sc_dtmf_receiver_destroy(receiver);
    sc_dtmf_receiver_destroy(NULL);
    CHECK_EQ(sc_alloc_held(), 0);
}

int main(void)
{
    RUN(test_each_digit_once_with_its_times_and_levels);
    RUN(test_q24_frequencies_within_1_5_percent_and_2_hz_are_accepted);
    RUN(test_q24_frequencies_3_5_percent_off_on_either_tone_are_rejected);
    RUN(test_q24_40_ms_are_accepted_and_23_ms_rejected);
    RUN(test_q24_a_drop_out_of_10_ms_is_bridged_and_a_pause_of_40_ms_splits);
    RUN(test_q24_twist_8_db_low_louder_and_4_db_high_louder);
    RUN(test_q24_levels_0_to_minus_25_are_accepted_and_minus_55_rejected);
    RUN(test_noise_of_8_db_snr_costs_no_digit);
    RUN(test_q24_an_echo_20_ms_late_10_db_down_neither_joins_nor_adds_digits);
    RUN(test_digits_under_our_own_dial_tone);
    RUN(test_something_like_a_voice_is_no_digit);
    RUN(test_tone_present_comes_early_and_goes);
    RUN(test_buffer_sizes_do_not_matter_and_reset_starts_afresh);
    RUN(test_events_that_nobody_takes_are_counted);
    RUN(test_random_and_extreme_input_is_survived);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

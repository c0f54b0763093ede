/* dtmf_sender: frequencies, levels, lengths, the queue and what it tells the RTP block. */
#include "alloc.h"
#include "check.h"
#include "dtmf_sender.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

static double level_at(const int16_t *x, size_t n, double hz)
{
    double re = 0.0, im = 0.0, weight = 0.0;
    for (size_t i = 0; i < n; i++) {
        double window = 0.5 - 0.5 * cos(2 * PI * ((double)i + 0.5) / (double)n);
        re += window * x[i] * cos(2 * PI * hz * (double)i / 8000.0);
        im += window * x[i] * sin(2 * PI * hz * (double)i / 8000.0);
        weight += window;
    }
    return 20.0 * log10(2.0 * sqrt(re * re + im * im) / weight / 32767.0 + 1e-9) + 3.14;
}

static struct sc_dtmf_sender *create(const struct sc_dtmf_sender_settings *settings)
{
    struct sc_dtmf_sender *sender = NULL;
    CHECK_EQ(sc_dtmf_sender_create(&sender, settings), 0);
    if (sender == NULL)
        exit(1);
    return sender;
}

static void test_each_digit_has_the_frequencies_of_q23(void)
{
    static const struct { char digit; double low, high; } digits[16] = {
        { '1', 697, 1209 }, { '2', 697, 1336 }, { '3', 697, 1477 }, { 'A', 697, 1633 },
        { '4', 770, 1209 }, { '5', 770, 1336 }, { '6', 770, 1477 }, { 'B', 770, 1633 },
        { '7', 852, 1209 }, { '8', 852, 1336 }, { '9', 852, 1477 }, { 'C', 852, 1633 },
        { '*', 941, 1209 }, { '0', 941, 1336 }, { '#', 941, 1477 }, { 'D', 941, 1633 },
    };
    struct sc_dtmf_sender_settings settings = { .tone_ms = 1000, .pause_ms = 40, .low_dbm0 = -12.0f, .high_dbm0 = -8.0f };
    struct sc_dtmf_sender *sender = create(&settings);
    int16_t x[8320];
    for (int i = 0; i < 16; i++) {
        char text[2] = { digits[i].digit, 0 };
        CHECK_EQ(sc_dtmf_sender_queue(sender, text), 0);
        CHECK_EQ(sc_dtmf_sender_process(sender, x, 8320), 8320);
        CHECK(sc_dtmf_sender_finished(sender));
        CHECK_NEAR(level_at(x + 80, 7840, digits[i].low), -12.0, 0.02);
        CHECK_NEAR(level_at(x + 80, 7840, digits[i].high), -8.0, 0.02);
        CHECK(level_at(x + 80, 7840, digits[i].low + 8.0) < -60.0);
        CHECK(level_at(x + 80, 7840, digits[i].high - 8.0) < -60.0);
    }
    sc_dtmf_sender_destroy(sender);
}

static void test_lengths_are_exact_and_the_defaults_are_80_ms(void)
{
    struct sc_dtmf_sender *sender = create(NULL);
    int16_t x[4000];
    CHECK_EQ(sc_dtmf_sender_queue(sender, "1d"), 0);
    CHECK_EQ(sc_dtmf_sender_process(sender, x, 4000), 4 * 640);
    CHECK(sc_dtmf_sender_finished(sender));
    CHECK_NEAR(level_at(x + 40, 560, 697.0), -9.0, 0.3);
    CHECK_NEAR(level_at(x + 40, 560, 1209.0), -7.0, 0.3);
    CHECK_NEAR(level_at(x + 1320, 560, 1633.0), -7.0, 0.3);
    for (int i = 0; i < 4000; i++)
        if ((i >= 640 && i < 1280) || i >= 1920)
            if (x[i] != 0) {
                CHECK(x[i] == 0);
                break;
            }
    CHECK(x[638] != 0 || x[637] != 0 || x[636] != 0);
    sc_dtmf_sender_destroy(sender);
}

static void test_the_digit_under_way_is_told_with_its_age(void)
{
    struct sc_dtmf_sender_settings settings = { .tone_ms = 50, .pause_ms = 60 };
    struct sc_dtmf_sender *sender = create(&settings);
    struct sc_dtmf_sending now;
    int16_t x[80];
    CHECK(!sc_dtmf_sender_now(sender, &now));
    CHECK_EQ(sc_dtmf_sender_queue(sender, "55"), 0);
    CHECK(!sc_dtmf_sender_now(sender, &now));
    for (uint32_t tick = 0; tick < 22; tick++) {
        CHECK_EQ(sc_dtmf_sender_process(sender, x, 80), 80);
        bool tone = tick % 11 < 5;
        CHECK_EQ(sc_dtmf_sender_now(sender, &now), tone);
        if (!tone)
            continue;
        CHECK_EQ(now.digit, '5');
        CHECK_EQ(now.serial, tick / 11 + 1);
        CHECK_EQ(now.age_samples, (tick % 11 + 1) * 80);
        CHECK_EQ(now.duration_samples, 400);
    }
    CHECK(sc_dtmf_sender_finished(sender));
    CHECK_EQ(sc_dtmf_sender_process(sender, x, 80), 0);
    sc_dtmf_sender_destroy(sender);
}

static void test_the_queue_takes_all_or_nothing(void)
{
    struct sc_dtmf_sender *sender = create(NULL);
    char many[SC_DTMF_QUEUE_MAX + 2];
    memset(many, '7', sizeof many);
    many[SC_DTMF_QUEUE_MAX + 1] = 0;
    CHECK_EQ(sc_dtmf_sender_queue(sender, many), ENOSPC);
    CHECK(sc_dtmf_sender_finished(sender));
    CHECK_EQ(sc_dtmf_sender_queue(sender, ""), EINVAL);
    CHECK_EQ(sc_dtmf_sender_queue(sender, "12x"), EINVAL);
    CHECK_EQ(sc_dtmf_sender_queue(sender, "1 2"), EINVAL);
    CHECK(sc_dtmf_sender_finished(sender));
    many[SC_DTMF_QUEUE_MAX] = 0;
    CHECK_EQ(sc_dtmf_sender_queue(sender, many), 0);
    CHECK_EQ(sc_dtmf_sender_queue(sender, "1"), ENOSPC);
    int16_t x[1280];
    CHECK_EQ(sc_dtmf_sender_process(sender, x, 1280), 1280);
    CHECK_EQ(sc_dtmf_sender_queue(sender, "1"), 0);
    size_t rest = 0, made;
    do {
        made = sc_dtmf_sender_process(sender, x, 1000);
        rest += made;
    } while (made == 1000);
    CHECK_EQ(rest, SC_DTMF_QUEUE_MAX * 1280);
    CHECK_EQ(sc_dtmf_sender_queue(sender, "123"), 0);
    sc_dtmf_sender_reset(sender);
    CHECK(sc_dtmf_sender_finished(sender));
    sc_dtmf_sender_destroy(sender);
}

static void test_buffer_sizes_do_not_matter(void)
{
    struct sc_dtmf_sender *sender = create(NULL);
    int16_t x[3840], y[3840];
    CHECK_EQ(sc_dtmf_sender_queue(sender, "1#0"), 0);
    sc_dtmf_sender_process(sender, x, 3840);
    CHECK_EQ(sc_dtmf_sender_queue(sender, "1#0"), 0);
    for (size_t done = 0, step = 1; done < 3840; step = step * 5 % 101) {
        size_t n = step < 3840 - done ? step : 3840 - done;
        CHECK_EQ(sc_dtmf_sender_process(sender, y + done, n), n);
        done += n;
    }
    CHECK_EQ(memcmp(x, y, sizeof x), 0);
    sc_dtmf_sender_destroy(sender);
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_dtmf_sender *sender = NULL;
    const struct sc_dtmf_sender_settings wrong[] = {
        { .tone_ms = 39 }, { .tone_ms = 8001 }, { .pause_ms = 39 }, { .pause_ms = 9000 },
        { .low_dbm0 = -41.0f, .high_dbm0 = -7.0f }, { .low_dbm0 = -9.0f, .high_dbm0 = 0.0f },
        { .low_dbm0 = -1.5f, .high_dbm0 = -1.5f }, { .low_dbm0 = NAN, .high_dbm0 = -7.0f },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQ(sc_dtmf_sender_create(&sender, &wrong[i]), EINVAL);
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_dtmf_sender_create(&sender, NULL), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK(sender == NULL);
    CHECK_EQ(sc_alloc_held(), 0);
    sc_dtmf_sender_destroy(NULL);
}

int main(void)
{
    RUN(test_each_digit_has_the_frequencies_of_q23);
    RUN(test_lengths_are_exact_and_the_defaults_are_80_ms);
    RUN(test_the_digit_under_way_is_told_with_its_age);
    RUN(test_the_queue_takes_all_or_nothing);
    RUN(test_buffer_sizes_do_not_matter);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

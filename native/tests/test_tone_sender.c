/* tone_sender: what its header promises, measured by means that share nothing with the sender (least-squares fits). */
#include "alloc.h"
#include "check.h"
#include "tone_sender.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RATE 8000.0
#define PI 3.14159265358979323846

/* Amplitude of one frequency in x by correlation over n samples. */
static double amplitude_at(const int16_t *x, size_t n, double hz)
{
    double re = 0.0, im = 0.0, weight = 0.0;
    for (size_t i = 0; i < n; i++) {
        double window = 0.5 - 0.5 * cos(2 * PI * ((double)i + 0.5) / (double)n);
        re += window * x[i] * cos(2 * PI * hz * (double)i / RATE);
        im += window * x[i] * sin(2 * PI * hz * (double)i / RATE);
        weight += window;
    }
    return 2.0 * sqrt(re * re + im * im) / weight;
}

static double dbm0(double amplitude)
{
    return 20.0 * log10(amplitude / 32767.0) + 3.14;
}

static double phase_at(const int16_t *x, size_t n, double hz)
{
    double re = 0.0, im = 0.0;
    for (size_t i = 0; i < n; i++) {
        re += x[i] * cos(2 * PI * hz * (double)i / RATE);
        im += x[i] * sin(2 * PI * hz * (double)i / RATE);
    }
    return atan2(re, im);
}

static struct sc_tone_sender_settings single(double hz, double level, uint32_t on_ms, uint32_t off_ms, uint32_t repeats)
{
    struct sc_tone_sender_settings settings;
    memset(&settings, 0, sizeof settings);
    settings.segment_count = off_ms > 0 ? 2 : 1;
    settings.repeats = repeats;
    settings.segments[0].duration_ms = on_ms;
    settings.segments[0].frequency_count = 1;
    settings.segments[0].frequency_hz[0] = (float)hz;
    settings.segments[0].level_dbm0[0] = (float)level;
    settings.segments[1].duration_ms = off_ms;
    return settings;
}

static struct sc_tone_sender *create(const struct sc_tone_sender_settings *settings)
{
    struct sc_tone_sender *sender = NULL;
    CHECK_EQ(sc_tone_sender_create(&sender, settings), 0);
    if (sender == NULL)
        exit(1);
    return sender;
}

static void test_a_continuous_tone_is_exact_in_level_and_frequency(void)
{
    const double levels[] = { 3.14, 0.0, -10.0, -30.0 };
    const double tones[] = { 20.0, 425.0, 1400.0, 3900.0 };
    int16_t *x = malloc(80000 * sizeof *x);
    for (int i = 0; i < 4; i++) {
        struct sc_tone_sender_settings settings = single(tones[i], levels[i], 0, 0, 0);
        struct sc_tone_sender *sender = create(&settings);
        CHECK_EQ(sc_tone_sender_process(sender, x, 80000), 80000);
        CHECK(!sc_tone_sender_finished(sender));
        CHECK_NEAR(dbm0(amplitude_at(x + 8000, 64000, tones[i])), levels[i], 0.01);
        /* the phase of the last second continues that of the first: frequency error * 9 s * 2 pi */
        double drift = phase_at(x + 72000, 8000, tones[i]) - phase_at(x + 8000, 8000, tones[i]);
        drift = remainder(drift - 2 * PI * tones[i] * 8.0, 2 * PI);
        CHECK_NEAR(drift, 0.0, 0.01 * 2 * PI * 8.0 * 0.1);
        sc_tone_sender_destroy(sender);
    }
    free(x);
}

static void test_the_cadence_is_exact_and_ends_after_its_repeats(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 350, 350, 3);
    struct sc_tone_sender *sender = create(&settings);
    int16_t x[20000];
    memset(x, 0x55, sizeof x);
    CHECK_EQ(sc_tone_sender_process(sender, x, 20000), 3 * 5600);
    CHECK(sc_tone_sender_finished(sender));
    for (int round = 0; round < 3; round++) {
        const int16_t *burst = x + round * 5600;
        CHECK(amplitude_at(burst, 80, 425.0) > 1000.0);
        CHECK(amplitude_at(burst + 2720, 80, 425.0) > 1000.0);
        CHECK_NEAR(dbm0(amplitude_at(burst + 80, 2640, 425.0)), -10.0, 0.02);
        int loud = 0;
        for (int i = 2800; i < 5600; i++)
            loud += burst[i] != 0;
        CHECK_EQ(loud, 0);
    }
    int rest = 0;
    for (int i = 16800; i < 20000; i++)
        rest += x[i] != 0;
    CHECK_EQ(rest, 0);
    sc_tone_sender_destroy(sender);
}

static void test_four_tones_sound_together_at_their_own_levels(void)
{
    struct sc_tone_sender_settings settings = single(1400.0, -20.0, 0, 0, 0);
    const float hz[4] = { 1400.0f, 2060.0f, 2450.0f, 2600.0f }, level[4] = { -20.0f, -17.0f, -14.0f, -23.0f };
    settings.segments[0].frequency_count = 4;
    memcpy(settings.segments[0].frequency_hz, hz, sizeof hz);
    memcpy(settings.segments[0].level_dbm0, level, sizeof level);
    struct sc_tone_sender *sender = create(&settings);
    int16_t x[16000];
    sc_tone_sender_process(sender, x, 16000);
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(dbm0(amplitude_at(x + 800, 15200, (double)hz[i])), (double)level[i], 0.05);
    sc_tone_sender_destroy(sender);
}

static void test_lead_segments_are_sent_once(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 100, 100, 0);
    settings.segments[2] = settings.segments[0];
    settings.segments[2].duration_ms = 0;
    settings.segment_count = 3;
    settings.lead_count = 2;
    struct sc_tone_sender *sender = create(&settings);
    int16_t x[16000];
    CHECK_EQ(sc_tone_sender_process(sender, x, 16000), 16000);
    CHECK(amplitude_at(x, 800, 425.0) > 1000.0);
    CHECK(amplitude_at(x + 800, 800, 425.0) < 1.0);
    CHECK_NEAR(dbm0(amplitude_at(x + 1680, 14320, 425.0)), -10.0, 0.02);
    sc_tone_sender_destroy(sender);
}

/* Largest second difference beyond what the steady sine has: a click is a jump in it. */
static double worst_bend(const int16_t *x, size_t n)
{
    double worst = 0.0;
    for (size_t i = 2; i < n; i++)
        worst = fmax(worst, fabs((double)x[i] - 2.0 * x[i - 1] + x[i - 2]));
    return worst;
}

static void test_neither_cadence_nor_stop_clicks(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 333, 97, 0);
    struct sc_tone_sender *sender = create(&settings);
    int16_t x[16000];
    sc_tone_sender_process(sender, x, 15000);
    sc_tone_sender_stop(sender);
    size_t rest = sc_tone_sender_process(sender, x + 15000, 1000);
    CHECK(rest <= 20);
    CHECK(sc_tone_sender_finished(sender));
    double amplitude = 32767.0 * pow(10.0, (-10.0 - 3.14) / 20.0);
    double steady = amplitude * pow(2 * PI * 425.0 / RATE, 2);
    CHECK(worst_bend(x, 16000) < 1.35 * steady);
    sc_tone_sender_destroy(sender);
}

static void test_one_repeating_segment_has_no_seam(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 500, 0, 0);
    struct sc_tone_sender *sender = create(&settings);
    int16_t x[16000], y[16000];
    sc_tone_sender_process(sender, x, 16000);
    struct sc_tone_sender_settings endless = single(425.0, -10.0, 0, 0, 0);
    CHECK_EQ(sc_tone_sender_set(sender, &endless), 0);
    sc_tone_sender_process(sender, y, 16000);
    CHECK_EQ(memcmp(x, y, sizeof x), 0);
    sc_tone_sender_destroy(sender);
}

static void test_the_result_does_not_depend_on_the_buffer_sizes(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 33, 7, 0);
    struct sc_tone_sender *sender = create(&settings);
    int16_t x[4000], y[4000];
    sc_tone_sender_process(sender, x, 4000);
    sc_tone_sender_reset(sender);
    size_t done = 0;
    for (size_t step = 0; done < 4000; step = (step * 7 + 3) % 97) {
        size_t n = step < 4000 - done ? step : 4000 - done;
        CHECK_EQ(sc_tone_sender_process(sender, y + done, n), n);
        done += n;
    }
    CHECK_EQ(memcmp(x, y, sizeof x), 0);
    sc_tone_sender_destroy(sender);
}

static void refuse(struct sc_tone_sender_settings settings)
{
    struct sc_tone_sender *sender = NULL;
    CHECK_EQ(sc_tone_sender_create(&sender, &settings), EINVAL);
    CHECK(sender == NULL);
}

static void test_wrong_settings_are_refused(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 350, 350, 0);
    struct sc_tone_sender *sender = NULL;
    CHECK_EQ(sc_tone_sender_create(&sender, NULL), EINVAL);
    refuse(single(19.0, -10.0, 0, 0, 0));
    refuse(single(4000.0, -10.0, 0, 0, 0));
    refuse(single(NAN, -10.0, 0, 0, 0));
    refuse(single(425.0, 3.2, 0, 0, 0));
    refuse(single(425.0, NAN, 0, 0, 0));
    refuse(single(425.0, -10.0, 0, 350, 0));
    refuse(single(425.0, -10.0, 4000000u, 350, 0));
    settings.segment_count = 0;
    refuse(settings);
    settings.segment_count = SC_TONE_SEGMENTS_MAX + 1;
    refuse(settings);
    settings.segment_count = 2;
    settings.lead_count = 2;
    refuse(settings);
    settings.lead_count = 0;
    settings.segments[0].frequency_count = 5;
    refuse(settings);
    settings.segments[0].frequency_count = 2;
    settings.segments[0].frequency_hz[1] = 450.0f;
    settings.segments[0].level_dbm0[0] = 0.0f;
    settings.segments[0].level_dbm0[1] = 0.0f;
    refuse(settings);
    struct sc_tone_sender_settings good = single(425.0, -10.0, 0, 0, 0);
    sender = create(&good);
    CHECK_EQ(sc_tone_sender_set(sender, &settings), EINVAL);
    int16_t x[800];
    sc_tone_sender_process(sender, x, 800);
    CHECK(amplitude_at(x, 800, 425.0) > 1000.0);
    sc_tone_sender_destroy(sender);
}

static void test_a_failed_allocation_is_reported(void)
{
    struct sc_tone_sender_settings settings = single(425.0, -10.0, 0, 0, 0);
    struct sc_tone_sender *sender = NULL;
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_tone_sender_create(&sender, &settings), ENOMEM);
    CHECK(sender == NULL);
    sc_alloc_fail_after(-1);
    CHECK_EQ(sc_alloc_held(), 0);
    sc_tone_sender_destroy(NULL);
}

int main(void)
{
    RUN(test_a_continuous_tone_is_exact_in_level_and_frequency);
    RUN(test_the_cadence_is_exact_and_ends_after_its_repeats);
    RUN(test_four_tones_sound_together_at_their_own_levels);
    RUN(test_lead_segments_are_sent_once);
    RUN(test_neither_cadence_nor_stop_clicks);
    RUN(test_one_repeating_segment_has_no_seam);
    RUN(test_the_result_does_not_depend_on_the_buffer_sizes);
    RUN(test_wrong_settings_are_refused);
    RUN(test_a_failed_allocation_is_reported);
    return CHECK_DONE();
}

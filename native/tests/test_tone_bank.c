/* tone_bank: amplitude, phase, energy, notch and independence of the buffer sizes. */
#include "alloc.h"
#include "check.h"
#include "signal.h"
#include "tone_bank.h"

#include <errno.h>

static struct sc_tone_bank *create(const float *hz, size_t count)
{
    struct sc_tone_bank *bank = NULL;
    struct sc_tone_bank_settings settings = { .count = (uint32_t)count, .always = (uint32_t)count, .floor_mean_square = 0.1f };
    memcpy(settings.frequency_hz, hz, count * sizeof *hz);
    CHECK_EQ(sc_tone_bank_create(&bank, &settings), 0);
    if (bank == NULL)
        exit(1);
    return bank;
}

/* The last frame after the whole signal. */
static struct sc_tone_frame last_frame(struct sc_tone_bank *bank, const struct signal *s)
{
    struct sc_tone_frame kept;
    const struct sc_tone_frame *frame;
    int16_t *x = signal_samples(s);
    memset(&kept, 0, sizeof kept);
    for (size_t i = 0; i < s->length;) {
        i += sc_tone_bank_feed(bank, x + i, s->length - i, &frame);
        if (frame != NULL)
            kept = *frame;
    }
    free(x);
    return kept;
}

static void test_amplitude_and_energy_of_a_sine(void)
{
    const float hz[] = { 425.0f, 697.0f, 1209.0f, 1633.0f, 2600.0f };
    for (int k = 1; k < 5; k++) {
        struct sc_tone_bank *bank = create(hz, 5);
        struct signal s = signal_new(1600, 1);
        signal_sine(&s, 0, 1600, (double)hz[k], -10.0, 0.3);
        struct sc_tone_frame f = last_frame(bank, &s);
        double a = signal_amplitude(-10.0);
        CHECK_NEAR(hypot((double)f.real[k], (double)f.imaginary[k]) / a, 1.0, 0.01);
        CHECK_NEAR((double)f.mean_square / (a * a / 2), 1.0, 0.03);
        CHECK_EQ(sc_tone_bank_position(bank), 1600);
        signal_free(&s);
        sc_tone_bank_destroy(bank);
    }
}

static void test_the_response_predicts_the_fall_off(void)
{
    const float hz[] = { 1000.0f };
    for (int off = -90; off <= 90; off += 15) {
        struct sc_tone_bank *bank = create(hz, 1);
        struct signal s = signal_new(1600, 1);
        signal_sine(&s, 0, 1600, 1000.0 + off, -10.0, 0.3);
        struct sc_tone_frame f = last_frame(bank, &s);
        double measured = hypot((double)f.real[0], (double)f.imaginary[0]) / signal_amplitude(-10.0);
        CHECK_NEAR(sc_tone_bank_response((float)off), measured, 0.01);
        signal_free(&s);
        sc_tone_bank_destroy(bank);
    }
}

static void test_hum_and_dc_do_not_count_and_a_notch_removes_its_tone(void)
{
    const float hz[] = { 697.0f }, notch[] = { 425.0f };
    struct sc_tone_bank *bank = create(hz, 1);
    sc_tone_bank_notch(bank, notch, 1);
    struct signal s = signal_new(8000, 1);
    signal_sine(&s, 0, 8000, 425.0, -10.0, 0.0);
    signal_sine(&s, 0, 8000, 697.0, -20.0, 0.0);
    for (size_t i = 0; i < 8000; i++)
        s.x[i] += 500.0;
    struct sc_tone_frame f = last_frame(bank, &s);
    double a = signal_amplitude(-20.0);
    CHECK_NEAR(hypot((double)f.real[0], (double)f.imaginary[0]) / a, 1.0, 0.05);
    CHECK_NEAR((double)f.mean_square / (a * a / 2), 1.0, 0.1);
    signal_free(&s);
    sc_tone_bank_destroy(bank);
}

static void test_frames_do_not_depend_on_the_buffer_sizes(void)
{
    const float hz[] = { 425.0f, 950.0f };
    struct signal s = signal_new(4000, 7);
    signal_noise(&s, 0, 4000, -20.0);
    struct sc_tone_bank *a = create(hz, 2), *b = create(hz, 2);
    struct sc_tone_frame whole = last_frame(a, &s), pieces;
    const struct sc_tone_frame *frame;
    int16_t *x = signal_samples(&s);
    memset(&pieces, 0, sizeof pieces);
    uint32_t frames = 0;
    for (size_t i = 0, step = 1; i < 4000; step = step * 11 % 83) {
        size_t n = step < 4000 - i ? step : 4000 - i;
        i += sc_tone_bank_feed(b, x + i, n, &frame);
        if (frame != NULL) {
            pieces = *frame;
            frames++;
        }
    }
    CHECK_EQ(frames, 100);
    CHECK_EQ(memcmp(&whole, &pieces, sizeof whole), 0);
    free(x);
    signal_free(&s);
    sc_tone_bank_destroy(a);
    sc_tone_bank_destroy(b);
}

static void test_the_rest_is_measured_when_asked(void)
{
    struct sc_tone_bank_settings settings = {
        .frequency_hz = { 697.0f, 770.0f, 852.0f, 941.0f, 350.0f }, .count = 5, .always = 4, .floor_mean_square = 0.1f
    };
    struct sc_tone_bank *bank = NULL;
    CHECK_EQ(sc_tone_bank_create(&bank, &settings), 0);
    struct signal s = signal_new(800, 1);
    signal_sine(&s, 0, 800, 350.0, -10.0, 0.3);
    struct sc_tone_frame f = last_frame(bank, &s);
    CHECK_NEAR(f.real[4], 0.0, 1e-6);
    const struct sc_tone_frame *rest = sc_tone_bank_rest(bank);
    CHECK_NEAR(hypot((double)rest->real[4], (double)rest->imaginary[4]) / signal_amplitude(-10.0), 1.0, 0.02);
    signal_free(&s);
    sc_tone_bank_destroy(bank);
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_tone_bank *bank = NULL;
    struct sc_tone_bank_settings good = { .frequency_hz = { 1000.0f, 1100.0f }, .count = 2, .always = 2 }, wrong = good;
    wrong.count = wrong.always = 0;
    CHECK_EQ(sc_tone_bank_create(&bank, &wrong), EINVAL);
    wrong.count = SC_TONE_BANK_MAX + 1;
    CHECK_EQ(sc_tone_bank_create(&bank, &wrong), EINVAL);
    wrong = good;
    wrong.always = 1;
    CHECK_EQ(sc_tone_bank_create(&bank, &wrong), EINVAL);
    wrong.always = 3;
    CHECK_EQ(sc_tone_bank_create(&bank, &wrong), EINVAL);
    wrong = good;
    wrong.frequency_hz[1] = 99.0f;
    CHECK_EQ(sc_tone_bank_create(&bank, &wrong), EINVAL);
    wrong.frequency_hz[1] = NAN;
    CHECK_EQ(sc_tone_bank_create(&bank, &wrong), EINVAL);
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_tone_bank_create(&bank, &good), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK(bank == NULL);
    CHECK_EQ(sc_alloc_held(), 0);
    sc_tone_bank_destroy(NULL);
}

int main(void)
{
    RUN(test_amplitude_and_energy_of_a_sine);
    RUN(test_the_response_predicts_the_fall_off);
    RUN(test_hum_and_dc_do_not_count_and_a_notch_removes_its_tone);
    RUN(test_frames_do_not_depend_on_the_buffer_sizes);
    RUN(test_the_rest_is_measured_when_asked);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

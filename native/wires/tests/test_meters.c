/* The meters: frequencies, cadences and likeness as they really are, also in noise. */
#include "signals.h"

#include <math.h>

static int16_t sound[LONGEST];
static int16_t late[LONGEST];

static void the_strongest_frequency_is_found_in_noise(void)
{
    static const double frequencies[] = {213.0, 425.0, 488.75, 1004.0, 2130.5, 3400.0};
    struct tw_noise noise;
    tw_noise_seed(&noise, 3);
    for (size_t k = 0; k < 6; k++) {
        double share = 0.0;
        for (size_t i = 0; i < 1600; i++)
            sound[i] = tw_saturate(tw_sine_amplitude(-20.0) * sin(2.0 * TW_PI * frequencies[k] * (double)i / 8000.0) +
                                   tw_rms(-45.0) * tw_noise_gauss(&noise));
        CHECK_NEAR(tw_dominant_hz(sound, 1600, &share), frequencies[k], 0.5);
        CHECK(share > 0.95);
    }
    memset(sound, 0, sizeof sound);
    double share = 1.0;
    CHECK_NEAR(tw_dominant_hz(sound, 1600, &share), 0.0, 0.0);
    CHECK_NEAR(share, 0.0, 0.0);
}

static void a_cadence_is_read_within_10_ms_and_a_sharp_tone_is_not_it(void)
{
    struct tw_device *d = new_device();
    double hz[] = {425.0};
    double sharp[] = {488.75};
    uint32_t cadence[] = {350, 150};
    struct tw_stretch found[16];
    CHECK_EQ(tw_say_tone(d, hz, 1, -15.0, cadence, 2, 3000), 0);
    run_device(d, NULL, sound, 24000);
    size_t count = tw_cadence(sound, 24000, 425.0, -40.0, found, 16);
    CHECK_EQ(count, 12);
    for (size_t i = 1; i + 1 < count; i++) {
        CHECK_EQ(found[i].on, i % 2 == 0);
        CHECK_NEAR(found[i].duration_ms, i % 2 == 0 ? 350 : 150, 10);
    }
    CHECK_EQ(tw_say_tone(d, sharp, 1, -15.0, cadence, 2, 3000), 0);
    run_device(d, NULL, sound, 24000);
    count = tw_cadence(sound, 24000, 425.0, -40.0, found, 16);
    CHECK(count > 0 && !found[0].on);
    CHECK_EQ(tw_cadence(sound, 24000, 488.75, -40.0, found, 2), 2); /* bounded */
    tw_device_destroy(d);
}

static void likeness_finds_lag_and_gain(void)
{
    struct tw_device *d = new_device();
    struct tw_match match;
    CHECK_EQ(tw_say_speech(d, 5, -18.0, 0), 0);
    run_device(d, NULL, sound, 16000);
    for (size_t i = 0; i < 8000; i++)
        late[i] = (int16_t)(i < 333 ? 0 : lrint(-0.5 * sound[i - 333]));
    CHECK_EQ(tw_match(sound, late, 6000, 1600, &match), 0);
    CHECK_EQ(match.lag_samples, 333);
    CHECK_NEAR(match.correlation, -1.0, 0.01);
    CHECK_NEAR(match.gain_db, -6.02, 0.1);
    memset(sound, 0, sizeof sound);
    CHECK_EQ(tw_match(sound, late, 6000, 0, &match), ENODATA);
    CHECK_EQ(tw_match(sound, late, 0, 0, &match), EINVAL);
    tw_device_destroy(d);
}

int main(void)
{
    RUN(the_strongest_frequency_is_found_in_noise);
    RUN(a_cadence_is_read_within_10_ms_and_a_sharp_tone_is_not_it);
    RUN(likeness_finds_lag_and_gain);
    return CHECK_DONE();
}

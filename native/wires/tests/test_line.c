/* The physics of a line: loss, echo, noise, gating, ringing that leaks, clicks, drift. */
#include "signals.h"

#include <math.h>

static int16_t played[LONGEST];
static int16_t captured[LONGEST];
static int16_t heard[LONGEST];

static void make_noise(int16_t *out, size_t n, double dbm0)
{
    struct tw_noise noise;
    tw_noise_seed(&noise, 99);
    for (size_t i = 0; i < n; i++)
        out[i] = tw_saturate(tw_rms(dbm0) * tw_noise_gauss(&noise));
}

static void make_tone(int16_t *out, size_t n, double hz, double dbm0)
{
    for (size_t i = 0; i < n; i++)
        out[i] = tw_saturate(tw_sine_amplitude(dbm0) * sin(2.0 * TW_PI * hz * (double)i / TW_RATE_HZ));
}

static void each_hybrid_returns_the_echo_it_should(void)
{
    make_noise(played, 32000, -12.0);
    for (uint32_t shape = 0; shape < TW_HYBRIDS; shape++) {
        struct tw_line_settings s = clean_line();
        s.echo_shape = shape;
        s.erl_db = 12.0;
        s.echo_delay_ms = 5.0;
        struct tw_line *line = new_line(&s);
        tw_line_set_loop(line, true);
        run_line(line, played, captured, 32000);
        CHECK_NEAR(tw_level_dbm0(captured + 800, 31200), -24.0, 0.5);
        CHECK_NEAR(tw_level_dbm0(captured, 40), -100.0, 0.0); /* nothing before the delay of 5 ms */
        tw_line_destroy(line);
    }
}

static void audio_passes_with_loss_while_the_loop_is_closed(void)
{
    struct tw_line_settings s = clean_line();
    s.loss_db = 3.5;
    struct tw_line *line = new_line(&s);
    double hz[] = {1000.0};
    make_tone(played, 16000, 600.0, -10.0);
    CHECK_EQ(tw_say_tone(tw_line_device(line), hz, 1, -12.0, NULL, 0, 0), 0);
    run_line(line, played, captured, 8000);
    CHECK_NEAR(tw_level_dbm0(captured, 8000), -100.0, 0.0);
    tw_line_set_loop(line, true);
    run_line(line, played, captured, 8000);
    CHECK_EQ(tw_copy_heard(tw_line_device(line), 0, heard, 16000), 16000);
    CHECK_NEAR(tw_level_dbm0(heard, 8000), -100.0, 0.0);
    CHECK_NEAR(tw_tone_dbm0(heard + 8000, 8000, 600.0), -13.5, 0.1);
    CHECK_NEAR(tw_tone_dbm0(captured + 80, 7920, 1000.0), -15.5, 0.1);
    tw_line_destroy(line);
}

static void only_what_is_allowed_passes_on_hook(void)
{
    struct tw_line_settings s = clean_line();
    s.on_hook_to_port = true;
    struct tw_line *line = new_line(&s);
    double hz[] = {1000.0};
    make_tone(played, 8000, 600.0, -10.0);
    CHECK_EQ(tw_say_tone(tw_line_device(line), hz, 1, -12.0, NULL, 0, 0), 0);
    run_line(line, played, captured, 8000);
    CHECK_NEAR(tw_tone_dbm0(captured + 80, 7920, 1000.0), -12.0, 0.1);
    CHECK(tw_tone_dbm0(captured + 80, 7920, 600.0) < -60.0); /* no echo of an open loop */
    CHECK_EQ(tw_copy_heard(tw_line_device(line), 0, heard, 8000), 8000);
    CHECK_NEAR(tw_level_dbm0(heard, 8000), -100.0, 0.0);
    tw_line_destroy(line);
}

static void noise_hum_and_leaking_ringing_have_their_levels(void)
{
    struct tw_line_settings s = clean_line();
    s.noise_dbm0 = -55.0;
    struct tw_line *line = new_line(&s);
    run_line(line, NULL, captured, 32000);
    CHECK_NEAR(tw_level_dbm0(captured, 32000), -55.0, 0.5);
    tw_line_destroy(line);
    s.noise_dbm0 = -100.0;
    s.hum_dbm0 = -50.0;
    line = new_line(&s);
    run_line(line, NULL, captured, 32000);
    CHECK_NEAR(tw_tone_dbm0(captured, 32000, 150.0), -50.0 - 1.94, 0.3);
    tw_line_destroy(line);
    s.hum_dbm0 = -100.0;
    s.ringing_leak_dbm0 = -18.0;
    line = new_line(&s);
    tw_line_set_ringing(line, true, 25.0);
    run_line(line, NULL, captured, 16000);
    CHECK_NEAR(tw_tone_dbm0(captured, 16000, 25.0), -18.0, 0.2);
    CHECK(tw_tone_dbm0(captured, 16000, 75.0) > -32.0);
    tw_line_set_ringing(line, false, 0.0);
    run_line(line, NULL, captured, 8000);
    CHECK_NEAR(tw_level_dbm0(captured, 8000), -100.0, 0.0);
    tw_line_destroy(line);
}

static void opening_and_closing_clicks_and_dies_away(void)
{
    struct tw_line_settings s = clean_line();
    s.click_dbm0 = -20.0;
    struct tw_line *line = new_line(&s);
    run_line(line, NULL, captured, 800);
    CHECK_NEAR(tw_level_dbm0(captured, 800), -100.0, 0.0);
    tw_line_set_loop(line, true);
    run_line(line, NULL, captured, 8000);
    CHECK(tw_level_dbm0(captured, 160) > -35.0);
    CHECK(tw_level_dbm0(captured + 800, 7000) < -90.0);
    tw_line_destroy(line);
}

static void a_clock_that_drifts_moves_the_pitch_and_loses_nothing(void)
{
    struct tw_line_settings s = clean_line();
    s.drift_ppm = 200.0;
    s.memory_ms = 62000;
    struct tw_line *line = new_line(&s);
    double hz[] = {1000.0};
    double share = 0.0;
    tw_line_set_loop(line, true);
    CHECK_EQ(tw_say_tone(tw_line_device(line), hz, 1, -12.0, NULL, 0, 0), 0);
    make_tone(played, LONGEST, 1000.0, -10.0);
    run_line(line, played, captured, LONGEST);
    double position = (double)tw_device_position(tw_line_device(line));
    CHECK_NEAR(position, LONGEST * (1.0 + 200e-6), 1.0);
    /* Over 60 s a slip would show as a dip: every 100 ms has the tone's whole level. */
    CHECK_EQ(tw_copy_heard(tw_line_device(line), 96, heard, LONGEST), LONGEST);
    for (size_t at = 800; at + 800 <= LONGEST; at += 800) {
        CHECK_NEAR(tw_tone_dbm0(captured + at, 800, 1000.2), -12.0, 0.3);
        CHECK_NEAR(tw_tone_dbm0(heard + at, 800, 999.8), -10.0, 0.3);
    }
    CHECK_NEAR(tw_dominant_hz(captured + 8000, 1600, &share), 1000.2, 0.15);
    tw_line_destroy(line);
}

static void the_same_seed_gives_the_same_line(void)
{
    struct tw_line_settings s;
    tw_line_settings_default(&s);
    struct tw_line *a = new_line(&s);
    struct tw_line *b = new_line(&s);
    run_line(a, NULL, captured, 8000);
    run_line(b, NULL, heard, 8000);
    CHECK(memcmp(captured, heard, 8000 * sizeof heard[0]) == 0);
    tw_line_reset(a);
    run_line(a, NULL, captured, 8000);
    CHECK(memcmp(captured, heard, 8000 * sizeof heard[0]) == 0);
    tw_line_destroy(a);
    tw_line_destroy(b);
}

static void bad_settings_and_failing_allocations_are_refused(void)
{
    struct tw_line_settings s = clean_line();
    struct tw_line *line = NULL;
    int16_t block[TW_MAX_BLOCK_SAMPLES] = {0};
    s.echo_shape = TW_HYBRIDS;
    CHECK_EQ(tw_line_create(&line, &s), EINVAL);
    s = clean_line();
    s.drift_ppm = NAN;
    CHECK_EQ(tw_line_create(&line, &s), EINVAL);
    s = clean_line();
    s.memory_ms = 1;
    CHECK_EQ(tw_line_create(&line, &s), EINVAL);
    s = clean_line();
    for (long good = 0; good < 4; good++) {
        tw_alloc_fail_after(good);
        CHECK_EQ(tw_line_create(&line, &s), ENOMEM);
    }
    tw_alloc_fail_after(-1);
    CHECK(line == NULL);
    line = new_line(&s);
    CHECK_EQ(tw_port_exchange(line, block, block, TW_MAX_BLOCK_SAMPLES), EINVAL);
    tw_line_destroy(line);
    CHECK_EQ(tw_alloc_held(), 0);
}

int main(void)
{
    RUN(each_hybrid_returns_the_echo_it_should);
    RUN(audio_passes_with_loss_while_the_loop_is_closed);
    RUN(only_what_is_allowed_passes_on_hook);
    RUN(noise_hum_and_leaking_ringing_have_their_levels);
    RUN(opening_and_closing_clicks_and_dies_away);
    RUN(a_clock_that_drifts_moves_the_pitch_and_loses_nothing);
    RUN(the_same_seed_gives_the_same_line);
    RUN(bad_settings_and_failing_allocations_are_refused);
    return CHECK_DONE();
}

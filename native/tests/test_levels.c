/* Tests of limiter.c, automatic_gain.c and spoken_level.c: nothing clips, nothing is bent, a talker is brought to -16 dBm0
 * and nothing else is. */
#include "automatic_gain.h"
#include "check.h"
#include "limiter.h"
#include "mixer.h"
#include "signal.h"
#include "spoken_level.h"

#include <stdio.h>

enum { TICK = 80, SECOND = 8000 };

static double dbm0(const int16_t *x, size_t n)
{
    double sum = 1e-3;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return 10 * log10(2 * sum / (double)n) - 20 * log10(signal_amplitude(0));
}

/* --- limiter --- */

static void what_is_not_loud_passes_bit_exact(void)
{
    struct sc_limiter limiter;
    float in[TICK];
    int16_t out[TICK];
    sc_limiter_reset(&limiter);
    for (int tick = 0; tick < 100; tick++) {
        for (int i = 0; i < TICK; i++)
            in[i] = (float)lrint(29000 * sin(0.7 * (tick * TICK + i)));
        sc_limiter_process(&limiter, out, in, TICK);
        for (int i = 0; i < TICK; i++)
            CHECK_EQ(out[i], (int)in[i]);
    }
    CHECK_NEAR(sc_limiter_gain_db(&limiter), 0, 0.001);
}

static void nothing_reaches_full_scale(void)
{
    struct sc_limiter limiter;
    struct signal dice = signal_new(1, 4);
    float in[TICK];
    int16_t out[TICK];
    sc_limiter_reset(&limiter);
    for (int tick = 0; tick < 2000; tick++) {
        const double loud = pow(10, 3 * signal_uniform(&dice)) * 8000;
        for (int i = 0; i < TICK; i++)
            in[i] = (float)(loud * (2 * signal_uniform(&dice) - 1));
        if (tick % 100 == 0)
            in[3] = 256 * 32768.0f, in[4] = -in[3];
        sc_limiter_process(&limiter, out, in, TICK);
        for (int i = 0; i < TICK; i++) {
            CHECK(out[i] < 32767 && out[i] > -32767);
            CHECK(out[i] == 0 || (out[i] > 0) == (in[i] > 0));
        }
    }
    signal_free(&dice);
}

static double distortion_percent(double hz, double over_db)
{
    struct sc_limiter limiter;
    double c = 0, s = 0, all = 0;
    sc_limiter_reset(&limiter);
    for (size_t i = 0; i < 2 * SECOND; i += TICK) {
        float in[TICK];
        int16_t out[TICK];
        for (size_t n = 0; n < TICK; n++)
            in[n] = (float)(32767 * pow(10, over_db / 20) * sin(2 * SIGNAL_PI * hz / SECOND * (double)(i + n)));
        sc_limiter_process(&limiter, out, in, TICK);
        for (size_t n = 0; n < TICK && i >= SECOND; n++) {
            c += out[n] * cos(2 * SIGNAL_PI * hz / SECOND * (double)(i + n)) * 2 / SECOND;
            s += out[n] * sin(2 * SIGNAL_PI * hz / SECOND * (double)(i + n)) * 2 / SECOND;
            all += (double)out[n] * out[n] / SECOND;
        }
    }
    return 100 * sqrt(fmax(all - (c * c + s * s) / 2, 0) / all);
}

static void a_sine_keeps_its_shape(void)
{
    double worst = 0;
    for (double hz = 50; hz < 3400; hz *= 2)
        for (double over_db = 1; over_db <= 24; over_db += 4.6)
            worst = fmax(worst, distortion_percent(hz, over_db));
    printf("limiter: distortion of a sine 1..24 dB over full scale: at most %.4f %%\n", worst);
    CHECK(worst < 0.05);
}

static void it_lets_go(void)
{
    struct sc_limiter limiter;
    float loud[TICK], quiet[TICK];
    int16_t out[TICK];
    sc_limiter_reset(&limiter);
    for (int i = 0; i < TICK; i++)
        loud[i] = 100000, quiet[i] = 1000;
    sc_limiter_process(&limiter, out, loud, TICK);
    CHECK(sc_limiter_gain_db(&limiter) < -8);
    for (int tick = 0; tick < 60; tick++)
        sc_limiter_process(&limiter, out, quiet, TICK);
    CHECK_EQ(out[TICK - 1], 1000);
}

/* --- automatic gain --- */

struct heard {
    double dbm0, moved_db;
    float gain_db;
};

/* Runs seconds of x through; level and movement of the gain in the last `last` of them. */
static struct heard run(struct sc_automatic_gain *agc, const int16_t *x, size_t seconds, size_t last, bool hold)
{
    struct heard heard = { 0 };
    double sum = 1e-3;
    float low = 1e9f, high = -1e9f;
    for (size_t i = 0; i < seconds * SECOND; i += TICK) {
        float out[TICK];
        sc_automatic_gain_process(agc, out, x + i, TICK, hold);
        if (i < (seconds - last) * SECOND)
            continue;
        low = fminf(low, agc->gain_db);
        high = fmaxf(high, agc->gain_db);
        for (size_t n = 0; n < TICK; n++)
            sum += (double)out[n] * (double)out[n] / ((double)last * SECOND);
    }
    heard.dbm0 = 10 * log10(2 * sum) - 20 * log10(signal_amplitude(0));
    heard.moved_db = high - low;
    heard.gain_db = agc->gain_db;
    return heard;
}

static int16_t *voice(size_t seconds, double level_dbm0, double noise_dbm0, uint64_t seed)
{
    struct signal s = signal_new(seconds * SECOND, seed);
    signal_voice(&s, 0, s.length, -15);
    int16_t *x = signal_samples(&s);
    signal_scale(&s, pow(10, (level_dbm0 - dbm0(x, s.length)) / 20));
    signal_noise(&s, 0, s.length, noise_dbm0);
    free(x);
    x = signal_samples(&s);
    signal_free(&s);
    return x;
}

static void every_talker_comes_to_16_dbm0(void)
{
    for (int level = -36; level <= -6; level += 6)
        for (uint64_t seed = 40; seed < 43; seed++) {
            struct sc_automatic_gain agc;
            int16_t *x = voice(40, level, -75, seed);
            sc_automatic_gain_reset(&agc);
            const struct heard heard = run(&agc, x, 40, 20, false);
            if (seed == 40)
                printf("gain: talker at %d dBm0: %.1f dBm0, gain moved %.1f dB in 20 s\n", level, heard.dbm0,
                       heard.moved_db);
            CHECK_NEAR(heard.dbm0, -16, 3);
            free(x);
        }
}

static void noise_and_tones_are_never_raised(void)
{
    for (int level = -60; level <= -20; level += 10) {
        struct sc_automatic_gain agc;
        struct signal s = signal_new(20 * SECOND, 6);
        signal_noise(&s, 0, s.length, level);
        int16_t *x = signal_samples(&s);
        sc_automatic_gain_reset(&agc);
        CHECK_NEAR(run(&agc, x, 20, 10, false).gain_db, 0, 0.001);
        free(x);
        memset(s.x, 0, s.length * sizeof *s.x);
        signal_sine(&s, 0, s.length, 425, level, 0);
        x = signal_samples(&s);
        sc_automatic_gain_reset(&agc);
        CHECK_NEAR(run(&agc, x, 20, 10, false).gain_db, 0, 0.001);
        free(x);
        signal_free(&s);
    }
}

/* A fan is switched on in the middle: what it teaches before it is known for noise is little, and is not kept up. */
static void noise_that_begins_is_not_raised(void)
{
    struct sc_automatic_gain agc;
    struct signal s = signal_new(30 * SECOND, 6);
    signal_noise(&s, 0, s.length, -70);
    signal_noise(&s, 10 * SECOND, s.length, -44);
    int16_t *x = signal_samples(&s);
    sc_automatic_gain_reset(&agc);
    const float gain_db = run(&agc, x, 30, 10, false).gain_db;
    printf("gain: noise from -70 to -44 dBm0: gain %.1f dB\n", (double)gain_db);
    CHECK(gain_db < 6);
    free(x);
    signal_free(&s);
}

static void the_noise_behind_a_quiet_talker_stays_low(void)
{
    struct sc_automatic_gain agc;
    int16_t *x = voice(40, -34, -58, 8);
    sc_automatic_gain_reset(&agc);
    const float gain_db = run(&agc, x, 40, 10, false).gain_db;
    printf("gain: talker at -34 dBm0 in noise of -58 dBm0: %.1f dB\n", (double)gain_db);
    CHECK(-58 + gain_db < -49);
    CHECK(gain_db > 3);
    free(x);
}

static void the_gain_stands_still_in_a_pause_and_while_held(void)
{
    struct sc_automatic_gain agc;
    struct signal s = signal_new(10 * SECOND, 7);
    signal_noise(&s, 0, s.length, -62);
    int16_t *x = voice(20, -30, -62, 3), *pause = signal_samples(&s), *other = voice(10, -40, -62, 4);
    sc_automatic_gain_reset(&agc);
    const float before = run(&agc, x, 20, 10, false).gain_db;
    CHECK(before > 5);
    CHECK_NEAR(run(&agc, pause, 10, 9, false).moved_db, 0, 0.001);
    CHECK_NEAR(run(&agc, other, 10, 9, true).moved_db, 0, 0.001);
    free(x);
    free(pause);
    free(other);
    signal_free(&s);
}

/* --- what a party says --- */

static void at_0_db_it_is_bit_exact(void)
{
    struct sc_spoken_level level;
    int16_t *x = voice(1, -6, -60, 2), *y = voice(1, -6, -60, 2);
    x[5] = y[5] = INT16_MIN;
    sc_spoken_level_reset(&level);
    sc_spoken_level_set(&level, 0, false);
    for (size_t i = 0; i < SECOND; i += TICK)
        sc_spoken_level_process(&level, x + i, NULL, TICK);
    CHECK(memcmp(x, y, SECOND * sizeof *x) == 0);
    free(x);
    free(y);
}

static void the_lines_gain_counts_and_is_limited(void)
{
    struct sc_spoken_level level;
    int16_t x[TICK];
    sc_spoken_level_reset(&level);
    sc_spoken_level_set(&level, 6, false);
    for (int i = 0; i < TICK; i++)
        x[i] = 5000;
    sc_spoken_level_process(&level, x, NULL, TICK);
    CHECK_NEAR(x[9], 9976, 1);
    CHECK_NEAR(sc_spoken_level_gain_db(&level), 6, 0.01);
    for (int i = 0; i < TICK; i++)
        x[i] = 30000;
    sc_spoken_level_process(&level, x, NULL, TICK);
    CHECK(x[79] > 29000 && x[79] < 32767);
}

static void the_partys_own_echo_teaches_nothing(void)
{
    for (int echo = 0; echo < 2; echo++) {
        struct sc_spoken_level level;
        int16_t *heard = voice(15, -14, -70, 5), x[TICK];
        sc_spoken_level_reset(&level);
        sc_spoken_level_set(&level, 0, true);
        for (size_t i = 0; i < 15 * SECOND; i += TICK) {
            for (size_t n = 0; n < TICK; n++)
                x[n] = (int16_t)(heard[i + n] / 10); /* 20 dB down: what a canceller has left */
            sc_spoken_level_process(&level, x, echo ? heard + i : NULL, TICK);
        }
        if (echo)
            CHECK_NEAR(sc_spoken_level_gain_db(&level), 0, 0.01);
        else
            CHECK(sc_spoken_level_gain_db(&level) > 10); /* the same sound, if nothing says that it is echo */
        free(heard);
    }
}

static void a_new_party_begins_at_0_db(void)
{
    struct sc_spoken_level level;
    int16_t *x = voice(15, -30, -70, 5);
    sc_spoken_level_reset(&level);
    sc_spoken_level_set(&level, 3, true);
    for (size_t i = 0; i < 15 * SECOND; i += TICK)
        sc_spoken_level_process(&level, x + i, NULL, TICK);
    const float before = sc_spoken_level_gain_db(&level);
    CHECK(before > 8);
    sc_spoken_level_set(&level, 3, true); /* the next plan: the same party */
    CHECK_NEAR(sc_spoken_level_gain_db(&level), before, 0.001);
    sc_spoken_level_set(&level, 0, false);
    CHECK_NEAR(sc_spoken_level_gain_db(&level), 0, 0.001);
    sc_spoken_level_set(&level, 0, true);
    CHECK_NEAR(sc_spoken_level_gain_db(&level), 0, 0.001);
    free(x);
}

int main(void)
{
    RUN(what_is_not_loud_passes_bit_exact);
    RUN(nothing_reaches_full_scale);
    RUN(a_sine_keeps_its_shape);
    RUN(it_lets_go);
    RUN(every_talker_comes_to_16_dbm0);
    RUN(noise_and_tones_are_never_raised);
    RUN(noise_that_begins_is_not_raised);
    RUN(the_noise_behind_a_quiet_talker_stays_low);
    RUN(the_gain_stands_still_in_a_pause_and_while_held);
    RUN(at_0_db_it_is_bit_exact);
    RUN(the_lines_gain_counts_and_is_limited);
    RUN(the_partys_own_echo_teaches_nothing);
    RUN(a_new_party_begins_at_0_db);
    return CHECK_DONE();
}

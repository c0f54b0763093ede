/* Tests of echo_canceller.c by the clauses of ITU-T G.168 (04/2015) in their names: hybrid models of annex D behind
 * unknown bulk delays, composite source signal of annex C, A-law on rin and sin, levels as rms over sliding 35 ms.  The
 * grid is 8 models x 3 ERL x 4 levels; a run takes every fourth case of it, with --all every case, with --few those of two
 * models.  Cases that overload sin are no linear echo and are left out and counted. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "echo_canceller.h"
#include "echo_lab.h"

static double figure_9(double rin_dbm0) /* residual with NLP, no comfort noise */
{
    return rin_dbm0 <= -10 ? -65 : -65 + (rin_dbm0 + 10);
}

static double figure_11(double rin_dbm0) /* residual without NLP */
{
    return -55 + (rin_dbm0 + 30) * 25 / 30;
}

static double white(uint64_t i)
{
    (void)i;
    return sqrt(3.0) * uniform();
}

static double hoth(uint64_t i) /* room noise falls by 5 dB an octave: one pole over white noise is near */
{
    static double y;
    (void)i;
    y = 0.8 * y + 0.6 * sqrt(3.0) * uniform();
    return y;
}

static bool whole_grid, few; /* few: two of the models; enough to see that another processor reckons alike */

static const double erls[] = {6, 10, 20};
static const double levels[] = {-30, -20, -10, 0};

/* Every model at every ERL and one or all of the levels, bulk delays spread over the span. */
static void on_every_path(void (*trial)(int model, double erl_db, size_t delay, double level_dbm0))
{
    size_t delay = 0;
    for (int model = 1; model <= 8; model++)
        for (size_t e = 0; e < 3; e++)
            for (size_t l = 0; l < 4; l++) {
                const bool chosen = ((size_t)model + e + l) % 4 == 0 && (!few || model % 4 == 1);
                if (whole_grid || chosen)
                    trial(model, erls[e], delay, levels[l]);
                delay = (delay + 211) % 800;
            }
}

static unsigned tried, met, overloaded;
static double worst_margin;

static void judge(const char *what, int model, double erl_db, size_t delay, double level, double got, double limit)
{
    if (lab.clipped) {
        overloaded++;
        return;
    }
    tried++;
    worst_margin = fmin(worst_margin, limit - got);
    if (got <= limit)
        met++;
    else
        printf("    %s: m%d ERL %g delay %zu at %g dBm0: %.1f over the limit %.1f dBm0\n", what, model, erl_db, delay,
               level, got, limit);
    CHECK(got <= limit);
}

static void begin_count(void)
{
    tried = met = overloaded = 0;
    worst_margin = 1e9;
}

static void tell(const char *what)
{
    printf("canceller: %s: %u of %u, least margin %.1f dB, %u left out that overload sin\n", what, met, tried,
           worst_margin, overloaded);
}

static void trial_2a(int model, double erl_db, size_t delay, double level)
{
    open_lab(model, erl_db, delay, true, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    run_ms(50 + (double)delay / 8 + 100);
    mark();
    run_ms(850);
    judge("2A loss of 20 dB", model, erl_db, delay, level, dbm0(lab.sout_peak), dbm0(lab.rin_peak) - 20);
    run_ms(9000);
    mark();
    run_ms(1050);
    judge("2A Fig. 9", model, erl_db, delay, level, dbm0(lab.sout_peak), figure_9(level));
    close_lab();
}

static void g168_6_4_2_3_test_2a_converges_with_nlp(void)
{
    begin_count();
    on_every_path(trial_2a);
    tell("G.168 2A, Fig. 9 and 10a");
}

static void trial_2b(int model, double erl_db, size_t delay, double level)
{
    open_lab(model, erl_db, delay, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    run_ms(1000 + (double)delay / 8);
    mark();
    run_ms(1050);
    judge("2B loss of 20 dB from 1 s", model, erl_db, delay, level, dbm0(lab.sout_peak), dbm0(lab.rin_peak) - 20);
    run_ms(7950);
    mark();
    run_ms(1050);
    judge("2B Fig. 11", model, erl_db, delay, level, dbm0(lab.sout_peak), figure_11(level));
    close_lab();
}

static void g168_6_4_2_3_test_2b_converges_without_nlp(void)
{
    begin_count();
    on_every_path(trial_2b);
    tell("G.168 2B, Fig. 11 and 12a");
}

static void trial_change(int model, double erl_db, size_t delay, double level)
{
    open_lab(model, erl_db, delay, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    run_ms(5000);
    g168_path_set(&lab.path, model % 8 + 1, erl_db, delay);
    run_ms(1000);
    mark();
    run_ms(1050);
    judge("2B after a path change, 20 dB", model, erl_db, delay, level, dbm0(lab.sout_peak), dbm0(lab.rin_peak) - 20);
    run_ms(7950);
    mark();
    run_ms(1050);
    judge("2B after a path change, Fig. 11", model, erl_db, delay, level, dbm0(lab.sout_peak), figure_11(level));
    close_lab();
}

static void g168_6_4_2_3_test_2b_converges_again_after_a_path_change(void)
{
    begin_count();
    on_every_path(trial_change);
    tell("G.168 2B after a path change");
}

static void trial_2c(int model, double erl_db, size_t delay, double level)
{
    if (level - 15 < -55 || level > -5)
        return;
    open_lab(model, erl_db, delay, true, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    lab.near = hoth;
    lab.near_dbm0 = level - 15;
    run_ms(1000 + (double)delay / 8);
    mark();
    run_ms(4000);
    judge("2C", model, erl_db, delay, level, dbm0(lab.sout_sum / (double)lab.counted), level - 15);
    close_lab();
}

static void g168_6_4_2_3_test_2c_converges_in_noise(void)
{
    begin_count();
    on_every_path(trial_2c);
    tell("G.168 2C");
}

static void trial_3a(int model, double erl_db, size_t delay, double level)
{
    if (level > -5)
        return;
    open_lab(model, erl_db, delay, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    lab.near = g168_css_double_talk;
    lab.near_dbm0 = level - 15;
    run_ms(5000);
    lab.near = NULL;
    mark();
    run_ms(700);
    judge("3A", model, erl_db, delay, level, dbm0(lab.sout_peak), level - 15);
    close_lab();
}

static void g168_6_4_2_4_test_3a_low_near_end_does_not_block(void)
{
    begin_count();
    on_every_path(trial_3a);
    tell("G.168 3A");
}

static void trial_3b_at(int model, double erl_db, size_t delay, double level, double near_dbm0, double allowance)
{
    open_lab(model, erl_db, delay, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    run_ms(10000);
    lab.near = g168_css_double_talk;
    lab.near_dbm0 = near_dbm0;
    run_ms(5000);
    lab.near = NULL;
    sc_echo_canceller_set_adaptation(lab.ec, false);
    run_ms(160);
    mark();
    run_ms(1050);
    judge(allowance > 5 ? "3B loud near end" : "3B low near end", model, erl_db, delay, level, dbm0(lab.sout_peak),
          figure_11(level) + allowance);
    close_lab();
}

static void trial_3b(int model, double erl_db, size_t delay, double level)
{
    if (level > -5 || level < -25)
        return;
    trial_3b_at(model, erl_db, delay, level, level, 10);
    trial_3b_at(model, erl_db, delay, level, level - 10, 3);
}

static void g168_6_4_2_4_test_3b_double_talk_does_not_spoil(void)
{
    begin_count();
    on_every_path(trial_3b);
    tell("G.168 3B");
}

static void trial_3c(int model, double erl_db, size_t delay, double level)
{
    if (level > -5 || level < -25)
        return;
    open_lab(model, erl_db, delay, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    lab.near = g168_css_double_talk;
    lab.near_dbm0 = level;
    run_ms(5600);
    lab.near = NULL; /* single talk once more */
    run_ms(1050);
    mark();
    run_ms(1400);
    judge("3C single talk", model, erl_db, delay, level, dbm0(lab.sout_peak), level);
    lab.near = g168_css_double_talk;
    mark();
    run_ms(2800);
    judge("3C double talk resumes", model, erl_db, delay, level, dbm0(lab.sout_peak), level + 6);
    close_lab();
}

static void g168_6_4_2_4_test_3c_conversation(void)
{
    begin_count();
    on_every_path(trial_3c);
    tell("G.168 3C");
}

static void g168_6_4_2_5_test_4_does_not_leak_in_silence(void)
{
    begin_count();
    for (int model = 1; model <= 8; model += whole_grid ? 1 : 3) {
        open_lab(model, 10, (size_t)model * 90, false, false);
        lab.far = g168_css;
        lab.far_dbm0 = -10;
        run_ms(10000);
        mark();
        run_ms(1050);
        const double before = dbm0(lab.sout_peak);
        lab.far = NULL;
        run_ms(120000);
        lab.far = g168_css;
        mark();
        run_ms(700);
        judge("4", model, 10, (size_t)model * 90, -10, dbm0(lab.sout_peak), before + 10);
        close_lab();
    }
    tell("G.168 4");
}

static void trial_5(int model, double erl_db, size_t delay, double level)
{
    open_lab(model, erl_db, delay, true, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    run_ms(5000);
    lab.path.n_taps = 0; /* the line is opened */
    run_ms(150 + (double)delay / 8);
    mark();
    run_ms(2000);
    judge("5 with NLP", model, erl_db, delay, level, dbm0(lab.sout_peak), fmin(figure_9(level), -60));
    close_lab();
    open_lab(model, erl_db, delay, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = level;
    run_ms(5000);
    lab.path.n_taps = 0;
    run_ms(1000);
    mark();
    run_ms(2000);
    judge("5 without NLP", model, erl_db, delay, level, dbm0(lab.sout_peak), figure_11(level));
    close_lab();
}

static void g168_6_4_2_6_test_5_no_phantom_echo_when_the_path_opens(void)
{
    begin_count();
    on_every_path(trial_5);
    tell("G.168 5");
}

static double tone_hz[2];

static double tones(uint64_t i)
{
    const double a = sin(2 * PI * tone_hz[0] / SECOND * (double)i);
    return tone_hz[1] > 0 ? a + sin(2 * PI * tone_hz[1] / SECOND * (double)i) : sqrt(2.0) * a;
}

static void g168_6_4_2_7_test_6_tones_do_not_spoil(void)
{
    static const double pairs[][2] = {{697, 0},     {941, 0},     {1336, 0},    {1633, 0},
                                      {697, 1209},  {770, 1336},  {852, 1477},  {941, 1633}};
    begin_count();
    for (int model = 1; model <= 8; model++)
        for (size_t t = 0; t < 8; t++) {
            if (!whole_grid && ((size_t)model + t) % 4 != 0)
                continue;
            const size_t delay = ((size_t)model * 8 + t) * 83 % 800;
            open_lab(model, 10, delay, false, false);
            lab.far = g168_css;
            lab.far_dbm0 = -10;
            run_ms(10000);
            memcpy(tone_hz, pairs[t], sizeof tone_hz);
            lab.far = tones;
            run_ms(5000);
            lab.far = g168_css;
            sc_echo_canceller_set_adaptation(lab.ec, false);
            run_ms(160);
            mark();
            run_ms(1050);
            judge("6", model, 10, delay, -10, dbm0(lab.sout_peak), figure_11(-10) + 10);
            close_lab();
        }
    tell("G.168 6, tones and DTMF");
}

static void g168_6_4_2_8_test_7_a_tone_from_reset(void)
{
    begin_count();
    for (int model = 1; model <= 8; model++)
        for (double hz = 300; hz < 3500; hz += whole_grid ? 500 : 1500) {
            const size_t delay = (size_t)model * 90;
            open_lab(model, 10, delay, false, false);
            tone_hz[0] = hz;
            tone_hz[1] = 0;
            lab.far = tones;
            lab.far_dbm0 = -10;
            run_ms(10000);
            mark();
            run_ms(2000);
            judge("7", model, 10, delay, hz, dbm0(lab.sout_peak), 0.83 * -10 - 30);
            close_lab();
        }
    tell("G.168 7");
}

static void g168_6_4_2_10_test_9_comfort_noise_follows_the_background(void)
{
    begin_count();
    for (double noise = -60; noise <= -45; noise += 5)
        for (int model = 1; model <= 8; model += 3) {
            open_lab(model, 10, 300, true, true);
            lab.near = white;
            lab.near_dbm0 = noise;
            run_ms(5000);
            lab.far = g168_css;
            lab.far_dbm0 = -10;
            run_ms(5000);
            mark();
            run_ms(3500);
            const double got = dbm0(lab.sout_sum / (double)lab.counted);
            judge("9", model, 10, 300, noise, fabs(got - noise), 2);
            close_lab();
        }
    tell("G.168 9, distance from the background");
}

static void g168_test_15_dc_is_taken_away(void)
{
    open_lab(2, 10, 200, false, false);
    lab.alaw = false;
    lab.far = g168_css;
    lab.far_dbm0 = -15;
    lab.offset = 500;
    run_ms(5000);
    mark();
    run_ms(2000);
    CHECK(dbm0(lab.sout_peak) <= figure_11(-15));
    close_lab();
}

int main(int argc, char **argv)
{
    whole_grid = argc > 1 && strcmp(argv[1], "--all") == 0;
    few = argc > 1 && strcmp(argv[1], "--few") == 0;
    RUN(g168_6_4_2_3_test_2a_converges_with_nlp);
    RUN(g168_6_4_2_3_test_2b_converges_without_nlp);
    RUN(g168_6_4_2_3_test_2b_converges_again_after_a_path_change);
    RUN(g168_6_4_2_3_test_2c_converges_in_noise);
    RUN(g168_6_4_2_4_test_3a_low_near_end_does_not_block);
    RUN(g168_6_4_2_4_test_3b_double_talk_does_not_spoil);
    RUN(g168_6_4_2_4_test_3c_conversation);
    RUN(g168_6_4_2_5_test_4_does_not_leak_in_silence);
    RUN(g168_6_4_2_6_test_5_no_phantom_echo_when_the_path_opens);
    RUN(g168_6_4_2_7_test_6_tones_do_not_spoil);
    RUN(g168_6_4_2_8_test_7_a_tone_from_reset);
    RUN(g168_6_4_2_10_test_9_comfort_noise_follows_the_background);
    RUN(g168_test_15_dc_is_taken_away);
    return CHECK_DONE();
}

/* Tests of echo_canceller.c.  Those named g168 follow the clause of ITU-T G.168 (04/2015) in their name, with the hybrid
 * models of annex D behind unknown bulk delays, the composite source signal of annex C, and A-law on rin and sin.
 * Levels are rms over sliding 35 ms.  The grid is 8 models x 3 ERL x 4 levels; a run takes every fourth case of it, with
 * --all every case. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "check.h"
#include "echo_canceller.h"
#include "fft.h"
#include "g168.h"

#define PI 3.14159265358979323846
enum { TICK = 80, METER = 280 /* 35 ms */, SECOND = 8000 };

/* A laboratory: canceller, echo path, far-end and near-end sources. */
struct lab {
    struct sc_echo_canceller *ec;
    struct g168_path path;
    uint64_t now;                       /* samples */
    double (*far)(uint64_t), far_dbm0;  /* a unit signal and its level; NULL: silence */
    double (*near)(uint64_t), near_dbm0;
    double offset;                      /* DC on sin */
    bool alaw, clipped;                 /* clipped: sin went over full scale, so it is no linear echo */
    double rin_peak, sin_peak, sout_peak; /* of the meters since mark() */
    double window[3][METER], sum[3];
    double rin_sum, sin_sum, sout_sum, difference_sum;
    uint64_t counted;
};

static struct lab lab;

static void open_lab(int model, double erl_db, size_t delay, bool nlp, bool comfort_noise)
{
    struct sc_echo_canceller_settings s;
    sc_echo_canceller_settings_default(&s);
    s.nlp = nlp;
    s.comfort_noise = comfort_noise;
    memset(&lab, 0, sizeof lab);
    lab.alaw = true;
    g168_path_set(&lab.path, model, erl_db, delay);
    CHECK_EQ(sc_echo_canceller_create(&lab.ec, &s), 0);
}

static void close_lab(void)
{
    sc_echo_canceller_destroy(lab.ec);
    lab.ec = NULL;
}

static double dbm0(double power)
{
    return 10 * log10(power + 1e-3) - 20 * log10(G168_RMS_0_DBM0);
}

static void mark(void) /* meters begin anew */
{
    lab.rin_peak = lab.sin_peak = lab.sout_peak = 0;
    memset(lab.window, 0, sizeof lab.window);
    memset(lab.sum, 0, sizeof lab.sum);
    lab.rin_sum = lab.sin_sum = lab.sout_sum = lab.difference_sum = 0;
    lab.counted = 0;
}

static void meter(int which, double x, double *peak)
{
    const size_t at = lab.counted % METER;
    lab.sum[which] += x * x - lab.window[which][at];
    lab.window[which][at] = x * x;
    if (lab.counted >= METER - 1)
        *peak = fmax(*peak, lab.sum[which] / METER);
}

static void run_ms(double ms)
{
    int16_t rin[TICK], sin_[TICK], sout[TICK];
    double near[TICK];
    for (uint64_t end = lab.now + (uint64_t)(ms * 8); lab.now < end;) {
        for (size_t i = 0; i < TICK; i++, lab.now++) {
            double x = lab.far ? lab.far(lab.now) * g168_rms(lab.far_dbm0) : 0;
            if (lab.alaw && lab.far)
                x = g168_alaw(x);
            rin[i] = g168_sample(x);
            near[i] = lab.near ? lab.near(lab.now) * g168_rms(lab.near_dbm0) : 0;
            const double y = g168_path_run(&lab.path, rin[i]) + near[i] + lab.offset;
            lab.clipped |= fabs(y) > 32767 || fabs(x) > 32767;
            sin_[i] = g168_sample(lab.alaw && fabs(y) > 1e-9 ? g168_alaw(y) : y);
        }
        CHECK_EQ(sc_echo_canceller_process(lab.ec, rin, sin_, sout, TICK), 0);
        for (size_t i = 0; i < TICK; i++) {
            meter(0, rin[i], &lab.rin_peak);
            meter(1, sin_[i], &lab.sin_peak);
            meter(2, sout[i], &lab.sout_peak);
            lab.rin_sum += (double)rin[i] * rin[i];
            lab.sin_sum += (double)sin_[i] * sin_[i];
            lab.sout_sum += (double)sout[i] * sout[i];
            lab.difference_sum += pow(sout[i] - near[i], 2);
            lab.counted++;
        }
    }
}

static struct sc_echo_canceller_state state(void)
{
    struct sc_echo_canceller_state s;
    sc_echo_canceller_get_state(lab.ec, &s);
    return s;
}

static double mean_erle_db(void)
{
    return 10 * log10((lab.sin_sum + 1) / (lab.sout_sum + 1));
}

static double figure_9(double rin_dbm0) /* residual with NLP, no comfort noise */
{
    return rin_dbm0 <= -10 ? -65 : -65 + (rin_dbm0 + 10);
}

static double figure_11(double rin_dbm0) /* residual without NLP */
{
    return -55 + (rin_dbm0 + 30) * 25 / 30;
}

static uint32_t seed = 11;

static double uniform(void) /* -1..1 */
{
    seed = seed * 1664525u + 1013904223u;
    return (double)(int32_t)seed / 2147483648.0;
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

static bool whole_grid;

static const double erls[] = {6, 10, 20};
static const double levels[] = {-30, -20, -10, 0};

/* Every model at every ERL and one or all of the levels, bulk delays spread over the span. */
static void on_every_path(void (*trial)(int model, double erl_db, size_t delay, double level_dbm0))
{
    size_t delay = 0;
    for (int model = 1; model <= 8; model++)
        for (size_t e = 0; e < 3; e++)
            for (size_t l = 0; l < 4; l++) {
                if (whole_grid || ((size_t)model + e + l) % 4 == 0)
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

static void the_delay_is_found_and_can_be_restored(void)
{
    double found_ms = 0;
    for (size_t delay = 0; delay <= 760; delay += 190) {
        open_lab(3, 10, delay, false, false);
        lab.far = g168_css;
        lab.far_dbm0 = -15;
        for (int i = 0; i < 60 && state().delay_samples < 0; i++)
            run_ms(50);
        found_ms = fmax(found_ms, (double)lab.now / 8);
        run_ms(1000);
        CHECK_NEAR(state().delay_samples, delay, 32);
        CHECK(state().delay_confidence > 0.9f);
        CHECK_NEAR(state().erl_db, 10, 3);
        CHECK(state().erle_db > 25);
        close_lab();
    }
    printf("canceller: delay found within %.0f ms of CSS\n", found_ms);
    CHECK(found_ms < 2500);
    double loss[2];
    for (int known = 0; known < 2; known++) {
        open_lab(3, 10, 500, false, false);
        if (known)
            CHECK_EQ(sc_echo_canceller_set_delay(lab.ec, 500), 0);
        lab.far = g168_css;
        lab.far_dbm0 = -15;
        run_ms(400);
        mark();
        run_ms(350);
        loss[known] = mean_erle_db();
        close_lab();
    }
    printf("canceller: ERLE at 0.4..0.75 s, delay unknown %.1f dB, known %.1f dB\n", loss[0], loss[1]);
    CHECK(loss[1] > loss[0] + 3);
}

static void a_wrong_restored_delay_is_corrected(void)
{
    open_lab(4, 8, 640, false, false);
    CHECK_EQ(sc_echo_canceller_set_delay(lab.ec, 100), 0);
    CHECK_EQ(sc_echo_canceller_set_delay(lab.ec, 1024), EINVAL);
    CHECK_EQ(sc_echo_canceller_set_delay(lab.ec, -5), EINVAL);
    lab.far = g168_css;
    lab.far_dbm0 = -15;
    run_ms(8000);
    mark();
    run_ms(1050);
    CHECK_NEAR(state().delay_samples, 640, 40);
    CHECK(mean_erle_db() > 25);
    close_lab();
}

static void a_moved_delay_is_found_again(void) /* a card's buffer slipped */
{
    open_lab(2, 8, 320, false, false);
    lab.far = g168_css;
    lab.far_dbm0 = -15;
    run_ms(5000);
    g168_path_set(&lab.path, 2, 8, 520);
    run_ms(3000);
    mark();
    run_ms(1050);
    printf("canceller: 3 s after the delay moved by 25 ms: ERLE %.1f dB\n", mean_erle_db());
    CHECK(mean_erle_db() > 25);
    CHECK(state().diverged >= 1);
    CHECK_NEAR(state().delay_samples, 520, 40);
    close_lab();
}

static void double_talk_leaves_the_near_end_alone(void)
{
    double taken = 0, worst_sdr = 1e9;
    for (int model = 1; model <= 8; model++) {
        open_lab(model, 12, (size_t)model * 80, true, true);
        lab.alaw = false;
        lab.far = g168_css;
        lab.far_dbm0 = -15;
        run_ms(6000);
        lab.near = g168_css_double_talk;
        lab.near_dbm0 = -15;
        run_ms(400);
        mark();
        double near = 0;
        const uint64_t from = lab.now;
        run_ms(4000);
        for (uint64_t i = from; i < lab.now; i++)
            near += pow(g168_css_double_talk(i) * g168_rms(-15), 2);
        taken = fmax(taken, fabs(10 * log10(near / lab.sout_sum)));
        worst_sdr = fmin(worst_sdr, 10 * log10(near / lab.difference_sum));
        close_lab();
    }
    printf("canceller: 0 dB double talk, NLP on: near end's level changed by %.2f dB, SDR %.1f dB (worst of 8)\n", taken,
           worst_sdr);
    CHECK(taken <= 1);
    CHECK(worst_sdr > 15);
}

static void near_end_alone_passes_untouched(void)
{
    open_lab(2, 10, 300, true, true);
    lab.alaw = false;
    lab.far = g168_css;
    lab.far_dbm0 = -15;
    run_ms(4000);
    lab.far = NULL;
    run_ms(500);
    lab.near = g168_css_double_talk;
    lab.near_dbm0 = -25;
    mark();
    run_ms(4000);
    CHECK_NEAR(mean_erle_db(), 0, 0.2);
    close_lab();
}

static void bypass_is_transparent(void)
{
    int16_t rin[TICK], sin_[TICK], sout[TICK];
    open_lab(1, 6, 0, true, true);
    sc_echo_canceller_set_bypass(lab.ec, true);
    for (int tick = 0; tick < 50; tick++) {
        for (int i = 0; i < TICK; i++) {
            rin[i] = (int16_t)(uniform() * 8000);
            sin_[i] = (int16_t)(rin[i] / 2);
        }
        sc_echo_canceller_process(lab.ec, rin, sin_, sout, TICK);
        CHECK(memcmp(sin_, sout, sizeof sout) == 0);
    }
    close_lab();
}

static void any_block_size_gives_the_same_samples(void)
{
    enum { TOTAL = 16000 };
    static int16_t rin[TOTAL], sin_[TOTAL], a[TOTAL], b[TOTAL];
    struct g168_path path = {{0}, {0}, 0, 0, 0};
    struct sc_echo_canceller *ec;
    g168_path_set(&path, 3, 8, 100);
    for (int i = 0; i < TOTAL; i++) {
        rin[i] = g168_sample(g168_css((uint64_t)i) * g168_rms(-10));
        sin_[i] = g168_sample(g168_path_run(&path, rin[i]));
    }
    CHECK_EQ(sc_echo_canceller_create(&ec, NULL), 0);
    for (int i = 0; i < TOTAL; i += 80)
        sc_echo_canceller_process(ec, rin + i, sin_ + i, a + i, 80);
    sc_echo_canceller_reset(ec);
    memcpy(b, sin_, sizeof b);
    for (int i = 0, n; i < TOTAL; i += n) {
        n = (int)((uint32_t)(uniform() * 80 + 81)) % 161;
        n = n < TOTAL - i ? n : TOTAL - i;
        CHECK_EQ(sc_echo_canceller_process(ec, rin + i, b + i, b + i, (size_t)n), 0); /* in place */
    }
    int differ = 0;
    for (int i = 0; i < TOTAL; i++)
        differ += abs(a[i] - b[i]) > 1;
    CHECK_EQ(differ, 0);
    CHECK_EQ(sc_echo_canceller_process(ec, rin, sin_, b, 161), EINVAL);
    sc_echo_canceller_destroy(ec);
}

static void full_scale_noise_does_no_harm(void)
{
    int16_t rin[TICK], sin_[TICK], sout[TICK];
    open_lab(1, 6, 0, true, true);
    for (int tick = 0; tick < 1000; tick++) {
        for (int i = 0; i < TICK; i++) {
            rin[i] = (int16_t)(tick % 100 < 50 ? (uniform() > 0 ? 32767 : -32768) : tick % 3 * 7000);
            sin_[i] = (int16_t)(tick % 70 < 50 ? uniform() * 32767 : -32768);
        }
        sc_echo_canceller_process(lab.ec, rin, sin_, sout, TICK);
    }
    const struct sc_echo_canceller_state s = state();
    CHECK(isfinite(s.erl_db) && isfinite(s.erle_db) && isfinite(s.delay_confidence));
    lab.far = g168_css; /* and it still works afterwards */
    lab.far_dbm0 = -10;
    run_ms(8000);
    mark();
    run_ms(1050);
    CHECK(mean_erle_db() > 20);
    close_lab();
}

static void the_transform_agrees_with_its_definition(void)
{
    struct sc_fft fft;
    struct sc_spectrum s;
    float x[SC_FFT_SIZE], back[SC_FFT_SIZE];
    double worst = 0;
    sc_fft_init(&fft);
    for (int i = 0; i < SC_FFT_SIZE; i++)
        x[i] = (float)uniform();
    sc_fft_forward(&fft, x, &s);
    for (int k = 0; k <= SC_FFT_SIZE / 2; k++) {
        double re = 0, im = 0;
        for (int n = 0; n < SC_FFT_SIZE; n++) {
            re += (double)x[n] * cos(2 * PI * k * n / SC_FFT_SIZE);
            im -= (double)x[n] * sin(2 * PI * k * n / SC_FFT_SIZE);
        }
        worst = fmax(worst, fmax(fabs(re - (double)s.re[k]), fabs(im - (double)s.im[k])));
    }
    sc_fft_inverse(&fft, &s, back);
    for (int i = 0; i < SC_FFT_SIZE; i++)
        worst = fmax(worst, fabs((double)(x[i] - back[i])));
    CHECK(worst < 1e-5);
}

static void refuses_settings_out_of_range(void)
{
    struct sc_echo_canceller *ec = NULL;
    struct sc_echo_canceller_settings s;
    const struct { size_t window, span; int32_t delay; } bad[] = {
        {0, 1024, -1}, {256, 128, -1}, {100, 1024, -1}, {256, 4096, -1}, {256, 1000, -1}, {256, 1024, 1024},
        {256, 1024, -2}, {1024, 1024, -1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sc_echo_canceller_settings_default(&s);
        s.window_samples = bad[i].window;
        s.span_samples = bad[i].span;
        s.initial_delay_samples = bad[i].delay;
        CHECK_EQ(sc_echo_canceller_create(&ec, &s), EINVAL);
    }
    CHECK(ec == NULL);
}

static void every_allocation_may_fail(void)
{
    const long held = sc_alloc_held();
    long n = 0;
    for (int error = ENOMEM; error == ENOMEM && n < 50; n++) {
        struct sc_echo_canceller *ec = NULL;
        sc_alloc_fail_after(n);
        error = sc_echo_canceller_create(&ec, NULL);
        CHECK(error == 0 || (error == ENOMEM && ec == NULL && sc_alloc_held() == held));
        sc_echo_canceller_destroy(ec);
    }
    CHECK_EQ(n, 9); /* eight allocations, each of which has failed once */
    sc_alloc_fail_after(-1);
    CHECK_EQ(sc_alloc_held(), held);
    sc_echo_canceller_destroy(NULL);
}

int main(int argc, char **argv)
{
    whole_grid = argc > 1 && strcmp(argv[1], "--all") == 0;
    RUN(the_transform_agrees_with_its_definition);
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
    RUN(the_delay_is_found_and_can_be_restored);
    RUN(a_wrong_restored_delay_is_corrected);
    RUN(a_moved_delay_is_found_again);
    RUN(double_talk_leaves_the_near_end_alone);
    RUN(near_end_alone_passes_untouched);
    RUN(bypass_is_transparent);
    RUN(any_block_size_gives_the_same_samples);
    RUN(full_scale_noise_does_no_harm);
    RUN(refuses_settings_out_of_range);
    RUN(every_allocation_may_fail);
    return CHECK_DONE();
}

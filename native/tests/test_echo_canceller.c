/* Tests of echo_canceller.c apart from the clauses of G.168 (test_echo_g168.c): delay, double talk, block sizes, abuse,
 * bounds, failing allocations. */
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
#include "echo_lab.h"
#include "fft.h"

static double mean_erle_db(void)
{
    return 10 * log10((lab.sin_sum + 1) / (lab.sout_sum + 1));
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
    CHECK(state().delay_moves >= 2);
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
    printf("canceller: 0 dB double talk, NLP on: near end's level changed by %.2f dB, SDR %.1f dB (worst of 8)\n",
           taken, worst_sdr);
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

int main(void)
{
    RUN(the_transform_agrees_with_its_definition);
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

/* Tests of asrc.c: tone quality, an hour without a slip, priming, underrun, overrun, bounds, failing allocations. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "alloc.h"
#include "asrc.h"
#include "check.h"

#define PI 3.14159265358979323846

/* A writer whose clock is ppm off against the reader's 80-sample ticks: 79..81 samples a tick. */
struct writer {
    double hz, ppm, due;
    uint64_t sent;
};

static size_t writer_next(struct writer *w, int16_t *block)
{
    w->due += 80 * (1 + w->ppm * 1e-6);
    size_t n = 0;
    while ((double)w->sent + 1 <= w->due) {
        block[n++] = (int16_t)lrint(16000 * sin(2 * PI * w->hz / 8000 * (double)w->sent));
        w->sent++;
    }
    return n;
}

/* SNR of a sinusoid near hz: the best-fitting sine (its frequency too) against the rest. */
static double tone_snr_db(const int16_t *x, size_t n, double hz)
{
    double best = 0;
    for (double f = hz * (1 - 1.5e-3); f <= hz * (1 + 1.5e-3); f += hz * 2e-6) {
        double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0, xx = 0;
        double c = 1, s = 0, dc = cos(2 * PI * f / 8000), ds = sin(2 * PI * f / 8000);
        for (size_t i = 0; i < n; i++) {
            cc += c * c, ss += s * s, cs += c * s;
            xc += x[i] * c, xs += x[i] * s, xx += (double)x[i] * x[i];
            double t = c * dc - s * ds;
            s = s * dc + c * ds;
            c = t;
        }
        double det = cc * ss - cs * cs;
        double a = (xc * ss - xs * cs) / det, b = (xs * cc - xc * cs) / det;
        double explained = a * xc + b * xs;
        double snr = 10 * log10(explained / fmax(xx - explained, 1e-9));
        best = fmax(best, snr);
    }
    return best;
}

static void snr_of_tone_at(double hz, double ppm, double least_db)
{
    static int16_t tail[4000];
    struct sc_asrc *asrc;
    int16_t in[160], out[80];
    struct writer w = {.hz = hz, .ppm = ppm};
    CHECK_EQ(sc_asrc_create(&asrc, NULL), 0);
    for (int tick = 0; tick < 6050; tick++) {
        size_t n = writer_next(&w, in);
        CHECK_EQ(sc_asrc_process(asrc, in, n, out, 80), 0);
        if (tick >= 6000)
            memcpy(tail + (size_t)(tick - 6000) * 80, out, sizeof out);
    }
    struct sc_asrc_state state;
    sc_asrc_get_state(asrc, &state);
    double snr = tone_snr_db(tail, 4000, hz);
    printf("asrc: %g Hz at %+g ppm: SNR %.1f dB, ratio %+.2f ppm, fill %.2f\n", hz, ppm, snr, (double)state.ppm,
           (double)state.fill_samples);
    CHECK(snr >= least_db);
    CHECK(state.locked);
    CHECK_NEAR(state.ppm, ppm, 6);
    CHECK_EQ(state.underruns, 0);
    CHECK_EQ(state.overruns, 0);
    sc_asrc_destroy(asrc);
}

static void tone_1khz_keeps_60_db(void)
{
    const double ppms[] = {-1000, -300, 0, 100, 300, 1000};
    for (size_t i = 0; i < sizeof ppms / sizeof ppms[0]; i++)
        snr_of_tone_at(1000, ppms[i], 60);
}

static void tone_at_band_edges_keeps_50_db(void)
{
    snr_of_tone_at(300, 300, 60);
    snr_of_tone_at(3400, -300, 50);
}

static void an_hour_at_300_ppm_without_slip(void)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        struct sc_asrc *asrc;
        struct sc_asrc_state state;
        int16_t in[160], out[80];
        struct writer w = {.hz = 0, .ppm = 300 * sign};
        double least = 1e9, most = 0;
        CHECK_EQ(sc_asrc_create(&asrc, NULL), 0);
        for (int tick = 0; tick < 360000; tick++) {
            size_t n = writer_next(&w, in);
            sc_asrc_process(asrc, in, n, out, 80);
            if (tick % 100 == 0 && tick > 2000) {
                sc_asrc_get_state(asrc, &state);
                least = fmin(least, (double)state.fill_samples);
                most = fmax(most, (double)state.fill_samples);
            }
        }
        sc_asrc_get_state(asrc, &state);
        printf("asrc: an hour at %+d ppm: fill %.1f..%.1f samples\n", 300 * sign, least, most);
        CHECK_EQ(state.underruns, 0);
        CHECK_EQ(state.overruns, 0);
        CHECK(least > 117 && most < 123); /* added delay <= 15 ms with 2 ms of filter left over */
        sc_asrc_destroy(asrc);
    }
}

/* Playback: the tick writes 80, the card asks for 79..81. */
static void reader_may_ask_for_any_number(void)
{
    struct sc_asrc *asrc;
    struct sc_asrc_state state;
    int16_t in[80], out[160];
    struct writer w = {.hz = 0, .ppm = -200};
    memset(in, 0, sizeof in);
    CHECK_EQ(sc_asrc_create(&asrc, NULL), 0);
    for (int tick = 0; tick < 30000; tick++) {
        size_t n = writer_next(&w, out);
        sc_asrc_process(asrc, in, 80, out, n);
    }
    sc_asrc_get_state(asrc, &state);
    CHECK_NEAR(state.ppm, 200, 6);
    CHECK_EQ(state.underruns, 0);
    sc_asrc_destroy(asrc);
}

static void silence_until_primed_then_again_after_an_underrun(void)
{
    struct sc_asrc *asrc;
    struct sc_asrc_state state;
    int16_t in[80], out[80];
    for (int i = 0; i < 80; i++)
        in[i] = 1000;
    CHECK_EQ(sc_asrc_create(&asrc, NULL), 0);
    sc_asrc_process(asrc, in, 80, out, 80);
    CHECK_EQ(out[79], 0);
    sc_asrc_process(asrc, in, 80, out, 80);
    sc_asrc_process(asrc, in, 80, out, 80);
    CHECK_NEAR(out[79], 1000, 2);
    for (int i = 0; i < 3; i++)
        sc_asrc_read(asrc, out, 80);
    sc_asrc_get_state(asrc, &state);
    CHECK_EQ(state.underruns, 1);
    CHECK_EQ(out[79], 0);
    for (int i = 0; i < 4; i++)
        sc_asrc_process(asrc, in, 80, out, 80);
    CHECK_NEAR(out[79], 1000, 2);
    sc_asrc_destroy(asrc);
}

/* Writes of `lump` samples, as many as are due; reads of 80. The underruns of the last half. */
static uint32_t underruns_with_lumps(struct sc_asrc *asrc, size_t lump, int ticks)
{
    static const int16_t zeros[480];
    struct sc_asrc_state half, whole;
    int16_t out[80];
    size_t due = 0;
    for (int tick = 0; tick < ticks; tick++) {
        for (due += 80; due >= lump; due -= lump)
            sc_asrc_write(asrc, zeros, lump);
        sc_asrc_read(asrc, out, 80);
        if (tick == ticks / 2)
            sc_asrc_get_state(asrc, &half);
    }
    sc_asrc_get_state(asrc, &whole);
    return whole.underruns - half.underruns;
}

static void the_fill_grows_with_the_lumps_that_come(void)
{
    struct sc_asrc_settings s;
    struct sc_asrc *fixed, *growing;
    sc_asrc_settings_default(&s);
    CHECK_EQ(sc_asrc_create(&fixed, &s), 0);
    s.most_fill_samples = 320;
    CHECK_EQ(sc_asrc_create(&growing, &s), 0);
    CHECK(underruns_with_lumps(fixed, 150, 4000) > 0);
    CHECK_EQ(underruns_with_lumps(growing, 150, 4000), 0);
    sc_asrc_destroy(fixed);
    sc_asrc_destroy(growing);
}

static void a_stall_is_no_lump(void)
{
    struct sc_asrc_settings s;
    struct sc_asrc_state state;
    struct sc_asrc *asrc;
    int16_t out[80];
    sc_asrc_settings_default(&s);
    s.most_fill_samples = 320;
    CHECK_EQ(sc_asrc_create(&asrc, &s), 0);
    for (int stall = 0; stall < 20; stall++) {
        (void)underruns_with_lumps(asrc, 80, 100);
        for (int i = 0; i < 10; i++)
            sc_asrc_read(asrc, out, 80);
    }
    (void)underruns_with_lumps(asrc, 80, 3000);
    sc_asrc_get_state(asrc, &state);
    CHECK_EQ(state.underruns, 20);
    CHECK_NEAR(state.fill_samples, 120, 2);
    sc_asrc_destroy(asrc);
}

static void an_overrun_is_counted_and_bounded(void)
{
    struct sc_asrc *asrc;
    struct sc_asrc_state state;
    int16_t in[480] = {0};
    CHECK_EQ(sc_asrc_create(&asrc, NULL), 0);
    for (int i = 0; i < 10; i++)
        sc_asrc_write(asrc, in, 480);
    sc_asrc_get_state(asrc, &state);
    CHECK(state.overruns >= 6);
    CHECK_EQ(sc_asrc_write(asrc, in, 481), EINVAL);
    CHECK_EQ(sc_asrc_read(asrc, in, 481), EINVAL);
    sc_asrc_reset(asrc);
    sc_asrc_get_state(asrc, &state);
    CHECK_EQ(state.overruns, 0);
    sc_asrc_destroy(asrc);
}

static void refuses_settings_out_of_range(void)
{
    struct sc_asrc *asrc = NULL;
    struct sc_asrc_settings s;
    sc_asrc_settings_default(&s);
    s.target_fill_samples = 2000;
    CHECK_EQ(sc_asrc_create(&asrc, &s), EINVAL);
    sc_asrc_settings_default(&s);
    s.max_ppm = 0;
    CHECK_EQ(sc_asrc_create(&asrc, &s), EINVAL);
    CHECK(asrc == NULL);
}

static void every_allocation_may_fail(void)
{
    long held = sc_alloc_held();
    for (long fail = 0; fail < 2; fail++) {
        struct sc_asrc *asrc = NULL;
        sc_alloc_fail_after(fail);
        CHECK_EQ(sc_asrc_create(&asrc, NULL), ENOMEM);
        CHECK(asrc == NULL);
        CHECK_EQ(sc_alloc_held(), held);
    }
    sc_alloc_fail_after(-1);
    sc_asrc_destroy(NULL);
}

int main(void)
{
    RUN(tone_1khz_keeps_60_db);
    RUN(tone_at_band_edges_keeps_50_db);
    RUN(an_hour_at_300_ppm_without_slip);
    RUN(reader_may_ask_for_any_number);
    RUN(silence_until_primed_then_again_after_an_underrun);
    RUN(the_fill_grows_with_the_lumps_that_come);
    RUN(a_stall_is_no_lump);
    RUN(an_overrun_is_counted_and_bounded);
    RUN(refuses_settings_out_of_range);
    RUN(every_allocation_may_fail);
    return CHECK_DONE();
}

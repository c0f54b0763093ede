/* Between 16 and 8 kHz: flat where a telephone speaks, closed where the other rate would fold. */
#include "check.h"
#include "wide_signal.h"
#include "wideband.h"

enum { N = 8000 };

static int16_t wide[2 * N], narrow[N], again[2 * N];

static void decimate_all(void)
{
    struct sc_decimator d = { 0 };
    for (size_t i = 0; i < N; i += 80)
        sc_decimate(&d, narrow + i, wide + 2 * i, 80);
}

static void interpolate_all(void)
{
    struct sc_interpolator p = { 0 };
    for (size_t i = 0; i < N; i += 80)
        sc_interpolate(&p, again + 2 * i, narrow + i, 80);
}

static double fold(double hz)
{
    return hz <= 4000 ? hz : 8000 - hz;
}

static void test_the_pass_band_is_flat_and_the_upper_band_does_not_fold(void)
{
    double ripple = 0, loudest = -200;
    for (double hz = 100; hz < 7950; hz += 50) {
        wide_tone(wide, 2 * N, hz, 0);
        decimate_all();
        const double level = wide_level(narrow + N / 2, N / 2, fold(hz), 8000);
        if (hz <= 3300)
            ripple = fmax(ripple, fabs(level));
        else if (hz >= 4000)
            loudest = fmax(loudest, level);
    }
    printf("wideband: 16 to 8 kHz: flat to 3300 Hz within %.3f dB, from 4000 Hz at most %.1f dB\n", ripple, loudest);
    CHECK(ripple < 0.1);
    CHECK(loudest < -60);
}

static void test_images_are_not_heard(void)
{
    double ripple = 0, loudest = -200;
    for (double hz = 100; hz <= 3400; hz += 50) {
        for (size_t i = 0; i < N; i++)
            narrow[i] = (int16_t)lrint(signal_amplitude(0) * sin(2 * SIGNAL_PI * hz * (double)i / 8000));
        interpolate_all();
        const double level = wide_level(again + N, N, hz, WIDE_HZ);
        ripple = fmax(ripple, hz <= 3300 ? fabs(level) : 0);
        loudest = fmax(loudest, wide_level(again + N, N, 8000 - hz, WIDE_HZ));
    }
    printf("wideband: 8 to 16 kHz: flat to 3300 Hz within %.3f dB, images at most %.1f dB\n", ripple, loudest);
    CHECK(ripple < 0.1);
    CHECK(loudest < -60);
}

/* An impulse shows every tap: they must be what the formula says. */
static double i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= x / (2 * k) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static void test_the_taps_are_the_windowed_sinc_that_is_told(void)
{
    enum { TAPS = 2 * SC_WIDEBAND_PHASE_TAPS };
    double tap[TAPS], sum = 0;
    const double turn = 2 * SIGNAL_PI * 3680 / WIDE_HZ, beta = 0.1102 * (70 - 8.7);
    for (int i = 0; i < TAPS; i++) {
        const double x = i - (TAPS - 1) / 2.0, w = 2 * x / TAPS;
        tap[i] = sin(turn * x) / x * i0(beta * sqrt(1 - w * w));
        sum += tap[i];
    }
    for (size_t at = 0; at < 2; at++) {
        memset(wide, 0, sizeof wide);
        wide[at] = 16384;
        decimate_all();
        for (size_t i = 0; i < SC_WIDEBAND_PHASE_TAPS; i++)
            CHECK_EQ(narrow[i], lrint(tap[2 * i + 1 - at] / sum * 16384));
    }
    memset(narrow, 0, sizeof narrow);
    narrow[0] = 8192;
    interpolate_all();
    for (int i = 0; i < TAPS; i++)
        CHECK_EQ(again[i], lrint(tap[i] / sum * 16384));
}

static void test_full_scale_does_not_wrap_round(void)
{
    for (size_t i = 0; i < 2 * N; i++)
        wide[i] = i / 23 % 2 ? INT16_MIN : INT16_MAX;
    decimate_all();
    interpolate_all();
    for (size_t i = 100; i < N; i++) { /* 56 taps are 3.5 ms; the middle of a half wave keeps its sign */
        const size_t from = 2 * i - 55;
        if (i > 100 && from % 23 > 8 && from % 23 < 14)
            CHECK((narrow[i] < 0) == (wide[from] < 0));
    }
}

int main(void)
{
    RUN(test_the_pass_band_is_flat_and_the_upper_band_does_not_fold);
    RUN(test_images_are_not_heard);
    RUN(test_the_taps_are_the_windowed_sinc_that_is_told);
    RUN(test_full_scale_does_not_wrap_round);
    return CHECK_DONE();
}

/* Tests of mixer.c and meter.c: sums, gains, saturation, levels. */
#include "check.h"
#include "meter.h"
#include "mixer.h"

#include <math.h>
#include <string.h>

#define N 80

static void one_source_at_unity_is_bit_exact(void)
{
    int16_t in[N], out[N];
    for (int i = 0; i < N; i++)
        in[i] = (int16_t)(i * 819 - 32768);
    struct sc_mixer_input input = { in, sc_mixer_gain(0.0f) };
    sc_mixer_mix(out, &input, 1, N);
    CHECK(memcmp(in, out, sizeof in) == 0);
}

static void no_source_is_silence(void)
{
    int16_t out[N], silence[N] = { 0 };
    memset(out, 1, sizeof out);
    sc_mixer_mix(out, NULL, 0, N);
    CHECK(memcmp(out, silence, sizeof out) == 0);
}

static void sums_saturate_at_both_ends(void)
{
    int16_t high[N], low[N], out[N];
    for (int i = 0; i < N; i++) {
        high[i] = 30000;
        low[i] = -30000;
    }
    struct sc_mixer_input highs[3] = { { high, 1.0f }, { high, 1.0f }, { high, 1.0f } };
    struct sc_mixer_input lows[3] = { { low, 1.0f }, { low, 1.0f }, { low, 1.0f } };
    struct sc_mixer_input both[2] = { { high, 1.0f }, { low, 1.0f } };
    sc_mixer_mix(out, highs, 3, N);
    CHECK_EQ(out[7], 32767);
    sc_mixer_mix(out, lows, 3, N);
    CHECK_EQ(out[7], -32768);
    sc_mixer_mix(out, both, 2, N);
    CHECK_EQ(out[7], 0);
}

static void a_sum_that_passes_full_scale_on_the_way_comes_back_exactly(void)
{
    int16_t a[N], b[N], out[N];
    for (int i = 0; i < N; i++) {
        a[i] = 32767;
        b[i] = -32768;
    }
    struct sc_mixer_input inputs[4] = { { a, 1.0f }, { a, 1.0f }, { b, 1.0f }, { b, 1.0f } };
    sc_mixer_mix(out, inputs, 4, N);
    CHECK_EQ(out[0], -2);
}

static void gains_are_in_decibels(void)
{
    int16_t in[N], out[N];
    for (int i = 0; i < N; i++)
        in[i] = 10000;
    struct sc_mixer_input input = { in, sc_mixer_gain(-6.0206f) };
    sc_mixer_mix(out, &input, 1, N);
    CHECK_NEAR(out[3], 5000, 1);
    CHECK_NEAR(sc_mixer_gain(20.0f), 10.0, 1e-4);
}

static void the_meter_reads_a_sine_in_dbm0(void)
{
    struct sc_meter meter;
    int16_t block[N];
    sc_meter_reset(&meter);
    CHECK_NEAR(sc_meter_dbm0(&meter), SC_METER_SILENCE_DBM0, 0.001);
    for (int k = 0; k < 20; k++) {
        for (int i = 0; i < N; i++)
            block[i] = (int16_t)lrint(7214.0 * sin(2.0 * 3.14159265358979 * 1004.0 * (k * N + i) / 8000.0));
        sc_meter_process(&meter, block, N);
    }
    CHECK_NEAR(sc_meter_dbm0(&meter), 3.14 + 20.0 * log10(7214.0 / 32767.0), 0.05);
}

int main(void)
{
    RUN(one_source_at_unity_is_bit_exact);
    RUN(no_source_is_silence);
    RUN(sums_saturate_at_both_ends);
    RUN(a_sum_that_passes_full_scale_on_the_way_comes_back_exactly);
    RUN(gains_are_in_decibels);
    RUN(the_meter_reads_a_sine_in_dbm0);
    return CHECK_DONE();
}

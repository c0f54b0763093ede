/* Tests of echo_policy.c with the canceller it steers: what must not be taken for echo, and what must. */
#include "check.h"
#include "echo_policy.h"

#include <math.h>
#include <string.h>

#define N 80
#define PI 3.14159265358979323846

static uint32_t seed;

static double noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (double)(seed >> 8) / 8388608.0 - 1.0;
}

/* A canceller and its policy; returns the power of sout over the last second of `seconds`, in dB over a sample of 1. */
struct rig {
    struct sc_echo_canceller *canceller;
    struct sc_echo_policy policy;
    double rin_hz, rin_peak;        /* hz 0: noise */
    double near_hz, near_peak;
    double echo_gain;
    int16_t past[64];
    size_t position;
};

static void open_rig(struct rig *rig)
{
    struct sc_echo_canceller_settings settings;
    memset(rig, 0, sizeof *rig);
    seed = 7;
    sc_echo_policy_init(&rig->policy);
    sc_echo_policy_set(&rig->policy, true, true);
    sc_echo_canceller_settings_default(&settings);
    CHECK_EQ(sc_echo_canceller_create(&rig->canceller, &settings), 0);
}

static double source(double hz, double peak, size_t position)
{
    return hz > 0.0 ? peak * sin(2.0 * PI * hz * (double)position / 8000.0) : peak * noise();
}

static double run(struct rig *rig, double seconds)
{
    double power = 0.0;
    size_t ticks = (size_t)(seconds * 100.0);
    for (size_t t = 0; t < ticks; t++) {
        int16_t rin[N], sin_[N], sout[N];
        for (size_t i = 0; i < N; i++, rig->position++) {
            rin[i] = (int16_t)lrint(source(rig->rin_hz, rig->rin_peak, rig->position));
            double near = rig->near_peak > 0.0 ? source(rig->near_hz, rig->near_peak, rig->position) : 0.0;
            sin_[i] = (int16_t)lrint(near + rig->echo_gain * rig->past[(rig->position + 32) % 64]);
            rig->past[rig->position % 64] = rin[i];
        }
        CHECK_EQ(sc_echo_canceller_process(rig->canceller, rin, sin_, sout, N), 0);
        sc_echo_policy_process(&rig->policy, rig->canceller, rin, sin_, N);
        for (size_t i = 0; i < N && t + 100 >= ticks; i++)
            power += (double)sout[i] * sout[i] / 8000.0;
    }
    return 10.0 * log10(power + 1e-9);
}

static void a_tone_at_the_near_end_passes_while_a_louder_one_is_played(void)
{
    struct rig rig;
    open_rig(&rig);
    rig.rin_hz = 425.0;             /* dial tone */
    rig.rin_peak = 7000.0;
    rig.echo_gain = 0.3;
    run(&rig, 2.0);
    rig.near_hz = 770.0;            /* quieter than what is played */
    rig.near_peak = 3000.0;
    CHECK(run(&rig, 2.0) > 20.0 * log10(3000.0 / sqrt(2.0)) - 2.0);
    CHECK(rig.policy.resting);
    sc_echo_canceller_destroy(rig.canceller);
}

static void an_echo_is_cancelled_as_without_a_policy(void)
{
    struct rig rig;
    open_rig(&rig);
    rig.rin_peak = 6000.0;
    rig.echo_gain = 0.3;
    double left = run(&rig, 6.0), echo = 20.0 * log10(0.3 * 6000.0 / sqrt(3.0));
    CHECK(left < echo - 25.0);
    CHECK(!rig.policy.resting);
    sc_echo_canceller_destroy(rig.canceller);
}

static void silence_costs_no_patience(void)
{
    struct rig rig;
    open_rig(&rig);
    run(&rig, 20.0);
    CHECK_EQ(rig.policy.active_samples, 0);
    CHECK(!rig.policy.resting);
    sc_echo_canceller_destroy(rig.canceller);
}

static void where_nobody_hears_the_party_the_near_end_passes_whole(void)
{
    struct rig rig;
    open_rig(&rig);
    rig.policy.heard = false;
    rig.rin_peak = 6000.0;
    rig.near_hz = 770.0;
    rig.near_peak = 3000.0;
    CHECK(run(&rig, 1.0) > 20.0 * log10(3000.0 / sqrt(2.0)) - 1.0);
    CHECK(rig.policy.resting);
    sc_echo_canceller_destroy(rig.canceller);
}

int main(void)
{
    RUN(a_tone_at_the_near_end_passes_while_a_louder_one_is_played);
    RUN(an_echo_is_cancelled_as_without_a_policy);
    RUN(silence_costs_no_patience);
    RUN(where_nobody_hears_the_party_the_near_end_passes_whole);
    return CHECK_DONE();
}

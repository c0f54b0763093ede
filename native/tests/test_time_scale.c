/* Tests of time_scale.c: seams that are not heard in a voice, a tone, noise and silence; none where the sound changes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "time_scale.h"

#define PI 3.14159265358979323846

enum { RING = 1024, PLACE = 400 };

static int16_t samples[RING];
static const struct sc_time_scale_ring ring = {.samples = samples, .mask = RING - 1};
static uint32_t seed = 1;

static double uniform(void) /* -1..1 */
{
    seed = seed * 1103515245u + 12345u;
    return (double)(int32_t)seed / 2147483648.0;
}

static void voice(double hz)
{
    for (int i = 0; i < RING; i++) {
        double x = 0;
        for (int k = 1; k * hz < 3400; k++)
            x += sin(2 * PI * k * hz / 8000 * i + k * k) / k;
        samples[i] = (int16_t)lrint(5000 * x);
    }
}

static void noise(void)
{
    for (int i = 0; i < RING; i++)
        samples[i] = (int16_t)lrint(8000 * uniform());
}

static int largest_step(uint32_t from, uint32_t to)
{
    int most = 0;
    for (uint32_t t = from; t != to; t++) {
        const int step = abs(samples[(t + 1) & (RING - 1)] - samples[t & (RING - 1)]);
        most = step > most ? step : most;
    }
    return most;
}

/* What is played round a seam, into a line: before it, then from where it leads to. */
static int step_when_played(uint32_t before, uint32_t after, uint32_t n)
{
    int most = abs(samples[after & (RING - 1)] - samples[(before - 1) & (RING - 1)]);
    const int inside = largest_step(after, after + n);
    return inside > most ? inside : most;
}

static void a_voice_loses_and_gains_whole_periods(void)
{
    for (double hz = 80; hz < 400; hz *= 1.13) {
        voice(hz);
        const int natural = largest_step(0, RING - 1);
        const int16_t last = samples[PLACE - 1];
        struct sc_time_scale_seam seam = sc_time_scale_shorter(&ring, PLACE, 120, false);
        const double periods = seam.lag * hz / 8000;
        CHECK(seam.lag >= SC_TIME_SCALE_LAG_MIN && seam.lag <= SC_TIME_SCALE_LAG_MAX);
        CHECK_NEAR(periods, round(periods), 0.08);
        uint32_t after = sc_time_scale_cut(&ring, PLACE, &seam);
        CHECK_EQ(after, PLACE + seam.lag);
        samples[PLACE - 1] = last;
        CHECK(step_when_played(PLACE, after, 200) < natural * 5 / 4);
        voice(hz);
        seam = sc_time_scale_longer(&ring, PLACE, 100, false);
        CHECK(seam.lag >= SC_TIME_SCALE_LAG_MIN);
        after = sc_time_scale_stretch(&ring, PLACE, &seam);
        CHECK_EQ(after, PLACE - seam.lag);
        CHECK(step_when_played(PLACE, after, 300) < natural * 5 / 4);
    }
}

static void a_stretch_needs_little_of_what_comes_next(void)
{
    voice(130);
    CHECK(sc_time_scale_longer(&ring, PLACE, SC_TIME_SCALE_SEAM_MIN, false).lag > 0);
    CHECK_EQ(sc_time_scale_longer(&ring, PLACE, SC_TIME_SCALE_SEAM_MIN - 1, true).lag, 0);
}

static void noise_keeps_its_power_through_the_seam(void)
{
    double inside = 0, outside = 0, count = 0;
    for (int trial = 0; trial < 400; trial++) {
        noise();
        const struct sc_time_scale_seam seam = sc_time_scale_shorter(&ring, PLACE, 120, false);
        if (seam.lag == 0)
            continue;
        const uint32_t after = sc_time_scale_cut(&ring, PLACE, &seam);
        for (uint32_t i = 0; i < seam.fade; i++) {
            inside += pow(samples[(after + i) & (RING - 1)], 2);
            outside += pow(samples[(after + 200 + i) & (RING - 1)], 2);
        }
        count++;
    }
    printf("time scale: noise within a seam %+.2f dB, %.0f of 400 seams made\n", 10 * log10(inside / outside), count);
    CHECK_NEAR(10 * log10(inside / outside), 0, 1);
    CHECK(count > 380);
}

/* A voice whose pitch and vowel change between the two sides: left alone, unless there is no time. */
static void what_changes_is_left_alone(void)
{
    int made = 0;
    for (int trial = 0; trial < 40; trial++) {
        double phase = 0;
        for (int i = 0; i < RING; i++) { /* half the power stays periodic, the other half does not */
            phase += 2 * PI * 150 / 8000;
            samples[i] = (int16_t)lrint(5000 * sin(phase) + 6100 * uniform());
        }
        made += sc_time_scale_shorter(&ring, PLACE, 120, false).lag > 0;
        CHECK(sc_time_scale_shorter(&ring, PLACE, 120, true).lag > 0);
    }
    printf("time scale: %d of 40 seams made in a mixture of voice and noise\n", made);
    CHECK(made <= 8);
}

static void in_silence_any_seam_will_do(void)
{
    memset(samples, 0, sizeof samples);
    CHECK(sc_time_scale_shorter(&ring, PLACE, 60, false).lag > 0);
    CHECK(sc_time_scale_shorter(&ring, PLACE, 60, false).lag <= 60);
    CHECK_EQ(sc_time_scale_shorter(&ring, PLACE, 39, true).lag, 0);
}

/* Over the edge of the ring, at full scale: nothing wraps or overflows. */
static void full_scale_over_the_edge(void)
{
    for (int trial = 0; trial < 200; trial++) {
        for (int i = 0; i < RING; i++)
            samples[i] = uniform() > 0 ? INT16_MAX : INT16_MIN;
        const uint32_t place = (uint32_t)(uniform() * 4e9);
        const struct sc_time_scale_seam shorter = sc_time_scale_shorter(&ring, place, 500, true);
        if (shorter.lag > 0)
            sc_time_scale_cut(&ring, place, &shorter);
        const struct sc_time_scale_seam longer = sc_time_scale_longer(&ring, place, 500, true);
        if (longer.lag > 0)
            sc_time_scale_stretch(&ring, place, &longer);
        CHECK(shorter.lag <= SC_TIME_SCALE_LAG_MAX && longer.lag <= SC_TIME_SCALE_LAG_MAX);
    }
}

int main(void)
{
    RUN(a_voice_loses_and_gains_whole_periods);
    RUN(a_stretch_needs_little_of_what_comes_next);
    RUN(noise_keeps_its_power_through_the_seam);
    RUN(what_changes_is_left_alone);
    RUN(in_silence_any_seam_will_do);
    RUN(full_scale_over_the_edge);
    return CHECK_DONE();
}

/* Tests of concealment.c: no clicks at any join, pitch kept, fade to comfort noise of the background's level. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "check.h"
#include "concealment.h"

#define PI 3.14159265358979323846
#define RMS_0_DBM0 16141.0

static uint32_t seed = 1;

static double uniform(void) /* -1..1 */
{
    seed = seed * 1103515245u + 12345u;
    return (double)(int32_t)seed / 2147483648.0;
}

/* A voiced sound: a glottal pulse train through three formants, its pitch gliding slowly, on weak noise. */
static void make_vowel(int16_t *x, size_t n, double pitch_hz, double glide, double peak)
{
    const double formant_hz[3] = {500, 1500, 2500}, width_hz[3] = {80, 120, 160};
    double y1[3] = {0}, y2[3] = {0}, phase = 0, most = 0;
    double *out = malloc(n * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        phase += pitch_hz * (1 + glide * sin(2 * PI * 2 * (double)i / 8000)) / 8000;
        double e = phase < 1 ? 0 : 1;
        phase -= e;
        double v = e + 0.002 * uniform();
        for (int f = 0; f < 3; f++) {
            double r = exp(-PI * width_hz[f] / 8000);
            double y = v + 2 * r * cos(2 * PI * formant_hz[f] / 8000) * y1[f] - r * r * y2[f];
            y2[f] = y1[f];
            y1[f] = v = y;
        }
        out[i] = v;
        most = fmax(most, fabs(v));
    }
    for (size_t i = 0; i < n; i++)
        x[i] = (int16_t)lrint(out[i] / most * peak);
    free(out);
}

static int largest_step(const int16_t *x, size_t from, size_t to)
{
    int most = 0;
    for (size_t i = from + 1; i < to; i++)
        if (abs(x[i] - x[i - 1]) > most)
            most = abs(x[i] - x[i - 1]);
    return most;
}

static double level_dbm0(const int16_t *x, size_t n)
{
    double sum = 1e-9;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return 10 * log10(sum / (double)n) - 20 * log10(RMS_0_DBM0);
}

/* Plays x through concealment in frames of n, losing frames [first, first + count). */
static void lose(int16_t *x, size_t total, size_t n, size_t first, size_t count, enum sc_concealment_input how)
{
    struct sc_concealment *plc;
    CHECK_EQ(sc_concealment_create(&plc, NULL), 0);
    for (size_t f = 0; (f + 1) * n <= total; f++) {
        int lost = f >= first && f < first + count;
        if (lost)
            for (size_t i = 0; i < n; i++)
                x[f * n + i] = 12345; /* must not be looked at */
        sc_concealment_process(plc, lost ? how : SC_CONCEALMENT_GOOD, x + f * n, n);
    }
    sc_concealment_destroy(plc);
}

static void no_click_at_any_join(void)
{
    enum { TOTAL = 6400 };
    static int16_t clean[TOTAL], x[TOTAL];
    const double pitches[] = {70, 95, 130, 180, 260};
    double worst = 0;
    for (size_t p = 0; p < 5; p++) {
        make_vowel(clean, TOTAL, pitches[p], 0.05, 12000);
        const int natural = largest_step(clean, 800, TOTAL);
        for (size_t lost = 1; lost <= 8; lost++) {
            for (size_t first = 20; first < 30; first++) {
                memcpy(x, clean, sizeof x);
                lose(x, TOTAL, 80, first, lost, SC_CONCEALMENT_LOST);
                const int step = largest_step(x, first * 80 - 1, (first + lost + 2) * 80);
                worst = fmax(worst, (double)step / natural);
            }
        }
    }
    printf("concealment: largest step within and around gaps = %.2f of the signal's own\n", worst);
    CHECK(worst <= 1.15);
}

/* The pitch is a whole number of samples here and 72.7 there, so some frames fit badly: the median counts. */
static void a_steady_vowel_survives_10_ms(void)
{
    enum { TOTAL = 6400 };
    static int16_t clean[TOTAL], x[TOTAL];
    int good = 0;
    make_vowel(clean, TOTAL, 110, 0, 12000);
    for (size_t first = 30; first < 60; first++) {
        double error = 0, power = 0;
        memcpy(x, clean, sizeof x);
        lose(x, TOTAL, 80, first, 1, SC_CONCEALMENT_LOST);
        for (size_t i = first * 80; i < first * 80 + 80; i++) {
            error += pow(x[i] - clean[i], 2);
            power += pow(clean[i], 2);
        }
        good += 10 * log10(power / error) > 8; /* silence would give 0 dB */
    }
    printf("concealment: %d of 30 concealed frames of a steady vowel have SNR over 8 dB\n", good);
    CHECK(good >= 15);
}

static void a_tone_goes_on_unbroken(void)
{
    enum { TOTAL = 4000 };
    static int16_t clean[TOTAL], x[TOTAL];
    for (size_t i = 0; i < TOTAL; i++)
        clean[i] = (int16_t)lrint(8000 * sin(2 * PI * 425 * (double)i / 8000));
    memcpy(x, clean, sizeof x);
    lose(x, TOTAL, 80, 20, 1, SC_CONCEALMENT_LOST);
    for (size_t i = 1600; i < 1680; i++)
        CHECK_NEAR(x[i], clean[i], 1200);
}

static void silence_follows_after_60_ms_at_the_backgrounds_level(void)
{
    enum { TOTAL = 48000 };
    static int16_t x[TOTAL], speech[TOTAL];
    make_vowel(speech, TOTAL, 120, 0.05, 12000);
    for (size_t i = 0; i < TOTAL; i++) { /* speech with pauses on noise of -50 dBm0 */
        double noise = uniform() * sqrt(3.0) * RMS_0_DBM0 * pow(10, -50.0 / 20);
        x[i] = (int16_t)lrint(noise + (i / 4000 % 2 == 0 ? speech[i] : 0));
    }
    lose(x, TOTAL, 80, 545, 50, SC_CONCEALMENT_LOST); /* from within speech, 0.5 s */
    const double noise = level_dbm0(x + 545 * 80 + 800, 3000), early = level_dbm0(x + 545 * 80, 80);
    printf("concealment: first 10 ms %.1f dBm0, after 100 ms %.1f dBm0 (background -50)\n", early, noise);
    CHECK_NEAR(noise, -50, 2);
    CHECK(early > -20);
}

static void comfort_noise_has_the_backgrounds_colour(void)
{
    enum { TOTAL = 40000 };
    static int16_t x[TOTAL];
    double y = 0;
    for (size_t i = 0; i < TOTAL; i++) {
        y = 0.9 * y + uniform() * 60;
        x[i] = (int16_t)lrint(y);
    }
    lose(x, TOTAL, 80, 400, 100, SC_CONCEALMENT_SILENCE);
    double r0 = 0, r1 = 0;
    for (size_t i = 33000; i < 39999; i++) {
        r0 += (double)x[i] * x[i];
        r1 += (double)x[i] * x[i + 1];
    }
    printf("concealment: comfort noise correlation %.2f (background 0.90)\n", r1 / r0);
    CHECK_NEAR(r1 / r0, 0.9, 0.06);
}

static void dtx_fades_within_20_ms(void)
{
    enum { TOTAL = 8000 };
    static int16_t x[TOTAL];
    make_vowel(x, TOTAL, 120, 0.05, 12000);
    lose(x, TOTAL, 160, 20, 10, SC_CONCEALMENT_SILENCE);
    CHECK(level_dbm0(x + 3200 + 160, 800) < -38);
    CHECK(largest_step(x, 3199, 3202) < 4000);
}

static void any_block_size_and_any_pattern(void)
{
    struct sc_concealment *plc;
    struct sc_concealment_state state;
    int16_t frame[160];
    uint64_t fed = 0;
    CHECK_EQ(sc_concealment_create(&plc, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        const size_t n = (size_t)(seed >> 8) % 161;
        for (size_t k = 0; k < n; k++)
            frame[k] = (int16_t)(uniform() * 32767);
        uniform();
        CHECK_EQ(sc_concealment_process(plc, (enum sc_concealment_input)((seed >> 9) % 3), frame, n), 0);
        fed += n;
        uniform();
    }
    sc_concealment_get_state(plc, &state);
    CHECK_EQ(state.good_samples + state.concealed_samples + state.noise_samples, fed);
    CHECK_EQ(sc_concealment_process(plc, SC_CONCEALMENT_GOOD, frame, 161), EINVAL);
    sc_concealment_destroy(plc);
}

static void every_allocation_may_fail(void)
{
    struct sc_concealment *plc = NULL;
    const long held = sc_alloc_held();
    struct sc_concealment_settings bad = {.noise_floor_dbm0 = 3};
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_concealment_create(&plc, NULL), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK_EQ(sc_concealment_create(&plc, &bad), EINVAL);
    CHECK(plc == NULL);
    CHECK_EQ(sc_alloc_held(), held);
    sc_concealment_destroy(NULL);
}

int main(void)
{
    RUN(no_click_at_any_join);
    RUN(a_steady_vowel_survives_10_ms);
    RUN(a_tone_goes_on_unbroken);
    RUN(silence_follows_after_60_ms_at_the_backgrounds_level);
    RUN(comfort_noise_has_the_backgrounds_colour);
    RUN(dtx_fades_within_20_ms);
    RUN(any_block_size_and_any_pattern);
    RUN(every_allocation_may_fail);
    return CHECK_DONE();
}

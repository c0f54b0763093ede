/* Comfort noise: see comfort_noise.h.
 *
 * How: the least smoothed power of the last 0.8 to 1.6 s marks the background; blocks within 5 dB of it teach level and
 * autocorrelation; Levinson-Durbin makes the filter that gives white noise their colour.
 * Measured (tests/test_concealment.c, test_echo_canceller.c): level within 0.5 dB of steady noise between phrases.
 */
#include "comfort_noise.h"

#include <math.h>
#include <string.h>

enum { ORDER = SC_COMFORT_NOISE_ORDER, BLOCK = SC_COMFORT_NOISE_BLOCK, WINDOW_BLOCKS = 80 /* 0.8 s: a phrase */ };
#define POWER_SMOOTHING 0.3f
#define NOISE_LIKE 3.2f   /* power within 5 dB of the least one is background */
#define COLOUR_SHARE 0.1f
#define REFLECTION_MOST 0.995f /* a filter nearer to the edge rings for long */
#define TOLD_MOST 0.95f        /* of one that others have told us */

void sc_comfort_noise_init(struct sc_comfort_noise *noise, float floor_dbm0, float ceiling_dbm0)
{
    noise->floor_rms = SC_RMS_0_DBM0 * powf(10, floor_dbm0 / 20);
    noise->ceiling_rms = SC_RMS_0_DBM0 * powf(10, fmaxf(floor_dbm0, ceiling_dbm0) / 20);
    sc_comfort_noise_reset(noise);
}

void sc_comfort_noise_reset(struct sc_comfort_noise *noise)
{
    const float floor_rms = noise->floor_rms, ceiling_rms = noise->ceiling_rms;
    memset(noise, 0, sizeof *noise);
    noise->floor_rms = floor_rms;
    noise->ceiling_rms = ceiling_rms;
    noise->correlation[0] = floor_rms * floor_rms;
    noise->least[0] = noise->least[1] = INFINITY;
    noise->random = 0x2545f491u;
}

static void learn_block(struct sc_comfort_noise *noise)
{
    float r[ORDER + 1];
    for (int k = 0; k <= ORDER; k++) {
        r[k] = 0;
        for (int i = k; i < BLOCK; i++)
            r[k] += noise->block[i] * noise->block[i - k];
        r[k] /= BLOCK;
    }
    if (noise->blocks == 0)
        noise->smoothed_power = r[0];
    noise->smoothed_power += POWER_SMOOTHING * (r[0] - noise->smoothed_power);
    noise->least[0] = fminf(noise->least[0], noise->smoothed_power);
    if (++noise->blocks % WINDOW_BLOCKS == 0) {
        noise->least[1] = noise->least[0];
        noise->least[0] = noise->smoothed_power;
    }
    if (r[0] < NOISE_LIKE * fminf(noise->least[0], noise->least[1]) + 1)
        for (int k = 0; k <= ORDER; k++)
            noise->correlation[k] += COLOUR_SHARE * (r[k] - noise->correlation[k]);
}

void sc_comfort_noise_learn(struct sc_comfort_noise *noise, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        noise->block[noise->block_fill++] = x[i];
        if (noise->block_fill == BLOCK) {
            learn_block(noise);
            noise->block_fill = 0;
        }
    }
}

float sc_comfort_noise_rms(const struct sc_comfort_noise *noise)
{
    return fminf(fmaxf(sqrtf(noise->correlation[0]), noise->floor_rms), noise->ceiling_rms);
}

/* Levinson and Durbin's recursion, one step: the predictor with one coefficient more. */
static void step_up(float a[ORDER], int m, float k)
{
    float next[ORDER];
    memcpy(next, a, sizeof next);
    next[m] = k;
    for (int i = 0; i < m; i++)
        next[i] = a[i] - k * a[m - 1 - i];
    memcpy(a, next, sizeof next);
}

void sc_comfort_noise_describe(const struct sc_comfort_noise *noise, struct sc_comfort_noise_shape *shape)
{
    const float *r = noise->correlation;
    float a[ORDER] = {0}, error = r[0] * 1.001f + 1e-3f; /* white-noise correction */
    for (int m = 0; m < ORDER; m++) {
        float k = r[m + 1];
        for (int i = 0; i < m; i++)
            k -= a[i] * r[m - i];
        k = fminf(fmaxf(k / error, -REFLECTION_MOST), REFLECTION_MOST);
        step_up(a, m, k);
        shape->reflection[m] = -k;
        error *= 1 - k * k;
    }
    shape->rms = sc_comfort_noise_rms(noise);
}

/* The filter that gives white noise this colour, and the white noise that makes this level of it. */
static void use(struct sc_comfort_noise *noise, const struct sc_comfort_noise_shape *shape, float most)
{
    float a[ORDER] = {0}, left = 1;
    for (int m = 0; m < ORDER; m++) {
        const float k = fminf(fmaxf(-shape->reflection[m], -most), most);
        step_up(a, m, k);
        left *= 1 - k * k;
    }
    memcpy(noise->predictor, a, sizeof a);
    noise->excitation_rms = fminf(shape->rms, noise->ceiling_rms) * sqrtf(left);
}

void sc_comfort_noise_set(struct sc_comfort_noise *noise, const struct sc_comfort_noise_shape *shape)
{
    use(noise, shape, TOLD_MOST);
    /* What rings in one filter may roar in another. */
    memset(noise->memory, 0, sizeof noise->memory);
}

void sc_comfort_noise_shape(struct sc_comfort_noise *noise)
{
    struct sc_comfort_noise_shape shape;
    sc_comfort_noise_describe(noise, &shape);
    use(noise, &shape, REFLECTION_MOST);
}

float sc_comfort_noise_sample(struct sc_comfort_noise *noise)
{
    float sum = 0;
    for (int i = 0; i < 4; i++) { /* four uniforms: near enough to Gaussian */
        noise->random = noise->random * 1664525u + 1013904223u;
        sum += (float)(int32_t)noise->random;
    }
    float x = sum * (noise->excitation_rms * 0.8660254f / 2147483648.0f);
    for (int k = 0; k < ORDER; k++)
        x += noise->predictor[k] * noise->memory[k];
    memmove(noise->memory + 1, noise->memory, (ORDER - 1) * sizeof noise->memory[0]);
    noise->memory[0] = x;
    return x;
}

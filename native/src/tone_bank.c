/* tone_bank.c: windowed correlations with a few frequencies, every 5 ms.
 *
 * How: the input passes a high-pass (DC and mains hum must not count as energy) and up to two notches. The window is
 * symmetric, so it is folded about its centre: sums meet the cosines, differences the sines, and each product
 * serves two samples; GCC vectors of four do four products at a time. The energy falls out of the same folded values.
 * Assumes 8000 samples a second; coefficients are made once, in create.
 * The input is filtered in whole hops of 40 samples, whatever blocks it comes in.
 * Measured (callgrind, native/bench/bench_detectors.c, SSE2): a tone receiver with one frequency 27 to 42 instructions a sample,
 * 0.75 to 1.18 of libspandsp's; a DTMF receiver 56 to 65, 0.83 to 0.95 of it. */
#include "tone_bank.h"

#include "alloc.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define HOP SC_TONE_BANK_HOP
#define WINDOW SC_TONE_BANK_WINDOW
#define HALF (WINDOW / 2)
#define STEPS (HALF / 4)
#define HOPS_KEPT 8u                       /* the sample buffer slides once in so many hops */
#define BUFFER (WINDOW + HOPS_KEPT * HOP)
#define GROUP 4u                           /* frequencies correlated in one pass: 8 sums fit into the registers */
#define GROUPS_MAX (SC_TONE_BANK_MAX / GROUP)
#define PI 3.14159265358979323846
#define RATE_HZ 8000.0
#define AMPLITUDE_SCALE (1.0f / 40.0f)     /* half the sum of the Hann window */
#define ENERGY_SCALE (1.0f / 60.0f)        /* sum of its squares */
#define HIGH_PASS_HZ 100.0                 /* 2nd order: takes 12 dB off 50 Hz */
#define NOTCH_RADIUS 0.985                 /* notch 38 Hz wide at -3 dB */
#define NOTCHES_MAX 2u
#define NO_DENORMALS 1e-3f                 /* a constant below any sample keeps the filter states normal in silence */

typedef float v4f __attribute__((vector_size(16)));

struct biquad {                            /* notch */
    float b0, b1, b2, a1, a2;
    float z1, z2;
};

struct high_pass {                         /* scale * (x - 2 x' + x''), then two poles */
    float scale, a1, a2;
    float x1, x2, y1, y2;
    v4f by_input[4], by_y1, by_y2;         /* four outputs at once, out of four inputs of the poles and the two outputs before */
};

struct sc_tone_bank {
    v4f coefficients[GROUPS_MAX][STEPS][GROUP][2];
    v4f window[STEPS];
    v4f samples[BUFFER / 4];
    v4f sums[STEPS], differences[STEPS];   /* the last window, folded */
    struct sc_tone_frame frame;
    struct high_pass high_pass;
    struct biquad notches[NOTCHES_MAX];
    uint32_t notch_count;
    uint32_t count, always;
    int16_t pending[HOP];  /* the beginning of a hop that is not whole yet */
    uint32_t end;          /* where the next sample goes in the buffer */
    uint32_t missing;      /* samples until the next frame */
    float floor_mean_square;
    uint64_t position;
};

static void design_high_pass(struct high_pass *h)
{
    double w = tan(PI * HIGH_PASS_HZ / RATE_HZ), scale = 1.0 / (1.0 + sqrt(2.0) * w + w * w);
    h->scale = (float)scale;
    h->a1 = (float)(2.0 * (w * w - 1.0) * scale);
    h->a2 = (float)((1.0 - sqrt(2.0) * w + w * w) * scale);
    double response[4] = { 1.0, -(double)h->a1, 0.0, 0.0 };
    for (int i = 2; i < 4; i++)
        response[i] = -(double)h->a1 * response[i - 1] - (double)h->a2 * response[i - 2];
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++)
            h->by_input[k][i] = i >= k ? (float)response[i - k] : 0.0f;
        double next = -(double)h->a1 * response[i] - (i > 0 ? (double)h->a2 * response[i - 1] : 0.0);
        h->by_y1[i] = (float)next;
        h->by_y2[i] = (float)(-(double)h->a2 * response[i]);
    }
}

static void design_notch(struct biquad *b, double frequency_hz)
{
    double turn = 2.0 * cos(2.0 * PI * frequency_hz / RATE_HZ), r = NOTCH_RADIUS;
    double gain = (1.0 - turn * r + r * r) / (2.0 - turn);      /* 1 at DC; within 0.1 dB of 1 from 600 Hz on */
    double at_top = (1.0 + turn * r + r * r) / (2.0 + turn);
    gain = 0.5 * (gain + at_top);
    memset(b, 0, sizeof *b);
    b->b0 = (float)gain;
    b->b1 = (float)(-turn * gain);
    b->b2 = (float)gain;
    b->a1 = (float)(-turn * r);
    b->a2 = (float)(r * r);
}

static inline float filtered(struct biquad *b, float x)
{
    float y = b->b0 * x + b->z1;
    b->z1 = b->b1 * x - b->a1 * y + b->z2;
    b->z2 = b->b2 * x - b->a2 * y;
    return y;
}

/* The zeros over all samples first, which the compiler does four at a time; then the poles, four outputs at a time too. */
static void high_pass(struct high_pass *h, const int16_t *restrict in, float *restrict out)
{
    float x[HOP + 2], zeros[HOP];
    x[0] = h->x2;
    x[1] = h->x1;
    for (uint32_t i = 0; i < HOP; i++)
        x[i + 2] = (float)in[i] + NO_DENORMALS;
    for (uint32_t i = 0; i < HOP; i++)
        zeros[i] = h->scale * ((x[i + 2] - x[i + 1]) - (x[i + 1] - x[i]));
    float y1 = h->y1, y2 = h->y2;
    for (uint32_t i = 0; i < HOP; i += 4) {
        v4f y = h->by_input[0] * zeros[i] + h->by_input[1] * zeros[i + 1] + h->by_input[2] * zeros[i + 2] +
                h->by_input[3] * zeros[i + 3] + (h->by_y1 * y1 + h->by_y2 * y2);
        memcpy(out + i, &y, sizeof y);
        y1 = y[3];
        y2 = y[2];
    }
    h->x1 = x[HOP + 1];
    h->x2 = x[HOP];
    h->y1 = y1;
    h->y2 = y2;
}

static void make_tables(struct sc_tone_bank *bank, const float *frequency_hz)
{
    for (uint32_t i = 0; i < HALF; i++) {
        double from_centre = (double)i + 0.5;
        bank->window[i / 4][i % 4] = (float)(0.5 + 0.5 * cos(PI * from_centre / (double)HALF));
        for (uint32_t k = 0; k < bank->count; k++) {
            double angle = 2.0 * PI * (double)frequency_hz[k] * from_centre / RATE_HZ;
            bank->coefficients[k / GROUP][i / 4][k % GROUP][0][i % 4] = (float)cos(angle);
            bank->coefficients[k / GROUP][i / 4][k % GROUP][1][i % 4] = (float)-sin(angle);
        }
    }
}

int sc_tone_bank_create(struct sc_tone_bank **out, const struct sc_tone_bank_settings *settings)
{
    uint32_t count = settings->count, always = settings->always;
    if (count == 0 || count > SC_TONE_BANK_MAX || always > count || (always % GROUP != 0 && always != count))
        return EINVAL;
    for (uint32_t k = 0; k < count; k++)
        if (!(settings->frequency_hz[k] >= 100.0f && settings->frequency_hz[k] <= 3900.0f))
            return EINVAL;
    struct sc_tone_bank *bank = sc_alloc(sizeof *bank);
    if (bank == NULL)
        return ENOMEM;
    bank->count = count;
    bank->always = always;
    bank->floor_mean_square = settings->floor_mean_square;
    make_tables(bank, settings->frequency_hz);
    design_high_pass(&bank->high_pass);
    sc_tone_bank_reset(bank);
    *out = bank;
    return 0;
}

void sc_tone_bank_destroy(struct sc_tone_bank *bank)
{
    sc_free(bank);
}

void sc_tone_bank_reset(struct sc_tone_bank *bank)
{
    memset(bank->samples, 0, sizeof bank->samples);
    memset(&bank->frame, 0, sizeof bank->frame);
    bank->high_pass.x1 = bank->high_pass.x2 = bank->high_pass.y1 = bank->high_pass.y2 = 0.0f;
    for (uint32_t i = 0; i < NOTCHES_MAX; i++)
        bank->notches[i].z1 = bank->notches[i].z2 = 0.0f;
    bank->end = WINDOW - HOP;
    bank->missing = HOP;
    bank->position = 0;
}

void sc_tone_bank_notch(struct sc_tone_bank *bank, const float *frequency_hz, size_t count)
{
    bank->notch_count = (uint32_t)(count < NOTCHES_MAX ? count : NOTCHES_MAX);
    for (uint32_t i = 0; i < bank->notch_count; i++)
        design_notch(&bank->notches[i], (double)frequency_hz[i]);
}

/* Folds and windows the last WINDOW samples; returns their weighted mean square. */
static float fold(struct sc_tone_bank *bank)
{
    v4f *sums = bank->sums, *differences = bank->differences;
    const v4f *right = bank->samples + (bank->end - HALF) / 4;
    const v4f *left = right - 1;
    v4f energy = { 0.0f, 0.0f, 0.0f, 0.0f };
    for (uint32_t i = 0; i < STEPS; i++) {
        v4f backwards = left[-(int)i];
        backwards = __builtin_shufflevector(backwards, backwards, 3, 2, 1, 0);
        sums[i] = (right[i] + backwards) * bank->window[i];
        differences[i] = (right[i] - backwards) * bank->window[i];
        energy += sums[i] * sums[i] + differences[i] * differences[i];
    }
    return 0.5f * ENERGY_SCALE * (energy[0] + energy[1] + energy[2] + energy[3]);
}

static inline float across(v4f v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

static void correlate(const v4f coefficients[STEPS][GROUP][2], const v4f *sums, const v4f *differences, float *real,
                      float *imaginary)
{
    v4f re0 = { 0 }, re1 = { 0 }, re2 = { 0 }, re3 = { 0 };
    v4f im0 = { 0 }, im1 = { 0 }, im2 = { 0 }, im3 = { 0 };
    for (uint32_t i = 0; i < STEPS; i++) {
        re0 += coefficients[i][0][0] * sums[i];
        im0 += coefficients[i][0][1] * differences[i];
        re1 += coefficients[i][1][0] * sums[i];
        im1 += coefficients[i][1][1] * differences[i];
        re2 += coefficients[i][2][0] * sums[i];
        im2 += coefficients[i][2][1] * differences[i];
        re3 += coefficients[i][3][0] * sums[i];
        im3 += coefficients[i][3][1] * differences[i];
    }
    real[0] = across(re0) * AMPLITUDE_SCALE;
    real[1] = across(re1) * AMPLITUDE_SCALE;
    real[2] = across(re2) * AMPLITUDE_SCALE;
    real[3] = across(re3) * AMPLITUDE_SCALE;
    imaginary[0] = across(im0) * AMPLITUDE_SCALE;
    imaginary[1] = across(im1) * AMPLITUDE_SCALE;
    imaginary[2] = across(im2) * AMPLITUDE_SCALE;
    imaginary[3] = across(im3) * AMPLITUDE_SCALE;
}

static void correlate_one(const v4f coefficients[STEPS][GROUP][2], uint32_t k, const v4f *sums, const v4f *differences,
                          float *real, float *imaginary)
{
    v4f re = { 0 }, im = { 0 };
    for (uint32_t i = 0; i < STEPS; i++) {
        re += coefficients[i][k][0] * sums[i];
        im += coefficients[i][k][1] * differences[i];
    }
    *real = across(re) * AMPLITUDE_SCALE;
    *imaginary = across(im) * AMPLITUDE_SCALE;
}

/* Frequencies from .. to - 1; from is a multiple of GROUP. */
static void measure(struct sc_tone_bank *bank, uint32_t from, uint32_t to)
{
    struct sc_tone_frame *frame = &bank->frame;
    uint32_t k = from;
    for (; k + GROUP <= to; k += GROUP)
        correlate((const v4f(*)[GROUP][2])bank->coefficients[k / GROUP], bank->sums, bank->differences, frame->real + k,
                  frame->imaginary + k);
    for (; k < to; k++)
        correlate_one((const v4f(*)[GROUP][2])bank->coefficients[k / GROUP], k % GROUP, bank->sums, bank->differences,
                      frame->real + k, frame->imaginary + k);
}

static void make_frame(struct sc_tone_bank *bank)
{
    bank->frame.mean_square = fold(bank);
    if (bank->frame.mean_square < bank->floor_mean_square)
        memset(&bank->frame, 0, sizeof bank->frame);
    else
        measure(bank, 0, bank->always);
}

const struct sc_tone_frame *sc_tone_bank_rest(struct sc_tone_bank *bank)
{
    if (bank->frame.mean_square > 0.0f)
        measure(bank, bank->always, bank->count);
    return &bank->frame;
}

static void slide(struct sc_tone_bank *bank)
{
    if (bank->end + HOP <= BUFFER)
        return;
    uint32_t keep = WINDOW - HOP;
    memmove(bank->samples, bank->samples + (bank->end - keep) / 4, keep * sizeof(float));
    bank->end = keep;
}

size_t sc_tone_bank_feed(struct sc_tone_bank *bank, const int16_t *in, size_t n, const struct sc_tone_frame **frame)
{
    uint32_t take = n < bank->missing ? (uint32_t)n : bank->missing;
    const int16_t *hop = in;
    if (take < HOP) {                       /* filtered in whole hops, so that how the caller cuts them makes no difference */
        memcpy(bank->pending + HOP - bank->missing, in, take * sizeof *in);
        hop = bank->pending;
    }
    bank->missing -= take;
    bank->position += take;
    *frame = NULL;
    if (bank->missing > 0)
        return take;
    float *to = (float *)bank->samples + bank->end;
    high_pass(&bank->high_pass, hop, to);
    for (uint32_t k = 0; k < bank->notch_count; k++)
        for (uint32_t i = 0; i < HOP; i++)
            to[i] = filtered(&bank->notches[k], to[i]);
    bank->end += HOP;
    make_frame(bank);
    slide(bank);
    bank->missing = HOP;
    *frame = &bank->frame;
    return take;
}

uint64_t sc_tone_bank_position(const struct sc_tone_bank *bank)
{
    return bank->position;
}

float sc_tone_bank_response(float offset_hz)
{
    /* sin(pi b) / (pi b (1 - b * b)) with b = offset in bins of 50 Hz, by its series; within 0.2 % up to 95 Hz */
    float b2 = offset_hz * offset_hz * (1.0f / 2500.0f);
    float tail = 0.0261478f + b2 * (-0.0023461f + b2 * (0.00014843f - b2 * 0.00000697f));
    float sinc = 1.0f + b2 * (-1.6449341f + b2 * (0.8117424f + b2 * (-0.1907518f + b2 * tail)));
    float pole = 1.0f - b2;
    return fabsf(pole) < 1e-3f ? 0.5f : sinc / pole;
}

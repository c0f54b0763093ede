/* Partitioned-block Kalman filter in the frequency domain: see span_filter.h.
 *
 * What: estimates an echo path of many taps from rin and sin, block by block.
 * How: overlap-save with blocks of 64 and transforms of 128; after G. Enzner and P. Vary, "Frequency-domain adaptive
 * Kalman filter for acoustic echo control in hands-free telephones" (2006), in the partitioned form of F. Kuech and
 * others (2014).  Each bin of each partition has its own uncertainty (the variance of its coefficient); the step is the
 * share of the error's power which that uncertainty explains, so it is large at the start, small when converged, and
 * small while the near end talks, without a double-talk detector.  The noise (near end included) is measured from what
 * is left of the error.  Partitions without echo lose their uncertainty and stay quiet: the delay need not be known.
 * Speech leaks from bin to bin and repeats itself from partition to partition, so a block teaches less than the theory
 * of independent bins has it: uncertainty shrinks by a share of that only, else learning ends before the path is found.
 * Assumes: input scaled to full scale 1, without DC.
 */
#include "span_filter.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "fft.h"

enum {
    BLOCK = SC_SPAN_BLOCK,
    CONSTRAINED_IN_BLOCKS = 8, /* when tracking, a partition in turn; all at once settles more noisily on speech */
    MOST_PARTITIONS = 32,
    VECTORS = SC_FFT_BINS / 4
};

/* Powers are per bin: |gain|^2, or |spectrum|^2 of a block at full scale 1. */
#define START_UNCERTAINTY 0.015f  /* of a partition: over 16 of them an echo 6 dB down; more only adds noise in speech */
#define REMEMBERED 0.99997f       /* a path keeps this much of itself per block: drifts with a time constant of 4 min; what
                                   * is faster is a change, and is told from the likeness of echo and error */
#define REMEMBERED_SEEKING 0.9900f /* what has been found makes its partition believe more, and ... */
#define UNEXPECTED 0.001f         /* ... where nothing was found for long an echo 30 dB down may appear */
#define NOISE_SMOOTHING 0.7f      /* of the noise's spectrum: 22 ms */
#define LEARNT 0.55f              /* of what a block would teach if bins and partitions did not know each other: ... */
#define LEARNT_SEEKING 0.7f       /* ... speech leaks from bin to bin, and to believe all of it would stop too early */
#define NOISE_LEAST (64 * 3e-10f) /* quantisation to 16 bits in each of 64 samples, with a margin */

struct sc_span_filter {
    size_t partitions, head, first, count, turn;
    bool noise_known;
    struct sc_fft fft;
    float frame[2 * BLOCK];         /* last two blocks of x */
    float noise[SC_FFT_BINS];
    struct sc_spectrum *reference;  /* spectra of the last blocks, ring */
    struct sc_spectrum *weights;
    float (*power)[SC_FFT_BINS];    /* |reference|^2 */
    float (*uncertainty)[SC_FFT_BINS];
    float *taps;
};

static void *spectra(size_t n)
{
    return sc_alloc(n * sizeof(struct sc_spectrum));
}

int sc_span_filter_create(struct sc_span_filter **out, size_t span_samples)
{
    const size_t n = span_samples / BLOCK;
    if (n == 0 || n > MOST_PARTITIONS || span_samples % BLOCK != 0)
        return EINVAL;
    struct sc_span_filter *f = sc_alloc(sizeof *f);
    if (!f)
        return ENOMEM;
    f->partitions = n;
    f->reference = spectra(n);
    f->weights = spectra(n);
    f->power = sc_alloc(n * sizeof *f->power);
    f->uncertainty = sc_alloc(n * sizeof *f->uncertainty);
    f->taps = sc_alloc(span_samples * sizeof *f->taps);
    if (!f->reference || !f->weights || !f->power || !f->uncertainty || !f->taps) {
        sc_span_filter_destroy(f);
        return ENOMEM;
    }
    sc_fft_init(&f->fft);
    sc_span_filter_reset(f);
    *out = f;
    return 0;
}

void sc_span_filter_destroy(struct sc_span_filter *f)
{
    if (!f)
        return;
    sc_free(f->reference);
    sc_free(f->weights);
    sc_free(f->power);
    sc_free(f->uncertainty);
    sc_free(f->taps);
    sc_free(f);
}

static void clear_partition(struct sc_span_filter *f, size_t p, float uncertainty)
{
    memset(&f->weights[p], 0, sizeof f->weights[p]);
    memset(f->taps + p * BLOCK, 0, BLOCK * sizeof *f->taps);
    for (int k = 0; k < SC_FFT_BINS; k++)
        f->uncertainty[p][k] = uncertainty;
}

void sc_span_filter_reset(struct sc_span_filter *f)
{
    f->head = f->turn = 0;
    f->noise_known = false;
    memset(f->frame, 0, sizeof f->frame);
    memset(f->noise, 0, sizeof f->noise);
    memset(f->reference, 0, f->partitions * sizeof *f->reference);
    memset(f->power, 0, f->partitions * sizeof *f->power);
    f->first = 0;
    f->count = f->partitions;
    for (size_t p = 0; p < f->partitions; p++)
        clear_partition(f, p, START_UNCERTAINTY);
}

static inline sc_v4 at(const float *x, int i)
{
    return ((const sc_v4 *)x)[i];
}

static inline void put(float *x, int i, sc_v4 v)
{
    ((sc_v4 *)x)[i] = v;
}

/* The reference's spectrum p blocks ago. */
static size_t slot(const struct sc_span_filter *f, size_t p)
{
    return (f->head + f->partitions - p) % f->partitions;
}

static void take_reference(struct sc_span_filter *f, const float *x)
{
    memcpy(f->frame, f->frame + BLOCK, BLOCK * sizeof *x);
    memcpy(f->frame + BLOCK, x, BLOCK * sizeof *x);
    f->head = (f->head + 1) % f->partitions;
    struct sc_spectrum *s = &f->reference[f->head];
    sc_fft_forward(&f->fft, f->frame, s);
    for (int i = 0; i < VECTORS; i++) {
        const sc_v4 re = at(s->re, i), im = at(s->im, i);
        put(f->power[f->head], i, re * re + im * im);
    }
}

/* A block of what count partitions make of the reference, the first of them of the block that came `ago` blocks before the
 * last one. */
static void convolve(const struct sc_span_filter *f, const struct sc_spectrum *weights, size_t ago, size_t count,
                     float *y)
{
    struct sc_spectrum sum = {{0}, {0}};
    float frame[2 * BLOCK];
    for (size_t p = 0; p < count; p++) {
        const struct sc_spectrum *x = &f->reference[slot(f, ago + p)], *w = &weights[p];
        for (int i = 0; i < VECTORS; i++) {
            const sc_v4 xr = at(x->re, i), xi = at(x->im, i), wr = at(w->re, i), wi = at(w->im, i);
            put(sum.re, i, at(sum.re, i) + xr * wr - xi * wi);
            put(sum.im, i, at(sum.im, i) + xr * wi + xi * wr);
        }
    }
    sc_fft_inverse(&f->fft, &sum, frame);
    memcpy(y, frame + BLOCK, BLOCK * sizeof *y);
}

static void estimate_echo(const struct sc_span_filter *f, float *y)
{
    convolve(f, &f->weights[f->first], f->first, f->count, y);
}

void sc_span_filter_predict(const struct sc_span_filter *f, const struct sc_spectrum *weights, size_t first, size_t count,
                            float *y)
{
    convolve(f, weights, first - 1, count, y);
}

/* Share of the error which the uncertainty explains, per bin: error <- error / (explained + 2 noise). */
static void weigh_error(struct sc_span_filter *f, struct sc_spectrum *error, float *inverse, bool again)
{
    float explained[SC_FFT_BINS] __attribute__((aligned(16))) = {0};
    for (size_t p = f->first; p < f->first + f->count; p++)
        for (int i = 0; i < VECTORS; i++)
            put(explained, i, at(explained, i) + at(f->uncertainty[p], i) * at(f->power[slot(f, p)], i));
    const float keep = again ? 1 : f->noise_known ? NOISE_SMOOTHING : 0; /* a second look has been fitted: it tells less */
    f->noise_known = true;
    for (int i = 0; i < VECTORS; i++) {
        const sc_v4 er = at(error->re, i), ei = at(error->im, i), s = at(explained, i);
        const sc_v4 power = er * er + ei * ei;
        const sc_v4 left = 1 - 0.5f * s / (s + 2 * at(f->noise, i) + 2 * NOISE_LEAST);
        sc_v4 noise = keep * at(f->noise, i) + (1 - keep) * power * left * left;
        put(f->noise, i, noise);
        noise += NOISE_LEAST;
        const sc_v4 inv = 1 / (s + 2 * noise);
        put(inverse, i, inv);
        put(error->re, i, er * inv);
        put(error->im, i, ei * inv);
    }
}

static void update_partition(struct sc_span_filter *f, size_t p, const struct sc_spectrum *error, const float *inverse,
                             float keep, float fresh, float learnt)
{
    const struct sc_spectrum *x = &f->reference[slot(f, p)];
    const float *power = f->power[slot(f, p)];
    struct sc_spectrum *w = &f->weights[p];
    for (int i = 0; i < VECTORS; i++) {
        const sc_v4 u = at(f->uncertainty[p], i), xr = at(x->re, i) * u, xi = at(x->im, i) * u;
        const sc_v4 er = at(error->re, i), ei = at(error->im, i);
        const sc_v4 wr = at(w->re, i) + xr * er + xi * ei, wi = at(w->im, i) + xr * ei - xi * er;
        put(w->re, i, wr);
        put(w->im, i, wi);
        const sc_v4 left = 1 - 0.5f * learnt * u * at(power, i) * at(inverse, i);
        put(f->uncertainty[p], i, keep * left * u + (1 - keep) * (wr * wr + wi * wi) + fresh);
    }
}

/* Takes away what circular convolution added: the response of a partition has 64 taps. */
static void constrain(struct sc_span_filter *f, size_t p)
{
    float frame[2 * BLOCK];
    sc_fft_inverse(&f->fft, &f->weights[p], frame);
    memset(frame + BLOCK, 0, BLOCK * sizeof *frame);
    memcpy(f->taps + p * BLOCK, frame, BLOCK * sizeof *frame);
    sc_fft_forward(&f->fft, frame, &f->weights[p]);
}

static void learn(struct sc_span_filter *f, const float *e, bool seek, bool again)
{
    float frame[2 * BLOCK] = {0}, inverse[SC_FFT_BINS] __attribute__((aligned(16)));
    struct sc_spectrum error;
    memcpy(frame + BLOCK, e, BLOCK * sizeof *e);
    sc_fft_forward(&f->fft, frame, &error);
    weigh_error(f, &error, inverse, again);
    const float remembered = seek ? REMEMBERED_SEEKING : REMEMBERED, keep = remembered * remembered;
    const float fresh = seek ? (1 - keep) * UNEXPECTED : 0, learnt = seek ? LEARNT_SEEKING : LEARNT;
    for (size_t p = f->first; p < f->first + f->count; p++)
        update_partition(f, p, &error, inverse, keep, fresh, learnt);
    const size_t some = seek ? f->count : (f->count + CONSTRAINED_IN_BLOCKS - 1) / CONSTRAINED_IN_BLOCKS;
    for (size_t i = 0; i < some; i++) {
        constrain(f, f->first + f->turn % f->count);
        f->turn = (f->turn + 1) % f->count;
    }
}

static void subtract_echo(const struct sc_span_filter *f, const float *d, float *e)
{
    float y[BLOCK];
    estimate_echo(f, y);
    for (int i = 0; i < BLOCK; i++)
        e[i] = d[i] - y[i];
}

void sc_span_filter_process(struct sc_span_filter *f, const float *x, const float *d, float *e,
                            enum sc_span_learning learning)
{
    float again[BLOCK];
    take_reference(f, x);
    subtract_echo(f, d, e);
    if (learning == SC_SPAN_HOLD)
        return;
    learn(f, e, learning != SC_SPAN_TRACK, false);
    if (learning == SC_SPAN_HURRY) {
        subtract_echo(f, d, again);
        learn(f, again, true, true);
    }
}

const float *sc_span_filter_taps(const struct sc_span_filter *f)
{
    return f->taps;
}

void sc_span_filter_focus(struct sc_span_filter *f, size_t first, size_t count)
{
    if (first >= f->partitions)
        first = f->partitions - 1;
    if (count > f->partitions - first)
        count = f->partitions - first;
    for (size_t p = 0; p < f->partitions; p++)
        if (p < first || p >= first + count)
            clear_partition(f, p, START_UNCERTAINTY);
    f->first = first;
    f->count = count;
    f->turn = 0;
}

void sc_span_filter_unfocus(struct sc_span_filter *f)
{
    f->first = 0;
    f->count = f->partitions;
    f->turn = 0;
}

void sc_span_filter_load(struct sc_span_filter *f, const float *taps, size_t offset, size_t n)
{
    memset(f->taps, 0, f->partitions * BLOCK * sizeof *f->taps);
    memcpy(f->taps + offset, taps, n * sizeof *taps);
    for (size_t p = 0; p < f->partitions; p++) {
        float frame[2 * BLOCK] = {0};
        memcpy(frame, f->taps + p * BLOCK, BLOCK * sizeof *frame);
        sc_fft_forward(&f->fft, frame, &f->weights[p]);
    }
}

void sc_span_filter_loosen(struct sc_span_filter *f, float power)
{
    for (size_t p = f->first; p < f->first + f->count; p++)
        for (int i = 0; i < SC_FFT_BINS; i++)
            f->uncertainty[p][i] = fmaxf(f->uncertainty[p][i], power);
}

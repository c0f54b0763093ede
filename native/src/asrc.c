/* Asynchronous resampler: see asrc.h.
 *
 * What: one 8 kHz stream carried from the writer's clock to the reader's.
 * How: a windowed-sinc interpolator of TAPS taps, tabulated at PHASES + 1 fractions and interpolated linearly between
 * them; the reading point is 32.32 fixed point.  The fill just before a read is smoothed (writes come in whole samples
 * and whole ticks) and a proportional-integral controller turns its distance from the target into the step.  The loop
 * is quick until it has settled and slow afterwards, so that the steering itself is not heard as wow.
 * Assumes: clocks within max_ppm; no gap between writes longer than target_fill less one read.
 * Measured (tests/test_asrc.c): see the figures printed there; SNR of a 1 kHz tone over 60 dB at +-300 and +-1000 ppm,
 * an hour at 300 ppm without a slip.
 */
#include "asrc.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "alloc.h"

enum {
    TAPS = 32,          /* group delay TAPS/2 = 2 ms */
    PHASES = 64,        /* linear interpolation between them errs by -94 dB at 1 kHz */
    DEFAULT_FILL = 120, /* 15 ms: one read and half a tick of slack */
    DEFAULT_CAPACITY = 1600,
    GROWTH = 16,        /* 2 ms: what comes is lumpier than was thought ... */
    LUMP_READS = 2      /* ... unless nothing came for longer than this: that was a stall */
};
#define CUTOFF 0.95               /* of the Nyquist frequency: nothing folds at +-1000 ppm below 3.8 kHz */
#define KAISER_BETA 8.0           /* side lobes -80 dB */
#define RATE_HZ 8000.0
#define ONE_32 4294967296.0       /* 1.0 in 32.32 */
#define DEFAULT_MAX_PPM 1000.0f
/* Loop, per sample of fill error: damping 1 at natural frequency w needs P = 2w/rate, I = w^2/rate (ppm, seconds). */
#define QUICK_RAD_S 0.7
#define SLOW_RAD_S 0.08
#define QUICK_SMOOTH_S 0.15       /* smoothing of the fill, well above the loop */
#define SLOW_SMOOTH_S 1.2
#define SETTLE_SAMPLES 2.0        /* |fill error| below this ... */
#define SETTLE_S 6.0              /* ... for this long: slow loop */
#define UNSETTLE_SAMPLES 10.0     /* above this: quick loop again */

typedef float v4 __attribute__((vector_size(16), aligned(4)));

struct sc_asrc {
    struct sc_asrc_settings settings;
    float *fifo;        /* capacity + TAPS samples, oldest first */
    size_t count;
    uint64_t position;  /* 32.32 from fifo[0]: left end of the filter */
    double smoothed_error, integral_ppm, ppm, settled_s;
    bool primed, slow, smoothing, starved;
    unsigned reads_since_write;
    struct sc_asrc_state state;
    float table[PHASES + 1][TAPS];
};

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static void make_table(struct sc_asrc *asrc)
{
    const double pi = 3.14159265358979323846;
    for (int p = 0; p <= PHASES; p++) {
        double sum = 0, row[TAPS];
        for (int t = 0; t < TAPS; t++) {
            double x = t - (TAPS / 2 - 1) - (double)p / PHASES;
            double w = x / (TAPS / 2);
            double window = fabs(w) >= 1 ? 0 : bessel_i0(KAISER_BETA * sqrt(1 - w * w)) / bessel_i0(KAISER_BETA);
            double sinc = fabs(x) < 1e-9 ? CUTOFF : sin(pi * CUTOFF * x) / (pi * x);
            row[t] = sinc * window;
            sum += row[t];
        }
        for (int t = 0; t < TAPS; t++)
            asrc->table[p][t] = (float)(row[t] / sum);
    }
}

void sc_asrc_settings_default(struct sc_asrc_settings *settings)
{
    *settings = (struct sc_asrc_settings){
        .target_fill_samples = DEFAULT_FILL, .capacity_samples = DEFAULT_CAPACITY, .max_ppm = DEFAULT_MAX_PPM};
}

int sc_asrc_create(struct sc_asrc **out, const struct sc_asrc_settings *settings)
{
    struct sc_asrc_settings s;
    if (settings)
        s = *settings;
    else
        sc_asrc_settings_default(&s);
    if (s.target_fill_samples < TAPS || s.capacity_samples > 1u << 20
        || s.capacity_samples < 2 * s.target_fill_samples || s.capacity_samples < 2 * s.most_fill_samples || !(s.max_ppm > 0) || s.max_ppm > 10000)
        return EINVAL;
    struct sc_asrc *asrc = sc_alloc(sizeof *asrc);
    if (!asrc)
        return ENOMEM;
    asrc->fifo = sc_alloc((s.capacity_samples + TAPS) * sizeof *asrc->fifo);
    if (!asrc->fifo) {
        sc_free(asrc);
        return ENOMEM;
    }
    asrc->settings = s;
    make_table(asrc);
    sc_asrc_reset(asrc);
    *out = asrc;
    return 0;
}

void sc_asrc_destroy(struct sc_asrc *asrc)
{
    if (!asrc)
        return;
    sc_free(asrc->fifo);
    sc_free(asrc);
}

/* Something comes after an underrun. Nobody knows beforehand in what lumps a writer writes. */
static void grow(struct sc_asrc *asrc)
{
    asrc->starved = false;
    if (asrc->reads_since_write > LUMP_READS)
        return;
    if (asrc->settings.target_fill_samples + GROWTH <= asrc->settings.most_fill_samples)
        asrc->settings.target_fill_samples += GROWTH;
}

/* Empties the buffer and keeps the ratio: a gap does not change the clocks. */
static void refill(struct sc_asrc *asrc)
{
    memset(asrc->fifo, 0, TAPS * sizeof *asrc->fifo);
    asrc->count = TAPS; /* the filter's past */
    asrc->position = 0;
    asrc->primed = false;
    asrc->smoothing = false;
    asrc->smoothed_error = 0;
}

void sc_asrc_reset(struct sc_asrc *asrc)
{
    asrc->state = (struct sc_asrc_state){0};
    asrc->integral_ppm = asrc->ppm = asrc->settled_s = 0;
    asrc->slow = false;
    refill(asrc);
}

/* Samples that can still be read, with their fraction. */
static double fill_of(const struct sc_asrc *asrc)
{
    return (double)asrc->count - TAPS - (double)asrc->position / ONE_32;
}

static void drop_oldest(struct sc_asrc *asrc, size_t n)
{
    memmove(asrc->fifo, asrc->fifo + n, (asrc->count - n) * sizeof *asrc->fifo);
    asrc->count -= n;
}

int sc_asrc_write(struct sc_asrc *asrc, const int16_t *in, size_t n)
{
    if (n > SC_ASRC_MAX_BLOCK_SAMPLES || n > asrc->settings.capacity_samples)
        return EINVAL;
    size_t room = asrc->settings.capacity_samples + TAPS - asrc->count;
    if (n > room) {
        drop_oldest(asrc, n - room);
        asrc->state.overruns++;
        asrc->smoothing = false;
    }
    for (size_t i = 0; i < n; i++)
        asrc->fifo[asrc->count + i] = in[i];
    asrc->count += n;
    asrc->state.written_samples += n;
    if (asrc->starved && n > 0)
        grow(asrc);
    if (n > 0)
        asrc->reads_since_write = 0;
    return 0;
}

/* One step of the controller; error in samples over the target, dt in seconds since the last. */
static void steer(struct sc_asrc *asrc, double error, double dt)
{
    double smooth_s = asrc->slow ? SLOW_SMOOTH_S : QUICK_SMOOTH_S;
    double w = asrc->slow ? SLOW_RAD_S : QUICK_RAD_S;
    if (!asrc->smoothing) {
        asrc->smoothed_error = error;
        asrc->smoothing = true;
    }
    asrc->smoothed_error += (error - asrc->smoothed_error) * fmin(1, dt / smooth_s);
    double e = asrc->smoothed_error, limit = (double)asrc->settings.max_ppm;
    asrc->integral_ppm += w * w / RATE_HZ * 1e6 * e * dt;
    asrc->integral_ppm = fmax(-limit, fmin(limit, asrc->integral_ppm));
    asrc->ppm = fmax(-limit * 1.5, fmin(limit * 1.5, asrc->integral_ppm + 2 * w / RATE_HZ * 1e6 * e));
    asrc->settled_s = fabs(e) < SETTLE_SAMPLES ? asrc->settled_s + dt : 0;
    if (asrc->settled_s > SETTLE_S)
        asrc->slow = true;
    if (fabs(e) > UNSETTLE_SAMPLES)
        asrc->slow = false;
}

static float interpolate(const struct sc_asrc *asrc, const float *x, uint32_t fraction)
{
    const float scaled = (float)fraction * (float)(PHASES / ONE_32);
    const unsigned phase = fraction >> 26; /* 32 - log2(PHASES) */
    const float between = scaled - (float)phase;
    const float *a = asrc->table[phase], *b = asrc->table[phase + 1];
    v4 sum = {0, 0, 0, 0};
    for (int t = 0; t < TAPS; t += 4) {
        v4 va = *(const v4 *)(a + t), vb = *(const v4 *)(b + t);
        sum += *(const v4 *)(x + t) * (va + (vb - va) * between);
    }
    return sum[0] + sum[1] + sum[2] + sum[3];
}

static int16_t to_int16(float x)
{
    if (x >= 32767)
        return 32767;
    if (x <= -32768)
        return -32768;
    return (int16_t)lrintf(x);
}

/* Starts reading when the target is reached, and exactly there: what is too much is skipped. */
static bool prime(struct sc_asrc *asrc)
{
    double over = fill_of(asrc) - (double)asrc->settings.target_fill_samples;
    if (asrc->primed)
        return true;
    if (over < 0)
        return false;
    drop_oldest(asrc, (size_t)over);
    asrc->primed = true;
    return true;
}

int sc_asrc_read(struct sc_asrc *asrc, int16_t *out, size_t n)
{
    if (n > SC_ASRC_MAX_BLOCK_SAMPLES)
        return EINVAL;
    asrc->state.read_samples += n;
    asrc->reads_since_write++;
    if (!prime(asrc)) {
        memset(out, 0, n * sizeof *out);
        return 0;
    }
    steer(asrc, fill_of(asrc) - (double)asrc->settings.target_fill_samples, (double)n / RATE_HZ);
    const uint64_t step = (uint64_t)((1 + asrc->ppm * 1e-6) * ONE_32 + 0.5);
    uint64_t position = asrc->position;
    size_t i = 0;
    for (; i < n && (position >> 32) + TAPS < asrc->count; i++, position += step)
        out[i] = to_int16(interpolate(asrc, asrc->fifo + (position >> 32), (uint32_t)position));
    if (i < n) {
        memset(out + i, 0, (n - i) * sizeof *out);
        asrc->state.underruns++;
        asrc->starved = true;
        refill(asrc);
        return 0;
    }
    drop_oldest(asrc, (size_t)(position >> 32));
    asrc->position = position & 0xffffffffu;
    return 0;
}

int sc_asrc_process(struct sc_asrc *asrc, const int16_t *in, size_t n_in, int16_t *out, size_t n_out)
{
    if (n_out > SC_ASRC_MAX_BLOCK_SAMPLES)
        return EINVAL;
    int error = sc_asrc_write(asrc, in, n_in);
    return error ? error : sc_asrc_read(asrc, out, n_out);
}

void sc_asrc_get_state(const struct sc_asrc *asrc, struct sc_asrc_state *out)
{
    *out = asrc->state;
    out->ppm = (float)asrc->ppm;
    out->clock_ppm = (float)asrc->integral_ppm;
    out->fill_samples = (float)((double)asrc->settings.target_fill_samples + asrc->smoothed_error);
    out->locked = asrc->slow;
}

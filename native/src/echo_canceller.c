/* Line echo canceller: see echo_canceller.h.
 *
 * What: takes the echo of rin out of sin; bulk delay, path, talkers and tones unknown.
 * How: every 64 samples the background (span_filter.c) learns over the whole span.  The delay estimator reads its
 * response; once it is sure, the background is focused on the partitions around the delay.  The foreground, a plain FIR
 * filter at that delay, makes the output sample by sample.  Which of the two is better is told from the powers of their
 * errors: a difference counts when it is large beside what the near end would cause by chance, which is known from the
 * power of the difference of the two errors.  Better background: copied forward; worse: copied back.  A foreground that
 * adds power is dropped at once.  A converged background does not learn from tones.
 * Assumes: rin is what was really sent, in the same clock as sin, at most span less window ahead of its echo.
 * Measured: tests/test_echo_canceller.c and bench/bench_canceller.c print the figures.
 */
#include "echo_canceller.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "alloc.h"
#include "delay_estimator.h"
#include "echo_suppressor.h"
#include "span_filter.h"

enum {
    BLOCK = SC_SPAN_BLOCK,
    MAX_WINDOW = 512,
    MAX_SPAN = 2048,
    HISTORY = 4096,        /* of rin, held twice so that any stretch is contiguous; more than span and window */
    GUARD = SC_DELAY_GUARD_SAMPLES,
    WINDOWS = 3,           /* lengths over which the two filters are compared */
    ESTIMATE_EVERY = 4,    /* blocks between looks at the response: 32 ms */
    TAIL_BLOCKS = 20,      /* the reference may echo for 160 ms */
    TONE_BLOCKS = 3,       /* predictable for 24 ms: a tone */
    TONE_HANG_BLOCKS = 8,
    SURE_UPDATES = 12,     /* the delay has been sure for 0.4 s */
    DOUBT_AFTER = 3,       /* 24 ms of more than the residual, and again ... */
    DOUBT_EVERY = 64,      /* ... each half second of it */
    HURRY_BLOCKS = 1000,   /* 8 s: there is no echo, or none that can be had */
    UNSURE_BLOCKS = 250,   /* 2 s of rin: what is not removed by then is not echo */
    POOR_BLOCKS = 125,     /* 1 s of rin with little removed: the delay is not what we think */
    MOST_POOR_BLOCKS = 16 * POOR_BLOCKS /* patience doubles with each vain look, to 16 s */
};
#define FULL_SCALE 32768.0f
#define DC_POLE 0.99f              /* high pass at 13 Hz on both inputs; G.168 test 15 */
#define ACTIVE_POWER (64 * 1e-8f)  /* of a block at full scale 1: -80 dBov; rin below this is silence */
#define TONE_RESIDUAL 0.006f       /* prediction leaves less than -22 dB of a tone or a pair of tones */
/* Comparison of the filters over 24 ms, 100 ms and 0.5 s: forgetting a block, and the least square of the difference
 * over the square of its chance spread (near end times difference of the echo estimates), speech being far from white. */
static const float forget[WINDOWS] = {0.5f, 0.85f, 0.97f};
static const float significance[WINDOWS] = {0.36f, 0.09f, 0.02f};
#define RESTORE_FACTOR 30.0f       /* copying back asks for this much more */
#define DIVERGED 1.6f              /* foreground error over sin: 2 dB more than without */
#define LOOSENED 0.1f              /* uncertainty after a path change, gain squared */
#define ENOUGH_OF_A_TONE 0.01f     /* 20 dB of a tone removed: more of it teaches nothing */
#define POOR 0.1f                  /* less than 10 dB removed */
#define UNSURE_LOSS 1.0f           /* before the path is known: an echo may be as loud as rin */
#define SHARE_STEP_DOWN 0.93f      /* a block: 40 dB/s */
#define SHARE_STEP_UP 1.05f        /* a little less, so that it rests above the middle */
#define SHARE_STEP_TALK 1.001f
#define SHARE_LEAST 1e-5f
#define RATIO_MARGIN 3.0f          /* blocks differ */
#define RESIDUAL_IN_BACKGROUND 0.1f /* power */
#define ROUNDING_POWER 0.1f        /* of 16-bit samples */
#define TALK_RATIO 8.0f            /* error 9 dB over the residual ... */
#define TALK_LEAST 0.02f           /* ... and no more than 17 dB under sin: somebody talks or the path has changed */
#define PHANTOM 3e-4f              /* an echo 35 dB below rin is none that has to be dropped at once */
#define DOUBT 0.3f                 /* of the path's power is uncertain when it may have changed */
#define PATH_MOVED 0.6f            /* the background beats a trained foreground by 2 dB: not the near end's doing */
#define LOOSENED_SLIGHTLY 0.02f
#define ERLE_SHARE 0.03f           /* a block: 0.25 s */
#define SURE 0.85f                 /* share of the response's energy in the window ... */
#define FOCUS_RATIO 0.03f          /* ... and 15 dB removed: the background may leave the rest of the span */

struct comparison {
    float sin, foreground, background, difference; /* smoothed energies of a block */
};

struct sc_echo_canceller {
    struct sc_echo_canceller_settings settings;
    bool adapt, bypass;
    struct sc_span_filter *span;
    struct sc_delay_estimator *estimator;
    struct sc_echo_suppressor suppressor;
    float history[2 * HISTORY];
    size_t at;                           /* next place in history */
    float taps[MAX_SPAN] __attribute__((aligned(16))); /* foreground, last tap first */
    size_t offset, length;               /* delay of its first tap; the whole span until the delay is sure */
    float dc_in[2], dc_out[2];           /* rin, sin */
    float block_rin[BLOCK], block_sin[BLOCK], block_error[BLOCK];
    size_t fill;
    struct comparison compared[WINDOWS];
    float block_echo_energy, last_echo_energy, echo_energy; /* of the estimate; the third smoothed as compared[0] */
    float tail[TAIL_BLOCKS];             /* energies of rin's last blocks */
    float tone_memory[BLOCK];            /* rin of the block before */
    size_t tail_at;
    unsigned blocks, tone_blocks, tone_hang, poor_blocks, patience, sure, doubt_blocks;
    bool focused, trained;               /* trained: has removed 15 dB of something that is no tone */
    unsigned hurry_blocks;               /* blocks of rin since training began */
    unsigned heard_blocks;               /* blocks of rin since nothing was known of the path */
    float erle_db, share, path_gain;
    struct sc_echo_canceller_state state;
};

void sc_echo_canceller_settings_default(struct sc_echo_canceller_settings *settings)
{
    *settings = (struct sc_echo_canceller_settings){.window_samples = 256, .span_samples = 1024,
        .initial_delay_samples = SC_ECHO_DELAY_UNKNOWN, .nlp = true, .comfort_noise = true};
}

static bool sound(const struct sc_echo_canceller_settings *s)
{
    return s->window_samples >= 64 && s->window_samples <= MAX_WINDOW && s->window_samples % BLOCK == 0
           && s->span_samples >= s->window_samples && s->span_samples <= MAX_SPAN && s->span_samples % BLOCK == 0
           && s->initial_delay_samples >= SC_ECHO_DELAY_UNKNOWN
           && s->initial_delay_samples < (int32_t)s->span_samples;
}

int sc_echo_canceller_create(struct sc_echo_canceller **out, const struct sc_echo_canceller_settings *settings)
{
    struct sc_echo_canceller_settings s;
    if (settings)
        s = *settings;
    else
        sc_echo_canceller_settings_default(&s);
    if (!sound(&s))
        return EINVAL;
    struct sc_echo_canceller *ec = sc_alloc(sizeof *ec);
    if (!ec)
        return ENOMEM;
    const struct sc_delay_estimator_settings d = {s.span_samples, s.window_samples};
    int error = sc_span_filter_create(&ec->span, s.span_samples);
    if (!error)
        error = sc_delay_estimator_create(&ec->estimator, &d);
    if (error) {
        sc_echo_canceller_destroy(ec);
        return error;
    }
    ec->settings = s;
    ec->adapt = true;
    sc_echo_suppressor_init(&ec->suppressor);
    sc_echo_canceller_reset(ec);
    *out = ec;
    return 0;
}

void sc_echo_canceller_destroy(struct sc_echo_canceller *ec)
{
    if (!ec)
        return;
    sc_span_filter_destroy(ec->span);
    sc_delay_estimator_destroy(ec->estimator);
    sc_free(ec);
}

void sc_echo_canceller_reset(struct sc_echo_canceller *ec)
{
    const struct sc_echo_canceller_settings settings = ec->settings;
    const struct sc_echo_suppressor suppressor = ec->suppressor;
    struct sc_span_filter *const span = ec->span;
    struct sc_delay_estimator *const estimator = ec->estimator;
    const bool adapt = ec->adapt, bypass = ec->bypass;
    memset(ec, 0, sizeof *ec);
    ec->settings = settings;
    ec->suppressor = suppressor;
    ec->span = span;
    ec->estimator = estimator;
    ec->adapt = adapt;
    ec->bypass = bypass;
    ec->length = settings.window_samples;
    ec->share = 1;
    ec->path_gain = UNSURE_LOSS;
    ec->erle_db = 0;
    ec->patience = POOR_BLOCKS;
    sc_span_filter_reset(ec->span);
    sc_delay_estimator_reset(ec->estimator);
    sc_echo_suppressor_reset(&ec->suppressor);
    if (ec->settings.initial_delay_samples >= 0)
        sc_echo_canceller_set_delay(ec, ec->settings.initial_delay_samples);
}

/* The foreground keeps only what lies within the window at begin. */
static void shorten(struct sc_echo_canceller *ec, size_t begin)
{
    float kept[MAX_WINDOW];
    const size_t n = ec->settings.window_samples;
    for (size_t i = 0; i < n; i++) { /* tap of delay begin + i */
        const bool there = begin + i >= ec->offset && begin + i < ec->offset + ec->length;
        kept[n - 1 - i] = there ? ec->taps[ec->offset + ec->length - 1 - begin - i] : 0;
    }
    memcpy(ec->taps, kept, n * sizeof *kept);
    ec->offset = begin;
    ec->length = n;
}

/* Puts both filters to work around a delay; the window lies within the background's partitions. */
static void focus(struct sc_echo_canceller *ec, int32_t delay)
{
    const size_t begin = delay > GUARD ? (size_t)delay - GUARD : 0, last = ec->settings.span_samples - 1;
    const size_t end = begin + ec->settings.window_samples - 1 < last ? begin + ec->settings.window_samples - 1 : last;
    sc_span_filter_focus(ec->span, begin / BLOCK, end / BLOCK - begin / BLOCK + 1);
    shorten(ec, begin);
    ec->focused = true;
    ec->poor_blocks = 0;
    ec->state.delay_moves++;
}

int sc_echo_canceller_set_delay(struct sc_echo_canceller *ec, int32_t delay_samples)
{
    const int error = sc_delay_estimator_set(ec->estimator, delay_samples);
    if (!error)
        focus(ec, delay_samples);
    return error;
}

static float energy(const float *x)
{
    float sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += x[i] * x[i];
    return sum;
}

/* A tone obeys x[n] + x[n-2] = a x[n-1], a pair of tones x[n] + x[n-4] = a (x[n-1] + x[n-3]) + b x[n-2]: least squares
 * over 16 ms; tells whether next to nothing is left. */
static bool is_tone(const float *before, const float *now)
{
    float x[2 * BLOCK], uu = 0, vv = 0, uv = 0, zu = 0, zv = 0, zz = 0, whole = 0;
    memcpy(x, before, BLOCK * sizeof *x);
    memcpy(x + BLOCK, now, BLOCK * sizeof *x);
    for (int i = 4; i < 2 * BLOCK; i++) {
        const float z = x[i] + x[i - 4], u = x[i - 1] + x[i - 3], v = x[i - 2];
        uu += u * u, vv += v * v, uv += u * v, zu += z * u, zv += z * v, zz += z * z, whole += x[i] * x[i];
    }
    const float det = uu * vv - uv * uv;
    if (det < 1e-6f * uu * vv) /* one tone: u and v are proportional */
        return vv > 0 && zz - zv * zv / vv < TONE_RESIDUAL * whole;
    const float a = (zu * vv - zv * uv) / det, b = (zv * uu - zu * uv) / det;
    return zz - a * zu - b * zv < TONE_RESIDUAL * whole;
}

static void watch_tone(struct sc_echo_canceller *ec, bool active)
{
    const bool tone = active && is_tone(ec->tone_memory, ec->block_rin);
    memcpy(ec->tone_memory, ec->block_rin, sizeof ec->tone_memory);
    ec->tone_blocks = tone ? ec->tone_blocks + 1 : 0;
    if (ec->tone_blocks >= TONE_BLOCKS)
        ec->tone_hang = TONE_HANG_BLOCKS;
    else if (ec->tone_hang > 0)
        ec->tone_hang--;
    ec->state.narrow_band = ec->tone_hang > 0;
}

static void compare(struct sc_echo_canceller *ec, const float *background)
{
    float difference = 0;
    for (int i = 0; i < BLOCK; i++) {
        const float d = ec->block_error[i] - background[i];
        difference += d * d;
    }
    const struct comparison now = {energy(ec->block_sin), energy(ec->block_error), energy(background), difference};
    for (int w = 0; w < WINDOWS; w++) {
        struct comparison *c = &ec->compared[w];
        c->sin += (1 - forget[w]) * (now.sin - c->sin);
        c->foreground += (1 - forget[w]) * (now.foreground - c->foreground);
        c->background += (1 - forget[w]) * (now.background - c->background);
        c->difference += (1 - forget[w]) * (now.difference - c->difference);
    }
}

/* Whether `worse` exceeds `better` by more than chance over any of the windows. */
static bool significant(const struct sc_echo_canceller *ec, bool foreground_worse, float factor)
{
    for (int w = 0; w < WINDOWS; w++) {
        const struct comparison *c = &ec->compared[w];
        const float over = foreground_worse ? c->foreground - c->background : c->background - c->foreground;
        const float near_power = foreground_worse ? c->foreground : c->background;
        if (over > 0 && over * over > factor * significance[w] * near_power * c->difference)
            return true;
    }
    return false;
}

/* After a copy both filters are the same: what was measured of the difference is history. */
static void level_comparison(struct sc_echo_canceller *ec)
{
    for (int w = 0; w < WINDOWS; w++) {
        struct comparison *c = &ec->compared[w];
        c->foreground = c->background = fminf(c->foreground, c->background);
        c->difference = 0;
    }
}

static void copy_forward(struct sc_echo_canceller *ec)
{
    const float *response = sc_span_filter_taps(ec->span);
    if (!ec->focused) {
        ec->offset = 0;
        ec->length = ec->settings.span_samples;
    }
    for (size_t i = 0; i < ec->length; i++)
        ec->taps[ec->length - 1 - i] = ec->offset + i < ec->settings.span_samples ? response[ec->offset + i] : 0;
    ec->state.transfers++;
    ec->state.converged = true;
    level_comparison(ec);
}

static void copy_back(struct sc_echo_canceller *ec)
{
    float response[MAX_SPAN];
    const size_t room = ec->settings.span_samples - ec->offset, n = room < ec->length ? room : ec->length;
    for (size_t i = 0; i < n; i++)
        response[i] = ec->taps[ec->length - 1 - i];
    sc_span_filter_load(ec->span, response, ec->offset, n);
    ec->state.restores++;
    level_comparison(ec);
}

static void path_changed(struct sc_echo_canceller *ec)
{
    memset(ec->taps, 0, sizeof ec->taps);
    ec->state.converged = false;
    ec->state.diverged++;
    ec->focused = ec->trained = false;
    ec->sure = 0;
    ec->patience = POOR_BLOCKS;
    ec->heard_blocks = 0;
    ec->share = 1;
    ec->erle_db = 0;
    sc_span_filter_unfocus(ec->span);
    sc_span_filter_loosen(ec->span, LOOSENED);
    for (int w = 0; w < WINDOWS; w++)
        ec->compared[w].foreground = ec->compared[w].sin;
}

/* Energy of rin's loudest block of the last 160 ms. */
static float loudest_rin(const struct sc_echo_canceller *ec)
{
    float most = 0;
    for (int i = 0; i < TAIL_BLOCKS; i++)
        most = fmaxf(most, ec->tail[i]);
    return most;
}

static float path_power(const struct sc_echo_canceller *ec)
{
    float power = 0;
    for (size_t i = 0; i < ec->length; i++)
        power += ec->taps[i] * ec->taps[i];
    return power;
}

/* Somebody talks, or the path has changed: the background may find out which.  If it finds nothing, the foreground,
 * which has not moved, is copied back. */
static void doubt(struct sc_echo_canceller *ec)
{
    ec->doubt_blocks = ec->state.double_talk ? ec->doubt_blocks + 1 : 0;
    if (ec->trained && ec->doubt_blocks % DOUBT_EVERY == DOUBT_AFTER)
        sc_span_filter_loosen(ec->span, DOUBT * path_power(ec));
}

static void choose_filter(struct sc_echo_canceller *ec)
{
    const struct comparison *quick = &ec->compared[0], *slow = &ec->compared[1];
    if (ec->state.converged && quick->foreground > DIVERGED * quick->sin && slow->foreground > slow->sin
        && quick->foreground > PHANTOM * loudest_rin(ec)) {
        path_changed(ec);
        return;
    }
    if (significant(ec, true, 1)) {
        if (ec->trained && slow->background < PATH_MOVED * slow->foreground) {
            ec->trained = false;
            ec->heard_blocks = UNSURE_BLOCKS;
            sc_span_filter_loosen(ec->span, LOOSENED_SLIGHTLY);
        }
        copy_forward(ec);
    } else if (significant(ec, false, RESTORE_FACTOR)) {
        copy_back(ec);
    }
}

/* How much of the echo estimate's power stays behind when nobody talks: the middle of what the blocks say, reached by
 * small steps; a block that says far more is somebody talking and moves it hardly. */
static void learn_residual(struct sc_echo_canceller *ec)
{
    const struct comparison *c = &ec->compared[0];
    if (ec->echo_energy < ACTIVE_POWER)
        return;
    const float ratio = c->foreground / ec->echo_energy;
    const bool more = ratio > TALK_RATIO * ec->share;
    ec->share *= ratio < ec->share ? SHARE_STEP_DOWN : more ? SHARE_STEP_TALK : SHARE_STEP_UP;
    ec->share = fminf(1, fmaxf(SHARE_LEAST, ec->share));
    ec->state.double_talk = ec->state.converged && more && c->foreground > TALK_LEAST * c->sin;
    if (!ec->state.double_talk && c->sin > ACTIVE_POWER)
        ec->erle_db += ERLE_SHARE * (10 * log10f(c->sin / (c->foreground + 1e-12f)) - ec->erle_db);
}

static void watch_delay(struct sc_echo_canceller *ec)
{
    const struct comparison *c = &ec->compared[1];
    if (ec->blocks % ESTIMATE_EVERY != 0 || c->background > FOCUS_RATIO * c->sin)
        return;
    const bool moved = sc_delay_estimator_process(ec->estimator, sc_span_filter_taps(ec->span));
    struct sc_delay_estimator_state d;
    sc_delay_estimator_get_state(ec->estimator, &d);
    ec->trained |= !ec->state.narrow_band && ec->state.converged && c->foreground < FOCUS_RATIO * c->sin;
    ec->sure = moved || d.confidence < SURE ? 0 : ec->sure + 1;
    if (!ec->focused && ec->sure >= SURE_UPDATES && ec->state.converged)
        focus(ec, d.delay_samples);
}

/* Rin is there, and yet little has been removed for long: look over the whole span again. */
static void watch_poor(struct sc_echo_canceller *ec)
{
    const struct comparison *c = &ec->compared[WINDOWS - 1];
    ec->poor_blocks = c->foreground > POOR * c->sin ? ec->poor_blocks + 1 : 0;
    if (ec->focused && ec->poor_blocks > ec->patience) {
        ec->focused = false;
        ec->sure = 0;
        ec->patience = ec->patience < MOST_POOR_BLOCKS ? 2 * ec->patience : ec->patience;
        ec->poor_blocks = 0;
        sc_span_filter_unfocus(ec->span);
        sc_span_filter_loosen(ec->span, LOOSENED_SLIGHTLY);
    }
}

/* Whether an echo of rin may still be coming. */
static bool is_heard(const struct sc_echo_canceller *ec)
{
    for (int i = 0; i < TAIL_BLOCKS; i++)
        if (ec->tail[i] > ACTIVE_POWER)
            return true;
    return false;
}

/* How loud an echo may be of which nothing is known yet: rin's loudest block of the last 160 ms times the path. */
static float unknown_echo_power(const struct sc_echo_canceller *ec)
{
    const float most = loudest_rin(ec);
    if (ec->trained || ec->heard_blocks > UNSURE_BLOCKS)
        return 0;
    return most > ACTIVE_POWER ? most / BLOCK * ec->path_gain * FULL_SCALE * FULL_SCALE : 0;
}

/* The background is what is there while no echo is: a block counts when its residual is far below it. */
static void learn_background(struct sc_echo_canceller *ec)
{
    const float loudest = fmaxf(ec->block_echo_energy, ec->last_echo_energy);
    const float left = (RATIO_MARGIN * ec->share * loudest / BLOCK) * FULL_SCALE * FULL_SCALE + unknown_echo_power(ec);
    if (left < RESIDUAL_IN_BACKGROUND * ec->suppressor.background * ec->suppressor.background + ROUNDING_POWER)
        sc_echo_suppressor_learn(&ec->suppressor, ec->block_error, BLOCK, FULL_SCALE);
    ec->echo_energy += (1 - forget[0]) * (ec->block_echo_energy - ec->echo_energy);
    ec->last_echo_energy = ec->block_echo_energy;
    ec->block_echo_energy = 0;
}

static enum sc_span_learning pace(const struct sc_echo_canceller *ec)
{
    if (ec->trained)
        return SC_SPAN_TRACK;
    return ec->state.narrow_band || ec->hurry_blocks > HURRY_BLOCKS ? SC_SPAN_SEEK : SC_SPAN_HURRY;
}

static void end_block(struct sc_echo_canceller *ec)
{
    float background[BLOCK];
    ec->fill = 0;
    ec->blocks++;
    ec->tail[ec->tail_at] = energy(ec->block_rin);
    watch_tone(ec, ec->tail[ec->tail_at] > ACTIVE_POWER);
    ec->tail_at = (ec->tail_at + 1) % TAIL_BLOCKS;
    learn_background(ec);
    const bool heard = is_heard(ec);
    const bool enough = ec->trained || ec->compared[1].foreground < ENOUGH_OF_A_TONE * ec->compared[1].sin;
    const bool frozen = ec->state.narrow_band && enough;
    const enum sc_span_learning learning = !ec->adapt || !heard || frozen ? SC_SPAN_HOLD : pace(ec);
    sc_span_filter_process(ec->span, ec->block_rin, ec->block_sin, background, learning);
    compare(ec, background);
    if (!heard)
        return;
    ec->heard_blocks++;
    ec->hurry_blocks = ec->trained ? 0 : ec->hurry_blocks + 1;
    learn_residual(ec);
    if (!ec->adapt)
        return;
    choose_filter(ec);
    if (frozen)
        return;
    doubt(ec);
    watch_delay(ec);
    watch_poor(ec);
}

/* y[i] = sum over taps (last first) of x[i + k] */
static void convolve(const float *taps, size_t n_taps, const float *x, float *y, size_t n)
{
    typedef float v4 __attribute__((vector_size(16)));
    typedef float v4u __attribute__((vector_size(16), aligned(4)));
    for (size_t i = 0; i < n; i++) {
        v4 a = {0, 0, 0, 0}, b = {0, 0, 0, 0};
        for (size_t k = 0; k < n_taps; k += 8) {
            a += *(const v4 *)(taps + k) * *(const v4u *)(x + i + k);
            b += *(const v4 *)(taps + k + 4) * *(const v4u *)(x + i + k + 4);
        }
        a += b;
        y[i] = (a[0] + a[1]) + (a[2] + a[3]);
    }
}

static float without_dc(struct sc_echo_canceller *ec, int which, float x)
{
    const float y = x - ec->dc_in[which] + DC_POLE * ec->dc_out[which];
    ec->dc_in[which] = x;
    ec->dc_out[which] = fabsf(y) < 1e-12f ? 0 : y;
    return y;
}

static void remember(struct sc_echo_canceller *ec, float x)
{
    ec->history[ec->at] = ec->history[ec->at + HISTORY] = x;
    ec->at = (ec->at + 1) % HISTORY;
}

/* Up to the end of the block: n samples. */
static void run(struct sc_echo_canceller *ec, const int16_t *rin, const int16_t *sin, int16_t *sout, size_t n)
{
    float error[BLOCK] = {0}, echo[BLOCK] = {0}, y[BLOCK];
    for (size_t i = 0; i < n; i++) {
        ec->block_rin[ec->fill + i] = without_dc(ec, 0, (float)rin[i] / FULL_SCALE);
        ec->block_sin[ec->fill + i] = without_dc(ec, 1, (float)sin[i] / FULL_SCALE);
        remember(ec, ec->block_rin[ec->fill + i]);
    }
    const size_t oldest = (ec->at + 2 * HISTORY - n - ec->offset - (ec->length - 1)) % HISTORY;
    convolve(ec->taps, ec->length, ec->history + oldest, y, n);
    for (size_t i = 0; i < n; i++) {
        const float e = ec->block_sin[ec->fill + i] - y[i];
        ec->block_error[ec->fill + i] = e;
        error[i] = e * FULL_SCALE;
        echo[i] = y[i] * FULL_SCALE;
    }
    const struct sc_residual residual = {.share = RATIO_MARGIN * ec->share,
                                         .ground = unknown_echo_power(ec)};
    sc_echo_suppressor_process(&ec->suppressor, error, echo, n, residual, ec->settings.nlp,
                               ec->settings.comfort_noise);
    for (size_t i = 0; i < n; i++)
        sout[i] = ec->bypass ? sin[i] : (int16_t)lrintf(fmaxf(-32768, fminf(32767, error[i])));
    for (size_t i = 0; i < n; i++)
        ec->block_echo_energy += y[i] * y[i];
    ec->fill += n;
    if (ec->fill == BLOCK)
        end_block(ec);
}

int sc_echo_canceller_process(struct sc_echo_canceller *ec, const int16_t *rin, const int16_t *sin, int16_t *sout,
                              size_t n)
{
    if (n > SC_ECHO_MAX_BLOCK_SAMPLES)
        return EINVAL;
    while (n > 0) {
        const size_t m = n < BLOCK - ec->fill ? n : BLOCK - ec->fill;
        run(ec, rin, sin, sout, m);
        rin += m;
        sin += m;
        sout += m;
        n -= m;
    }
    return 0;
}

void sc_echo_canceller_get_state(const struct sc_echo_canceller *ec, struct sc_echo_canceller_state *out)
{
    struct sc_delay_estimator_state d;
    *out = ec->state;
    sc_delay_estimator_get_state(ec->estimator, &d);
    out->erl_db = ec->state.converged ? -10 * log10f(path_power(ec) + 1e-9f) : 0;
    out->erle_db = ec->state.converged ? ec->erle_db : 0;
    out->delay_samples = d.delay_samples;
    out->delay_confidence = d.confidence;
    out->nlp_active = ec->settings.nlp && ec->suppressor.closed;
}

void sc_echo_canceller_set_nlp(struct sc_echo_canceller *ec, bool on, bool comfort_noise)
{
    ec->settings.nlp = on;
    ec->settings.comfort_noise = comfort_noise;
}

void sc_echo_canceller_set_adaptation(struct sc_echo_canceller *ec, bool on)
{
    ec->adapt = on;
}

void sc_echo_canceller_set_bypass(struct sc_echo_canceller *ec, bool on)
{
    ec->bypass = on;
}

/* Line echo canceller: see echo_canceller.h.
 *
 * What: takes the echo of rin out of sin; bulk delay, path, talkers and tones unknown.
 * How: every 64 samples the background (span_filter.c) learns over the whole span.  The delay estimator reads its
 * response; once it is sure, the background is focused on the partitions around the delay.  The foreground, a fixed
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
#include "echo_samples.h"
#include "echo_settings.h"
#include "echo_suppressor.h"
#include "filter_comparison.h"
#include "foreground_filter.h"
#include "narrow_band.h"
#include "span_filter.h"

enum {
    BLOCK = SC_SPAN_BLOCK,
    GUARD = SC_DELAY_GUARD_SAMPLES,
    ESTIMATE_EVERY = 4,    /* blocks between looks at the response: 32 ms */
    TAIL_BLOCKS = 20,      /* the reference may echo for 160 ms */
    TONE_BLOCKS = 3,       /* predictable for 24 ms: a tone */
    TONE_HANG_BLOCKS = 8,
    SURE_UPDATES = 6,      /* the delay has been sure for 0.2 s */
    HURRY_BLOCKS = 1000,   /* 8 s: there is no echo, or none that can be had */
    DOUBT_AFTER = 2,       /* 16 ms strange, and again ... */
    DOUBT_EVERY = 8,       /* ... each 64 ms of it */
    UNSURE_BLOCKS = 250,   /* 2 s of rin: what is not removed by then is not echo */
    POOR_BLOCKS = 125,     /* 1 s of rin with little removed: the delay is not what we think */
    MOST_POOR_BLOCKS = 16 * POOR_BLOCKS /* patience doubles with each vain look, to 16 s */
};
#define FULL_SCALE 32768.0f
#define ACTIVE_POWER (64 * 1e-8f)  /* of a block at full scale 1: -80 dBov; rin below this is silence */
#define RESTORE_FACTOR 3.0f        /* copying back asks for this much more */
#define DIVERGED 1.6f              /* foreground error over sin: 2 dB more than without */
#define LOOSENED 0.02f             /* uncertainty of each partition after a path change, gain squared */
#define ENOUGH_OF_A_TONE 0.01f     /* 20 dB of a tone removed: more of it teaches nothing */
#define MOSTLY_ECHO 0.7f
#define POOR 0.1f                  /* less than 10 dB removed */
#define UNSURE_LOSS 1.0f           /* before the path is known: an echo may be as loud as rin */
#define SHARE_STEP_DOWN 0.93f      /* a block: 40 dB/s */
#define SHARE_STEP_UP 1.08f        /* so that it rests at the middle */
#define SHARE_STEP_TALK 1.001f
#define SHARE_LEAST 1e-5f
#define RATIO_MARGIN 6.0f          /* blocks differ */
#define RESIDUAL_IN_BACKGROUND 0.1f /* power */
#define ROUNDING_POWER 0.1f        /* of 16-bit samples */
#define TALK_RATIO 8.0f            /* error 9 dB over the residual ... */
#define TALK_LEAST 0.02f           /* ... and no more than 17 dB under sin: somebody talks or the path has changed */
#define PHANTOM 0.25f              /* of the loudest echo that may be about: less is none to be dropped at once */
#define ECHO_SPREAD 2.0f           /* of the echo's power against its estimate */
#define GOOD_INSTEAD 0.7f          /* the background has it already */
#define DOUBT_LEFT 0.15f           /* of sin: 8 dB removed */
#define DOUBT_LIKENESS 0.07f       /* square of the correlation of error and echo estimate over 100 ms */
#define DOUBT_ECHO 0.4f            /* sin is no more than 7 dB louder than the echo should be */
#define DOUBT 0.5f                 /* of the path's power is uncertain then */
#define FOCUSED_START 0.05f        /* uncertainty of the few partitions at a delay that is known from before */
#define ERLE_SHARE 0.03f           /* a block: 0.25 s */
#define SURE 0.85f                 /* share of the response's energy in the window ... */
#define LOOK_RATIO 0.1f            /* ... and 10 dB removed: the background may leave the rest of the span */
#define MOVE_RATIO 0.03f           /* a window that has been placed is moved only when 15 dB are removed */
#define TRAINED_RATIO 0.03f        /* 15 dB removed: the path is known, and is followed rather than sought */

struct sc_echo_canceller {
    struct sc_echo_canceller_settings settings;
    bool adapt, bypass;
    struct sc_span_filter *span;
    struct sc_delay_estimator *estimator;
    struct sc_echo_suppressor suppressor;
    int16_t linear[SC_ECHO_MAX_BLOCK_SAMPLES]; /* of the last call, before the suppressor */
    struct sc_foreground foreground;     /* whole span until the delay is sure, then what the background looks at */
    float dc_in[2], dc_out[2];           /* rin, sin */
    float block_rin[BLOCK], block_sin[BLOCK], block_error[BLOCK];
    size_t fill;
    struct sc_filter_comparison compared;
    float block_echo_energy, last_echo_energy; /* of the estimate */
    float block_likeness, likeness;      /* of error and estimate: their product, smoothed as compared[1] */
    float echo_energy, long_echo_energy; /* smoothed as compared[0] and [1] */
    float tail[TAIL_BLOCKS];             /* energies of rin's last blocks */
    float tone_memory[BLOCK];            /* rin of the block before */
    size_t tail_at;
    unsigned blocks, tone_blocks, tone_hang, poor_blocks, patience, sure, doubt_blocks;
    bool focused, trained;               /* trained: has removed 15 dB of something that is no tone */
    unsigned hurry_blocks;               /* blocks of rin since training began */
    unsigned heard_blocks;               /* blocks of rin since nothing was known of the path */
    float erle_db, share;
    struct sc_echo_canceller_state state;
};

int sc_echo_canceller_create(struct sc_echo_canceller **out, const struct sc_echo_canceller_settings *settings)
{
    struct sc_echo_canceller_settings s;
    if (settings)
        s = *settings;
    else
        sc_echo_canceller_settings_default(&s);
    if (!sc_echo_settings_sound(&s))
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
    ec->adapt = adapt, ec->bypass = bypass;
    sc_foreground_init(&ec->foreground);
    ec->share = 1;
    ec->patience = POOR_BLOCKS;
    sc_span_filter_reset(ec->span);
    sc_delay_estimator_reset(ec->estimator);
    sc_echo_suppressor_reset(&ec->suppressor);
    if (ec->settings.initial_delay_samples >= 0)
        sc_echo_canceller_set_delay(ec, ec->settings.initial_delay_samples);
}

/* Puts both filters to work on the same taps around a delay: whole partitions that hold the window. */
static void focus(struct sc_echo_canceller *ec, int32_t delay)
{
    const size_t begin = delay > GUARD ? (size_t)delay - GUARD : 0, most = ec->settings.span_samples / BLOCK;
    const size_t first = begin / BLOCK, end = (begin + ec->settings.window_samples - 1) / BLOCK + 1;
    const size_t count = (end < most ? end : most) - first;
    sc_span_filter_focus(ec->span, first, count);
    sc_foreground_shorten(&ec->foreground, first, count);
    ec->focused = true;
    ec->poor_blocks = 0;
    ec->state.delay_moves++;
}

int sc_echo_canceller_set_delay(struct sc_echo_canceller *ec, int32_t delay_samples)
{
    const int error = sc_delay_estimator_set(ec->estimator, delay_samples);
    if (error)
        return error;
    focus(ec, delay_samples);
    sc_foreground_look_ahead(&ec->foreground, ec->span);
    sc_span_filter_loosen(ec->span, FOCUSED_START);
    return 0;
}

static float energy(const float *x)
{
    float sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += x[i] * x[i];
    return sum;
}

static void watch_tone(struct sc_echo_canceller *ec, bool active)
{
    const bool tone = active && sc_narrow_band(ec->tone_memory, ec->block_rin);
    memcpy(ec->tone_memory, ec->block_rin, sizeof ec->tone_memory);
    ec->tone_blocks = tone ? ec->tone_blocks + 1 : 0;
    if (ec->tone_blocks >= TONE_BLOCKS)
        ec->tone_hang = TONE_HANG_BLOCKS;
    else if (ec->tone_hang > 0)
        ec->tone_hang--;
    ec->state.narrow_band = ec->tone_hang > 0;
}

static void copy_forward(struct sc_echo_canceller *ec)
{
    struct sc_foreground *f = &ec->foreground;
    const size_t first = ec->focused ? f->first : 0, n = ec->focused ? f->count : ec->settings.span_samples / BLOCK;
    sc_foreground_set(f, sc_span_filter_taps(ec->span) + first * BLOCK, first, n);
    ec->state.transfers++;
    ec->state.converged = true;
    sc_filter_leveled(&ec->compared, true);
}

static void copy_back(struct sc_echo_canceller *ec)
{
    const struct sc_foreground *f = &ec->foreground;
    sc_span_filter_load(ec->span, sc_foreground_response(f), f->first * BLOCK, f->count * BLOCK);
    ec->state.restores++;
    sc_filter_leveled(&ec->compared, false);
}

static void path_changed(struct sc_echo_canceller *ec)
{
    sc_foreground_clear(&ec->foreground);
    ec->state.converged = false;
    ec->state.diverged++;
    ec->focused = ec->trained = false;
    ec->sure = ec->heard_blocks = 0;
    ec->patience = POOR_BLOCKS;
    ec->share = 1;
    ec->erle_db = 0;
    sc_span_filter_unfocus(ec->span);
    sc_span_filter_loosen(ec->span, LOOSENED);
    for (int w = 0; w < SC_FILTER_WINDOWS; w++)
        ec->compared.over[w].foreground = ec->compared.over[w].sin;
}

/* Energy of rin's loudest block of the last 160 ms. */
static float loudest_rin(const struct sc_echo_canceller *ec)
{
    float most = 0;
    for (int i = 0; i < TAIL_BLOCKS; i++)
        most = fmaxf(most, ec->tail[i]);
    return most;
}

/* How much of sin our echo can be at most, by what the filter says of its power: little while somebody talks loudly. */
static float echo_in_sin(const struct sc_echo_canceller *ec)
{
    const float sin_energy = ec->compared.over[SC_OVER_100_MS].sin;
    return sin_energy > 0 ? fminf(1, ECHO_SPREAD * ec->long_echo_energy / sin_energy) : 0;
}

/* Much is left, and it resembles the echo estimate: the path has changed, since a talker would not.  The background may
 * take larger steps; the foreground moves only when it has found something. */
static void doubt(struct sc_echo_canceller *ec)
{
    const struct sc_compared *c = &ec->compared.over[SC_OVER_100_MS];
    const bool strange = ec->trained && c->foreground > DOUBT_LEFT * c->sin && echo_in_sin(ec) > DOUBT_ECHO
                         && ec->likeness * ec->likeness > DOUBT_LIKENESS * c->foreground * ec->long_echo_energy;
    ec->doubt_blocks = strange ? ec->doubt_blocks + 1 : 0;
    if (ec->doubt_blocks % DOUBT_EVERY == DOUBT_AFTER)
        sc_span_filter_loosen(ec->span, DOUBT * sc_foreground_power(&ec->foreground));
}

static void choose_filter(struct sc_echo_canceller *ec)
{
    const struct sc_compared *quick = &ec->compared.over[SC_OVER_24_MS], *slow = &ec->compared.over[SC_OVER_100_MS];
    if (ec->state.converged && quick->foreground > DIVERGED * quick->sin && slow->foreground > DIVERGED * slow->sin
        && quick->foreground > PHANTOM * sc_foreground_power(&ec->foreground) * loudest_rin(ec)) {
        if (slow->background < GOOD_INSTEAD * slow->sin)
            copy_forward(ec);
        else
            path_changed(ec);
        return;
    }
    if (sc_filter_significant(&ec->compared, true, 1))
        copy_forward(ec);
    else if (sc_filter_significant(&ec->compared, false, RESTORE_FACTOR))
        copy_back(ec);
}

/* How much of the echo estimate's power stays behind when nobody talks: the middle of what the blocks say, reached by
 * small steps; a block that says far more is somebody talking and moves it hardly. */
static void learn_residual(struct sc_echo_canceller *ec)
{
    const struct sc_compared *c = &ec->compared.over[SC_OVER_24_MS];
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
    const struct sc_compared *c = &ec->compared.over[SC_OVER_100_MS];
    if (ec->blocks % ESTIMATE_EVERY != 0 || c->background > (ec->focused ? MOVE_RATIO : LOOK_RATIO) * c->sin)
        return;
    const bool moved = sc_delay_estimator_process(ec->estimator, sc_span_filter_taps(ec->span));
    struct sc_delay_estimator_state d;
    sc_delay_estimator_get_state(ec->estimator, &d);
    ec->trained |= !ec->state.narrow_band && ec->state.converged && c->foreground < TRAINED_RATIO * c->sin;
    ec->sure = moved || d.confidence < SURE ? 0 : ec->sure + 1;
    if ((!ec->focused && ec->sure >= SURE_UPDATES && ec->state.converged) || (ec->focused && moved))
        focus(ec, d.delay_samples);
}

/* Rin is there, and yet little has been removed for long: look over the whole span again. */
static void watch_poor(struct sc_echo_canceller *ec)
{
    const struct sc_compared *c = &ec->compared.over[SC_OVER_500_MS];
    if (c->foreground < POOR * c->sin)
        ec->poor_blocks = 0;
    else if (!ec->trained || echo_in_sin(ec) > MOSTLY_ECHO)
        ec->poor_blocks++;
    if (ec->focused && ec->poor_blocks > ec->patience) {
        ec->focused = false;
        ec->sure = 0;
        ec->patience = ec->patience < MOST_POOR_BLOCKS ? 2 * ec->patience : ec->patience;
        ec->poor_blocks = 0;
        sc_span_filter_unfocus(ec->span);
    }
}

/* Whether an echo of rin may still be coming. */
static bool is_heard(const struct sc_echo_canceller *ec)
{
    return loudest_rin(ec) > ACTIVE_POWER;
}

/* How loud an echo may be of which nothing is known yet: rin's loudest block of the last 160 ms times the path. */
static float unknown_echo_power(const struct sc_echo_canceller *ec)
{
    const float most = loudest_rin(ec);
    if (ec->trained || ec->heard_blocks > UNSURE_BLOCKS)
        return 0;
    return most > ACTIVE_POWER ? most / BLOCK * UNSURE_LOSS * FULL_SCALE * FULL_SCALE : 0;
}

/* The background is what is there while no echo is: a block counts when its residual is far below it. */
static void learn_background(struct sc_echo_canceller *ec)
{
    const float loudest = fmaxf(ec->block_echo_energy, ec->last_echo_energy);
    const float left = (RATIO_MARGIN * ec->share * loudest / BLOCK) * FULL_SCALE * FULL_SCALE + unknown_echo_power(ec);
    if (left < RESIDUAL_IN_BACKGROUND * ec->suppressor.background * ec->suppressor.background + ROUNDING_POWER)
        sc_echo_suppressor_learn(&ec->suppressor, ec->block_error, BLOCK, FULL_SCALE);
    ec->echo_energy += (1 - sc_filter_forget[SC_OVER_24_MS]) * (ec->block_echo_energy - ec->echo_energy);
    ec->long_echo_energy += (1 - sc_filter_forget[SC_OVER_100_MS]) * (ec->block_echo_energy - ec->long_echo_energy);
    ec->likeness += (1 - sc_filter_forget[SC_OVER_100_MS]) * (ec->block_likeness - ec->likeness);
    ec->last_echo_energy = ec->block_echo_energy;
    ec->block_likeness = ec->block_echo_energy = 0;
}

static enum sc_span_learning pace(const struct sc_echo_canceller *ec)
{
    if (ec->trained)
        return SC_SPAN_TRACK;
    return ec->state.narrow_band || ec->hurry_blocks > HURRY_BLOCKS ? SC_SPAN_SEEK : SC_SPAN_HURRY;
}

static void watch_rin(struct sc_echo_canceller *ec)
{
    ec->tail[ec->tail_at] = energy(ec->block_rin);
    watch_tone(ec, ec->tail[ec->tail_at] > ACTIVE_POWER);
    ec->tail_at = (ec->tail_at + 1) % TAIL_BLOCKS;
}

static void end_block(struct sc_echo_canceller *ec)
{
    float background[BLOCK];
    ec->fill = 0;
    ec->blocks++;
    watch_rin(ec);
    learn_background(ec);
    const bool heard = is_heard(ec);
    const struct sc_compared *c = &ec->compared.over[SC_OVER_100_MS];
    const bool enough = ec->trained || c->foreground < ENOUGH_OF_A_TONE * c->sin;
    const bool frozen = ec->state.narrow_band && enough;
    const enum sc_span_learning learning = !ec->adapt || !heard || frozen ? SC_SPAN_HOLD : pace(ec);
    sc_span_filter_process(ec->span, ec->block_rin, ec->block_sin, background, learning);
    sc_filter_compare(&ec->compared, ec->block_sin, ec->block_error, background, BLOCK);
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

/* Up to the end of the block: n samples. */
static void run(struct sc_echo_canceller *ec, const int16_t *rin, const int16_t *sin, int16_t *sout, int16_t *linear, size_t n)
{
    float error[BLOCK] = {0}, echo[BLOCK] = {0}, y[BLOCK];
    for (size_t i = 0; i < n; i++) {
        ec->block_rin[ec->fill + i] = sc_without_dc(&ec->dc_in[0], &ec->dc_out[0], (float)rin[i] / FULL_SCALE);
        ec->block_sin[ec->fill + i] = sc_without_dc(&ec->dc_in[1], &ec->dc_out[1], (float)sin[i] / FULL_SCALE);
    }
    sc_foreground_run(&ec->foreground, ec->block_rin + ec->fill, y, n);
    for (size_t i = 0; i < n; i++) {
        const float e = ec->block_sin[ec->fill + i] - y[i];
        ec->block_error[ec->fill + i] = e;
        error[i] = e * FULL_SCALE;
        echo[i] = y[i] * FULL_SCALE;
        linear[i] = ec->bypass ? sin[i] : sc_as_sample(error[i]);
    }
    const struct sc_residual residual = {.share = RATIO_MARGIN * ec->share, .ground = unknown_echo_power(ec)};
    sc_echo_suppressor_process(&ec->suppressor, error, echo, n, residual, ec->settings.nlp,
                               ec->settings.comfort_noise);
    for (size_t i = 0; i < n; i++) {
        sout[i] = ec->bypass ? sin[i] : sc_as_sample(error[i]);
        ec->block_echo_energy += y[i] * y[i];
        ec->block_likeness += y[i] * ec->block_error[ec->fill + i];
    }
    ec->fill += n;
    if (ec->fill == BLOCK) {
        end_block(ec);
        sc_foreground_next_block(&ec->foreground, ec->span);
    }
}

int sc_echo_canceller_process(struct sc_echo_canceller *ec, const int16_t *rin, const int16_t *sin, int16_t *sout,
                              size_t n)
{
    if (n > SC_ECHO_MAX_BLOCK_SAMPLES)
        return EINVAL;
    int16_t *linear = ec->linear;
    while (n > 0) {
        const size_t m = n < BLOCK - ec->fill ? n : BLOCK - ec->fill;
        run(ec, rin, sin, sout, linear, m);
        linear += m;
        rin += m;
        sin += m;
        sout += m;
        n -= m;
    }
    return 0;
}

const int16_t *sc_echo_canceller_linear(const struct sc_echo_canceller *ec)
{
    return ec->linear;
}

void sc_echo_canceller_realign(struct sc_echo_canceller *ec, const int16_t *rin, size_t n)
{
    float ignored[BLOCK] = {0};
    sc_foreground_next_block(&ec->foreground, ec->span); /* what this block had so far is left */
    for (size_t at = n % BLOCK; at < n; at += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            ec->block_rin[i] = sc_without_dc(&ec->dc_in[0], &ec->dc_out[0], (float)rin[at + i] / FULL_SCALE);
        sc_foreground_run(&ec->foreground, ec->block_rin, ignored, BLOCK);
        sc_span_filter_process(ec->span, ec->block_rin, ignored, ignored, SC_SPAN_HOLD);
        sc_foreground_next_block(&ec->foreground, ec->span);
        watch_rin(ec);
    }
    ec->fill = 0;
    ec->block_echo_energy = ec->block_likeness = 0;
}

void sc_echo_canceller_get_state(const struct sc_echo_canceller *ec, struct sc_echo_canceller_state *out)
{
    struct sc_delay_estimator_state d;
    *out = ec->state;
    sc_delay_estimator_get_state(ec->estimator, &d);
    out->erl_db = ec->state.converged ? -10 * log10f(sc_foreground_power(&ec->foreground) + 1e-9f) : 0;
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

/* Packet-loss concealment: see concealment.h.
 *
 * What: fills lost stretches of 8 kHz speech.
 * How: as G.711 appendix I: the pitch is found by normalised cross-correlation over the last 20 ms; one, then two, then
 * three of the last periods are repeated, their ends overlapped by a quarter period.  Unlike the appendix nothing is
 * delayed: where the repetition begins, the step against the last real sample is bridged by an offset that dies out
 * over a quarter period.  From 10 ms on the repetition fades, and comfort noise, shaped by a linear predictor of the
 * background learnt from quiet frames, has replaced it after 60 ms.  The returning signal is cross-faded.
 * Assumes: frames arrive in order and without gaps of their own.
 * Measured (tests/test_concealment.c): steps at the joins no larger than the signal's own.
 */
#include "concealment.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "comfort_noise.h"

enum {
    PITCH_MIN = 40,               /* 200 Hz, G.711 I.2.2 */
    PITCH_MAX = 120,              /* 66 Hz */
    CORRELATION_SAMPLES = 160,    /* 20 ms */
    QUARTER_MAX = PITCH_MAX / 4,
    HISTORY = 3 * PITCH_MAX + QUARTER_MAX, /* 390: 48.75 ms as in the appendix */
    STAGE_SAMPLES = 80,           /* another period joins the repetition every 10 ms */
    STAGES = 3,
    FADE_START = 80,              /* the first 10 ms at full level, I.2.6 */
    FADE_END = 480,               /* nothing left after 60 ms */
    DTX_FADE_SAMPLES = 80,        /* into comfort noise when the sender stops on purpose */
    RETURN_PER_STAGE = 32,        /* cross-fade at the return grows 4 ms for each 10 ms lost, I.2.7 */
    RETURN_MAX = 80
};
#define NOISE_MOST_DBM0 (-40.0f) /* what is louder than this is no background */
#define DEFAULT_FLOOR_DBM0 (-70.0f)

struct sc_concealment {
    float history[HISTORY];  /* last samples given out, newest last */
    float before[HISTORY];   /* the same as the gap found it */
    float cycle[STAGES * PITCH_MAX];
    float previous_cycle[STAGES * PITCH_MAX];
    size_t pitch, cycle_length, previous_length, at, previous_at, stage;
    size_t blend_left;       /* samples of cross-fade between two cycles */
    size_t gap_samples;      /* since the gap began; 0 outside a gap */
    size_t return_left, return_length;
    float join_offset;
    bool silence;            /* the gap is DTX */
    size_t silence_from;     /* gap_samples at which it became so */
    struct sc_comfort_noise noise;
    bool told;               /* the sender has said what its silence sounds like */
    struct sc_comfort_noise_shape told_noise;
    struct sc_concealment_state state;
};

void sc_concealment_settings_default(struct sc_concealment_settings *settings)
{
    *settings = (struct sc_concealment_settings){.noise_floor_dbm0 = DEFAULT_FLOOR_DBM0};
}

int sc_concealment_create(struct sc_concealment **out, const struct sc_concealment_settings *settings)
{
    const float floor_dbm0 = settings ? settings->noise_floor_dbm0 : DEFAULT_FLOOR_DBM0;
    if (!(floor_dbm0 >= -200 && floor_dbm0 <= 0))
        return EINVAL;
    struct sc_concealment *plc = sc_alloc(sizeof *plc);
    if (!plc)
        return ENOMEM;
    sc_comfort_noise_init(&plc->noise, floor_dbm0, NOISE_MOST_DBM0);
    sc_concealment_reset(plc);
    *out = plc;
    return 0;
}

void sc_concealment_destroy(struct sc_concealment *plc)
{
    sc_free(plc);
}

void sc_concealment_reset(struct sc_concealment *plc)
{
    struct sc_comfort_noise noise = plc->noise;
    memset(plc, 0, sizeof *plc);
    sc_comfort_noise_reset(&noise);
    plc->noise = noise;
}

static float similarity(const float *end, size_t lag, size_t step)
{
    float cross = 0, power = 1;
    for (size_t i = 1; i <= CORRELATION_SAMPLES; i += step) {
        cross += *(end - i) * *(end - i - lag);
        power += *(end - i - lag) * *(end - i - lag);
    }
    return cross <= 0 ? 0 : cross / sqrtf(power);
}

/* Coarse search on every second sample and lag, then around the best. */
static size_t find_pitch(const struct sc_concealment *plc)
{
    const float *end = plc->before + HISTORY;
    size_t best = PITCH_MIN;
    float most = -1;
    for (size_t lag = PITCH_MIN; lag <= PITCH_MAX; lag += 2) {
        float s = similarity(end, lag, 2);
        if (s > most)
            most = s, best = lag;
    }
    const size_t from = best > PITCH_MIN ? best - 1 : best, to = best < PITCH_MAX ? best + 1 : best;
    most = -1;
    for (size_t lag = from; lag <= to; lag++) {
        float s = similarity(end, lag, 1);
        if (s > most)
            most = s, best = lag;
    }
    return best;
}

/* The last `periods` periods as a loop whose end runs smoothly into its beginning. */
static void make_cycle(struct sc_concealment *plc, size_t periods)
{
    const float *end = plc->before + HISTORY;
    const size_t length = periods * plc->pitch, quarter = plc->pitch / 4;
    const float *begin = end - length;
    memcpy(plc->cycle, begin, length * sizeof *begin);
    for (size_t i = 0; i < quarter; i++) {
        const float w = (float)(i + 1) / (float)(quarter + 1);
        float *x = plc->cycle + length - quarter + i;
        *x += w * (*(begin - quarter + i) - *x);
    }
    plc->cycle_length = length;
}

static void begin_gap(struct sc_concealment *plc)
{
    memcpy(plc->before, plc->history, sizeof plc->before);
    plc->pitch = find_pitch(plc);
    plc->state.pitch_samples = (uint32_t)plc->pitch;
    plc->state.losses++;
    plc->stage = 1;
    make_cycle(plc, 1);
    plc->at = 0;
    plc->blend_left = 0;
    plc->join_offset = plc->before[HISTORY - 1] - plc->before[HISTORY - 1 - plc->pitch];
    plc->return_left = 0;
    sc_comfort_noise_shape(&plc->noise);
}

/* One more period in the loop, entered by a cross-fade at the same phase. */
static void next_stage(struct sc_concealment *plc)
{
    memcpy(plc->previous_cycle, plc->cycle, plc->cycle_length * sizeof plc->cycle[0]);
    plc->previous_length = plc->cycle_length;
    plc->previous_at = plc->at;
    plc->stage++;
    make_cycle(plc, plc->stage);
    plc->at %= plc->pitch;
    plc->blend_left = plc->pitch / 4;
}

static float repeated_sample(struct sc_concealment *plc)
{
    if (plc->gap_samples % STAGE_SAMPLES == 0 && plc->gap_samples > 0 && plc->stage < STAGES)
        next_stage(plc);
    float x = plc->cycle[plc->at];
    plc->at = (plc->at + 1) % plc->cycle_length;
    if (plc->blend_left > 0) {
        const float w = (float)plc->blend_left / (float)(plc->pitch / 4 + 1);
        x += w * (plc->previous_cycle[plc->previous_at] - x);
        plc->previous_at = (plc->previous_at + 1) % plc->previous_length;
        plc->blend_left--;
    }
    const size_t quarter = plc->pitch / 4;
    if (plc->gap_samples < quarter)
        x += plc->join_offset * (float)(quarter - plc->gap_samples) / (float)quarter;
    return x;
}

static float fade(const struct sc_concealment *plc)
{
    float gain = 1;
    if (plc->gap_samples >= FADE_END)
        return 0;
    if (plc->gap_samples > FADE_START)
        gain = (float)(FADE_END - plc->gap_samples) / (float)(FADE_END - FADE_START);
    if (plc->silence) {
        const size_t since = plc->gap_samples - plc->silence_from;
        gain *= since >= DTX_FADE_SAMPLES ? 0 : (float)(DTX_FADE_SAMPLES - since) / DTX_FADE_SAMPLES;
    }
    return gain;
}

static float filled_sample(struct sc_concealment *plc)
{
    const float gain = fade(plc);
    float x = sqrtf(1 - gain * gain) * sc_comfort_noise_sample(&plc->noise);
    if (gain > 0)
        x += gain * repeated_sample(plc);
    plc->gap_samples++;
    return x;
}

static int16_t to_int16(float x)
{
    if (x >= 32767)
        return 32767;
    if (x <= -32768)
        return -32768;
    return (int16_t)lrintf(x);
}

static void remember(struct sc_concealment *plc, const int16_t *frame, size_t n)
{
    memmove(plc->history, plc->history + n, (HISTORY - n) * sizeof plc->history[0]);
    for (size_t i = 0; i < n; i++)
        plc->history[HISTORY - n + i] = frame[i];
}

static void pass(struct sc_concealment *plc, int16_t *frame, size_t n)
{
    float good[SC_CONCEALMENT_MAX_BLOCK_SAMPLES] = {0};
    for (size_t i = 0; i < n; i++)
        good[i] = frame[i];
    sc_comfort_noise_learn(&plc->noise, good, n);
    if (plc->gap_samples > 0 && plc->return_left == 0) {
        const size_t grown = plc->pitch / 4 + RETURN_PER_STAGE * (plc->gap_samples / STAGE_SAMPLES);
        plc->return_length = plc->return_left = grown < RETURN_MAX ? grown : RETURN_MAX;
    }
    for (size_t i = 0; i < n && plc->return_left > 0; i++, plc->return_left--) {
        const float w = (float)plc->return_left / (float)(plc->return_length + 1);
        frame[i] = to_int16((1 - w) * (float)frame[i] + w * filled_sample(plc));
    }
    if (plc->return_left == 0)
        plc->gap_samples = 0;
    remember(plc, frame, n);
    plc->state.good_samples += n;
}

static void fill(struct sc_concealment *plc, bool silence, int16_t *frame, size_t n)
{
    if (plc->gap_samples == 0 || plc->return_left > 0) { /* a new gap, perhaps while the last one still fades */
        plc->gap_samples = 0;
        plc->silence = false;
        begin_gap(plc);
    }
    if (silence && !plc->silence) {
        plc->silence_from = plc->gap_samples;
        if (plc->told)
            sc_comfort_noise_set(&plc->noise, &plc->told_noise);
    }
    plc->silence = silence;
    for (size_t i = 0; i < n; i++)
        frame[i] = to_int16(filled_sample(plc));
    remember(plc, frame, n);
    if (silence)
        plc->state.noise_samples += n;
    else
        plc->state.concealed_samples += n;
    if (plc->gap_samples > FADE_END + RETURN_MAX) /* the cycle is silent by now: keep the count from wrapping */
        plc->gap_samples = FADE_END + RETURN_MAX;
}

int sc_concealment_process(struct sc_concealment *plc, enum sc_concealment_input input, int16_t *frame, size_t n)
{
    if (n > SC_CONCEALMENT_MAX_BLOCK_SAMPLES)
        return EINVAL;
    if (input == SC_CONCEALMENT_GOOD)
        pass(plc, frame, n);
    else
        fill(plc, input == SC_CONCEALMENT_SILENCE, frame, n);
    return 0;
}

void sc_concealment_tell_noise(struct sc_concealment *plc, const struct sc_comfort_noise_shape *shape)
{
    plc->told = true;
    plc->told_noise = *shape;
    if (plc->silence && plc->gap_samples > 0)
        sc_comfort_noise_set(&plc->noise, shape);
}

void sc_concealment_get_state(const struct sc_concealment *plc, struct sc_concealment_state *out)
{
    *out = plc->state;
    out->noise_dbm0 = 20 * log10f(sc_comfort_noise_rms(&plc->noise) / SC_RMS_0_DBM0);
}

/* answer_tone.c: 2100 Hz and its phase reversals in one direction of a line (see answer_tone.h).
 *
 * How: blocks of 5 ms against a carrier of 2100 Hz give a phasor each. A block is tone where the phasor holds most of its power.
 * The phase of a run is followed by a reference that turns with the run's own frequency; blocks whose phase is elsewhere are
 * summed, and four of them tell by how much it was turned. Two reversals at the right distance (or one and, where noise took
 * the one between, another at twice the distance) are reversals; a turn of another size ends the run.
 * Assumes nothing of the calls' length; a reversal within 1 ms, as V.25 has it.
 * Measured (tests/test_answer_tone.c; bench/bench_answer_tone.c beside libspandsp): see docs/signal.md. */
#include "answer_tone.h"

#include "level.h"

#include <string.h>

#define TONE_HZ 2100.0
#define SAMPLE_HZ 8000.0
#define TURN 6.28318530717958647692

#define LEAST (0.01238797f * SC_FULL_SCALE)     /* -35 dBm0; G.168 7: -31 must be heard, and ANSam is 2 dB less at its least */
#define QUIET (0.01104079f * SC_FULL_SCALE)     /* -36 dBm0; G.164: released when both directions are below */
#define OFF_HZ 30.0             /* 21 must be heard; beyond 150 nothing may */
#define SHARE 0.5f              /* of the block's power: the tone is as loud as all else */
#define STEADY 2.0f             /* amplitude against the run's: ANSam swings by 1.2 */
#define ELSEWHERE 0.5f          /* cosine: a phase more than 60 degrees from its place */
#define REVERSED (-0.707f)      /* cosine: 135 degrees, between the 110 that is none and the 155 that is one */
#define REFERENCE_KEPT 0.75f    /* a block: 20 ms */
#define ADVANCE_KEPT 0.95f      /* a block: 100 ms */
#define AMPLITUDE_KEPT 0.9f

typedef float v4 __attribute__((vector_size(16)));

enum {
    BLOCK = SC_ANSWER_BLOCK_SAMPLES,
    MISSED_MOST = 3,            /* 15 ms: a reversal on a block's edge, a click */
    TURNED_BLOCKS = 4,          /* 20 ms: the turn is known to 3 degrees at 5 dB of SNR */
    TONE_BLOCKS = 300 / SC_ANSWER_BLOCK_MS,     /* G.164: 300 ms within 100 */
    PERIOD_BLOCKS = 450 / SC_ANSWER_BLOCK_MS,
    PERIOD_SLACK_BLOCKS = 8,    /* 25 ms, and three blocks for where in them it falls */
    REVERSALS = 2
};

static struct sc_phasor times(struct sc_phasor a, struct sc_phasor b)
{
    return (struct sc_phasor){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

/* a against b: its phase is that of a less that of b. */
static struct sc_phasor against(struct sc_phasor a, struct sc_phasor b)
{
    return times(a, (struct sc_phasor){ b.re, -b.im });
}

static float size(struct sc_phasor a)
{
    return sqrtf(a.re * a.re + a.im * a.im);
}

static struct sc_phasor mixed(struct sc_phasor a, float kept, struct sc_phasor b)
{
    return (struct sc_phasor){ kept * a.re + b.re, kept * a.im + b.im };
}

void sc_answer_tone_reset(struct sc_answer_tone *ear)
{
    const size_t tables = offsetof(struct sc_answer_tone, block);
    memset((char *)ear + tables, 0, sizeof *ear - tables);
}

void sc_answer_tone_init(struct sc_answer_tone *ear)
{
    for (int i = 0; i < 2 * BLOCK; i++) {
        const double angle = TURN * TONE_HZ * i / SAMPLE_HZ;
        ear->cosine[i] = (float)cos(angle);
        ear->sine[i] = (float)-sin(angle);
    }
    sc_answer_tone_reset(ear);
}

/* --- a run ------------------------------------------------------------------------------------------------------- */

static void end_run(struct sc_answer_tone *ear)
{
    ear->run_blocks = ear->missed_blocks = ear->turned_blocks = ear->reversals = 0;
    ear->tone = ear->reversing = false;
}

static void begin_run(struct sc_answer_tone *ear, struct sc_phasor now, float amplitude)
{
    end_run(ear);
    ear->run_blocks = 1;
    ear->reference = ear->last = now;
    ear->advance = (struct sc_phasor){ now.re * now.re + now.im * now.im, 0.0f };
    ear->amplitude = amplitude;
}

static void turn_reference(struct sc_answer_tone *ear)
{
    const float turn = size(ear->advance);
    const struct sc_phasor step = { ear->advance.re / turn, ear->advance.im / turn };
    ear->reference = times(ear->reference, step);
    ear->since_reversal_blocks++;
}

static bool about(uint32_t blocks, uint32_t wanted)
{
    return blocks + PERIOD_SLACK_BLOCKS >= wanted && blocks <= wanted + PERIOD_SLACK_BLOCKS;
}

static void note_reversal(struct sc_answer_tone *ear)
{
    const uint32_t distance = ear->since_reversal_blocks;
    const bool due = about(distance, PERIOD_BLOCKS) || about(distance, 2 * PERIOD_BLOCKS);
    ear->reversals = ear->reversals > 0 && due ? ear->reversals + 1 : 1;
    ear->since_reversal_blocks = 0;
    ear->reversing |= ear->reversals >= REVERSALS;
}

/* A block whose phase is not where it should be. */
static void take_turned(struct sc_answer_tone *ear, struct sc_phasor now, struct sc_phasor turn, float amplitude)
{
    ear->turned = mixed(ear->turned, ear->turned_blocks > 0 ? 1.0f : 0.0f, turn);
    ear->last = now;
    if (++ear->turned_blocks < TURNED_BLOCKS)
        return;
    if (ear->turned.re > REVERSED * size(ear->turned)) {
        begin_run(ear, now, amplitude);
        return;
    }
    ear->turned_blocks = 0;
    ear->reference = now;
    ear->run_blocks += TURNED_BLOCKS;
    note_reversal(ear);
}

static bool near_2100(const struct sc_answer_tone *ear)
{
    static const float most = (float)(TURN * OFF_HZ * SC_ANSWER_BLOCK_MS / 1000.0);
    return fabsf(atan2f(ear->advance.im, ear->advance.re)) <= most;
}

static void go_on(struct sc_answer_tone *ear, struct sc_phasor now, float amplitude)
{
    const bool adjacent = ear->missed_blocks == 0;
    const struct sc_phasor turn = against(now, ear->reference);
    ear->missed_blocks = 0;
    ear->amplitude += (1.0f - AMPLITUDE_KEPT) * (amplitude - ear->amplitude);
    if (turn.re < ELSEWHERE * size(turn)) {
        take_turned(ear, now, turn, amplitude);
        return;
    }
    if (ear->turned_blocks > 0) { /* neither where it was nor turned for good: another frequency */
        begin_run(ear, now, amplitude);
        return;
    }
    ear->reference = mixed(ear->reference, REFERENCE_KEPT, now);
    if (adjacent)
        ear->advance = mixed(ear->advance, ADVANCE_KEPT, against(now, ear->last));
    ear->last = now;
    ear->run_blocks++;
    ear->tone = ear->run_blocks >= TONE_BLOCKS;
}

/* --- blocks ------------------------------------------------------------------------------------------------------ */

static void take_block(struct sc_answer_tone *ear, struct sc_phasor now, float energy)
{
    const float amplitude = 2.0f * size(now) / BLOCK;
    const bool heard = amplitude >= LEAST && 0.5f * BLOCK * amplitude * amplitude >= SHARE * energy;
    const bool steady = amplitude < STEADY * ear->amplitude && ear->amplitude < STEADY * amplitude;
    ear->quiet_blocks = energy <= 0.5f * BLOCK * QUIET * QUIET ? ear->quiet_blocks + 1 : 0;
    if (ear->run_blocks == 0) {
        if (heard)
            begin_run(ear, now, amplitude);
        return;
    }
    turn_reference(ear);
    if (heard && steady)
        go_on(ear, now, amplitude);
    else
        ear->missed_blocks++;
    if (ear->missed_blocks > MISSED_MOST || (ear->run_blocks > 0 && !near_2100(ear)))
        end_run(ear);
}

static float sum(v4 x)
{
    return (x[0] + x[1]) + (x[2] + x[3]);
}

static void end_block(struct sc_answer_tone *ear)
{
    const v4 *x = (const v4 *)ear->block;
    const v4 *cosine = (const v4 *)(ear->cosine + (ear->odd ? BLOCK : 0));
    const v4 *sine = (const v4 *)(ear->sine + (ear->odd ? BLOCK : 0));
    v4 re = { 0 }, im = { 0 }, energy = { 0 };
    for (int i = 0; i < BLOCK / 4; i++) {
        re += x[i] * cosine[i];
        im += x[i] * sine[i];
        energy += x[i] * x[i];
    }
    ear->odd = !ear->odd;
    ear->fill = 0;
    take_block(ear, (struct sc_phasor){ sum(re), sum(im) }, sum(energy));
}

void sc_answer_tone_process(struct sc_answer_tone *ear, const int16_t *in, size_t n)
{
    while (n > 0) {
        const size_t room = BLOCK - ear->fill, part = n < room ? n : room;
        for (size_t i = 0; i < part; i++)
            ear->block[ear->fill + i] = (float)in[i];
        ear->fill += part;
        in += part;
        n -= part;
        if (ear->fill == BLOCK)
            end_block(ear);
    }
}

uint32_t sc_answer_tone_quiet_ms(const struct sc_answer_tone *ear)
{
    return ear->quiet_blocks * SC_ANSWER_BLOCK_MS;
}

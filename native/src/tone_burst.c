/* tone_burst.c: bursts of one sound out of its frames.
 *
 * How: a burst begins with the first frame that is tone and ends when the tone has been away for longer than a
 * drop-out; shorter blips are dropped. Over the burst the tracker sums amplitude, purity and frequency with their squares:
 * a machine's tone is pure and steady in both, a voice is not. Two frames at either edge, whose windows the tone fills
 * only in part, stay out of those sums. In the pause it sums the energy.
 * Somebody speaks over busy tone: a frame in which the tone's place still holds its amplitude continues the burst though
 * it is not pure, and a weak tone soon after a burst (a harmonic of the voice) begins none.
 * A frame is "tone" from half coverage of its window on, so the first and last such frame lie half a hop inside the edges:
 * lengths are right within one hop (5 ms). */
#include "tone_burst.h"

#include <math.h>
#include <string.h>

#define SAMPLES_PER_MS 8.0
#define BRIDGE_FRAMES 4u          /* a drop-out of up to 15 ms belongs to the burst */
#define SHORTEST_FRAMES 7u        /* 35 ms; the shortest burst of any plan is 40 ms */
#define CLEAN_PURITY 0.70         /* mean share of the energy */
#define STEADY_LEVEL 0.15         /* deviation of the amplitude over its mean; at 10 dB SNR it is 0.05 */
#define STEADY_HZ 9.0             /* deviation of one frame's frequency; at 10 dB SNR it is 3 */
#define MEAN_SLACK_HZ 2.0         /* error of a burst's mean frequency at 10 dB SNR */
#define SWING_PURITY 0.60         /* of a modulated tone: its side lines lie half outside the window's response */
#define SWING_LEVEL 0.70          /* 400 Hz with 90 % of 25 Hz has 0.55 */
#define SWING_HZ 25.0
#define EDGE 2u                   /* frames at either end of a burst whose windows it fills in part */
#define MASKED_FRAMES 20u         /* 100 ms under another sound at most */
#define MASKED_LEAST 0.6
#define MASKED_MOST 1.7
#define MEMORY_MS 1200.0f         /* of a burst's level; the longest pause of a busy tone */
#define WEAK_PART 0.35f           /* 9 dB down */
#define EDGE_FRAMES 4u            /* around a pause; they hold part of the burst */

void sc_tone_tracker_reset(struct sc_tone_tracker *tracker, float tolerance_hz, bool modulated)
{
    memset(tracker, 0, sizeof *tracker);
    tracker->tolerance_hz = tolerance_hz;
    tracker->modulated = modulated;
}

static void begin(struct sc_tone_tracker *t, double centre)
{
    t->sounding = true;
    t->renewed = false;
    t->frames = 0;
    t->inner = 0;
    t->missing = 0;
    t->masked = t->masked_in_row = 0;
    t->began = centre;
    t->raw_sum = t->amplitude_sum = t->amplitude_square_sum = t->purity_sum = 0.0;
    memset(t->offset_sum, 0, sizeof t->offset_sum);
    memset(t->offset_square_sum, 0, sizeof t->offset_square_sum);
}

static void add_inner(struct sc_tone_tracker *t, const struct sc_tone_measure *m)
{
    double a = (double)m->amplitude;
    t->inner++;
    t->raw_sum += (double)m->raw;
    t->amplitude_sum += a;
    t->amplitude_square_sum += a * a;
    t->purity_sum += (double)m->purity;
    for (int i = 0; i < 2; i++) {
        double hz = (double)m->offset_hz[i];
        t->offset_sum[i] += hz;
        t->offset_square_sum[i] += hz * hz;
    }
}

static void add(struct sc_tone_tracker *t, const struct sc_tone_measure *m)
{
    if (t->frames >= 2 * EDGE)
        add_inner(t, &t->waiting[t->frames % EDGE]);
    t->waiting[t->frames % EDGE] = *m;
    t->frames++;
    t->missing = 0;
    t->masked_in_row = 0;
    t->last = m->centre;
}

/* Does the tone go on under another sound? Its place in the spectrum then still holds about its own amplitude. */
static bool goes_on_masked(const struct sc_tone_tracker *t, const struct sc_tone_measure *m)
{
    if (t->inner < SHORTEST_FRAMES || t->masked_in_row >= MASKED_FRAMES)
        return false;
    double own = t->raw_sum / (double)t->inner;
    return (double)m->raw >= MASKED_LEAST * own && (double)m->raw <= MASKED_MOST * own;
}

/* After a burst a much weaker tone of the same sound is its echo or a voice, not the next burst. */
static bool too_weak(const struct sc_tone_tracker *t, const struct sc_tone_measure *m)
{
    if (t->kept == 0)
        return false;
    const struct sc_tone_burst *b = &t->bursts[t->newest];
    return b->clean && b->off_ms < MEMORY_MS && m->amplitude < WEAK_PART * b->amplitude;
}

static double deviation(double sum, double square_sum, double n)
{
    double variance = square_sum / n - (sum / n) * (sum / n);
    return variance > 0.0 ? sqrt(variance) : 0.0;
}

static void summarize(const struct sc_tone_tracker *t, struct sc_tone_burst *b)
{
    double n = (double)t->inner;
    memset(b, 0, sizeof *b);
    b->began = t->began - 0.5 * (double)SC_TONE_FRAME_MS * SAMPLES_PER_MS;
    b->ended = t->last + 0.5 * (double)SC_TONE_FRAME_MS * SAMPLES_PER_MS;
    b->on_ms = (float)((b->ended - b->began) / SAMPLES_PER_MS);
    b->amplitude = (float)(t->amplitude_sum / n);
    double wobble = 0.0, off = 0.0;
    for (int i = 0; i < 2; i++) {
        b->offset_hz[i] = (float)(t->offset_sum[i] / n);
        off = fmax(off, fabs((double)b->offset_hz[i]));
        wobble = fmax(wobble, deviation(t->offset_sum[i], t->offset_square_sum[i], n));
    }
    double ripple = deviation(t->amplitude_sum, t->amplitude_square_sum, n) / (t->amplitude_sum / n);
    bool steady = wobble <= STEADY_HZ && ripple <= STEADY_LEVEL && t->purity_sum / n >= CLEAN_PURITY;
    bool swings = t->modulated && wobble <= SWING_HZ && ripple <= SWING_LEVEL && t->purity_sum / n >= SWING_PURITY;
    b->clean = (steady || swings) && off <= (double)t->tolerance_hz + MEAN_SLACK_HZ && t->masked <= t->frames;
}

static void begin_pause(struct sc_tone_tracker *t)
{
    t->pause_energy = 0.0;
    t->pause_frames = 0;
    t->held = 0;
}

/* Pause frames count once they are certainly not the next burst's edge. */
static void grow_pause(struct sc_tone_tracker *t, const struct sc_tone_measure *m)
{
    if (t->kept == 0)
        return;
    struct sc_tone_burst *b = &t->bursts[t->newest];
    b->off_ms = (float)((m->centre - b->ended) / SAMPLES_PER_MS) + 0.5f * SC_TONE_FRAME_MS;
    if (t->held < EDGE_FRAMES) {
        t->held_energy[t->held++] = m->mean_square;
        return;
    }
    t->pause_energy += (double)t->held_energy[0];
    t->pause_frames++;
    memmove(t->held_energy, t->held_energy + 1, (EDGE_FRAMES - 1) * sizeof(float));
    t->held_energy[EDGE_FRAMES - 1] = m->mean_square;
    double own = 0.5 * (double)b->amplitude * (double)b->amplitude;
    b->pause_share = (float)(t->pause_energy / (double)t->pause_frames / own);
}

static enum sc_tone_step end(struct sc_tone_tracker *t)
{
    t->sounding = false;
    if (t->frames < SHORTEST_FRAMES)
        return SC_TONE_STEP_PAUSE;
    t->newest = (t->newest + 1) % SC_TONE_BURSTS_KEPT;
    if (t->kept < SC_TONE_BURSTS_KEPT)
        t->kept++;
    summarize(t, &t->bursts[t->newest]);
    t->bursts[t->newest].clean &= !t->renewed;
    begin_pause(t);
    return SC_TONE_STEP_BURST_ENDED;
}

enum sc_tone_step sc_tone_tracker_take(struct sc_tone_tracker *tracker, const struct sc_tone_measure *measure)
{
    struct sc_tone_tracker *t = tracker;
    if (measure->tone && (t->sounding || !too_weak(t, measure))) {
        if (!t->sounding) {
            begin(t, measure->centre);
            if (t->kept > 0)
                t->bursts[t->newest].off_ms = (float)((measure->centre - t->bursts[t->newest].ended) / SAMPLES_PER_MS) -
                                              0.5f * SC_TONE_FRAME_MS;
        }
        add(t, measure);
        return SC_TONE_STEP_BURST_GROWS;
    }
    if (!t->sounding) {
        grow_pause(t, measure);
        return SC_TONE_STEP_PAUSE;
    }
    if (goes_on_masked(t, measure)) {
        t->masked++;
        t->masked_in_row++;
        t->missing = 0;
        t->last = measure->centre;
        return SC_TONE_STEP_BURST_GROWS;
    }
    if (++t->missing < BRIDGE_FRAMES)
        return SC_TONE_STEP_BURST_GROWS;
    return end(t);
}

void sc_tone_tracker_renew(struct sc_tone_tracker *tracker)
{
    if (!tracker->sounding)
        return;
    begin(tracker, tracker->last);
    tracker->renewed = true;
}

bool sc_tone_tracker_current(const struct sc_tone_tracker *tracker, struct sc_tone_burst *burst)
{
    if (!tracker->sounding || tracker->inner == 0)
        return false;
    summarize(tracker, burst);
    return true;
}

const struct sc_tone_burst *sc_tone_tracker_burst(const struct sc_tone_tracker *tracker, uint32_t back)
{
    if (back >= tracker->kept)
        return NULL;
    return &tracker->bursts[(tracker->newest + SC_TONE_BURSTS_KEPT - back) % SC_TONE_BURSTS_KEPT];
}

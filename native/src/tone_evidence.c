/* tone_evidence.c: is what was found under another sound a machine's busy tone?
 *
 * How: first limits that hardly any busy tone under speech breaks (one in a hundred of each). Then, for cadences of 580 ms and
 * more, one score: a weighted sum of ten measures, as a logistic regression weighs them. A tone that passes one
 * narrowly and the others well is a tone; note after note in music is near the edge of several. More cycles may score less.
 * What it leans on: nothing of the sine is left in the pauses (an instrument decays, a machine stops); the tone's share of all
 * that sounds; its evenness and edges; and that what sounds in the pauses lies by the tone too, as of a voice. Faster cadences are those of quavers: there each measure has a limit of its own.
 * Fitted on the tuning recordings of tools/signal_split.toml and 7.5 h of game music beside them (singularity-music, flare-game,
 * megaglest-data, at five speeds and seven frequencies): 22,634 looks at busy tones under English, Russian and French prompts
 * (-6 .. +3 dB) against 330 of music that pass the limits with two cycles, 48 with three, 14 with four. The best of those
 * scores 0.0, -1.1 and -2.2; below SCORE_LEAST by 1.5, 1.6 and 1.2.
 * Measured: with tone_masked.c. */
#include "tone_evidence.h"

#include <math.h>

#define UNEVEN_MS 5.0f             /* one burst (or pause) beside the other, at most, and a part of the shorter of both */
#define UNEVEN_PART 0.15f
#define SPREAD_FAST 0.10f          /* of the other sound's power, what lies by the tone: of a voice's hardly ever less */
#define SPREAD_SHARE 0.80f         /* not judged where there is hardly any other sound */
#define FAST_CYCLE_MS 580.0f
#define FOLLOWS_COHERENT 0.40f     /* of a cadence that is on already */
#define FOLLOWS_LEFT 0.20f
#define FOLLOWS_EDGE 0.20f

/* What a cadence must show. */
struct demand {
    float coherent, left, left_worst, before, share, level_ratio, quarter_least, quarter_most, edge_least, edge_error;
    float next_step, next_amplitude, uneven_ms;
};

static const struct demand limits = { 0.40f, 0.050f, 0.45f, 0.30f, 0.25f, 1.60f, 0.30f, 1.9f, 0.15f, 1.30f, 0.20f, 2.1f, 45.0f };

/* Of a fast one, by how many cycles of it are looked at; two are not enough. */
static const struct demand fast_demands[SC_TONE_MASKED_CYCLES + 1] = {
    [3] = { 0.60f, 0.030f, 0.30f, 0.15f, 0.50f, 1.40f, 0.40f, 1.8f, 0.45f, 0.80f, 0.40f, 1.8f, 35.0f },
    [4] = { 0.55f, 0.030f, 0.35f, 0.20f, 0.47f, 1.45f, 0.35f, 1.9f, 0.40f, 0.90f, 0.40f, 1.8f, 40.0f },
};
#define FAST_CYCLES 3u

/* The weights, natural logarithms of power ratios; the second number keeps a perfect tone's zero from weighing for ever. */
#define BIAS (-16.8f)
#define INCOHERENT 0.9f, 0.02f
#define LEFT (-2.9f), 0.001f
#define LEFT_WORST 1.1f, 0.003f
#define BEFORE (-0.5f), 0.003f
#define SHARE 5.8f, 0.05f
#define REST_OFF (-0.9f), 0.05f
#define NEAR_OFF 0.9f, 0.005f
#define QUARTER_LEAST 7.1f         /* these are plain amplitudes */
#define EDGE_LEAST 5.2f
#define NEXT_STEP 1.4f
static const float score_least[SC_TONE_MASKED_CYCLES + 1] = { [2] = 1.5f, [3] = 0.5f, [4] = -1.0f };

static float weighed(float value, float weight, float least)
{
    return weight * logf(fmaxf(value, 0.0f) + least);
}

static float score(const struct sc_tone_evidence *e)
{
    return BIAS + weighed(1.0f - e->coherent, INCOHERENT) + weighed(e->left, LEFT) + weighed(e->left_worst, LEFT_WORST) +
           weighed(e->before, BEFORE) + weighed(e->share, SHARE) + weighed(e->rest_off, REST_OFF) +
           weighed(e->near_off, NEAR_OFF) + QUARTER_LEAST * e->quarter_least + EDGE_LEAST * e->edge_least + NEXT_STEP * e->next_step;
}

static bool shows(const struct sc_tone_evidence *e, const struct demand *d)
{
    float uneven_ms = fminf(d->uneven_ms, UNEVEN_MS + UNEVEN_PART * fminf(e->on_ms, e->off_ms));
    return e->coherent > d->coherent && e->left < d->left && e->left_worst < d->left_worst && e->before < d->before &&
           e->share > d->share && e->level_ratio < d->level_ratio && e->quarter_least > d->quarter_least &&
           e->quarter_most < d->quarter_most && e->edge_least > d->edge_least && e->edge_error < d->edge_error &&
           e->next_step > d->next_step && e->next_amplitude < d->next_amplitude && e->uneven_on_ms <= uneven_ms &&
           e->uneven_off_ms <= uneven_ms;
}

/* Where notes sound together each has its place in the spectrum; a voice has some of its sound everywhere. */
static bool spread_like_a_voice(const struct sc_tone_evidence *e)
{
    if (e->share >= SPREAD_SHARE)
        return true;
    return (1.0f - e->coherent) * e->share >= SPREAD_FAST * e->coherent * (1.0f - e->share);
}

bool sc_tone_evidence_believed(const struct sc_tone_evidence *evidence)
{
    const struct sc_tone_evidence *e = evidence;
    if (e->cycles < 2 || e->cycles > SC_TONE_MASKED_CYCLES)
        return false;
    if (e->on_ms + e->off_ms < FAST_CYCLE_MS)
        return e->cycles >= FAST_CYCLES && spread_like_a_voice(e) && shows(e, &fast_demands[e->cycles]);
    return shows(e, &limits) && score(e) > score_least[e->cycles];
}

bool sc_tone_evidence_follows(const struct sc_tone_evidence *evidence)
{
    return evidence->coherent > FOLLOWS_COHERENT && evidence->left < FOLLOWS_LEFT && evidence->edge_least > FOLLOWS_EDGE;
}

/* tone_masked.c: a busy tone's cadence under somebody's voice.
 *
 * How: a tone that is mixed with speech is lost in windows of 20 ms, but not in a whole burst: over 200 .. 400 ms the
 * correlation with one unbroken sine leaves of speech, whose pitch moves, next to nothing. What the bank gives every 5 ms
 * is kept for 5 s as it is, with running sums. A cheap gate (a rise now; bursts stronger than pauses, by the sums) picks one
 * length of cadence; then that is looked at closely: the frequency at which two bursts are most of all one sine, their
 * edges, what of that sine is left in the pauses and before the first burst, level and length of one burst beside the
 * other. Whether that is enough, tone_evidence.c weighs.
 * Speech is kept out by the sine being unbroken; music by the share of all that sounds, the empty pauses, the edges, and by
 * its other notes being elsewhere, while a voice has some of its sound everywhere.
 * Assumes frames of 5 ms; one sine; bursts and pauses of 80 .. 650 ms.
 * Measured (bench_progress, a held-out talker): busy 20/20 with speech 6 dB down, 76 ms after two cycles at the latest; 20/20
 * as loud, within 1.7 s of that; no false busy or congestion in 38.9 h of speech and music of the split. */
#include "tone_masked.h"

#include "alloc.h"
#include "tone_bank.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define RING 1024u                 /* frames kept: 5.1 s */
#define MASK (RING - 1u)
#define TURN 6.28318530717958647692
#define FRAME_S 0.005
#define LAG 2u                     /* frames between the two that tell a frequency: 10 ms, so +-50 Hz */
#define NEXT_FRAMES 8u             /* of the next burst that must have been heard */
#define RISE_FRAMES 8u
#define SEARCH 8                   /* an edge is looked for so many frames to either side */
#define STEP_FRAMES 10             /* length of either side of an edge */
#define LONGEST_FRAMES 130u        /* burst or pause: 650 ms */
#define MARGIN (SEARCH + STEP_FRAMES + 1)
#define SPAN (LONGEST_FRAMES + 2u * MARGIN + 2u)
#define BLOCKS 8u                  /* a burst's parts, of which its frequency is refined */
#define REFINE_HZ 7.5              /* by so much to either side, in coarse steps, then fine ones */
#define COARSE_HZ 1.5
#define FINE_HZ 0.5
#define GATE_RATIO 1.5             /* power near the tone in bursts over that in pauses */
#define GATE_ALIKE 5.0             /* and of one burst over the other */
#define GATE_RISE 1.5              /* power after over before the onset of the burst that has begun */
#define GATE_SHARE 0.3             /* of all that sounds in bursts */
#define GATE_ADVANCE 0.6           /* how much one frame is like the one 10 ms before */
#define GAIN_MOST 4.0              /* what a frequency off by 50 Hz loses in the bank, power */
#define GATE_COHERENT 0.45
#define FRAMES_MOST (1u << 30)     /* the count of frames goes back by half of it, which is a multiple of RING */

struct wave { double real, imaginary; };

struct sc_tone_masked {
    float nominal_hz, tolerance_hz, lowest_amplitude;
    double least_share;            /* of all that sounds */
    struct sc_tone_length lengths[SC_TONE_MASKED_LENGTHS];
    uint32_t length_count;
    uint32_t longest;              /* cycle of all, frames */
    double nominal_real, nominal_imaginary;        /* undo the nominal advance of LAG frames */
    uint32_t now;                  /* frames taken */
    float real[RING], imaginary[RING];
    double power[RING], total[RING], turned_real[RING], turned_imaginary[RING];   /* sums of all before frame [k] */
};

/* One burst as found at the refined frequency, and the pause after it. */
struct seen {
    int rise, fall;                /* frames */
    struct wave mean;              /* over its inner part */
    float amplitude, rise_step, fall_step, quarter_least, quarter_most;
    float power, total;            /* per frame */
    float left, left_worst;        /* in the pause after it, power */
    float power_off, total_off;    /* there, per frame */
};

int sc_tone_masked_create(struct sc_tone_masked **out, float nominal_hz, float tolerance_hz, float lowest_amplitude,
                          float share_part, const struct sc_tone_length *lengths, uint32_t length_count)
{
    if (length_count == 0 || length_count > SC_TONE_MASKED_LENGTHS)
        return EINVAL;
    uint32_t longest = 0;
    for (uint32_t i = 0; i < length_count; i++) {
        const struct sc_tone_length *l = &lengths[i];
        if (l->on < 16 || l->off < 16 || l->on > LONGEST_FRAMES || l->off > LONGEST_FRAMES)
            return EINVAL;
        longest = l->on + l->off > (int)longest ? (uint32_t)(l->on + l->off) : longest;
    }
    struct sc_tone_masked *m = sc_alloc(sizeof *m);
    if (m == NULL)
        return ENOMEM;
    m->nominal_hz = nominal_hz;
    m->tolerance_hz = tolerance_hz;
    m->lowest_amplitude = lowest_amplitude;
    m->least_share = GATE_SHARE * (double)share_part;
    memcpy(m->lengths, lengths, length_count * sizeof *lengths);
    m->length_count = length_count;
    m->longest = longest;
    double turned = TURN * (double)nominal_hz * FRAME_S * (double)LAG;
    m->nominal_real = cos(turned);
    m->nominal_imaginary = -sin(turned);
    *out = m;
    return 0;
}

void sc_tone_masked_destroy(struct sc_tone_masked *masked)
{
    sc_free(masked);
}

void sc_tone_masked_reset(struct sc_tone_masked *masked)
{
    memset(masked->real, 0, sizeof masked->real);
    memset(masked->imaginary, 0, sizeof masked->imaginary);
    memset(masked->power, 0, sizeof masked->power);
    memset(masked->total, 0, sizeof masked->total);
    memset(masked->turned_real, 0, sizeof masked->turned_real);
    memset(masked->turned_imaginary, 0, sizeof masked->turned_imaginary);
    masked->now = 0;
}

uint32_t sc_tone_masked_now(const struct sc_tone_masked *masked)
{
    return masked->now;
}

void sc_tone_masked_take(struct sc_tone_masked *masked, float real, float imaginary, float mean_square)
{
    struct sc_tone_masked *m = masked;
    uint32_t k = m->now & MASK, next = (m->now + 1) & MASK, before = (m->now - LAG) & MASK;
    m->real[k] = real;
    m->imaginary[k] = imaginary;
    m->power[next] = m->power[k] + (double)(real * real + imaginary * imaginary);
    m->total[next] = m->total[k] + (double)mean_square;
    m->turned_real[next] = m->turned_real[k] + (double)(real * m->real[before] + imaginary * m->imaginary[before]);
    m->turned_imaginary[next] = m->turned_imaginary[k] +
                                (double)(imaginary * m->real[before] - real * m->imaginary[before]);
    if (++m->now == FRAMES_MOST)
        m->now -= FRAMES_MOST / 2;
}

static double between(const double *sums, uint32_t from, uint32_t to)
{
    return sums[to & MASK] - sums[from & MASK];
}

/* --- the gate: what costs little --- */

/* Are both bursts, near the tone, mostly something of one frequency within the tolerance, and enough of all that sounds?
 * The frequency comes of the phase's advance. */
static bool may_be(const struct sc_tone_masked *m, uint32_t from, uint32_t on, uint32_t cycle, double *offset_hz)
{
    double real = 0, imaginary = 0, power = 0, total = 0;
    for (uint32_t a = from + 2; a < from + 2 * cycle; a += cycle) {
        real += between(m->turned_real, a, a + on - 4);
        imaginary += between(m->turned_imaginary, a, a + on - 4);
        power += between(m->power, a, a + on - 4);
        total += between(m->total, a, a + on - 4);
    }
    if (power * GAIN_MOST < 2.0 * m->least_share * total ||
        real * real + imaginary * imaginary < GATE_ADVANCE * GATE_ADVANCE * power * power)
        return false;
    *offset_hz = atan2(real * m->nominal_imaginary + imaginary * m->nominal_real,
                       real * m->nominal_real - imaginary * m->nominal_imaginary) / (TURN * FRAME_S * (double)LAG);
    double gain = 1.0 / (double)sc_tone_bank_response((float)*offset_hz);
    return fabs(*offset_hz) <= (double)m->tolerance_hz + 6.0 && power * gain * gain > 2.0 * m->least_share * total;
}

/* How much stronger bursts of that length are than their pauses, power a frame; 0 when they cannot be bursts. */
static double gate(const struct sc_tone_masked *m, uint32_t onset, const struct sc_tone_length *l)
{
    uint32_t cycle = (uint32_t)l->on + l->off, from = onset - 2 * cycle, on = l->on;
    double first = between(m->power, from + 2, from + on - 2);
    double second = between(m->power, from + cycle + 2, from + cycle + on - 2);
    double pauses = between(m->power, from + on + 3, from + cycle - 3) + between(m->power, from + cycle + on + 3, onset - 3);
    double bursts = first + second, frames = (double)(on - 4);
    if (bursts * (double)(l->off - 6) < GATE_RATIO * pauses * frames)
        return 0.0;
    if (first > GATE_ALIKE * second || second > GATE_ALIKE * first)
        return 0.0;
    double least = (double)m->lowest_amplitude;
    if (bursts < 0.3 * 2.0 * frames * least * least)
        return 0.0;
    return bursts / frames - pauses / (double)(l->off - 6);
}

/* --- looking closely --- */

/* The frames from `from` on, turned back by that frequency. */
static void turn_back(const struct sc_tone_masked *m, int from, int count, double hz, struct wave *out)
{
    double turn = hz * FRAME_S, start = turn * (double)from;
    double angle = -TURN * (start - floor(start)), step = -TURN * (turn - floor(turn));
    double c = cos(angle), s = sin(angle), step_c = cos(step), step_s = sin(step);
    for (int i = 0; i < count; i++) {
        uint32_t k = (uint32_t)(from + i) & MASK;
        double real = (double)m->real[k], imaginary = (double)m->imaginary[k];
        out[i].real = real * c - imaginary * s;
        out[i].imaginary = real * s + imaginary * c;
        double turned = c * step_c - s * step_s;
        s = c * step_s + s * step_c;
        c = turned;
    }
}

static struct wave mean_of(const struct wave *w, int from, int to)
{
    struct wave sum = { 0, 0 };
    for (int i = from; i < to; i++) {
        sum.real += w[i].real;
        sum.imaginary += w[i].imaginary;
    }
    double n = to > from ? (double)(to - from) : 1.0;
    return (struct wave){ sum.real / n, sum.imaginary / n };
}

static double square(struct wave w) { return w.real * w.real + w.imaginary * w.imaginary; }

/* Power of one unbroken sine, `step` turns a block off, in the blocks of two bursts. */
static double unbroken(struct wave blocks[2][BLOCKS], double angle)
{
    double c = cos(angle), s = sin(angle), sum = 0.0;
    for (int b = 0; b < 2; b++) {
        struct wave total = blocks[b][BLOCKS - 1];              /* Horner's rule */
        for (int i = (int)BLOCKS - 2; i >= 0; i--)
            total = (struct wave){ blocks[b][i].real + total.real * c - total.imaginary * s,
                                   blocks[b][i].imaginary + total.real * s + total.imaginary * c };
        sum += square(total);
    }
    return sum / (2.0 * BLOCKS * BLOCKS);
}

/* The frequency near `hz` at which two bursts are most of all one sine; *power is what that sine has. */
static double refine_hz(const struct sc_tone_masked *m, int from, int on, int cycle, double hz, double *power)
{
    struct wave blocks[2][BLOCKS], w[LONGEST_FRAMES];
    int length = (on - 4) / (int)BLOCKS;
    for (int b = 0; b < 2; b++) {
        turn_back(m, from + b * cycle + 2, length * (int)BLOCKS, hz, w);
        for (int i = 0; i < (int)BLOCKS; i++)
            blocks[b][i] = mean_of(w, i * length, (i + 1) * length);
    }
    double best_hz = 0.0, per_hz = -TURN * FRAME_S * length;
    *power = -1.0;
    for (double step = COARSE_HZ; step > 0.3 * FINE_HZ; step *= FINE_HZ / COARSE_HZ) {
        double middle = best_hz, reach = step < COARSE_HZ ? 2.0 * FINE_HZ : REFINE_HZ;
        for (double off = middle - reach; off <= middle + reach + 1e-6; off += step) {
            double found = unbroken(blocks, per_hz * off);
            if (found > *power) {
                *power = found;
                best_hz = off;
            }
        }
    }
    return hz + best_hz;
}

/* Where the step of that sign is highest near `at`, in sums of r; the frame beside it holds half of it. */
static int best_step(const double *sums, int count, int at, double sign, float *step)
{
    int best_at = at;
    *step = -9.0f;
    for (int p = at - SEARCH; p <= at + SEARCH; p++) {
        if (p - STEP_FRAMES < 0 || p + STEP_FRAMES + 1 > count)
            continue;
        double before = (sums[p - 1] - sums[p - STEP_FRAMES]) / (STEP_FRAMES - 1);
        double after = (sums[p + STEP_FRAMES + 1] - sums[p + 2]) / (STEP_FRAMES - 1);
        float height = (float)(sign * (after - before));
        if (height > *step) {
            *step = height;
            best_at = p;
        }
    }
    return best_at;
}

/* Looks at the burst that should last from `from` to `to`; `until` is where the next one rises. */
static bool see(const struct sc_tone_masked *m, int from, int to, int until, double hz, struct seen *out)
{
    struct wave w[SPAN], pause[SPAN];
    double sums[SPAN + 1];
    int count = to - from + 2 * MARGIN;
    if (to - from < 12 || count > (int)SPAN || until - to > (int)SPAN)
        return false;
    turn_back(m, from - MARGIN, count, hz, w);
    out->mean = mean_of(w, MARGIN + 3, MARGIN + to - from - 3);
    double own = square(out->mean);
    if (own <= 0.0)
        return false;
    sums[0] = 0.0;
    for (int i = 0; i < count; i++)
        sums[i + 1] = sums[i] + (w[i].real * out->mean.real + w[i].imaginary * out->mean.imaginary) / own;
    out->amplitude = (float)sqrt(own);
    int rise = best_step(sums, count, MARGIN, 1.0, &out->rise_step);
    int fall = best_step(sums, count, MARGIN + to - from, -1.0, &out->fall_step);
    out->rise = from - MARGIN + rise;
    out->fall = from - MARGIN + fall;
    int inner = fall - rise - 4;
    if (inner < 8)
        return false;
    out->quarter_least = out->quarter_most = 1.0f;
    for (int q = 0; q < 4; q++) {
        int a = rise + 2 + q * inner / 4, b = rise + 2 + (q + 1) * inner / 4;
        float part = (float)((sums[b] - sums[a]) / (b - a));
        out->quarter_least = fminf(out->quarter_least, part);
        out->quarter_most = fmaxf(out->quarter_most, part);
    }
    out->power = (float)(between(m->power, (uint32_t)(out->rise + 2), (uint32_t)(out->fall - 2)) / inner);
    out->total = (float)(between(m->total, (uint32_t)(out->rise + 2), (uint32_t)(out->fall - 2)) / inner);
    int off = until - out->fall - 6;
    if (off < 8 || off > (int)SPAN)
        return false;
    uint32_t quiet = (uint32_t)(out->fall + 3);
    out->power_off = (float)(between(m->power, quiet, quiet + (uint32_t)off) / off);
    out->total_off = (float)(between(m->total, quiet, quiet + (uint32_t)off) / off);
    turn_back(m, out->fall + 3, off, hz, pause);
    out->left = (float)square(mean_of(pause, 0, off));
    out->left_worst = (float)fmax(square(mean_of(pause, 0, off / 2)), square(mean_of(pause, off / 2, off)));
    return true;
}

/* The burst that has begun near `at`: how high its step is, in amplitudes of the others, and where. */
static int see_next(const struct sc_tone_masked *m, int at, double hz, double amplitude, struct sc_tone_evidence *e)
{
    struct wave w[2 * STEP_FRAMES + 2 * SEARCH + 2];
    int from = at - SEARCH - STEP_FRAMES, count = (int)m->now - from, best_at = at;
    if (count > (int)(sizeof w / sizeof *w))
        count = (int)(sizeof w / sizeof *w);
    turn_back(m, from, count, hz, w);
    e->next_step = -9.0f;
    for (int p = STEP_FRAMES; p + (int)NEXT_FRAMES <= count; p++) {
        double after = sqrt(square(mean_of(w, p + 2, p + (int)NEXT_FRAMES)));
        double before = sqrt(square(mean_of(w, p - STEP_FRAMES, p - 1)));
        float step = (float)((after - before) / amplitude);
        if (step > e->next_step) {
            e->next_step = step;
            e->next_amplitude = (float)(after / amplitude);
            best_at = from + p;
        }
    }
    return best_at;
}

static float before_first(const struct sc_tone_masked *m, int rise, int off, double hz)
{
    struct wave w[SPAN];
    int count = off - 6;
    turn_back(m, rise - off + 3, count, hz, w);
    return (float)square(mean_of(w, 0, count));
}

/* Sums what was seen of the last n bursts, newest first. */
static void sum_up(const struct sc_tone_masked *m, const struct seen *s, uint32_t n, int next, double hz,
                   struct sc_tone_evidence *e)
{
    float most_on = 0, least_on = 1e9f, most_off = 0, least_off = 1e9f, loudest = 0, weakest = 1e9f, on = 0, off = 0;
    float coherent = 0, own = 0, total = 0, left = 0, worst = 0, edges = 0, near_off = 0, total_off = 0;
    e->cycles = n;
    e->quarter_least = e->edge_least = 9.0f;
    e->quarter_most = e->edge_error = 0.0f;
    for (uint32_t i = 0; i < n; i++) {
        float on_ms = 5.0f * (float)(s[i].fall - s[i].rise), off_ms = 5.0f * (float)(next - s[i].fall);
        float steps[2] = { s[i].rise_step, s[i].fall_step };
        next = s[i].rise;
        on += on_ms, off += off_ms;
        most_on = fmaxf(most_on, on_ms), least_on = fminf(least_on, on_ms);
        most_off = fmaxf(most_off, off_ms), least_off = fminf(least_off, off_ms);
        loudest = fmaxf(loudest, s[i].amplitude), weakest = fminf(weakest, s[i].amplitude);
        own += s[i].amplitude * s[i].amplitude;
        coherent += s[i].power, total += s[i].total, left += s[i].left;
        near_off += s[i].power_off, total_off += s[i].total_off;
        worst = fmaxf(worst, s[i].left_worst);
        e->quarter_least = fminf(e->quarter_least, s[i].quarter_least);
        e->quarter_most = fmaxf(e->quarter_most, s[i].quarter_most);
        for (int k = 0; k < 2; k++) {
            edges += steps[k];
            e->edge_least = fminf(e->edge_least, steps[k]);
            e->edge_error = fmaxf(e->edge_error, fabsf(steps[k] - 1.0f));
        }
    }
    float count = (float)n, gain = 1.0f / sc_tone_bank_response((float)hz - m->nominal_hz);
    e->offset_hz = (float)hz - m->nominal_hz;
    e->amplitude = sqrtf(own / count) * gain;
    e->on_ms = on / count, e->off_ms = off / count;
    e->uneven_on_ms = most_on - least_on, e->uneven_off_ms = most_off - least_off;
    e->coherent = own / coherent;
    e->left = left / own, e->left_worst = worst * count / own;
    float tone = 0.5f * own * gain * gain;
    e->share = tone / (total > 1.0f ? total : 1.0f);
    e->rest_off = total_off / tone;
    e->near_off = near_off / own;
    e->level_ratio = loudest / weakest;
    e->edge_mean = edges / (2.0f * count);
    e->began = s[n - 1].rise, e->ended = s[0].fall;
    e->before = before_first(m, s[n - 1].rise, (int)(e->off_ms / 5.0f), hz) * count / own;
}

/* Evidence for that length of cadence; how many cycles more than one were found. */
static uint32_t look_at(const struct sc_tone_masked *m, uint32_t onset, const struct sc_tone_length *l,
                        struct sc_tone_evidence *out)
{
    struct seen seen[SC_TONE_MASKED_CYCLES];
    double offset_hz, power;
    int on = l->on, cycle = l->on + l->off, from = (int)onset - 2 * cycle;
    if (!may_be(m, (uint32_t)from, (uint32_t)on, (uint32_t)cycle, &offset_hz))
        return 0;
    double hz = refine_hz(m, from, on, cycle, (double)m->nominal_hz + offset_hz, &power);
    double bursts = between(m->power, (uint32_t)from + 2, (uint32_t)(from + on - 2)) +
                    between(m->power, (uint32_t)(from + cycle + 2), (uint32_t)(from + cycle + on - 2));
    if (power < GATE_COHERENT * bursts / (2.0 * (on - 4)) || fabs(hz - (double)m->nominal_hz) > (double)m->tolerance_hz + 2.0)
        return 0;
    struct sc_tone_evidence e;
    memset(&e, 0, sizeof e);
    int next = see_next(m, (int)onset, hz, sqrt(power), &e), rise = next, found = 0;
    double mean_on = on, mean_cycle = cycle;
    for (uint32_t i = 0; i < SC_TONE_MASKED_CYCLES; i++) {
        int at = (int)lrint((double)rise - mean_cycle), first = at - MARGIN - (int)l->off;
        if (first < 0 || (int)m->now - first > (int)RING - 8)
            break;
        if (!see(m, at, at + (int)lrint(mean_on), rise, hz, &seen[i]))
            break;
        rise = seen[i].rise;
        if (i == 0)
            continue;
        mean_cycle = (double)(next - rise) / (double)(i + 1);
        mean_on = (double)(seen[i].fall - seen[i].rise + seen[0].fall - seen[0].rise) / 2.0;
        sum_up(m, seen, i + 1, next, hz, &e);
        out[found++] = e;
    }
    return (uint32_t)found;
}

uint32_t sc_tone_masked_look(struct sc_tone_masked *masked, struct sc_tone_evidence evidence[SC_TONE_MASKED_CYCLES])
{
    const struct sc_tone_masked *m = masked;
    if (m->now < NEXT_FRAMES + 2 * RISE_FRAMES + 8)
        return 0;
    uint32_t onset = m->now - NEXT_FRAMES;
    double after = between(m->power, onset + 1, onset + NEXT_FRAMES);
    double before = between(m->power, onset - RISE_FRAMES - 3, onset - 4);
    if (after < GATE_RISE * before || after * GAIN_MOST <= m->least_share * between(m->total, onset + 1, onset + NEXT_FRAMES))
        return 0;
    const struct sc_tone_length *best = NULL;
    double highest = 0.0;
    for (uint32_t i = 0; i < m->length_count; i++) {
        const struct sc_tone_length *l = &m->lengths[i];
        if (onset < 2u * ((uint32_t)l->on + l->off) + l->off + 40u)
            continue;
        double height = gate(m, onset, l);
        if (height > highest) {
            highest = height;
            best = l;
        }
    }
    return best != NULL ? look_at(m, onset, best, evidence) : 0;
}

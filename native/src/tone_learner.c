/* tone_learner.c: a line's busy tone, from the ends of its calls.
 *
 * How: first every frame of the bank, at frequencies 50 Hz apart, votes for the sine, or the two, that hold most of its
 * energy. What most frames agree on is then followed as the tone receiver follows a known tone (measurer, tracker), and
 * its last bursts must repeat each other in length, level and frequency with quiet pauses between. The very last burst
 * may be cut by the call's end.
 * Endings that agree are one kind of ending. Its confidence: an ending of many cycles halves
 * the doubt, one of few takes less; that it agrees with another takes more. One ending alone is never more than half
 * believed: a melody may sound like that once.
 * Assumes 8000 samples a second, the far end's sound, a steady tone of 250 .. 1000 Hz, bursts and pauses of 80 .. 1200 ms.
 * Measured: native/bench/bench_progress.c, "learned". */
#include "tone_learner.h"

#include "alloc.h"
#include "level.h"
#include "tone_bank.h"
#include "tone_burst.h"
#include "tone_measurer.h"
#include "tone_plan.h"
#include "tone_receiver.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define RATE 8000u
#define TURN 6.28318530717958647692f
#define LOWEST_HZ 250.0f
#define STEP_HZ 50.0f
#define BANK_FREQUENCIES 16u       /* 250 .. 1000 Hz */
#define LEVEL_DBM0 (-46.0f)        /* a weaker tone is none */
#define VOTE_PURITY 0.55f          /* of a frame's energy; at 10 dB SNR a tone has 0.9 */
#define VOTE_BALANCE 0.06f         /* weaker sine over stronger one, power: 12 dB */
#define PAIR_APART_HZ 110.0f       /* nearer ones are one lobe */
#define VOTE_HZ 12.0f              /* votes so near are for one tone */
#define CANDIDATES 12u
#define TRIED 3u                   /* best candidates that are followed */
#define VOTES_LEAST 60u            /* frames: 300 ms */
#define TOLERANCE_HZ 15.0f
#define SHORTEST_MS 80.0f
#define LONGEST_MS 1200.0f
#define ALIKE_MS 20.0f
#define ALIKE_PART 0.04f
#define ALIKE_LEVEL 1.4f           /* amplitude: 3 dB */
#define ALIKE_HZ 6.0f
#define QUIET_PAUSE 0.25f          /* energy in a pause over the burst's: 6 dB */
#define CYCLES_LEAST 3u                /* of a kind of ending that counts in full */
#define CYCLES_MEASURED 2u
#define SAME_HZ 10.0f              /* endings: one kind */
#define SAME_PART 0.10f
#define SAME_MS 15.0f
#define DOUBT_LEFT 0.5f            /* by one ending of many cycles */
#define AGREES 0.6f                 /* and by its agreeing with one before, of whatever many cycles */
#define CYCLES_FULL 4.0f           /* so many cycles more than the least are "many" */
#define FAST_CYCLE_MS 560.0f       /* congestion: 200 .. 500 ms in all tables; busy: 600 .. 1500 */

struct vote {
    uint32_t count;                /* of sines */
    uint32_t frames;
    float hz[2];                   /* mean of what was voted for */
};

struct sc_tone_learner {
    struct kind {
        uint32_t count;            /* of sines */
        uint32_t endings;
        double weight, hz[2], on_ms, off_ms, level_dbm0;      /* weighted sums */
        float doubt;               /* 1 .. 0 */
        float least_hz, most_hz, least_cycle_ms, most_cycle_ms;
    } kinds[SC_TONE_LEARNED_MAX];
    uint32_t used;
};

/* --- which frequency --- */

static float advance_hz(const struct sc_tone_frame *now, const struct sc_tone_frame *before, uint32_t k, float hz)
{
    float real = now->real[k] * before->real[k] + now->imaginary[k] * before->imaginary[k];
    float imaginary = now->imaginary[k] * before->real[k] - now->real[k] * before->imaginary[k];
    float turned = atan2f(imaginary, real) / TURN - hz * 0.005f;
    return (turned - rintf(turned)) / 0.005f;
}

/* The strongest frequency at least so far from another; its true frequency and power; false when there is none. */
static bool strongest(const struct sc_tone_frame *now, const struct sc_tone_frame *before, float away_from_hz, float *hz,
                      float *power)
{
    int best = -1;
    float most = 0.0f;
    for (uint32_t k = 0; k < BANK_FREQUENCIES; k++) {
        float nominal = LOWEST_HZ + STEP_HZ * (float)k;
        float p = now->real[k] * now->real[k] + now->imaginary[k] * now->imaginary[k];
        if (p > most && fabsf(nominal - away_from_hz) >= PAIR_APART_HZ - STEP_HZ / 2.0f) {
            most = p;
            best = (int)k;
        }
    }
    if (best < 0)
        return false;
    float nominal = LOWEST_HZ + STEP_HZ * (float)best, off = advance_hz(now, before, (uint32_t)best, nominal);
    if (fabsf(off) > 45.0f)
        return false;
    float gain = 1.0f / sc_tone_bank_response(off);
    *hz = nominal + off;
    *power = 0.5f * most * gain * gain;
    return true;
}

static void vote(struct vote *votes, uint32_t count, const float *hz)
{
    struct vote *weakest = &votes[0];
    for (uint32_t i = 0; i < CANDIDATES; i++) {
        struct vote *v = &votes[i];
        if (v->frames > 0 && v->count == count && fabsf(v->hz[0] - hz[0]) <= VOTE_HZ &&
            (count < 2 || fabsf(v->hz[1] - hz[1]) <= VOTE_HZ)) {
            float part = 1.0f / (float)++v->frames;
            for (uint32_t k = 0; k < count; k++)
                v->hz[k] += (hz[k] - v->hz[k]) * part;
            return;
        }
        if (v->frames < weakest->frames)
            weakest = v;
    }
    if (weakest->frames > 4) {     /* full of better ones: wear the weakest down */
        weakest->frames--;
        return;
    }
    *weakest = (struct vote){ count, 1, { hz[0], count > 1 ? hz[1] : 0.0f } };
}

static void vote_frame(struct vote *votes, const struct sc_tone_frame *now, const struct sc_tone_frame *before)
{
    float hz[2], power[2];
    if (now->mean_square <= 0.0f || before->mean_square <= 0.0f || !strongest(now, before, -1000.0f, &hz[0], &power[0]))
        return;
    if (power[0] >= VOTE_PURITY * now->mean_square)
        vote(votes, 1, hz);
    if (power[0] > 0.85f * now->mean_square || !strongest(now, before, hz[0], &hz[1], &power[1]))
        return;
    if (power[1] < VOTE_BALANCE * power[0] || power[0] + power[1] < VOTE_PURITY * now->mean_square)
        return;
    float ascending[2] = { fminf(hz[0], hz[1]), fmaxf(hz[0], hz[1]) };
    vote(votes, 2, ascending);
}

static int gather_votes(struct vote *votes, const int16_t *in, size_t n)
{
    struct sc_tone_bank_settings settings = { .count = BANK_FREQUENCIES, .always = BANK_FREQUENCIES };
    struct sc_tone_bank *bank;
    struct sc_tone_frame before = { 0 };
    float lowest = sc_amplitude_of_dbm0(LEVEL_DBM0);
    for (uint32_t k = 0; k < BANK_FREQUENCIES; k++)
        settings.frequency_hz[k] = LOWEST_HZ + STEP_HZ * (float)k;
    settings.floor_mean_square = 0.25f * lowest * lowest;
    int error = sc_tone_bank_create(&bank, &settings);
    if (error != 0)
        return error;
    memset(votes, 0, CANDIDATES * sizeof *votes);
    while (n > 0) {
        const struct sc_tone_frame *frame;
        size_t taken = sc_tone_bank_feed(bank, in, n, &frame);
        in += taken;
        n -= taken;
        if (frame != NULL) {
            vote_frame(votes, frame, &before);
            before = *frame;
        }
    }
    sc_tone_bank_destroy(bank);
    return 0;
}

/* --- which cadence --- */

static bool near_to(float a, float b, float part, float least)
{
    return fabsf(a - b) <= least + part * b;
}

static bool repeats(const struct sc_tone_burst *b, const struct sc_tone_burst *like)
{
    float louder = b->amplitude > like->amplitude ? b->amplitude / like->amplitude : like->amplitude / b->amplitude;
    return b->clean && b->pause_share <= QUIET_PAUSE && near_to(b->on_ms, like->on_ms, ALIKE_PART, ALIKE_MS) &&
           near_to(b->off_ms, like->off_ms, ALIKE_PART, ALIKE_MS) && louder <= ALIKE_LEVEL &&
           fabsf(b->offset_hz[0] - like->offset_hz[0]) <= ALIKE_HZ && fabsf(b->offset_hz[1] - like->offset_hz[1]) <= ALIKE_HZ;
}

/* The cycles that the tracker's bursts end in, from the `skip`-th newest back; a pause that is not over is none. */
static uint32_t last_cycles(const struct sc_tone_tracker *t, uint32_t skip, const struct vote *v, uint32_t least,
                            struct sc_tone_ending *e)
{
    const struct sc_tone_burst *like = sc_tone_tracker_burst(t, skip);
    double on = 0, off = 0, amplitude = 0, hz[2] = { 0, 0 };
    uint32_t cycles = 0;
    if (like == NULL || like->on_ms < SHORTEST_MS || like->on_ms > LONGEST_MS || like->off_ms < SHORTEST_MS ||
        like->off_ms > LONGEST_MS)
        return 0;
    for (const struct sc_tone_burst *b; (b = sc_tone_tracker_burst(t, skip + cycles)) != NULL && repeats(b, like); cycles++) {
        on += (double)b->on_ms;
        off += (double)b->off_ms;
        amplitude += (double)b->amplitude;
        for (uint32_t k = 0; k < v->count; k++)
            hz[k] += (double)(v->hz[k] + b->offset_hz[k]);
    }
    if (cycles < least || cycles <= e->cycles)
        return cycles;
    double n = (double)cycles;
    *e = (struct sc_tone_ending){ .found = true, .frequency_count = v->count, .cycles = cycles, .on_ms = (float)(on / n),
                                  .off_ms = (float)(off / n), .level_dbm0 = sc_dbm0_of_amplitude((float)(amplitude / n)) };
    for (uint32_t k = 0; k < v->count; k++)
        e->frequency_hz[k] = (float)(hz[k] / n);
    return cycles;
}

/* Follows one candidate through the ending; fills *e in when it does better than what is there. */
static int follow(const struct vote *v, const int16_t *in, size_t n, uint32_t least, struct sc_tone_ending *e)
{
    struct sc_tone_receiver_settings settings = { .descriptor_count = 1 };
    struct sc_tone_descriptor *d = &settings.descriptors[0];
    struct sc_tone_measurer *measurer;
    struct sc_tone_tracker tracker;
    struct sc_tone_plan plan;
    struct sc_tone_measure m;
    double purity = 0.0;
    uint32_t frames = 0, before = e->cycles;
    *d = (struct sc_tone_descriptor){ .kind = SC_TONE_BUSY, .frequency_count = v->count, .frequency_hz = { v->hz[0], v->hz[1] },
                                      .tolerance_hz = TOLERANCE_HZ, .pair_count = 1, .pairs = { { 400, 400 } } };
    int error = sc_tone_plan_make(&plan, &settings);
    if (error == 0)
        error = sc_tone_measurer_create(&measurer, &plan, sc_amplitude_of_dbm0(LEVEL_DBM0));
    if (error != 0)
        return error;
    sc_tone_tracker_reset(&tracker, TOLERANCE_HZ, false);
    while (n > 0) {
        bool complete;
        float mean_square;
        size_t taken = sc_tone_measurer_feed(measurer, in, n, &complete, &mean_square);
        in += taken;
        n -= taken;
        if (!complete)
            continue;
        sc_tone_measurer_measure(measurer, &plan.sounds[0], &m);
        (void)sc_tone_tracker_take(&tracker, &m);
        purity += m.tone ? (double)m.purity : 0.0;
        frames += m.tone ? 1 : 0;
    }
    sc_tone_measurer_destroy(measurer);
    /* the newest burst's pause may not be over, and the newest may be cut off */
    for (uint32_t skip = 0; skip < 3; skip++)
        (void)last_cycles(&tracker, skip, v, least, e);
    if (e->cycles > before)
        e->purity = fminf(1.0f, (float)(purity / (double)(frames > 0 ? frames : 1)));
    return 0;
}

int sc_tone_ending_measure(struct sc_tone_ending *out, const int16_t *in, size_t n, bool told)
{
    uint32_t least = told ? CYCLES_MEASURED : CYCLES_LEAST;
    struct vote votes[CANDIDATES];
    struct sc_tone_ending e = { 0 };
    if (n > (size_t)SC_TONE_ENDING_SECONDS_MAX * RATE)
        return EINVAL;
    int error = gather_votes(votes, in, n);
    for (uint32_t tried = 0; tried < TRIED && error == 0; tried++) {
        struct vote *best = &votes[0];
        for (uint32_t i = 1; i < CANDIDATES; i++)
            if (votes[i].frames > best->frames)
                best = &votes[i];
        if (best->frames < VOTES_LEAST)
            break;
        error = follow(best, in, n, least, &e);
        best->frames = 0;
    }
    if (error == 0)
        *out = e;
    return error;
}

/* --- many endings --- */

int sc_tone_learner_create(struct sc_tone_learner **out)
{
    struct sc_tone_learner *learner = sc_alloc(sizeof *learner);
    if (learner == NULL)
        return ENOMEM;
    sc_tone_learner_reset(learner);
    *out = learner;
    return 0;
}

void sc_tone_learner_destroy(struct sc_tone_learner *learner)
{
    sc_free(learner);
}

void sc_tone_learner_reset(struct sc_tone_learner *learner)
{
    memset(learner, 0, sizeof *learner);
}

static bool same_kind(const struct kind *k, const struct sc_tone_ending *e)
{
    if (k->count != e->frequency_count)
        return false;
    for (uint32_t i = 0; i < k->count; i++)
        if (fabs(k->hz[i] / k->weight - (double)e->frequency_hz[i]) > (double)SAME_HZ)
            return false;
    return near_to(e->on_ms, (float)(k->on_ms / k->weight), SAME_PART, SAME_MS) &&
           near_to(e->off_ms, (float)(k->off_ms / k->weight), SAME_PART, SAME_MS);
}

/* A place for a new kind; the least certain gives way when all are taken. */
static struct kind *new_kind(struct sc_tone_learner *learner, uint32_t count)
{
    struct kind *to = &learner->kinds[0];
    if (learner->used < SC_TONE_LEARNED_MAX) {
        to = &learner->kinds[learner->used++];
    } else {
        for (uint32_t i = 1; i < SC_TONE_LEARNED_MAX; i++)
            if (learner->kinds[i].doubt > to->doubt)
                to = &learner->kinds[i];
    }
    memset(to, 0, sizeof *to);
    to->count = count;
    to->doubt = 1.0f;
    to->least_hz = to->least_cycle_ms = 1e9f;
    return to;
}

void sc_tone_learner_add(struct sc_tone_learner *learner, const struct sc_tone_ending *ending)
{
    const struct sc_tone_ending *e = ending;
    struct kind *k = NULL;
    if (!e->found)
        return;
    for (uint32_t i = 0; i < learner->used && k == NULL; i++)
        if (same_kind(&learner->kinds[i], e))
            k = &learner->kinds[i];
    if (k == NULL)
        k = new_kind(learner, e->frequency_count);
    double weight = (double)e->cycles;
    k->endings++;
    k->weight += weight;
    for (uint32_t i = 0; i < k->count; i++)
        k->hz[i] += weight * (double)e->frequency_hz[i];
    k->on_ms += weight * (double)e->on_ms;
    k->off_ms += weight * (double)e->off_ms;
    k->level_dbm0 += weight * (double)e->level_dbm0;
    k->least_hz = fminf(k->least_hz, e->frequency_hz[0]);
    k->most_hz = fmaxf(k->most_hz, e->frequency_hz[0]);
    k->least_cycle_ms = fminf(k->least_cycle_ms, e->on_ms + e->off_ms);
    k->most_cycle_ms = fmaxf(k->most_cycle_ms, e->on_ms + e->off_ms);
    float many = fminf(1.0f, ((float)e->cycles - (float)CYCLES_LEAST + 1.0f) / (CYCLES_FULL + 1.0f));
    k->doubt *= k->endings > 1 ? AGREES : 1.0f;
    k->doubt *= 1.0f - (1.0f - DOUBT_LEFT) * many * fminf(1.0f, e->purity);
}

static const struct kind *by_confidence(const struct sc_tone_learner *learner, uint32_t index)
{
    for (uint32_t i = 0; i < learner->used; i++) {
        uint32_t better = 0;
        for (uint32_t j = 0; j < learner->used; j++)
            better += learner->kinds[j].doubt < learner->kinds[i].doubt ||
                      (j < i && !(learner->kinds[j].doubt > learner->kinds[i].doubt));
        if (better == index)
            return &learner->kinds[i];
    }
    return NULL;
}

bool sc_tone_learner_learned(const struct sc_tone_learner *learner, uint32_t index, struct sc_tone_learned *out)
{
    const struct kind *k = by_confidence(learner, index);
    if (k == NULL)
        return false;
    memset(out, 0, sizeof *out);
    out->frequency_count = k->count;
    for (uint32_t i = 0; i < k->count; i++)
        out->frequency_hz[i] = (float)(k->hz[i] / k->weight);
    out->on_ms = (float)(k->on_ms / k->weight);
    out->off_ms = (float)(k->off_ms / k->weight);
    out->level_dbm0 = (float)(k->level_dbm0 / k->weight);
    float cycle_ms = out->on_ms + out->off_ms;
    out->spread_hz = fmaxf(k->most_hz - out->frequency_hz[0], out->frequency_hz[0] - k->least_hz);
    out->spread_part = fmaxf(k->most_cycle_ms - cycle_ms, cycle_ms - k->least_cycle_ms) / cycle_ms;
    out->endings = k->endings;
    out->confidence = 1.0f - k->doubt;
    out->fast = cycle_ms < FAST_CYCLE_MS;
    return true;
}

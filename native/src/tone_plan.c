/* tone_plan.c: checks a tone plan and matches bursts with its cadences.
 *
 * How: a cadence is matched over full cycles of finished bursts and pauses. Each length must be near the plan's; and, what
 * keeps speech and music out, the cycles must be like each other: a machine repeats itself within the frame
 * raster in length, frequency and level, whatever the network's tolerance, and is silent in its pauses. */
#include "tone_plan.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <string.h>

#define LOWEST_HZ 200.0f
#define HIGHEST_HZ 3400.0f
#define DEFAULT_TOLERANCE_HZ 40.0f        /* the oldest exchanges: 425 +- 25 Hz and their ageing */
#define SAME_HZ 0.5f
#define LONGEST_PAIR_MS 20000u
#define LENGTH_PART 0.20f                 /* cadence tolerance */
#define LENGTH_MS 12.0f                   /* edges of the frames, twice */
#define FOLLOW_PART 0.30f
#define FOLLOW_MS 20.0f
#define ALIKE_MS 18.0f                    /* one cycle to the next */
#define ALIKE_PART 0.03f
#define ALIKE_HZ 8.0f
#define ALIKE_LEVEL 1.5f                  /* ratio: 3.5 dB */
#define QUIET_PAUSE 0.35f                 /* energy in a pause over the burst's: 4.6 dB down, so 10 dB SNR passes */
#define CLOSE_HZ 75.0f
#define PAIR_APART_HZ 25.0f
#define MANY_APART_HZ 100.0f              /* the window's first zero */
#define SHORT_PAUSE_MS 150.0f      /* a shorter one is a drop-out, or a voice on the tone's place */
#define LONG_PAUSE_MS 1500u        /* cadences with such a pause are reported at the first burst's end */
#define SCALES 9                          /* a cadence is looked for at 0.8, 0.85 .. 1.2 of its lengths */
#define SCALE_STEP 0.05f
#define ONE_LENGTH 0.025f                 /* two of them this near each other are one */
#define MASKED_SHORTEST_MS 100u
#define MASKED_LONGEST_MS 520u
#define CYCLE_MS 6.0f                     /* error of a whole cycle's length under speech, mean of two */
#define PI 3.14159265358979323846

/* Sines that sound together can be told apart: two even within one window, more only where the window parts them. */
static bool apart(const struct sc_tone_descriptor *d)
{
    for (uint32_t i = 0; i < d->frequency_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (fabsf(d->frequency_hz[i] - d->frequency_hz[k]) < (d->frequency_count > 2 ? MANY_APART_HZ : PAIR_APART_HZ))
                return false;
    return true;
}

static bool descriptor_valid(const struct sc_tone_descriptor *d)
{
    uint32_t most = d->sequence ? 3 : 4, least = d->sequence ? 2 : 1;
    bool kind = d->kind >= SC_TONE_DIAL && d->kind <= SC_TONE_FAX_ANSWER;
    bool tolerance = fabsf(d->tolerance_hz) < 1e-6f || (d->tolerance_hz >= 5.0f && d->tolerance_hz <= 60.0f);
    if (!kind || !tolerance || d->frequency_count < least || d->frequency_count > most)
        return false;
    if (d->pair_count > SC_TONE_PAIRS_MAX || (d->sequence && d->pair_count != d->frequency_count))
        return false;
    for (uint32_t i = 0; i < d->frequency_count; i++)
        if (!(d->frequency_hz[i] >= LOWEST_HZ && d->frequency_hz[i] <= HIGHEST_HZ))
            return false;
    if (!d->sequence && !apart(d))
        return false;
    for (uint32_t i = 0; i < d->pair_count; i++) {
        const struct sc_tone_pair *p = &d->pairs[i];
        if (p->on_ms < 40 || p->on_ms > LONGEST_PAIR_MS || p->off_ms > LONGEST_PAIR_MS)
            return false;
        if (p->off_ms < 40 && !d->sequence)
            return false;
    }
    return true;
}

static int index_of(struct sc_tone_plan *plan, float hz)
{
    for (uint32_t i = 0; i < plan->frequency_count; i++)
        if (fabsf(plan->frequency_hz[i] - hz) < SAME_HZ)
            return (int)i;
    if (plan->frequency_count == SC_TONE_BANK_MAX)
        return -1;
    plan->frequency_hz[plan->frequency_count] = hz;
    return (int)plan->frequency_count++;
}

/* The Hann window of a frame, `at` samples from its centre. */
static double window(double at)
{
    double half = SC_TONE_BANK_WINDOW / 2.0;
    return fabs(at) < half ? 0.5 + 0.5 * cos(PI * at / half) : 0.0;
}

static void find_overlap(struct sc_tone_sound *sound)
{
    double apart = 2.0 * PI * (double)(sound->frequency_hz[0] - sound->frequency_hz[1]) / 8000.0;
    double shift = sound->close ? SC_TONE_BANK_HOP : 0.0;
    double sum = 0.0, crossed = 0.0, squares = 0.0, squares_crossed = 0.0;
    for (int i = -2 * (int)SC_TONE_BANK_WINDOW; i < 2 * (int)SC_TONE_BANK_WINDOW; i++) {
        double at = i + 0.5, a = window(at - shift), b = window(at + shift), turn = cos(apart * at);
        sum += a + b;
        crossed += (a + b) * turn;
        squares += a * a + b * b;
        squares_crossed += (a * a + b * b) * turn;
    }
    sound->overlap = (float)(crossed / sum);
    sound->energy_overlap = (float)(squares_crossed / squares);
}

/* Finds or adds the sound of `count` frequencies; -1 when there is no room. */
static int sound_for(struct sc_tone_plan *plan, const float *hz, uint32_t count, float tolerance_hz, bool modulated)
{
    struct sc_tone_sound sound;
    memset(&sound, 0, sizeof sound);
    sound.count = count;
    sound.tolerance_hz = tolerance_hz;
    sound.modulated = modulated;
    for (uint32_t i = 0; i < count; i++) {
        int index = index_of(plan, hz[i]);
        if (index < 0)
            return -1;
        sound.index[i] = (uint32_t)index;
        sound.frequency_hz[i] = plan->frequency_hz[index];
    }
    for (uint32_t s = 0; s < plan->sound_count; s++) {
        const struct sc_tone_sound *known = &plan->sounds[s];
        if (known->count == count && memcmp(known->index, sound.index, sizeof sound.index) == 0 &&
            fabsf(known->tolerance_hz - tolerance_hz) < SAME_HZ && known->modulated == modulated)
            return (int)s;
    }
    if (plan->sound_count == SC_TONE_SOUNDS_MAX)
        return -1;
    sound.close = count == 2 && fabsf(sound.frequency_hz[0] - sound.frequency_hz[1]) < CLOSE_HZ;
    if (count == 2)
        find_overlap(&sound);
    plan->sounds[plan->sound_count] = sound;
    return (int)plan->sound_count++;
}

static int add_descriptor(struct sc_tone_plan *plan, uint32_t n)
{
    const struct sc_tone_descriptor *d = &plan->descriptors[n];
    float tolerance = d->tolerance_hz > 1.0f ? d->tolerance_hz : DEFAULT_TOLERANCE_HZ;
    uint32_t sounds = d->sequence ? d->frequency_count : 1;
    for (uint32_t i = 0; i < sounds; i++) {
        int s = sound_for(plan, d->frequency_hz + i, d->sequence ? 1 : d->frequency_count, tolerance, d->modulated);
        if (s < 0)
            return EINVAL;
        plan->sound_of[n][i] = (uint8_t)s;
    }
    if (d->sequence)
        return 0;
    float *longest = &plan->longest_on_ms[plan->sound_of[n][0]];
    for (uint32_t i = 0; i < d->pair_count; i++)
        *longest = fmaxf(*longest, sc_tone_plan_longest_ms(d->pairs[i].on_ms));
    return 0;
}

int sc_tone_plan_make(struct sc_tone_plan *plan, const struct sc_tone_receiver_settings *settings)
{
    memset(plan, 0, sizeof *plan);
    if (settings->descriptor_count == 0 || settings->descriptor_count > SC_TONE_DESCRIPTORS_MAX)
        return EINVAL;
    plan->descriptor_count = settings->descriptor_count;
    for (uint32_t i = 0; i < settings->descriptor_count; i++) {
        if (!descriptor_valid(&settings->descriptors[i]))
            return EINVAL;
        plan->descriptors[i] = settings->descriptors[i];
        int error = add_descriptor(plan, i);
        if (error != 0)
            return error;
    }
    return 0;
}

bool sc_tone_plan_fits(float measured_ms, uint32_t nominal_ms)
{
    return fabsf(measured_ms - (float)nominal_ms) <= LENGTH_PART * (float)nominal_ms + LENGTH_MS;
}

bool sc_tone_plan_follows(float measured_ms, uint32_t nominal_ms)
{
    return fabsf(measured_ms - (float)nominal_ms) <= FOLLOW_PART * (float)nominal_ms + FOLLOW_MS;
}

float sc_tone_plan_longest_ms(uint32_t nominal_ms)
{
    return (1.0f + FOLLOW_PART) * (float)nominal_ms + FOLLOW_MS;
}

bool sc_tone_plan_has_long_pause(const struct sc_tone_descriptor *d)
{
    return d->pair_count > 0 && d->pairs[d->pair_count - 1].off_ms >= LONG_PAUSE_MS;
}

bool sc_tone_plan_too_early(const struct sc_tone_descriptor *d, const struct sc_tone_burst *last)
{
    for (uint32_t i = 0; i < d->pair_count; i++)
        if (sc_tone_plan_follows(last->off_ms, d->pairs[i].off_ms))
            return false;
    return last->off_ms >= SHORT_PAUSE_MS && last->off_ms < (float)d->pairs[d->pair_count - 1].off_ms;
}

bool sc_tone_plan_follows_some(const struct sc_tone_descriptor *d, float on_ms)
{
    for (uint32_t i = 0; i < d->pair_count; i++)
        if (sc_tone_plan_follows(on_ms, d->pairs[i].on_ms))
            return true;
    return false;
}

float sc_tone_plan_longest(const struct sc_tone_descriptor *d, bool pause)
{
    float most = 0.0f;
    for (uint32_t i = 0; i < d->pair_count; i++)
        most = fmaxf(most, sc_tone_plan_longest_ms(pause ? d->pairs[i].off_ms : d->pairs[i].on_ms));
    return most;
}

static bool near_in_time(float a_ms, float b_ms)
{
    return fabsf(a_ms - b_ms) <= ALIKE_MS + ALIKE_PART * a_ms;
}

static bool alike(const struct sc_tone_burst *a, const struct sc_tone_burst *b)
{
    float louder = a->amplitude > b->amplitude ? a->amplitude / b->amplitude : b->amplitude / a->amplitude;
    return louder <= ALIKE_LEVEL && fabsf(a->offset_hz[0] - b->offset_hz[0]) <= ALIKE_HZ &&
           fabsf(a->offset_hz[1] - b->offset_hz[1]) <= ALIKE_HZ;
}

/* The bursts, oldest first from `oldest` back, against the cadence begun at pair `first`. */
static bool matches_from(const struct sc_tone_descriptor *d, const struct sc_tone_tracker *t, uint32_t oldest, uint32_t first,
                         bool quiet)
{
    for (uint32_t i = 0; i <= oldest; i++) {
        const struct sc_tone_burst *b = sc_tone_tracker_burst(t, oldest - i);
        const struct sc_tone_pair *pair = &d->pairs[(first + i) % d->pair_count];
        if (b == NULL || !b->clean || (quiet && b->pause_share > QUIET_PAUSE))
            return false;
        if (!sc_tone_plan_fits(b->on_ms, pair->on_ms) || !sc_tone_plan_fits(b->off_ms, pair->off_ms))
            return false;
        if (i < d->pair_count)
            continue;
        const struct sc_tone_burst *before = sc_tone_tracker_burst(t, oldest - i + d->pair_count);
        if (!alike(b, before) || !near_in_time(b->on_ms, before->on_ms) || !near_in_time(b->off_ms, before->off_ms))
            return false;
    }
    return true;
}

bool sc_tone_plan_matches(const struct sc_tone_descriptor *descriptor, const struct sc_tone_tracker *tracker, uint32_t cycles,
                          bool quiet, uint32_t *bursts)
{
    uint32_t needed = cycles * descriptor->pair_count;
    if (needed > tracker->kept || needed > SC_TONE_BURSTS_KEPT)
        return false;
    for (uint32_t first = 0; first < descriptor->pair_count; first++)
        if (matches_from(descriptor, tracker, needed - 1, first, quiet)) {
            *bursts = needed;
            return true;
        }
    return false;
}

static bool maskable(const struct sc_tone_plan *plan, uint32_t n, uint32_t sound)
{
    const struct sc_tone_descriptor *d = &plan->descriptors[n];
    if (plan->sound_of[n][0] != sound || d->sequence || d->pair_count != 1)
        return false;
    uint32_t on = d->pairs[0].on_ms, off = d->pairs[0].off_ms;
    return (d->kind == SC_TONE_BUSY || d->kind == SC_TONE_CONGESTION) && on >= MASKED_SHORTEST_MS && off >= MASKED_SHORTEST_MS &&
           on <= MASKED_LONGEST_MS && off <= MASKED_LONGEST_MS;
}

static bool known_length(const struct sc_tone_length *lengths, uint32_t count, float on, float off)
{
    for (uint32_t i = 0; i < count; i++)
        if (fabsf((float)lengths[i].on - on) <= ONE_LENGTH * on && fabsf((float)lengths[i].off - off) <= ONE_LENGTH * off)
            return true;
    return false;
}

uint32_t sc_tone_plan_lengths(const struct sc_tone_plan *plan, uint32_t sound, struct sc_tone_length *lengths)
{
    uint32_t count = 0;
    if (plan->sounds[sound].close || plan->sounds[sound].modulated)
        return 0;
    for (uint32_t n = 0; n < plan->descriptor_count; n++)
        for (int step = 0; step < SCALES && maskable(plan, n, sound); step++) {
            float scale = 1.0f + SCALE_STEP * (float)(step - SCALES / 2);
            float on = scale * (float)plan->descriptors[n].pairs[0].on_ms / SC_TONE_FRAME_MS;
            float off = scale * (float)plan->descriptors[n].pairs[0].off_ms / SC_TONE_FRAME_MS;
            if (count < SC_TONE_MASKED_LENGTHS && !known_length(lengths, count, on, off))
                lengths[count++] = (struct sc_tone_length){ (uint16_t)lroundf(on), (uint16_t)lroundf(off) };
        }
    return count;
}

int sc_tone_plan_nearest(const struct sc_tone_plan *plan, uint32_t sound, uint32_t armed, float on_ms, float off_ms)
{
    int nearest = -1;
    float least = LENGTH_PART;
    for (uint32_t n = 0; n < plan->descriptor_count; n++) {
        const struct sc_tone_descriptor *d = &plan->descriptors[n];
        if (!maskable(plan, n, sound) || (armed & SC_TONE_ARM(d->kind)) == 0)
            continue;
        float cycle_ms = (float)(d->pairs[0].on_ms + d->pairs[0].off_ms);
        float away = (fabsf(on_ms + off_ms - cycle_ms) - CYCLE_MS) / cycle_ms;
        if (away > least || !sc_tone_plan_fits(on_ms, d->pairs[0].on_ms) || !sc_tone_plan_fits(off_ms, d->pairs[0].off_ms))
            continue;
        least = away;
        nearest = (int)n;
    }
    return nearest;
}

/* dtmf_evidence.c: judges the frames of a would-be digit together.
 *
 * How: advances are summed as vectors, so that the angle of the sum is the mean frequency and its length over the sum of the
 * lengths tells how steady it was. Purity and the energy at eight places between and beside the tones tell noise, which is even,
 * from the rest of a voice, which is in lines. The tolerance of frequency, of twist and of noise narrow one another: a telephone
 * is off, or twisted, or noisy, hardly ever all three; speech and music often are.
 * Assumes frames that overlap by three quarters (tone_bank.h).
 * Measured: the limits beside what they are to tell apart, below; as a whole in dtmf_receiver.c. */
#include "dtmf_evidence.h"

#include <math.h>
#include <string.h>

#define RUN_PURITY 0.76f                /* mean over the run; at 8 dB SNR the lowest of 1024 digits was 0.796 */
#define STRAY_FREE 0.010f               /* stray energy that the edges of a clean tone bring */
#define STRAY_MOST 0.18f                /* of the energy that is not the tones': white noise has 0.14 of it there, */
#define STRAY_LEAST 0.05f               /* a voice more, or, with its lines elsewhere, less */
#define NOISY_PURITY 0.85f              /* below it the least counts */
#define NOISY_TWIST_DB 6.0f
#define PURE 0.92f                      /* what a twist beyond that needs */
#define STEADY 0.9885f                  /* coherence of the frequency over the run; speech wanders. Lowest of 2048
                                         * digits at 8 dB SNR: 0.9911; of 640 at the edges of the tolerance: 0.9901 */
#define BOTH_OFF 1.75f                  /* sum of the squares of both offsets over their tolerances; 1.6 in Q.24's corner */
#define BOTH_OFF_TWISTED 1.3f           /* with a twist beyond NOISY_TWIST_DB */
#define BOTH_OFF_CALM 0.3f              /* a twist that only an echo makes says nothing of the telephone: it is near the middle */
#define OFF_FULL_PURITY 0.90f           /* from here down to OFF_NO_PURITY less and less: noisy or off, not both */
#define OFF_NO_PURITY 0.70f
#define WAY_OFF 9.0f

#define CALM_PURITY 0.95f               /* of each frame: an echo's beginning and end have 0.5 to 0.94 */
#define CALM_MEAN_PURITY 0.98f
#define CALM_FRAMES 3u                  /* a digit of 60 ms less an echo of 24 ms and its 12 ms leaves so many */
#define CALM_HZ 6.0f                    /* a frame so far off the others is another tone, or a jump of phase */
#define CALM_PART 0.8f                  /* ... or in level */
#define STILL_FRAMES 7u                 /* 50 ms of sound */
#define STILL_RATIO 1.08f               /* most over least amplitude: notes swell, die away and tremble */

static void add_tone(struct sc_dtmf_group_tally *group, const struct sc_dtmf_tone *tone, bool first)
{
    group->real += tone->advance_real;
    group->imaginary += tone->advance_imaginary;
    group->weight += tone->weight;
    group->sum += tone->amplitude;
    group->least = first ? tone->amplitude : fminf(group->least, tone->amplitude);
    group->most = fmaxf(group->most, tone->amplitude);
}

void sc_dtmf_tally_add(struct sc_dtmf_tally *tally, const struct sc_dtmf_look *look, float stray)
{
    add_tone(&tally->low, &look->low, tally->frames == 0);
    add_tone(&tally->high, &look->high, tally->frames == 0);
    tally->frames++;
    tally->purity += look->purity;
    tally->stray += stray;
}

static float mean_purity(const struct sc_dtmf_tally *t)
{
    return t->purity / (float)t->frames;
}

static float twist_db(const struct sc_dtmf_tally *t)
{
    return sc_dtmf_twist_db(t->low.sum, t->high.sum);
}

/* Is what is not the tones noise, rather than the rest of a voice? */
static bool noise_like(const struct sc_dtmf_tally *t)
{
    float purity = mean_purity(t), strays = t->stray / (float)t->frames;
    float rest = 1.0f / purity - 1.0f;
    if (purity < RUN_PURITY || strays > STRAY_FREE + STRAY_MOST * rest)
        return false;
    if (fabsf(twist_db(t)) > NOISY_TWIST_DB)
        return purity >= PURE;
    return purity >= NOISY_PURITY || strays >= STRAY_LEAST * rest;
}

/* How far both frequencies together may be off. */
static float most_off(const struct sc_dtmf_tally *t)
{
    float most = fabsf(twist_db(t)) > NOISY_TWIST_DB ? BOTH_OFF_TWISTED : BOTH_OFF;
    float part = (mean_purity(t) - OFF_NO_PURITY) / (OFF_FULL_PURITY - OFF_NO_PURITY);
    return part < 1.0f ? most * part : most;
}

/* Offset of the mean frequency over its tolerance; more than 1 when it is not one steady frequency. */
static float relative_offset(const struct sc_dtmf_group_tally *g, uint32_t tone)
{
    if (sqrtf(g->real * g->real + g->imaginary * g->imaginary) < STEADY * g->weight)
        return WAY_OFF;
    return fabsf(sc_dtmf_offset_hz(g->real, g->imaginary)) / sc_dtmf_tolerance_hz(tone);
}

static float both_off(const struct sc_dtmf_tally *t, uint32_t low, uint32_t high)
{
    float low_off = relative_offset(&t->low, low), high_off = relative_offset(&t->high, high);
    return low_off <= 1.0f && high_off <= 1.0f ? low_off * low_off + high_off * high_off : WAY_OFF;
}

bool sc_dtmf_tally_is_digit(const struct sc_dtmf_tally *tally, uint32_t low, uint32_t high)
{
    return tally->frames > 0 && noise_like(tally) && both_off(tally, low, high) <= most_off(tally);
}

bool sc_dtmf_tally_is_calm(const struct sc_dtmf_tally *tally, uint32_t low, uint32_t high)
{
    return tally->frames >= CALM_FRAMES && mean_purity(tally) >= CALM_MEAN_PURITY && noise_like(tally) &&
           both_off(tally, low, high) <= BOTH_OFF_CALM;
}

bool sc_dtmf_tally_stands_still(const struct sc_dtmf_tally *tally)
{
    return tally->frames >= STILL_FRAMES && tally->low.most <= STILL_RATIO * tally->low.least &&
           tally->high.most <= STILL_RATIO * tally->high.least;
}

static bool tone_goes_on(const struct sc_dtmf_group_tally *g, uint32_t frames, const struct sc_dtmf_tone *tone)
{
    float mean = g->sum / (float)frames;
    float apart_hz = sc_dtmf_offset_hz(g->real, g->imaginary) - sc_dtmf_offset_hz(tone->advance_real, tone->advance_imaginary);
    return fabsf(apart_hz) <= CALM_HZ && tone->amplitude >= CALM_PART * mean && tone->amplitude * CALM_PART <= mean;
}

void sc_dtmf_tally_go_on(struct sc_dtmf_tally *tally, const struct sc_dtmf_look *look, float stray)
{
    bool pure = look->purity >= CALM_PURITY;
    bool goes_on = pure && tally->frames > 0 && tone_goes_on(&tally->low, tally->frames, &look->low) &&
                   tone_goes_on(&tally->high, tally->frames, &look->high);
    if (!goes_on)
        memset(tally, 0, sizeof *tally);
    if (pure)
        sc_dtmf_tally_add(tally, look, stray);
}

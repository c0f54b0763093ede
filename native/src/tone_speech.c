/* tone_speech.c: a busy tone of one sine, or of two (North America: 480 + 620 Hz), under somebody's voice.
 *
 * How: each sine has its own tone_masked. Of two, both must show the same cycles at the same time; what is believed is the
 * worse of both in everything, but for the share of all that sounds, which is theirs together.
 * Two sines closer than the bank resolves are not looked for under speech.
 * Measured: with tone_masked.c (test_tone_masked.c). */
#include "tone_speech.h"

#include "alloc.h"

#include <errno.h>
#include <math.h>

#define LOOK_FRAMES 4u             /* every 20 ms */
#define TOGETHER_FRAMES 8.0        /* edges of one sine and of the other */

struct sc_tone_speech {
    struct sc_tone_masked *masked[2];
    struct sc_tone_sound sound;
    uint32_t frames;
};

int sc_tone_speech_create(struct sc_tone_speech **out, const struct sc_tone_plan *plan, uint32_t sound,
                          float lowest_amplitude)
{
    struct sc_tone_length lengths[SC_TONE_MASKED_LENGTHS];
    uint32_t count = sc_tone_plan_lengths(plan, sound, lengths);
    *out = NULL;
    if (count == 0)
        return 0;
    struct sc_tone_speech *s = sc_alloc(sizeof *s);
    if (s == NULL)
        return ENOMEM;
    s->sound = plan->sounds[sound];
    float least = lowest_amplitude / (s->sound.count > 1 ? 1.5f : 1.0f);
    int error = 0;
    for (uint32_t i = 0; i < s->sound.count && error == 0; i++)
        error = sc_tone_masked_create(&s->masked[i], s->sound.frequency_hz[i], s->sound.tolerance_hz, least,
                                      1.0f / (float)s->sound.count, lengths, count);
    if (error != 0) {
        sc_tone_speech_destroy(s);
        return error;
    }
    *out = s;
    return 0;
}

void sc_tone_speech_destroy(struct sc_tone_speech *speech)
{
    if (speech == NULL)
        return;
    for (uint32_t i = 0; i < 2; i++)
        sc_tone_masked_destroy(speech->masked[i]);
    sc_free(speech);
}

void sc_tone_speech_reset(struct sc_tone_speech *speech)
{
    for (uint32_t i = 0; i < speech->sound.count; i++)
        sc_tone_masked_reset(speech->masked[i]);
    speech->frames = 0;
}

static void take_sine(struct sc_tone_speech *speech, uint32_t i, const struct sc_tone_frame *frame)
{
    const uint32_t k = speech->sound.index[i];
    sc_tone_masked_take(speech->masked[i], frame->real[k], frame->imaginary[k], frame->mean_square);
}

bool sc_tone_speech_take(struct sc_tone_speech *speech, const struct sc_tone_measurer *measurer)
{
    const struct sc_tone_frame *frame = sc_tone_measurer_frame(measurer);
    take_sine(speech, 0, frame);
    if (speech->sound.count > 1)
        take_sine(speech, 1, frame);
    if (++speech->frames < LOOK_FRAMES)
        return false;
    speech->frames = 0;
    return true;
}

/* Worsens a by b, the other sine's. */
static void join(struct sc_tone_evidence *a, const struct sc_tone_evidence *b)
{
    a->second_offset_hz = b->offset_hz;
    a->amplitude = sqrtf(a->amplitude * a->amplitude + b->amplitude * b->amplitude);
    a->share += b->share;
    a->rest_off = fmaxf(a->rest_off, b->rest_off);
    a->near_off = fmaxf(a->near_off, b->near_off);
    a->coherent = fminf(a->coherent, b->coherent);
    a->left = fmaxf(a->left, b->left);
    a->left_worst = fmaxf(a->left_worst, b->left_worst);
    a->before = fmaxf(a->before, b->before);
    a->level_ratio = fmaxf(a->level_ratio, b->level_ratio);
    a->quarter_least = fminf(a->quarter_least, b->quarter_least);
    a->quarter_most = fmaxf(a->quarter_most, b->quarter_most);
    a->edge_least = fminf(a->edge_least, b->edge_least);
    a->edge_mean = fminf(a->edge_mean, b->edge_mean);
    a->edge_error = fmaxf(a->edge_error, b->edge_error);
    a->next_step = fminf(a->next_step, b->next_step);
    a->next_amplitude = fmaxf(a->next_amplitude, b->next_amplitude);
    a->uneven_on_ms = fmaxf(a->uneven_on_ms, b->uneven_on_ms);
    a->uneven_off_ms = fmaxf(a->uneven_off_ms, b->uneven_off_ms);
}

uint32_t sc_tone_speech_look(struct sc_tone_speech *speech, struct sc_tone_evidence evidence[SC_TONE_MASKED_CYCLES])
{
    struct sc_tone_evidence other[SC_TONE_MASKED_CYCLES];
    uint32_t count = sc_tone_masked_look(speech->masked[0], evidence), both = 0;
    if (speech->sound.count < 2 || count == 0)
        return count;
    uint32_t others = sc_tone_masked_look(speech->masked[1], other);
    for (; both < count && both < others; both++) {     /* each: 2, 3 ... cycles */
        if (fabs(evidence[both].began - other[both].began) > TOGETHER_FRAMES ||
            fabs(evidence[both].ended - other[both].ended) > TOGETHER_FRAMES)
            break;
        join(&evidence[both], &other[both]);
    }
    return both;
}

uint32_t sc_tone_speech_now(const struct sc_tone_speech *speech)
{
    return sc_tone_masked_now(speech->masked[0]);
}

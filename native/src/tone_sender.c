/* tone_sender.c: call-progress tones from a list of segments.
 *
 * How: one exact oscillator a frequency (sine.h); the gain of a segment is 1 except for its first and last 2.5 ms, where it
 * follows a raised cosine. Whether an edge is ramped is decided at the segment's start: not where the neighbour is the
 * same sound, so a tone of one repeating segment is continuous. A stop request lowers a second gain in the same way.
 * Assumes 8000 samples a second.
 * Measured (test_tone_sender.c): frequency within 0.01 Hz over 10 s, level within 0.01 dB, cadence exact to the sample,
 * second difference at an edge or a stop at most 1.35 times that of the steady sine. */
#include "tone_sender.h"

#include "alloc.h"
#include "level.h"
#include "sine.h"

#include <errno.h>
#include <string.h>

#define SAMPLES_PER_MS 8u
#define RAMP_SAMPLES 20u             /* 2.5 ms: ES 201 970 lets a tone take 5 ms to rise */
#define LONGEST_MS 3600000u          /* keeps sample counts within 32 bits */
#define LOWEST_HZ 20.0f
#define HIGHEST_HZ 3900.0f
#define LOWEST_DBM0 (-70.0f)
#define HEADROOM 1.0005f             /* rounding of 3.14 dBm0 must not be refused */

struct sc_tone_sender {
    struct sc_tone_sender_settings settings;
    struct sc_sine sines[SC_TONE_FREQUENCIES_MAX];
    uint32_t segment;                /* being sent */
    uint32_t position;               /* sample in it */
    uint32_t length;                 /* 0 = for ever */
    uint32_t rounds;                 /* completed repeats */
    bool ramp_in, ramp_out;
    bool finished;
    bool stopping;
    uint32_t stop_position;
};

static bool segment_valid(const struct sc_tone_segment *segment, bool last)
{
    if (segment->frequency_count > SC_TONE_FREQUENCIES_MAX || segment->duration_ms > LONGEST_MS)
        return false;
    if (segment->duration_ms == 0 && !last)
        return false;
    float sum = 0.0f;
    for (uint32_t i = 0; i < segment->frequency_count; i++) {
        float hz = segment->frequency_hz[i], level = segment->level_dbm0[i];
        if (!(hz >= LOWEST_HZ && hz <= HIGHEST_HZ) || !(level >= LOWEST_DBM0 && level <= SC_FULL_SCALE_DBM0))
            return false;
        sum += sc_amplitude_of_dbm0(level);
    }
    return sum <= SC_FULL_SCALE * HEADROOM;
}

static bool settings_valid(const struct sc_tone_sender_settings *settings)
{
    uint32_t count = settings->segment_count;
    if (count == 0 || count > SC_TONE_SEGMENTS_MAX || settings->lead_count >= count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!segment_valid(&settings->segments[i], i + 1 == count))
            return false;
    return true;
}

static bool same_sound(const struct sc_tone_segment *a, const struct sc_tone_segment *b)
{
    if (a->frequency_count != b->frequency_count)
        return false;
    for (uint32_t i = 0; i < a->frequency_count; i++) {
        bool hz = fabsf(a->frequency_hz[i] - b->frequency_hz[i]) < 1e-6f;
        bool level = fabsf(a->level_dbm0[i] - b->level_dbm0[i]) < 1e-6f;
        if (!hz || !level)
            return false;
    }
    return true;
}

/* The segment after the current one, or NULL when the tone ends there. */
static const struct sc_tone_segment *following(const struct sc_tone_sender *s)
{
    const struct sc_tone_sender_settings *settings = &s->settings;
    if (s->segment + 1 < settings->segment_count)
        return &settings->segments[s->segment + 1];
    if (settings->repeats != 0 && s->rounds + 1 >= settings->repeats)
        return NULL;
    return &settings->segments[settings->lead_count];
}

static void enter_segment(struct sc_tone_sender *s, const struct sc_tone_segment *before)
{
    const struct sc_tone_segment *now = &s->settings.segments[s->segment];
    s->position = 0;
    s->length = now->duration_ms * SAMPLES_PER_MS;
    s->ramp_in = before == NULL || !same_sound(before, now);
    const struct sc_tone_segment *next = following(s);
    s->ramp_out = s->length > 0 && (next == NULL || !same_sound(now, next));
    if (!s->ramp_in)
        return;
    for (uint32_t i = 0; i < now->frequency_count; i++)
        sc_sine_start(&s->sines[i], (double)now->frequency_hz[i], (double)sc_amplitude_of_dbm0(now->level_dbm0[i]));
}

static void leave_segment(struct sc_tone_sender *s)
{
    const struct sc_tone_segment *before = &s->settings.segments[s->segment];
    if (following(s) == NULL) {
        s->finished = true;
        return;
    }
    if (++s->segment == s->settings.segment_count) {
        s->segment = s->settings.lead_count;
        s->rounds++;
    }
    enter_segment(s, before);
}

static double edge_gain(const struct sc_tone_sender *s)
{
    double gain = 1.0;
    uint32_t ramp = s->length > 0 && s->length < 2 * RAMP_SAMPLES ? s->length / 2 : RAMP_SAMPLES;
    if (s->ramp_in && s->position < ramp)
        gain = sc_sine_edge(s->position, ramp);
    if (s->ramp_out && s->position >= s->length - ramp)
        gain = sc_sine_edge(s->length - 1 - s->position, ramp);
    if (s->stopping)
        gain *= sc_sine_edge(RAMP_SAMPLES - 1 - s->stop_position, RAMP_SAMPLES);
    return gain;
}

static int16_t to_sample(double value)
{
    if (value > 32767.0)
        return 32767;
    if (value < -32768.0)
        return -32768;
    return (int16_t)lrint(value);
}

static int16_t next_sample(struct sc_tone_sender *s)
{
    const struct sc_tone_segment *segment = &s->settings.segments[s->segment];
    double sum = 0.0;
    for (uint32_t i = 0; i < segment->frequency_count; i++)
        sum += sc_sine_next(&s->sines[i]);
    if (segment->frequency_count > 0)
        sum *= edge_gain(s);
    s->position++;
    if (s->stopping && ++s->stop_position == RAMP_SAMPLES)
        s->finished = true;
    else if (s->position == s->length)
        leave_segment(s);
    return to_sample(sum);
}

int sc_tone_sender_create(struct sc_tone_sender **out, const struct sc_tone_sender_settings *settings)
{
    if (settings == NULL || !settings_valid(settings))
        return EINVAL;
    struct sc_tone_sender *s = sc_alloc(sizeof *s);
    if (s == NULL)
        return ENOMEM;
    s->settings = *settings;
    sc_tone_sender_reset(s);
    *out = s;
    return 0;
}

void sc_tone_sender_destroy(struct sc_tone_sender *sender)
{
    sc_free(sender);
}

void sc_tone_sender_reset(struct sc_tone_sender *sender)
{
    sender->segment = 0;
    sender->rounds = 0;
    sender->finished = false;
    sender->stopping = false;
    sender->stop_position = 0;
    enter_segment(sender, NULL);
}

int sc_tone_sender_set(struct sc_tone_sender *sender, const struct sc_tone_sender_settings *settings)
{
    if (settings == NULL || !settings_valid(settings))
        return EINVAL;
    sender->settings = *settings;
    sc_tone_sender_reset(sender);
    return 0;
}

void sc_tone_sender_stop(struct sc_tone_sender *sender)
{
    if (sender->finished || sender->stopping)
        return;
    if (sender->settings.segments[sender->segment].frequency_count == 0)
        sender->finished = true;
    else
        sender->stopping = true;
}

size_t sc_tone_sender_process(struct sc_tone_sender *sender, int16_t *out, size_t n)
{
    size_t made = 0;
    while (made < n && !sender->finished)
        out[made++] = next_sample(sender);
    if (made < n)
        memset(out + made, 0, (n - made) * sizeof *out);
    return made;
}

bool sc_tone_sender_finished(const struct sc_tone_sender *sender)
{
    return sender->finished;
}

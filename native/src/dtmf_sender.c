/* dtmf_sender.c: sends queued DTMF digits as sound.
 *
 * How: two exact oscillators (sine.h) with raised-cosine edges of 2.5 ms inside the tone, then silence; the queue is a ring.
 * Assumes 8000 samples a second.
 * Measured (test_dtmf_sender.c, test_peer_dtmf.c): frequencies within 0.1 Hz, levels within 0.1 dB; every digit read by
 * libspandsp at the default lengths and at 50/50 ms. */
#include "dtmf_sender.h"

#include "alloc.h"
#include "level.h"
#include "sine.h"

#include <errno.h>
#include <string.h>

#define SAMPLES_PER_MS 8u
#define RAMP_SAMPLES 20u          /* ES 201 235-2 4.2.4: a tone rises within 5 ms */
#define DEFAULT_MS 80u
#define SHORTEST_MS 40u           /* Q.24: the shortest signal and pause that must be accepted */
#define LONGEST_MS 8000u
#define DEFAULT_LOW_DBM0 (-9.0f)  /* high group 2 dB above the low one: ES 201 235-2 4.2.3 */
#define DEFAULT_HIGH_DBM0 (-7.0f)
#define LOWEST_DBM0 (-40.0f)
#define HIGHEST_DBM0 (-1.0f)

static const double low_hz[4] = { 697.0, 770.0, 852.0, 941.0 };       /* Q.23 */
static const double high_hz[4] = { 1209.0, 1336.0, 1477.0, 1633.0 };
static const char layout[] = "123A456B789C*0#D";                       /* row by row */

struct sc_dtmf_sender {
    struct sc_dtmf_sender_settings settings;
    char queue[SC_DTMF_QUEUE_MAX];
    uint32_t first, count;        /* ring of digits not yet begun */
    struct sc_sine low, high;
    char digit;                   /* under way, 0 = none */
    uint32_t position;            /* sample in tone + pause */
    uint32_t tone_samples, total_samples;
    uint32_t serial;
};

/* Row * 4 + column, or -1. */
static int place_of(char digit)
{
    if (digit >= 'a' && digit <= 'd')
        digit = (char)(digit - 'a' + 'A');
    const char *found = digit != '\0' ? strchr(layout, digit) : NULL;
    return found != NULL ? (int)(found - layout) : -1;
}

static bool level_valid(float level_dbm0)
{
    return level_dbm0 >= LOWEST_DBM0 && level_dbm0 <= HIGHEST_DBM0;
}

static bool length_valid(uint32_t ms)
{
    return ms >= SHORTEST_MS && ms <= LONGEST_MS;
}

static int settle(struct sc_dtmf_sender_settings *out, const struct sc_dtmf_sender_settings *given)
{
    memset(out, 0, sizeof *out);
    if (given != NULL)
        *out = *given;
    if (out->tone_ms == 0)
        out->tone_ms = DEFAULT_MS;
    if (out->pause_ms == 0)
        out->pause_ms = DEFAULT_MS;
    if (fabsf(out->low_dbm0) < 1e-6f && fabsf(out->high_dbm0) < 1e-6f) {
        out->low_dbm0 = DEFAULT_LOW_DBM0;
        out->high_dbm0 = DEFAULT_HIGH_DBM0;
    }
    bool valid = length_valid(out->tone_ms) && length_valid(out->pause_ms) && level_valid(out->low_dbm0) &&
                 level_valid(out->high_dbm0) &&
                 sc_amplitude_of_dbm0(out->low_dbm0) + sc_amplitude_of_dbm0(out->high_dbm0) <= SC_FULL_SCALE;
    return valid ? 0 : EINVAL;
}

static void begin_digit(struct sc_dtmf_sender *s)
{
    s->digit = s->queue[s->first];
    s->first = (s->first + 1) % SC_DTMF_QUEUE_MAX;
    s->count--;
    s->position = 0;
    s->serial++;
    int place = place_of(s->digit);
    sc_sine_start(&s->low, low_hz[place / 4], (double)sc_amplitude_of_dbm0(s->settings.low_dbm0));
    sc_sine_start(&s->high, high_hz[place % 4], (double)sc_amplitude_of_dbm0(s->settings.high_dbm0));
}

static int16_t next_sample(struct sc_dtmf_sender *s)
{
    double value = 0.0;
    if (s->position < s->tone_samples) {
        uint32_t left = s->tone_samples - 1 - s->position;
        value = sc_sine_next(&s->low) + sc_sine_next(&s->high);
        if (s->position < RAMP_SAMPLES)
            value *= sc_sine_edge(s->position, RAMP_SAMPLES);
        else if (left < RAMP_SAMPLES)
            value *= sc_sine_edge(left, RAMP_SAMPLES);
    }
    if (++s->position == s->total_samples)
        s->digit = '\0';
    return (int16_t)lrint(value);
}

int sc_dtmf_sender_create(struct sc_dtmf_sender **out, const struct sc_dtmf_sender_settings *settings)
{
    struct sc_dtmf_sender_settings settled;
    int error = settle(&settled, settings);
    if (error != 0)
        return error;
    struct sc_dtmf_sender *s = sc_alloc(sizeof *s);
    if (s == NULL)
        return ENOMEM;
    s->settings = settled;
    s->tone_samples = settled.tone_ms * SAMPLES_PER_MS;
    s->total_samples = s->tone_samples + settled.pause_ms * SAMPLES_PER_MS;
    *out = s;
    return 0;
}

int sc_dtmf_sender_set(struct sc_dtmf_sender *s, const struct sc_dtmf_sender_settings *settings)
{
    struct sc_dtmf_sender_settings settled;
    int error = settle(&settled, settings);
    if (error != 0)
        return error;
    memset(s, 0, sizeof *s);
    s->settings = settled;
    s->tone_samples = settled.tone_ms * SAMPLES_PER_MS;
    s->total_samples = s->tone_samples + settled.pause_ms * SAMPLES_PER_MS;
    return 0;
}

void sc_dtmf_sender_destroy(struct sc_dtmf_sender *sender)
{
    sc_free(sender);
}

void sc_dtmf_sender_reset(struct sc_dtmf_sender *sender)
{
    sender->first = 0;
    sender->count = 0;
    sender->digit = '\0';
    sender->position = 0;
    sender->serial = 0;
}

int sc_dtmf_sender_queue(struct sc_dtmf_sender *sender, const char *digits)
{
    size_t length = 0;
    for (; digits[length] != '\0'; length++) {
        if (place_of(digits[length]) < 0)
            return EINVAL;
        if (length >= SC_DTMF_QUEUE_MAX)
            return ENOSPC;
    }
    if (length == 0)
        return EINVAL;
    if (length > SC_DTMF_QUEUE_MAX - sender->count)
        return ENOSPC;
    for (size_t i = 0; i < length; i++) {
        uint32_t place = (sender->first + sender->count++) % SC_DTMF_QUEUE_MAX;
        sender->queue[place] = layout[place_of(digits[i])];
    }
    return 0;
}

size_t sc_dtmf_sender_process(struct sc_dtmf_sender *sender, int16_t *out, size_t n)
{
    size_t made = 0;
    while (made < n && !sc_dtmf_sender_finished(sender)) {
        if (sender->digit == '\0')
            begin_digit(sender);
        out[made++] = next_sample(sender);
    }
    if (made < n)
        memset(out + made, 0, (n - made) * sizeof *out);
    return made;
}

bool sc_dtmf_sender_finished(const struct sc_dtmf_sender *sender)
{
    return sender->digit == '\0' && sender->count == 0;
}

bool sc_dtmf_sender_now(const struct sc_dtmf_sender *sender, struct sc_dtmf_sending *now)
{
    if (sender->digit == '\0' || sender->position == 0 || sender->position > sender->tone_samples)
        return false;
    now->digit = sender->digit;
    now->serial = sender->serial;
    now->age_samples = sender->position;
    now->duration_samples = sender->tone_samples;
    return true;
}

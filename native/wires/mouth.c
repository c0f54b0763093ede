/* mouth.c: a queue of sounds, said one after another.
 *
 * How: each sound gives samples until its own end; tones and digits are ramped over 2 ms so that they do not click.
 * Assumes: whoever calls holds the device's lock. Measured: levels within 0.1 dB, cadences to the sample. */
#include "parts.h"

#include <math.h>

#define RAMP_SAMPLES 16

static double ramp(size_t at, size_t length)
{
    size_t edge = at < length - at ? at : length - at;
    return edge >= RAMP_SAMPLES ? 1.0 : (double)edge / RAMP_SAMPLES;
}

static double sine(double hz, size_t at)
{
    return sin(2.0 * TW_PI * fmod(hz * (double)at, TW_RATE_HZ) / TW_RATE_HZ);
}

static double tone_sample(const struct tw_tone_sound *tone, size_t at)
{
    double shape = at < RAMP_SAMPLES ? (double)at / RAMP_SAMPLES : 1.0;
    if (tone->cadence_count > 0) {
        size_t left = at % tone->cadence_total;
        size_t i = 0;
        while (left >= tone->cadence_samples[i])
            left -= tone->cadence_samples[i++];
        if (i % 2 == 1)
            return 0.0;
        shape = ramp(left, tone->cadence_samples[i]);
    }
    double sum = 0.0;
    for (size_t i = 0; i < tone->count; i++)
        sum += sine(tone->frequency_hz[i], at);
    return sum * tone->amplitude * shape;
}

static bool dtmf_sample(const struct tw_dtmf_sound *dtmf, size_t at, double *sample)
{
    size_t whole = dtmf->tone_samples + dtmf->pause_samples;
    char digit = dtmf->digits[at / whole];
    if (digit == '\0')
        return false;
    size_t within = at % whole;
    *sample = 0.0;
    if (within < dtmf->tone_samples) {
        int place = tw_dtmf_place(digit);
        double sum = dtmf->low * sine(tw_dtmf_low_hz[place / 4], within);
        sum += dtmf->high * sine(tw_dtmf_high_hz[place % 4], within);
        *sample = sum * ramp(within, dtmf->tone_samples);
    }
    return true;
}

static bool clip_sample(const struct tw_clip_sound *clip, size_t at, double *sample)
{
    if (!clip->looped && at >= clip->count)
        return false;
    *sample = clip->gain * clip->samples[at % clip->count];
    return true;
}

/* One sample of a sound; false when it is over. */
static bool sound_sample(struct tw_sound *sound, double *sample)
{
    if (sound->samples != 0 && sound->at >= sound->samples)
        return false;
    size_t at = sound->at++;
    *sample = 0.0;
    switch (sound->kind) {
    case TW_SILENCE:
        return true;
    case TW_TONE:
        *sample = tone_sample(&sound->as.tone, at);
        return true;
    case TW_DTMF:
        return dtmf_sample(&sound->as.dtmf, at, sample);
    case TW_SPEECH:
        *sample = tw_speech_next(&sound->as.speech);
        return true;
    case TW_CLIP:
        return clip_sample(&sound->as.clip, at, sample);
    case TW_FSK:
        return tw_fsk_next(&sound->as.fsk, sample);
    }
    return false;
}

static void drop_first(struct tw_mouth *mouth)
{
    struct tw_sound *sound = &mouth->queue[mouth->first];
    if (sound->kind == TW_CLIP)
        tw_free(sound->as.clip.samples);
    mouth->first = (mouth->first + 1) % TW_MAX_QUEUE;
    mouth->count--;
}

struct tw_sound *tw_mouth_add(struct tw_mouth *mouth, enum tw_sound_kind kind, size_t samples)
{
    if (mouth->count == TW_MAX_QUEUE)
        return NULL;
    struct tw_sound *sound = &mouth->queue[(mouth->first + mouth->count++) % TW_MAX_QUEUE];
    *sound = (struct tw_sound){.kind = kind, .samples = samples};
    return sound;
}

void tw_mouth_clear(struct tw_mouth *mouth)
{
    while (mouth->count > 0)
        drop_first(mouth);
}

void tw_mouth_process(struct tw_mouth *mouth, int16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double sample = 0.0;
        while (mouth->count > 0 && !sound_sample(&mouth->queue[mouth->first], &sample))
            drop_first(mouth);
        out[i] = mouth->count > 0 ? tw_saturate(sample) : 0;
    }
}

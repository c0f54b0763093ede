/* device.c: what stands at the far end of a line or behind a SIP telephone: a mouth and an ear.
 *
 * How: the mouth's samples go out and are remembered, what comes in is remembered; both memories are rings addressed
 * by the count of samples since the beginning. A digit receiver listens when it is switched on.
 * Assumes: exchanges come from one thread; everything else may come from another (one lock, held for microseconds).
 * Measured: 80 samples of idle exchange cost well under a microsecond; speech and hybrid see tests/test_line.c. */
#include "parts.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define DEFAULT_MEMORY_MS 60000u
#define MOST_MEMORY_MS 600000u

struct tw_device {
    pthread_mutex_t lock;
    struct tw_mouth mouth;
    struct tw_speech other;        /* a second voice, over whatever the mouth says */
    bool other_speaks;
    struct tw_digits digits;
    struct tw_display display;
    bool listens;
    uint64_t position;
    size_t memory_samples;
    int16_t *heard;
    int16_t *said;
};

int tw_device_create(struct tw_device **out, const struct tw_device_settings *settings)
{
    uint32_t memory_ms = settings->memory_ms == 0 ? DEFAULT_MEMORY_MS : settings->memory_ms;
    if (memory_ms < 100 || memory_ms > MOST_MEMORY_MS)
        return EINVAL;
    struct tw_device *device = tw_alloc(sizeof *device);
    if (device == NULL)
        return ENOMEM;
    device->memory_samples = tw_samples(memory_ms);
    device->heard = tw_alloc(device->memory_samples * sizeof device->heard[0]);
    device->said = tw_alloc(device->memory_samples * sizeof device->said[0]);
    if (device->heard == NULL || device->said == NULL || pthread_mutex_init(&device->lock, NULL) != 0) {
        tw_free(device->heard);
        tw_free(device->said);
        tw_free(device);
        return ENOMEM;
    }
    *out = device;
    return 0;
}

void tw_device_destroy(struct tw_device *device)
{
    if (device == NULL)
        return;
    tw_mouth_clear(&device->mouth);
    pthread_mutex_destroy(&device->lock);
    tw_free(device->heard);
    tw_free(device->said);
    tw_free(device);
}

void tw_device_reset(struct tw_device *device)
{
    tw_device_lock(device);
    tw_mouth_clear(&device->mouth);
    device->other_speaks = false;
    tw_digits_reset(&device->digits, 0);
    device->position = 0;
    tw_device_unlock(device);
}

void tw_device_lock(struct tw_device *device)
{
    pthread_mutex_lock(&device->lock);
}

void tw_device_unlock(struct tw_device *device)
{
    pthread_mutex_unlock(&device->lock);
}

static void keep(struct tw_device *device, int16_t *memory, const int16_t *samples, size_t n)
{
    size_t at = (size_t)(device->position % device->memory_samples);
    size_t first = n < device->memory_samples - at ? n : device->memory_samples - at;
    memcpy(memory + at, samples, first * sizeof samples[0]);
    memcpy(memory, samples + first, (n - first) * sizeof samples[0]);
}

void tw_device_run(struct tw_device *device, const int16_t *heard, int16_t *said, size_t n)
{
    tw_mouth_process(&device->mouth, said, n);
    tw_display_hear(&device->display, heard, n);
    tw_display_speak(&device->display, said, n);
    for (size_t i = 0; device->other_speaks && i < n; i++)
        said[i] = tw_saturate((double)said[i] + tw_speech_next(&device->other));
    keep(device, device->heard, heard, n);
    keep(device, device->said, said, n);
    device->position += n;
    if (device->listens)
        tw_digits_process(&device->digits, heard, n);
}

int tw_device_exchange(struct tw_device *device, const int16_t *heard, int16_t *said, size_t n)
{
    if (n > TW_MAX_BLOCK_SAMPLES)
        return EINVAL;
    tw_device_lock(device);
    tw_device_run(device, heard, said, n);
    tw_device_unlock(device);
    return 0;
}

uint64_t tw_device_position(struct tw_device *device)
{
    tw_device_lock(device);
    uint64_t position = device->position;
    tw_device_unlock(device);
    return position;
}

static size_t copy(struct tw_device *device, const int16_t *memory, uint64_t from, int16_t *out, size_t n)
{
    tw_device_lock(device);
    uint64_t oldest = device->position > device->memory_samples ? device->position - device->memory_samples : 0;
    size_t count = 0;
    if (from >= oldest && from < device->position) {
        count = device->position - from < n ? (size_t)(device->position - from) : n;
        size_t at = (size_t)(from % device->memory_samples);
        size_t first = count < device->memory_samples - at ? count : device->memory_samples - at;
        memcpy(out, memory + at, first * sizeof out[0]);
        memcpy(out + first, memory, (count - first) * sizeof out[0]);
    }
    tw_device_unlock(device);
    return count;
}

size_t tw_copy_heard(struct tw_device *device, uint64_t from, int16_t *out, size_t n)
{
    return copy(device, device->heard, from, out, n);
}

size_t tw_copy_said(struct tw_device *device, uint64_t from, int16_t *out, size_t n)
{
    return copy(device, device->said, from, out, n);
}

void tw_listen_digits(struct tw_device *device, bool on)
{
    tw_device_lock(device);
    device->listens = on;
    tw_digits_reset(&device->digits, device->position);
    tw_device_unlock(device);
}

bool tw_take_digit(struct tw_device *device, char *digit, uint64_t *at)
{
    tw_device_lock(device);
    bool found = tw_digits_take(&device->digits, digit, at);
    tw_device_unlock(device);
    return found;
}

/* --- the display, from outside --- */
int tw_plug_display(struct tw_device *device, enum tw_modulation modulation, char answer)
{
    if ((modulation != TW_BELL202 && modulation != TW_V23) || (answer != '\0' && tw_dtmf_place(answer) < 0))
        return EINVAL;
    tw_device_lock(device);
    bool off_hook = device->display.off_hook;
    tw_display_plug(&device->display, modulation, answer);
    device->display.off_hook = off_hook;
    device->display.position = device->position;
    tw_device_unlock(device);
    return 0;
}

void tw_display_off_hook(struct tw_device *device, bool off_hook)
{
    tw_device_lock(device);
    device->display.off_hook = off_hook;
    tw_device_unlock(device);
}

bool tw_take_message(struct tw_device *device, struct tw_message *message)
{
    tw_device_lock(device);
    bool found = tw_display_take(&device->display, message);
    tw_device_unlock(device);
    return found;
}

void tw_display_counts(struct tw_device *device, uint32_t *alerts, uint32_t *bad)
{
    tw_device_lock(device);
    *alerts = device->display.alerts;
    *bad = device->display.bad;
    tw_device_unlock(device);
}

/* --- the mouth, from outside --- */
static int add(struct tw_device *device, const struct tw_sound *sound)
{
    tw_device_lock(device);
    struct tw_sound *place = tw_mouth_add(&device->mouth, sound->kind, sound->samples);
    if (place != NULL)
        *place = *sound;
    tw_device_unlock(device);
    return place == NULL ? ENOSPC : 0;
}

int tw_say_silence(struct tw_device *device, uint32_t duration_ms)
{
    struct tw_sound sound = {.kind = TW_SILENCE, .samples = tw_samples(duration_ms)};
    return duration_ms == 0 ? EINVAL : add(device, &sound);
}

int tw_say_tone(struct tw_device *device, const double *frequency_hz, size_t count, double level_dbm0,
                const uint32_t *cadence_ms, size_t cadence_count, uint32_t duration_ms)
{
    struct tw_sound sound = {.kind = TW_TONE, .samples = tw_samples(duration_ms)};
    struct tw_tone_sound *tone = &sound.as.tone;
    if (count == 0 || count > TW_MAX_FREQUENCIES || cadence_count > TW_MAX_CADENCE || level_dbm0 > TW_FULL_SCALE_DBM0)
        return EINVAL;
    tone->count = count;
    tone->amplitude = tw_sine_amplitude(level_dbm0);
    for (size_t i = 0; i < count; i++) {
        if (!(frequency_hz[i] > 0.0 && frequency_hz[i] < TW_RATE_HZ / 2))
            return EINVAL;
        tone->frequency_hz[i] = frequency_hz[i];
    }
    tone->cadence_count = cadence_count;
    for (size_t i = 0; i < cadence_count; i++) {
        if (cadence_ms[i] == 0)
            return EINVAL;
        tone->cadence_samples[i] = tw_samples(cadence_ms[i]);
        tone->cadence_total += tone->cadence_samples[i];
    }
    return add(device, &sound);
}

int tw_say_dtmf(struct tw_device *device, const char *digits, uint32_t tone_ms, uint32_t pause_ms, double low_dbm0,
                double high_dbm0)
{
    struct tw_sound sound = {.kind = TW_DTMF};
    struct tw_dtmf_sound *dtmf = &sound.as.dtmf;
    size_t length = strlen(digits);
    if (length == 0 || length > TW_MAX_DIGITS || tone_ms < 10)
        return EINVAL;
    for (size_t i = 0; i < length; i++)
        if (tw_dtmf_place(digits[i]) < 0)
            return EINVAL;
    memcpy(dtmf->digits, digits, length + 1);
    dtmf->tone_samples = tw_samples(tone_ms);
    dtmf->pause_samples = tw_samples(pause_ms);
    dtmf->low = tw_sine_amplitude(low_dbm0);
    dtmf->high = tw_sine_amplitude(high_dbm0);
    return add(device, &sound);
}

int tw_say_speech(struct tw_device *device, uint64_t voice, double level_dbm0, uint32_t duration_ms)
{
    struct tw_sound sound = {.kind = TW_SPEECH, .samples = tw_samples(duration_ms)};
    tw_speech_start(&sound.as.speech, voice, level_dbm0);
    return add(device, &sound);
}

void tw_speak_over(struct tw_device *device, uint64_t voice, double level_dbm0)
{
    struct tw_speech speech = {0};
    bool speaks = level_dbm0 > TW_NONE_DBM0;
    if (speaks)
        tw_speech_start(&speech, voice, level_dbm0);
    tw_device_lock(device);
    device->other = speech;
    device->other_speaks = speaks;
    tw_device_unlock(device);
}

int tw_say_clip(struct tw_device *device, const int16_t *samples, size_t count, double gain_db, bool looped)
{
    struct tw_sound sound = {.kind = TW_CLIP};
    if (count == 0)
        return EINVAL;
    int16_t *copied = tw_alloc(count * sizeof copied[0]);
    if (copied == NULL)
        return ENOMEM;
    memcpy(copied, samples, count * sizeof copied[0]);
    sound.as.clip = (struct tw_clip_sound){copied, count, tw_gain(gain_db), looped};
    int error = add(device, &sound);
    if (error != 0)
        tw_free(copied);
    return error;
}

int tw_say_caller_id(struct tw_device *device, const struct tw_caller_id *caller_id)
{
    struct tw_sound sound = {.kind = TW_FSK};
    int error = tw_fsk_start(&sound.as.fsk, caller_id);
    return error != 0 ? error : add(device, &sound);
}

void tw_hush(struct tw_device *device)
{
    tw_device_lock(device);
    tw_mouth_clear(&device->mouth);
    device->other_speaks = false;
    tw_device_unlock(device);
}

bool tw_speaking(struct tw_device *device)
{
    tw_device_lock(device);
    bool speaking = device->mouth.count > 0;
    tw_device_unlock(device);
    return speaking;
}

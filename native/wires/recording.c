/* recording.c: a port's line that says again what was recorded, sample for sample.
 *
 * How: a copy of the samples and a place in it; silence after the end. What the core plays is not listened to: a recording
 * cannot answer. No physics: the recording has been through those of a real line.
 * Assumes one exchanging thread. Measured (test_recording.c): every sample comes out once, in order, whatever the block. */
#include "parts.h"

#include <errno.h>
#include <string.h>

struct tw_recording {
    size_t n;
    size_t position;
    int16_t samples[];
};

int tw_recording_create(struct tw_recording **out, const int16_t *samples, size_t n)
{
    struct tw_recording *recording = tw_alloc(sizeof *recording + n * sizeof *samples);
    if (recording == NULL)
        return ENOMEM;
    recording->n = n;
    if (n > 0)
        memcpy(recording->samples, samples, n * sizeof *samples);
    *out = recording;
    return 0;
}

void tw_recording_destroy(struct tw_recording *recording)
{
    tw_free(recording);
}

int tw_recording_exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct tw_recording *recording = self;
    size_t left = recording->n - recording->position;
    size_t part = left < samples ? left : samples;
    (void)playback;
    memcpy(capture, recording->samples + recording->position, part * sizeof *capture);
    memset(capture + part, 0, (samples - part) * sizeof *capture);
    recording->position += part;
    return 0;
}

uintptr_t tw_recording_exchange_address(void)
{
    return (uintptr_t)tw_recording_exchange;
}

uintptr_t tw_recording_address(struct tw_recording *recording)
{
    return (uintptr_t)recording;
}

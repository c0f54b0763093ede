/* alsa_open.c: a sound card's two directions are opened and closed.
 *
 * How: the fewest sides that will do, periods and buffer by what stands behind the name (a kernel's driver or a plug-in), no
 * automatic start, an xrun at a full or empty buffer. Threads that a plug-in makes get real-time priority, where permitted.
 * Assumes that no other thread uses the pair meanwhile. Measured (tests/alsa). */
#ifdef SC_HAVE_ALSA

#include "alsa_open.h"

#include "alsa_card.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

/* Both have 40 ms of buffer. A card of the kernel moves a millisecond at a time and is kept short. What stands behind a plug-in
 * is unknown (a longer buffer makes PulseAudio move more at once). */
#define HARDWARE_PERIOD_FRAMES 240u     /* 5 ms */
#define PLUGIN_PERIOD_FRAMES 480u       /* 10 ms */
#define BUFFER_FRAMES 1920u
#define PLUGIN_PRIORITY 45              /* SCHED_FIFO, below the audio thread's 50 */

/* The fewest sides that will do: a mono stream costs least, but a stereo card may know stereo only. */
static int choose_sides(snd_pcm_t *pcm, snd_pcm_hw_params_t *hw, uint32_t needed, unsigned *sides)
{
    for (unsigned n = needed; n <= SC_CARD_SIDES; n++)
        if (snd_pcm_hw_params_test_channels(pcm, hw, n) == 0) {
            *sides = n;
            return snd_pcm_hw_params_set_channels(pcm, hw, n);
        }
    return -ENOTSUP;
}

static bool is_hardware(snd_pcm_t *pcm)
{
    return snd_pcm_type(pcm) == SND_PCM_TYPE_HW;
}

static snd_pcm_uframes_t period_of(snd_pcm_t *pcm)
{
    return is_hardware(pcm) ? HARDWARE_PERIOD_FRAMES : PLUGIN_PERIOD_FRAMES;
}

static int set_hardware(snd_pcm_t *pcm, uint32_t needed, unsigned *sides, snd_pcm_uframes_t *buffer)
{
    snd_pcm_hw_params_t *hw;
    snd_pcm_uframes_t period = period_of(pcm);
    *buffer = BUFFER_FRAMES;
    snd_pcm_hw_params_alloca(&hw);
    int error = snd_pcm_hw_params_any(pcm, hw);
    if (error >= 0)
        error = choose_sides(pcm, hw, needed, sides);
    if (error >= 0 && (snd_pcm_hw_params_set_access(pcm, hw, SND_PCM_ACCESS_RW_INTERLEAVED) < 0 ||
                       snd_pcm_hw_params_set_format(pcm, hw, SND_PCM_FORMAT_S16_LE) < 0 ||
                       snd_pcm_hw_params_set_rate(pcm, hw, SC_CARD_HZ, 0) < 0))
        error = -ENOTSUP;
    if (error >= 0)
        error = snd_pcm_hw_params_set_period_size_near(pcm, hw, &period, NULL);
    if (error >= 0)
        error = snd_pcm_hw_params_set_buffer_size_near(pcm, hw, buffer);
    return error >= 0 ? snd_pcm_hw_params(pcm, hw) : error;
}

/* Nothing starts by itself; a full (capture) or empty (playback) buffer is an xrun. */
static int set_software(snd_pcm_t *pcm, snd_pcm_uframes_t buffer)
{
    snd_pcm_sw_params_t *sw;
    snd_pcm_uframes_t boundary;
    snd_pcm_sw_params_alloca(&sw);
    int error = snd_pcm_sw_params_current(pcm, sw);
    if (error >= 0)
        error = snd_pcm_sw_params_get_boundary(sw, &boundary);
    if (error >= 0)
        error = snd_pcm_sw_params_set_start_threshold(pcm, sw, boundary);
    if (error >= 0)
        error = snd_pcm_sw_params_set_stop_threshold(pcm, sw, buffer);
    return error >= 0 ? snd_pcm_sw_params(pcm, sw) : error;
}

static int open_one(snd_pcm_t **out, const char *name, snd_pcm_stream_t stream, uint32_t needed, unsigned *sides,
                    snd_pcm_uframes_t *buffer)
{
    int error = snd_pcm_open(out, name, stream, SND_PCM_NONBLOCK);
    if (error < 0) {
        *out = NULL;
        return -error;
    }
    error = set_hardware(*out, needed, sides, buffer);
    if (error >= 0)
        error = set_software(*out, *buffer);
    return error < 0 ? -error : 0;
}

static void say_nothing(const char *file, int line, const char *function, int error, const char *format, ...)
{
    (void)file;
    (void)line;
    (void)function;
    (void)error;
    (void)format;
}

int sc_alsa_pair_open(struct sc_alsa_pair *pair, const char *playback, const char *capture, uint32_t sides)
{
    snd_pcm_uframes_t capture_buffer = 0;
    struct sched_param before, real_time = { .sched_priority = PLUGIN_PRIORITY };
    int policy;
    *pair = (struct sc_alsa_pair){ 0 };
    snd_lib_error_set_handler(say_nothing); /* the errno says it; alsa-lib would print on stderr */
    bool known = pthread_getschedparam(pthread_self(), &policy, &before) == 0;
    bool raised = known && pthread_setschedparam(pthread_self(), SCHED_FIFO, &real_time) == 0;
    int error = open_one(&pair->playback, playback, SND_PCM_STREAM_PLAYBACK, sides, &pair->playback_sides,
                         &pair->buffer_frames);
    if (error == 0)
        error = open_one(&pair->capture, capture, SND_PCM_STREAM_CAPTURE, sides, &pair->capture_sides, &capture_buffer);
    if (raised)
        (void)pthread_setschedparam(pthread_self(), policy, &before); /* back to what it was: always permitted */
    if (error != 0) {
        sc_alsa_pair_close(pair);
        return error;
    }
    pair->hardware = is_hardware(pair->playback) && is_hardware(pair->capture);
    pair->period_frames = period_of(pair->playback);
    return 0;
}

void sc_alsa_pair_close(struct sc_alsa_pair *pair)
{
    if (pair->playback != NULL) {
        snd_pcm_drop(pair->playback); /* closing would wait for the buffer to be played */
        snd_pcm_close(pair->playback);
    }
    if (pair->capture != NULL)
        snd_pcm_close(pair->capture);
    pair->playback = pair->capture = NULL;
}

bool sc_alsa_names_hardware(const char *name)
{
    static const char *const kernels[] = { "hw:", "usb:", "platform:", "pci:" };
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (strncmp(name, kernels[i], strlen(kernels[i])) == 0)
            return true;
    return false;
}

#endif

/* fake_card.h: alsa-lib replaced by cards made of arithmetic, fake0, fake1 ...: 48 kHz, one crystal, a hybrid and noise
 * behind each side, pointers that move a millisecond at a time, buffers that run empty and full as a kernel's do. Include it once. */
#ifndef SC_FAKE_CARD_H
#define SC_FAKE_CARD_H

#include <alsa/asoundlib.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef FAKE_CARDS
#define FAKE_CARDS 1
#endif

/* Of the line's noise: -56 dBm0 below 4 kHz, which is a sixth of what 48 kHz hold. */
#define NOISE_PEAK (16141.0 * 0.00158489 * 2.44948974 * 1.7320508)

enum { STEP = 48, RING = 1 << 13, AIR = 1 << 12, SIDES = 2, ECHO_FRAMES = 1500, TAPS = 5 };

struct _snd_pcm {
    bool playback, prepared, running, failed;
    int64_t begun;                      /* the moment of frame 0 */
    int64_t given;                      /* frames that the application wrote or read */
    int64_t buffer;
    unsigned sides;
    int16_t ring[RING][SIDES];
};

static struct fake_card {
    struct _snd_pcm capture, playback;
    int16_t air[AIR][SIDES];
    uint32_t noise_seed;
} cards[FAKE_CARDS];
static int64_t now;
static int reports_hardware = 1;
static bool pulled;                     /* the card is out of its socket, which its pointers do not say: they stand still */
static bool hangs;                      /* it runs and its pointers stand still */
static int opened;                      /* handles that are open */
static int64_t to_lose;                 /* captured frames that never come, and no error says so */

static int64_t pointer(const snd_pcm_t *pcm)
{
    return pcm->running && !hangs ? (now - pcm->begun) / STEP * STEP : 0;
}

static int16_t echo_at(struct fake_card *card, int64_t moment, unsigned side)
{
    static const double taps[TAPS] = { 0.20, -0.14, 0.09, 0.05, -0.02 };
    double sum = 0;
    for (int k = 0; k < TAPS; k++)
        sum += taps[k] * card->air[(moment - ECHO_FRAMES - 6 * 5 * k + AIR) % AIR][side];
    card->noise_seed = card->noise_seed * 1664525u + 1013904223u;
    return (int16_t)lrint(sum + NOISE_PEAK * (double)(int32_t)card->noise_seed / 2147483648.0);
}

static void pass_at(struct fake_card *card)
{
    struct _snd_pcm *capture = &card->capture, *playback = &card->playback;
    const int64_t at = now - playback->begun, place = now - capture->begun;
    const bool plays = playback->running && !playback->failed && at < playback->given;
    playback->failed |= playback->running && at >= playback->given;
    capture->failed |= capture->running && place - capture->given >= capture->buffer;
    for (unsigned side = 0; side < playback->sides; side++) {
        card->air[now % AIR][side] = plays ? playback->ring[at % RING][side] : 0;
        if (capture->running && place >= 0)
            capture->ring[place % RING][side] = echo_at(card, now, side);
    }
}

/* Time goes on. */
static void pass(int64_t frames)
{
    for (int64_t end = now + frames; now < end; now++)
        for (int k = 0; k < FAKE_CARDS; k++) {
            if (to_lose > 0 && cards[k].capture.running) {
                to_lose--;
                cards[k].capture.begun++;
            }
            if (cards[k].playback.sides > 0)
                pass_at(&cards[k]);
        }
}

int snd_pcm_open(snd_pcm_t **out, const char *name, snd_pcm_stream_t stream, int mode)
{
    (void)mode;
    const int number = strncmp(name, "fake", 4) == 0 ? atoi(name + 4) : -1;
    if (number < 0 || number >= FAKE_CARDS || pulled)
        return -ENOENT;
    struct fake_card *card = &cards[number];
    opened++;
    card->noise_seed = card->noise_seed != 0 ? card->noise_seed : (uint32_t)number + 1;
    *out = stream == SND_PCM_STREAM_PLAYBACK ? &card->playback : &card->capture;
    memset(*out, 0, sizeof **out);
    (*out)->playback = stream == SND_PCM_STREAM_PLAYBACK;
    return 0;
}

int snd_pcm_close(snd_pcm_t *pcm)
{
    pcm->running = false;
    opened--;
    return 0;
}

snd_pcm_state_t snd_pcm_state(snd_pcm_t *pcm)
{
    (void)pcm;
    return pulled ? SND_PCM_STATE_DISCONNECTED : SND_PCM_STATE_RUNNING;
}

int snd_pcm_drop(snd_pcm_t *pcm)
{
    pcm->running = pcm->prepared = false;
    return 0;
}

int snd_pcm_prepare(snd_pcm_t *pcm)
{
    if (pulled)
        return -ENODEV;
    pcm->running = pcm->failed = false;
    pcm->prepared = true;
    pcm->given = 0;
    return 0;
}

int snd_pcm_start(snd_pcm_t *pcm)
{
    if (!pcm->prepared)
        return -EBADFD;
    pcm->running = true;
    pcm->begun = now;
    return 0;
}

snd_pcm_sframes_t snd_pcm_avail_update(snd_pcm_t *pcm)
{
    if (pcm->failed && !pulled)
        return -EPIPE;
    return pulled ? 0 : pcm->playback ? pcm->buffer - (pcm->given - pointer(pcm)) : pointer(pcm) - pcm->given;
}

snd_pcm_sframes_t snd_pcm_writei(snd_pcm_t *pcm, const void *frames, snd_pcm_uframes_t n)
{
    if (pulled || pcm->failed)
        return pulled ? -ENODEV : -EPIPE;
    for (snd_pcm_uframes_t i = 0; i < n; i++)
        memcpy(pcm->ring[pcm->given++ % RING], (const int16_t *)frames + i * pcm->sides, pcm->sides * sizeof(int16_t));
    return (snd_pcm_sframes_t)n;
}

snd_pcm_sframes_t snd_pcm_readi(snd_pcm_t *pcm, void *frames, snd_pcm_uframes_t n)
{
    if (pulled || pcm->failed)
        return pulled ? -ENODEV : -EPIPE;
    for (snd_pcm_uframes_t i = 0; i < n; i++)
        memcpy((int16_t *)frames + i * pcm->sides, pcm->ring[pcm->given++ % RING], pcm->sides * sizeof(int16_t));
    return (snd_pcm_sframes_t)n;
}

snd_pcm_type_t snd_pcm_type(snd_pcm_t *pcm)
{
    (void)pcm;
    return reports_hardware ? SND_PCM_TYPE_HW : SND_PCM_TYPE_IOPLUG;
}

int snd_pcm_hw_params_set_buffer_size_near(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, snd_pcm_uframes_t *frames)
{
    (void)params;
    pcm->buffer = (int64_t)*frames;
    return 0;
}

int snd_pcm_hw_params_set_channels(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, unsigned sides)
{
    (void)params;
    pcm->sides = sides;
    return 0;
}

int snd_lib_error_set_handler(snd_lib_error_handler_t handler)
{
    (void)handler;
    return 0;
}

/* Whatever else is asked of it the card can do. */
#define ROOM_BYTES 64
#define AGREES(name, ...)                                                                                              \
    int name(__VA_ARGS__)                                                                                              \
    {                                                                                                                  \
        return 0;                                                                                                      \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"
size_t snd_pcm_hw_params_sizeof(void)
{
    return ROOM_BYTES;
}
size_t snd_pcm_sw_params_sizeof(void)
{
    return ROOM_BYTES;
}
AGREES(snd_pcm_hw_params_any, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw)
AGREES(snd_pcm_hw_params_test_channels, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw, unsigned n)
AGREES(snd_pcm_hw_params_set_access, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw, snd_pcm_access_t access)
AGREES(snd_pcm_hw_params_set_format, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw, snd_pcm_format_t format)
AGREES(snd_pcm_hw_params_set_rate, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw, unsigned hz, int direction)
AGREES(snd_pcm_hw_params_set_period_size_near, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw, snd_pcm_uframes_t *n, int *direction)
AGREES(snd_pcm_hw_params, snd_pcm_t *pcm, snd_pcm_hw_params_t *hw)
AGREES(snd_pcm_sw_params_current, snd_pcm_t *pcm, snd_pcm_sw_params_t *sw)
AGREES(snd_pcm_sw_params_get_boundary, const snd_pcm_sw_params_t *sw, snd_pcm_uframes_t *boundary)
AGREES(snd_pcm_sw_params_set_start_threshold, snd_pcm_t *pcm, snd_pcm_sw_params_t *sw, snd_pcm_uframes_t n)
AGREES(snd_pcm_sw_params_set_stop_threshold, snd_pcm_t *pcm, snd_pcm_sw_params_t *sw, snd_pcm_uframes_t n)
AGREES(snd_pcm_sw_params, snd_pcm_t *pcm, snd_pcm_sw_params_t *sw)

#endif

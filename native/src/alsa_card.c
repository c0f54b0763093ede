/* alsa_card.c: a sound card through alsa-lib, without ever waiting for it.
 *
 * How: both directions are opened non-blocking; playback is prefilled with silence and kept filled to a target, which grows
 * by a period after an underrun; capture is read as far as it goes. Both are counted in frames, so that captured and played
 * samples stay aligned: the sample captured at count c was captured when the one played at count c + offset left the buffer. A margin keeps that
 * causal although drivers move their pointers in steps. The offset is fixed at the start and measured anew after an xrun or
 * when the counts have moved apart (two clocks, frames lost below us); an xrun starts both directions anew, so that the
 * echo's place is the same as before.
 * Assumes one servicing thread; that alsa-lib's non-blocking calls on hw devices return at once.
 * Measured (tests/test_alsa_xrun.c): a card of arithmetic, 50 ms and more not served: 200 ms later the echo is gone as before;
 * (tests/alsa) PulseAudio cables: no xrun in 60 s beside four busy Python threads. */
#include "alsa_card.h"

#ifdef SC_HAVE_ALSA

#include "alloc.h"

#include <alsa/asoundlib.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

/* Both have 40 ms of buffer. A card of the kernel moves a millisecond at a time and is kept short: 15 ms of it filled. What
 * stands behind a plug-in is unknown (a longer buffer makes PulseAudio move more at once). The fill grows by a period
 * after an underrun. */
#define HARDWARE_PERIOD_FRAMES 240u     /* 5 ms */
#define HARDWARE_TARGET_PERIODS 3u
#define PLUGIN_PERIOD_FRAMES 480u       /* 10 ms */
#define PLUGIN_TARGET_PERIODS 3u
#define BUFFER_FRAMES 1920u
#define PLUGIN_PRIORITY 45              /* SCHED_FIFO, below the audio thread's 50 */
#define START_ATTEMPTS 100              /* a card that does not start for a second of ticks is gone */
#define NAME_MAX_BYTES 128
/* So much later than its pointer says may a frame have been played, since pointers move in steps. A kernel's steps (a period
 * at most) are shorter than our own two resamplers, and its short fill leaves no more: what is captured at the end of a tick
 * was played when only 5 ms were left of what has been given. */
#define HARDWARE_MARGIN_SAMPLES 0
#define PLUGIN_MARGIN_SAMPLES 80
#define SETTLING_SERVICES 5             /* a loss that has been noticed may still go on ... */
#define SETTLING_SAMPLES 4              /* ... and each millisecond of it counts (8 samples: a packet of a USB card) */
#define APART_SAMPLES 160               /* counts that moved apart by so much are aligned anew ... */
#define APART_HARDWARE_SERVICES 1       /* ... at once: a kernel's pointers can be believed, and from a tick of the wrong */
                                        /* echo the canceller would learn nonsense for half a second */
#define APART_PLUGIN_SERVICES 200       /* ... for 2 s: what stands behind a plug-in moves by tens of ms */
#define BLOCKS_PER_SERVICE 16           /* 160 ms at once: more is not in any buffer */

struct sc_alsa_card {
    char playback_name[NAME_MAX_BYTES], capture_name[NAME_MAX_BYTES];
    snd_pcm_t *playback, *capture;
    unsigned playback_sides, capture_sides;
    snd_pcm_uframes_t period_frames, buffer_frames;
    snd_pcm_uframes_t target_frames;
    bool hardware;                      /* no plug-in between us and the kernel's driver */
    struct sc_alsa_side sides[SC_CARD_SIDES];
    bool running;
    bool aligned;
    unsigned failed_starts;             /* in a row */
    int64_t written, taken;             /* 8 kHz samples given to and got from the card */
    int64_t offset;                     /* count played - count captured at one moment */
    unsigned apart, settling;
    int64_t serviced_ns;
    struct sc_alsa_card_statistics counts;
    int16_t block[SC_CARD_BLOCK_FRAMES * SC_CARD_SIDES];
};

/* --- opening ----------------------------------------------------------------------------------------------------- */

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

/* Opens both directions. Threads that a plug-in makes inherit our scheduling: they carry audio, so it is real time for as
 * long as this takes, where that is permitted. */
static int open_both(struct sc_alsa_card *card, uint32_t sides)
{
    snd_pcm_uframes_t capture_buffer = 0;
    struct sched_param before, real_time = { .sched_priority = PLUGIN_PRIORITY };
    int policy;
    bool known = pthread_getschedparam(pthread_self(), &policy, &before) == 0;
    bool raised = known && pthread_setschedparam(pthread_self(), SCHED_FIFO, &real_time) == 0;
    int error = open_one(&card->playback, card->playback_name, SND_PCM_STREAM_PLAYBACK, sides, &card->playback_sides,
                         &card->buffer_frames);
    if (error == 0)
        error = open_one(&card->capture, card->capture_name, SND_PCM_STREAM_CAPTURE, sides, &card->capture_sides,
                         &capture_buffer);
    if (raised)
        (void)pthread_setschedparam(pthread_self(), policy, &before); /* back to what it was: always permitted */
    return error;
}

int sc_alsa_card_create(struct sc_alsa_card **out, const char *playback, const char *capture, uint32_t sides)
{
    if (sides == 0 || sides > SC_CARD_SIDES || strlen(playback) >= NAME_MAX_BYTES || strlen(capture) >= NAME_MAX_BYTES)
        return EINVAL;
    struct sc_alsa_card *card = sc_alloc(sizeof *card);
    if (card == NULL)
        return ENOMEM;
    strcpy(card->playback_name, playback);
    strcpy(card->capture_name, capture);
    snd_lib_error_set_handler(say_nothing); /* the errno says it; alsa-lib would print on stderr */
    int error = open_both(card, sides);
    if (error != 0) {
        sc_alsa_card_destroy(card);
        return error;
    }
    card->hardware = is_hardware(card->playback) && is_hardware(card->capture);
    card->period_frames = period_of(card->playback);
    snd_pcm_uframes_t target = card->period_frames * (card->hardware ? HARDWARE_TARGET_PERIODS : PLUGIN_TARGET_PERIODS);
    card->target_frames = target < card->buffer_frames ? target : card->buffer_frames;
    *out = card;
    return 0;
}

void sc_alsa_card_destroy(struct sc_alsa_card *card)
{
    if (card == NULL)
        return;
    if (card->playback != NULL) {
        snd_pcm_drop(card->playback); /* closing would wait for the buffer to be played */
        snd_pcm_close(card->playback);
    }
    if (card->capture != NULL)
        snd_pcm_close(card->capture);
    sc_free(card);
}

int sc_alsa_card_attach(struct sc_alsa_card *card, uint32_t side, const struct sc_alsa_side *callbacks)
{
    if (side >= card->playback_sides || side >= card->capture_sides)
        return EINVAL;
    if (card->sides[side].self != NULL)
        return EBUSY;
    card->sides[side] = *callbacks;
    return 0;
}

bool sc_alsa_card_is(const struct sc_alsa_card *card, const char *playback, const char *capture)
{
    return strcmp(card->playback_name, playback) == 0 && strcmp(card->capture_name, capture) == 0;
}

/* --- running ----------------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Writes n 8 kHz samples of what the sides play. */
static long write_block(struct sc_alsa_card *card, size_t n, bool silence)
{
    size_t frames = n * SC_CARD_FRAMES_PER_SAMPLE;
    memset(card->block, 0, frames * card->playback_sides * sizeof card->block[0]);
    for (unsigned i = 0; i < card->playback_sides && !silence; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].play(card->sides[i].self, card->block + i, card->playback_sides, n, card->written);
    snd_pcm_sframes_t done = snd_pcm_writei(card->playback, card->block, frames);
    if (done < 0)
        return done;
    card->counts.lost_frames += frames - (size_t)done;
    card->written += (int64_t)n;
    return 0;
}

static long read_block(struct sc_alsa_card *card, size_t n)
{
    size_t frames = n * SC_CARD_FRAMES_PER_SAMPLE;
    snd_pcm_sframes_t done = snd_pcm_readi(card->capture, card->block, frames);
    if (done < 0)
        return done;
    size_t got = (size_t)done / SC_CARD_FRAMES_PER_SAMPLE;
    card->counts.lost_frames += (size_t)done % SC_CARD_FRAMES_PER_SAMPLE;
    for (unsigned i = 0; i < card->capture_sides; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].captured(card->sides[i].self, card->block + i, card->capture_sides, got,
                                    card->taken + card->offset);
    card->taken += (int64_t)got;
    return 0;
}

static void note_loss(struct sc_alsa_card *card, long error, uint64_t *xruns)
{
    int64_t since_us = (now_ns() - card->serviced_ns) / 1000;
    if (error == -ENODEV) {
        card->counts.gone = true;
        return;
    }
    (*xruns)++;
    if (card->serviced_ns != 0)
        card->counts.lost_frames += (uint64_t)(since_us * (SC_CARD_HZ / 1000) / 1000);
    card->running = false;
}

/* Both directions anew: prepared, playback prefilled with silence, started together. */
static void start(struct sc_alsa_card *card)
{
    snd_pcm_drop(card->playback);
    snd_pcm_drop(card->capture);
    if (snd_pcm_prepare(card->playback) == -ENODEV || snd_pcm_prepare(card->capture) == -ENODEV) {
        card->counts.gone = true;
        return;
    }
    size_t period_samples = card->period_frames / SC_CARD_FRAMES_PER_SAMPLE;
    for (snd_pcm_uframes_t filled = 0; filled + card->period_frames <= card->target_frames; filled += card->period_frames)
        if (write_block(card, period_samples, true) < 0)
            return; /* not ready: the next service tries again */
    card->running = snd_pcm_start(card->capture) >= 0 && snd_pcm_start(card->playback) >= 0;
    for (unsigned i = 0; i < SC_CARD_SIDES; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].restarted(card->sides[i].self);
    card->aligned = false;
    card->apart = 0;
}

/* Played and captured counts at this moment, from what waits in both buffers. */
static void align(struct sc_alsa_card *card, snd_pcm_sframes_t queued_frames, snd_pcm_sframes_t waiting_frames)
{
    int64_t margin = card->hardware ? HARDWARE_MARGIN_SAMPLES : PLUGIN_MARGIN_SAMPLES;
    int64_t played = card->written - queued_frames / SC_CARD_FRAMES_PER_SAMPLE + margin;
    if (played > card->written)
        played = card->written;
    int64_t captured = card->taken + waiting_frames / SC_CARD_FRAMES_PER_SAMPLE;
    int64_t offset = played - captured;
    int64_t apart = offset > card->offset ? offset - card->offset : card->offset - offset;
    card->apart = apart > (card->settling > 0 ? SETTLING_SAMPLES : APART_SAMPLES) ? card->apart + 1 : 0;
    card->settling -= card->settling > 0;
    unsigned patience = card->hardware ? APART_HARDWARE_SERVICES : APART_PLUGIN_SERVICES;
    if (card->aligned && card->apart < patience)
        return;
    card->offset = offset;
    card->settling = card->aligned && card->hardware ? SETTLING_SERVICES : 0;
    card->aligned = true;
    card->apart = 0;
    card->counts.alignment_samples = (int32_t)(card->written - played);
}

static void capture(struct sc_alsa_card *card, snd_pcm_sframes_t waiting_frames)
{
    for (int i = 0; i < BLOCKS_PER_SERVICE && waiting_frames >= SC_CARD_FRAMES_PER_SAMPLE; i++) {
        size_t n = (size_t)waiting_frames / SC_CARD_FRAMES_PER_SAMPLE;
        n = n < SC_CARD_BLOCK_SAMPLES ? n : SC_CARD_BLOCK_SAMPLES;
        long error = read_block(card, n);
        if (error == -EAGAIN)
            return;
        if (error < 0) {
            note_loss(card, error, &card->counts.capture_xruns);
            return;
        }
        waiting_frames -= (snd_pcm_sframes_t)(n * SC_CARD_FRAMES_PER_SAMPLE);
    }
}

static void play(struct sc_alsa_card *card, snd_pcm_sframes_t queued_frames)
{
    snd_pcm_sframes_t room = (snd_pcm_sframes_t)card->target_frames - queued_frames;
    for (int i = 0; i < BLOCKS_PER_SERVICE && room >= SC_CARD_FRAMES_PER_SAMPLE; i++) {
        size_t n = (size_t)room / SC_CARD_FRAMES_PER_SAMPLE;
        n = n < SC_CARD_BLOCK_SAMPLES ? n : SC_CARD_BLOCK_SAMPLES;
        long error = write_block(card, n, false);
        if (error < 0) {
            note_loss(card, error, &card->counts.playback_xruns);
            return;
        }
        room -= (snd_pcm_sframes_t)(n * SC_CARD_FRAMES_PER_SAMPLE);
    }
}

static void underrun(struct sc_alsa_card *card, long error)
{
    note_loss(card, error, &card->counts.playback_xruns);
    if (card->target_frames + card->period_frames <= card->buffer_frames)
        card->target_frames += card->period_frames;
}

bool sc_alsa_card_hardware(const struct sc_alsa_card *card)
{
    return card->hardware;
}

void sc_alsa_card_service(struct sc_alsa_card *card)
{
    if (card->counts.gone)
        return;
    if (!card->running) {
        start(card);
        card->failed_starts = card->running ? 0 : card->failed_starts + 1;
        card->counts.gone |= card->failed_starts >= START_ATTEMPTS;
    }
    if (!card->running)
        return;
    snd_pcm_sframes_t room = snd_pcm_avail_update(card->playback);
    snd_pcm_sframes_t waiting = snd_pcm_avail_update(card->capture);
    if (waiting < 0)
        note_loss(card, waiting, &card->counts.capture_xruns);
    if (room < 0)
        underrun(card, room);
    if (room < 0 || waiting < 0)
        return;
    snd_pcm_sframes_t queued = (snd_pcm_sframes_t)card->buffer_frames - room;
    align(card, queued, waiting);
    capture(card, waiting);
    if (card->running)
        play(card, queued);
    card->serviced_ns = now_ns();
}

void sc_alsa_card_statistics(const struct sc_alsa_card *card, struct sc_alsa_card_statistics *out)
{
    *out = card->counts;
}

#endif

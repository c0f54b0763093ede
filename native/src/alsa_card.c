/* alsa_card.c: a sound card through alsa-lib, without ever waiting for it.
 *
 * How: both directions are opened non-blocking; playback is prefilled with silence and kept filled to a target, which grows
 * by a period after an underrun; capture is read as far as it goes. Both are counted in frames, so that captured and played
 * samples stay aligned: the sample captured at count c was captured when the one played at count c + offset left the buffer. A margin keeps that
 * causal although drivers move their pointers in steps. The offset is fixed at the start and measured anew after an xrun or
 * when the counts have moved apart (two clocks, frames lost below us); an xrun starts both directions anew, so that the
 * echo's place is the same as before.
 * A card that was pulled out (ENODEV, or a pointer that stands still: nothing else may say so) is given up: from then on the
 * audio thread does not touch it, and another thread may close it (the kernel waits for that) and open it again. Which of them
 * has it is one atomic word.
 * Assumes one servicing thread; that alsa-lib's non-blocking calls on hw devices return at once.
 * Measured (tests/test_alsa_xrun.c): a card of arithmetic, 50 ms and more not served: 200 ms later the echo is gone as before;
 * (tests/alsa) PulseAudio cables: no xrun in 60 s beside four busy Python threads. */
#include "alsa_card.h"

#ifdef SC_HAVE_ALSA

#include "alloc.h"

#include "alsa_open.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* So much of the buffer is kept filled: 15 ms of a kernel's card, 30 ms behind a plug-in; a period more after an underrun. */
#define HARDWARE_TARGET_PERIODS 3u
#define PLUGIN_TARGET_PERIODS 3u
#define START_ATTEMPTS 100              /* a card that does not start for a second of ticks is gone */
#define IDLE_SERVICES 100               /* one that captures nothing for a second is started anew ... */
#define IDLE_STARTS 3                   /* ... and is gone when that did not help so often */
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

enum holder {
    HELD_BY_AUDIO,      /* the servicing thread */
    HELD_BY_NOBODY,     /* gone: whoever closes or opens it takes it first */
    HELD_BY_OPENER,     /* somebody closes or opens it just now */
    HELD_FOR_AUDIO      /* open again: the next service takes it */
};

struct sc_alsa_card {
    char playback_name[NAME_MAX_BYTES], capture_name[NAME_MAX_BYTES];
    uint32_t sides_needed;
    _Atomic int holder;                 /* enum holder: who may touch the pair and the names */
    struct sc_alsa_pair pcm;
    snd_pcm_uframes_t target_frames;
    struct sc_alsa_side sides[SC_CARD_SIDES];
    bool running;
    bool aligned;
    unsigned failed_starts;             /* in a row */
    unsigned idle, idle_starts;         /* services without a captured frame; starts anew because of them */
    int64_t written, taken;             /* 8 kHz samples given to and got from the card */
    int64_t offset;                     /* count played - count captured at one moment */
    unsigned apart, settling;
    int64_t serviced_ns;
    struct sc_alsa_card_statistics counts;
    int16_t block[SC_CARD_BLOCK_FRAMES * SC_CARD_SIDES];
};

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* What depends on the pair that was opened. */
static void settle(struct sc_alsa_card *card)
{
    unsigned periods = card->pcm.hardware ? HARDWARE_TARGET_PERIODS : PLUGIN_TARGET_PERIODS;
    snd_pcm_uframes_t target = card->pcm.period_frames * periods;
    card->target_frames = target < card->pcm.buffer_frames ? target : card->pcm.buffer_frames;
}

static int set_names(struct sc_alsa_card *card, const char *playback, const char *capture)
{
    if (strlen(playback) >= NAME_MAX_BYTES || strlen(capture) >= NAME_MAX_BYTES)
        return EINVAL;
    strcpy(card->playback_name, playback);
    strcpy(card->capture_name, capture);
    return 0;
}

int sc_alsa_card_create(struct sc_alsa_card **out, const struct sc_alsa_card_settings *settings)
{
    if (settings->sides == 0 || settings->sides > SC_CARD_SIDES)
        return EINVAL;
    struct sc_alsa_card *card = sc_alloc(sizeof *card);
    if (card == NULL)
        return ENOMEM;
    card->sides_needed = settings->sides;
    int error = set_names(card, settings->playback, settings->capture);
    if (error == 0 && !settings->absent)
        error = sc_alsa_pair_open(&card->pcm, card->playback_name, card->capture_name, settings->sides);
    if (error != 0) {
        sc_alsa_card_destroy(card);
        return error;
    }
    if (settings->absent)
        card->pcm.hardware = sc_alsa_names_hardware(settings->playback);
    settle(card);
    atomic_init(&card->holder, settings->absent ? HELD_BY_NOBODY : HELD_BY_AUDIO);
    *out = card;
    return 0;
}

void sc_alsa_card_destroy(struct sc_alsa_card *card)
{
    if (card == NULL)
        return;
    sc_alsa_pair_close(&card->pcm);
    sc_free(card);
}

/* Takes a card that is gone, for whoever closes or opens it. */
static bool take(struct sc_alsa_card *card)
{
    int nobody = HELD_BY_NOBODY;
    return atomic_compare_exchange_strong(&card->holder, &nobody, HELD_BY_OPENER);
}

int sc_alsa_card_unplug(struct sc_alsa_card *card)
{
    if (!take(card))
        return EBUSY;
    sc_alsa_pair_close(&card->pcm);
    atomic_store(&card->holder, HELD_BY_NOBODY);
    return 0;
}

int sc_alsa_card_plug(struct sc_alsa_card *card, const char *playback, const char *capture)
{
    if (!take(card))
        return EBUSY;
    sc_alsa_pair_close(&card->pcm);
    int error = set_names(card, playback, capture);
    if (error == 0)
        error = sc_alsa_pair_open(&card->pcm, card->playback_name, card->capture_name, card->sides_needed);
    atomic_store(&card->holder, error == 0 ? HELD_FOR_AUDIO : HELD_BY_NOBODY);
    return error;
}

int sc_alsa_card_attach(struct sc_alsa_card *card, uint32_t side, const struct sc_alsa_side *callbacks)
{
    if (side >= card->sides_needed)
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
    memset(card->block, 0, frames * card->pcm.playback_sides * sizeof card->block[0]);
    for (unsigned i = 0; i < card->pcm.playback_sides && !silence; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].play(card->sides[i].self, card->block + i, card->pcm.playback_sides, n, card->written);
    snd_pcm_sframes_t done = snd_pcm_writei(card->pcm.playback, card->block, frames);
    if (done < 0)
        return done;
    card->counts.lost_frames += frames - (size_t)done;
    card->written += (int64_t)n;
    return 0;
}

static long read_block(struct sc_alsa_card *card, size_t n)
{
    size_t frames = n * SC_CARD_FRAMES_PER_SAMPLE;
    snd_pcm_sframes_t done = snd_pcm_readi(card->pcm.capture, card->block, frames);
    if (done < 0)
        return done;
    size_t got = (size_t)done / SC_CARD_FRAMES_PER_SAMPLE;
    card->counts.lost_frames += (size_t)done % SC_CARD_FRAMES_PER_SAMPLE;
    for (unsigned i = 0; i < card->pcm.capture_sides; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].captured(card->sides[i].self, card->block + i, card->pcm.capture_sides, got,
                                    card->taken + card->offset);
    card->taken += (int64_t)got;
    return 0;
}

/* The audio thread touches it no more. */
static void give_up(struct sc_alsa_card *card)
{
    card->running = false;
    atomic_store(&card->holder, HELD_BY_NOBODY);
}

/* Open again: everything but the counts begins anew. */
static void adopt(struct sc_alsa_card *card)
{
    settle(card);
    card->running = card->aligned = false;
    card->failed_starts = card->idle = card->idle_starts = 0;
    card->serviced_ns = 0;
    for (unsigned i = 0; i < SC_CARD_SIDES; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].plugged(card->sides[i].self);
    atomic_store(&card->holder, HELD_BY_AUDIO);
}

static bool held_by_audio(const struct sc_alsa_card *card)
{
    return atomic_load_explicit(&card->holder, memory_order_acquire) == HELD_BY_AUDIO;
}

static void note_loss(struct sc_alsa_card *card, long error, uint64_t *xruns)
{
    int64_t since_us = (now_ns() - card->serviced_ns) / 1000;
    if (error == -ENODEV) {
        give_up(card);
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
    snd_pcm_drop(card->pcm.playback);
    snd_pcm_drop(card->pcm.capture);
    if (snd_pcm_prepare(card->pcm.playback) == -ENODEV || snd_pcm_prepare(card->pcm.capture) == -ENODEV) {
        give_up(card);
        return;
    }
    size_t period_samples = card->pcm.period_frames / SC_CARD_FRAMES_PER_SAMPLE;
    for (snd_pcm_uframes_t filled = 0; filled + card->pcm.period_frames <= card->target_frames; filled += card->pcm.period_frames)
        if (write_block(card, period_samples, true) < 0)
            return; /* not ready: the next service tries again */
    card->running = snd_pcm_start(card->pcm.capture) >= 0 && snd_pcm_start(card->pcm.playback) >= 0;
    for (unsigned i = 0; i < SC_CARD_SIDES; i++)
        if (card->sides[i].self != NULL)
            card->sides[i].restarted(card->sides[i].self);
    card->aligned = false;
    card->apart = 0;
}

/* Played and captured counts at this moment, from what waits in both buffers. */
static void align(struct sc_alsa_card *card, snd_pcm_sframes_t queued_frames, snd_pcm_sframes_t waiting_frames)
{
    int64_t margin = card->pcm.hardware ? HARDWARE_MARGIN_SAMPLES : PLUGIN_MARGIN_SAMPLES;
    int64_t played = card->written - queued_frames / SC_CARD_FRAMES_PER_SAMPLE + margin;
    if (played > card->written)
        played = card->written;
    int64_t captured = card->taken + waiting_frames / SC_CARD_FRAMES_PER_SAMPLE;
    int64_t offset = played - captured;
    int64_t apart = offset > card->offset ? offset - card->offset : card->offset - offset;
    card->apart = apart > (card->settling > 0 ? SETTLING_SAMPLES : APART_SAMPLES) ? card->apart + 1 : 0;
    card->settling -= card->settling > 0;
    unsigned patience = card->pcm.hardware ? APART_HARDWARE_SERVICES : APART_PLUGIN_SERVICES;
    if (card->aligned && card->apart < patience)
        return;
    card->offset = offset;
    card->settling = card->aligned && card->pcm.hardware ? SETTLING_SERVICES : 0;
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
    if (card->target_frames + card->pcm.period_frames <= card->pcm.buffer_frames)
        card->target_frames += card->pcm.period_frames;
    note_loss(card, error, &card->counts.playback_xruns);
}

bool sc_alsa_card_hardware(const struct sc_alsa_card *card)
{
    return card->pcm.hardware;
}

/* A pulled card need not say so: alsa-lib reads its pointers from a page that nobody writes any more. */
static bool pulled_out(const struct sc_alsa_card *card)
{
    return snd_pcm_state(card->pcm.playback) == SND_PCM_STATE_DISCONNECTED ||
           snd_pcm_state(card->pcm.capture) == SND_PCM_STATE_DISCONNECTED;
}

static void try_to_start(struct sc_alsa_card *card)
{
    start(card);
    card->failed_starts = card->running ? 0 : card->failed_starts + 1;
    if (card->failed_starts >= START_ATTEMPTS)
        give_up(card);
}

/* A card that runs and gives nothing hangs: it is started anew, and given up when that is in vain. */
static void note_idleness(struct sc_alsa_card *card, bool captured)
{
    card->idle = captured ? 0 : card->idle + 1;
    if (captured)
        card->idle_starts = 0;
    if (card->idle < IDLE_SERVICES)
        return;
    card->idle = 0;
    card->running = false;
    card->counts.capture_xruns++;
    if (++card->idle_starts > IDLE_STARTS)
        give_up(card);
}

static void serve(struct sc_alsa_card *card)
{
    snd_pcm_sframes_t room = snd_pcm_avail_update(card->pcm.playback);
    snd_pcm_sframes_t waiting = snd_pcm_avail_update(card->pcm.capture);
    if (room < 0)
        underrun(card, room);
    else if (waiting < 0)
        note_loss(card, waiting, &card->counts.capture_xruns);
    if (room < 0 || waiting < 0)
        return;
    snd_pcm_sframes_t queued = (snd_pcm_sframes_t)card->pcm.buffer_frames - room;
    int64_t before = card->taken;
    align(card, queued, waiting);
    capture(card, waiting);
    if (card->running)
        play(card, queued);
    card->serviced_ns = now_ns();
    if (card->running)
        note_idleness(card, card->taken > before);
}

void sc_alsa_card_service(struct sc_alsa_card *card)
{
    if (atomic_load_explicit(&card->holder, memory_order_acquire) == HELD_FOR_AUDIO)
        adopt(card);
    if (!held_by_audio(card))
        return;
    if (pulled_out(card)) {
        give_up(card);
        return;
    }
    if (!card->running)
        try_to_start(card);
    if (card->running)
        serve(card);
}

void sc_alsa_card_statistics(const struct sc_alsa_card *card, struct sc_alsa_card_statistics *out)
{
    *out = card->counts;
    out->captured_samples = (uint64_t)card->taken;
    out->gone = !held_by_audio(card);
}

#endif

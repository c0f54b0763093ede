/* alsa_card.h: a sound card through alsa-lib: playback and capture at 48 kHz, 16 bits, one or two sides, without waiting.
 *
 * _service moves what can be moved now. For every block it calls the sides that are attached: with what the card captured,
 * and for what it shall play, both as blocks of 8 kHz-aligned frames (multiples of six), together with the position in the
 * card's clock. Recovers from xruns by itself and counts them; a card that was pulled out it leaves to _unplug and _plug. */
#ifndef SC_ALSA_CARD_H
#define SC_ALSA_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_CARD_HZ 48000
#define SC_CARD_FRAMES_PER_SAMPLE 6     /* 48 kHz to 8 kHz */
#define SC_CARD_BLOCK_SAMPLES 80        /* 8 kHz samples of the longest block */
#define SC_CARD_BLOCK_FRAMES (SC_CARD_BLOCK_SAMPLES * SC_CARD_FRAMES_PER_SAMPLE)
#define SC_CARD_SIDES 2

struct sc_alsa_card;

/* What a side does with a block of n 8 kHz samples, i.e. 6 n frames, `stride` int16 apart. `position` counts the card's
 * 8 kHz samples: of the first one captured, in the count of those played (see sc_alsa_card_statistics.alignment), or of the
 * first one to be played. */
struct sc_alsa_side {
    void *self;
    void (*captured)(void *self, const int16_t *frames, size_t stride, size_t n, int64_t position);
    void (*play)(void *self, int16_t *frames, size_t stride, size_t n, int64_t position);
    void (*restarted)(void *self);      /* after an xrun: what was played before is over, what waited was never played */
    void (*plugged)(void *self);        /* opened again, perhaps another card: what is between card and tick is old */
};

struct sc_alsa_card_statistics {
    uint64_t capture_xruns, playback_xruns;
    uint64_t lost_frames;
    int32_t alignment_samples;  /* 8 kHz samples that waited in the playback buffer beyond the reference */
    uint64_t captured_samples;  /* got from it so far, of 8 kHz */
    bool gone;                  /* pulled out or fails for good; or not open yet */
};

struct sc_alsa_card_settings {
    const char *playback, *capture;     /* ALSA names */
    uint32_t sides;                     /* how many are needed */
    bool absent;                        /* it is not there (yet): begin as if it had been pulled out */
};

/* ENOMEM, EINVAL, ENOTSUP (no 48 kHz or 16 bits or too few sides), and alsa-lib's errno. */
int sc_alsa_card_create(struct sc_alsa_card **out, const struct sc_alsa_card_settings *settings);
void sc_alsa_card_destroy(struct sc_alsa_card *card);

/* EINVAL for a side the card does not have, EBUSY for one that is taken. Not while another thread is in _service. */
int sc_alsa_card_attach(struct sc_alsa_card *card, uint32_t side, const struct sc_alsa_side *callbacks);

/* Not from the audio thread: close a card that is gone (the kernel keeps it until then); open it, perhaps by another name, as
 * soon as it is back: the next service takes it. They wait for the kernel. EBUSY: it is not gone, or another thread does
 * either; _plug also what _create answers, and the card stays gone. */
int sc_alsa_card_unplug(struct sc_alsa_card *card);
int sc_alsa_card_plug(struct sc_alsa_card *card, const char *playback, const char *capture);

/* Whether it goes by these names. */
bool sc_alsa_card_is(const struct sc_alsa_card *card, const char *playback, const char *capture);

/* Whether it is the kernel's driver itself (hw:...) and no plug-in. */
bool sc_alsa_card_hardware(const struct sc_alsa_card *card);

void sc_alsa_card_service(struct sc_alsa_card *card);
void sc_alsa_card_statistics(const struct sc_alsa_card *card, struct sc_alsa_card_statistics *out);

#endif

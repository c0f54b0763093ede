/* alsa_open.h: both directions of a sound card opened through alsa-lib: 48 kHz, 16 bits, non-blocking, nothing starts by
 * itself. Opening waits for the kernel (a USB card: tens of ms) and never belongs on the audio thread. */
#ifndef SC_ALSA_OPEN_H
#define SC_ALSA_OPEN_H

#include <alsa/asoundlib.h>
#include <stdbool.h>
#include <stdint.h>

struct sc_alsa_pair {
    snd_pcm_t *playback, *capture;      /* NULL: not open */
    unsigned playback_sides, capture_sides;
    snd_pcm_uframes_t period_frames, buffer_frames;     /* of playback */
    bool hardware;                      /* no plug-in between us and the kernel's driver */
};

/* Opens both for at least `sides` sides. 0, ENOTSUP (no 48 kHz, 16 bits, or too few sides) or alsa-lib's errno; then the pair
 * is closed. */
int sc_alsa_pair_open(struct sc_alsa_pair *pair, const char *playback, const char *capture, uint32_t sides);

/* What is not open is left alone; what is still to be played is dropped. */
void sc_alsa_pair_close(struct sc_alsa_pair *pair);

/* Whether a name means the kernel's driver itself, by an ALSA name or by its socket (usb:1-1.3), for a card that is not there
 * to be asked. */
bool sc_alsa_names_hardware(const char *name);

#endif

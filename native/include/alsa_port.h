/* alsa_port.h: one side of a sound card as a port of the core.
 *
 * The card runs at 48 kHz on its own clock. _service, called before each tick, moves frames between the card and the port
 * without ever waiting; _exchange is the port function of the tick and touches memory only. In between, in the card's clock:
 * the resampler 48 -> 8 kHz, the echo canceller with its reference tapped where the card's buffer takes it, and on the
 * way to and from the tick a drift-following resampler (asrc.h) each. */
#ifndef SC_ALSA_PORT_H
#define SC_ALSA_PORT_H

#include "echo_canceller.h"
#include "port.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_alsa_port;

struct sc_alsa_port_settings {
    const char *device;             /* ALSA name for playback (and capture) */
    const char *capture_device;     /* another name for capture; NULL or "" = the same */
    uint32_t side;                  /* 0 left or mono, 1 right */
    uint32_t sides;                 /* how many of the device are in use: 1, or 2 when another port has the other one */
    struct sc_alsa_port *sibling;   /* the port that opened the same device and outlives this one, or NULL */
    bool absent;                    /* the card is not there (yet): the port begins as if it had been pulled out */
    float full_scale_dbm0;          /* level on the line of a sine that fills the card's 16 bits when it captures; */
    float playback_full_scale_dbm0; /* and when it plays: faders and converters of the two directions differ */
    struct sc_echo_canceller *canceller;    /* outlives the port */
};

struct sc_alsa_port_statistics {
    uint64_t capture_xruns, playback_xruns;
    uint64_t lost_frames;           /* 48 kHz frames known to be lost or not played */
    uint64_t slips;                 /* under- and overruns towards the tick */
    float capture_ppm, playback_ppm;    /* the card's clock against the tick's; the tick's against the card's */
    int32_t alignment_samples;      /* playback that was known to wait in the card's buffer when it was tapped */
    float captured_dbm0;            /* before the canceller */
    bool nlp_off, canceller_disabled;   /* by an answer tone (tone_disabler.h) */
    uint64_t captured_samples;      /* of 8 kHz, so far */
    bool gone;
};

/* Opens the card. EINVAL, ENOMEM, ENOTSUP (built without ALSA, or the card cannot do 48 kHz, 16 bits), and alsa-lib's errno
 * (ENOENT or ENODEV: not there; EBUSY: somebody else has it). */
int sc_alsa_port_create(struct sc_alsa_port **out, const struct sc_alsa_port_settings *settings);
void sc_alsa_port_destroy(struct sc_alsa_port *port);

/* The plan's switches; heard: some node hears this port; in_call: that, or it hears some node. */
void sc_alsa_port_set(struct sc_alsa_port *port, bool canceller, bool capture_muted, bool heard, bool in_call);

/* Not from the audio thread: see sc_alsa_card_unplug and _plug (alsa_card.h); ENOTSUP without ALSA. */
int sc_alsa_port_unplug(struct sc_alsa_port *port);
int sc_alsa_port_plug(struct sc_alsa_port *port, const char *device, const char *capture_device);

/* Whether the answer tone of a fax machine or a modem has been heard in this call, from either side; in the tick. */
bool sc_alsa_port_hears_machines(const struct sc_alsa_port *port);

void sc_alsa_port_service(struct sc_alsa_port *port);
/* capture is without echo; linear is that as it was before the NLP. */
int sc_alsa_port_exchange(void *port, const int16_t *playback, int16_t *capture, int16_t *linear, size_t samples);
void sc_alsa_port_statistics(const struct sc_alsa_port *port, struct sc_alsa_port_statistics *out);

#endif

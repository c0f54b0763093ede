/* Packet-loss concealment for 8 kHz audio, of the kind of G.711 appendix I but without its 3.75 ms of delay: the last
 * pitch periods are repeated with overlap-add, faded, and after 60 ms replaced by comfort noise of the background's
 * level and colour; the return of the signal is cross-faded.
 *
 * It sees every frame of the stream: good ones pass (and are remembered), lost ones are filled in place.
 */
#ifndef SC_CONCEALMENT_H
#define SC_CONCEALMENT_H

#include <stddef.h>
#include <stdint.h>

#include "comfort_noise.h"

#define SC_CONCEALMENT_MAX_BLOCK_SAMPLES 160

struct sc_concealment;

struct sc_concealment_settings {
    float noise_floor_dbm0; /* least comfort noise, dBm0; default -70 */
};

enum sc_concealment_input {
    SC_CONCEALMENT_GOOD,   /* frame holds audio */
    SC_CONCEALMENT_LOST,   /* frame is to be filled from the past */
    SC_CONCEALMENT_SILENCE /* nothing is sent (DTX): frame is to be filled with comfort noise */
};

struct sc_concealment_state {
    uint64_t good_samples, concealed_samples, noise_samples;
    uint32_t losses;     /* gaps begun */
    float noise_dbm0;    /* background level learnt */
    uint32_t pitch_samples; /* of the last gap */
};

void sc_concealment_settings_default(struct sc_concealment_settings *settings);
int sc_concealment_create(struct sc_concealment **out, const struct sc_concealment_settings *settings);
void sc_concealment_destroy(struct sc_concealment *plc);
void sc_concealment_reset(struct sc_concealment *plc);

/* In place; EINVAL when n > SC_CONCEALMENT_MAX_BLOCK_SAMPLES. */
int sc_concealment_process(struct sc_concealment *plc, enum sc_concealment_input input, int16_t *frame, size_t n);

/* The noise that the sender wants to be heard while it sends nothing (RFC 3389), from now on until it tells another or
 * concealment is reset. Levels over -40 dBm0 are taken for that. */
void sc_concealment_tell_noise(struct sc_concealment *plc, const struct sc_comfort_noise_shape *shape);

void sc_concealment_get_state(const struct sc_concealment *plc, struct sc_concealment_state *out);

#endif

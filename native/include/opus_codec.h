/* opus_codec.h: Opus (RFC 6716) of 16 kHz mono speech by libopus, which is looked for when the program runs: where it is not
 * installed everything else works and no Opus is offered.
 *
 * Memory is taken at create only; libopus takes none in between. A decoder can be asked for the frame before a packet, from what that
 * packet repeats of it (in-band FEC). */
#ifndef SC_OPUS_CODEC_H
#define SC_OPUS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_OPUS_SCALE 6u                /* ticks of Opus' RTP clock, 48 kHz (RFC 7587, 4.1), to one of 8 kHz */
#define SC_OPUS_MAX_WIDE 960u           /* samples of 16 kHz in a packet: 60 ms */

struct sc_opus_encoder;
struct sc_opus_decoder;

/* Whether libopus is here. The first call opens it: not in a tick. */
bool sc_opus_available(void);

/* 0, ENOMEM, or ENOSYS where there is no libopus. Before it is used it must be reset: until then its 40 kB are no memory yet. */
int sc_opus_encoder_create(struct sc_opus_encoder **out);
void sc_opus_encoder_destroy(struct sc_opus_encoder *encoder);
void sc_opus_encoder_reset(struct sc_opus_encoder *encoder);

/* A packet of 10, 20, 40 or 60 ms of 16 kHz samples; its octets, 0 when it cannot be made. */
size_t sc_opus_encode(struct sc_opus_encoder *encoder, uint8_t *octets, size_t most, const int16_t *wide, size_t samples);

/* Likewise. */
int sc_opus_decoder_create(struct sc_opus_decoder **out);
void sc_opus_decoder_destroy(struct sc_opus_decoder *decoder);
void sc_opus_decoder_reset(struct sc_opus_decoder *decoder);
void sc_opus_decoder_copy(struct sc_opus_decoder *to, const struct sc_opus_decoder *from);

/* How many samples of 16 kHz a packet holds; 0: it is none, or is longer than 60 ms. */
size_t sc_opus_samples(const uint8_t *octets, size_t n);

/* The packet's samples (sc_opus_samples of them), or those of the packet before it, as many; false when it cannot be read. */
bool sc_opus_decode(struct sc_opus_decoder *decoder, int16_t *wide, const uint8_t *octets, size_t n);
bool sc_opus_decode_before(struct sc_opus_decoder *decoder, int16_t *wide, const uint8_t *octets, size_t n);

#endif

/* speech_decoder.h: the samples of an audio packet: G.711 of either law, or the two bands of G.722.
 *
 * G.722 remembers: packets must be decoded in the order in which they were coded. They are decoded as they come, so that the jitter
 * buffer holds samples; one that comes late is decoded from where the decoder stood before the gap. */
#ifndef SC_SPEECH_DECODER_H
#define SC_SPEECH_DECODER_H

#include "g722.h"
#include "rtp.h"

#include <stdbool.h>

struct sc_speech_decoder {
    bool known;                 /* a G.722 packet has come */
    uint32_t ssrc;
    uint16_t next;              /* sequence number that would continue it */
    struct sc_g722 g722;
    bool gap;                   /* something before `next` is missing: */
    uint16_t gap_next;          /* its first sequence number, */
    struct sc_g722 before_gap;  /* and the decoder as it stood there */
};

void sc_speech_decoder_reset(struct sc_speech_decoder *decoder);

/* As many samples of 8 kHz as the payload has octets; true when the packet is wide: then `low` is its lower band at the level of
 * 16-bit speech (twice the band of g722.h), and `high` likewise its upper one, which else is not written. */
bool sc_speech_decode(struct sc_speech_decoder *decoder, const struct sc_rtp_packet *packet, int16_t *low, int16_t *high);

#endif

/* opus_stream.h: the receiving half of an Opus party: RTP packets of 48 kHz time stamps to frames of two bands of 8 kHz.
 *
 * Opus remembers: packets are decoded as they come; one that comes late is decoded from where the decoder stood before the gap,
 * and one that is missing is made from what the next packet repeats of it, if the sender repeats (in-band FEC). */
#ifndef SC_OPUS_STREAM_H
#define SC_OPUS_STREAM_H

#include "jitter_buffer.h"
#include "rtp.h"

#define SC_OPUS_FRAMES_MAX 2u

struct sc_opus_frame {
    uint32_t timestamp;         /* 8 kHz */
    uint16_t sequence;
    bool recovered;             /* made from the next packet */
    size_t samples;             /* of each band, at the level of 16-bit speech (twice the band of qmf.h) */
    int16_t low[SC_JITTER_MAX_PACKET_SAMPLES], high[SC_JITTER_MAX_PACKET_SAMPLES];
};

struct sc_opus_stream;

/* 0, ENOMEM, or ENOSYS where there is no libopus. */
int sc_opus_stream_create(struct sc_opus_stream **out);
void sc_opus_stream_destroy(struct sc_opus_stream *stream);
void sc_opus_stream_reset(struct sc_opus_stream *stream);

/* The frames of a packet, in the order of time: 0 when it cannot be read or is older than what can still be decoded. */
size_t sc_opus_stream_take(struct sc_opus_stream *stream, const struct sc_rtp_packet *packet, struct sc_opus_frame *frames);

#endif

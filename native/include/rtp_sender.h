/* rtp_sender.h: the outgoing half of an RTP node: G.711, G.722 or Opus frames, comfort noise (RFC 3389) and telephone events
 * (RFC 4733) from what it hears. */
#ifndef SC_RTP_SENDER_H
#define SC_RTP_SENDER_H

#include "comfort_noise.h"
#include "dtmf_sender.h"
#include "g722.h"
#include "opus_codec.h"
#include "packet_queue.h"
#include "plan.h"
#include "qmf.h"
#include "silence_detector.h"

#define SC_RTP_FRAME_OCTETS_MAX 480     /* 60 ms: an octet for each 1/8000 s, G.711 and G.722 */

struct sc_rtp_sender {
    struct sc_opus_encoder *opus;   /* its owner's, NULL where there is none; a reset leaves it in place */
    uint32_t ssrc;
    uint16_t sequence;
    uint32_t timestamp;             /* of the next tick's first sample, in 1/8000 s */
    bool marker_due;                /* the next audio packet begins a talk spurt */
    uint64_t sent, octets;          /* packets, and octets of their payloads */
    size_t fill;                    /* in 1/8000 s */
    uint8_t frame[SC_RTP_FRAME_OCTETS_MAX];
    enum sc_codec frame_codec;      /* of what is in it */
    uint8_t frame_type;             /* its payload type */
    int16_t wide[SC_OPUS_MAX_WIDE]; /* of an Opus frame what is in it, not coded yet */
    struct sc_qmf_split split;
    struct sc_g722 encoder;
    struct sc_silence_detector silence;
    struct sc_comfort_noise noise;  /* what our silence sounds like */
    bool frame_talks;               /* the frame under way holds more than silence */
    uint32_t noise_age;             /* samples since comfort noise was sent; 0: audio is being sent */
    float noise_rms;                /* as it was sent */
    bool event_active;
    uint32_t event_serial;
    uint32_t event_timestamp;
    uint8_t event;
    uint32_t event_age;             /* samples of it sent so far */
    uint32_t event_length;          /* of the whole digit */
    uint32_t event_ticks;
    unsigned ends_left;             /* the end of an event is sent three times */
};

/* A new stream: SSRC, first sequence number and time stamp come from `seed` (RFC 3550, 5.1: unpredictable). */
void sc_rtp_sender_reset(struct sc_rtp_sender *sender, uint64_t seed);

/* One tick of what the node hears: 80 samples, 160 of 16 kHz where its codec is wide. `digit` is the digit that is being sent to a node that takes telephone events (else
 * NULL): while it lasts, event packets go out instead of audio. Nothing is sent when `to` is not known or the node does not
 * send; the clock runs on. */
void sc_rtp_sender_tick(struct sc_rtp_sender *sender, const struct sc_plan_node *node, const int16_t *heard,
                        const struct sc_dtmf_sending *digit, const struct sc_rtp_address *to,
                        struct sc_packet_queue *out);

#endif

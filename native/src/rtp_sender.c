/* rtp_sender.c: G.711, G.722 or Opus frames and telephone events from what an RTP node hears.
 *
 * How: each tick is coded to 80 octets, which fill a frame of frame_ms; another codec begins another frame. The time stamp
 * advances by 80 with every tick, sent or not, of G.722 too (RFC 3551, 4.5.2); of Opus, which is coded when a frame is full, by
 * 480 (RFC 7587, 4.1). A digit under way
 * replaces audio by event packets: the time stamp of its first sample, a duration that grows, one at once and then one a frame,
 * and the end three times in three ticks (RFC 4733, 2.5.1.3 and 2.5.1.4).
 * Where comfort noise was agreed on, a frame of silence is not sent: its place is taken by a level and a colour, once a second
 * or when they have changed. A frame in which somebody begins to talk is sent whole.
 * Assumes digits of at most 8 s (65535 units of duration).
 * Measured (test_rtp_endpoint.c): what one node sends another reads: same samples, each digit once, lengths within 10 ms. */
#include "rtp_sender.h"

#include "comfort_noise_payload.h"
#include "g711.h"
#include "port.h"
#include "rtp.h"

#include <math.h>
#include <string.h>

#define END_REPEATS 3u              /* RFC 4733, 2.5.1.4 */
#define SAMPLES_PER_MS 8u
#define EVENT_VOLUME 8u             /* -8 dBm0, the level of the tones that we would send */
#define DURATION_MAX 0xFFFFu
#define COMFORT_NOISE_TYPE 13u      /* RFC 3389, 4 */
#define NOISE_AGAIN 8000u           /* samples: told once a second, which also keeps paths open */
#define NOISE_SOONER 1600u          /* at once, but not within 200 ms, when it has changed by NOISE_CHANGE */
#define NOISE_CHANGE 1.41f          /* 3 dB */
#define NOISE_FLOOR_DBM0 (-75.0f)
#define NOISE_CEILING_DBM0 (-45.0f)

/* A well-mixed 64-bit number (splitmix64, Steele and others 2014). */
static uint64_t mixed(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void sc_rtp_sender_reset(struct sc_rtp_sender *sender, uint64_t seed)
{
    struct sc_opus_encoder *opus = sender->opus;
    memset(sender, 0, sizeof *sender);
    sender->opus = opus;
    if (opus != NULL)
        sc_opus_encoder_reset(opus);
    sender->ssrc = (uint32_t)mixed(&seed);
    sender->sequence = (uint16_t)mixed(&seed);
    sender->timestamp = (uint32_t)mixed(&seed);
    sender->marker_due = true;
    sc_g722_init(&sender->encoder);
    sc_silence_detector_reset(&sender->silence);
    sc_comfort_noise_init(&sender->noise, NOISE_FLOOR_DBM0, NOISE_CEILING_DBM0);
}

static void emit(struct sc_rtp_sender *s, struct sc_rtp_packet *packet, const struct sc_rtp_address *to,
                 struct sc_packet_queue *out)
{
    packet->ssrc = s->ssrc;
    packet->sequence = s->sequence++;
    struct sc_packet *place = sc_packet_queue_place(out);
    if (place == NULL)
        return;
    place->length = (uint16_t)sc_rtp_build(place->bytes, sizeof place->bytes, packet);
    place->peer = *to;
    place->control = false;
    s->sent++;
    s->octets += packet->payload_length;
    sc_packet_queue_commit(out);
}

/* Ticks of the RTP clock of a codec to one of 1/8000 s. */
static uint32_t clock_scale(enum sc_codec codec)
{
    return codec == SC_CODEC_OPUS ? SC_OPUS_SCALE : 1;
}

/* Octets of the frame: of Opus they are made now, and there are none when a frame that ends early has a length that Opus has not. */
static size_t finish_frame(struct sc_rtp_sender *s)
{
    if (s->frame_codec != SC_CODEC_OPUS)
        return s->fill;
    return sc_opus_encode(s->opus, s->frame, sizeof s->frame, s->wide, 2 * s->fill);
}

/* Sends the frame as far as it is filled; its last sample is the one before `timestamp`. */
static void emit_audio(struct sc_rtp_sender *s, uint32_t timestamp, const struct sc_rtp_address *to,
                       struct sc_packet_queue *out)
{
    if (s->fill == 0)
        return;
    struct sc_rtp_packet packet = {
        .payload_type = s->frame_type,
        .marker = s->marker_due,
        .timestamp = (timestamp - (uint32_t)s->fill) * clock_scale(s->frame_codec),
        .payload = s->frame,
        .payload_length = finish_frame(s),
    };
    s->fill = 0;
    if (packet.payload_length == 0)
        return;
    emit(s, &packet, to, out);
    s->marker_due = false;
}

static void emit_event(struct sc_rtp_sender *s, const struct sc_plan_node *node, bool first, bool end,
                       const struct sc_rtp_address *to, struct sc_packet_queue *out)
{
    uint8_t octets[SC_RTP_EVENT_BYTES];
    const uint32_t units = s->event_age * (node->telephone_event_48k ? SC_OPUS_SCALE : 1);
    uint32_t age = units < DURATION_MAX ? units : DURATION_MAX;
    struct sc_telephone_event event = {
        .event = s->event, .end = end, .volume = EVENT_VOLUME, .duration = (uint16_t)age
    };
    sc_telephone_event_build(octets, &event);
    struct sc_rtp_packet packet = {
        .payload_type = (uint8_t)node->telephone_event,
        .marker = first,
        .timestamp = s->event_timestamp * clock_scale(node->codec),
        .payload = octets,
        .payload_length = sizeof octets,
    };
    emit(s, &packet, to, out);
}

static void end_event(struct sc_rtp_sender *s)
{
    /* The tone ended within the last tick: then its whole length is known. Cut short by a new plan: as far as it came. */
    if (s->event_length - s->event_age < SC_TICK_SAMPLES)
        s->event_age = s->event_length;
    s->event_active = false;
    s->ends_left = END_REPEATS;
}

static void begin_event(struct sc_rtp_sender *s, const struct sc_dtmf_sending *digit)
{
    s->event_active = true;
    s->event_serial = digit->serial;
    s->event = (uint8_t)sc_telephone_event_of_digit(digit->digit);
    s->event_timestamp = s->timestamp + SC_TICK_SAMPLES - digit->age_samples;
    s->event_length = digit->duration_samples;
    s->event_ticks = 0;
    s->ends_left = 0;
}

static void tick_event(struct sc_rtp_sender *s, const struct sc_plan_node *node, const struct sc_dtmf_sending *digit,
                       const struct sc_rtp_address *to, struct sc_packet_queue *out)
{
    bool first = !s->event_active || s->event_serial != digit->serial;
    if (first) {
        emit_audio(s, s->timestamp, to, out);
        begin_event(s, digit);
    }
    s->event_age = digit->age_samples;
    if (s->event_ticks % (node->frame_ms / SC_TICK_MS) == 0)
        emit_event(s, node, first, false, to, out);
    s->event_ticks++;
}

/* One tick, coded (of Opus as it is), behind what the frame has. */
static void append(struct sc_rtp_sender *s, const struct sc_plan_node *node, const int16_t *heard)
{
    int16_t low[SC_TICK_SAMPLES], high[SC_TICK_SAMPLES];
    uint8_t *octets = s->frame + s->fill;
    switch (node->codec) {
    case SC_CODEC_PCMA:
        sc_alaw_encode(octets, heard, SC_TICK_SAMPLES);
        break;
    case SC_CODEC_PCMU:
        sc_ulaw_encode(octets, heard, SC_TICK_SAMPLES);
        break;
    case SC_CODEC_G722:
        sc_qmf_split(&s->split, low, high, heard, SC_TICK_SAMPLES);
        sc_g722_encode(&s->encoder, octets, low, high, SC_TICK_SAMPLES);
        break;
    case SC_CODEC_OPUS:
        memcpy(s->wide + 2 * s->fill, heard, 2 * SC_TICK_SAMPLES * sizeof *heard);
        break;
    }
    s->frame_codec = node->codec;
    s->frame_type = (uint8_t)(node->codec == SC_CODEC_OPUS ? node->opus_type : node->codec);
    s->fill += SC_TICK_SAMPLES;
}

static void emit_noise(struct sc_rtp_sender *s, uint32_t timestamp, const struct sc_rtp_address *to,
                       struct sc_packet_queue *out)
{
    uint8_t octets[SC_COMFORT_NOISE_PAYLOAD_BYTES];
    struct sc_comfort_noise_shape shape;
    sc_comfort_noise_describe(&s->noise, &shape);
    sc_comfort_noise_payload_build(octets, &shape);
    struct sc_rtp_packet packet = {
        .payload_type = COMFORT_NOISE_TYPE,
        .timestamp = timestamp,
        .payload = octets,
        .payload_length = sizeof octets,
    };
    emit(s, &packet, to, out);
    s->noise_rms = shape.rms;
    s->noise_age = 0;
}

/* Whether the frame that is full now is silence, and so has been dealt with. */
static bool silent_frame(struct sc_rtp_sender *s, const struct sc_rtp_address *to, struct sc_packet_queue *out)
{
    const uint32_t samples = (uint32_t)s->fill, timestamp = s->timestamp + SC_TICK_SAMPLES - samples;
    const float change = fmaxf(sc_comfort_noise_rms(&s->noise), 1.0f) / fmaxf(s->noise_rms, 1.0f);
    const bool first = s->noise_age == 0, changed = change > NOISE_CHANGE || change < 1.0f / NOISE_CHANGE;
    if (s->frame_talks) {
        s->noise_age = 0;
        return false;
    }
    if (first || s->noise_age >= NOISE_AGAIN || (changed && s->noise_age >= NOISE_SOONER))
        emit_noise(s, timestamp, to, out);
    s->noise_age += samples;
    s->marker_due = true; /* the next audio begins a talk spurt */
    s->fill = 0;
    return true;
}

static void listen_for_silence(struct sc_rtp_sender *s, const int16_t *heard)
{
    float samples[SC_TICK_SAMPLES];
    if (s->fill == 0)
        s->frame_talks = false;
    for (size_t i = 0; i < SC_TICK_SAMPLES; i++)
        samples[i] = heard[i];
    s->frame_talks |= !sc_silence_detector_process(&s->silence, heard, SC_TICK_SAMPLES);
    sc_comfort_noise_learn(&s->noise, samples, SC_TICK_SAMPLES);
}

static void tick_audio(struct sc_rtp_sender *s, const struct sc_plan_node *node, const int16_t *heard,
                       const struct sc_rtp_address *to, struct sc_packet_queue *out)
{
    if (s->event_active)
        end_event(s);
    if (s->ends_left > 0) {
        emit_event(s, node, false, true, to, out);
        s->ends_left--;
    }
    /* Comfort noise of payload type 13 is of 8 kHz: wide silence is sent as it is. */
    const bool noise_may_go = node->comfort_noise && (node->codec == SC_CODEC_PCMA || node->codec == SC_CODEC_PCMU);
    if (s->fill > 0 && s->frame_codec != node->codec)
        emit_audio(s, s->timestamp, to, out);
    if (noise_may_go)
        listen_for_silence(s, heard);
    append(s, node, heard);
    if (s->fill < (size_t)node->frame_ms * SAMPLES_PER_MS)
        return;
    if (!noise_may_go || !silent_frame(s, to, out))
        emit_audio(s, s->timestamp + SC_TICK_SAMPLES, to, out);
}

void sc_rtp_sender_tick(struct sc_rtp_sender *sender, const struct sc_plan_node *node, const int16_t *heard,
                        const struct sc_dtmf_sending *digit, const struct sc_rtp_address *to,
                        struct sc_packet_queue *out)
{
    if (!node->sends || to->length == 0) {
        sender->fill = 0;
        sender->event_active = false;
        sender->ends_left = 0;
        sender->marker_due = true;
    } else if (digit != NULL && node->telephone_event >= 0) {
        tick_event(sender, node, digit, to, out);
    } else {
        tick_audio(sender, node, heard, to, out);
    }
    sender->timestamp += SC_TICK_SAMPLES;
}

/* rtp_endpoint.c: the media of one SIP party.
 *
 * How: a packet must parse, be of a payload type that was agreed on and come from the latched source (rtp_latch.h); audio goes
 * through the jitter buffer and concealment, telephone events become one digit for each time stamp (RFC 4733, 2.5.2.1),
 * repeats and stragglers ignored; an event whose end is lost ends after EVENT_TIMEOUT_TICKS. Either G.711 law and G.722 are
 * understood whichever was agreed on, since offers carry all. Comfort noise (RFC 3389) tells the concealment what silence sounds
 * like, and the jitter buffer that nothing is missing. What is heard goes out through rtp_sender.h.
 * Wideband: speech_decoder.h makes two bands of 8 kHz of a packet; jitter buffer and concealment work on them (the upper one has
 * a concealment of its own, of no pitch worth the name: it repeats and fades), and only what is played is joined to 16 kHz.
 * Assumes a tick of 80 samples. Measured (test_rtp_endpoint.c): a loop through two endpoints is bit-exact G.711; random
 * packets change nothing but the counters. */
#include "rtp_endpoint.h"

#include "alloc.h"
#include "comfort_noise_payload.h"
#include "concealment.h"
#include "jitter_buffer.h"
#include "opus_stream.h"
#include "qmf.h"
#include "rtcp_session.h"
#include "rtp.h"
#include "rtp_latch.h"
#include "rtp_sender.h"
#include "speech_decoder.h"

#include <errno.h>
#include <string.h>

#define EVENT_TIMEOUT_TICKS 15u         /* 150 ms: RFC 4733, 2.5.2.2 asks for three packets' time at least */
#define EVENT_SOUND_SLACK_MS 40.0f      /* an event's own sound comes later by the jitter buffer, and so much more */
#define EVENT_SOUND_TICKS_MAX 30u       /* the buffer's 200 ms and more */
#define EVENT_OLD_SAMPLES 80000         /* an event so much older than the last one is a new stream, not a straggler */
#define COMFORT_NOISE_TYPE 13u          /* RFC 3389 */
#define SAMPLES_PER_MS 8u
#define SAID_SILENT_PATIENCE 10u        /* so many times the limit for lost media after comfort noise: who sends it once and
                                           listens is not gone, but not believed for ever either */

struct heard_event {
    bool known;                 /* an event has been heard in this stream */
    bool active;
    uint32_t ssrc;
    uint32_t timestamp;
    uint8_t event;
    uint16_t duration;
    uint8_t volume;             /* dB below 0 dBm0 */
    bool told;                  /* else its sound was told before */
    uint64_t start_ms;          /* in the core's time */
    uint64_t tick;              /* of its last packet */
};

struct sc_rtp_endpoint {
    struct sc_rtp_endpoint_settings settings;
    const struct sc_plan_node *node;    /* NULL = idle */
    uint32_t id;
    uint32_t streams;                   /* begun on this socket: makes each one's seed */
    struct sc_jitter_buffer *jitter;
    struct sc_concealment *concealment, *high_concealment;
    struct sc_speech_decoder decoder;
    struct sc_opus_stream *opus;        /* NULL where there is no libopus */
    struct sc_qmf_join join;
    struct sc_rtp_latch latch;
    struct sc_rtp_sender sender;
    struct sc_rtcp_session rtcp;
    uint64_t sent_before;               /* the last report */
    struct heard_event event;
    bool audio_came, wide_came;
    uint32_t silent_ticks;
    bool said_silent;                   /* the last packet was comfort noise: none is due for a while */
    uint64_t received, malformed, foreign;
};

static int create_blocks(struct sc_rtp_endpoint *e)
{
    struct sc_jitter_buffer_settings jitter;
    struct sc_concealment_settings concealment;
    sc_jitter_buffer_settings_default(&jitter);
    sc_concealment_settings_default(&concealment);
    int error = sc_jitter_buffer_create(&e->jitter, &jitter);
    if (error == 0)
        error = sc_concealment_create(&e->concealment, &concealment);
    if (error == 0)
        error = sc_concealment_create(&e->high_concealment, &concealment);
    if (error != 0 || !sc_opus_available())
        return error;
    error = sc_opus_stream_create(&e->opus);
    return error != 0 ? error : sc_opus_encoder_create(&e->sender.opus);
}

int sc_rtp_endpoint_create(struct sc_rtp_endpoint **out, const struct sc_rtp_endpoint_settings *settings)
{
    if (settings->events == NULL)
        return EINVAL;
    struct sc_rtp_endpoint *e = sc_alloc(sizeof *e);
    if (e == NULL)
        return ENOMEM;
    e->settings = *settings;
    int error = create_blocks(e);
    if (error != 0) {
        sc_rtp_endpoint_destroy(e);
        return error;
    }
    *out = e;
    return 0;
}

void sc_rtp_endpoint_destroy(struct sc_rtp_endpoint *e)
{
    if (e == NULL)
        return;
    sc_jitter_buffer_destroy(e->jitter);
    sc_concealment_destroy(e->concealment);
    sc_concealment_destroy(e->high_concealment);
    sc_opus_stream_destroy(e->opus);
    sc_opus_encoder_destroy(e->sender.opus);
    sc_free(e);
}

static void begin_stream(struct sc_rtp_endpoint *e)
{
    e->streams++;
    sc_jitter_buffer_reset(e->jitter);
    sc_concealment_reset(e->concealment);
    if (e->wide_came)
        sc_concealment_reset(e->high_concealment);
    sc_speech_decoder_reset(&e->decoder);
    if (e->opus != NULL)
        sc_opus_stream_reset(e->opus);
    memset(&e->join, 0, sizeof e->join);
    sc_rtp_latch_reset(&e->latch);
    sc_rtp_sender_reset(&e->sender, e->settings.seed + e->streams);
    sc_rtcp_session_reset(&e->rtcp, e->settings.seed + e->streams);
    e->sent_before = 0;
    memset(&e->event, 0, sizeof e->event);
    if (e->settings.once != NULL)
        memset(e->settings.once, 0, sizeof *e->settings.once);
    e->audio_came = e->wide_came = e->said_silent = false;
    e->silent_ticks = 0;
    e->received = e->malformed = e->foreign = 0;
}

void sc_rtp_endpoint_assign(struct sc_rtp_endpoint *e, const struct sc_plan_node *node)
{
    bool fresh = node != NULL && (e->node == NULL || e->id != node->id);
    if (node != NULL) {
        if (fresh)
            begin_stream(e);
        if (!node->receives)
            e->silent_ticks = 0;
        sc_rtp_latch_expect(&e->latch, &node->remote);
        e->id = node->id;
    }
    e->node = node;
}

/* --- receiving ------------------------------------------------------------------------------------------------- */

static void say(struct sc_rtp_endpoint *e, const struct sc_event *event)
{
    (void)sc_event_ring_push(e->settings.events, event); /* the ring counts what it drops */
}

static void finish_event(struct sc_rtp_endpoint *e, uint64_t tick)
{
    uint32_t duration_ms = e->event.duration / SAMPLES_PER_MS;
    e->event.active = false;
    if (e->settings.once != NULL)
        (void)sc_digit_once_ends(e->settings.once, SC_DIGIT_AS_EVENT);
    if (!e->event.told)
        return;
    struct sc_event heard = {
        .kind = SC_EVENT_DIGIT_HEARD,
        .node = e->id,
        .tick = tick,
        .value = (uint32_t)sc_digit_of_telephone_event(e->event.event),
        .duration_ms = duration_ms,
        .start_ms = e->event.start_ms,
        .end_ms = e->event.start_ms + duration_ms,
        .level_dbm0 = -(float)e->event.volume,
    };
    say(e, &heard);
}

/* Ticks of the party's RTP clock to one of 1/8000 s. */
static uint32_t clock_scale(const struct sc_plan_node *node)
{
    return node->codec == SC_CODEC_OPUS ? SC_OPUS_SCALE : 1;
}

static void start_event(struct sc_rtp_endpoint *e, const struct sc_rtp_packet *packet,
                        const struct sc_telephone_event *event, uint64_t tick)
{
    if (e->event.active)
        finish_event(e, tick);
    uint64_t now_ms = tick * SC_TICK_MS, age_ms = event->duration / SAMPLES_PER_MS;
    char digit = sc_digit_of_telephone_event(event->event);
    e->event = (struct heard_event){
        .known = true, .active = true, .ssrc = packet->ssrc, .timestamp = packet->timestamp, .event = event->event,
        .volume = event->volume, .start_ms = now_ms > age_ms ? now_ms - age_ms : 0,
        .told = e->settings.once == NULL || sc_digit_once_begins(e->settings.once, SC_DIGIT_AS_EVENT, digit, tick),
    };
    if (!e->event.told)
        return;
    struct sc_event started = { .kind = SC_EVENT_DIGIT_STARTED, .node = e->id, .tick = tick, .value = (uint32_t)digit };
    say(e, &started);
}

static void receive_event(struct sc_rtp_endpoint *e, const struct sc_rtp_packet *packet, uint64_t tick)
{
    struct sc_telephone_event event;
    struct heard_event *last = &e->event;
    if (sc_telephone_event_parse(&event, packet->payload, packet->payload_length) != 0 ||
        sc_digit_of_telephone_event(event.event) == '\0') {
        e->malformed++;
        return;
    }
    if (e->node->telephone_event_48k)
        event.duration /= SC_OPUS_SCALE;
    int32_t newer = (int32_t)(packet->timestamp - last->timestamp) / (int32_t)clock_scale(e->node);
    bool same_stream = last->known && last->ssrc == packet->ssrc;
    if (same_stream && newer < 0 && newer > -EVENT_OLD_SAMPLES)
        return;
    if (!same_stream || newer != 0)
        start_event(e, packet, &event, tick);
    if (!last->active)
        return;
    last->tick = tick;
    if (event.duration > last->duration)
        last->duration = event.duration;
    if (event.end)
        finish_event(e, tick);
}

static void receive_audio(struct sc_rtp_endpoint *e, const struct sc_rtp_packet *packet, int64_t arrival_us)
{
    int16_t samples[SC_JITTER_MAX_PACKET_SAMPLES], high[SC_JITTER_MAX_PACKET_SAMPLES];
    if (packet->payload_length > SC_JITTER_MAX_PACKET_SAMPLES) {
        e->malformed++;
        return;
    }
    bool wide = sc_speech_decode(&e->decoder, packet, samples, high);
    struct sc_jitter_packet in = {
        .ssrc = packet->ssrc,
        .timestamp = packet->timestamp,
        .sequence = packet->sequence,
        .marker = packet->marker,
        .samples = samples,
        .high = wide ? high : NULL,
        .n_samples = packet->payload_length,
        .arrival_us = arrival_us,
    };
    e->wide_came |= wide;
    if (sc_jitter_buffer_put(e->jitter, &in) == 0)
        e->audio_came = true;
    else
        e->malformed++;
}

static void receive_opus(struct sc_rtp_endpoint *e, const struct sc_rtp_packet *packet, int64_t arrival_us)
{
    struct sc_opus_frame frames[SC_OPUS_FRAMES_MAX];
    const size_t count = sc_opus_stream_take(e->opus, packet, frames);
    e->malformed += count == 0;
    for (size_t i = 0; i < count; i++) {
        const struct sc_jitter_packet in = {
            .ssrc = packet->ssrc, .timestamp = frames[i].timestamp, .sequence = frames[i].sequence,
            .marker = packet->marker, .samples = frames[i].low, .high = frames[i].high, .n_samples = frames[i].samples,
            .arrival_us = arrival_us, .recovered = frames[i].recovered,
        };
        e->audio_came |= sc_jitter_buffer_put(e->jitter, &in) == 0;
        e->wide_came = true;
    }
}

static void receive_comfort_noise(struct sc_rtp_endpoint *e, const struct sc_rtp_packet *packet)
{
    struct sc_comfort_noise_shape shape;
    const struct sc_jitter_packet in = {
        .ssrc = packet->ssrc, .timestamp = packet->timestamp, .sequence = packet->sequence
    };
    if (sc_comfort_noise_payload_parse(&shape, packet->payload, packet->payload_length) != 0) {
        e->malformed++;
        return;
    }
    sc_concealment_tell_noise(e->concealment, &shape);
    sc_jitter_buffer_put_silence(e->jitter, &in);
    e->audio_came = true; /* the noise is heard even if no audio came before it */
}

static bool is_audio(const struct sc_rtp_packet *packet)
{
    return packet->payload_type == SC_CODEC_PCMA || packet->payload_type == SC_CODEC_PCMU ||
           packet->payload_type == SC_CODEC_G722;
}

static bool is_opus(const struct sc_rtp_endpoint *e, const struct sc_rtp_packet *packet)
{
    return e->opus != NULL && packet->payload_type != 0 &&
           (packet->payload_type == e->node->opus_type || packet->payload_type == e->node->opus_offered_type);
}

/* RTCP counts when it comes from the host of the party's speech. */
static void receive_report(struct sc_rtp_endpoint *e, const struct sc_packet *packet)
{
    const struct sc_rtp_address *party = e->latch.source.length != 0 ? &e->latch.source : &e->node->remote;
    if (party->length != packet->peer.length || memcmp(party->bytes, packet->peer.bytes, party->length) != 0)
        e->foreign++;
    else
        sc_rtcp_session_take(&e->rtcp, packet->bytes, packet->length, e->sender.ssrc, packet->arrival_us);
}

void sc_rtp_endpoint_receive(struct sc_rtp_endpoint *e, const struct sc_packet *packet, uint64_t tick)
{
    struct sc_rtp_packet parsed;
    if (e->node == NULL)
        return;
    if (packet->control || (e->node->rtcp_mux && sc_rtcp_is(packet->bytes, packet->length))) {
        receive_report(e, packet);
        return;
    }
    if (sc_rtp_parse(&parsed, packet->bytes, packet->length) != 0) {
        e->malformed++;
        return;
    }
    bool is_event = (int32_t)parsed.payload_type == e->node->telephone_event, opus = is_opus(e, &parsed);
    if (!is_event && !opus && !is_audio(&parsed) && parsed.payload_type != COMFORT_NOISE_TYPE) {
        e->malformed++;
        return;
    }
    if (!sc_rtp_latch_accepts(&e->latch, &packet->peer, &parsed, packet->arrival_us)) {
        e->foreign++;
        return;
    }
    e->received++;
    e->silent_ticks = 0;
    sc_rtcp_session_heard(&e->rtcp, parsed.ssrc, parsed.sequence);
    e->said_silent = parsed.payload_type == COMFORT_NOISE_TYPE;
    if (!e->node->receives)
        return;
    if (is_event)
        receive_event(e, &parsed, tick);
    else if (opus)
        receive_opus(e, &parsed, packet->arrival_us);
    else if (is_audio(&parsed))
        receive_audio(e, &parsed, packet->arrival_us);
    else
        receive_comfort_noise(e, &parsed);
}

/* --- speaking and hearing ---------------------------------------------------------------------------------------- */

static void watch_silence(struct sc_rtp_endpoint *e, uint64_t tick)
{
    uint32_t limit = e->settings.media_lost_ms / SC_TICK_MS * (e->said_silent ? SAID_SILENT_PATIENCE : 1);
    if (limit == 0 || !e->node->receives || e->silent_ticks > limit)
        return;
    if (++e->silent_ticks <= limit)
        return;
    struct sc_event lost = {
        .kind = SC_EVENT_MEDIA_LOST, .node = e->id, .tick = tick, .duration_ms = limit * SC_TICK_MS
    };
    say(e, &lost);
}

/* What passes with the time, said or not; false when there is nothing to play. */
static bool pass_tick(struct sc_rtp_endpoint *e, uint64_t tick)
{
    if (e->node == NULL)
        return false;
    watch_silence(e, tick);
    if (e->event.active && tick - e->event.tick > EVENT_TIMEOUT_TICKS)
        finish_event(e, tick);
    return e->audio_came;
}

void sc_rtp_endpoint_speak(struct sc_rtp_endpoint *e, int16_t *out, size_t n, uint64_t tick)
{
    memset(out, 0, n * sizeof *out);
    if (!pass_tick(e, tick))
        return;
    /* While an event lasts its sender sends no audio: that is no loss. */
    sc_jitter_buffer_play(e->jitter, e->concealment, e->event.active, out, n);
    if (!e->node->receives)
        memset(out, 0, n * sizeof *out);
}

void sc_rtp_endpoint_speak_wide(struct sc_rtp_endpoint *e, int16_t *wide, size_t n, uint64_t tick)
{
    int16_t low[SC_TICK_SAMPLES], high[SC_TICK_SAMPLES];
    memset(wide, 0, 2 * n * sizeof *wide);
    if (n > SC_TICK_SAMPLES || !pass_tick(e, tick))
        return;
    const struct sc_jitter_bands bands = {
        .low = low, .high = high, .low_plc = e->concealment, .high_plc = e->high_concealment,
    };
    sc_jitter_buffer_play_bands(e->jitter, &bands, e->event.active, n);
    if (!e->node->receives)
        return;
    for (size_t i = 0; i < n; i++) {    /* 16 bits, as G.711 needs them, to the 15 of a band */
        low[i] = (int16_t)(low[i] >> 1);
        high[i] = (int16_t)(high[i] >> 1);
    }
    sc_qmf_join(&e->join, wide, low, high, n);
}

void sc_rtp_endpoint_hear(struct sc_rtp_endpoint *e, const int16_t *heard, const struct sc_dtmf_sending *digit,
                          struct sc_packet_queue *out)
{
    if (e->node == NULL)
        return;
    /* A node whose SDP is not known receives only. */
    bool known = e->node->remote.length != 0;
    const struct sc_rtp_address *to = known && e->latch.source.length != 0 ? &e->latch.source : &e->node->remote;
    sc_rtp_sender_tick(&e->sender, e->node, heard, digit, to, out);
}

bool sc_rtp_endpoint_event_sounds(const struct sc_rtp_endpoint *e, uint64_t tick)
{
    struct sc_jitter_buffer_state jitter;
    if (e->node == NULL || !e->event.known)
        return false;
    if (e->event.active)
        return true;
    if (tick - e->event.tick > EVENT_SOUND_TICKS_MAX)
        return false;
    sc_jitter_buffer_get_state(e->jitter, &jitter);
    return (float)(tick - e->event.tick) * SC_TICK_MS <= jitter.depth_ms + EVENT_SOUND_SLACK_MS;
}

void sc_rtp_endpoint_report(struct sc_rtp_endpoint *e, uint32_t interval_ms, int64_t now_us, struct sc_packet_queue *out)
{
    uint8_t bytes[SC_RTCP_PACKET_MAX];
    struct sc_jitter_buffer_state jitter;
    if (interval_ms == 0 || e->node == NULL || e->node->remote.length == 0 || !sc_rtcp_session_due(&e->rtcp, now_us))
        return;
    sc_jitter_buffer_get_state(e->jitter, &jitter);
    const uint32_t scale = clock_scale(e->node);
    const struct sc_rtcp_sent sent = {
        .ssrc = e->sender.ssrc, .timestamp = e->sender.timestamp * scale, .packets = e->sender.sent, .octets = e->sender.octets,
        .sends = e->sender.sent > e->sent_before,
    };
    const size_t n = sc_rtcp_session_tell(&e->rtcp, bytes, sizeof bytes, &sent, (uint32_t)(jitter.jitter_ms * SAMPLES_PER_MS) * scale,
                                          interval_ms, now_us);
    struct sc_packet *place = n > 0 ? sc_packet_queue_place(out) : NULL;
    if (place == NULL)
        return;
    e->sent_before = e->sender.sent;
    place->control = !e->node->rtcp_mux;
    place->length = (uint16_t)n;
    place->peer = e->latch.source.length != 0 ? e->latch.source : e->node->remote;
    place->peer.port = (uint16_t)(place->peer.port + place->control);
    memcpy(place->bytes, bytes, n);
    sc_packet_queue_commit(out);
}

void sc_rtp_endpoint_statistics(const struct sc_rtp_endpoint *e, struct sc_rtp_statistics *out)
{
    struct sc_jitter_buffer_state jitter;
    struct sc_concealment_state concealment;
    sc_jitter_buffer_get_state(e->jitter, &jitter);
    sc_concealment_get_state(e->concealment, &concealment);
    *out = (struct sc_rtp_statistics){
        .node = e->node != NULL ? e->id : 0,
        .sent = e->sender.sent,
        .received = e->received,
        .malformed = e->malformed + e->rtcp.malformed,
        .foreign = e->foreign,
        .concealed_samples = concealment.concealed_samples,
        .late = jitter.late,
        .duplicates = jitter.duplicates,
        .reordered = jitter.reordered,
        .lost_ticks = jitter.lost_ticks,
        .jitter_ms = jitter.jitter_ms,
        .depth_ms = jitter.depth_ms,
        .lost_percent = sc_rtcp_session_lost_percent(&e->rtcp),
        .rtcp_sent = e->rtcp.reports_sent,
        .rtcp_received = e->rtcp.reports_received,
        .remote_told = e->rtcp.told,
        .remote_lost_percent = e->rtcp.remote_lost_percent,
        .remote_jitter_ms = e->rtcp.remote_jitter_ms / (float)(e->node != NULL ? clock_scale(e->node) : 1),
        .timed = e->rtcp.timed,
        .round_trip_ms = e->rtcp.round_trip_ms,
        .latched = e->latch.source.length != 0,
        .latch = e->latch.source,
    };
}

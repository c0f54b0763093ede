/* RTP, telephone events and comfort noise: each packet alone, and a row of them through an endpoint that ticks. */
#include "comfort_noise_payload.h"
#include "fuzz.h"
#include "rtp.h"
#include "rtp_endpoint.h"

#include <string.h>

enum { EVENT_TYPE = 101, OPUS_TYPE = 107, HEADER = 12 };

static void parse_alone(const uint8_t *bytes, size_t n)
{
    struct sc_rtp_packet packet, again;
    struct sc_telephone_event event;
    struct sc_comfort_noise_shape shape;
    uint8_t built[SC_PACKET_MAX];
    uint8_t *exact = malloc(n > 0 ? n : 1); /* so that a byte too far is seen */
    if (exact == NULL)
        abort();
    if (n > 0)
        memcpy(exact, bytes, n);
    if (sc_rtp_parse(&packet, exact, n) == 0) {
        CLAIM(packet.payload >= exact + SC_RTP_HEADER_BYTES && packet.payload_length > 0);
        CLAIM(packet.payload + packet.payload_length <= exact + n);
        (void)sc_telephone_event_parse(&event, packet.payload, packet.payload_length);
        if (sc_comfort_noise_payload_parse(&shape, packet.payload, packet.payload_length) == 0)
            CLAIM(shape.rms > 0 && shape.rms < 32768);
        const size_t length = sc_rtp_build(built, sizeof built, &packet);
        if (length > 0) {
            CLAIM(sc_rtp_parse(&again, built, length) == 0);
            CLAIM(again.timestamp == packet.timestamp && again.payload_length == packet.payload_length);
        }
    }
    free(exact);
}

struct party {
    struct sc_rtp_endpoint *endpoint;
    struct sc_event_ring *events;
    struct sc_packet_queue *out;
    struct sc_plan_node node;
};

static struct party *party(void)
{
    static struct party made;
    if (made.endpoint != NULL)
        return &made;
    made.node = (struct sc_plan_node){ .id = 0, .kind = SC_NODE_RTP, .codec = SC_CODEC_PCMA, .frame_ms = 20,
        .telephone_event = EVENT_TYPE, .opus_type = OPUS_TYPE, .sends = true, .receives = true, .comfort_noise = true,
        .remote = { .length = 4, .bytes = { 1, 2, 3, 4 }, .port = 4000 } };
    if (sc_event_ring_create(&made.events, 64) != 0 || sc_packet_queue_create(&made.out, 64) != 0)
        abort();
    const struct sc_rtp_endpoint_settings settings = { .events = made.events, .seed = 1, .media_lost_ms = 500 };
    if (sc_rtp_endpoint_create(&made.endpoint, &settings) != 0)
        abort();
    return &made;
}

/* A header whose type is one that was agreed on and whose numbers go on, so that most packets get in. */
static void make_packet(struct sc_packet *packet, struct fuzz *fuzz, uint16_t *sequence, uint32_t *timestamp)
{
    const uint8_t how = fuzz_byte(fuzz), types[] = { 8, how & 1 ? OPUS_TYPE : 0, 13, EVENT_TYPE };
    size_t n = how & 1 ? fuzz_byte(fuzz) : how & 2 ? 4 : 160;
    struct sc_rtp_packet rtp = { .payload_type = types[how >> 2 & 3], .marker = how >> 7, .ssrc = how & 64 ? 9 : 5 };
    *sequence = (uint16_t)(*sequence + (how & 16 ? 1 : (int8_t)fuzz_byte(fuzz)));
    *timestamp += how & 32 ? 160 : fuzz_number(fuzz, 4);
    rtp.sequence = *sequence;
    rtp.timestamp = *timestamp;
    rtp.payload = fuzz_bytes(fuzz, &n);
    rtp.payload_length = n;
    packet->length = (uint16_t)sc_rtp_build(packet->bytes, sizeof packet->bytes, &rtp);
}

static void converse(struct fuzz *fuzz)
{
    struct party *p = party();
    struct sc_packet packet = { .peer = p->node.remote };
    struct sc_event event;
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    p->node.id++;
    sc_rtp_endpoint_assign(p->endpoint, &p->node);
    for (uint64_t tick = 0; fuzz->left > 0 && tick < 100; tick++) {
        int16_t samples[SC_TICK_SAMPLES];
        packet.arrival_us = (int64_t)tick * 10000 + fuzz_byte(fuzz);
        make_packet(&packet, fuzz, &sequence, &timestamp);
        sc_rtp_endpoint_receive(p->endpoint, &packet, tick);
        sc_rtp_endpoint_speak(p->endpoint, samples, SC_TICK_SAMPLES, tick);
        sc_rtp_endpoint_hear(p->endpoint, samples, NULL, p->out);
        while (sc_packet_queue_oldest(p->out) != NULL) {
            const struct sc_packet *sent = sc_packet_queue_oldest(p->out);
            parse_alone(sent->bytes, sent->length);
            sc_packet_queue_release(p->out);
        }
        while (sc_event_ring_pop(p->events, &event))
            CLAIM(event.node == p->node.id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = { data, size };
    const bool row = fuzz_byte(&fuzz) & 1;
    parse_alone(fuzz.at, fuzz.left);
    if (row)
        converse(&fuzz);
    return 0;
}

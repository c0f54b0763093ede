/* Opus: what tones and voices are after it, what a lost packet leaves, and an office where libopus is not installed. */
#include "alloc.h"
#include "check.h"
#include "opus_codec.h"
#include "opus_stream.h"
#include "rtp_fixture.h"
#include "wide_signal.h"

#include <errno.h>

enum { FRAME = 320, FRAMES = 150, SAMPLES = FRAME * FRAMES, MOST = 480, TYPE = 107 };

static int16_t said[SAMPLES], heard[SAMPLES + 2 * FRAME];

struct coded {
    uint8_t octets[FRAMES][MOST];
    size_t n[FRAMES];
};

static struct coded coded;

static void encode_all(void)
{
    struct sc_opus_encoder *encoder;
    CHECK_EQ(sc_opus_encoder_create(&encoder), 0);
    sc_opus_encoder_reset(encoder);
    size_t octets = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        coded.n[i] = sc_opus_encode(encoder, coded.octets[i], MOST, said + i * FRAME, FRAME);
        CHECK(coded.n[i] > 0 && coded.n[i] <= MOST);
        octets += coded.n[i];
    }
    CHECK(octets * 8 < 40000 * FRAMES / 50); /* 24 kbit/s and its repeats */
    sc_opus_encoder_destroy(encoder);
}

static struct sc_rtp_packet packet_of(size_t i, uint32_t first_timestamp)
{
    return (struct sc_rtp_packet){ .payload_type = TYPE, .sequence = (uint16_t)(65500 + i), .ssrc = 5,
                                   .timestamp = first_timestamp + (uint32_t)(i * FRAME * 3), .payload = coded.octets[i],
                                   .payload_length = coded.n[i] };
}

static void tones_come_back(void)
{
    static const struct { double hz, within_db; } tones[] = { { 300, 1 }, { 1000, 0.5 }, { 3000, 1 }, { 6000, 3 } };
    for (size_t k = 0; k < sizeof tones / sizeof *tones; k++) {
        struct sc_opus_decoder *decoder;
        wide_tone(said, SAMPLES, tones[k].hz, -16);
        encode_all();
        CHECK_EQ(sc_opus_decoder_create(&decoder), 0);
        sc_opus_decoder_reset(decoder);
        for (size_t i = 0; i < FRAMES; i++) {
            CHECK_EQ(sc_opus_samples(coded.octets[i], coded.n[i]), (size_t)FRAME);
            CHECK(sc_opus_decode(decoder, heard + i * FRAME, coded.octets[i], coded.n[i]));
        }
        const double level = wide_level(heard + SAMPLES / 2, SAMPLES / 4, tones[k].hz, WIDE_HZ);
        printf("opus: %.0f Hz at -16 dBm0 comes back at %.2f\n", tones[k].hz, level);
        CHECK_NEAR(level, -16, tones[k].within_db);
        sc_opus_decoder_destroy(decoder);
    }
}

/* Frames of a stream in the order given: how many were made, and the least and greatest step of their times. */
static size_t take_all(const size_t *order, size_t count, uint32_t first, struct sc_opus_frame *made)
{
    struct sc_opus_stream *stream;
    size_t n = 0;
    CHECK_EQ(sc_opus_stream_create(&stream), 0);
    for (size_t i = 0; i < count; i++) {
        struct sc_opus_frame frames[SC_OPUS_FRAMES_MAX];
        const struct sc_rtp_packet packet = packet_of(order[i], first);
        const size_t got = sc_opus_stream_take(stream, &packet, frames);
        for (size_t k = 0; k < got; k++)
            made[n++] = frames[k];
    }
    sc_opus_stream_destroy(stream);
    return n;
}

static void times_are_of_8_khz_and_go_on_where_32_bits_end(void)
{
    static struct sc_opus_frame made[FRAMES];
    size_t order[FRAMES];
    for (size_t i = 0; i < FRAMES; i++)
        order[i] = i;
    wide_voice(said, SAMPLES, -16, 3);
    encode_all();
    CHECK_EQ(take_all(order, FRAMES, UINT32_MAX - 4000, made), (size_t)FRAMES);
    for (size_t i = 1; i < FRAMES; i++) {
        CHECK_EQ(made[i].timestamp - made[i - 1].timestamp, 160u);
        CHECK_EQ(made[i].samples, (size_t)160);
        CHECK(!made[i].recovered);
    }
}

static void a_lost_packet_comes_from_the_next_one(void)
{
    static struct sc_opus_frame whole[FRAMES], holed[FRAMES + 1];
    size_t order[FRAMES], count = 0;
    wide_voice(said, SAMPLES, -16, 3);
    encode_all();
    for (size_t i = 0; i < FRAMES; i++)
        order[i] = i;
    (void)take_all(order, FRAMES, 0, whole);
    for (size_t i = 0; i < FRAMES; i++)
        if (i % 20 != 10)
            order[count++] = i;
    CHECK_EQ(take_all(order, count, 0, holed), (size_t)FRAMES);
    double signal = 0, error = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        CHECK_EQ(holed[i].recovered, i % 20 == 10);
        CHECK_EQ(holed[i].timestamp, whole[i].timestamp);
        CHECK_EQ(holed[i].sequence, whole[i].sequence);
        for (size_t k = 0; holed[i].recovered && k < 160; k++) {
            signal += (double)whole[i].low[k] * whole[i].low[k];
            error += pow((double)whole[i].low[k] - holed[i].low[k], 2);
        }
    }
    printf("opus: frames made from the next packet's repeat: %.1f dB SNR beside those that came\n", 10 * log10(signal / error));
    CHECK(signal > 2 * error); /* what libopus makes up by itself is -2 dB */
}

static void a_packet_that_comes_late_is_decoded_where_it_belongs(void)
{
    static struct sc_opus_frame whole[FRAMES], mixed[FRAMES + FRAMES / 10];
    size_t order[FRAMES], late = 0;
    wide_voice(said, SAMPLES, -16, 3);
    encode_all();
    for (size_t i = 0; i < FRAMES; i++)
        order[i] = i;
    (void)take_all(order, FRAMES, 0, whole);
    order[70] = 71, order[71] = 70;
    const size_t n = take_all(order, FRAMES, 0, mixed);
    CHECK_EQ(n, (size_t)FRAMES + 1);    /* the recovered one, and then itself */
    for (size_t i = 0; i < n; i++)
        if (mixed[i].sequence == whole[70].sequence && !mixed[i].recovered) {
            late++;
            CHECK_EQ(memcmp(mixed[i].low + 40, whole[70].low + 40, 120 * sizeof(int16_t)), 0);
        }
    CHECK_EQ(late, (size_t)1);
}

static void what_is_no_packet_makes_no_frame(void)
{
    struct sc_opus_stream *stream;
    struct sc_opus_frame frames[SC_OPUS_FRAMES_MAX];
    static const uint8_t too_long[] = { 0x1B, 0x83, 1, 2, 3 }; /* three frames of 60 ms */
    const struct sc_rtp_packet bad = { .payload_type = TYPE, .payload = too_long, .payload_length = sizeof too_long };
    CHECK_EQ(sc_opus_samples(too_long, 0), (size_t)0);
    CHECK_EQ(sc_opus_samples(too_long, sizeof too_long), (size_t)0);
    CHECK_EQ(sc_opus_stream_create(&stream), 0);
    CHECK_EQ(sc_opus_stream_take(stream, &bad, frames), (size_t)0);
    sc_opus_stream_destroy(stream);
}

static void two_endpoints_talk(void)
{
    struct pair p;
    int16_t spoken[2 * SC_TICK_SAMPLES];
    open_pair(&p);
    for (int i = 0; i < 2; i++) {
        struct sc_plan_node *node = i ? &p.node_b : &p.node_a;
        node->codec = SC_CODEC_OPUS;
        node->opus_type = TYPE;
    }
    wide_tone(said, SAMPLES, 5000, -16);
    for (size_t tick = 0; tick < 2 * FRAMES; tick++) {
        sc_rtp_endpoint_hear(p.a, said + tick * 160, NULL, p.from_a);
        for (const struct sc_packet *sent; (sent = sc_packet_queue_oldest(p.from_a)) != NULL; sc_packet_queue_release(p.from_a)) {
            struct sc_packet packet = *sent;
            packet.peer = address_a;
            packet.arrival_us = (int64_t)tick * 10000;
            sc_rtp_endpoint_receive(p.b, &packet, tick);
        }
        sc_rtp_endpoint_speak_wide(p.b, spoken, SC_TICK_SAMPLES, tick);
        memcpy(heard + tick * 160, spoken, sizeof spoken);
    }
    struct sc_rtp_statistics counted;
    sc_rtp_endpoint_statistics(p.b, &counted);
    CHECK_EQ(counted.received, (uint64_t)FRAMES);
    CHECK_EQ(counted.malformed, (uint64_t)0);
    CHECK_NEAR(wide_level(heard + SAMPLES / 2, SAMPLES / 4, 5000, WIDE_HZ), -16, 2);
    close_pair(&p);
}

static void failing_allocations_are_refused(void)
{
    struct sc_opus_stream *stream;
    struct sc_opus_encoder *encoder;
    const long held = sc_alloc_held();
    for (long k = 0; k < 5; k++) {
        sc_alloc_fail_after(k);
        CHECK_EQ(sc_opus_stream_create(&stream), ENOMEM);
        CHECK_EQ(sc_alloc_held(), held);
        sc_alloc_fail_after(k % 2);
        CHECK_EQ(sc_opus_encoder_create(&encoder), ENOMEM);
        CHECK_EQ(sc_alloc_held(), held);
    }
    sc_alloc_fail_after(-1);
}

static void without_the_library_nothing_is_made(void)
{
    struct sc_opus_stream *stream;
    struct sc_opus_encoder *encoder;
    CHECK_EQ(sc_opus_stream_create(&stream), ENOSYS);
    CHECK_EQ(sc_opus_encoder_create(&encoder), ENOSYS);
    CHECK(!sc_opus_available());
}

int main(void)
{
    if (!sc_opus_available()) {
        printf("opus: libopus is not here\n");
        RUN(without_the_library_nothing_is_made);
        return CHECK_DONE();
    }
    RUN(tones_come_back);
    RUN(times_are_of_8_khz_and_go_on_where_32_bits_end);
    RUN(a_lost_packet_comes_from_the_next_one);
    RUN(a_packet_that_comes_late_is_decoded_where_it_belongs);
    RUN(what_is_no_packet_makes_no_frame);
    RUN(two_endpoints_talk);
    RUN(failing_allocations_are_refused);
    return CHECK_DONE();
}

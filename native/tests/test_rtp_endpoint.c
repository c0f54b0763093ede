/* Tests of rtp_endpoint.c and rtp_sender.c: two endpoints joined by memory queues, in virtual time. */
#include "alloc.h"
#include "dtmf_sender.h"
#include "rtp_fixture.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define FUZZ_ROUNDS 100000
#define PI 3.14159265358979323846

/* All of a's packets reach b from this address; every `lose`th is lost (0 = none). */
static void deliver(struct pair *p, const struct sc_rtp_address *from, unsigned lose)
{
    const struct sc_packet *packet;
    static unsigned counter;
    while ((packet = sc_packet_queue_oldest(p->from_a)) != NULL) {
        struct sc_packet copy = *packet;
        copy.peer = *from;
        copy.arrival_us = (int64_t)p->tick * 10000;
        if (lose == 0 || ++counter % lose != 0)
            sc_rtp_endpoint_receive(p->b, &copy, p->tick);
        sc_packet_queue_release(p->from_a);
    }
}

static int16_t vowel(uint64_t i)
{
    return (int16_t)lrint(6000.0 * sin(2.0 * PI * 440.0 * (double)i / 8000.0));
}

static size_t next_events(struct pair *p, struct sc_event *out, size_t room)
{
    size_t n = 0;
    while (n < room && sc_event_ring_pop(p->events, &out[n]))
        n++;
    return n;
}

/* One tick: a hears the vowel (and the digit under way), b speaks. */
static void tick(struct pair *p, const struct sc_dtmf_sending *digit, int16_t *spoken)
{
    int16_t heard[SC_TICK_SAMPLES];
    for (int i = 0; i < SC_TICK_SAMPLES; i++)
        heard[i] = vowel(p->tick * SC_TICK_SAMPLES + (uint64_t)i);
    sc_rtp_endpoint_hear(p->a, heard, digit, p->from_a);
    deliver(p, &address_a, 0);
    sc_rtp_endpoint_speak(p->b, spoken, SC_TICK_SAMPLES, p->tick);
    p->tick++;
}

static void audio_passes_bit_exact_in_g711(void)
{
    struct pair p;
    int16_t heard[200 * SC_TICK_SAMPLES], wanted[200 * SC_TICK_SAMPLES];
    uint8_t octets[200 * SC_TICK_SAMPLES];
    open_pair(&p);
    for (int i = 0; i < 200; i++)
        tick(&p, NULL, heard + i * SC_TICK_SAMPLES);
    for (size_t i = 0; i < 200 * SC_TICK_SAMPLES; i++)
        wanted[i] = vowel(i);
    sc_alaw_encode(octets, wanted, 200 * SC_TICK_SAMPLES);
    sc_alaw_decode(wanted, octets, 200 * SC_TICK_SAMPLES);
    /* In the first second the jitter buffer still takes out what it began with too much: from then on all is exact. */
    int found = -1;
    for (int shift = 0; shift < 60 * 8 && found < 0; shift++)
        if (memcmp(heard + 9000 + shift, wanted + 9000, 6000 * sizeof *heard) == 0)
            found = shift;
    CHECK(found >= 0);
    CHECK(found <= 30 * 8);         /* framing 20 ms and the jitter buffer's least */
    close_pair(&p);
}

/* Not the whole of every tick that it touches. */
static void a_lost_packet_costs_no_more_than_itself(void)
{
    struct pair p;
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    for (uint16_t k = 0; k < 200; k++) {
        if (k != 150)
            give_speech(&p, 5, k, &address_a);
        for (int tick = 0; tick < 2; tick++)
            sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
    }
    CHECK(figures(&p).lost_ticks >= 2);
    CHECK(figures(&p).concealed_samples >= 80 && figures(&p).concealed_samples <= 160);
    close_pair(&p);
}

static void what_goes_out_has_the_right_headers(void)
{
    struct pair p;
    int16_t silence[SC_TICK_SAMPLES] = { 0 };
    struct sc_rtp_packet first, second;
    open_pair(&p);
    for (int i = 0; i < 4; i++)
        sc_rtp_endpoint_hear(p.a, silence, NULL, p.from_a);
    const struct sc_packet *packet = sc_packet_queue_oldest(p.from_a);
    CHECK(packet != NULL && sc_rtp_address_equal(&packet->peer, &address_b));
    CHECK_EQ(sc_rtp_parse(&first, packet->bytes, packet->length), 0);
    sc_packet_queue_release(p.from_a);
    packet = sc_packet_queue_oldest(p.from_a);
    CHECK_EQ(sc_rtp_parse(&second, packet->bytes, packet->length), 0);
    CHECK(first.marker && !second.marker);
    CHECK_EQ(first.payload_type, 8);
    CHECK_EQ(first.payload_length, 160);
    CHECK_EQ((uint16_t)(second.sequence - first.sequence), 1);
    CHECK_EQ(second.timestamp - first.timestamp, 160);
    CHECK_EQ(second.ssrc, first.ssrc);
    CHECK_EQ(first.payload[0], SC_ALAW_SILENCE);
    close_pair(&p);
}

static void nothing_is_sent_when_it_may_not_or_knows_not_where(void)
{
    struct pair p;
    int16_t silence[SC_TICK_SAMPLES] = { 0 };
    open_pair(&p);
    p.node_a.sends = false;
    for (int i = 0; i < 10; i++)
        sc_rtp_endpoint_hear(p.a, silence, NULL, p.from_a);
    CHECK(sc_packet_queue_oldest(p.from_a) == NULL);
    p.node_a.sends = true;
    p.node_a.remote.length = 0;
    for (int i = 0; i < 10; i++)
        sc_rtp_endpoint_hear(p.a, silence, NULL, p.from_a);
    CHECK(sc_packet_queue_oldest(p.from_a) == NULL);
    close_pair(&p);
}

/* Sends digits from a and returns how many packets of the telephone event b was given. */
static unsigned send_digits(struct pair *p, const char *digits, unsigned lose, bool twice)
{
    struct sc_dtmf_sender *sender;
    struct sc_dtmf_sender_settings settings = { .tone_ms = 100, .pause_ms = 60 };
    int16_t sound[SC_TICK_SAMPLES];
    unsigned events = 0;
    CHECK_EQ(sc_dtmf_sender_create(&sender, &settings), 0);
    CHECK_EQ(sc_dtmf_sender_queue(sender, digits), 0);
    for (int i = 0; i < 400; i++) {
        struct sc_dtmf_sending now;
        sc_dtmf_sender_process(sender, sound, SC_TICK_SAMPLES);
        bool sending = sc_dtmf_sender_now(sender, &now);
        sc_rtp_endpoint_hear(p->a, sound, sending ? &now : NULL, p->from_a);
        const struct sc_packet *packet = sc_packet_queue_oldest(p->from_a);
        events += packet != NULL && (packet->bytes[1] & 0x7F) == 101;
        if (twice && packet != NULL) {
            struct sc_packet copy = *packet;
            copy.peer = address_a;
            sc_rtp_endpoint_receive(p->b, &copy, p->tick);
        }
        deliver(p, &address_a, lose);
        sc_rtp_endpoint_speak(p->b, sound, SC_TICK_SAMPLES, p->tick);
        p->tick++;
    }
    sc_dtmf_sender_destroy(sender);
    return events;
}

static void check_digits(struct pair *p, const char *digits, unsigned least_ms)
{
    struct sc_event events[64];
    size_t n = next_events(p, events, 64), heard = 0, started = 0;
    for (size_t i = 0; i < n; i++) {
        started += events[i].kind == SC_EVENT_DIGIT_STARTED;
        if (events[i].kind != SC_EVENT_DIGIT_HEARD)
            continue;
        CHECK(heard < strlen(digits) && events[i].value == (uint32_t)digits[heard]);
        CHECK(events[i].duration_ms >= least_ms && events[i].duration_ms <= 100);
        CHECK(!events[i].in_band);
        heard++;
    }
    CHECK_EQ(heard, strlen(digits));
    CHECK_EQ(started, strlen(digits));
}

static void each_digit_is_heard_once(void)
{
    struct pair p;
    open_pair(&p);
    unsigned packets = send_digits(&p, "1159*#AD", 0, false);
    check_digits(&p, "1159*#AD", 100);
    CHECK_EQ(packets, 8 * (5 + 3));     /* one each 20 ms, and the end three times */
    close_pair(&p);
}

static void repeated_packets_give_no_second_digit(void)
{
    struct pair p;
    open_pair(&p);
    send_digits(&p, "7007", 0, true);
    check_digits(&p, "7007", 100);
    close_pair(&p);
}

static void digits_survive_loss(void)
{
    struct pair p;
    open_pair(&p);
    send_digits(&p, "123456789", 4, false);
    check_digits(&p, "123456789", 60);
    close_pair(&p);
}

/* Packets of b's own making: one telephone event each. */
static void give_event(struct pair *p, uint16_t sequence, uint32_t timestamp, uint8_t digit, bool end, uint16_t duration)
{
    struct sc_telephone_event event = { .event = digit, .end = end, .duration = duration };
    uint8_t payload[SC_RTP_EVENT_BYTES];
    struct sc_packet packet = { .peer = address_a, .arrival_us = (int64_t)p->tick * 10000 };
    sc_telephone_event_build(payload, &event);
    struct sc_rtp_packet rtp = { .payload_type = 101, .sequence = sequence, .timestamp = timestamp, .ssrc = 9,
                                 .payload = payload, .payload_length = sizeof payload };
    packet.length = (uint16_t)sc_rtp_build(packet.bytes, sizeof packet.bytes, &rtp);
    sc_rtp_endpoint_receive(p->b, &packet, p->tick);
}

static void an_event_whose_end_is_lost_ends_by_itself(void)
{
    struct pair p;
    struct sc_event events[4];
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    give_event(&p, 1, 1000, 5, false, 160);
    give_event(&p, 2, 1000, 5, false, 320);
    for (int i = 0; i < 20; i++, p.tick++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick);
    CHECK_EQ(next_events(&p, events, 4), 2);
    CHECK(events[1].kind == SC_EVENT_DIGIT_HEARD && events[1].value == '5' && events[1].duration_ms == 40);
    give_event(&p, 3, 1000, 5, true, 480);      /* the end was only late */
    CHECK_EQ(next_events(&p, events, 4), 0);
    give_event(&p, 4, 5000, 6, false, 160);
    give_event(&p, 5, 9000, 7, true, 160);      /* the next one ends the last */
    CHECK_EQ(next_events(&p, events, 4), 4);
    CHECK(events[1].value == '6' && events[3].value == '7');
    give_event(&p, 6, 5000, 6, true, 320);      /* a straggler of an old one */
    give_event(&p, 7, 12000, 16, true, 320);    /* a flash is no digit */
    CHECK_EQ(next_events(&p, events, 4), 0);
    close_pair(&p);
}

static void lost_media_is_reported_once(void)
{
    struct pair p;
    struct sc_event events[8];
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    give_speech(&p, 1, 10, &address_a);
    for (int i = 0; i < 99; i++, p.tick++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick);
    CHECK_EQ(next_events(&p, events, 8), 0);
    for (int i = 0; i < 300; i++, p.tick++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick);
    CHECK_EQ(next_events(&p, events, 8), 1);
    CHECK(events[0].kind == SC_EVENT_MEDIA_LOST && events[0].node == 2 && events[0].duration_ms == 1000);
    give_speech(&p, 1, 11, &address_a);
    for (int i = 0; i < 150; i++, p.tick++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick);
    CHECK_EQ(next_events(&p, events, 8), 1);            /* it came back and was lost again */
    close_pair(&p);
}

static void on_hold_nothing_is_heard_and_nothing_is_missed(void)
{
    struct pair p;
    struct sc_event events[8];
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    p.node_b.receives = false;
    sc_rtp_endpoint_assign(p.b, &p.node_b);
    for (int i = 0; i < 300; i++)
        tick(&p, NULL, out);
    int loud = 0;
    for (int i = 0; i < SC_TICK_SAMPLES; i++)
        loud += out[i] != 0;
    CHECK_EQ(loud, 0);
    for (int i = 0; i < 300; i++, p.tick++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick);
    CHECK_EQ(next_events(&p, events, 8), 0);
    close_pair(&p);
}

static uint64_t fuzz_state = 1234567;

static uint32_t draw(void)
{
    fuzz_state ^= fuzz_state << 13;
    fuzz_state ^= fuzz_state >> 7;
    fuzz_state ^= fuzz_state << 17;
    return (uint32_t)(fuzz_state >> 32);
}

/* Random bytes, and well-formed packets with a few random bytes, from the latched source. */
static void any_packets_leave_it_alive(void)
{
    struct pair p;
    struct sc_event events[64];
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    give_speech(&p, 1, 10, &address_a);
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
        struct sc_packet packet = speech_packet(draw() % 3, (uint16_t)draw(), &address_a, p.tick);
        if (draw() % 3 == 0)
            for (size_t i = 0; i < packet.length; i++)
                packet.bytes[i] = (uint8_t)draw();
        for (unsigned k = draw() % 4; k > 0; k--)
            packet.bytes[draw() % 16] = (uint8_t)draw();
        if (draw() % 4 == 0)
            packet.bytes[1] = 101;
        if (draw() % 2 == 0)
            packet.length = (uint16_t)(draw() % SC_PACKET_MAX);
        sc_rtp_endpoint_receive(p.b, &packet, p.tick);
        if (round % 4 == 0)
            sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
        if (round % 16 == 0)
            (void)next_events(&p, events, 64);
    }
    struct sc_rtp_statistics after = figures(&p);
    CHECK_EQ(after.received + after.malformed + after.foreign >= FUZZ_ROUNDS, 1);
    CHECK(after.received > 10000 && after.malformed > 10000);
    int16_t heard[300 * SC_TICK_SAMPLES];
    for (int i = 0; i < 300; i++)
        tick(&p, NULL, heard + i * SC_TICK_SAMPLES);
    double power = 0;
    for (size_t i = 250 * SC_TICK_SAMPLES; i < 300 * SC_TICK_SAMPLES; i++)
        power += (double)heard[i] * heard[i] / (50.0 * SC_TICK_SAMPLES);
    CHECK_NEAR(sqrt(2.0 * power), 6000, 200);           /* and it plays what comes now */
    close_pair(&p);
}

static void failing_allocations_are_refused(void)
{
    struct sc_rtp_endpoint *endpoint = NULL;
    struct sc_event_ring *events;
    CHECK_EQ(sc_event_ring_create(&events, 4), 0);
    struct sc_rtp_endpoint_settings settings = { .events = events }, empty = { .events = NULL };
    long held = sc_alloc_held();
    int error = ENOMEM, tried = 0;
    while (error == ENOMEM && tried < 100) {
        sc_alloc_fail_after(tried++);
        error = sc_rtp_endpoint_create(&endpoint, &settings);
        if (error == ENOMEM)
            CHECK_EQ(sc_alloc_held(), held);
    }
    sc_alloc_fail_after(-1);
    CHECK(tried > 3);
    CHECK_EQ(error, 0);
    sc_rtp_endpoint_destroy(endpoint);
    CHECK_EQ(sc_rtp_endpoint_create(&endpoint, &empty), EINVAL);
    sc_event_ring_destroy(events);
}

int main(void)
{
    RUN(audio_passes_bit_exact_in_g711);
    RUN(a_lost_packet_costs_no_more_than_itself);
    RUN(what_goes_out_has_the_right_headers);
    RUN(nothing_is_sent_when_it_may_not_or_knows_not_where);
    RUN(each_digit_is_heard_once);
    RUN(repeated_packets_give_no_second_digit);
    RUN(digits_survive_loss);
    RUN(an_event_whose_end_is_lost_ends_by_itself);
    RUN(lost_media_is_reported_once);
    RUN(on_hold_nothing_is_heard_and_nothing_is_missed);
    RUN(any_packets_leave_it_alive);
    RUN(failing_allocations_are_refused);
    return CHECK_DONE();
}

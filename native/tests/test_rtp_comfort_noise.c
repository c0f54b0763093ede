/* Tests of comfort noise between two endpoints (RFC 3389): silence is not sent and is heard all the same; wrong packets. */
#include "rtp_fixture.h"
#include "signal.h"

#include <math.h>
#include <string.h>

enum { SECOND_TICKS = 100, TALK = 2, PAUSE = 5, SECONDS = 2 * (TALK + PAUSE) };

struct told {
    int audio, noise, markers; /* packets */
    size_t noise_bytes;
};

static int16_t *said(double noise_dbm0)
{
    struct signal s = signal_new(SECONDS * 8000, 11);
    signal_noise(&s, 0, s.length, noise_dbm0);
    for (size_t at = 0; at < s.length; at += (TALK + PAUSE) * 8000)
        signal_sine(&s, at, TALK * 8000, 440, -12, 0);
    int16_t *x = signal_samples(&s);
    signal_free(&s);
    return x;
}

static void count(struct told *told, const struct sc_packet *packet)
{
    struct sc_rtp_packet rtp;
    CHECK_EQ(sc_rtp_parse(&rtp, packet->bytes, packet->length), 0);
    told->audio += rtp.payload_type == 8;
    told->noise += rtp.payload_type == 13;
    told->markers += rtp.marker;
    if (rtp.payload_type == 13)
        told->noise_bytes = rtp.payload_length;
    CHECK(rtp.payload_type == 8 || !rtp.marker);
}

/* a hears x, b speaks into out; what went over, by seconds of x. */
static void converse(struct pair *p, const int16_t *x, int16_t *out, struct told *told)
{
    for (size_t tick = 0; tick < SECONDS * SECOND_TICKS; tick++) {
        const struct sc_packet *packet;
        sc_rtp_endpoint_hear(p->a, x + tick * SC_TICK_SAMPLES, NULL, p->from_a);
        while ((packet = sc_packet_queue_oldest(p->from_a)) != NULL) {
            struct sc_packet copy = *packet;
            copy.peer = address_a;
            copy.arrival_us = (int64_t)p->tick * 10000;
            count(&told[tick / SECOND_TICKS], &copy);
            sc_rtp_endpoint_receive(p->b, &copy, p->tick);
            sc_packet_queue_release(p->from_a);
        }
        sc_rtp_endpoint_speak(p->b, out + tick * SC_TICK_SAMPLES, SC_TICK_SAMPLES, p->tick);
        p->tick++;
    }
}

static double dbm0(const int16_t *x, size_t n)
{
    double sum = 1e-3;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return 10 * log10(2 * sum / (double)n) - 20 * log10(signal_amplitude(0));
}

static void silence_is_told_and_heard(void)
{
    for (int noise_dbm0 = -50; noise_dbm0 >= -60; noise_dbm0 -= 5) {
        struct pair p;
        struct told told[SECONDS] = { 0 };
        int16_t *x = said(noise_dbm0), *out = calloc(SECONDS * 8000, sizeof *out);
        open_pair(&p);
        p.node_a.comfort_noise = true;
        converse(&p, x, out, told);
        CHECK_EQ(told[0].audio, 50);
        CHECK_EQ(told[TALK + 2].audio, 0); /* well within the pause */
        CHECK(told[TALK + 2].noise >= 1 && told[TALK + 2].noise <= 5);
        CHECK_EQ(told[TALK + 2].noise_bytes, 9);
        CHECK_EQ(told[TALK + PAUSE].audio, 50); /* the first frame of the next word is there, and marked */
        CHECK_EQ(told[TALK + PAUSE].markers, 1);
        const double heard = dbm0(out + (TALK + 2) * 8000, 2 * 8000);
        printf("comfort noise: %d dBm0 is heard as %.1f dBm0, %d packets a second\n", noise_dbm0, heard,
               told[TALK + 2].noise);
        CHECK_NEAR(heard, noise_dbm0, 2);
        CHECK_EQ(figures(&p).lost_ticks, 0);
        CHECK_EQ(figures(&p).malformed, 0);
        CHECK_NEAR(dbm0(out + (TALK + PAUSE) * 8000 + 800, 8000), -12, 0.3);
        free(x);
        free(out);
        close_pair(&p);
    }
}

static void without_an_agreement_silence_is_sent_as_sound(void)
{
    struct pair p;
    struct told told[SECONDS] = { 0 };
    int16_t *x = said(-60), *out = calloc(SECONDS * 8000, sizeof *out);
    open_pair(&p);
    converse(&p, x, out, told);
    for (int second = 0; second < SECONDS; second++) {
        CHECK_EQ(told[second].audio, 50);
        CHECK_EQ(told[second].noise, 0);
    }
    free(x);
    free(out);
    close_pair(&p);
}

static void give_noise(struct pair *p, uint16_t sequence, const uint8_t *payload, size_t n)
{
    struct sc_packet packet = { .peer = address_a, .arrival_us = (int64_t)p->tick * 10000 };
    struct sc_rtp_packet rtp = { .payload_type = 13, .sequence = sequence, .timestamp = sequence * 160u, .ssrc = 5,
                                 .payload = payload, .payload_length = n };
    packet.length = (uint16_t)sc_rtp_build(packet.bytes, sizeof packet.bytes, &rtp);
    sc_rtp_endpoint_receive(p->b, &packet, p->tick);
}

static void wrong_noise_is_counted_and_not_heard(void)
{
    static const uint8_t loud[] = { 200, 127 }, range[] = { 60, 255 }, good[] = { 63 };
    struct pair p;
    int16_t out[SC_TICK_SAMPLES];
    uint8_t many[200];
    memset(many, 127, sizeof many);
    many[0] = 63;
    open_pair(&p);
    for (uint16_t k = 0; k < 10; k++, p.tick += 2)
        give_speech(&p, 5, k, &address_a);
    give_noise(&p, 10, loud, sizeof loud);
    give_noise(&p, 11, range, sizeof range);
    give_noise(&p, 12, good, 0); /* empty: no RTP packet at all */
    CHECK_EQ(figures(&p).malformed, 3);
    give_noise(&p, 13, good, sizeof good);
    give_noise(&p, 14, many, sizeof many);
    CHECK_EQ(figures(&p).malformed, 3);
    for (int i = 0; i < 100; i++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
    CHECK_NEAR(dbm0(out, SC_TICK_SAMPLES), -57, 4);
    close_pair(&p);
}

/* A telephone that begins with silence is heard being silent. */
static void noise_may_come_before_any_sound(void)
{
    static const uint8_t good[] = { 60 };
    struct pair p;
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    give_noise(&p, 1, good, sizeof good);
    for (int i = 0; i < 50; i++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
    CHECK_NEAR(dbm0(out, SC_TICK_SAMPLES), -54, 4);
    close_pair(&p);
}

static int lost_events(struct pair *p)
{
    struct sc_event event;
    int lost = 0;
    while (sc_event_ring_pop(p->events, &event))
        lost += event.kind == SC_EVENT_MEDIA_LOST;
    return lost;
}

/* Who has said that he is silent is waited for ten times as long (here 10 s and not 1), then he is gone. */
static void a_silent_listener_is_not_lost_at_once(void)
{
    static const uint8_t good[] = { 60 };
    struct pair p;
    int16_t out[SC_TICK_SAMPLES];
    open_pair(&p);
    give_speech(&p, 5, 1, &address_a);
    give_noise(&p, 2, good, sizeof good);
    for (int i = 0; i < 999; i++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
    CHECK_EQ(lost_events(&p), 0);
    for (int i = 0; i < 10; i++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
    CHECK_EQ(lost_events(&p), 1);
    give_speech(&p, 5, 600, &address_a); /* and after speech he is due again at once */
    for (int i = 0; i < 110; i++)
        sc_rtp_endpoint_speak(p.b, out, SC_TICK_SAMPLES, p.tick++);
    CHECK_EQ(lost_events(&p), 1);
    close_pair(&p);
}

int main(void)
{
    RUN(silence_is_told_and_heard);
    RUN(without_an_agreement_silence_is_sent_as_sound);
    RUN(wrong_noise_is_counted_and_not_heard);
    RUN(noise_may_come_before_any_sound);
    RUN(a_silent_listener_is_not_lost_at_once);
    return CHECK_DONE();
}

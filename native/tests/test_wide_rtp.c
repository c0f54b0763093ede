/* Wideband through the whole core: what passes between G.722 parties, and what those of 8 kHz hear of it. */
#include "check.h"
#include "core_fixture.h"
#include "g711.h"
#include "jitter_buffer.h"
#include "rtp.h"
#include "speech_decoder.h"
#include "wide_signal.h"

enum { PARTIES = 4, TICKS = 150, PAIRS = TICKS * 80, SETTLED = PAIRS / 2 };

/* A telephone outside: what it says, as octets of 8 kHz, and the octets that it got. */
struct telephone {
    enum sc_codec codec;
    uint8_t says[PAIRS];
    uint8_t got[PAIRS + 4000];
    size_t got_count;
};

static struct telephone telephones[PARTIES];
static int16_t wide[2 * PAIRS], heard[2 * PAIRS + 8000];
static uint32_t lost_every, swapped_every;

static void say(uint32_t socket, enum sc_codec codec, double hz, double dbm0)
{
    struct telephone *t = &telephones[socket];
    int16_t narrow[PAIRS];
    t->codec = codec;
    t->got_count = 0;
    wide_tone(wide, 2 * PAIRS, hz, dbm0);
    for (size_t i = 0; i < PAIRS; i++)
        narrow[i] = wide[2 * i];
    if (codec == SC_CODEC_G722)
        wide_encode(t->says, wide, PAIRS);
    else
        sc_alaw_encode(t->says, narrow, PAIRS);
}

static void add_party(struct office *office, uint32_t socket)
{
    struct sc_plan_node *node = add_node(office, 1000 + socket, SC_NODE_RTP);
    node->socket = socket;
    node->codec = telephones[socket].codec;
    node->remote = (struct sc_rtp_address){ .length = 4, .bytes = { 10, 0, 0, 1 }, .port = (uint16_t)(4000 + socket) };
}

static void give(struct office *office, uint32_t socket, uint32_t frame)
{
    uint8_t bytes[200];
    struct sc_rtp_address from = { .length = 4, .bytes = { 10, 0, 0, 1 }, .port = (uint16_t)(4000 + socket) };
    struct sc_rtp_packet packet = { .payload_type = (uint8_t)telephones[socket].codec, .sequence = (uint16_t)(frame + 65500),
                                    .timestamp = frame * 160, .ssrc = 7 + socket,
                                    .payload = telephones[socket].says + frame * 160, .payload_length = 160 };
    const size_t n = sc_rtp_build(bytes, sizeof bytes, &packet);
    CHECK_EQ(sc_core_rtp_give(office->core, socket, bytes, n, &from), 0);
}

static void take(struct office *office, uint32_t socket)
{
    uint8_t bytes[SC_CORE_PACKET_MAX];
    struct sc_rtp_address to;
    struct sc_rtp_packet packet;
    struct telephone *t = &telephones[socket];
    for (size_t n = sizeof bytes; sc_core_rtp_take(office->core, socket, bytes, &n, &to) == 0; n = sizeof bytes) {
        CHECK_EQ(sc_rtp_parse(&packet, bytes, n), 0);
        CHECK_EQ(packet.payload_type, t->codec);
        CHECK_EQ(packet.payload_length, 160);
        memcpy(t->got + t->got_count, packet.payload, packet.payload_length);
        t->got_count += packet.payload_length;
    }
}

/* Everybody in the plan says what they say, packets of 20 ms. */
static void talk(struct office *office)
{
    CHECK_EQ(apply(office), 0);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        for (uint32_t i = 0; tick % 2 == 0 && i < office->plan.node_count; i++) {
            const uint32_t frame = tick / 2, socket = office->nodes[i].socket;
            const uint32_t place = swapped_every != 0 ? frame % swapped_every : 0;
            if (office->nodes[i].kind != SC_NODE_RTP || (lost_every != 0 && frame % lost_every == 5))
                continue;
            if (swapped_every != 0 && place == 5 && frame + 1 < TICKS / 2) { /* the next one first */
                give(office, socket, frame + 1);
                give(office, socket, frame);
            } else if (swapped_every == 0 || place != 6) {
                give(office, socket, frame);
            }
        }
        run_ticks(office, 1);
        for (uint32_t s = 0; s < PARTIES; s++)
            take(office, s);
    }
}

/* Level of a frequency in what a party got, once it has settled. */
static double got(uint32_t socket, double hz)
{
    struct telephone *t = &telephones[socket];
    const bool is_wide = t->codec == SC_CODEC_G722;
    const size_t rate = is_wide ? 2 : 1;
    if (is_wide)
        wide_decode(heard, t->got, t->got_count);
    else
        sc_alaw_decode(heard, t->got, t->got_count);
    CHECK(t->got_count > PAIRS - 500);
    return wide_level(heard + rate * SETTLED, rate * 4000, hz, 8000.0 * (double)rate);
}

static void test_a_high_tone_passes_between_wide_parties_and_not_to_narrow_ones(void)
{
    static const double tones[] = { 3000, 4300, 5000, 6000 };
    for (size_t k = 0; k < sizeof tones / sizeof tones[0]; k++) {
        const double hz = tones[k], folded = 8000 - hz;
        struct office *office = office_open(1);
        say(0, SC_CODEC_G722, hz, -10);
        say(1, SC_CODEC_G722, 1000, -90);
        say(2, SC_CODEC_PCMA, 1000, -90);
        add_port(office, 0);
        for (uint32_t s = 0; s < 3; s++)
            add_party(office, s);
        for (uint32_t listener = 1; listener < 3; listener++)
            add_edge(office, 1000 + listener, 1000, 0);
        add_edge(office, 1, 1000, 0);
        talk(office);
        const double narrow_db = hz > 4000 ? got(2, folded) : got(2, hz);
        const double line_db = wide_level(office->lines[0].heard + SETTLED, 4000, hz > 4000 ? folded : hz, 8000);
        printf("wide: %.0f Hz at -10 dBm0: G.722 hears %.2f dBm0; at %.0f Hz A-law hears %.1f, the line %.1f dBm0\n", hz,
               got(1, hz), hz > 4000 ? folded : hz, narrow_db, line_db);
        CHECK_NEAR(got(1, hz), -10, 0.5);
        if (hz > 4000) {
            CHECK(narrow_db < -60);
            CHECK(line_db < -65);
        } else {
            CHECK_NEAR(narrow_db, -10, 0.5);
            CHECK_NEAR(line_db, -10, 0.5);
        }
        office_close(office);
    }
}

static void test_a_wide_party_hears_a_line_without_its_image(void)
{
    struct office *office = office_open(1);
    office->lines[0].hz = 2600;
    office->lines[0].dbm0 = -12;
    say(0, SC_CODEC_G722, 1000, -90);
    add_port(office, 0);
    add_party(office, 0);
    add_edge(office, 1000, 1, 0);
    talk(office);
    CHECK_NEAR(got(0, 2600), -12, 0.5);
    CHECK(got(0, 5400) < -70);
    office_close(office);
}

/* Everybody hears the sum of the others: wide ones of each other what is above 4 kHz, too. */
static void test_a_conference_of_wide_and_narrow(void)
{
    struct office *office = office_open(1);
    static const double tones[PARTIES] = { 5000, 6000, 700, 1500 };
    for (uint32_t s = 0; s < PARTIES; s++)
        say(s, s < 3 ? SC_CODEC_G722 : SC_CODEC_PCMA, tones[s], -20);
    add_port(office, 0);
    for (uint32_t s = 0; s < PARTIES; s++)
        add_party(office, s);
    for (uint32_t listener = 0; listener < PARTIES; listener++)
        for (uint32_t source = 0; source < PARTIES; source++)
            if (source != listener)
                add_edge(office, 1000 + listener, 1000 + source, source == 2 ? -6 : 0);
    talk(office);
    for (uint32_t listener = 0; listener < PARTIES; listener++)
        for (uint32_t source = 0; source < PARTIES; source++) {
            const bool high = tones[source] > 4000, is_wide = listener < 3;
            const double level = got(listener, tones[source]);
            if (source == listener)
                CHECK(level < -55);
            else if (is_wide || !high)
                CHECK_NEAR(level, source == 2 ? -26 : -20, 0.7);
        }
    office_close(office);
}

/* Its own gain holds for a wide party at both rates; two of full scale are limited and not clipped. */
static void test_gain_and_limiter_work_at_16_khz(void)
{
    struct office *office = office_open(1);
    say(0, SC_CODEC_G722, 500, 1);
    say(1, SC_CODEC_G722, 1000, -90);
    say(2, SC_CODEC_G722, 900, 1);
    say(3, SC_CODEC_G722, 5000, -20);
    add_port(office, 0);
    for (uint32_t s = 0; s < PARTIES; s++)
        add_party(office, s);
    office->nodes[4].spoken_gain_db = -6;
    for (uint32_t source = 0; source < PARTIES; source++)
        if (source != 1)
            add_edge(office, 1001, 1000 + source, 0);
    talk(office);
    const double loud = got(1, 500), between = got(1, 1300), quiet = got(1, 5000);
    printf("wide: two parties at +1 dBm0: each %.1f dBm0, what clipping would make %.1f dBm0\n", loud, between);
    CHECK(loud > -6 && loud < -2);
    CHECK_NEAR(quiet - loud, -20 - 6 - 1, 1);   /* turned down together */
    CHECK(between < loud - 25);
    office_close(office);
}

/* Comfort noise of payload type 13 is of 8 kHz: nothing but G.722 is sent (take checks that), and that without a gap. */
static void test_wide_silence_is_sent_as_it_is(void)
{
    struct office *office = office_open(0);
    say(0, SC_CODEC_G722, 1000, -90);
    say(1, SC_CODEC_G722, 1000, -90);
    for (uint32_t s = 0; s < 2; s++) {
        add_party(office, s);
        office->nodes[s].comfort_noise = true;
        add_edge(office, 1000 + s, 1001 - s, 0);
    }
    talk(office);
    CHECK(telephones[0].got_count >= PAIRS - 160 && telephones[1].got_count >= PAIRS - 160);
    office_close(office);
}

static void test_a_party_on_hold_is_not_heard(void)
{
    struct office *office = office_open(0);
    say(0, SC_CODEC_G722, 5000, -10);
    say(1, SC_CODEC_G722, 1000, -90);
    add_party(office, 0);
    add_party(office, 1);
    office->nodes[0].receives = false;
    add_edge(office, 1001, 1000, 0);
    talk(office);
    CHECK(got(1, 5000) < -80);
    office_close(office);
}

/* The best-fitting tone against the rest in what party 1 heard. */
static double snr_db(double hz)
{
    double re = 0, im = 0, power = 0;
    wide_decode(heard, telephones[1].got, telephones[1].got_count);
    for (size_t i = 2 * 1600; i < 2 * PAIRS - 4000; i++) {
        const double phase = 2 * SIGNAL_PI * hz / WIDE_HZ * (double)i;
        re += heard[i] * cos(phase), im += heard[i] * sin(phase), power += (double)heard[i] * heard[i];
    }
    const double n = 2 * PAIRS - 4000 - 2 * 1600, tone = 2 * (re * re + im * im) / n;
    return 10 * log10(tone / fmax(power - tone, 1));
}

static double snr_through_core(double hz)
{
    struct office *office = office_open(0);
    say(0, SC_CODEC_G722, hz, -16);
    say(1, SC_CODEC_G722, 1000, -90);
    add_party(office, 0);
    add_party(office, 1);
    add_edge(office, 1001, 1000, 0);
    talk(office);
    office_close(office);
    return snr_db(hz);
}

static void test_loss_is_concealed_and_wrong_order_is_put_right(void)
{
    const double clean = snr_through_core(1000), clean_high = snr_through_core(5000);
    lost_every = 20;
    const double lost = snr_through_core(1000), lost_high = snr_through_core(5000);
    lost_every = 0;
    swapped_every = 20;
    const double swapped = snr_through_core(1000), swapped_high = snr_through_core(5000);
    swapped_every = 0;
    printf("wide: SNR of 1 and 5 kHz: clean %.1f %.1f dB, 5 %% lost %.1f %.1f dB, 5 %% swapped %.1f %.1f dB\n", clean, clean_high,
           lost, lost_high, swapped, swapped_high);
    CHECK(clean > 40 && clean_high > 17);       /* coded twice: 2 bits leave the upper band no more */
    CHECK(lost > 13 + 18 && lost_high > 13 + 4); /* 5 % of silence would leave 13 dB */
    CHECK(swapped > 33 && swapped_high > clean_high - 2); /* nothing is missing, but decoded out of its order */
}

/* --- the decoder alone ----------------------------------------------------------------------------------------------- */

static struct sc_rtp_packet packet_of(uint32_t frame)
{
    return (struct sc_rtp_packet){ .payload_type = 9, .sequence = (uint16_t)(frame + 65530), .ssrc = 1,
                                   .payload = telephones[0].says + frame * 160, .payload_length = 160 };
}

static void test_a_late_packet_is_decoded_from_where_it_belongs(void)
{
    struct sc_speech_decoder in_order, out_of_order;
    int16_t low[2][160], high[2][160];
    say(0, SC_CODEC_G722, 2000, -10);
    sc_speech_decoder_reset(&in_order);
    sc_speech_decoder_reset(&out_of_order);
    for (uint32_t frame = 0; frame < 12; frame++) {
        struct sc_rtp_packet packet = packet_of(frame);
        CHECK(sc_speech_decode(&in_order, &packet, low[0], high[0]));
        if (frame < 10)
            (void)sc_speech_decode(&out_of_order, &packet, low[1], high[1]);
    }
    for (uint32_t frame = 12; frame > 9; frame--) { /* 12, then 11 and 10 late, and each a second time */
        struct sc_rtp_packet packet = packet_of(frame == 11 ? 10 : frame == 10 ? 11 : 12);
        (void)sc_speech_decode(&out_of_order, &packet, low[1], high[1]);
        if (frame == 10)
            CHECK(memcmp(low, low[1], sizeof low[1]) == 0 && memcmp(high, high[1], sizeof high[1]) == 0);
    }
    const struct sc_g722 before = out_of_order.g722;
    for (uint32_t frame = 0; frame < 12; frame++) {
        struct sc_rtp_packet packet = packet_of(frame);
        (void)sc_speech_decode(&out_of_order, &packet, low[1], high[1]);
    }
    CHECK(memcmp(&before, &out_of_order.g722, sizeof before) == 0);
}

static void test_g711_within_a_wide_stream_has_no_upper_band(void)
{
    struct sc_speech_decoder decoder;
    struct sc_rtp_packet packet = packet_of(0);
    int16_t low[160], high[160];
    sc_speech_decoder_reset(&decoder);
    packet.payload_type = 8;
    CHECK(!sc_speech_decode(&decoder, &packet, low, high));
    packet.payload_type = 0;
    CHECK(!sc_speech_decode(&decoder, &packet, low, high));
}

int main(void)
{
    RUN(test_a_high_tone_passes_between_wide_parties_and_not_to_narrow_ones);
    RUN(test_a_wide_party_hears_a_line_without_its_image);
    RUN(test_a_conference_of_wide_and_narrow);
    RUN(test_gain_and_limiter_work_at_16_khz);
    RUN(test_wide_silence_is_sent_as_it_is);
    RUN(test_a_party_on_hold_is_not_heard);
    RUN(test_loss_is_concealed_and_wrong_order_is_put_right);
    RUN(test_a_late_packet_is_decoded_from_where_it_belongs);
    RUN(test_g711_within_a_wide_stream_has_no_upper_band);
    return CHECK_DONE();
}

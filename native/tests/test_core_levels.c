/* Tests of levels in the whole core: a line's own gains, automatic gain, a loud conference, what can be read of them. */
#include "check.h"
#include "core_fixture.h"
#include "signal.h"

enum { TALKERS = 8, SECOND_TICKS = 100, VOICE_TICKS = 1000 };

static void a_lines_own_gains_count_both_ways(void)
{
    struct office *office = office_open(2);
    struct sc_core_statistics figures;
    for (uint32_t i = 0; i < 2; i++) {
        office->lines[i].hz = 500.0 + 300.0 * i;
        office->lines[i].dbm0 = -20.0;
        add_port(office, i);
    }
    office->nodes[0].spoken_gain_db = 4.0f;
    office->nodes[0].heard_gain_db = -3.0f;
    add_edge(office, 1, 2, -1.0f);
    add_edge(office, 2, 1, 0.0f);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 10);
    forget(office);
    run_ticks(office, SECOND_TICKS);
    CHECK_NEAR(heard_dbm0(&office->lines[0], 800.0), -24.0, 0.05);
    CHECK_NEAR(heard_dbm0(&office->lines[1], 500.0), -16.0, 0.05);
    sc_core_statistics(office->core, &figures);
    CHECK_NEAR(figures.ports[0].spoken_dbm0, -20, 0.1); /* of the line */
    CHECK_NEAR(figures.ports[0].spoken_gain_db, 4, 0.01);
    CHECK_NEAR(figures.ports[1].spoken_gain_db, 0, 0.01);
    office_close(office);
}

static void gains_out_of_range_are_refused(void)
{
    static const float bad[] = { -30.5f, 31.0f, NAN, INFINITY };
    struct office *office = office_open(2);
    for (size_t i = 0; i < 2 * sizeof bad / sizeof *bad; i++) {
        clear_plan(office);
        add_port(office, 0);
        add_port(office, 1);
        *(i % 2 ? &office->nodes[1].spoken_gain_db : &office->nodes[1].heard_gain_db) = bad[i / 2];
        CHECK_EQ(apply(office), EINVAL);
        CHECK_EQ(office->complaint.kind, SC_COMPLAINT_LINE_GAIN);
        CHECK_EQ(office->complaint.node, 2);
    }
    clear_plan(office);
    add_node(office, 9, SC_NODE_RTP)->codec = SC_CODEC_PCMA;
    office->nodes[0].heard_gain_db = -40.0f;
    CHECK_EQ(apply(office), EINVAL);
    CHECK_EQ(office->complaint.kind, SC_COMPLAINT_LINE_GAIN);
    office_close(office);
}

/* Eight talk at once, each near full scale; everybody hears all others, at one level, and not himself. */
static void a_conference_of_8_does_not_clip(void)
{
    struct office *office = office_open(TALKERS);
    int full = 0;
    for (uint32_t i = 0; i < TALKERS; i++) {
        office->lines[i].hz = 300.0 + 200.0 * i;
        office->lines[i].dbm0 = -1.0;
        add_port(office, i);
        for (uint32_t k = 0; k < TALKERS; k++)
            if (k != i)
                add_edge(office, i + 1, k + 1, 0.0f);
    }
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 50);
    forget(office);
    run_ticks(office, 2 * SECOND_TICKS);
    for (uint32_t i = 0; i < TALKERS; i++) {
        const struct line *line = &office->lines[i];
        const double other = heard_dbm0(line, 300.0 + 200.0 * ((i + 3) % TALKERS));
        for (size_t n = 0; n < line->heard_count; n++)
            full += abs(line->heard[n]) >= 32767;
        CHECK(heard_dbm0(line, 300.0 + 200.0 * i) < -45.0);
        CHECK(other > -18.0 && other < -8.0);
        for (uint32_t k = 1; k < TALKERS; k++)
            CHECK_NEAR(heard_dbm0(line, 300.0 + 200.0 * ((i + k) % TALKERS)), other, 0.5);
    }
    CHECK_EQ(full, 0);
    office_close(office);
}

struct talker {
    const int16_t *voice;
    size_t at, length;
};

static int talk(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct talker *talker = self;
    (void)playback;
    for (size_t i = 0; i < samples; i++)
        capture[i] = talker->voice[talker->at++ % talker->length];
    return 0;
}

static int16_t *quiet_voice(size_t length)
{
    struct signal s = signal_new(length, 17);
    double sum = 0.0;
    signal_voice(&s, 0, length, -15);
    for (size_t i = 0; i < length; i++)
        sum += s.x[i] * s.x[i] / (double)length;
    signal_scale(&s, signal_amplitude(-32) / sqrt(2 * sum));
    signal_noise(&s, 0, length, -75);
    int16_t *samples = signal_samples(&s);
    signal_free(&s);
    return samples;
}

static double level_heard(const struct line *line)
{
    double sum = 1e-3;
    for (size_t i = 0; i < line->heard_count; i++)
        sum += (double)line->heard[i] * line->heard[i] / (double)line->heard_count;
    return 10 * log10(2 * sum) - 20 * log10(signal_amplitude(0));
}

static void a_quiet_talker_is_raised_where_the_plan_says_so(void)
{
    enum { LENGTH = 80000 };
    int16_t *voice = quiet_voice(LENGTH);
    struct talker talker = { .voice = voice, .length = LENGTH };
    struct office *office = calloc(1, sizeof *office);
    struct sc_core_settings settings = office_settings(office, 2);
    struct sc_core_statistics figures;
    office->ports[0].exchange = talk;
    office->ports[0].self = &talker;
    office->plan.nodes = office->nodes;
    office->plan.edges = office->edges;
    CHECK_EQ(sc_core_create(&office->core, &settings, &office->complaint), 0);
    add_port(office, 0);
    add_port(office, 1);
    add_edge(office, 2, 1, 0.0f);
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 20 * SECOND_TICKS);
    forget(office);
    run_ticks(office, VOICE_TICKS);
    const double before = level_heard(&office->lines[1]);
    office->nodes[0].automatic_gain = true;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 20 * SECOND_TICKS);
    forget(office);
    run_ticks(office, VOICE_TICKS);
    const double after = level_heard(&office->lines[1]);
    sc_core_statistics(office->core, &figures);
    printf("levels: a talker at -32 dBm0 is heard at %.1f, with automatic gain at %.1f dBm0\n", before, after);
    CHECK_NEAR(before, -32, 3);
    CHECK_NEAR(after, -16, 3);
    CHECK_NEAR(figures.ports[0].spoken_gain_db, after - before, 0.5);
    clear_plan(office); /* nobody hears him: the call is over, and the next talker begins at 0 dB */
    add_port(office, 0);
    add_port(office, 1);
    office->nodes[0].automatic_gain = true;
    CHECK_EQ(apply(office), 0);
    run_ticks(office, 1);
    sc_core_statistics(office->core, &figures);
    CHECK_NEAR(figures.ports[0].spoken_gain_db, 0, 0.01);
    office_close(office);
    free(voice);
}

/* What the leg was sent comes back to it, as a fax machine's answer would: it says what it hears. */
static void run_with_packets(struct office *office, int ticks)
{
    struct sc_rtp_address to, from = { .length = 4, .bytes = { 127, 0, 0, 1 }, .port = 4000 };
    uint8_t packet[SC_CORE_PACKET_MAX];
    for (int i = 0; i < ticks; i++) {
        size_t n = sizeof packet;
        run_ticks(office, 1);
        while (sc_core_rtp_take(office->core, 0, packet, &n, &to) == 0) {
            CHECK_EQ(sc_core_rtp_give(office->core, 0, packet, n, &from), 0);
            n = sizeof packet;
        }
    }
}

/* The gains of the line's party and of the leg's after 2100 Hz (or none, or another tone) and 20 s of quiet turns. */
static void gains_after(double hz, float gain_db[2])
{
    enum { LENGTH = 240000, TONE = 16000 };
    int16_t *x = quiet_voice(LENGTH);
    struct signal s = signal_new(TONE, 3);
    signal_sine(&s, 4000, TONE - 6000, hz, -20, 0);
    int16_t *tone = signal_samples(&s);
    memcpy(x, tone, TONE * sizeof *x);
    struct talker talker = { .voice = x, .length = LENGTH };
    struct office *office = calloc(1, sizeof *office);
    struct sc_core_settings settings = office_settings(office, 1);
    struct sc_core_statistics figures;
    office->ports[0].exchange = talk;
    office->ports[0].self = &talker;
    office->plan.nodes = office->nodes;
    office->plan.edges = office->edges;
    CHECK_EQ(sc_core_create(&office->core, &settings, &office->complaint), 0);
    add_port(office, 0);
    office->nodes[0].canceller = office->nodes[0].automatic_gain = true;
    struct sc_plan_node *leg = add_node(office, 1000, SC_NODE_RTP);
    leg->codec = SC_CODEC_PCMA;
    leg->remote = (struct sc_rtp_address){ .length = 4, .bytes = { 127, 0, 0, 1 }, .port = 4000 };
    leg->automatic_gain = true;
    add_edge(office, 1000, 1, -12.0f);
    CHECK_EQ(apply(office), 0);
    run_with_packets(office, 22 * SECOND_TICKS);
    sc_core_statistics(office->core, &figures);
    gain_db[0] = figures.ports[0].spoken_gain_db;
    gain_db[1] = figures.rtp[0].spoken_gain_db;
    office_close(office);
    signal_free(&s);
    free(tone);
    free(x);
}

static void the_gain_stands_still_while_fax_machines_talk(void)
{
    float gain_db[2];
    gains_after(2100, gain_db);
    CHECK_NEAR(gain_db[0], 0, 0.01);
    CHECK_NEAR(gain_db[1], 0, 0.01);
    gains_after(1800, gain_db);
    CHECK(gain_db[0] > 8);
    CHECK(gain_db[1] > 4);
}

int main(void)
{
    RUN(a_lines_own_gains_count_both_ways);
    RUN(gains_out_of_range_are_refused);
    RUN(a_conference_of_8_does_not_clip);
    RUN(a_quiet_talker_is_raised_where_the_plan_says_so);
    RUN(the_gain_stands_still_while_fax_machines_talk);
    return CHECK_DONE();
}

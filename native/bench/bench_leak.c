/* bench_leak: how much of a digit the other side hears, measured through the whole core.
 *
 *     bench_leak [--json] [--quick]
 *
 * A line presses a key; the listener is an RTP node that takes telephone events, so that it must not hear the tone. What is
 * counted is in the packets that leave: milliseconds in which the decoded sound holds the digit, over its whole length, edges
 * and the middle alike. The worst digit is told, for a pure digit at levels from -3 to -24 dBm0 a tone, twisted +-6 dB and
 * 1.5 % off, through noise 20 dB down (where a millisecond counts when it holds the two tones, not the noise), and in a word that
 * the key cuts off.
 * Each trial starts at another place in the tick; before the digit comes silence. That the count sees a digit which nobody
 * mutes is tried first. */
#include "core_fixture.h"
#include "g711.h"
#include "report.h"
#include "signal.h"

#define DIGITS 16
#define TRIAL_TICKS 60u
#define START 1600u                 /* samples before the digit */
#define PRESSED_MS 160u
#define BLOCK 8u                    /* a millisecond */
#define HEADER 12u
#define EVENT_TYPE 101

static const double low_hz[4] = { 697, 770, 852, 941 };
static const double high_hz[4] = { 1209, 1336, 1477, 1633 };

struct key_line {
    const int16_t *sound;
    size_t length, at;
};

struct trial {
    int digit;
    double low_dbm0, high_dbm0, factor;
    double noise_dbm0;              /* 0: none */
    double voice_dbm0;              /* 0: none; speaks until the key cuts it off */
    uint64_t seed;
};

static int exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct key_line *line = self;
    (void)playback;
    for (size_t i = 0; i < samples; i++)
        capture[i] = line->at < line->length ? line->sound[line->at++] : 0;
    return 0;
}

/* An office of one telephone, which is listened to, and one SIP party, which takes events and hears it. */
static struct office *open_office(struct key_line *line, bool listens)
{
    struct office *office = calloc(1, sizeof *office);
    if (office == NULL)
        abort();
    struct sc_core_settings settings = office_settings(office, 1);
    office->ports[0].exchange = exchange;
    office->ports[0].self = line;
    if (sc_core_create(&office->core, &settings, &office->complaint) != 0)
        abort();
    office->plan.nodes = office->nodes;
    office->plan.edges = office->edges;
    add_port(office, 0);
    office->nodes[0].detectors = listens ? SC_DETECT_DTMF : 0;
    office->nodes[0].canceller = true;
    struct sc_plan_node *party = add_node(office, 1000, SC_NODE_RTP);
    party->remote = (struct sc_rtp_address){ .length = 4, .bytes = { 10, 0, 0, 1 }, .port = 4000 };
    party->codec = SC_CODEC_PCMA;
    party->telephone_event = EVENT_TYPE;
    add_edge(office, 1000, 1, 0.0f);
    if (apply(office) != 0)
        abort();
    return office;
}

/* What the party is sent, by time stamp; returns how many samples. */
static size_t listen(struct office *office, int16_t *out, size_t room)
{
    size_t filled = 0;
    for (unsigned tick = 0; tick < TRIAL_TICKS; tick++) {
        uint8_t packet[SC_CORE_PACKET_MAX];
        struct sc_rtp_address to;
        size_t n = sizeof packet;
        run_ticks(office, 1);
        while (sc_core_rtp_take(office->core, 0, packet, &n, &to) == 0) {
            size_t samples = n - HEADER;
            if ((packet[1] & 0x7F) == SC_CODEC_PCMA && filled + samples <= room) {
                sc_alaw_decode(out + filled, packet + HEADER, samples);
                filled += samples;
            }
            n = sizeof packet;
        }
    }
    return filled;
}

/* Amplitude of the part of a millisecond's samples that the two tones of the key as it was pressed explain. */
static double of_the_tones(const int16_t *heard, const double *tones, size_t n)
{
    double both = 0, own = 0;
    for (size_t i = 0; i < n; i++) {
        both += heard[i] * tones[i];
        own += tones[i] * tones[i];
    }
    return own > 0 ? both / own : 0;
}

static double leaked_ms(const struct trial *t, bool listens)
{
    struct signal tones = signal_new(START + TRIAL_TICKS * SC_TICK_SAMPLES, t->seed);
    size_t at = START + signal_random(&tones) % SC_TICK_SAMPLES;
    signal_sine(&tones, at, PRESSED_MS * 8, low_hz[t->digit / 4] * t->factor, t->low_dbm0, 6.28 * signal_uniform(&tones));
    signal_sine(&tones, at, PRESSED_MS * 8, high_hz[t->digit % 4] * t->factor, t->high_dbm0, 6.28 * signal_uniform(&tones));
    struct signal all = signal_new(tones.length, t->seed);
    memcpy(all.x, tones.x, tones.length * sizeof *all.x);
    if (t->voice_dbm0 < 0)
        signal_voice(&all, 0, at, t->voice_dbm0);
    if (t->noise_dbm0 < 0)
        signal_noise(&all, 0, all.length, t->noise_dbm0);
    int16_t *sound = signal_samples(&all), heard[TRIAL_TICKS * SC_TICK_SAMPLES];
    struct key_line line = { sound, all.length, 0 };
    struct office *office = open_office(&line, listens);
    size_t count = listen(office, heard, sizeof heard / sizeof *heard);
    double leaked = 0;
    /* A packet's samples are those of the ticks that it was filled in, so sample i of what is heard is sample i of the line. */
    for (size_t i = at; i + BLOCK <= count && i < at + PRESSED_MS * 8; i += BLOCK)
        leaked += of_the_tones(heard + i, tones.x + i, BLOCK) > 0.5;
    office_close(office);
    free(sound);
    signal_free(&all);
    signal_free(&tones);
    return leaked;
}

/* The most over all digits, levels, twists and deviations. */
static double worst(double noise_below_db, bool after_a_word)
{
    static const double twists_db[3] = { 0, 6, -6 }, factors[3] = { 1, 1.015, 0.985 };
    double most = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int r = 0; r < (bench_quick ? 1 : 24); r++) {
            const double level = -3.0 * (r % 8) - 3, twist = twists_db[r % 3];
            struct trial t = {
                .digit = d, .low_dbm0 = level - fmax(twist, 0), .high_dbm0 = level + fmin(twist, 0),
                .factor = factors[r / 3 % 3], .seed = (uint64_t)(100 * d + r + 5),
            };
            if (noise_below_db > 0)
                t.noise_dbm0 = fmin(t.low_dbm0, t.high_dbm0) + 3.01 - noise_below_db;
            t.voice_dbm0 = after_a_word ? level - 6 : 0;
            most = fmax(most, leaked_ms(&t, true));
        }
    return most;
}

int main(int count, char **words)
{
    const struct trial plain = { .digit = 5, .low_dbm0 = -12, .high_dbm0 = -12, .factor = 1, .seed = 3 };
    (void)bench_options(count, words);
    if (leaked_ms(&plain, false) < PRESSED_MS - 8) {
        fprintf(stderr, "bench_leak: without a detector the whole digit should be heard; this measures nothing\n");
        return 1;
    }
    report("dtmf_leak_ms", BENCH_OURS, worst(0, false), 0);
    report("dtmf_leak_in_noise_ms", BENCH_OURS, worst(20, false), 0);
    report("dtmf_leak_in_a_word_ms", BENCH_OURS, worst(0, true), 0);
    return 0;
}

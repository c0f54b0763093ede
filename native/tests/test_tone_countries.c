/* tone_receiver: tones that only some countries have. */
#include "tone_lab.h"

/* India's 400 Hz with 90 % of 25 Hz, and Australia's 413 + 438 Hz, as dial tone and as ringback. */
static void test_tones_whose_level_swings(void)
{
    for (int k = 0; k < 4; k++) {
        struct sc_tone_receiver_settings settings = { .descriptor_count = 2 };
        bool india = k < 2;
        settings.descriptors[0] = cadence(SC_TONE_DIAL, india ? 400.0f : 425.5f, 0, 0);
        settings.descriptors[1] = cadence(SC_TONE_RINGBACK, india ? 400.0f : 425.5f, 400, 200);
        settings.descriptors[1].pair_count = 2;
        settings.descriptors[1].pairs[1] = (struct sc_tone_pair){ 400, 2000 };
        settings.descriptors[0].modulated = settings.descriptors[1].modulated = true;
        settings.dial_min_ms = 480;
        struct signal s = signal_new(8000 * 6, (uint64_t)k + 1);
        double low = india ? 375 : 413, high = india ? 425 : 438, side = india ? -18 + 20 * log10(0.45) : -18;
        for (int burst = 0; burst < 2; burst++) {
            struct sent once = { 400, -18, k % 2 ? 400 : 2000, k % 2 ? 200 : 0, 1 };
            size_t at = 4000 + (size_t)burst * (size_t)(once.on_ms + once.off_ms) * 8;
            if (india)
                signal_sine(&s, at, (size_t)(once.on_ms * 8), 400, -18, 0);
            signal_sine(&s, at, (size_t)(once.on_ms * 8), low, side, 0);
            signal_sine(&s, at, (size_t)(once.on_ms * 8), high, side, 0);
        }
        signal_noise(&s, 0, s.length, -48.0);
        struct sc_tone_receiver *receiver = create(&settings);
        struct heard h = hear_with(receiver, &s);
        CHECK(h.count >= 1 && h.events[0].kind == (k % 2 ? SC_TONE_RINGBACK : SC_TONE_DIAL));
        CHECK_EQ(count_of(&h, SC_TONE_ON, h.events[0].kind), 1);
        sc_tone_receiver_destroy(receiver);
        settings.descriptors[0].modulated = settings.descriptors[1].modulated = false;
        receiver = create(&settings);
        h = hear_with(receiver, &s);
        CHECK_EQ(h.count, 0);
        sc_tone_receiver_destroy(receiver);
        signal_free(&s);
    }
}

/* Laos: busy of 1000 / 1000 ms begins like ringback of 1000 / 4000. */
static void test_a_slow_busy_tone_is_not_ringback_for_long(void)
{
    struct sc_tone_receiver_settings settings = { .descriptor_count = 2 };
    settings.descriptors[0] = cadence(SC_TONE_RINGBACK, 425.0f, 1000, 4000);
    settings.descriptors[1] = cadence(SC_TONE_BUSY, 425.0f, 1000, 1000);
    struct sc_tone_receiver *receiver = create(&settings);
    struct signal s = signal_new(8000 * 12, 5);
    send(&s, 4000, (struct sent){ 425, -15, 1000, 1000, 5 });
    struct heard h = hear_with(receiver, &s);
    CHECK_EQ(h.count, 4);
    CHECK(h.count < 3 || (h.events[1].type == SC_TONE_OFF && h.at_ms[1] <= 500 + 2000 + 100));
    CHECK(h.count < 3 || (h.events[2].kind == SC_TONE_BUSY && h.at_ms[2] <= 500 + 4000 + 100));
    sc_tone_receiver_destroy(receiver);
    signal_free(&s);
}

/* We play ringback to a caller while the city begins its dial tone: our echo lies over the first half second of it. */
static void test_a_dial_tone_that_begins_under_our_own_tone_is_found(void)
{
    struct sc_tone_receiver_settings settings = { .descriptor_count = 2, .dial_min_ms = 1250 };
    settings.descriptors[0] = cadence(SC_TONE_DIAL, 425.0f, 0, 0);
    settings.descriptors[1] = cadence(SC_TONE_RINGBACK, 425.0f, 1000, 4000);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct signal s = signal_new(8000 * 6, seed);
        const size_t begins = 2400 + signal_random(&s) % 2400;
        signal_sine(&s, 1600, 8000, 425, -24, 6.28 * signal_uniform(&s));
        signal_sine(&s, begins, s.length - begins, 428, -18, 6.28 * signal_uniform(&s));
        signal_noise(&s, 0, s.length, -50.0);
        struct sc_tone_receiver *receiver = create(&settings);
        struct heard h = hear_with(receiver, &s);
        CHECK(h.count > 0 && h.events[h.count - 1].kind == SC_TONE_DIAL && h.events[h.count - 1].type == SC_TONE_ON);
        CHECK(h.at_ms[h.count - 1] < 1200 + 2 * 1250 + 200);
        sc_tone_receiver_destroy(receiver);
        signal_free(&s);
    }
}

struct howl { double off, slope_db, dbm0, snr_db; uint32_t on_ms; int sines; };

/* North America's howler (GR-506), ten bursts from 500 ms on, heard beside a Russian line's tones. */
static struct heard hear_howler(struct howl h, uint64_t seed)
{
    static const double hz[4] = { 1400, 2060, 2450, 2600 };
    struct sc_tone_receiver_settings settings = { .descriptor_count = 3 };
    settings.descriptors[0] = cadence(SC_TONE_BUSY, 425.0f, 400, 400);
    settings.descriptors[1] = (struct sc_tone_descriptor){
        .kind = SC_TONE_SIT, .frequency_count = 3, .frequency_hz = { 950, 1400, 1800 }, .sequence = true,
        .pair_count = 3, .pairs = { { 330, 0 }, { 330, 0 }, { 330, 1000 } },
    };
    settings.descriptors[2] = (struct sc_tone_descriptor){
        .kind = SC_TONE_HOWLER, .frequency_count = 4, .frequency_hz = { 1400, 2060, 2450, 2600 }, .pair_count = 1,
        .pairs = { { 100, 100 } },
    };
    struct sc_tone_receiver *receiver = create(&settings);
    struct signal s = signal_new(8000 * 4, seed);
    for (int i = 0; i < h.sines; i++)
        send(&s, 4000, (struct sent){ hz[i] * h.off, h.dbm0 + h.slope_db * (i - 1.5), h.on_ms, h.on_ms, (int)(2000 / (2 * h.on_ms)) });
    signal_noise(&s, 0, s.length, h.dbm0 + 6 - h.snr_db);
    struct heard heard = hear_with(receiver, &s);
    sc_tone_receiver_destroy(receiver);
    signal_free(&s);
    return heard;
}

/* Loud and hardly there, 1.5 % off, through a line that takes 3 dB a sine off the high ones, in noise: two cycles and 100 ms. */
static void test_a_howler_is_four_sines_at_once(void)
{
    static const struct howl heard[] = {
        { 1, 0, -10, 60, 100, 4 },      { 1, 0, -43, 30, 100, 4 },    { 1.015, 0, -20, 30, 100, 4 }, { 0.985, 0, -20, 30, 100, 4 },
        { 1, -3, -20, 30, 100, 4 },     { 1, 3, -20, 30, 100, 4 },    { 1, 0, -20, 10, 100, 4 },     { 1, 0, -20, 30, 120, 4 },
        { 1, 0, -20, 30, 80, 4 },
    };
    for (unsigned i = 0; i < sizeof heard / sizeof *heard; i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct heard h = hear_howler(heard[i], seed);
            CHECK_EQ(h.count, 2);
            CHECK(h.count == 2 && h.events[0].kind == SC_TONE_HOWLER && h.events[1].type == SC_TONE_OFF);
            CHECK(h.count == 2 && h.at_ms[0] <= 500 + 4.0 * heard[i].on_ms + 100);
            CHECK_NEAR(h.events[0].frequency_hz[1], 2060 * heard[i].off, 5.0);
        }
}

/* A sine missing, one of them much weaker, another cadence. */
static void test_what_is_like_a_howler_is_none(void)
{
    static const struct howl others[] = {
        { 1, 0, -20, 40, 100, 3 }, { 1, -8, -20, 40, 100, 4 }, { 1, 0, -20, 40, 250, 4 }, { 1, 0, -20, 40, 1000, 4 },
        { 1.06, 0, -20, 40, 100, 4 },
    };
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_EQ(hear_howler(others[i], 7).count, 0);
}

int main(void)
{
    RUN(test_tones_whose_level_swings);
    RUN(test_a_slow_busy_tone_is_not_ringback_for_long);
    RUN(test_a_dial_tone_that_begins_under_our_own_tone_is_found);
    RUN(test_a_howler_is_four_sines_at_once);
    RUN(test_what_is_like_a_howler_is_none);
    return CHECK_DONE();
}

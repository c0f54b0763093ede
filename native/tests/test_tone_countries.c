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

int main(void)
{
    RUN(test_tones_whose_level_swings);
    RUN(test_a_slow_busy_tone_is_not_ringback_for_long);
    return CHECK_DONE();
}

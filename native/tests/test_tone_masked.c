/* tone_masked: busy tone under somebody's voice, through the tone receiver; and what is like it and is none. */
#include "alloc.h"
#include "check.h"
#include "tone_lab.h"
#include "tone_masked.h"

#include <errno.h>

static struct sc_tone_receiver *russian(void)
{
    struct sc_tone_receiver_settings s = { .descriptor_count = 4 };
    s.descriptors[0] = cadence(SC_TONE_RINGBACK, 425.0f, 1000, 4000);
    s.descriptors[1] = cadence(SC_TONE_BUSY, 425.0f, 350, 350);
    s.descriptors[2] = cadence(SC_TONE_BUSY, 425.0f, 400, 400);
    s.descriptors[3] = cadence(SC_TONE_CONGESTION, 425.0f, 175, 175);
    return create(&s);
}

/* A voice whose power over the whole is that of a sine of this level. */
static void speak(struct signal *s, double dbm0)
{
    struct signal voice = signal_new(s->length, s->seed);
    double power = 1.0;
    signal_voice(&voice, 0, voice.length, -20.0);
    for (size_t i = 0; i < s->length; i++)
        power += voice.x[i] * voice.x[i] / (double)s->length;
    for (size_t i = 0; i < s->length; i++)
        s->x[i] += voice.x[i] * signal_amplitude(dbm0) / sqrt(2.0 * power);
    signal_free(&voice);
}

struct outcome { int found, in_time, alone; };

static struct outcome listen(enum sc_tone_kind kind, double on_ms, double voice_db)
{
    struct outcome o = { 0, 0, 0 };
    for (uint64_t k = 0; k < 12; k++) {
        struct signal s = signal_new(8000 * 14, k + 100);
        double hz = 425.0 + 35.0 * ((double)k / 5.5 - 1.0);
        speak(&s, -18.0 + voice_db);
        size_t from = 6000 + (size_t)k * 37;
        send(&s, from, (struct sent){ hz, -18.0, on_ms, on_ms, (int)(12000.0 / (2.0 * on_ms)) });
        struct sc_tone_receiver *receiver = russian();
        struct heard h = hear_with(receiver, &s);
        int i = find(&h, SC_TONE_ON, kind);
        o.found += i >= 0;
        o.in_time += i >= 0 && h.at_ms[i] <= (double)from / 8.0 + 4.0 * on_ms + 100.0;
        o.alone += h.count > 0 && h.events[0].kind == kind;
        if (i >= 0) {
            CHECK_NEAR(h.events[i].frequency_hz[0], hz, 3.0);
            CHECK_NEAR(h.events[i].level_dbm0, -18.0, 2.5);
            CHECK_NEAR(h.events[i].on_ms, on_ms, 25.0);
        }
        sc_tone_receiver_destroy(receiver);
        signal_free(&s);
    }
    return o;
}

static void test_busy_under_a_voice_6_db_down_within_two_cycles_and_100_ms(void)
{
    struct outcome o = listen(SC_TONE_BUSY, 390.0, -6.0);
    CHECK_EQ(o.found, 12);
    CHECK(o.in_time >= 10);      /* the voice never pauses for long */
    CHECK_EQ(o.alone, 12);
}

static void test_busy_and_congestion_under_a_voice_as_loud(void)
{
    struct outcome o = listen(SC_TONE_BUSY, 350.0, 0.0);
    CHECK_EQ(o.found, 12);
    CHECK_EQ(o.alone, 12);
    o = listen(SC_TONE_CONGESTION, 180.0, 0.0);
    CHECK_EQ(o.found, 12);
    CHECK_EQ(o.alone, 12);
}

/* North America, each sine 3 dB down; and one of the two alone is none. */
static void test_a_tone_of_two_sines_under_a_voice(void)
{
    int found = 0, alone = 0;
    for (uint64_t k = 0; k < 12; k++) {
        struct sc_tone_receiver_settings settings = { .descriptor_count = 2 };
        for (int i = 0; i < 2; i++) {
            settings.descriptors[i] = cadence(i == 0 ? SC_TONE_BUSY : SC_TONE_CONGESTION, 480.0f, i == 0 ? 500 : 250, i == 0 ? 500 : 250);
            settings.descriptors[i].frequency_count = 2;
            settings.descriptors[i].frequency_hz[1] = 620.0f;
        }
        for (int sines = 1; sines <= 2; sines++) {
            struct signal s = signal_new(8000 * 14, k + 300);
            speak(&s, -21.0);
            send(&s, 6000, (struct sent){ 470, -21, 490, 520, 12 });
            if (sines == 2)
                send(&s, 6000, (struct sent){ 631, -21, 490, 520, 12 });
            struct sc_tone_receiver *receiver = create(&settings);
            struct heard h = hear_with(receiver, &s);
            int i = find(&h, SC_TONE_ON, SC_TONE_BUSY);
            found += sines == 2 && i >= 0;
            alone += sines == 1 && i >= 0;
            if (i >= 0) {
                CHECK_NEAR(h.events[i].frequency_hz[0], 470.0, 3.0);
                CHECK_NEAR(h.events[i].frequency_hz[1], 631.0, 3.0);
                CHECK_NEAR(h.events[i].level_dbm0, -18.0, 2.5);
            }
            sc_tone_receiver_destroy(receiver);
            signal_free(&s);
        }
    }
    CHECK_EQ(found, 12);
    CHECK_EQ(alone, 0);
}

static void test_it_ends_when_the_tone_ends_though_the_voice_goes_on(void)
{
    struct signal s = signal_new(8000 * 14, 5);
    speak(&s, -24.0);
    size_t end = send(&s, 8000, (struct sent){ 425, -18, 400, 400, 6 });
    struct sc_tone_receiver *receiver = russian();
    struct heard h = hear_with(receiver, &s);
    CHECK_EQ(h.count, 2);
    CHECK_EQ(h.events[1].type, SC_TONE_OFF);
    CHECK(h.at_ms[1] <= (double)end / 8.0 + 2.3 * 800.0);
    CHECK_NEAR((double)h.events[1].at_samples, (double)end - 3200.0, 6500.0);
    sc_tone_receiver_destroy(receiver);
    signal_free(&s);
}

static unsigned ons(const struct signal *s)
{
    struct sc_tone_receiver *receiver = russian();
    struct heard h = hear_with(receiver, s);
    unsigned n = count_of(&h, SC_TONE_ON, SC_TONE_BUSY) + count_of(&h, SC_TONE_ON, SC_TONE_CONGESTION);
    sc_tone_receiver_destroy(receiver);
    return n;
}

/* The note a', again and again as a busy tone would sound, under other notes; struck, not switched. */
static void test_struck_notes_and_wandering_notes_are_no_busy_tone(void)
{
    for (int wanders = 0; wanders < 2; wanders++) {
        struct signal s = signal_new(8000 * 12, 9);
        for (size_t at = 4000; at + 3200 < s.length; at += 6400) {
            double phase = 0.0;
            for (size_t i = 0; i < 3200; i++) {
                double seconds = (double)i / 8000.0;
                phase += 2 * SIGNAL_PI * (425.0 + (wanders ? 8.0 * sin(2 * SIGNAL_PI * 5.5 * seconds) : 0.0)) / 8000.0;
                s.x[at + i] += signal_amplitude(-18) * (wanders ? 1.0 : exp(-7.5 * seconds)) * sin(phase);
            }
        }
        signal_sine(&s, 0, s.length, 637.5, -19.0, 0.0);      /* too loud for the tracker to take the notes for a tone */
        CHECK_EQ(ons(&s), 0);
        signal_free(&s);
    }
}

static void test_a_tone_that_does_not_pause_or_repeat_is_no_busy_tone(void)
{
    static const struct sent sent[4] = {
        { 425, -18, 400, 0, 20 }, { 425, -18, 400, 900, 8 }, { 425, -18, 240, 240, 20 }, { 425, -18, 560, 560, 9 },
    };
    for (int i = 0; i < 4; i++) {
        struct signal s = signal_new(8000 * 10, (uint64_t)i + 1);
        speak(&s, -24.0);
        send(&s, 4000, sent[i]);
        CHECK_EQ(ons(&s), 0);
        signal_free(&s);
    }
}

static void test_a_voice_alone_is_no_busy_tone(void)
{
    struct signal s = signal_new(8000 * 300, 31);
    speak(&s, -18.0);
    CHECK_EQ(ons(&s), 0);
    signal_free(&s);
}

static void test_frames_of_a_clean_tone_show_what_it_is(void)
{
    const struct sc_tone_length length = { 80, 80 };
    struct sc_tone_evidence seen[SC_TONE_MASKED_CYCLES];
    struct sc_tone_masked *masked = NULL;
    CHECK_EQ(sc_tone_masked_create(&masked, 425.0f, 40.0f, 100.0f, 1.0f, &length, 1), 0);
    unsigned believed = 0;
    double turn = 2 * SIGNAL_PI * 430.0 * 0.005;
    for (uint32_t k = 0; k < 2000; k++) {
        float level = k / 80 % 2 ? 1000.0f : 0.0f;
        sc_tone_masked_take(masked, level * (float)cos(turn * k), level * (float)sin(turn * k), 0.5f * level * level);
        for (uint32_t n = k % 4 == 0 ? sc_tone_masked_look(masked, seen) : 0; n > 0; n--)
            if (sc_tone_evidence_believed(&seen[n - 1])) {
                believed++;
                CHECK_NEAR(seen[n - 1].offset_hz, 5.0, 0.5);
                CHECK_NEAR(seen[n - 1].on_ms, 400.0, 6.0);
                CHECK_NEAR(seen[n - 1].off_ms, 400.0, 8.0);
                CHECK_NEAR(seen[n - 1].share, 1.0, 0.05);
            }
    }
    CHECK(believed >= 8);
    sc_tone_masked_reset(masked);
    CHECK_EQ(sc_tone_masked_now(masked), 0);
    CHECK_EQ(sc_tone_masked_look(masked, seen), 0);
    sc_tone_masked_destroy(masked);
}

static void test_wrong_settings_and_failed_allocation(void)
{
    const struct sc_tone_length good = { 80, 80 }, shortest = { 15, 80 }, longest = { 80, 131 };
    struct sc_tone_masked *masked = NULL;
    CHECK_EQ(sc_tone_masked_create(&masked, 425.0f, 40.0f, 100.0f, 1.0f, &good, 0), EINVAL);
    CHECK_EQ(sc_tone_masked_create(&masked, 425.0f, 40.0f, 100.0f, 1.0f, &good, SC_TONE_MASKED_LENGTHS + 1), EINVAL);
    CHECK_EQ(sc_tone_masked_create(&masked, 425.0f, 40.0f, 100.0f, 1.0f, &shortest, 1), EINVAL);
    CHECK_EQ(sc_tone_masked_create(&masked, 425.0f, 40.0f, 100.0f, 1.0f, &longest, 1), EINVAL);
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_tone_masked_create(&masked, 425.0f, 40.0f, 100.0f, 1.0f, &good, 1), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK(masked == NULL);
    CHECK_EQ(sc_alloc_held(), 0);
    sc_tone_masked_destroy(NULL);
}

int main(void)
{
    RUN(test_busy_under_a_voice_6_db_down_within_two_cycles_and_100_ms);
    RUN(test_busy_and_congestion_under_a_voice_as_loud);
    RUN(test_a_tone_of_two_sines_under_a_voice);
    RUN(test_it_ends_when_the_tone_ends_though_the_voice_goes_on);
    RUN(test_struck_notes_and_wandering_notes_are_no_busy_tone);
    RUN(test_a_tone_that_does_not_pause_or_repeat_is_no_busy_tone);
    RUN(test_a_voice_alone_is_no_busy_tone);
    RUN(test_frames_of_a_clean_tone_show_what_it_is);
    RUN(test_wrong_settings_and_failed_allocation);
    return CHECK_DONE();
}

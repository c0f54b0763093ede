/* tone_receiver: the tones of fax machines and modems, beside a country's plan. */
#include "tone_lab.h"

static struct heard hear_fax(const struct signal *s)
{
    struct sc_tone_receiver_settings settings = { .descriptor_count = 5, .dial_min_ms = 1200 };
    settings.descriptors[0] = cadence(SC_TONE_DIAL, 425.0f, 0, 0);
    settings.descriptors[1] = cadence(SC_TONE_RINGBACK, 425.0f, 1000, 4000);
    settings.descriptors[2] = cadence(SC_TONE_BUSY, 425.0f, 350, 350);
    settings.descriptors[3] = sc_tone_fax_calling;
    settings.descriptors[4] = sc_tone_fax_answer;
    struct sc_tone_receiver *receiver = create(&settings);
    struct heard h = hear_with(receiver, s);
    sc_tone_receiver_destroy(receiver);
    return h;
}

/* 2100 Hz from sample `from`, its phase turned over every `reversal_ms` (0: never), its level swinging by `depth` 15 times a
 * second (V.8: 0.2). */
static void answer_tone(struct signal *s, size_t from, size_t samples, double hz, double dbm0, double reversal_ms, double depth)
{
    for (size_t i = 0; i < samples; i++) {
        double sign = reversal_ms > 0 && (size_t)((double)i / 8.0 / reversal_ms) % 2 == 1 ? -1 : 1;
        double swing = 1 + depth * sin(2 * SIGNAL_PI * 15 * (double)i / 8000);
        s->x[from + i] += sign * swing * signal_amplitude(dbm0) * sin(2 * SIGNAL_PI * hz * (double)i / 8000);
    }
}

static void test_t30_calling_tone(void)
{
    for (int k = 0; k < 9; k++) {
        double hz = 1100 + 38.0 * (k % 3 - 1), on_ms = 425.0 + 75.0 * (k / 3), dbm0 = -10 - 10.0 * (k % 3);
        struct signal s = signal_new(8000 * 8, (uint64_t)k + 1);
        signal_noise(&s, 0, s.length, dbm0 - 20);
        send(&s, 4000, (struct sent){ hz, dbm0, on_ms, 3000, 2 });
        struct heard h = hear_fax(&s);
        CHECK_EQ(count_of(&h, SC_TONE_ON, SC_TONE_FAX_CALLING), 1);
        CHECK(h.count >= 1 && h.events[0].kind == SC_TONE_FAX_CALLING && h.at_ms[0] <= 500 + on_ms + 100);
        signal_free(&s);
    }
}

static void test_v25_and_v8_answer_tones(void)
{
    static const double reversal_ms[] = { 0, 425, 450, 475 };
    for (int k = 0; k < 24; k++) {
        double hz = 2100 + 15.0 * (k % 3 - 1), dbm0 = -8.0 - 12.0 * (k % 3);
        struct signal s = signal_new(8000 * 5, (uint64_t)k + 1);
        signal_noise(&s, 0, s.length, dbm0 - 20);
        answer_tone(&s, 4000, 8000 * 3, hz, dbm0, reversal_ms[k / 3 % 4], k >= 12 ? 0.2 : 0);
        struct heard h = hear_fax(&s);
        CHECK(h.count >= 2 && h.events[0].kind == SC_TONE_FAX_ANSWER && h.at_ms[0] <= 500 + 475 + 100);
        CHECK_EQ(count_of(&h, SC_TONE_ON, SC_TONE_BUSY) + count_of(&h, SC_TONE_ON, SC_TONE_DIAL), 0);
        signal_free(&s);
    }
}

static void test_what_is_no_fax(void)
{
    struct signal s = signal_new(8000 * 60, 9);
    signal_voice(&s, 0, 8000 * 40, -15.0);
    send(&s, 8000 * 41, (struct sent){ 1100, -15, 250, 500, 6 });
    send(&s, 8000 * 46, (struct sent){ 1200, -15, 500, 3000, 2 });
    send(&s, 8000 * 53, (struct sent){ 2150, -15, 2000, 500, 1 });
    send(&s, 8000 * 56, (struct sent){ 2100, -15, 250, 500, 4 });
    struct heard h = hear_fax(&s);
    CHECK_EQ(h.count, 0);
    signal_free(&s);
}

int main(void)
{
    RUN(test_t30_calling_tone);
    RUN(test_v25_and_v8_answer_tones);
    RUN(test_what_is_no_fax);
    return CHECK_DONE();
}

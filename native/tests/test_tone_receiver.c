/* tone_receiver: the Russian tone plan, and others with two frequencies, under the tolerances that its header promises. */
#include "alloc.h"
#include "check.h"
#include "tone_lab.h"

#include <errno.h>

#define NO_DIAL (SC_TONE_ARM_ALL & ~SC_TONE_ARM(SC_TONE_DIAL))

static struct sc_tone_receiver_settings russian(void)
{
    struct sc_tone_receiver_settings s = { .descriptor_count = 7 };
    s.descriptors[0] = cadence(SC_TONE_DIAL, 425.0f, 0, 0);
    s.descriptors[1] = cadence(SC_TONE_RINGBACK, 425.0f, 1000, 4000);
    s.descriptors[2] = cadence(SC_TONE_BUSY, 425.0f, 350, 350);
    s.descriptors[3] = cadence(SC_TONE_BUSY, 425.0f, 400, 400);
    s.descriptors[4] = cadence(SC_TONE_CONGESTION, 425.0f, 175, 175);
    s.descriptors[5] = cadence(SC_TONE_STUTTER_DIAL, 425.0f, 100, 100);
    s.descriptors[6] = (struct sc_tone_descriptor){
        .kind = SC_TONE_SIT, .frequency_count = 3, .frequency_hz = { 950, 1400, 1800 }, .sequence = true,
        .pair_count = 3, .pairs = { { 330, 0 }, { 330, 0 }, { 330, 1000 } },
    };
    return s;
}

static struct heard hear(const struct signal *s, uint32_t mask)
{
    struct sc_tone_receiver_settings settings = russian();
    struct sc_tone_receiver *receiver = create(&settings);
    sc_tone_receiver_arm(receiver, mask);
    struct heard heard = hear_with(receiver, s);
    sc_tone_receiver_destroy(receiver);
    return heard;
}

/* Busy 20/20: on = off from -20 % of 350 to +20 % of 400, frequency +-40 Hz; each within two cycles and 100 ms. */
static void check_busy(double dbm0, double snr_db)
{
    int found = 0, late = 0;
    for (int k = 0; k < 20; k++) {
        double on = 280.0 + 50.0 * (k % 5), hz = 425.0 + 40.0 * ((k / 5) % 3 - 1);
        struct signal s = signal_new(8000 * 8, (uint64_t)k + 1);
        signal_noise(&s, 0, s.length, dbm0 - snr_db);
        size_t from = 3000 + (size_t)k * 13;
        send(&s, from, (struct sent){ hz, dbm0, on, on, 6 });
        struct heard h = hear(&s, NO_DIAL);
        int i = find(&h, SC_TONE_ON, SC_TONE_BUSY);
        found += i >= 0 && count_of(&h, SC_TONE_ON, SC_TONE_BUSY) == 1 && count_of(&h, SC_TONE_OFF, SC_TONE_BUSY) == 1 &&
                 h.count == 2;
        late += i >= 0 && h.at_ms[i] > (double)from / 8.0 + 4 * on + 100.0;
        if (i >= 0)
            CHECK_NEAR(h.events[i].frequency_hz[0], hz, 4.0);
        signal_free(&s);
    }
    CHECK_EQ(found, 20);
    CHECK_EQ(late, 0);
}

static void test_busy_is_found_within_two_cycles_and_100_ms(void)
{
    for (int level = 0; level >= -40; level -= 10)
        check_busy(level, 40.0);
}

static void test_busy_is_found_at_10_db_snr(void)
{
    for (int level = -10; level >= -40; level -= 15)
        check_busy(level, 10.0);
}

static void test_busy_tells_its_evidence_and_its_end(void)
{
    struct signal s = signal_new(8000 * 6, 3);
    size_t end = send(&s, 4000, (struct sent){ 430.0, -18.0, 340, 360, 5 });
    struct heard h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 2);
    CHECK_EQ(h.events[0].cycles, 2);
    CHECK_NEAR(h.events[0].frequency_hz[0], 430.0, 2.0);
    CHECK_NEAR(h.events[0].frequency_hz[1], 0.0, 0.0);
    CHECK_NEAR(h.events[0].level_dbm0, -18.0, 0.7);
    CHECK_NEAR(h.events[0].on_ms, 340.0, 8.0);
    CHECK_NEAR(h.events[0].off_ms, 360.0, 8.0);
    CHECK_NEAR((double)h.events[0].began_samples, 4000.0, 60.0);
    CHECK_EQ(h.events[1].cycles, 5);
    CHECK_NEAR((double)h.events[1].at_samples, (double)end - 360 * 8, 60.0);
    signal_free(&s);
}

static void test_a_cadence_out_of_tolerance_is_not_busy(void)
{
    const struct sent wrong[] = {
        { 425, -10, 240, 240, 8 }, { 425, -10, 560, 560, 6 }, { 425, -10, 350, 700, 6 }, { 425, -10, 700, 350, 6 },
        { 500, -10, 350, 350, 6 }, { 350, -10, 350, 350, 6 }, { 425, -50, 350, 350, 6 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct signal s = signal_new(8000 * 8, i + 1);
        send(&s, 2000, wrong[i]);
        struct heard h = hear(&s, NO_DIAL);
        CHECK_EQ(h.count, 0);
        signal_free(&s);
    }
}

static void test_busy_is_found_while_somebody_speaks_over_it(void)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct signal s = signal_new(8000 * 12, seed);
        signal_voice(&s, 0, s.length, -25.0);
        send(&s, 8000, (struct sent){ 425, -15, 400, 400, 13 });
        struct heard h = hear(&s, NO_DIAL);
        int i = find(&h, SC_TONE_ON, SC_TONE_BUSY);
        CHECK(i >= 0 && h.at_ms[i] <= 1000.0 + 5000.0);
        signal_free(&s);
    }
}

static void test_congestion_and_stutter_are_told_from_busy(void)
{
    struct signal s = signal_new(8000 * 8, 3);
    send(&s, 2000, (struct sent){ 425, -10, 175, 175, 8 });
    struct heard h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 2);
    CHECK_EQ(h.events[0].kind, SC_TONE_CONGESTION);
    CHECK(h.at_ms[0] <= 250.0 + 4 * 175 + 100.0);
    signal_free(&s);
    s = signal_new(8000 * 8, 4);
    size_t at = send(&s, 2000, (struct sent){ 425, -10, 100, 100, 6 });
    signal_sine(&s, at, 8000 * 3, 425, -10, 0);
    h = hear(&s, SC_TONE_ARM_ALL);
    CHECK_EQ(h.count, 4);
    CHECK_EQ(h.events[0].kind, SC_TONE_STUTTER_DIAL);
    CHECK_EQ(h.events[1].type, SC_TONE_OFF);
    CHECK_EQ(h.events[2].kind, SC_TONE_DIAL);
    CHECK_EQ(h.events[3].type, SC_TONE_OFF);
    signal_free(&s);
}

static void test_dial_tone_is_found_within_300_ms(void)
{
    for (int k = 0; k < 9; k++) {
        struct signal s = signal_new(8000 * 3, (uint64_t)k + 1);
        double level = -5.0 - 15.0 * (k % 3);
        signal_noise(&s, 0, s.length, level - 10.0);
        signal_sine(&s, 4000 + (size_t)k * 11, 12000, 425.0 + 40.0 * (k / 3 - 1), level, 1.0);
        struct heard h = hear(&s, SC_TONE_ARM_ALL);
        int on = find(&h, SC_TONE_ON, SC_TONE_DIAL), off = find(&h, SC_TONE_OFF, SC_TONE_DIAL);
        CHECK(on >= 0 && off > on && h.count == 2);
        if (on >= 0)
            CHECK(h.at_ms[on] <= 500.0 + k * 11 / 8.0 + 300.0);
        if (off >= 0)
            CHECK_NEAR((double)h.events[off].at_samples, 16000.0 + k * 11, 120.0);
        signal_free(&s);
    }
}

static void test_ringback_comes_with_its_first_burst_and_ends_without_the_next(void)
{
    struct signal s = signal_new(8000 * 22, 3);
    send(&s, 4000, (struct sent){ 425, -15, 1000, 4000, 3 });
    signal_noise(&s, 0, s.length, -55.0);
    struct heard h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 2);
    CHECK_EQ(h.events[0].kind, SC_TONE_RINGBACK);
    CHECK(h.at_ms[0] >= 1500.0 && h.at_ms[0] <= 1600.0);
    CHECK_EQ(h.events[1].cycles, 3);
    CHECK_NEAR((double)h.events[1].at_samples, 4000.0 + 8 * 11000.0, 80.0);
    CHECK(h.at_ms[1] <= 11500.0 + 4000.0 * 1.3 + 100.0);
    signal_free(&s);
}

static void test_an_answer_in_the_pause_of_ringback_ends_it(void)
{
    struct signal s = signal_new(8000 * 6, 3);
    send(&s, 4000, (struct sent){ 425, -15, 1000, 4000, 1 });
    signal_voice(&s, 8000 * 3, 8000 * 2, -18.0);
    struct heard h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 2);
    CHECK_EQ(h.events[1].type, SC_TONE_OFF);
    CHECK(h.at_ms[1] >= 3000.0 && h.at_ms[1] <= 4200.0);
    signal_free(&s);
}

static void test_busy_after_ringback_is_found(void)
{
    struct signal s = signal_new(8000 * 12, 3);
    send(&s, 4000, (struct sent){ 425, -15, 1000, 4000, 1 });
    send(&s, 8000 * 6, (struct sent){ 425, -15, 400, 400, 5 });
    struct heard h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 4);
    CHECK_EQ(h.events[1].kind, SC_TONE_RINGBACK);
    CHECK_EQ(h.events[1].type, SC_TONE_OFF);
    CHECK_EQ(h.events[2].kind, SC_TONE_BUSY);
    CHECK(h.at_ms[2] <= 6000.0 + 1600.0 + 100.0);
    signal_free(&s);
}

static void test_special_information_tone(void)
{
    struct signal s = signal_new(8000 * 3, 3);
    send(&s, 4000, (struct sent){ 950, -15, 330, 0, 1 });
    send(&s, 4000 + 2640, (struct sent){ 1400, -15, 330, 0, 1 });
    send(&s, 4000 + 5280, (struct sent){ 1800, -15, 330, 0, 1 });
    struct heard h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 2);
    CHECK_EQ(h.events[0].kind, SC_TONE_SIT);
    CHECK_NEAR((double)h.events[0].began_samples, 4000.0, 80.0);
    signal_free(&s);
    s = signal_new(8000 * 3, 3);
    send(&s, 4000, (struct sent){ 1800, -15, 330, 0, 1 });
    send(&s, 4000 + 2640, (struct sent){ 1400, -15, 330, 0, 1 });
    send(&s, 4000 + 5280, (struct sent){ 950, -15, 330, 0, 1 });
    h = hear(&s, NO_DIAL);
    CHECK_EQ(h.count, 0);
    signal_free(&s);
}

/* North America: dial 350+440, ringback 440+480, busy 480+620; and the British 400+450 at 400/200/400/2000. */
static void test_pairs_of_frequencies_also_close_ones(void)
{
    static const struct { double a, b; uint32_t on, off; enum sc_tone_kind kind; } plan[4] = {
        { 350, 440, 0, 0, SC_TONE_DIAL }, { 440, 480, 2000, 4000, SC_TONE_RINGBACK },
        { 480, 620, 500, 500, SC_TONE_BUSY }, { 480, 620, 250, 250, SC_TONE_CONGESTION },
    };
    struct sc_tone_receiver_settings settings = { .descriptor_count = 5 };
    for (int i = 0; i < 4; i++) {
        settings.descriptors[i] = cadence(plan[i].kind, (float)plan[i].a, plan[i].on, plan[i].off);
        settings.descriptors[i].frequency_count = 2;
        settings.descriptors[i].frequency_hz[1] = (float)plan[i].b;
        settings.descriptors[i].tolerance_hz = 20.0f;
    }
    settings.descriptors[4] = (struct sc_tone_descriptor){
        .kind = SC_TONE_RINGBACK, .frequency_count = 2, .frequency_hz = { 400, 450 }, .tolerance_hz = 15, .pair_count = 2,
        .pairs = { { 400, 200 }, { 400, 2000 } },
    };
    for (int i = 0; i < 5; i++) {
        struct signal s = signal_new(8000 * 8, (uint64_t)i + 1);
        signal_noise(&s, 0, s.length, -40.0);
        double on = i == 4 ? 400 : plan[i].on > 0 ? plan[i].on : 3000, off = i == 4 ? 200 : plan[i].off;
        int cycles = i == 4 ? 2 : on > 1500 ? 1 : 5;
        double a = i == 4 ? 400 : plan[i].a, b = i == 4 ? 450 : plan[i].b;
        send(&s, 4000, (struct sent){ a * 1.01, -18, on, off, cycles });
        send(&s, 4000, (struct sent){ b * 1.01, -16, on, off, cycles });
        struct sc_tone_receiver *receiver = create(&settings);
        struct heard h = hear_with(receiver, &s);
        int n = find(&h, SC_TONE_ON, settings.descriptors[i].kind);
        CHECK(n >= 0);
        if (n >= 0) {
            CHECK_EQ(h.events[n].descriptor, i);
            CHECK_NEAR(h.events[n].frequency_hz[0], a * 1.01, 3.0);
            CHECK_NEAR(h.events[n].frequency_hz[1], b * 1.01, 3.0);
        }
        CHECK_EQ(h.events[0].descriptor, i);
        sc_tone_receiver_destroy(receiver);
        signal_free(&s);
    }
}

static void test_dtmf_and_something_like_a_voice_are_no_tone(void)
{
    struct signal s = signal_new(8000 * 120, 77);
    signal_voice(&s, 0, 8000 * 90, -15.0);
    for (size_t i = 0; i < 40; i++) {
        signal_sine(&s, 8000 * 90 + i * 5600, 2800, 697, -10, 0);
        signal_sine(&s, 8000 * 90 + i * 5600, 2800, 1209, -10, 0);
    }
    struct heard h = hear(&s, SC_TONE_ARM_ALL);
    CHECK_EQ(h.count, 0);
    signal_free(&s);
}

static void test_a_tone_that_is_disarmed_goes_off(void)
{
    struct sc_tone_receiver_settings settings = russian();
    struct sc_tone_receiver *receiver = create(&settings);
    struct signal s = signal_new(8000, 3);
    signal_sine(&s, 0, 8000, 425, -15, 0);
    struct heard h = hear_with(receiver, &s);
    CHECK_EQ(h.count, 1);
    sc_tone_receiver_arm(receiver, NO_DIAL);
    struct sc_tone_event event;
    CHECK(sc_tone_receiver_next(receiver, &event));
    CHECK_EQ(event.type, SC_TONE_OFF);
    h = hear_with(receiver, &s);
    CHECK_EQ(h.count, 0);
    sc_tone_receiver_arm(receiver, SC_TONE_ARM_ALL);
    h = hear_with(receiver, &s);
    CHECK_EQ(h.count, 1);
    signal_free(&s);
    sc_tone_receiver_destroy(receiver);
}

static void test_buffer_sizes_do_not_matter_and_reset_starts_afresh(void)
{
    struct sc_tone_receiver_settings settings = russian();
    struct sc_tone_receiver *receiver = create(&settings);
    struct signal s = signal_new(8000 * 6, 3);
    send(&s, 4000, (struct sent){ 425, -15, 350, 350, 6 });
    int16_t *x = signal_samples(&s);
    struct heard h = hear_with(receiver, &s);
    sc_tone_receiver_reset(receiver);
    for (size_t done = 0, step = 1; done < s.length; step = step * 13 % 211) {
        size_t n = step < s.length - done ? step : s.length - done;
        sc_tone_receiver_process(receiver, x + done, n);
        done += n;
    }
    struct sc_tone_event event;
    unsigned n = 0;
    while (sc_tone_receiver_next(receiver, &event) && n < HEARD_MAX) {
        CHECK_EQ(memcmp(&event, &h.events[n], sizeof event), 0);
        n++;
    }
    CHECK_EQ(n, h.count);
    CHECK_EQ(sc_tone_receiver_dropped(receiver), 0);
    free(x);
    signal_free(&s);
    sc_tone_receiver_destroy(receiver);
}

static void test_random_and_extreme_input_is_survived(void)
{
    struct sc_tone_receiver_settings settings = russian();
    struct sc_tone_receiver *receiver = create(&settings);
    struct signal s = signal_new(1, 99);
    int16_t x[800];
    unsigned events = 0;
    for (int round = 0; round < 300; round++) {
        uint32_t kind = signal_random(&s) % 4;
        for (size_t i = 0; i < 800; i++)
            x[i] = kind == 0 ? (int16_t)signal_random(&s) : kind == 1 ? 32767 : kind == 2 ? -32768
                 : (int16_t)(i / (1 + signal_random(&s) % 9) % 2 ? 32767 : -32768);
        sc_tone_receiver_process(receiver, x, signal_random(&s) % 801);
        struct sc_tone_event event;
        while (sc_tone_receiver_next(receiver, &event))
            events++;
    }
    CHECK_EQ(events, 0);
    signal_free(&s);
    sc_tone_receiver_destroy(receiver);
}

static void refuse(struct sc_tone_receiver_settings settings)
{
    struct sc_tone_receiver *receiver = NULL;
    CHECK_EQ(sc_tone_receiver_create(&receiver, &settings), EINVAL);
    CHECK(receiver == NULL);
    CHECK_EQ(sc_alloc_held(), 0);
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_tone_receiver_settings good = russian(), s = good;
    struct sc_tone_receiver *receiver = NULL;
    CHECK_EQ(sc_tone_receiver_create(&receiver, NULL), EINVAL);
    s.descriptor_count = 0;
    refuse(s);
    s.descriptor_count = SC_TONE_DESCRIPTORS_MAX + 1;
    refuse(s);
    s = good;
    s.min_level_dbm0 = -60.0f;
    refuse(s);
    s = good;
    s.dial_min_ms = 10001;
    refuse(s);
    for (int i = 0; i < 10; i++) {
        s = good;
        struct sc_tone_descriptor *d = &s.descriptors[1];
        switch (i) {
        case 0: d->frequency_count = 0; break;
        case 1: d->frequency_count = 5; break;
        case 2: d->frequency_hz[0] = 199.0f; break;
        case 3: d->frequency_hz[0] = NAN; break;
        case 4: d->tolerance_hz = 61.0f; break;
        case 5: d->pair_count = 5; break;
        case 6: d->pairs[0].on_ms = 30; break;
        case 7: d->pairs[0].off_ms = 0; break;
        case 8: /* three, two of them too near each other */
            d->frequency_count = 3, d->frequency_hz[0] = 900, d->frequency_hz[1] = 1400, d->frequency_hz[2] = 1490;
            break;
        default: d->kind = (enum sc_tone_kind)10; break;
        }
        refuse(s);
    }
    s = good;
    s.descriptors[6].pair_count = 2;
    refuse(s);
    for (long successes = 0; successes < 5; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_tone_receiver_create(&receiver, &good), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK(receiver == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    sc_tone_receiver_destroy(NULL);
}

int main(void)
{
    RUN(test_busy_is_found_within_two_cycles_and_100_ms);
    RUN(test_busy_is_found_at_10_db_snr);
    RUN(test_busy_tells_its_evidence_and_its_end);
    RUN(test_a_cadence_out_of_tolerance_is_not_busy);
    RUN(test_busy_is_found_while_somebody_speaks_over_it);
    RUN(test_congestion_and_stutter_are_told_from_busy);
    RUN(test_dial_tone_is_found_within_300_ms);
    RUN(test_ringback_comes_with_its_first_burst_and_ends_without_the_next);
    RUN(test_an_answer_in_the_pause_of_ringback_ends_it);
    RUN(test_busy_after_ringback_is_found);
    RUN(test_special_information_tone);
    RUN(test_pairs_of_frequencies_also_close_ones);
    RUN(test_dtmf_and_something_like_a_voice_are_no_tone);
    RUN(test_a_tone_that_is_disarmed_goes_off);
    RUN(test_buffer_sizes_do_not_matter_and_reset_starts_afresh);
    RUN(test_random_and_extreme_input_is_survived);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

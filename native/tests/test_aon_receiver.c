/* aon_receiver: packets made here from the table of the facts (two of six, repeat code, rotation), through noise, levels,
 * wrong frequencies and lengths; the request; what is no number. */
#include "alloc.h"
#include "aon_receiver.h"
#include "aon_signal.h"
#include "check.h"

#include <errno.h>

#define LINE_SAMPLES 40000u

struct heard {
    enum sc_aon_state state;
    struct sc_aon_result result;
    size_t at;                          /* samples until it was no longer asking */
};

/* Asks over a line on which the exchange answers the request number `answers` (1: the first), our request coming back 14 dB
 * lower. */
static struct heard ask(const struct exchange *e, uint32_t answers, uint64_t seed)
{
    struct signal s = signal_new(LINE_SAMPLES, seed);
    struct sc_aon_receiver *receiver = NULL;
    struct heard h = { SC_AON_IDLE, { .number = "" }, 0 };
    CHECK_EQ(sc_aon_receiver_create(&receiver, NULL), 0);
    sc_aon_receiver_start(receiver);
    signal_noise(&s, 0, s.length, e->noise_dbm0);
    int16_t said[80] = { 0 }, x[80];
    int sounds = 0;
    uint32_t requests = 0;
    for (; h.at + 80 <= s.length; h.at += 80) {
        for (size_t i = 0; i < 80; i++)
            x[i] = (int16_t)lrint(s.x[h.at + i] + 0.2 * said[i]);
        sc_aon_receiver_process(receiver, x, said, 80);
        int loud = 0;
        for (size_t i = 0; i < 80; i++)
            loud |= said[i] > 1000;
        if (sounds && !loud && ++requests == answers)
            draw_answer(&s, h.at + 80 + (size_t)(e->delay_ms * 8), e);
        sounds = loud;
        h.state = sc_aon_receiver_state(receiver, &h.result);
        if (h.state != SC_AON_ASKING)
            break;
    }
    sc_aon_receiver_destroy(receiver);
    signal_free(&s);
    return h;
}

static bool read_right(const struct exchange *e, uint64_t seed)
{
    struct heard h = ask(e, 1, seed);
    bool right = h.state == SC_AON_IDENTIFIED && strcmp(h.result.number, e->number) == 0 && h.result.category == e->category;
    CHECK(h.state != SC_AON_IDENTIFIED || right);       /* never a wrong number */
    return right;
}

static void test_rotation_and_repeats(void)
{
    static const char *const numbers[] = { "1234567", "1111111", "2223344", "9900001", "5550000", "0000000", "7121212" };
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
        for (int offset = 0; offset < 9; offset++)
            for (int naive = 0; naive < 2; naive++) {
                struct exchange e = usual;
                e.number = numbers[n];
                e.offset = offset;
                e.naive_repeats = naive;
                CHECK(read_right(&e, (uint64_t)offset + 1));
                e.category = numbers[n][6];             /* the last digit is the category's repeat */
                CHECK(read_right(&e, (uint64_t)offset + 1));
            }
}

static void test_levels_frequencies_lengths_and_twist(void)
{
    for (int k = 0; k < 27; k++) {
        struct exchange e = usual;
        e.dbm0 = -7 - 14.0 * (k % 3);                   /* to -35 dBm0 each */
        e.hz_off = 10.0 * (k / 3 % 3 - 1);
        e.burst_ms = 38 + 2.0 * (k / 9);
        e.twist_db = k % 2 ? 8 : -8;
        e.noise_dbm0 = e.dbm0 - 30;
        e.delay_ms = 7.0 * k;
        e.offset = k % 9;
        CHECK(read_right(&e, (uint64_t)k + 1));
    }
}

static void test_noise(void)
{
    for (int snr = 20; snr >= 10; snr -= 5) {
        int read = 0;
        for (uint64_t seed = 1; seed <= 30; seed++) {
            struct exchange e = usual;
            e.noise_dbm0 = e.dbm0 + 3 - snr;
            e.offset = (int)(seed % 9);
            read += read_right(&e, seed);
        }
        printf("AON at %d dB SNR: %d of 30 read\n", snr, read);
        CHECK(read >= (snr == 10 ? 27 : 30));
    }
}

static void test_ten_bursts_are_enough_and_nine_are_not(void)
{
    struct exchange e = usual;
    e.bursts = 10;
    CHECK(read_right(&e, 1));
    e.bursts = 9;
    CHECK(!read_right(&e, 1));
    for (e.bursts = 11, e.offset = 0; e.offset < 9; e.offset++)
        CHECK(read_right(&e, 1));                       /* from no place on is a round begun and ended, but all was heard */
}

static void test_rounds_that_differ_are_no_number(void)
{
    struct signal s = signal_new(LINE_SAMPLES, 1);
    struct sc_aon_receiver *receiver = NULL;
    struct sc_aon_result result;
    static int16_t said[LINE_SAMPLES];
    struct exchange other = usual, first = usual;
    first.bursts = 9;
    other.bursts = 8;
    other.number = "1235567";
    draw_answer(&s, 3200, &first);
    draw_answer(&s, 3200 + 9 * 320, &other);
    int16_t *x = signal_samples(&s);
    CHECK_EQ(sc_aon_receiver_create(&receiver, NULL), 0);
    sc_aon_receiver_start(receiver);
    sc_aon_receiver_process(receiver, x, said, LINE_SAMPLES);
    CHECK_EQ(sc_aon_receiver_state(receiver, &result), SC_AON_UNKNOWN);
    sc_aon_receiver_destroy(receiver);
    signal_free(&s);
    free(x);
}

static void test_the_request_and_its_repetition(void)
{
    struct sc_aon_receiver *receiver = NULL;
    struct sc_aon_result result;
    static int16_t silence[LINE_SAMPLES], said[LINE_SAMPLES];
    CHECK_EQ(sc_aon_receiver_create(&receiver, NULL), 0);
    CHECK_EQ(sc_aon_receiver_state(receiver, &result), SC_AON_IDLE);
    sc_aon_receiver_process(receiver, silence, said, 800);
    sc_aon_receiver_start(receiver);
    sc_aon_receiver_process(receiver, silence, said, LINE_SAMPLES);
    size_t first = 0, rises = 0;
    double energy = 0;
    for (size_t i = 1; i < LINE_SAMPLES && said[i] == 0; i++)
        first = i + 1;
    CHECK_NEAR((double)first / 8, 260, 2);
    for (size_t i = first; i < first + 800; i++) {
        rises += said[i - 1] < 0 && said[i] >= 0;
        energy += said[i] * (double)said[i];
    }
    CHECK(rises >= 49 && rises <= 50);                  /* 500 Hz for 100 ms */
    CHECK_NEAR(20 * log10(sqrt(energy / 800) / 32767 * sqrt(2)) + 3.14, -4.3, 0.3);
    int quiet = 1;
    for (size_t i = first + 800; i < first + 800 + 600 * 8; i++)
        quiet &= said[i] == 0;
    CHECK(quiet);
    CHECK_EQ(sc_aon_receiver_state(receiver, &result), SC_AON_UNKNOWN);
    CHECK_EQ(result.requests, 3);
    sc_aon_receiver_destroy(receiver);
    struct heard h = ask(&usual, 2, 1);
    CHECK(h.state == SC_AON_IDENTIFIED && h.result.requests == 2);
}

static void test_voices_and_random_bursts_are_no_number(void)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct signal s = signal_new(8000 * 6, seed);
        struct sc_aon_receiver *receiver = NULL;
        struct sc_aon_result result;
        static int16_t said[8000 * 6];
        CHECK_EQ(sc_aon_receiver_create(&receiver, NULL), 0);
        if (seed % 2)
            signal_voice(&s, 0, s.length, -15);
        for (size_t at = 0; seed % 2 == 0 && at + 320 < s.length; at += 320) {
            uint32_t k = signal_random(&s) % 12;
            signal_sine(&s, at, 320, table[k].low, -15, 0);
            signal_sine(&s, at, 320, table[k].high, -15, 0);
        }
        int16_t *x = signal_samples(&s);
        sc_aon_receiver_start(receiver);
        sc_aon_receiver_process(receiver, x, said, s.length);
        CHECK(sc_aon_receiver_state(receiver, &result) != SC_AON_IDENTIFIED);
        sc_aon_receiver_destroy(receiver);
        signal_free(&s);
        free(x);
    }
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_aon_receiver *receiver = NULL;
    struct sc_aon_settings wrong[3] = { { .requests = 6 }, { .request_dbm0 = 1.0f }, { .request_dbm0 = -21.0f } };
    for (int i = 0; i < 3; i++)
        CHECK_EQ(sc_aon_receiver_create(&receiver, &wrong[i]), EINVAL);
    for (long successes = 0; successes < 2; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_aon_receiver_create(&receiver, NULL), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK(receiver == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    sc_aon_receiver_destroy(NULL);
}

int main(void)
{
    RUN(test_rotation_and_repeats);
    RUN(test_levels_frequencies_lengths_and_twist);
    RUN(test_noise);
    RUN(test_ten_bursts_are_enough_and_nine_are_not);
    RUN(test_rounds_that_differ_are_no_number);
    RUN(test_the_request_and_its_repetition);
    RUN(test_voices_and_random_bursts_are_no_number);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

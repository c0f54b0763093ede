/* callerid_modem: packets of both modulations through noise, levels, tilt and clock errors; foreign octets and sounds. */
#include "alloc.h"
#include "callerid_message.h"
#include "callerid_modem.h"
#include "check.h"
#include "fsk_signal.h"

#include <errno.h>

#define HEARD_MAX 8

struct heard {
    unsigned count;
    struct sc_callerid_message messages[HEARD_MAX];
    struct sc_callerid_counts counts;
};

static struct heard hear(const struct signal *s)
{
    struct heard heard = { 0 };
    struct sc_callerid_modem *modem = NULL;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    int16_t *x = signal_samples(s);
    for (size_t i = 0; i < s->length; i += 80) {
        struct sc_callerid_message message;
        sc_callerid_modem_process(modem, x + i, s->length - i < 80 ? s->length - i : 80);
        while (sc_callerid_modem_next(modem, &message) && heard.count < HEARD_MAX)
            heard.messages[heard.count++] = message;
    }
    sc_callerid_modem_counts(modem, &heard.counts);
    free(x);
    sc_callerid_modem_destroy(modem);
    return heard;
}

/* A full MDMF call: date, number, name. */
static size_t full_call(uint8_t *packet)
{
    static const char body[] = "\x01\x08" "11221030" "\x02\x0A" "4951234567" "\x07\x08" "IVANOV I";
    return fsk_packet(packet, 0x80, (const uint8_t *)body, sizeof body - 1);
}

static int is_full_call(const struct heard *h)
{
    const struct sc_callerid_message *m = &h->messages[0];
    return h->count == 1 && strcmp(m->number, "4951234567") == 0 && strcmp(m->date, "11221030") == 0 &&
           m->name_length == 8 && memcmp(m->name, "IVANOV I", 8) == 0 && m->message_type == 0x80;
}

static const struct fsk *const both[2] = { &fsk_bell202, &fsk_v23 };

static void test_a_call_is_read_in_both_modulations(void)
{
    uint8_t packet[80];
    size_t length = full_call(packet);
    for (int v = 0; v < 2; v++) {
        struct signal s = signal_new(12800, 1);
        size_t end = fsk_draw(&s, both[v], 1000, packet, length);
        struct heard h = hear(&s);
        CHECK(is_full_call(&h));
        CHECK_EQ(h.messages[0].modulation, v == 0 ? SC_CALLERID_BELL202 : SC_CALLERID_V23);
        CHECK_NEAR(h.messages[0].level_dbm0, -15.0, 3.0);
        CHECK_NEAR((double)h.messages[0].at_samples, (double)end, 40.0);
        CHECK_EQ(h.messages[0].number_absent, SC_CALLERID_PRESENT);
        CHECK_EQ(h.counts.messages, 1);
        CHECK_EQ(h.counts.bad_checksums, 0);
        signal_free(&s);
    }
}

static struct heard hear_body(uint8_t type, const char *body, size_t length)
{
    uint8_t packet[260];
    size_t octets = fsk_packet(packet, type, (const uint8_t *)body, length);
    struct signal s = signal_new(12800 + octets * 70, 1);
    fsk_draw(&s, &fsk_bell202, 1000, packet, octets);
    struct heard h = hear(&s);
    signal_free(&s);
    CHECK_EQ(h.count, 1);
    return h;
}

static void test_single_data_messages(void)
{
    struct heard h = hear_body(0x04, "112210304951234567", 18);
    CHECK(strcmp(h.messages[0].number, "4951234567") == 0);
    CHECK(strcmp(h.messages[0].date, "11221030") == 0);
    h = hear_body(0x04, "11221030P", 9);
    CHECK(strcmp(h.messages[0].number, "") == 0);
    CHECK_EQ(h.messages[0].number_absent, SC_CALLERID_PRIVATE);
    h = hear_body(0x04, "11221030O", 9);
    CHECK_EQ(h.messages[0].number_absent, SC_CALLERID_UNAVAILABLE);
    h = hear_body(0x06, "BBB", 3);
    CHECK(h.messages[0].message_waiting_known && h.messages[0].message_waiting);
    h = hear_body(0x06, "ooo", 3);
    CHECK(h.messages[0].message_waiting_known && !h.messages[0].message_waiting);
}

static void test_multiple_data_messages(void)
{
    struct heard h = hear_body(0x80, "\x01\x08" "01020304" "\x04\x01" "P" "\x08\x01" "O", 16);
    CHECK_EQ(h.messages[0].number_absent, SC_CALLERID_PRIVATE);
    CHECK_EQ(h.messages[0].name_absent, SC_CALLERID_UNAVAILABLE);
    h = hear_body(0x80, "\x11\x01\x01\x02\x05" "12\n45" "\x07\x03" "\xC8\xE2\x00", 15);
    CHECK(strcmp(h.messages[0].number, "1245") == 0);
    CHECK_EQ(h.messages[0].name_length, 3);
    CHECK(memcmp(h.messages[0].name, "\xC8\xE2\x00", 3) == 0);
    CHECK(strcmp(h.messages[0].date, "") == 0);
    h = hear_body(0x82, "\x0B\x01\xFF", 3);
    CHECK(h.messages[0].message_waiting_known && h.messages[0].message_waiting);
    char longest[255];
    memset(longest, '7', sizeof longest);
    longest[0] = 0x02;
    longest[1] = 100;
    longest[102] = 0x07;
    longest[103] = (char)151;
    h = hear_body(0x80, longest, 255);
    CHECK_EQ(strlen(h.messages[0].number), SC_CALLERID_NUMBER_MAX);
    CHECK_EQ(h.messages[0].name_length, SC_CALLERID_NAME_MAX);
}

/* Packets lost of `of` at that signal, at most `allowed`; none may be wrong. */
static int lost_of(const struct fsk *f, double noise_dbm0, int of)
{
    uint8_t packet[80];
    size_t length = full_call(packet);
    int lost = 0;
    for (int k = 0; k < of; k++) {
        struct signal s = signal_new(8000, (uint64_t)k + 1);
        signal_noise(&s, 0, s.length, noise_dbm0);
        fsk_draw(&s, f, 500 + (size_t)k, packet, length);
        struct heard h = hear(&s);
        lost += !is_full_call(&h);
        CHECK(h.count == 0 || is_full_call(&h));
        signal_free(&s);
    }
    return lost;
}

static void test_noise_levels_tilt_and_clock(void)
{
    for (int v = 0; v < 2; v++) {
        double snr = v == 0 ? 9.0 : 10.0;
        int lost = lost_of(both[v], -15.0 - snr, 60);
        printf("%s at %.0f dB SNR: %d of 60 lost\n", v == 0 ? "Bell 202" : "V.23", snr, lost);
        CHECK(lost <= 3);
        for (double level = 0.0; level >= -44.0; level -= 11.0) {
            struct fsk f = *both[v];
            f.mark_dbm0 = f.space_dbm0 = level;
            CHECK_EQ(lost_of(&f, -70.0, 4), 0);
        }
        for (int tilt = -5; tilt <= 5; tilt += 5) {
            struct fsk f = *both[v];
            f.mark_dbm0 += tilt < 0 ? tilt : 0;
            f.space_dbm0 -= tilt > 0 ? tilt : 0;
            CHECK_EQ(lost_of(&f, -45.0, 4), 0);
        }
        for (double baud = 1188.0; baud <= 1212.0; baud += 24.0) {     /* +-1 %, EN 300 659-1 */
            struct fsk f = *both[v];
            f.baud = baud;
            f.stop_bits = baud > 1200.0 ? 3 : 1;
            CHECK_EQ(lost_of(&f, -45.0, 4), 0);
        }
        struct fsk bare = *both[v];
        bare.seizure_bits = 0;
        bare.mark_bits = 80;
        CHECK_EQ(lost_of(&bare, -45.0, 4), 0);
    }
}

/* Two equal first-order sections: a low-pass at 1500 Hz (8.2 dB between 1200 and 2200 Hz) or a high-pass at 2000 Hz (9). */
static void slope_line(struct signal *s, int rising)
{
    for (int section = 0; section < 2; section++) {
        double w = tan(SIGNAL_PI * (rising ? 2000.0 : 1500.0) / 8000.0), y = 0.0, before = 0.0;
        for (size_t i = 0; i < s->length; i++) {
            double x = s->x[i];
            y = ((rising ? x - before : w * (x + before)) - (w - 1.0) * y) / (1.0 + w);
            before = x;
            s->x[i] = y;
        }
    }
}

static void test_a_sloping_line_is_equalised(void)
{
    uint8_t packet[80];
    size_t length = full_call(packet);
    for (int v = 0; v < 2; v++)
        for (int rising = 0; rising < 2; rising++)
            for (uint64_t k = 0; k < 4; k++) {
                struct signal s = signal_new(8000, k + 1);
                fsk_draw(&s, both[v], 500, packet, length);
                slope_line(&s, rising);
                signal_noise(&s, 0, s.length, -45.0);
                struct heard h = hear(&s);
                CHECK(is_full_call(&h));
                signal_free(&s);
            }
}

static void test_two_calls_in_a_row_are_two_messages(void)
{
    uint8_t packet[80];
    size_t length = full_call(packet);
    struct signal s = signal_new(30000, 1);
    fsk_draw(&s, &fsk_v23, 1000, packet, length);
    fsk_draw(&s, &fsk_v23, 16000, packet, length);
    struct heard h = hear(&s);
    CHECK_EQ(h.count, 2);
    signal_free(&s);
}

static void test_a_number_that_no_exchange_sends_is_not_believed(void)
{
    static const char body[] = "\x02\x0A" "495q23s567";      /* as two wrong bits that the checksum does not see make it */
    uint8_t packet[40];
    const size_t length = fsk_packet(packet, 0x80, (const uint8_t *)body, sizeof body - 1);
    struct signal s = signal_new(24000, 3);
    fsk_draw(&s, &fsk_bell202, 1000, packet, length);
    struct heard h = hear(&s);
    CHECK_EQ(h.count, 0);
    CHECK(h.counts.bad_checksums >= 1);
    signal_free(&s);
}

/* A short packet that ends with marks looks as if the next one began with them. */
static void test_a_short_packet_with_marks_behind_it_is_read_once(void)
{
    static const char body[] = "\x02\x0A" "4951234567" "\x0B\x01\xFF";
    uint8_t packet[40];
    const size_t length = fsk_packet(packet, 0x80, (const uint8_t *)body, sizeof body - 1);
    for (int v = 0; v < 2; v++)
        for (size_t marks = 0; marks < 2000; marks += 250) {
            struct signal s = signal_new(24000, 3);
            size_t end = fsk_draw(&s, both[v], 1000, packet, length);
            signal_sine(&s, end, marks, both[v]->mark_hz, -15, 0);
            struct heard h = hear(&s);
            CHECK_EQ(h.count, 1);
            signal_free(&s);
        }
}

static void test_only_the_chosen_modulation_is_reported(void)
{
    struct sc_callerid_settings settings = { .v23 = true };
    struct sc_callerid_modem *modem = NULL;
    CHECK_EQ(sc_callerid_modem_create(&modem, &settings), 0);
    uint8_t packet[80];
    size_t length = full_call(packet);
    struct signal s = signal_new(12800, 1);
    fsk_draw(&s, &fsk_v23, 1000, packet, length);
    int16_t *x = signal_samples(&s);
    sc_callerid_modem_process(modem, x, s.length);
    struct sc_callerid_message message;
    CHECK(sc_callerid_modem_next(modem, &message));
    CHECK_EQ(message.modulation, SC_CALLERID_V23);
    CHECK(!sc_callerid_modem_next(modem, &message));
    sc_callerid_modem_reset(modem);
    sc_callerid_modem_process(modem, x, s.length);
    CHECK(sc_callerid_modem_next(modem, &message));
    free(x);
    signal_free(&s);
    sc_callerid_modem_destroy(modem);
}

static void test_a_wrong_checksum_is_counted_and_not_reported(void)
{
    uint8_t packet[80];
    size_t length = full_call(packet);
    for (size_t damaged = 2; damaged < length; damaged += 5) {
        packet[damaged] ^= 0x10;
        struct signal s = signal_new(24000, 1);      /* it is read four times before it is given up */
        fsk_draw(&s, &fsk_bell202, 1000, packet, length);
        struct heard h = hear(&s);
        CHECK_EQ(h.count, 0);
        CHECK(h.counts.bad_checksums >= 1);
        signal_free(&s);
        packet[damaged] ^= 0x10;
    }
}

/* What a reader of the recommendation would say about the octets, written without looking at the parser. */
static int well_formed(const uint8_t *p, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i];
    return n >= 3 && p[1] + 3u == n && sum % 256 == 0 && (p[0] == 4 || p[0] == 6 || p[0] == 0x80 || p[0] == 0x82);
}

static void test_fuzz_random_packets_never_crash_and_never_pass_a_bad_checksum(void)
{
    struct signal s = signal_new(1, 2024);
    int accepted = 0;
    for (int round = 0; round < 400000; round++) {
        uint8_t octets[300];
        static const uint8_t types[] = { 0x04, 0x06, 0x80, 0x82 };
        size_t n = signal_random(&s) % (round % 3 == 0 ? 300 : 40);
        for (size_t i = 0; i < n; i++)
            octets[i] = (uint8_t)(signal_random(&s) % (round % 2 ? 256 : 12));
        if (n > 3 && signal_random(&s) % 4 != 0) {
            octets[0] = types[signal_random(&s) % 4];
            octets[1] = (uint8_t)(n - 3);
            uint8_t sum = 0;
            for (size_t i = 0; i + 1 < n; i++)
                sum = (uint8_t)(sum + octets[i]);
            octets[n - 1] = (uint8_t)-sum;
        }
        uint8_t *exact = malloc(n + 1);       /* so that the sanitizer sees every read beyond the packet */
        struct sc_callerid_message message;
        if (exact == NULL)
            abort();
        exact = realloc(exact, n > 0 ? n : 1);
        memcpy(exact, octets, n);
        if (sc_callerid_parse(&message, exact, (uint32_t)n)) {
            accepted++;
            CHECK(well_formed(octets, n));
            CHECK(strlen(message.number) <= SC_CALLERID_NUMBER_MAX);
            CHECK(message.name_length <= SC_CALLERID_NAME_MAX);
        }
        free(exact);
    }
    CHECK(accepted > 1000);
    signal_free(&s);
}

static void test_fuzz_random_octets_as_fsk_and_random_sound(void)
{
    unsigned messages = 0;
    for (uint64_t round = 0; round < 60; round++) {
        struct signal s = signal_new(24000, round + 5);
        uint8_t octets[200];
        for (size_t i = 0; i < sizeof octets; i++)
            octets[i] = (uint8_t)signal_random(&s);
        if (round % 2 == 0)
            octets[0] = 0x80;
        size_t whole = (size_t)octets[1] + 3;
        int good = whole <= sizeof octets && well_formed(octets, whole);
        struct fsk f = round % 3 ? fsk_bell202 : fsk_v23;
        f.baud = 1150.0 + 100.0 * signal_uniform(&s);
        fsk_draw(&s, &f, 200, octets, sizeof octets);
        signal_noise(&s, 0, s.length, -15.0 - 30.0 * signal_uniform(&s));
        if (round % 5 == 0)
            signal_scale(&s, 40.0);
        messages += good ? 0 : hear(&s).count;
        signal_free(&s);
    }
    struct signal s = signal_new(8000 * 30, 12);
    signal_noise(&s, 0, s.length, -3.0);
    messages += hear(&s).count;
    signal_free(&s);
    CHECK_EQ(messages, 0);
}

static void test_something_like_a_voice_is_no_packet(void)
{
    struct signal s = signal_new(8000 * 90, 4711);
    signal_voice(&s, 0, s.length, -15.0);
    struct heard h = hear(&s);
    CHECK_EQ(h.count, 0);
    signal_free(&s);
}

static void test_buffer_sizes_do_not_matter(void)
{
    uint8_t packet[80];
    size_t length = full_call(packet);
    struct signal s = signal_new(12800, 1);
    fsk_draw(&s, &fsk_bell202, 1000, packet, length);
    struct heard ticks = hear(&s);
    struct sc_callerid_modem *modem = NULL;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    int16_t *x = signal_samples(&s);
    for (size_t done = 0, step = 1; done < s.length; step = step * 13 % 211) {
        size_t n = step < s.length - done ? step : s.length - done;
        sc_callerid_modem_process(modem, x + done, n);
        done += n;
    }
    struct sc_callerid_message message;
    CHECK(sc_callerid_modem_next(modem, &message));
    CHECK_EQ(memcmp(&message, &ticks.messages[0], sizeof message), 0);
    free(x);
    signal_free(&s);
    sc_callerid_modem_destroy(modem);
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_callerid_modem *modem = NULL;
    struct sc_callerid_settings none = { false, false };
    CHECK_EQ(sc_callerid_modem_create(&modem, &none), EINVAL);
    for (long successes = 0; successes < 2; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_callerid_modem_create(&modem, NULL), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK(modem == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    sc_callerid_modem_destroy(NULL);
}

int main(void)
{
    RUN(test_a_call_is_read_in_both_modulations);
    RUN(test_single_data_messages);
    RUN(test_multiple_data_messages);
    RUN(test_noise_levels_tilt_and_clock);
    RUN(test_a_sloping_line_is_equalised);
    RUN(test_two_calls_in_a_row_are_two_messages);
    RUN(test_a_number_that_no_exchange_sends_is_not_believed);
    RUN(test_a_short_packet_with_marks_behind_it_is_read_once);
    RUN(test_only_the_chosen_modulation_is_reported);
    RUN(test_a_wrong_checksum_is_counted_and_not_reported);
    RUN(test_fuzz_random_packets_never_crash_and_never_pass_a_bad_checksum);
    RUN(test_fuzz_random_octets_as_fsk_and_random_sound);
    RUN(test_something_like_a_voice_is_no_packet);
    RUN(test_buffer_sizes_do_not_matter);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

/* bench_identity: the other ways in which a line tells who calls: the Japanese form (beside libspandsp's), the alert of call
 * waiting and what follows it, the Russian АОН. None of the last two has a peer.
 *
 *     bench_identity [--json] [--quick] [SPEECH]
 *
 * SPEECH: 8 kHz, 16 bit mono, spoken over the alert; without it something like a voice. Signals are made in double precision
 * and share no code with the receivers. Ratios to noise are over the whole band of 4 kHz. */
#include "aon_receiver.h"
#include "aon_signal.h"
#include "callerid_modem.h"
#include "callwaiting_receiver.h"
#include "callwaiting_sender.h"
#include "cas_receiver.h"
#include "fsk_signal.h"
#include "report.h"
#include "spandsp_peer.h"
#include "speech_file.h"

#include <stdio.h>

#define TICK 80u
#define ALERT_LENGTH 8000u
#define JAPAN_LENGTH 16000u
#define ANSWER_LENGTH 40000u

static bool with_peer;

/* --- the alert of call waiting --- */

struct alert {
    double low_dbm0, high_dbm0, off, ms, noise_dbm0;
    double speech_dbm0;                 /* -99: none */
};

static bool alert_found(const struct alert *a, uint64_t seed)
{
    struct sc_cas_receiver *receiver = NULL;
    struct sc_cas_alert told;
    struct signal s = signal_new(ALERT_LENGTH, seed * 13 + 40001);
    const size_t at = 2000 + signal_random(&s) % 3000, samples = (size_t)(a->ms * 8);
    unsigned count = 0, right = 0;
    signal_sine(&s, at, samples, 2130 * (1 + a->off), a->low_dbm0, 6 * signal_uniform(&s));
    signal_sine(&s, at, samples, 2750 * (1 + a->off), a->high_dbm0, 6 * signal_uniform(&s));
    if (a->speech_dbm0 > -99)
        speak(&s, a->speech_dbm0, (size_t)seed * 4000);
    signal_noise(&s, 0, s.length, a->noise_dbm0);
    int16_t *x = signal_samples(&s);
    if (sc_cas_receiver_create(&receiver) != 0)
        abort();
    for (size_t i = 0; i + TICK <= s.length; i += TICK) {
        sc_cas_receiver_process(receiver, x + i, TICK);
        while (sc_cas_receiver_next(receiver, &told)) {
            count++;
            right += i + TICK > at && i + TICK < at + samples + 800;    /* in time for an answer */
        }
    }
    sc_cas_receiver_destroy(receiver);
    free(x);
    signal_free(&s);
    return count == 1 && right == 1;
}

static void alerts(const char *figure, const struct alert *a, size_t kinds, int trials)
{
    int found = 0, all = 0;
    trials = bench_quick ? trials / 10 : trials;
    for (size_t k = 0; k < kinds; k++)
        for (int i = 0; i < trials; i++, all++)
            found += alert_found(&a[k], (uint64_t)all);
    report(figure, BENCH_OURS, found, all);
}

static void all_alerts(void)
{
    static const struct alert tolerated[] = {       /* TIA-777-A: levels, twist, frequency, length; SNR 20 dB at least */
        { -14, -14, 0, 80, -60, -99 },     { -22, -22, 0, 80, -39, -99 },      { -32, -32, 0, 80, -55, -99 },
        { -22, -28, 0, 80, -45, -99 },     { -28, -22, 0, 80, -45, -99 },      { -22, -22, 0.005, 75, -39, -99 },
        { -22, -22, -0.005, 85, -39, -99 }, { -30, -30, 0.005, 75, -55, -99 },
    };
    static const struct alert noisy = { -22, -22, 0, 80, -29, -99 };
    static const struct alert spoken_below = { -22, -22, 0, 80, -60, -25 }, spoken_alike = { -22, -22, 0, 80, -60, -19 };
    alerts("cas_tolerated", tolerated, sizeof tolerated / sizeof *tolerated, 50);
    alerts("cas_snr_10", &noisy, 1, 200);
    alerts("cas_under_speech_6_db_down", &spoken_below, 1, 200);
    alerts("cas_under_speech_as_loud", &spoken_alike, 1, 200);
}

/* --- all of call waiting: alert, answer, packet --- */

/* Both ways with noise 30 dB below the packet, speech over the alert 6 dB below it; is the identity read? */
static bool waiting_read(uint64_t seed)
{
    const struct sc_callerid_identity identity = {
        .form = SC_CALLERID_MDMF, .modulation = seed % 2 ? SC_CALLERID_V23 : SC_CALLERID_BELL202, .date = "11221030",
        .number = "4951234567", .name = "IVANOV I" };
    struct sc_callwaiting_sender *exchange = NULL;
    struct sc_callwaiting_receiver *telephone = NULL;
    struct sc_callerid_message message;
    struct signal noise = signal_new(32000, seed + 51001), voice = signal_new(32000, seed + 52001);
    int16_t up[TICK] = { 0 }, down[TICK];
    unsigned count = 0, right = 0;
    signal_noise(&noise, 0, noise.length, -43);
    speak(&voice, -19, (size_t)seed * 16000);
    if (sc_callwaiting_sender_create(&exchange, 0) != 0 || sc_callwaiting_receiver_create(&telephone, 0) != 0)
        abort();
    for (size_t tick = 0; tick < noise.length / TICK; tick++) {
        if (tick == 50 && sc_callwaiting_sender_send(exchange, &identity) != 0)
            abort();
        const bool speaks = tick < 50 || sc_callwaiting_sender_state(exchange) == SC_CALLWAITING_ALERTING;
        for (size_t i = 0; i < TICK; i++)
            up[i] = (int16_t)lrint(up[i] + noise.x[noise.length - 1 - tick * TICK - i]);
        sc_callwaiting_sender_process(exchange, up, down, TICK);
        for (size_t i = 0; i < TICK; i++)
            down[i] = (int16_t)lrint(down[i] + noise.x[tick * TICK + i] + (speaks ? voice.x[tick * TICK + i] : 0.0));
        sc_callwaiting_receiver_process(telephone, down, up, TICK);
        while (sc_callwaiting_receiver_next(telephone, &message)) {
            count++;
            right += strcmp(message.number, identity.number) == 0;
        }
    }
    sc_callwaiting_sender_destroy(exchange);
    sc_callwaiting_receiver_destroy(telephone);
    signal_free(&noise);
    signal_free(&voice);
    return count == 1 && right == 1;
}

static void call_waiting(void)
{
    const int trials = bench_quick ? 10 : 100;
    int read = 0;
    for (int i = 0; i < trials; i++)
        read += waiting_read((uint64_t)i);
    report("callwaiting_read", BENCH_OURS, read, trials);
}

/* --- Japan --- */

static uint8_t even(uint8_t seven)
{
    return (uint8_t)(seven | (__builtin_popcount(seven) % 2 ? 0x80 : 0));
}

static size_t japanese_packet(uint8_t *p)
{
    static const char body[] = "\x10\x01\x07\x10\x02\x40\x0C\x02\x0A" "0312345678" "\x10\x03";
    size_t n = 0;
    unsigned crc = 0;
    for (; n + 1 < sizeof body; n++)
        p[n] = even((uint8_t)body[n]);
    for (size_t i = 2; i < n; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc ^ (unsigned)p[i] >> bit) & 1 ? 0x8408u : 0);
    p[n++] = (uint8_t)crc;
    p[n++] = (uint8_t)(crc >> 8);
    return n;
}

static bool japan_ours(const int16_t *x)
{
    struct sc_callerid_modem *modem = NULL;
    struct sc_callerid_message message;
    unsigned all = 0, right = 0;
    if (sc_callerid_modem_create(&modem, NULL) != 0)
        abort();
    for (size_t i = 0; i + TICK <= JAPAN_LENGTH; i += TICK) {
        sc_callerid_modem_process(modem, x + i, TICK);
        while (sc_callerid_modem_next(modem, &message)) {
            all++;
            right += strcmp(message.number, "0312345678") == 0;
        }
    }
    sc_callerid_modem_destroy(modem);
    return all == 1 && right == 1;
}

static bool japan_peer(const int16_t *x)
{
    struct peer_message heard = { .count = 0 };
    void *peer = peer_callerid_japan_create(&heard);
    for (size_t i = 0; i + TICK <= JAPAN_LENGTH; i += TICK)
        peer_callerid_take(peer, x + i, TICK);
    peer_callerid_destroy(peer);
    return heard.count == 1 && memmem(heard.octets, (size_t)heard.length, "0312345678", 10) != NULL;
}

static void japan(double snr_db, const char *figure)
{
    const int trials = bench_quick ? 20 : 200;
    double errors[2] = { 0 };
    for (int i = 0; i < trials; i++) {
        uint8_t packet[64];
        const size_t length = japanese_packet(packet);
        struct signal s = signal_new(JAPAN_LENGTH, (uint64_t)i + 61001);
        struct fsk f = fsk_v23;
        f.seizure_bits = 0;
        f.mark_bits = 75;
        f.stop_bits = 4;
        fsk_draw(&s, &f, 800 + signal_random(&s) % 800, packet, length);
        signal_noise(&s, 0, s.length, -15 - snr_db);
        int16_t *x = signal_samples(&s);
        errors[0] += !japan_ours(x);
        errors[1] += with_peer && !japan_peer(x);
        free(x);
        signal_free(&s);
    }
    report(figure, BENCH_OURS, 100 * errors[0] / trials, 0);
    if (with_peer)
        report(figure, BENCH_SPANDSP, 100 * errors[1] / trials, 0);
}

/* --- АОН --- */

/* Asks an exchange that answers the first request; 1: the number, 0: none, -1: a wrong one. */
static int aon_read(const struct exchange *e, uint64_t seed)
{
    struct signal s = signal_new(ANSWER_LENGTH, seed);
    struct sc_aon_receiver *receiver = NULL;
    struct sc_aon_result result = { .number = "" };
    enum sc_aon_state state = SC_AON_ASKING;
    int16_t said[TICK] = { 0 }, x[TICK];
    bool sounded = false, answered = false;
    if (sc_aon_receiver_create(&receiver, NULL) != 0)
        abort();
    sc_aon_receiver_start(receiver);
    signal_noise(&s, 0, s.length, e->noise_dbm0);
    for (size_t at = 0; at + TICK <= s.length && state == SC_AON_ASKING; at += TICK) {
        for (size_t i = 0; i < TICK; i++)
            x[i] = (int16_t)lrint(s.x[at + i] + 0.2 * said[i]);     /* our request comes back 14 dB lower */
        sc_aon_receiver_process(receiver, x, said, TICK);
        bool sounds = false;
        for (size_t i = 0; i < TICK; i++)
            sounds = sounds || said[i] > 1000;
        if (sounded && !sounds && !answered) {
            draw_answer(&s, at + TICK + (size_t)(e->delay_ms * 8), e);
            answered = true;
        }
        sounded = sounds;
        state = sc_aon_receiver_state(receiver, &result);
    }
    sc_aon_receiver_destroy(receiver);
    signal_free(&s);
    if (state != SC_AON_IDENTIFIED)
        return 0;
    return strcmp(result.number, e->number) == 0 ? 1 : -1;
}

static void aon(void)
{
    const int trials = bench_quick ? 20 : 200;
    int right = 0, wrong = 0;
    for (int i = 0; i < trials; i++) {
        struct signal draw = signal_new(1, (uint64_t)i + 71001);
        char number[8];
        for (int k = 0; k < 7; k++)
            number[k] = (char)('0' + signal_random(&draw) % (i % 3 ? 10 : 3));   /* many repeats in every third */
        number[7] = 0;
        struct exchange e = { number, (char)('1' + i % 9), i % 9, 18 + i % 5, i % 2, 39 + 2 * signal_uniform(&draw),
                              16 * (signal_uniform(&draw) - 0.5), -7 - 20 * signal_uniform(&draw),
                              6 * (signal_uniform(&draw) - 0.5), 0, 30 + 200 * signal_uniform(&draw) };
        e.noise_dbm0 = e.dbm0 + 3 - 10;             /* 10 dB below the pair */
        const int read = aon_read(&e, (uint64_t)i + 72001);
        right += read == 1;
        wrong += read == -1;
        signal_free(&draw);
    }
    report("aon_read_snr_10", BENCH_OURS, right, trials);
    report("aon_wrong", BENCH_OURS, wrong, 0);
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    with_peer = peer_open();
    if (first < count)
        speech_name = words[first];
    all_alerts();
    call_waiting();
    japan(10, "callerid_japan_10_db_percent");
    aon();
    return 0;
}

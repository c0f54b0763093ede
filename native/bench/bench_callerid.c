/* bench_callerid: our FSK caller identity beside libspandsp's, packet errors on the same signals in one run.
 *
 *     bench_callerid [--json] [--quick] [curve]
 *
 * A packet is an MDMF call of date, number and name (33 octets) after 300 bits of channel seizure and 180 of mark, at
 * -15 dBm0 unless stated; it is in error when the receiver does not give exactly it, once. The ratio to white noise is
 * that of the powers over the whole band of 4 kHz. The peer is told which of the two modulations comes; ours listens for
 * both. curve: errors over the ratio, for a chart. */
#include "callerid_digits.h"
#include "callerid_modem.h"
#include "callerid_sender.h"
#include "dtmf_receiver.h"
#include "fsk_signal.h"
#include "g168.h"
#include "report.h"
#include "spandsp_peer.h"

#define TICK 80u
#define LENGTH 24000u                    /* 3 s: what fits between two rings */
#define NUMBER "4951234567"

static bool with_peer;

struct line {
    bool v23;
    double level_dbm0, twist_db, snr_db;    /* twist: mark over space */
    int model;                              /* hybrid of G.168 at 0 dB in the path; 0: none */
};

static size_t packet_of_a_call(uint8_t *packet)
{
    static const char body[] = "\x01\x08" "11221030" "\x02\x0A" NUMBER "\x07\x08" "IVANOV I";
    return fsk_packet(packet, 0x80, (const uint8_t *)body, sizeof body - 1);
}

static bool read_ours(const int16_t *x)
{
    struct sc_callerid_modem *modem = NULL;
    struct sc_callerid_message message;
    unsigned right = 0, all = 0;
    if (sc_callerid_modem_create(&modem, NULL) != 0)
        abort();
    for (size_t i = 0; i + TICK <= LENGTH; i += TICK) {
        sc_callerid_modem_process(modem, x + i, TICK);
        while (sc_callerid_modem_next(modem, &message)) {
            all++;
            right += strcmp(message.number, NUMBER) == 0 && message.name_length == 8;
        }
    }
    sc_callerid_modem_destroy(modem);
    return all == 1 && right == 1;
}

static bool read_peer(const int16_t *x, bool v23, const uint8_t *packet, size_t length)
{
    struct peer_message message = { .count = 0 };
    void *peer = peer_callerid_create(v23, &message);
    for (size_t i = 0; i + TICK <= LENGTH; i += TICK)
        peer_callerid_take(peer, x + i, TICK);
    peer_callerid_destroy(peer);
    /* it may leave the checksum out: what counts is type, length and body */
    return message.count == 1 && message.length >= (int)length - 1 && memcmp(message.octets, packet, length - 1) == 0;
}

/* Packets in error of `trials`, ours and the peer's. */
static void errors_on(const struct line *l, int trials, double errors[2])
{
    uint8_t packet[80];
    const size_t length = packet_of_a_call(packet);
    errors[0] = errors[1] = 0;
    for (int i = 0; i < trials; i++) {
        static struct g168_path path;
        struct signal s = signal_new(LENGTH, (uint64_t)i * 7 + 3001);
        struct fsk f = l->v23 ? fsk_v23 : fsk_bell202;
        f.mark_dbm0 = l->level_dbm0 + l->twist_db / 2;
        f.space_dbm0 = l->level_dbm0 - l->twist_db / 2;
        fsk_draw(&s, &f, 800 + signal_random(&s) % 800, packet, length);
        memset(&path, 0, sizeof path);
        if (l->model > 0)
            g168_path_set(&path, l->model, 0, 0);
        for (size_t k = 0; l->model > 0 && k < s.length; k++)
            s.x[k] = g168_path_run(&path, s.x[k]);
        if (l->snr_db < 99)
            signal_noise(&s, 0, s.length, l->level_dbm0 - l->snr_db);
        int16_t *x = signal_samples(&s);
        errors[0] += !read_ours(x);
        errors[1] += with_peer && !read_peer(x, l->v23, packet, length);
        free(x);
        signal_free(&s);
    }
}

static void row(const char *figure, struct line l, int trials)
{
    double errors[2];
    trials = bench_quick ? trials / 10 : trials;
    errors_on(&l, trials, errors);
    report(figure, BENCH_OURS, 100 * errors[0] / trials, 0);
    if (with_peer)
        report(figure, BENCH_SPANDSP, 100 * errors[1] / trials, 0);
}

/* Every model of a hybrid in the line, both modulations: per cent of all packets. */
static void through_hybrids(void)
{
    double sum[2] = { 0 }, trials = 0;
    for (int model = 1; model <= 8; model++)
        for (int v23 = 0; v23 < 2; v23++) {
            const struct line l = { v23, -15, 0, 100, model };
            double errors[2];
            errors_on(&l, bench_quick ? 2 : 10, errors);
            trials += bench_quick ? 2 : 10;
            sum[0] += errors[0];
            sum[1] += errors[1];
        }
    report("callerid_hybrids_percent", BENCH_OURS, 100 * sum[0] / trials, 0);
    if (with_peer)
        report("callerid_hybrids_percent", BENCH_SPANDSP, 100 * sum[1] / trials, 0);
}

/* --- what we send, in the peer's ears --- */

/* Of so many messages with numbers and names of all lengths, how many it gives back whole. */
static void sender_read_by_peer(void)
{
    const int trials = bench_quick ? 8 : 40;
    int right = 0;
    for (int i = 0; i < trials && with_peer; i++) {
        static const char digits[] = "12345678901234567890", letters[] = "Sidorov Ivan Petrovich of Tomsk";
        char number[24], name[40];
        snprintf(number, sizeof number, "%.*s", 1 + i % 20, digits);
        snprintf(name, sizeof name, "%.*s", 1 + i * 7 % 30, letters);
        const struct sc_callerid_identity identity = {
            .form = SC_CALLERID_MDMF, .modulation = i % 2 ? SC_CALLERID_V23 : SC_CALLERID_BELL202, .date = "11221030",
            .number = number, .name = name };
        struct sc_callerid_sender *sender = NULL;
        struct peer_message heard = { .count = 0 };
        int16_t x[TICK];
        if (sc_callerid_sender_create(&sender) != 0 || sc_callerid_sender_send(sender, &identity) != 0)
            abort();
        void *peer = peer_callerid_create(i % 2, &heard);
        for (unsigned tick = 0; tick < LENGTH / TICK; tick++) {
            sc_callerid_sender_process(sender, x, TICK);
            peer_callerid_take(peer, x, TICK);
        }
        right += heard.count == 1 && memmem(heard.octets, (size_t)heard.length, number, strlen(number)) != NULL &&
                 memmem(heard.octets, (size_t)heard.length, name, strlen(name)) != NULL;
        peer_callerid_destroy(peer);
        sc_callerid_sender_destroy(sender);
    }
    if (with_peer)
        report("callerid_sender_read_by_peer", BENCH_OURS, right, trials);
}

/* --- identity as DTMF digits --- */

static bool digits_ours(const int16_t *x, size_t n)
{
    struct sc_dtmf_receiver *receiver = NULL;
    struct sc_callerid_digits digits;
    struct sc_callerid_message message;
    struct sc_dtmf_event event;
    unsigned right = 0, all = 0;
    if (sc_dtmf_receiver_create(&receiver, NULL) != 0)
        abort();
    sc_callerid_digits_reset(&digits);
    for (size_t i = 0; i + TICK <= n; i += TICK) {
        sc_dtmf_receiver_process(receiver, x + i, TICK);
        while (sc_dtmf_receiver_next(receiver, &event))
            if (event.type == SC_DTMF_END &&
                sc_callerid_digits_take(&digits, event.digit, event.at_samples, &message)) {
                all++;
                right += strcmp(message.number, NUMBER) == 0;
            }
    }
    sc_dtmf_receiver_destroy(receiver);
    return all == 1 && right == 1;
}

static bool digits_peer(const int16_t *x, size_t n)
{
    struct peer_message message = { .count = 0 };
    void *peer = peer_callerid_digits_create(&message);
    for (size_t i = 0; i + TICK <= n; i += TICK)
        peer_callerid_take(peer, x + i, TICK);
    peer_callerid_destroy(peer);
    return message.count == 1 && memmem(message.octets, (size_t)message.length, NUMBER, strlen(NUMBER)) != NULL;
}

/* D number C in digits of 60 ms, each tone at -12 dBm0, in white noise. */
static void digits_in_noise(const char *figure, double snr_db)
{
    static const double low_hz[4] = { 697, 770, 852, 941 }, high_hz[4] = { 1209, 1336, 1477, 1633 };
    static const char layout[] = "123A456B789C*0#D", sent[] = "D" NUMBER "C";
    const int trials = bench_quick ? 10 : 200;
    double errors[2] = { 0 };
    for (int i = 0; i < trials; i++) {
        struct signal s = signal_new(2400 + 960 * sizeof sent, (uint64_t)i + 901);
        for (size_t k = 0; sent[k] != 0; k++) {
            const size_t place = (size_t)(strchr(layout, sent[k]) - layout), at = 800 + 960 * k;
            signal_sine(&s, at, 480, low_hz[place / 4], -12, 6 * signal_uniform(&s));
            signal_sine(&s, at, 480, high_hz[place % 4], -12, 6 * signal_uniform(&s));
        }
        signal_noise(&s, 0, s.length, -12 + 3.01 - snr_db);
        int16_t *x = signal_samples(&s);
        errors[0] += !digits_ours(x, s.length);
        errors[1] += with_peer && !digits_peer(x, s.length);
        free(x);
        signal_free(&s);
    }
    report(figure, BENCH_OURS, 100 * errors[0] / trials, 0);
    if (with_peer)
        report(figure, BENCH_SPANDSP, 100 * errors[1] / trials, 0);
}

static void rows(void)
{
    row("callerid_bell202_9_db_percent", (struct line){ false, -15, 0, 9, 0 }, 400);
    row("callerid_v23_10_db_percent", (struct line){ true, -15, 0, 10, 0 }, 400);
    row("callerid_bell202_minus_44_percent", (struct line){ false, -44, 0, 100, 0 }, 50);
    row("callerid_v23_minus_44_percent", (struct line){ true, -44, 0, 100, 0 }, 50);
    row("callerid_bell202_mark_10_db_louder_percent", (struct line){ false, -15, 10, 100, 0 }, 50);
    row("callerid_bell202_space_10_db_louder_percent", (struct line){ false, -15, -10, 100, 0 }, 50);
    row("callerid_v23_mark_10_db_louder_percent", (struct line){ true, -15, 10, 100, 0 }, 50);
    row("callerid_v23_space_10_db_louder_percent", (struct line){ true, -15, -10, 100, 0 }, 50);
    through_hybrids();
    digits_in_noise("callerid_dtmf_10_db_percent", 10);
    digits_in_noise("callerid_dtmf_8_db_percent", 8);
    sender_read_by_peer();
}

static void draw_curve(void)
{
    for (int v23 = 0; v23 < 2; v23++)
        for (double snr = 5; snr <= 14; snr += bench_quick ? 3 : 1) {
            const struct line l = { v23, -15, 0, snr, 0 };
            const int trials = bench_quick ? 20 : 100;
            double errors[2];
            errors_on(&l, trials, errors);
            report_point(v23 ? "callerid_v23" : "callerid_bell202", BENCH_OURS, snr, 0, 100 * errors[0] / trials);
            if (with_peer)
                report_point(v23 ? "callerid_v23" : "callerid_bell202", BENCH_SPANDSP, snr, 0,
                             100 * errors[1] / trials);
        }
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    with_peer = peer_open();
    if (first < count && strcmp(words[first], "curve") == 0)
        draw_curve();
    else
        rows();
    return 0;
}

/* bench_dtmf: our DTMF receiver beside libspandsp's on the same signals in one run: Q.24 (AT&T column) and beyond.
 *
 *     bench_dtmf [--json] [--quick] [map | curve]
 *
 * map: accepted share over the deviation of both tones; curve: errors over the signal-to-noise ratio (for charts).
 * A digit counts as read when it is reported exactly once and nothing else is. Levels, phases and places are drawn anew
 * for each trial from a seed of its own, so that both receivers hear the same. The peer runs as it comes, and with its
 * dial-tone filter where a dial tone sounds. */
#include "dtmf_receiver.h"
#include "g168.h"
#include "report.h"
#include "signal.h"
#include "spandsp_peer.h"

#define DIGITS 16
#define TICK 80u
#define HEARD_MAX 16
#define DIAL_HZ 425.0
#define DIAL_DBM0 (-12.0)

static const double low_hz[4] = { 697, 770, 852, 941 };
static const double high_hz[4] = { 1209, 1336, 1477, 1633 };
static const char layout[] = "123A456B789C*0#D";
static bool with_peer;

/* What each of the two read: ours [0], the peer [1]. */
struct heard {
    char digits[2][HEARD_MAX];
};

static void hear_ours(const int16_t *x, size_t n, bool dial_tone, char *digits)
{
    static const float notched[1] = { (float)DIAL_HZ };
    struct sc_dtmf_receiver *receiver = NULL;
    struct sc_dtmf_event event;
    size_t count = 0;
    if (sc_dtmf_receiver_create(&receiver, NULL) != 0 || (dial_tone && sc_dtmf_receiver_notch(receiver, notched, 1) != 0))
        abort();
    for (size_t i = 0; i + TICK <= n; i += TICK) {
        sc_dtmf_receiver_process(receiver, x + i, TICK);
        while (sc_dtmf_receiver_next(receiver, &event))
            if (event.type == SC_DTMF_START && count < HEARD_MAX - 1)
                digits[count++] = event.digit;
    }
    sc_dtmf_receiver_destroy(receiver);
}

static struct heard hear(const struct signal *s, bool dial_tone)
{
    struct heard heard;
    memset(&heard, 0, sizeof heard);
    int16_t *x = signal_samples(s);
    hear_ours(x, s->length, dial_tone, heard.digits[0]);
    if (with_peer) {
        void *peer = peer_dtmf_create(dial_tone);
        for (size_t i = 0; i + TICK <= s->length; i += TICK)
            peer_dtmf_take(peer, x + i, TICK);
        peer_dtmf_digits(peer, heard.digits[1], HEARD_MAX - 1);
        peer_dtmf_destroy(peer);
    }
    free(x);
    return heard;
}

struct press {
    int digit;
    double low_factor, high_factor, low_dbm0, high_dbm0;
    size_t at, samples;
};

static void press(struct signal *s, const struct press *p)
{
    signal_sine(s, p->at, p->samples, low_hz[p->digit / 4] * p->low_factor, p->low_dbm0, 6.28 * signal_uniform(s));
    signal_sine(s, p->at, p->samples, high_hz[p->digit % 4] * p->high_factor, p->high_dbm0, 6.28 * signal_uniform(s));
}

static struct press plain(struct signal *s, int digit, double ms)
{
    return (struct press){ digit, 1.0, 1.0, -12.0, -12.0, 400 + signal_random(s) % 160, (size_t)(ms * 8) };
}

/* Counts over trials: reads[who] exactly the digit, any[who] something at all. */
struct tally {
    double trials, read[2], any[2];
};

static void count(struct tally *t, const struct heard *h, const char *wanted)
{
    t->trials++;
    for (int who = 0; who < 2; who++) {
        t->read[who] += strcmp(h->digits[who], wanted) == 0;
        t->any[who] += h->digits[who][0] != 0;
    }
}

static void count_digit(struct tally *t, const struct signal *s, int digit, bool dial_tone)
{
    const char wanted[2] = { layout[digit], 0 };
    struct heard h = hear(s, dial_tone);
    count(t, &h, wanted);
}

static void tell(const char *figure, const double *values, double scale, double of)
{
    report(figure, BENCH_OURS, values[0] * scale, of);
    if (with_peer)
        report(figure, BENCH_SPANDSP, values[1] * scale, of);
}

static void tell_missed(const char *figure, const struct tally *t)
{
    const double missed[2] = { t->trials - t->read[0], t->trials - t->read[1] };
    tell(figure, missed, 1, t->trials);
}

/* --- frequencies --- */

static void deviation(struct tally *t, double low_percent, double high_percent, double offset_hz, int repeats)
{
    for (int d = 0; d < DIGITS; d++)
        for (int r = 0; r < repeats; r++) {
            struct signal s = signal_new(2400, (uint64_t)(1000 * d + r + 1));
            struct press p = plain(&s, d, 50);
            p.low_factor = 1 + low_percent / 100 + (low_percent < 0 ? -1 : 1) * offset_hz / low_hz[d / 4];
            p.high_factor = 1 + high_percent / 100 + (high_percent < 0 ? -1 : 1) * offset_hz / high_hz[d % 4];
            p.low_dbm0 = p.high_dbm0 = -5 - 15 * signal_uniform(&s);
            press(&s, &p);
            count_digit(t, &s, d, false);
            signal_free(&s);
        }
}

static void bench_frequencies(void)
{
    struct tally in = { 0 }, out = { 0 };
    const int repeats = bench_quick ? 1 : 10;
    for (int sign = 0; sign < 4; sign++) {
        deviation(&in, sign & 1 ? 1.5 : -1.5, sign & 2 ? 1.5 : -1.5, 2, repeats);
        deviation(&out, sign & 1 ? 0 : (sign & 2 ? 3.5 : -3.5), sign & 1 ? (sign & 2 ? 3.5 : -3.5) : 0, 0, repeats);
    }
    tell_missed("dtmf_missed_1_5_percent_2_hz", &in);
    tell("dtmf_accepted_3_5_percent", out.any, 1, out.trials);
}

/* --- levels and times --- */

/* The greatest difference up to which every digit is read, in steps of half a dB, at most 15. */
static void bench_twist(void)
{
    for (int louder = 0; louder < 2; louder++) {
        double most[2] = { -1, -1 };
        bool on[2] = { true, true };
        for (double twist = 0; twist <= 15 && (on[0] || on[1]); twist += bench_quick ? 2 : 0.5) {
            struct tally t = { 0 };
            for (int d = 0; d < DIGITS; d++) {
                struct signal s = signal_new(2400, (uint64_t)d + 31);
                struct press p = plain(&s, d, 50);
                *(louder ? &p.low_dbm0 : &p.high_dbm0) -= twist;
                press(&s, &p);
                count_digit(&t, &s, d, false);
                signal_free(&s);
            }
            for (int who = 0; who < 2; who++) {
                on[who] = on[who] && t.read[who] >= t.trials;
                most[who] = on[who] ? twist : most[who];
            }
        }
        tell(louder ? "dtmf_twist_high_louder_db" : "dtmf_twist_low_louder_db", most, 1, 0);
    }
}

static void lengths(const char *figure, double ms, bool wanted, int repeats)
{
    struct tally t = { 0 };
    for (int d = 0; d < DIGITS; d++)
        for (int r = 0; r < repeats; r++) {
            struct signal s = signal_new(2400, (uint64_t)(100 * d + r + 7));
            struct press p = plain(&s, d, ms);
            press(&s, &p);
            count_digit(&t, &s, d, false);
            signal_free(&s);
        }
    if (wanted)
        tell_missed(figure, &t);
    else
        tell(figure, t.any, 1, t.trials);
}

/* A digit of 100 ms with a hole in its middle: `wanted` times it is to be read. */
static void holes(const char *figure, double ms, int wanted, int trials)
{
    struct tally t = { 0 };
    for (int i = 0; i < trials; i++) {
        struct signal s = signal_new(3200, (uint64_t)i + 77);
        const int d = i % DIGITS;
        const char expected[3] = { layout[d], wanted > 1 ? layout[d] : (char)0, 0 };
        struct press p = plain(&s, d, 100 + ms);
        press(&s, &p);
        signal_mute(&s, p.at + 400, (size_t)(ms * 8));
        struct heard h = hear(&s, false);
        count(&t, &h, expected);
        signal_free(&s);
    }
    tell_missed(figure, &t);
}

static void bench_times(void)
{
    const int repeats = bench_quick ? 1 : 10;
    lengths("dtmf_missed_40_ms", 40, true, repeats);
    lengths("dtmf_accepted_23_ms", 23, false, repeats);
    holes("dtmf_pause_40_ms_not_split", 40, 2, bench_quick ? 10 : 50);
    holes("dtmf_drop_out_10_ms_not_bridged", 10, 1, bench_quick ? 10 : 50);
}

/* --- noise, dial tone, echo --- */

/* Errors per 1000 digits of 50 ms in white noise; the ratio is that of the powers of both tones and of the noise. */
static void in_noise(double snr_db, int trials, double *errors)
{
    struct tally t = { 0 };
    for (int i = 0; i < trials; i++) {
        struct signal s = signal_new(2400, (uint64_t)i + 5001);
        struct press p = plain(&s, i % DIGITS, 50);
        press(&s, &p);
        signal_noise(&s, 0, s.length, -12 + 3.01 - snr_db);
        count_digit(&t, &s, p.digit, false);
        signal_free(&s);
    }
    for (int who = 0; who < 2; who++)
        errors[who] = 1000 * (t.trials - t.read[who]) / t.trials;
}

static void bench_noise(void)
{
    static const double ratios[3] = { 12, 10, 8 };
    for (int i = 0; i < 3; i++) {
        double errors[2];
        char figure[64];
        in_noise(ratios[i], bench_quick ? 100 : 1000, errors);
        snprintf(figure, sizeof figure, "dtmf_errors_per_1000_at_%.0f_db", ratios[i]);
        tell(figure, errors, 1, 0);
    }
}

static void bench_dial_tone(void)
{
    struct tally t = { 0 };
    for (int i = 0; i < 80; i += bench_quick ? 5 : 1) {
        struct signal s = signal_new(6400, (uint64_t)i + 9);
        struct press p = plain(&s, i % DIGITS, 60);
        p.at += 3200;
        press(&s, &p);
        signal_sine(&s, 0, s.length, DIAL_HZ, DIAL_DBM0, 0);
        count_digit(&t, &s, p.digit, true);
        signal_free(&s);
    }
    tell_missed("dtmf_missed_under_dial_tone", &t);
}

/* Our own digits come back: from a hybrid of 6 dB (models of G.168), or 20 ms late and 10 dB down. */
static void bench_echoes(void)
{
    for (int hybrid = 0; hybrid < 2; hybrid++) {
        struct tally t = { 0 };
        for (int i = 0; i < 200; i += bench_quick ? 10 : 1) {
            static struct g168_path path;
            struct signal s = signal_new(3200, (uint64_t)i + 601);
            struct press p = plain(&s, i % DIGITS, 60);
            press(&s, &p);
            memset(&path, 0, sizeof path);
            g168_path_set(&path, i % 8 + 1, 6, (size_t)(i % 25) * 8);
            for (size_t k = s.length; !hybrid && k-- > 160;)
                s.x[k] += s.x[k - 160] * pow(10, -10.0 / 20);
            for (size_t k = 0; hybrid && k < s.length; k++)
                s.x[k] += g168_path_run(&path, s.x[k]);
            count_digit(&t, &s, p.digit, false);
            signal_free(&s);
        }
        tell_missed(hybrid ? "dtmf_errors_hybrid_echo" : "dtmf_errors_echo_20_ms", &t);
    }
}

/* --- charts --- */

static void draw_map(void)
{
    for (double low = -5; low <= 5; low += bench_quick ? 2.5 : 0.5)
        for (double high = -5; high <= 5; high += bench_quick ? 2.5 : 0.5) {
            struct tally t = { 0 };
            deviation(&t, low, high, 0, 1);
            report_point("dtmf_map", BENCH_OURS, low, high, t.read[0] / t.trials);
            if (with_peer)
                report_point("dtmf_map", BENCH_SPANDSP, low, high, t.read[1] / t.trials);
        }
}

static void draw_curve(void)
{
    for (double snr = 3; snr <= 14; snr += bench_quick ? 5 : 1) {
        double errors[2];
        in_noise(snr, bench_quick ? 50 : 500, errors);
        report_point("dtmf_errors", BENCH_OURS, snr, 0, errors[0]);
        if (with_peer)
            report_point("dtmf_errors", BENCH_SPANDSP, snr, 0, errors[1]);
    }
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    with_peer = peer_open();
    if (first < count && strcmp(words[first], "map") == 0) {
        draw_map();
    } else if (first < count && strcmp(words[first], "curve") == 0) {
        draw_curve();
    } else {
        bench_frequencies();
        bench_twist();
        bench_times();
        bench_noise();
        bench_dial_tone();
        bench_echoes();
    }
    return 0;
}

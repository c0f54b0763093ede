/* bench_progress: finding busy tone beside libspandsp's super_tone_rx, on the same signals in one run.
 *
 *     bench_progress [--json] [--quick] [SPEECH.raw]
 *
 * Busy 425 Hz 400/400 ms at -15 dBm0 unless stated; twenty trials a row, each with its own phase, place and noise. With
 * SPEECH.raw (8 kHz, 16 bit, one voice) somebody speaks over the tone; without, a synthetic voice does. Both receivers are
 * asked for +-20 % of the cadence. A trial counts when busy is found within twenty seconds; the time from the first burst
 * beyond two full cycles is told as well. False alarms are bench_talkoff's. */
#include "report.h"
#include "signal.h"
#include "spandsp_peer.h"
#include "speech_file.h"
#include "tone_receiver.h"

#define TICK 80u
#define TRIALS 20
#define SECONDS 20
#define LEVEL_DBM0 (-15.0)

struct trial {
    double level_dbm0, offset_hz, cadence, snr_db, speech_db;   /* speech against the tone; -100: none */
};

static const struct trial plain = { LEVEL_DBM0, 0, 1, 100, -100 };
static bool with_peer;

struct found {
    double times, latest_ms;    /* beyond two full cycles */
};

static struct sc_tone_receiver *russian(void)
{
    static const struct { enum sc_tone_kind kind; uint32_t on, off; } plan[5] = {
        { SC_TONE_DIAL, 0, 0 }, { SC_TONE_RINGBACK, 1000, 4000 }, { SC_TONE_BUSY, 350, 350 },
        { SC_TONE_BUSY, 400, 400 }, { SC_TONE_CONGESTION, 175, 175 },
    };
    struct sc_tone_receiver_settings s = { .descriptor_count = 5 };
    for (int i = 0; i < 5; i++) {
        s.descriptors[i].kind = plan[i].kind;
        s.descriptors[i].frequency_count = 1;
        s.descriptors[i].frequency_hz[0] = 425.0f;
        s.descriptors[i].pair_count = plan[i].on > 0 ? 1 : 0;
        s.descriptors[i].pairs[0] = (struct sc_tone_pair){ plan[i].on, plan[i].off };
    }
    struct sc_tone_receiver *receiver = NULL;
    if (sc_tone_receiver_create(&receiver, &s) != 0)
        abort();
    sc_tone_receiver_arm(receiver, SC_TONE_ARM(SC_TONE_BUSY) | SC_TONE_ARM(SC_TONE_CONGESTION) |
                                       SC_TONE_ARM(SC_TONE_RINGBACK));
    return receiver;
}

static double first_busy_ours(const int16_t *x, size_t n)
{
    struct sc_tone_receiver *receiver = russian();
    struct sc_tone_event event;
    double at = -1;
    for (size_t i = 0; i + TICK <= n && at < 0; i += TICK) {
        sc_tone_receiver_process(receiver, x + i, TICK);
        while (sc_tone_receiver_next(receiver, &event))
            if (at < 0 && event.type == SC_TONE_ON && event.kind == SC_TONE_BUSY)
                at = (double)(i + TICK);
    }
    sc_tone_receiver_destroy(receiver);
    return at;
}

static double first_busy_peer(const int16_t *x, size_t n)
{
    unsigned found[4] = { 0 };
    void *peer = peer_tones_create(found);
    double at = -1;
    for (size_t i = 0; i + TICK <= n && at < 0; i += TICK) {
        peer_tones_take(peer, x + i, TICK);
        if (found[0] + found[1] > 0)
            at = (double)(i + TICK);
    }
    peer_tones_destroy(peer);
    return at;
}

static void listen(const struct trial *t, uint64_t seed, struct found found[2])
{
    struct signal s = signal_new(SECONDS * 8000, seed);
    const size_t burst = (size_t)(3200 * t->cadence), from = 4000 + signal_random(&s) % 800;
    for (size_t at = from; at < s.length; at += 2 * burst)
        signal_sine(&s, at, burst, 425 + t->offset_hz, t->level_dbm0, 6.28 * signal_uniform(&s));
    if (t->snr_db < 99)
        signal_noise(&s, 0, s.length, t->level_dbm0 - t->snr_db);
    if (t->speech_db > -99)
        speak(&s, t->level_dbm0 + t->speech_db, (size_t)(seed * 48000));
    int16_t *x = signal_samples(&s);
    for (int who = 0; who < (with_peer ? 2 : 1); who++) {
        const double at = who == 0 ? first_busy_ours(x, s.length) : first_busy_peer(x, s.length);
        found[who].times += at >= 0;
        if (at >= 0)
            found[who].latest_ms = fmax(found[who].latest_ms, (at - (double)(from + 4 * burst)) / 8);
    }
    free(x);
    signal_free(&s);
}

static void row(const char *figure, struct trial t)
{
    struct found found[2] = { { 0, -1e3 }, { 0, -1e3 } };
    char late[80];
    const int trials = bench_quick ? 4 : TRIALS;
    for (int i = 0; i < trials; i++)
        listen(&t, (uint64_t)i + 41, found);
    snprintf(late, sizeof late, "%s_latest_ms", figure);
    for (int who = 0; who < (with_peer ? 2 : 1); who++) {
        report(figure, who == 0 ? BENCH_OURS : BENCH_SPANDSP, found[who].times, trials);
        if (found[who].times > 0)
            report(late, who == 0 ? BENCH_OURS : BENCH_SPANDSP, found[who].latest_ms, 0);
    }
}

/* The worse of both signs of a deviation. */
static void rows(void)
{
    struct trial t = plain;
    row("busy_clean", t);
    t.snr_db = 10;
    row("busy_snr_10", t);
    t = plain, t.level_dbm0 = -40;
    row("busy_minus_40", t);
    t.level_dbm0 = 0;
    row("busy_0_dbm0", t);
    t = plain, t.offset_hz = 40;
    row("busy_plus_40_hz", t);
    t.offset_hz = -40;
    row("busy_minus_40_hz", t);
    t = plain, t.cadence = 1.2;
    row("busy_cadence_plus_20", t);
    t.cadence = 0.8;
    row("busy_cadence_minus_20", t);
    t = plain, t.speech_db = -6;
    row("busy_under_speech_6_db_down", t);
    t.speech_db = 0;
    row("busy_under_speech_as_loud", t);
}

/* --- fax machines: T.30's calling tone CNG (1100 Hz, 500 of 3500 ms) and answer tone CED (2100 Hz), SNR 10 dB --- */

static bool fax_ours(const int16_t *x, size_t n, bool answer)
{
    struct sc_tone_receiver_settings settings = { .descriptor_count = 2 };
    struct sc_tone_receiver *receiver = NULL;
    struct sc_tone_event event;
    bool heard = false;
    settings.descriptors[0] = sc_tone_fax_calling;
    settings.descriptors[1] = sc_tone_fax_answer;
    if (sc_tone_receiver_create(&receiver, &settings) != 0)
        abort();
    for (size_t i = 0; i + TICK <= n; i += TICK) {
        sc_tone_receiver_process(receiver, x + i, TICK);
        while (sc_tone_receiver_next(receiver, &event))
            heard |= event.type == SC_TONE_ON && event.kind == (answer ? SC_TONE_FAX_ANSWER : SC_TONE_FAX_CALLING);
    }
    sc_tone_receiver_destroy(receiver);
    return heard;
}

static bool fax_peer(const int16_t *x, size_t n, bool answer)
{
    unsigned found = 0;
    void *peer = peer_fax_create(answer, &found);
    for (size_t i = 0; i + TICK <= n; i += TICK)
        peer_fax_take(peer, x + i, TICK);
    peer_fax_destroy(peer);
    return found > 0;
}

static void fax(const char *figure, bool answer)
{
    const int trials = bench_quick ? 4 : TRIALS;
    double found[2] = { 0 };
    for (int i = 0; i < trials; i++) {
        struct signal s = signal_new(9 * 8000, (uint64_t)i + 301);
        const size_t from = 8000 + signal_random(&s) % 800;
        const double dbm0 = -10 - 25 * signal_uniform(&s), phase = 6.28 * signal_uniform(&s);
        if (answer)
            signal_sine(&s, from, 3 * 8000, 2100, dbm0, phase);
        for (size_t at = from; !answer && at < s.length; at += 28000)
            signal_sine(&s, at, 4000, 1100, dbm0, phase);
        signal_noise(&s, 0, s.length, dbm0 - 10);
        int16_t *x = signal_samples(&s);
        found[0] += fax_ours(x, s.length, answer);
        found[1] += with_peer && fax_peer(x, s.length, answer);
        free(x);
        signal_free(&s);
    }
    report(figure, BENCH_OURS, found[0], trials);
    if (with_peer)
        report(figure, BENCH_SPANDSP, found[1], trials);
}

/* --- the other tones of a plan, SNR 10 dB, -10 .. -35 dBm0, frequencies up to 20 Hz off, 3 cycles (SIT: once).
 * Of the howler libspandsp cannot be asked: it hears two sines at most. --- */

struct other {
    const char *figure;
    enum sc_tone_kind kind;
    int bursts, times;              /* of the cadence below, and how often it is sent */
    int hz[4];
    uint32_t on_ms[3], off_ms[3];
    bool continuous_after;         /* dial tone follows the bursts */
};

static const struct other others[] = {
    { "dial_snr_10", SC_TONE_DIAL, 1, 1, { 425, 0, 0 }, { 3000, 0, 0 }, { 0, 0, 0 }, false },
    { "stutter_snr_10", SC_TONE_STUTTER_DIAL, 1, 6, { 425, 0, 0 }, { 100, 0, 0 }, { 100, 0, 0 }, true },
    { "ringback_snr_10", SC_TONE_RINGBACK, 1, 3, { 425, 0, 0 }, { 1000, 0, 0 }, { 4000, 0, 0 }, false },
    { "congestion_snr_10", SC_TONE_CONGESTION, 1, 8, { 425, 0, 0 }, { 175, 0, 0 }, { 175, 0, 0 }, false },
    { "sit_snr_10", SC_TONE_SIT, 3, 1, { 950, 1400, 1800 }, { 330, 330, 330 }, { 0, 0, 0 }, false },
    { "howler_snr_10", SC_TONE_HOWLER, 1, 10, { 1400, 2060, 2450, 2600 }, { 100, 0, 0 }, { 100, 0, 0 }, false },
};

static bool other_ours(const int16_t *x, size_t n, enum sc_tone_kind kind)
{
    struct sc_tone_receiver_settings s = { .descriptor_count = sizeof others / sizeof *others };
    struct sc_tone_receiver *receiver = NULL;
    struct sc_tone_event event;
    bool heard = false;
    for (uint32_t i = 0; i < s.descriptor_count; i++) {
        struct sc_tone_descriptor *d = &s.descriptors[i];
        const struct other *o = &others[i];
        d->kind = o->kind;
        d->frequency_count = o->kind == SC_TONE_HOWLER ? 4 : (uint32_t)o->bursts;
        d->sequence = o->bursts > 1;
        d->pair_count = o->kind == SC_TONE_DIAL ? 0 : (uint32_t)o->bursts;
        for (uint32_t k = 0; k < d->frequency_count; k++)
            d->frequency_hz[k] = (float)o->hz[k];
        for (int k = 0; k < o->bursts; k++) {
            d->pairs[k] = (struct sc_tone_pair){ o->on_ms[k], o->off_ms[k] };
        }
    }
    if (sc_tone_receiver_create(&receiver, &s) != 0)
        abort();
    for (size_t i = 0; i + TICK <= n; i += TICK) {
        sc_tone_receiver_process(receiver, x + i, TICK);
        while (sc_tone_receiver_next(receiver, &event))
            heard |= event.type == SC_TONE_ON && event.kind == kind;
    }
    sc_tone_receiver_destroy(receiver);
    return heard;
}

static bool other_peer(const int16_t *x, size_t n, const struct other *o)
{
    struct peer_element elements[6];
    unsigned found[4] = { 0 };
    size_t count = 0;
    for (int k = 0; k < o->bursts; k++) {
        const int on = (int)o->on_ms[k], off = (int)o->off_ms[k];
        elements[count++] = (struct peer_element){ o->hz[k], o->kind == SC_TONE_DIAL ? 260 : on * 8 / 10,
                                                   o->kind == SC_TONE_DIAL ? 0 : on * 12 / 10 };
        if (off > 0)
            elements[count++] = (struct peer_element){ 0, off * 8 / 10, off * 12 / 10 };
    }
    void *peer = peer_tone_create(elements, count, found);
    for (size_t i = 0; i + TICK <= n; i += TICK)
        peer_tones_take(peer, x + i, TICK);
    peer_tones_destroy(peer);
    return found[0] > 0;
}

static void other(const struct other *o)
{
    const int trials = bench_quick ? 4 : TRIALS;
    double found[2] = { 0 };
    for (int i = 0; i < trials; i++) {
        struct signal s = signal_new(18 * 8000, (uint64_t)i + 501);
        const double dbm0 = -10 - 25 * signal_uniform(&s), off = 40 * signal_uniform(&s) - 20;
        size_t at = 8000 + signal_random(&s) % 800;
        for (int k = 0; k < o->bursts * o->times; k++) {
            const int b = k % o->bursts;
            signal_sine(&s, at, 8 * o->on_ms[b], o->hz[b] + off, dbm0, 6.28 * signal_uniform(&s));
            for (int sine = 1; sine < 4 && o->kind == SC_TONE_HOWLER; sine++)
                signal_sine(&s, at, 8 * o->on_ms[b], o->hz[sine] + off, dbm0, 6.28 * signal_uniform(&s));
            at += 8 * (o->on_ms[b] + o->off_ms[b]);
        }
        if (o->continuous_after)
            signal_sine(&s, at, 16000, o->hz[0] + off, dbm0, 0);
        signal_noise(&s, 0, s.length, dbm0 - (o->kind == SC_TONE_HOWLER ? 4 : 10));       /* the howler is 6 dB above one sine */
        int16_t *x = signal_samples(&s);
        found[0] += other_ours(x, s.length, o->kind);
        found[1] += with_peer && o->kind != SC_TONE_HOWLER && other_peer(x, s.length, o);
        free(x);
        signal_free(&s);
    }
    report(o->figure, BENCH_OURS, found[0], trials);
    if (with_peer && o->kind != SC_TONE_HOWLER)
        report(o->figure, BENCH_SPANDSP, found[1], trials);
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    if (first < count)
        speech_name = words[first];
    with_peer = peer_open();
    rows();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        other(&others[i]);
    fax("fax_calling_snr_10", false);
    fax("fax_answer_snr_10", true);
    return 0;
}

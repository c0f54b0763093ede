/* bench_talkoff: what the detectors make of speech and music, beside libspandsp's DTMF receiver. Every event is false.
 *
 *     bench_talkoff [--json] [--quick] FILE...   or - for a list of files on standard input
 *
 * Raw files: 8000 samples a second, 16 bit, little endian, one voice (sox in.wav -t raw -r 8000 -c 1 -b 16 -e signed -).
 * Each is heard at five speeds (0.85, 0.92, 1, 1.08, 1.18; --quick: 1): other voices. Each false event is told on standard
 * error, the sums and the hours at the end. libspandsp's DTMF and tone receivers hear the same, the latter asked for busy
 * and congestion of 425 Hz at +-20 %, as ours is.
 *
 * Debian has such sound: asterisk-core-sounds-{en,es,fr,it,ru}-wav, asterisk-moh-opsound-wav, klettres-data,
 * ktuberling-data (used for tuning), wesnoth-1.16-music, espeak-ng (kept apart from tuning). */
#include "callerid_modem.h"
#include "cas_receiver.h"
#include "dtmf_receiver.h"
#include "report.h"
#include "spandsp_peer.h"
#include "tone_receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK 80u
#define KINDS (SC_TONE_HOWLER + 1)

struct ears {
    struct sc_dtmf_receiver *dtmf;
    struct sc_tone_receiver *tones;
    struct sc_callerid_modem *callerid;
    struct sc_cas_receiver *alert;
    void *peer_dtmf, *peer_tones;     /* NULL: no peer */
    unsigned peer_found[4];
};

struct tally {
    double hours;
    unsigned digits, mutes, messages, alerts, tones[KINDS];
    unsigned peer_digits, peer_busy, peer_congestion;
};

static struct sc_tone_receiver_settings russian(void)
{
    static const struct { enum sc_tone_kind kind; uint32_t on, off; } plan[6] = {
        { SC_TONE_DIAL, 0, 0 }, { SC_TONE_RINGBACK, 1000, 4000 }, { SC_TONE_BUSY, 350, 350 }, { SC_TONE_BUSY, 400, 400 },
        { SC_TONE_CONGESTION, 175, 175 }, { SC_TONE_STUTTER_DIAL, 100, 100 },
    };
    struct sc_tone_receiver_settings s = { .descriptor_count = 8 };
    for (int i = 0; i < 6; i++) {
        s.descriptors[i].kind = plan[i].kind;
        s.descriptors[i].frequency_count = 1;
        s.descriptors[i].frequency_hz[0] = 425.0f;
        s.descriptors[i].pair_count = plan[i].on > 0 ? 1 : 0;
        s.descriptors[i].pairs[0] = (struct sc_tone_pair){ plan[i].on, plan[i].off };
    }
    s.descriptors[6] = (struct sc_tone_descriptor){
        .kind = SC_TONE_SIT, .frequency_count = 3, .frequency_hz = { 950, 1400, 1800 }, .sequence = true,
        .pair_count = 3, .pairs = { { 330, 0 }, { 330, 0 }, { 330, 1000 } },
    };
    s.descriptors[7] = (struct sc_tone_descriptor){
        .kind = SC_TONE_HOWLER, .frequency_count = 4, .frequency_hz = { 1400, 2060, 2450, 2600 }, .pair_count = 1,
        .pairs = { { 100, 100 } },
    };
    return s;
}

static void open_ears(struct ears *e, bool with_peer)
{
    memset(e, 0, sizeof *e);
    struct sc_tone_receiver_settings plan = russian();
    if (sc_dtmf_receiver_create(&e->dtmf, NULL) != 0 || sc_tone_receiver_create(&e->tones, &plan) != 0 ||
        sc_callerid_modem_create(&e->callerid, NULL) != 0 || sc_cas_receiver_create(&e->alert) != 0)
        exit(1);
    if (with_peer) {
        e->peer_dtmf = peer_dtmf_create(false);
        e->peer_tones = peer_tones_create(e->peer_found);
    }
}

static void close_ears(struct ears *e)
{
    sc_dtmf_receiver_destroy(e->dtmf);
    sc_tone_receiver_destroy(e->tones);
    sc_callerid_modem_destroy(e->callerid);
    sc_cas_receiver_destroy(e->alert);
    if (e->peer_dtmf != NULL) {
        peer_dtmf_destroy(e->peer_dtmf);
        peer_tones_destroy(e->peer_tones);
    }
}

static void hear_tick(struct ears *e, const int16_t *x, struct tally *t, const char *where, double seconds)
{
    static const char *const kinds[KINDS] = { "", "dial", "stutter", "ringback", "busy", "congestion", "sit", "howler" };
    struct sc_dtmf_event digit;
    struct sc_tone_event tone;
    struct sc_callerid_message message;
    struct sc_cas_alert alert;
    int muted = sc_dtmf_receiver_tone_present(e->dtmf);
    sc_dtmf_receiver_process(e->dtmf, x, TICK);
    sc_tone_receiver_process(e->tones, x, TICK);
    sc_callerid_modem_process(e->callerid, x, TICK);
    sc_cas_receiver_process(e->alert, x, TICK);
    t->mutes += !muted && sc_dtmf_receiver_tone_present(e->dtmf);
    while (sc_dtmf_receiver_next(e->dtmf, &digit))
        if (digit.type == SC_DTMF_END) {
            t->digits++;
            fprintf(stderr, "%s %.2f s: digit %c, %u ms\n", where, seconds, digit.digit, digit.duration_samples / 8);
        }
    while (sc_tone_receiver_next(e->tones, &tone))
        if (tone.type == SC_TONE_ON) {
            t->tones[tone.kind]++;
            if (tone.kind != SC_TONE_DIAL)
                fprintf(stderr, "%s %.2f s: %s\n", where, seconds, kinds[tone.kind]);
        }
    while (sc_callerid_modem_next(e->callerid, &message)) {
        t->messages++;
        fprintf(stderr, "%s %.2f s: caller identity\n", where, seconds);
    }
    while (sc_cas_receiver_next(e->alert, &alert)) {
        t->alerts++;
        fprintf(stderr, "%s %.2f s: alert of call waiting, %u ms\n", where, seconds, alert.duration_ms);
    }
}

static void hear_peer(struct ears *e, const int16_t *x, struct tally *t)
{
    char digits[32];
    if (e->peer_dtmf == NULL)
        return;
    memset(e->peer_found, 0, sizeof e->peer_found);
    peer_dtmf_take(e->peer_dtmf, x, TICK);
    peer_tones_take(e->peer_tones, x, TICK);
    t->peer_digits += (unsigned)peer_dtmf_digits(e->peer_dtmf, digits, 31);
    t->peer_busy += e->peer_found[0] + e->peer_found[1];
    t->peer_congestion += e->peer_found[2];
}

static void hear_at_speed(const int16_t *x, size_t n, double speed, struct tally *t, const char *name, bool with_peer)
{
    struct ears e;
    char where[256];
    int16_t tick[TICK];
    snprintf(where, sizeof where, "%s x%.2f", name, speed);
    open_ears(&e, with_peer);
    size_t length = (size_t)((double)(n - 1) / speed);
    for (size_t at = 0; at + TICK < length; at += TICK) {
        for (size_t i = 0; i < TICK; i++) {
            double place = (double)(at + i) * speed;
            size_t whole = (size_t)place;
            double part = place - (double)whole;
            tick[i] = (int16_t)((double)x[whole] * (1.0 - part) + (double)x[whole + 1] * part);
        }
        hear_tick(&e, tick, t, where, (double)at / 8000.0);
        hear_peer(&e, tick, t);
    }
    t->hours += (double)length / 8000.0 / 3600.0;
    close_ears(&e);
}

static int hear_file(const char *name, struct tally *t, bool with_peer)
{
    static const double speeds[5] = { 1.0, 0.85, 0.92, 1.08, 1.18 };
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || ftell(file) < 1000) {
        fprintf(stderr, "%s: cannot be read, or holds no sound\n", name);
        if (file != NULL)
            fclose(file);
        return 1;
    }
    size_t n = (size_t)ftell(file) / 2;
    int16_t *x = malloc(n * sizeof *x);
    rewind(file);
    int bad = x == NULL || fread(x, sizeof *x, n, file) != n;
    for (int i = 0; i < (bench_quick ? 1 : 5) && !bad; i++)
        hear_at_speed(x, n, speeds[i], t, name, with_peer);
    fclose(file);
    free(x);
    return bad;
}

static void tell(const struct tally *t, bool with_peer)
{
    report("talkoff_hours", BENCH_OURS, t->hours, 0);
    report("talkoff_digits", BENCH_OURS, t->digits, 0);
    report("talkoff_mutes_per_hour", BENCH_OURS, t->mutes / t->hours, 0);
    report("talkoff_callerid", BENCH_OURS, t->messages, 0);
    report("talkoff_alerts", BENCH_OURS, t->alerts, 0);
    report("talkoff_busy", BENCH_OURS, t->tones[SC_TONE_BUSY], 0);
    report("talkoff_congestion", BENCH_OURS, t->tones[SC_TONE_CONGESTION], 0);
    report("talkoff_ringback", BENCH_OURS, t->tones[SC_TONE_RINGBACK], 0);
    report("talkoff_sit", BENCH_OURS, t->tones[SC_TONE_SIT], 0);
    report("talkoff_howler", BENCH_OURS, t->tones[SC_TONE_HOWLER], 0);
    report("talkoff_stutter", BENCH_OURS, t->tones[SC_TONE_STUTTER_DIAL], 0);
    report("talkoff_dial_armed_always", BENCH_OURS, t->tones[SC_TONE_DIAL], 0);
    if (!with_peer)
        return;
    report("talkoff_digits", BENCH_SPANDSP, t->peer_digits, 0);
    report("talkoff_busy", BENCH_SPANDSP, t->peer_busy, 0);
    report("talkoff_congestion", BENCH_SPANDSP, t->peer_congestion, 0);
}

/* The files come as words, or with - one a line on standard input. */
static bool hear_listed(struct tally *t, bool with_peer)
{
    char name[1024];
    bool bad = false;
    while (fgets(name, sizeof name, stdin) != NULL) {
        name[strcspn(name, "\n")] = 0;
        bad |= hear_file(name, t, with_peer) != 0;
    }
    return bad;
}

int main(int count, char **words)
{
    struct tally t = { 0 };
    const int first = bench_options(count, words);
    const bool with_peer = peer_open();
    bool bad = false;
    if (first >= count)
        fprintf(stderr, "bench_talkoff: no files of speech or music given, nothing measured\n");
    for (int i = first; i < count; i++)
        bad |= strcmp(words[i], "-") == 0 ? hear_listed(&t, with_peer) : hear_file(words[i], &t, with_peer) != 0;
    if (t.hours > 0.0)
        tell(&t, with_peer);
    return bad;
}

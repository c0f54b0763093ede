/* bench_machines: the answer tone that keeps NLP and canceller out of a call between machines, beside libspandsp's
 * modem_connect_tones, and how a canceller gets over an xrun, beside libspeexdsp's.
 *
 *     bench_machines [--json] [--quick] [FILE...]      or - for a list of files on standard input
 *
 * Tone: 2100 Hz within 21 Hz, -31..0 dBm0, clean and in noise 20 and 10 dB below, plain and as V.8's ANSam; turned over every
 * 425..475 ms by 155..205 degrees (G.168 7: found within a second), by up to 110 degrees (not one), or never.
 * Files: raw recordings, 8000 samples a second, 16 bit, at five speeds (--quick: one); everything found in them is false.
 * Xrun: the composite source signal of G.168 on eight hybrids at ERL 8..20 dB, line noise -56 dBm0; some way through rin and sin
 * jump together by 25..400 ms. A case is met when 200..550 ms after the jump the echo is taken away to within 3 dB as before. */
#include "answer_tone.h"
#include "cancellers.h"
#include "g168.h"
#include "report.h"
#include "signal.h"
#include "spandsp_peer.h"

enum { MS = 8, SPEEDS = 5 };

/* --- the answer tone --------------------------------------------------------------------------------------------- */

struct tone {
    double hz, dbm0, turn, period_ms, depth, snr_db;
};

struct told {
    bool tone, reversals;
};

static bool with_peer;

static void make_tone(struct signal *s, struct tone t)
{
    double turned = 0, next = t.period_ms > 0 ? t.period_ms * MS : 1e18;
    if (t.snr_db > 0)
        signal_noise(s, 0, s->length, t.dbm0 - t.snr_db);
    for (size_t i = 0; i < s->length; i++) {
        if ((double)i >= next) {
            turned += t.turn * SIGNAL_PI / 180;
            next += t.period_ms * MS;
        }
        const double swing = 1 + t.depth * sin(2 * SIGNAL_PI * 15 * (double)i / 8000);
        s->x[i] += swing * signal_amplitude(t.dbm0) * sin(2 * SIGNAL_PI * t.hz * (double)i / 8000 + turned);
    }
}

static struct told ask_ours(const int16_t *x, size_t n)
{
    struct sc_answer_tone ear;
    struct told told = { false, false };
    sc_answer_tone_init(&ear);
    for (size_t at = 0; at + TICK <= n; at += TICK) {
        sc_answer_tone_process(&ear, x + at, TICK);
        told.tone |= ear.tone;
        told.reversals |= ear.reversing;
    }
    return told;
}

static struct told ask_peer(const int16_t *x, size_t n)
{
    unsigned tones = 0, reversals = 0;
    void *fax = peer_fax_create(true, &tones), *turns = peer_reversals_create(&reversals);
    for (size_t at = 0; at + TICK <= n; at += TICK) {
        peer_fax_take(fax, x + at, TICK);
        peer_fax_take(turns, x + at, TICK);
    }
    peer_fax_destroy(fax);
    peer_fax_destroy(turns);
    return (struct told){ tones > 0, reversals > 0 };
}

struct tally {
    unsigned tried, ours, peer;
};

/* Reversals (or else the tone) within `seconds`. */
static void hear_tone(struct tally *tally, struct tone t, double seconds, bool reversals, uint64_t seed)
{
    struct signal s = signal_new((size_t)(seconds * 8000), seed);
    make_tone(&s, t);
    int16_t *x = signal_samples(&s);
    const struct told ours = ask_ours(x, s.length), peer = with_peer ? ask_peer(x, s.length) : (struct told){ 0 };
    tally->tried++;
    tally->ours += reversals ? ours.reversals : ours.tone;
    tally->peer += reversals ? peer.reversals : peer.tone;
    free(x);
    signal_free(&s);
}

static void tell_tally(const char *figure, const struct tally *tally)
{
    report(figure, BENCH_OURS, tally->ours, tally->tried);
    if (with_peer)
        report(figure, BENCH_SPANDSP, tally->peer, tally->tried);
}

static void bench_tones(void)
{
    static const double hz[] = { 2079, 2091, 2100, 2113, 2121 }, dbm0[] = { -31, -22, -12, 0 }, snr[] = { 0, 20, 10 };
    static const double turns[] = { 155, 173, 180, 205 }, periods[] = { 425, 450, 475 }, little[] = { 40, 75, 110, -110 };
    struct tally reversals = { 0 }, later = { 0 }, plain = { 0 }, none = { 0 };
    uint64_t seed = 700;
    for (size_t h = 0; h < 5; h++)
        for (size_t l = 0; l < 4; l++)
            for (size_t s = 0; s < 3; s++)
                for (size_t k = 0; k < (bench_quick ? 1 : 4); k++, seed++) {
                    struct tone t = { hz[h], dbm0[l], turns[(k + h) % 4], periods[(k + l) % 3], k % 2 ? 0.2 : 0, snr[s] };
                    hear_tone(&reversals, t, 1.0, true, seed);
                    hear_tone(&later, t, 3.0, true, seed);
                    t.turn = little[(k + h + l) % 4];
                    hear_tone(&none, t, 4.0, true, seed);
                    t.period_ms = 0;
                    hear_tone(&plain, t, 1.0, false, seed);
                }
    tell_tally("answer_reversals_in_1_s", &reversals);
    tell_tally("answer_reversals_in_3_s", &later);
    tell_tally("answer_tone_found", &plain);
    tell_tally("answer_little_turns_taken", &none);
}

/* --- recordings -------------------------------------------------------------------------------------------------- */

struct falses {
    double hours;
    unsigned tones, reversals, peer_tones, peer_reversals;
};

static void hear_at_speed(const int16_t *x, size_t n, double speed, struct falses *f)
{
    struct sc_answer_tone ear;
    unsigned tones = 0, reversals = 0;
    void *fax = with_peer ? peer_fax_create(true, &tones) : NULL;
    void *turns = with_peer ? peer_reversals_create(&reversals) : NULL;
    const size_t length = (size_t)((double)(n - 1) / speed);
    int16_t tick[TICK];
    sc_answer_tone_init(&ear);
    for (size_t at = 0; at + TICK < length; at += TICK) {
        const bool tone = ear.tone, reversing = ear.reversing;
        for (size_t i = 0; i < TICK; i++) {
            const double place = (double)(at + i) * speed, part = place - floor(place);
            const size_t whole = (size_t)place;
            tick[i] = (int16_t)((double)x[whole] * (1 - part) + (double)x[whole + 1] * part);
        }
        sc_answer_tone_process(&ear, tick, TICK);
        f->tones += !tone && ear.tone;
        f->reversals += !reversing && ear.reversing;
        if (with_peer) {
            peer_fax_take(fax, tick, TICK);
            peer_fax_take(turns, tick, TICK);
        }
    }
    f->peer_tones += tones;
    f->peer_reversals += reversals;
    f->hours += (double)length / 8000 / 3600;
    if (with_peer) {
        peer_fax_destroy(fax);
        peer_fax_destroy(turns);
    }
}

static bool hear_file(const char *name, struct falses *f)
{
    static const double speeds[SPEEDS] = { 1.0, 0.85, 0.92, 1.08, 1.18 };
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || ftell(file) < 1000) {
        fprintf(stderr, "%s: cannot be read, or holds no sound\n", name);
        if (file != NULL)
            fclose(file);
        return false;
    }
    const size_t n = (size_t)ftell(file) / 2;
    int16_t *x = malloc(n * sizeof *x);
    rewind(file);
    const bool good = x != NULL && fread(x, sizeof *x, n, file) == n;
    for (int i = 0; i < (bench_quick ? 1 : SPEEDS) && good; i++)
        hear_at_speed(x, n, speeds[i], f);
    fclose(file);
    free(x);
    return good;
}

static bool bench_recordings(int count, char **words)
{
    struct falses f = { 0 };
    char name[1024];
    bool good = true;
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "-") != 0) {
            good &= hear_file(words[i], &f);
        } else {
            while (fgets(name, sizeof name, stdin) != NULL) {
                name[strcspn(name, "\n")] = 0;
                good &= hear_file(name, &f);
            }
        }
    if (f.hours <= 0)
        return good;
    report("answer_false_hours", BENCH_OURS, f.hours, 0);
    report("answer_false_tones_per_hour", BENCH_OURS, f.tones / f.hours, 0);
    report("answer_false_reversals", BENCH_OURS, f.reversals, 0);
    if (with_peer) {
        report("answer_false_tones_per_hour", BENCH_SPANDSP, f.peer_tones / f.hours, 0);
        report("answer_false_reversals", BENCH_SPANDSP, f.peer_reversals, 0);
    }
    return good;
}

/* --- an xrun ----------------------------------------------------------------------------------------------------- */

enum { CASES = 24, JUMP_AT = 9 * SECOND, AFTER = 4400 /* 550 ms */, SPAN = 1024 };

struct energies {
    double in, out;
};

static double erle_db(const struct energies *e)
{
    return 10 * log10((e->in + 1) / (e->out + 1));
}

/* How much less of the echo is taken away 200..550 ms after the jump than in the seconds before it. */
static double lost_by_jump(struct peer *peer, int c)
{
    static struct g168_path path;
    static int16_t played[JUMP_AT + 8 * SECOND];
    struct energies before = { 0 }, after = { 0 };
    uint32_t noise = 4711u + 13u * (uint32_t)c;
    const size_t delay = (size_t)(77 + c * 23), jump = (size_t)(200 + c * 130) / TICK * TICK;
    memset(&path, 0, sizeof path);
    g168_path_set(&path, c % 8 + 1, 8 + c % 5 * 3, delay);
    if (!peer->open(peer, SPAN, (int32_t)delay))
        return NAN;
    for (size_t t = 0; t < JUMP_AT + jump + AFTER; t += TICK) {
        int16_t sin_[TICK], sout[TICK];
        for (size_t i = 0; i < TICK; i++) {
            noise = noise * 1664525u + 1013904223u;
            const double hiss = (double)(int32_t)noise / 2147483648.0 * sqrt(3.0) * g168_rms(-56);
            played[t + i] = g168_sample(g168_css(t + i + 311u * (unsigned)c) * g168_rms(-16));
            sin_[i] = g168_sample(g168_path_run(&path, played[t + i]) + hiss);
        }
        if (t >= JUMP_AT && t < JUMP_AT + jump)
            continue; /* lost on both sides */
        if (t == JUMP_AT + jump && strcmp(peer->name, "ours") == 0)
            sc_echo_canceller_realign(peer->state, played + t - SPAN, SPAN);
        peer->run(peer, played + t, sin_, sout);
        struct energies *e = t < JUMP_AT ? &before : &after;
        const bool counts = t < JUMP_AT ? t >= JUMP_AT - 8 * (G168_VOICED + G168_NOISE + G168_PAUSE)
                                        : t >= JUMP_AT + jump + 200 * MS;
        for (size_t i = 0; i < TICK && counts; i++) {
            e->in += (double)sin_[i] * sin_[i];
            e->out += (double)sout[i] * sout[i];
        }
    }
    peer->close(peer);
    return erle_db(&before) - erle_db(&after);
}

static void bench_jump(void)
{
    for (size_t p = 0; p < n_peers; p++) {
        const bool ours = strcmp(peers[p].name, "ours") == 0;
        double worst = -99, met = 0;
        if (!ours && strcmp(peers[p].name, "libspeexdsp") != 0)
            continue;
        for (int c = 0; c < CASES; c++) {
            const double lost = lost_by_jump(&peers[p], c);
            met += lost <= 3;
            worst = fmax(worst, lost);
        }
        report("ec_after_xrun", ours ? BENCH_OURS : BENCH_SPEEX, met, CASES);
        report("ec_after_xrun_worst_lost_db", ours ? BENCH_OURS : BENCH_SPEEX, worst, 0);
    }
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    with_peer = peer_open();
    find_peers();
    if (first < count)
        return bench_recordings(count - first, words + first) ? 0 : 1;
    bench_tones();
    bench_jump();
    return 0;
}

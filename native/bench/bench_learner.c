/* bench_learner: what is learned of a line's tones from how its calls end; nobody else does, so there is no peer.
 *
 *     bench_learner [--json] [--quick] [SOUND.raw ...]
 *
 * Forty exchanges are drawn: a busy tone of one of eight countries, each frequency up to 35 Hz and each length up to 15 % off,
 * -10 .. -35 dBm0, noise 15 .. 40 dB below; every second one also sends congestion (half the lengths). Six calls of each
 * end: five with a tone that has sounded for 3 .. 7 s and is cut anywhere, after somebody has spoken; one without. As many
 * exchanges send nothing: all their endings are speech, music (SOUND.raw, 8 kHz, 16 bit; else a synthetic voice), noise.
 * Right is: the kind, each frequency within 3 Hz, both lengths within 3 %. */
#include "report.h"
#include "signal.h"
#include "tone_learner.h"

#include <stdlib.h>

#define EXCHANGES 40
#define CALLS 6
#define SILENT_CALLS 8
#define SECONDS 10
#define BELIEVED 0.5
#define RIGHT_HZ 3.0
#define RIGHT_PART 0.03
#define BINS 3

struct truth {
    int sines;
    double hz[2], on_ms, off_ms;
    bool fast;
};

struct result {
    double taught, right, wrong, worst_hz, worst_percent, nothing;
    double said[BINS], were[BINS], entries[BINS];     /* by confidence: up to 0.5, 0.8, 1 */
};

static char **sounds;
static int sound_count;

static double between(struct signal *s, double low, double high)
{
    return low + (high - low) * signal_uniform(s);
}

/* Somebody speaks or plays at about that level. */
static void sound(struct signal *s, size_t from, size_t length, double dbm0)
{
    FILE *file = sound_count > 0 ? fopen(sounds[signal_random(s) % (uint32_t)sound_count], "rb") : NULL;
    int16_t *x = calloc(length, sizeof *x);
    double power = 1;
    if (file == NULL || x == NULL || fseek(file, 0, SEEK_END) != 0 || ftell(file) < (long)(4 * length)) {
        signal_voice(s, from, length, dbm0);
    } else {
        const long most = ftell(file) / 2 - (long)length;
        (void)fseek(file, 2 * (long)(signal_uniform(s) * (double)most), SEEK_SET);
        const size_t n = fread(x, sizeof *x, length, file);
        for (size_t i = 0; i < n; i++)
            power += (double)x[i] * x[i] / (double)n;
        for (size_t i = 0; i < n && from + i < s->length; i++)
            s->x[from + i] += x[i] * signal_amplitude(dbm0) / sqrt(2 * power);
    }
    if (file != NULL)
        fclose(file);
    free(x);
}

static void draw(struct signal *s, struct truth *busy, struct truth *congestion)
{
    static const struct truth countries[8] = {
        { 1, { 425, 0 }, 400, 400, false }, { 1, { 425, 0 }, 350, 350, false },
        { 1, { 425, 0 }, 500, 500, false }, { 1, { 400, 0 }, 375, 375, false },
        { 2, { 480, 620 }, 500, 500, false }, { 1, { 450, 0 }, 350, 350, false },
        { 1, { 400, 0 }, 500, 500, false }, { 1, { 440, 0 }, 300, 500, false },
    };
    *busy = countries[signal_random(s) % 8];
    const double off = between(s, -35, 35);
    busy->hz[0] += off;
    busy->hz[1] += busy->sines > 1 ? off : 0;
    *congestion = *busy;
    congestion->fast = true;
    busy->on_ms *= between(s, 0.85, 1.15);
    busy->off_ms *= between(s, 0.85, 1.15);
    congestion->on_ms *= 0.5 * between(s, 0.85, 1.05);
    congestion->off_ms *= 0.5 * between(s, 0.85, 1.05);
}

static void learn_ending(struct sc_tone_learner *learner, struct signal *s)
{
    struct sc_tone_ending ending;
    int16_t *x = signal_samples(s);
    if (sc_tone_ending_measure(&ending, x, s->length, false) != 0)
        abort();
    sc_tone_learner_add(learner, &ending);
    free(x);
}

static void end_call(struct sc_tone_learner *learner, const struct truth *t, double dbm0, double snr_db, uint64_t seed)
{
    struct signal s = signal_new(SECONDS * 8000, seed);
    const size_t begins = s.length - (size_t)(between(&s, 3, 7) * 8000);
    signal_noise(&s, 0, s.length, dbm0 - snr_db);
    if (t == NULL) {
        sound(&s, 0, s.length - (size_t)(between(&s, 0, 3) * 8000), between(&s, -30, -12));
    } else {
        sound(&s, 0, begins - 4000, between(&s, -30, -12));
        for (double at = (double)begins; at < (double)s.length; at += 8 * (t->on_ms + t->off_ms))
            for (int k = 0; k < t->sines; k++)
                signal_sine(&s, (size_t)at, (size_t)(8 * t->on_ms), t->hz[k], dbm0 - (t->sines > 1 ? 3 : 0), 6.28 * k);
    }
    learn_ending(learner, &s);
    signal_free(&s);
}

static bool is_right(const struct truth *t, const struct sc_tone_learned *l, struct result *r)
{
    double hz = 0;
    for (int k = 0; k < t->sines; k++)
        hz = fmax(hz, fabs(t->hz[k] - (double)l->frequency_hz[k]));
    const double part = fmax(fabs((double)l->on_ms / t->on_ms - 1), fabs((double)l->off_ms / t->off_ms - 1));
    if (l->frequency_count != (uint32_t)t->sines || hz > 10 || part > 0.1)
        return false;
    r->worst_hz = fmax(r->worst_hz, hz);
    r->worst_percent = fmax(r->worst_percent, 100 * part);
    return hz <= RIGHT_HZ && part <= RIGHT_PART && l->fast == t->fast;
}

static void judge(const struct sc_tone_learner *learner, const struct truth *truths, int count, struct result *r)
{
    struct sc_tone_learned l;
    bool known[2] = { false, false };
    for (uint32_t i = 0; sc_tone_learner_learned(learner, i, &l); i++) {
        bool right = false;
        for (int k = 0; k < count; k++)
            if (is_right(&truths[k], &l, r)) {
                right = true;
                known[k] |= (double)l.confidence >= BELIEVED;
            }
        const int bin = l.confidence < 0.5f ? 0 : l.confidence < 0.8f ? 1 : 2;
        r->said[bin] += (double)l.confidence;
        r->were[bin] += right;
        r->entries[bin]++;
        r->wrong += !right && (double)l.confidence >= BELIEVED;
        r->nothing += count == 0;
    }
    for (int k = 0; k < count; k++)
        r->right += known[k];
    r->taught += count;
}

static void tell(const struct result *r, int exchanges)
{
    static const char *const bins[BINS] = { "to_50", "to_80", "to_100" };
    char name[64];
    report("learned_right", BENCH_OURS, r->right, r->taught);
    report("learned_worst_hz", BENCH_OURS, r->worst_hz, 0);
    report("learned_worst_percent", BENCH_OURS, r->worst_percent, 0);
    report("learned_wrong", BENCH_OURS, r->wrong, 0);
    report("learned_from_nothing_however_unsure", BENCH_OURS, r->nothing, exchanges * SILENT_CALLS);
    double most = 0;
    for (int b = 0; b < BINS; b++) {
        if (r->entries[b] < 1)
            continue;
        snprintf(name, sizeof name, "learned_confidence_%s_right", bins[b]);
        report(name, BENCH_OURS, r->were[b], r->entries[b]);
        most = fmax(most, (r->said[b] - r->were[b]) / r->entries[b]);
    }
    report("learned_overconfidence", BENCH_OURS, most, 0);
}

int main(int count, char **words)
{
    const int first = bench_options(count, words), exchanges = bench_quick ? 8 : EXCHANGES;
    struct result r = { 0 };
    struct sc_tone_learner *learner = NULL;
    sounds = words + first;
    sound_count = count - first;
    if (sc_tone_learner_create(&learner) != 0)
        abort();
    for (int i = 0; i < 2 * exchanges; i++) {
        struct truth truths[2];
        struct signal s = signal_new(1, (uint64_t)i + 7001);
        const bool silent = i >= exchanges;
        draw(&s, &truths[0], &truths[1]);
        const int kinds = silent ? 0 : 1 + i % 2;
        for (int call = 0; call < (silent ? SILENT_CALLS : CALLS); call++)
            end_call(learner, silent || call == 2 ? NULL : &truths[call % (kinds > 0 ? kinds : 1)], between(&s, -35, -10), between(&s, 15, 40),
                     (uint64_t)(i * 100 + call + 50001));
        judge(learner, truths, kinds, &r);
        sc_tone_learner_reset(learner);
        signal_free(&s);
    }
    sc_tone_learner_destroy(learner);
    tell(&r, exchanges);
    return 0;
}

/* bench_path: what the rest of the audio path does to a signal: drift resampler, 48 <-> 8 kHz, concealment.
 *
 *     bench_path [--json] [--quick] [SPEECH.raw]
 *
 * Drift: a writer whose clock is 300 ppm off, either way, for an hour: slips, added delay; SNR of a 1 kHz tone against the
 * best-fitting sine. 48 -> 8 kHz: tones above the band through libspeexdsp at the card's quality, as alsa_port.c uses it.
 * Concealment: speech (SPEECH.raw, otherwise a synthetic voice) in packets of 20 ms, lost at random, beside libspandsp's:
 *   lsd_db   log-spectral distance of what was concealed from what was lost, rms over bands and packets (32 ms Hann
 *            windows round the packet, 300..3400 Hz, floor -55 dBm0);
 *   clicks   edges of a gap at which the second difference is more than 4 times (and 600 steps) over the loudest that the
 *            original has within 20 ms. */
#include "asrc.h"
#include "concealment.h"
#include "report.h"
#include "signal.h"
#include "spandsp_peer.h"

#ifdef SC_HAVE_ALSA
#include <speex/speex_resampler.h>
#endif

enum { TICK = 80, PACKET = 160, WINDOW = 256, CARD_QUALITY = 3 };

/* --- drift --- */

struct writer {
    double ppm, due;
    uint64_t sent;
};

static size_t written(struct writer *w, double hz, int16_t *block)
{
    size_t n = 0;
    for (w->due += TICK * (1 + w->ppm * 1e-6); (double)w->sent + 1 <= w->due; w->sent++)
        block[n++] = (int16_t)lrint(16000 * sin(2 * SIGNAL_PI * hz / 8000 * (double)w->sent));
    return n;
}

/* The best-fitting sine against the rest. */
static double fit_db(const int16_t *x, size_t n, double hz)
{
    double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0, xx = 0;
    for (size_t i = 0; i < n; i++) {
        const double c = cos(2 * SIGNAL_PI * hz / 8000 * (double)i), s = sin(2 * SIGNAL_PI * hz / 8000 * (double)i);
        cc += c * c, ss += s * s, cs += c * s;
        xc += x[i] * c, xs += x[i] * s, xx += (double)x[i] * x[i];
    }
    const double det = cc * ss - cs * cs, a = (xc * ss - xs * cs) / det, b = (xs * cc - xc * cs) / det;
    const double explained = a * xc + b * xs;
    return 10 * log10(explained / fmax(xx - explained, 1e-9));
}

static double tone_snr_db(const int16_t *x, size_t n, double hz)
{
    double best = -100, at = hz;
    for (double step = hz * 1e-4; step > hz * 1e-8; step /= 4) {
        const double centre = at;
        for (int k = -12; k <= 12; k++) {
            const double snr = fit_db(x, n, centre + k * step);
            if (snr > best)
                best = snr, at = centre + k * step;
        }
    }
    return best;
}

/* The most that a sample waits longer than if each tick's block were handed over at once, filter included: the input is
 * a ramp, so that every sample that comes out tells its number. */
static double drift_delay_ms(double ppm)
{
    enum { PERIOD = 6000, STEP = 10 };
    struct writer w = { .ppm = ppm };
    struct sc_asrc *asrc = NULL;
    int16_t in[2 * TICK], out[TICK];
    double most = 0;
    if (sc_asrc_create(&asrc, NULL) != 0)
        abort();
    for (int tick = 0; tick < 6000; tick++) {
        const uint64_t before = w.sent;
        const size_t n = written(&w, 0, in);
        for (size_t i = 0; i < n; i++)
            in[i] = (int16_t)((int)((before + i) % PERIOD) * STEP - PERIOD / 2 * STEP);
        sc_asrc_process(asrc, in, n, out, TICK);
        const double number = (out[0] + PERIOD / 2.0 * STEP) / STEP;
        const double age = fmod((double)((w.sent - TICK) % PERIOD) - number + PERIOD, PERIOD);
        if (tick > 2000 && abs(out[79] - out[0] - 79 * STEP) <= STEP)    /* not where the ramp begins anew */
            most = fmax(most, age / 8);
    }
    sc_asrc_destroy(asrc);
    return most;
}

static void bench_drift(void)
{
    static int16_t tail[4000];
    double least_snr = 1e9, most_delay = 0;
    uint32_t slips = 0;
    const int ticks = bench_quick ? 12000 : 360000;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct writer w = { .ppm = 300 * sign };
        struct sc_asrc *asrc = NULL;
        struct sc_asrc_state state;
        int16_t in[2 * TICK], out[TICK];
        if (sc_asrc_create(&asrc, NULL) != 0)
            abort();
        for (int tick = 0; tick < ticks; tick++) {
            const size_t n = written(&w, 1000, in);
            sc_asrc_process(asrc, in, n, out, TICK);
            if (tick >= ticks - 50)
                memcpy(tail + (tick - ticks + 50) * TICK, out, sizeof out);
        }
        sc_asrc_get_state(asrc, &state);
        most_delay = fmax(most_delay, drift_delay_ms(300 * sign));
        slips += state.underruns + state.overruns;
        least_snr = fmin(least_snr, tone_snr_db(tail, 4000, 1000));
        sc_asrc_destroy(asrc);
    }
    report("drift_slips", BENCH_OURS, slips, 0);
    report("drift_delay_ms", BENCH_OURS, most_delay, 0);
    report("drift_snr_db", BENCH_OURS, least_snr, 0);
}

/* --- 48 to 8 kHz --- */

static void bench_conversion(void)
{
#ifdef SC_HAVE_ALSA
    double least = 1e9;
    for (double hz = 4600; hz < 23000; hz += bench_quick ? 3000 : 200) {
        SpeexResamplerState *down = speex_resampler_init(1, 48000, 8000, CARD_QUALITY, NULL);
        double power = 0;
        for (int tick = 0; tick < 100; tick++) {
            int16_t in[480], out[TICK];
            uint32_t n_in = 480, n_out = TICK;
            for (int i = 0; i < 480; i++)
                in[i] = (int16_t)lrint(20000 * sin(2 * SIGNAL_PI * hz / 48000 * (tick * 480 + i)));
            speex_resampler_process_int(down, 0, in, &n_in, out, &n_out);
            for (uint32_t i = 0; tick >= 20 && i < n_out; i++)
                power += (double)out[i] * out[i] / (80.0 * TICK);
        }
        least = fmin(least, 10 * log10(2e8 / fmax(power, 1e-2)));
        speex_resampler_destroy(down);
    }
    report("stop_band_db", BENCH_OURS, least, 0);
#endif
}

/* --- concealment --- */

static int16_t *speech;
static size_t speech_length;

static void find_speech(const char *name)
{
    struct signal s = signal_new(bench_quick ? 80000 : 480000, 12);
    FILE *file = name != NULL ? fopen(name, "rb") : NULL;
    if (file == NULL)
        signal_voice(&s, 0, s.length, -15);
    speech = signal_samples(&s);
    speech_length = file != NULL ? fread(speech, sizeof *speech, s.length, file) : s.length;
    if (file != NULL)
        fclose(file);
    signal_free(&s);
}

/* Power in dB of 31.25 Hz bands 10 .. 108 of a Hann window round a packet. */
static void spectrum(const int16_t *x, double *db)
{
    for (int k = 10; k <= 108; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < WINDOW; i++) {
            const double w = 0.5 - 0.5 * cos(2 * SIGNAL_PI * i / WINDOW);
            re += w * x[i] * cos(2 * SIGNAL_PI * k * i / WINDOW);
            im += w * x[i] * sin(2 * SIGNAL_PI * k * i / WINDOW);
        }
        db[k] = 10 * log10(re * re + im * im + pow(signal_amplitude(-55) * WINDOW / 4, 2));
    }
}

static double distance(const int16_t *a, const int16_t *b)
{
    double da[110], db[110], sum = 0;
    spectrum(a, da);
    spectrum(b, db);
    for (int k = 10; k <= 108; k++)
        sum += pow(da[k] - db[k], 2);
    return sum / 99;
}

static double bend(const int16_t *x)
{
    return fabs((double)x[1] - 2.0 * x[0] + x[-1]);
}

static bool clicks_at(const int16_t *out, const int16_t *original)
{
    double usual = 0, here = 0;
    for (int i = -PACKET; i < PACKET; i++)
        usual = fmax(usual, bend(original + i));
    for (int i = -2; i <= 2; i++)
        here = fmax(here, bend(out + i));
    return here > 4 * usual && here > usual + 600;
}

static void run_concealment(bool ours, const bool *lost, int16_t *out)
{
    struct sc_concealment *plc = NULL;
    void *peer = ours ? NULL : peer_concealment_create();
    if (ours && sc_concealment_create(&plc, NULL) != 0)
        abort();
    memcpy(out, speech, speech_length * sizeof *out);
    for (size_t k = 0; k < speech_length / PACKET; k++) {
        int16_t *x = out + k * PACKET;
        if (lost[k])
            memset(x, 0, PACKET * sizeof *x);
        if (ours)
            sc_concealment_process(plc, lost[k] ? SC_CONCEALMENT_LOST : SC_CONCEALMENT_GOOD, x, PACKET);
        else
            peer_conceal(peer, lost[k], x, PACKET);
    }
    if (ours)
        sc_concealment_destroy(plc);
    else
        peer_concealment_destroy(peer);
}

static void judge_concealment(int percent, bool ours)
{
    const size_t count = speech_length / PACKET;
    struct signal dice = signal_new(1, (uint64_t)percent);
    bool *lost = calloc(count, sizeof *lost);
    int16_t *out = malloc(speech_length * sizeof *out);
    double sum = 0, losses = 0, clicks = 0;
    char figure[64];
    if (lost == NULL || out == NULL)
        abort();
    for (size_t k = 20; k + 4 < count; k++)
        lost[k] = signal_uniform(&dice) * 100 < percent;
    run_concealment(ours, lost, out);
    for (size_t k = 20; k + 4 < count; k++) {
        const size_t at = k * PACKET;
        if (lost[k]) {
            losses++;
            sum += distance(out + at - 48, speech + at - 48);
        }
        if (lost[k] != lost[k - 1])
            clicks += clicks_at(out + at, speech + at);
    }
    snprintf(figure, sizeof figure, "concealment_%d_percent_lsd_db", percent);
    report(figure, ours ? BENCH_OURS : BENCH_SPANDSP, sqrt(sum / fmax(losses, 1)), 0);
    snprintf(figure, sizeof figure, "concealment_%d_percent_clicks", percent);
    report(figure, ours ? BENCH_OURS : BENCH_SPANDSP, clicks, losses);
    free(lost);
    free(out);
    signal_free(&dice);
}

static void bench_concealment(const char *name)
{
    static const int percents[3] = { 1, 5, 10 };
    const bool with_peer = peer_open();
    find_speech(name);
    for (int i = 0; i < 3; i++) {
        judge_concealment(percents[i], true);
        if (with_peer)
            judge_concealment(percents[i], false);
    }
    free(speech);
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    bench_drift();
    bench_conversion();
    bench_concealment(first < count ? words[first] : NULL);
    return 0;
}

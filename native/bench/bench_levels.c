/* bench_levels: automatic gain, limiter and a conference of 8, the gain beside libspeexdsp's (its preprocessor with nothing
 * but AGC switched on, its target set once so that a talker of -16 dBm0 stays there).
 *
 *     bench_levels [--json] [--quick] [SPEECH.raw]
 *
 * A talker (SPEECH.raw, otherwise a synthetic voice) is brought to each level; level means active level: the mean power
 * of the 10 ms frames that are within 15.9 dB of it or at most 200 ms after one that is (after ITU-T P.56). Told:
 *   levels_off_db, levels_reached    how far from -16 dBm0 talkers of -36 .. -6 end, worst; how many within 3 dB;
 *   levels_moves_talking_db_s        how much the ratio of output to input, in windows of 1 s, changes from one to the next
 *                                    while somebody talks on, after 15 s to settle: worst of all levels;
 *   levels_moves_pausing_db_s        the same of the noise in a pause of 3 s, its first half second left out;
 *   levels_noise_raised_db           noise alone, -45 dBm0: how much louder it has become after 20 s;
 *   levels_noise_behind_dbm0         noise of -55 dBm0 in the pauses of a talker of -36, as it comes out;
 *   levels_clipped                   samples at full scale in the sum of 8 talkers of -6 dBm0;
 *   levels_thd_percent               what a limited sine of 100, 300, 1000 Hz, 3 to 12 dB over full scale, has that is not
 *                                    that sine, after 100 ms: worst. */
#include "automatic_gain.h"
#include "limiter.h"
#include "mixer.h"
#include "report.h"
#include "signal.h"

#include <dlfcn.h>

enum { TICK = 80, FRAME = 160, SECOND = 8000, LENGTH = 30 * SECOND, SETTLED = 15 * SECOND, TALKERS = 8,
       SPEEX_AGC = 2, SPEEX_DENOISE = 0, SPEEX_TARGET = 46 };

static void *(*speex_init)(int frame, int rate);
static void (*speex_destroy)(void *state);
static int (*speex_ctl)(void *state, int request, void *value);
static int (*speex_run)(void *state, int16_t *frame);
static int32_t speex_target = 8000;

static const double levels[] = { -36, -30, -24, -16, -10, -6 };
enum { LEVELS = sizeof levels / sizeof *levels };

static double *speech;      /* LENGTH * 2 of it: two talkers' worth at least */
static size_t speech_length;

/* --- levels --- */

static double power_of(const int16_t *x, size_t n)
{
    double sum = 1e-3;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum / (double)n;
}

static double dbm0(double power)
{
    return 10 * log10(2 * power) - 20 * log10(signal_amplitude(0));
}

static double active_power(const int16_t *x, size_t n)
{
    double level = power_of(x, n);
    for (int round = 0; round < 20; round++) {
        double sum = 0, count = 0;
        int since = 100;
        for (size_t i = 0; i + TICK <= n; i += TICK) {
            const double p = power_of(x + i, TICK);
            since = p > level * pow(10, -1.59) ? 0 : since + 1;
            if (since <= 20)
                sum += p, count++;
        }
        level = sum / fmax(count, 1);
    }
    return level;
}

static void talker(int16_t *out, size_t from, size_t n, double level_dbm0, double noise_dbm0, uint64_t seed)
{
    struct signal s = signal_new(n, seed);
    for (size_t i = 0; i < n; i++)
        s.x[i] = speech[(from + i) % speech_length];
    int16_t *x = signal_samples(&s);
    signal_scale(&s, pow(10, (level_dbm0 - dbm0(active_power(x, n))) / 20));
    signal_noise(&s, 0, n, noise_dbm0);
    free(x);
    x = signal_samples(&s);
    memcpy(out, x, n * sizeof *x);
    free(x);
    signal_free(&s);
}

/* --- the gains under test: out is as long as in and in step with it --- */

static void run_ours(int16_t *out, const int16_t *in, size_t n)
{
    struct sc_automatic_gain agc;
    struct sc_limiter limiter;
    float raised[TICK];
    sc_automatic_gain_reset(&agc);
    sc_limiter_reset(&limiter);
    for (size_t i = 0; i + TICK <= n; i += TICK) {
        sc_automatic_gain_process(&agc, raised, in + i, TICK, false);
        sc_limiter_process(&limiter, out + i, raised, TICK);
    }
}

static void run_speex(int16_t *out, const int16_t *in, size_t n)
{
    void *state = speex_init(FRAME, SECOND);
    int on = 1, off = 0;
    speex_ctl(state, SPEEX_DENOISE, &off);
    speex_ctl(state, SPEEX_AGC, &on);
    speex_ctl(state, SPEEX_TARGET, &speex_target);
    for (size_t i = 0; i + FRAME <= n; i += FRAME) {
        int16_t frame[FRAME];
        memcpy(frame, in + i, sizeof frame);
        speex_run(state, frame);
        if (i >= FRAME)     /* it is a frame late */
            memcpy(out + i - FRAME, frame, sizeof frame);
    }
    memset(out + n - FRAME, 0, FRAME * sizeof *out);
    speex_destroy(state);
}

static void run(bool ours, int16_t *out, const int16_t *in, size_t n)
{
    if (ours)
        run_ours(out, in, n);
    else
        run_speex(out, in, n);
}

/* --- judging --- */

static void calibrate_speex(void)
{
    static int16_t in[LENGTH], out[LENGTH];
    talker(in, 0, LENGTH, -16, -70, 3);
    for (int round = 0; round < 4; round++) {
        run_speex(out, in, LENGTH);
        const double off = -16 - dbm0(active_power(out + SETTLED, LENGTH - SETTLED - FRAME));
        speex_target = (int32_t)fmin(32768, fmax(1, speex_target * pow(10, off / 20)));
    }
}

static double ratio_db(const int16_t *out, const int16_t *in, size_t n)
{
    return 10 * log10(power_of(out, n) / power_of(in, n));
}

/* The most that the gain changes from one second to the next, where both have talk in them. */
static double movement(const int16_t *out, const int16_t *in, size_t from, size_t to, double least_power)
{
    double most = 0;
    for (size_t i = from; i + 2 * SECOND + FRAME <= to; i += SECOND / 4)
        if (power_of(in + i, SECOND) > least_power && power_of(in + i + SECOND, SECOND) > least_power)
            most = fmax(most, fabs(ratio_db(out + i + SECOND, in + i + SECOND, SECOND) - ratio_db(out + i, in + i, SECOND)));
    return most;
}

static void judge_levels(bool ours)
{
    static int16_t in[LENGTH], out[LENGTH];
    const char *who = ours ? BENCH_OURS : BENCH_SPEEX;
    double worst = 0, moves = 0, reached = 0;
    for (size_t k = 0; k < LEVELS; k++) {
        talker(in, k * 4 * SECOND, LENGTH, levels[k], -70, k + 1);
        run(ours, out, in, LENGTH);
        const double off = dbm0(active_power(out + SETTLED, LENGTH - SETTLED - FRAME)) + 16;
        worst = fabs(off) > fabs(worst) ? off : worst;
        reached += fabs(off) <= 3;
        moves = fmax(moves, movement(out, in, SETTLED, LENGTH, active_power(in, LENGTH) / 10));
        report_point("levels_reached_dbm0", who, levels[k], 0, off - 16);
    }
    report("levels_off_db", who, fabs(worst), 0);
    report("levels_reached", who, reached, LEVELS);
    report("levels_moves_talking_db_s", who, moves, 0);
}

/* Speech with pauses of 3 s in which there is only noise. */
static void judge_pauses(bool ours)
{
    enum { PAUSE = 3 * SECOND, CYCLE = 8 * SECOND };
    static int16_t in[4 * CYCLE], out[4 * CYCLE];
    const char *who = ours ? BENCH_OURS : BENCH_SPEEX;
    double moves = 0, behind = -120;
    for (int loud = 0; loud < 2; loud++) {
        talker(in, 0, 4 * CYCLE, loud ? -24 : -36, -120, 9);
        struct signal noise = signal_new(4 * CYCLE, 5);
        signal_noise(&noise, 0, noise.length, -55);
        for (size_t i = 0; i < 4 * CYCLE; i++)
            in[i] = (int16_t)lrint(noise.x[i] + (i % CYCLE < CYCLE - PAUSE ? in[i] : 0));
        signal_free(&noise);
        run(ours, out, in, 4 * CYCLE);
        for (size_t at = CYCLE * 2; at <= 4 * CYCLE; at += CYCLE) {
            const size_t begin = at - PAUSE + SECOND / 2, end = at - SECOND / 2;
            moves = fmax(moves, fabs(ratio_db(out + end - SECOND, in + end - SECOND, SECOND) -
                                     ratio_db(out + begin, in + begin, SECOND)));
            if (!loud)
                behind = fmax(behind, dbm0(power_of(out + begin, end - begin)));
        }
    }
    report("levels_moves_pausing_db_s", who, moves, 0);
    report("levels_noise_behind_dbm0", who, behind, 0);
}

static void judge_noise(bool ours)
{
    static int16_t in[LENGTH], out[LENGTH];
    struct signal s = signal_new(LENGTH, 77);
    signal_noise(&s, 0, LENGTH, -45);
    int16_t *x = signal_samples(&s);
    memcpy(in, x, sizeof in);
    run(ours, out, in, LENGTH);
    report("levels_noise_raised_db", ours ? BENCH_OURS : BENCH_SPEEX,
           ratio_db(out + 20 * SECOND, in + 20 * SECOND, LENGTH - 21 * SECOND), 0);
    free(x);
    signal_free(&s);
}

static void judge_conference(void)
{
    static int16_t said[TALKERS][LENGTH];
    double clipped = 0, unlimited = 0;
    struct sc_limiter limiter;
    sc_limiter_reset(&limiter);
    for (size_t k = 0; k < TALKERS; k++)
        talker(said[k], k * 7 * SECOND, LENGTH, -6, -70, k + 20);
    for (size_t i = 0; i < LENGTH; i += TICK) {
        struct sc_mixer_input inputs[TALKERS];
        float sum[TICK];
        int16_t out[TICK];
        for (size_t k = 0; k < TALKERS; k++)
            inputs[k] = (struct sc_mixer_input){ .samples = said[k] + i, .gain = 1 };
        sc_mixer_sum(sum, inputs, TALKERS, TICK);
        sc_limiter_process(&limiter, out, sum, TICK);
        for (size_t n = 0; n < TICK; n++) {
            clipped += out[n] >= 32767 || out[n] <= -32767;
            unlimited += fabsf(sum[n]) >= 32767;
        }
    }
    report("levels_clipped", BENCH_OURS, clipped, 0);
    report("levels_clipped_without_limiter", BENCH_OURS, unlimited, 0);
}

static double distortion_percent(double hz, double over_db)
{
    enum { N = SECOND };
    static double y[N];
    struct sc_limiter limiter;
    double c = 0, s = 0, all = 0;
    sc_limiter_reset(&limiter);
    for (size_t i = 0; i < 2 * N; i += TICK) {
        float in[TICK];
        int16_t out[TICK];
        for (size_t n = 0; n < TICK; n++)
            in[n] = (float)(32767 * pow(10, over_db / 20) * sin(2 * SIGNAL_PI * hz / 8000 * (double)(i + n)));
        sc_limiter_process(&limiter, out, in, TICK);
        for (size_t n = 0; n < TICK && i >= N; n++)
            y[i - N + n] = out[n];
    }
    for (size_t i = 0; i < N; i++) {    /* whole periods: the sine and the rest are orthogonal */
        c += y[i] * cos(2 * SIGNAL_PI * hz / 8000 * (double)i) * 2 / N;
        s += y[i] * sin(2 * SIGNAL_PI * hz / 8000 * (double)i) * 2 / N;
        all += y[i] * y[i] / N;
    }
    return 100 * sqrt(fmax(all - (c * c + s * s) / 2, 0) / all);
}

static void judge_limiter(void)
{
    static const double tones[] = { 100, 300, 1000 };
    double worst = 0;
    for (size_t k = 0; k < 3; k++)
        for (double over_db = 3; over_db <= 12; over_db += 3)
            worst = fmax(worst, distortion_percent(tones[k], over_db));
    report("levels_thd_percent", BENCH_OURS, worst, 0);
}

static void find_speech(const char *name)
{
    struct signal s = signal_new(60 * SECOND, 12);
    FILE *file = name != NULL ? fopen(name, "rb") : NULL;
    speech_length = s.length;
    if (file == NULL)
        signal_voice(&s, 0, s.length, -15);
    for (size_t i = 0; file != NULL && i < s.length; i++) {
        int16_t x = 0;
        if (fread(&x, sizeof x, 1, file) != 1) {
            speech_length = i > 0 ? i : s.length;
            break;
        }
        s.x[i] = x;
    }
    if (file != NULL)
        fclose(file);
    speech = s.x;
}

/* dlsym gives an object pointer: carried over as bytes. */
static bool find(void *library, const char *name, void *function)
{
    void *address = library != NULL ? dlsym(library, name) : NULL;
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

int main(int count, char **words)
{
    const int first = bench_options(count, words);
    void *library = dlopen("libspeexdsp.so.1", RTLD_NOW);
    const bool with_peer = find(library, "speex_preprocess_state_init", &speex_init) &&
                           find(library, "speex_preprocess_state_destroy", &speex_destroy) &&
                           find(library, "speex_preprocess_ctl", &speex_ctl) &&
                           find(library, "speex_preprocess_run", &speex_run);
    find_speech(first < count ? words[first] : NULL);
    if (with_peer)
        calibrate_speex();
    for (int ours = with_peer ? 0 : 1; ours < 2; ours++) {
        judge_levels(ours);
        judge_pauses(ours);
        judge_noise(ours);
    }
    judge_conference();
    judge_limiter();
    free(speech);
    return 0;
}

/* The echo canceller beside Debian's libspeexdsp and libspandsp in one run.
 *
 *   bench_canceller [--json] [--quick] [--speech FAR.wav NEAR.wav]
 *
 * Signals: the composite source signal of G.168 through A-law; eight hybrid models, ERL 6, 10, 20 dB, level -10 dBm0;
 * bulk delay 0 (span 32 ms) and 0, 30, 62, 100 ms (span 128 ms).  With --speech (8 kHz, 16 bit, mono) also the product's
 * own case: bulk delay 15..90 ms, ERL 8..20 dB, line noise -56 dBm0, no NLP: the loss in the first 2 s, at 6..10 s, and
 * in the first second after 4 s of double talk at 0 dB; a perfect canceller's reading in the same noise stands beside.
 * Cost is processor time against Speex's in the same run.  A peer that is not installed is left out.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "echo_canceller.h"
#include "g168.h"

enum { TICK = 80, SECOND = 8000, MOST_CASES = 128 };

struct peer {
    const char *name;
    bool (*open)(struct peer *peer, size_t span_samples, int32_t known_delay);
    void (*run)(struct peer *peer, const int16_t *rin, const int16_t *sin, int16_t *sout);
    void (*close)(struct peer *peer);
    void *state;
};

/* Ours. */
static bool open_ours(struct peer *peer, size_t span, int32_t delay)
{
    struct sc_echo_canceller_settings s;
    sc_echo_canceller_settings_default(&s);
    s.span_samples = span;
    s.initial_delay_samples = delay;
    s.nlp = false;
    struct sc_echo_canceller *ec = NULL;
    const bool good = sc_echo_canceller_create(&ec, &s) == 0;
    peer->state = ec;
    return good;
}

static bool open_ours_unknown(struct peer *peer, size_t span, int32_t delay)
{
    (void)delay;
    return open_ours(peer, span, SC_ECHO_DELAY_UNKNOWN);
}

static void run_ours(struct peer *peer, const int16_t *rin, const int16_t *sin, int16_t *sout)
{
    sc_echo_canceller_process(peer->state, rin, sin, sout, TICK);
}

static void close_ours(struct peer *peer)
{
    sc_echo_canceller_destroy(peer->state);
}

/* libspeexdsp: declared here so that its headers are not needed to build. */
static void *(*speex_init)(int frame, int tail);
static void (*speex_cancel)(void *state, const int16_t *rec, const int16_t *play, int16_t *out);
static void (*speex_destroy)(void *state);
static int (*speex_ctl)(void *state, int request, void *value);

static bool open_speex(struct peer *peer, size_t span, int32_t delay)
{
    int rate = SECOND;
    (void)delay;
    peer->state = speex_init(TICK, (int)span);
    speex_ctl(peer->state, 24 /* SPEEX_ECHO_SET_SAMPLING_RATE */, &rate);
    return true;
}

static void run_speex(struct peer *peer, const int16_t *rin, const int16_t *sin, int16_t *sout)
{
    speex_cancel(peer->state, sin, rin, sout);
}

static void close_speex(struct peer *peer)
{
    speex_destroy(peer->state);
}

/* libspandsp; its canceller prints on stdout, which is therefore closed while it runs. */
static void *(*spandsp_init)(int taps, int mode);
static int16_t (*spandsp_update)(void *state, int16_t tx, int16_t rx);
static int (*spandsp_free)(void *state);
static int quiet_stdout = -1;

static bool open_spandsp(struct peer *peer, size_t span, int32_t delay)
{
    (void)delay;
    peer->state = spandsp_init((int)span, 1 /* ECHO_CAN_USE_ADAPTION */);
    return peer->state != NULL;
}

static void run_spandsp(struct peer *peer, const int16_t *rin, const int16_t *sin, int16_t *sout)
{
    fflush(stdout);
    const int real = dup(1);
    dup2(quiet_stdout, 1);
    for (int i = 0; i < TICK; i++)
        sout[i] = spandsp_update(peer->state, rin[i], sin[i]);
    fflush(stdout);
    dup2(real, 1);
    close(real);
}

static void close_spandsp(struct peer *peer)
{
    spandsp_free(peer->state);
}

static struct peer peers[4];
static size_t n_peers;

/* dlsym gives an object pointer: carried over as bytes. */
static bool find(void *library, const char *name, void *function)
{
    void *address = library ? dlsym(library, name) : NULL;
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static void find_peers(void)
{
    peers[n_peers++] = (struct peer){"ours", open_ours_unknown, run_ours, close_ours, NULL};
    peers[n_peers++] = (struct peer){"ours, delay known", open_ours, run_ours, close_ours, NULL};
    void *speex = dlopen("libspeexdsp.so.1", RTLD_NOW);
    if (find(speex, "speex_echo_state_init", &speex_init) && find(speex, "speex_echo_cancellation", &speex_cancel)
        && find(speex, "speex_echo_state_destroy", &speex_destroy) && find(speex, "speex_echo_ctl", &speex_ctl))
        peers[n_peers++] = (struct peer){"libspeexdsp", open_speex, run_speex, close_speex, NULL};
    void *spandsp = dlopen("libspandsp.so.2", RTLD_NOW);
    quiet_stdout = open("/dev/null", O_WRONLY);
    if (quiet_stdout >= 0 && find(spandsp, "echo_can_init", &spandsp_init)
        && find(spandsp, "echo_can_update", &spandsp_update) && find(spandsp, "echo_can_free", &spandsp_free))
        peers[n_peers++] = (struct peer){"libspandsp", open_spandsp, run_spandsp, close_spandsp, NULL};
}

static bool json, quick;
static const char *far_name, *near_name;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double processor_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct figures {
    double seconds[MOST_CASES], steady[MOST_CASES]; /* to 20 dB; 99 when never reached */
    size_t cases, reached;
};

/* One convergence from reset on the composite source signal. */
static void converge(struct peer *peer, struct figures *f, size_t span, int model, double erl_db, size_t delay)
{
    static struct g168_path path;
    int16_t rin[TICK], sin_[TICK], sout[TICK];
    double before = 0, after = 0, steady_before = 0, steady_after = 0, reached = 99;
    const int ticks = quick ? 300 : 1000;
    memset(&path, 0, sizeof path);
    g168_path_set(&path, model, erl_db, delay);
    if (!peer->open(peer, span, (int32_t)delay))
        return;
    for (int t = 0; t < ticks; t++) {
        for (int i = 0; i < TICK; i++) {
            const uint64_t now = (uint64_t)(t * TICK + i);
            rin[i] = g168_sample(g168_alaw(g168_css(now) * g168_rms(-10)));
            sin_[i] = g168_sample(g168_alaw(g168_path_run(&path, rin[i])));
        }
        peer->run(peer, rin, sin_, sout);
        for (int i = 0; i < TICK; i++) {
            before += (double)sin_[i] * sin_[i];
            after += (double)sout[i] * sout[i];
        }
        if (t % 5 == 4) { /* windows of 50 ms in which there is an echo */
            if (reached > 98 && before > 5 * TICK * 900.0 && before > 100 * after)
                reached = 0.01 * (t + 1);
            if (t >= ticks * 7 / 10)
                steady_before += before, steady_after += after;
            before = after = 0;
        }
    }
    peer->close(peer);
    f->seconds[f->cases] = reached;
    f->steady[f->cases++] = 10 * log10((steady_before + 1) / (steady_after + 1));
    f->reached += reached < 98;
}

static void print_convergence(const char *name, int span_ms, struct figures *f)
{
    qsort(f->seconds, f->cases, sizeof f->seconds[0], by_value);
    qsort(f->steady, f->cases, sizeof f->steady[0], by_value);
    const double median = f->seconds[f->cases / 2], worst = f->seconds[f->cases - 1];
    if (json)
        printf("{\"figure\": \"convergence\", \"canceller\": \"%s\", \"span_ms\": %d, \"median_s\": %.2f, "
               "\"worst_s\": %.2f, \"reached\": %zu, \"cases\": %zu, \"steady_median_db\": %.1f, "
               "\"steady_worst_db\": %.1f}\n", name, span_ms, median, worst, f->reached, f->cases,
               f->steady[f->cases / 2], f->steady[0]);
    else
        printf("%-20s span %3d ms: to 20 dB median %5.2f s, worst %5.2f s, reached %zu/%zu; steady median %5.1f dB, "
               "worst %5.1f dB\n", name, span_ms, median, worst, f->reached, f->cases, f->steady[f->cases / 2],
               f->steady[0]);
}

static void bench_convergence(void)
{
    static const double erls[] = {6, 10, 20};
    static const size_t delays[] = {0, 240, 496, 800};
    for (size_t p = 0; p < n_peers; p++) {
        static struct figures f[2];
        memset(f, 0, sizeof f);
        for (int model = 1; model <= 8; model += quick ? 3 : 1)
            for (size_t e = 0; e < 3; e++) {
                converge(&peers[p], &f[0], 256, model, erls[e], 0);
                for (size_t d = 0; d < 4; d++)
                    converge(&peers[p], &f[1], 1024, model, erls[e], delays[d]);
            }
        print_convergence(peers[p].name, 32, &f[0]);
        print_convergence(peers[p].name, 128, &f[1]);
    }
}

/* Nanoseconds a sample at a span, once converged: the least of five runs of two seconds. */
static double cost_ns(struct peer *peer, size_t span)
{
    static struct g168_path path;
    static int16_t rin[8 * SECOND], sin_[8 * SECOND], sout[TICK];
    double least = 1e9;
    memset(&path, 0, sizeof path);
    g168_path_set(&path, 2, 10, span > 256 ? 496 : 0);
    for (int i = 0; i < 8 * SECOND; i++) {
        rin[i] = g168_sample(g168_css((uint64_t)i) * g168_rms(-10));
        sin_[i] = g168_sample(g168_path_run(&path, rin[i]));
    }
    if (!peer->open(peer, span, span > 256 ? 496 : 0))
        return 0;
    for (int i = 0; i < 8 * SECOND; i += TICK)
        peer->run(peer, rin + i, sin_ + i, sout);
    for (int repeat = 0; repeat < 5; repeat++) {
        const double from = processor_s();
        for (int i = 0; i < 2 * SECOND; i += TICK)
            peer->run(peer, rin + i, sin_ + i, sout);
        least = fmin(least, (processor_s() - from) * 1e9 / (2 * SECOND));
    }
    peer->close(peer);
    return least;
}

static void bench_cost(void)
{
    for (size_t span = 256; span <= 1024; span *= 4) {
        double ns[4], speex = 0;
        for (size_t p = 0; p < n_peers; p++) {
            ns[p] = cost_ns(&peers[p], span);
            if (strcmp(peers[p].name, "libspeexdsp") == 0)
                speex = ns[p];
        }
        for (size_t p = 0; p < n_peers; p++)
            printf(json ? "{\"figure\": \"cost\", \"canceller\": \"%s\", \"span_ms\": %zu, \"ns_per_sample\": %.1f, "
                          "\"ratio_to_speex\": %.2f}\n"
                        : "%-20s span %3zu ms: %6.1f ns a sample, %.2f of libspeexdsp\n",
                   peers[p].name, span / 8, ns[p], speex > 0 ? ns[p] / speex : 0);
    }
}

/* Speech: a WAV file of 8 kHz mono, its pauses kept, at -16 dBm0 in the mean. */
static int16_t *read_speech(const char *name, size_t *n)
{
    FILE *file = fopen(name, "rb");
    unsigned char head[44];
    int16_t *x = malloc(60 * SECOND * sizeof *x);
    *n = 0;
    if (!file || !x || fread(head, 1, 44, file) != 44 || memcmp(head, "RIFF", 4) != 0) {
        fprintf(stderr, "bench_canceller: %s is no WAV file\n", name);
        exit(2);
    }
    *n = fread(x, sizeof *x, 60 * SECOND, file);
    fclose(file);
    double power = 0;
    for (size_t i = 0; i < *n; i++)
        power += (double)x[i] * x[i];
    const double gain = g168_rms(-16) / sqrt(power / (double)*n + 1);
    for (size_t i = 0; i < *n; i++)
        x[i] = g168_sample(x[i] * gain);
    return x;
}

enum { PHASES = 3, OFFICE_SECONDS = 17, OFFICE_CASES = 24 };

/* The product's own case; loss[phase] in dB, and what a perfect canceller would read. */
static void office(struct peer *peer, int c, const int16_t *far, size_t n_far, const int16_t *near, size_t n_near,
                   double *loss, double *perfect)
{
    static const double from_s[PHASES] = {0, 6, 14}, to_s[PHASES] = {2, 10, 15};
    static struct g168_path path;
    double in[PHASES] = {0}, out[PHASES] = {0}, ideal[PHASES] = {0};
    uint32_t seed = 77u + (uint32_t)c;
    const size_t delay = (size_t)(120 + c * 600 / OFFICE_CASES), start = (size_t)c * 9973;
    memset(&path, 0, sizeof path);
    g168_path_set(&path, c % 8 + 1, 8 + c % 5 * 3, delay);
    if (!peer->open(peer, 1024, (int32_t)delay))
        return;
    for (size_t t = 0; t < OFFICE_SECONDS * SECOND; t += TICK) {
        int16_t rin[TICK], sin_[TICK], sout[TICK];
        double noise[TICK];
        for (size_t i = 0; i < TICK; i++) {
            const bool talks = t >= 10 * SECOND && t < 14 * SECOND;
            seed = seed * 1664525u + 1013904223u;
            noise[i] = (double)(int32_t)seed / 2147483648.0 * sqrt(3.0) * g168_rms(-56);
            rin[i] = far[(start + t + i) % n_far];
            const double n = noise[i] + (talks ? near[(start + t + i) % n_near] : 0);
            sin_[i] = g168_sample(g168_path_run(&path, rin[i]) + n);
        }
        peer->run(peer, rin, sin_, sout);
        for (int k = 0; k < PHASES; k++)
            for (size_t i = 0; i < TICK && (double)t >= from_s[k] * SECOND && (double)t < to_s[k] * SECOND; i++) {
                in[k] += (double)sin_[i] * sin_[i];
                out[k] += (double)sout[i] * sout[i];
                ideal[k] += noise[i] * noise[i];
            }
    }
    peer->close(peer);
    for (int k = 0; k < PHASES; k++) {
        loss[k] = 10 * log10((in[k] + 1) / (out[k] + 1));
        perfect[k] = 10 * log10((in[k] + 1) / (ideal[k] + 1));
    }
}

static void bench_office(void)
{
    static const char *const phase[PHASES] = {"first 2 s", "6..10 s", "1 s after double talk"};
    size_t n_far, n_near;
    int16_t *far = read_speech(far_name, &n_far), *near = read_speech(near_name, &n_near);
    if (n_far == 0 || n_near == 0)
        exit(2);
    for (size_t p = 0; p < n_peers; p++) {
        double loss[PHASES][OFFICE_CASES], under[PHASES][OFFICE_CASES];
        if (strcmp(peers[p].name, "libspandsp") == 0)
            continue; /* overflows beyond 32 ms */
        for (int c = 0; c < OFFICE_CASES; c++) {
            double l[PHASES] = {0}, perfect[PHASES] = {0};
            office(&peers[p], c, far, n_far, near, n_near, l, perfect);
            for (int k = 0; k < PHASES; k++) {
                loss[k][c] = l[k];
                under[k][c] = l[k] - perfect[k];
            }
        }
        for (int k = 0; k < PHASES; k++) {
            qsort(loss[k], OFFICE_CASES, sizeof loss[k][0], by_value);
            qsort(under[k], OFFICE_CASES, sizeof under[k][0], by_value);
            printf(json ? "{\"figure\": \"speech\", \"canceller\": \"%s\", \"phase\": \"%s\", \"median_db\": %.1f, "
                          "\"worst_db\": %.1f, \"median_to_perfect_db\": %.1f, \"worst_to_perfect_db\": %.1f}\n"
                        : "%-20s speech, %-22s: median %5.1f dB, worst %5.1f; to a perfect one %5.1f, %5.1f\n",
                   peers[p].name, phase[k], loss[k][OFFICE_CASES / 2], loss[k][0], under[k][OFFICE_CASES / 2],
                   under[k][0]);
        }
    }
    free(far);
    free(near);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            quick = true;
        } else if (strcmp(argv[i], "--speech") == 0 && i + 2 < argc) {
            far_name = argv[++i];
            near_name = argv[++i];
        } else {
            fprintf(stderr, "usage: bench_canceller [--json] [--quick] [--speech FAR.wav NEAR.wav]\n");
            return 2;
        }
    }
    find_peers();
    bench_convergence();
    if (far_name)
        bench_office();
    bench_cost();
    return 0;
}

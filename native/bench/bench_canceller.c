/* The echo canceller beside Debian's libspeexdsp and libspandsp in one run.
 *
 *   bench_canceller [--json] [--quick] [--speech FAR.wav NEAR.wav]
 *   bench_canceller [--json] [--quick] figure11 | series | cost    only that: G.168 Fig. 11; ERLE over time, for a
 *                                     chart; processor time, also for another processor under qemu
 *   bench_canceller count WHO SPAN    nothing but two seconds at that span (256, 1024), once converged: for valgrind
 *                                     --tool=callgrind --toggle-collect=work, whose count over 16000 is the
 *                                     instructions a sample.  WHO: ours, libspeexdsp
 *
 * Signals: the composite source signal of G.168 through A-law; eight hybrid models, ERL 6, 10, 20 dB, level -10 dBm0;
 * bulk delay 0 (span 32 ms) and 0, 30, 62, 100 ms (span 128 ms).  With --speech (8 kHz, 16 bit, mono) also the product's
 * own case: bulk delay 15..90 ms, ERL 8..20 dB, line noise -56 dBm0: the loss in the first 2 s, at 6..10 s, and in the
 * first second after 4 s of double talk at 0 dB; a perfect canceller's reading in the same noise stands beside; and what
 * double talk leaves of the near end: the level taken from it and its distortion, by the best-fitting gain.
 * Cost is processor time against Speex's in the same run.  A peer that is not installed is left out.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cancellers.h"
#include "g168.h"

enum { MOST_CASES = 128 };

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
        if (strcmp(peers[p].name, "ours, NLP") == 0)
            continue; /* what the linear filter reaches is judged here */
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

/* Two seconds of it: what callgrind counts. */
__attribute__((noinline)) static void work(struct peer *peer, const int16_t *rin, const int16_t *sin_)
{
    int16_t sout[TICK];
    for (int i = 0; i < 2 * SECOND; i += TICK)
        peer->run(peer, rin + i, sin_ + i, sout);
}

static int16_t cost_rin[8 * SECOND], cost_sin[8 * SECOND];

/* The canceller at that span, eight seconds after its start; false when it cannot be had. */
static bool open_converged(struct peer *peer, size_t span)
{
    static struct g168_path path;
    int16_t sout[TICK];
    memset(&path, 0, sizeof path);
    g168_path_set(&path, 2, 10, span > 256 ? 496 : 0);
    for (int i = 0; i < 8 * SECOND; i++) {
        cost_rin[i] = g168_sample(g168_css((uint64_t)i) * g168_rms(-10));
        cost_sin[i] = g168_sample(g168_path_run(&path, cost_rin[i]));
    }
    if (!peer->open(peer, span, span > 256 ? 496 : 0))
        return false;
    for (int i = 0; i < 8 * SECOND; i += TICK)
        peer->run(peer, cost_rin + i, cost_sin + i, sout);
    return true;
}

/* Nanoseconds a sample at a span, once converged: the least of five runs of two seconds. */
static double cost_ns(struct peer *peer, size_t span)
{
    double least = 1e9;
    if (!open_converged(peer, span))
        return 0;
    for (int repeat = 0; repeat < 5; repeat++) {
        const double from = processor_s();
        work(peer, cost_rin, cost_sin);
        least = fmin(least, (processor_s() - from) * 1e9 / (2 * SECOND));
    }
    peer->close(peer);
    return least;
}

static int count_work(const char *who, size_t span)
{
    for (size_t p = 0; p < n_peers; p++)
        if (strcmp(peers[p].name, who) == 0 && open_converged(&peers[p], span)) {
            work(&peers[p], cost_rin, cost_sin);
            peers[p].close(&peers[p]);
            return 0;
        }
    return 2;
}

static void bench_cost(void)
{
    for (size_t span = 256; span <= 1024; span *= 4) {
        double ns[PEERS_MAX], speex = 0;
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

/* What is left of a signal: the gain that fits best, and the rest as distortion. */
struct likeness {
    double wanted, crossed, got;
};

static void liken(struct likeness *l, double wanted, double got)
{
    l->wanted += wanted * wanted;
    l->crossed += wanted * got;
    l->got += got * got;
}

struct office_case {
    double loss[PHASES], under[PHASES]; /* dB; against what a perfect canceller would read */
    double taken, distortion;           /* near end in double talk: dB taken, signal to distortion */
};

static double of_case(const struct office_case *o, int which)
{
    const double all[2 * PHASES + 3] = {o->loss[0], o->loss[1], o->loss[2], o->under[0], o->under[1], o->under[2],
                                        o->under[2] - o->under[1], -o->taken, o->distortion};
    return all[which];
}

/* The product's own case. */
static void office(struct peer *peer, int c, const int16_t *far, size_t n_far, const int16_t *near, size_t n_near,
                   struct office_case *found)
{
    static const double from_s[PHASES] = {0, 6, 14}, to_s[PHASES] = {2, 10, 15};
    static struct g168_path path;
    double in[PHASES] = {0}, out[PHASES] = {0}, ideal[PHASES] = {0};
    struct likeness kept = {1e-9, 0, 0};
    uint32_t seed = 77u + (uint32_t)c;
    const size_t delay = (size_t)(120 + c * 600 / OFFICE_CASES), start = (size_t)c * 9973;
    memset(&path, 0, sizeof path);
    g168_path_set(&path, c % 8 + 1, 8 + c % 5 * 3, delay);
    if (!peer->open(peer, 1024, (int32_t)delay))
        return;
    for (size_t t = 0; t < OFFICE_SECONDS * SECOND; t += TICK) {
        int16_t rin[TICK], sin_[TICK], sout[TICK];
        double noise[TICK], said[TICK];
        const bool talks = t >= 10 * SECOND && t < 14 * SECOND;
        for (size_t i = 0; i < TICK; i++) {
            seed = seed * 1664525u + 1013904223u;
            noise[i] = (double)(int32_t)seed / 2147483648.0 * sqrt(3.0) * g168_rms(-56);
            rin[i] = far[(start + t + i) % n_far];
            said[i] = talks ? near[(start + t + i) % n_near] : 0;
            sin_[i] = g168_sample(g168_path_run(&path, rin[i]) + noise[i] + said[i]);
        }
        peer->run(peer, rin, sin_, sout);
        for (size_t i = 0; i < TICK && talks; i++)
            liken(&kept, said[i], sout[i]);
        for (int k = 0; k < PHASES; k++)
            for (size_t i = 0; i < TICK && (double)t >= from_s[k] * SECOND && (double)t < to_s[k] * SECOND; i++) {
                in[k] += (double)sin_[i] * sin_[i];
                out[k] += (double)sout[i] * sout[i];
                ideal[k] += noise[i] * noise[i];
            }
    }
    peer->close(peer);
    const double gain = kept.crossed / kept.wanted, left = gain * kept.crossed;
    found->taken = -20 * log10(fmax(gain, 1e-6));
    found->distortion = 10 * log10((left + 1) / (fmax(kept.got - left, 0) + 1));
    for (int k = 0; k < PHASES; k++) {
        found->loss[k] = 10 * log10((in[k] + 1) / (out[k] + 1));
        found->under[k] = found->loss[k] - 10 * log10((in[k] + 1) / (ideal[k] + 1));
    }
}

/* Median and worst of one of the figures; the worst is the least. */
static void tell_office(const char *who, const char *what, const struct office_case *cases, int n, int which)
{
    double sorted[OFFICE_CASES];
    for (int c = 0; c < n; c++)
        sorted[c] = of_case(&cases[c], which);
    qsort(sorted, (size_t)n, sizeof sorted[0], by_value);
    printf(json ? "{\"figure\": \"speech\", \"canceller\": \"%s\", \"phase\": \"%s\", \"median_db\": %.1f, "
                  "\"worst_db\": %.1f}\n"
                : "%-20s speech, %-38s: median %5.1f dB, worst %5.1f\n",
           who, what, sorted[n / 2], sorted[0]);
}

static void bench_office(void)
{
    static const char *const names[2 * PHASES + 3] = {
        "first 2 s", "6..10 s", "1 s after double talk", "first 2 s, to a perfect one", "6..10 s, to a perfect one",
        "1 s after double talk, to a perfect one", "change by double talk", "near end in double talk, level",
        "near end in double talk, SDR"};
    static struct office_case cases[OFFICE_CASES];
    const int n = quick ? 4 : OFFICE_CASES;
    size_t n_far, n_near;
    int16_t *far = read_speech(far_name, &n_far), *near = read_speech(near_name, &n_near);
    if (n_far == 0 || n_near == 0)
        exit(2);
    for (size_t p = 0; p < n_peers; p++) {
        if (strcmp(peers[p].name, "libspandsp") == 0)
            continue; /* overflows beyond 32 ms */
        for (int c = 0; c < n; c++)
            office(&peers[p], c, far, n_far, near, n_near, &cases[c]);
        for (int k = 0; k < 2 * PHASES + 3; k++)
            tell_office(peers[p].name, names[k], cases, n, k);
    }
    free(far);
    free(near);
}

/* --- G.168 6.4.2.3 test 2B: the residual after ten seconds, NLP off --- */

enum { METER = 280 }; /* 35 ms */

static double peak_dbm0(const int16_t *x, size_t n)
{
    double sum = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * x[i] - (i >= METER ? (double)x[i - METER] * x[i - METER] : 0);
        if (i >= METER - 1)
            most = fmax(most, sum / METER);
    }
    return 10 * log10(most + 1e-3) - 20 * log10(G168_RMS_0_DBM0);
}

/* How far under Fig. 11 the residual lies; NaN where sin is overloaded, which is no linear echo. */
static double margin_of_figure_11(struct peer *peer, int model, double erl_db, size_t delay, double level_dbm0)
{
    static struct g168_path path;
    static int16_t last[SECOND];
    bool overloaded = false;
    memset(&path, 0, sizeof path);
    g168_path_set(&path, model, erl_db, delay);
    if (!peer->open(peer, 1024, SC_ECHO_DELAY_UNKNOWN))
        return NAN;
    for (size_t t = 0; t < 11 * SECOND; t += TICK) {
        int16_t rin[TICK], sin_[TICK], sout[TICK];
        for (size_t i = 0; i < TICK; i++) {
            rin[i] = g168_sample(g168_alaw(g168_css(t + i) * g168_rms(level_dbm0)));
            const double echo = g168_path_run(&path, rin[i]);
            overloaded |= fabs(echo) > 32767;
            sin_[i] = g168_sample(fabs(echo) > 1e-9 ? g168_alaw(echo) : echo);
        }
        peer->run(peer, rin, sin_, sout);
        memcpy(last + t % SECOND, sout, sizeof sout);
    }
    peer->close(peer);
    return overloaded ? NAN : -55 + (level_dbm0 + 30) * 25 / 30 - peak_dbm0(last, SECOND);
}

static void bench_figure_11(void)
{
    static const double erls[] = {6, 10, 20};
    for (size_t p = 0; p < n_peers; p++) {
        unsigned tried = 0, met = 0;
        double least = 1e9;
        if (strcmp(peers[p].name, "ours") != 0 && strcmp(peers[p].name, "libspeexdsp") != 0)
            continue;
        for (int model = 1; model <= 8; model += quick ? 3 : 1)
            for (size_t e = 0; e < 3; e++)
                for (int l = (int)e % 2; l < 4; l += 2) {
                    const size_t delay = (size_t)(model * 97 + l * 211 + (int)e * 53) % 720;
                    const double margin = margin_of_figure_11(&peers[p], model, erls[e], delay, -30 + 10 * l);
                    if (isnan(margin))
                        continue;
                    tried++;
                    met += margin >= 0;
                    least = fmin(least, margin);
                }
        printf(json ? "{\"figure\": \"figure 11\", \"canceller\": \"%s\", \"met\": %u, \"tried\": %u, "
                      "\"least_margin_db\": %.1f}\n"
                    : "%-20s G.168 Fig. 11: %u of %u, least margin %.1f dB\n",
               peers[p].name, met, tried, least);
    }
}

/* --- ERLE over time: from reset, double talk at 0 dB from 6 to 8 s, another path from 12 s on --- */

static void bench_series(void)
{
    for (size_t p = 0; p < n_peers; p++) {
        static struct g168_path path;
        double before = 1, after = 1;
        if (strcmp(peers[p].name, "ours, NLP") == 0 || strcmp(peers[p].name, "libspandsp") == 0 ||
            !peers[p].open(&peers[p], 1024, 360))
            continue;
        memset(&path, 0, sizeof path);
        g168_path_set(&path, 2, 10, 360);
        for (size_t t = 0; t < 18 * SECOND; t += TICK) {
            int16_t rin[TICK], sin_[TICK], sout[TICK];
            double echo[TICK], said[TICK];
            if (t == 12 * SECOND)
                g168_path_set(&path, 4, 8, 360);
            for (size_t i = 0; i < TICK; i++) {
                rin[i] = g168_sample(g168_alaw(g168_css(t + i) * g168_rms(-10)));
                said[i] = t >= 6 * SECOND && t < 8 * SECOND ? g168_css_double_talk(t + i) * g168_rms(-20) : 0;
                echo[i] = g168_path_run(&path, rin[i]);
                sin_[i] = g168_sample(g168_alaw(echo[i] + said[i]));
            }
            peers[p].run(&peers[p], rin, sin_, sout);
            for (size_t i = 0; i < TICK; i++) {
                before += echo[i] * echo[i];
                after += pow(sout[i] - said[i], 2);
            }
            if (t / TICK % 35 == 34) { /* one period of the signal */
                printf("{\"figure\": \"erle\", \"who\": \"%s\", \"x\": %.2f, \"value\": %.1f}\n", peers[p].name,
                       (double)(t + TICK) / SECOND, 10 * log10(before / after));
                before = after = 1;
            }
        }
        peers[p].close(&peers[p]);
    }
}

int main(int argc, char **argv)
{
    const char *only = "";
    find_peers();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            quick = true;
        } else if (strcmp(argv[i], "--speech") == 0 && i + 2 < argc) {
            far_name = argv[++i];
            near_name = argv[++i];
        } else if (strcmp(argv[i], "figure11") == 0 || strcmp(argv[i], "series") == 0
                   || strcmp(argv[i], "cost") == 0) {
            only = argv[i];
        } else if (strcmp(argv[i], "count") == 0 && i + 2 < argc) {
            return count_work(argv[i + 1], (size_t)atoi(argv[i + 2]));
        } else {
            fprintf(stderr, "usage: bench_canceller [--json] [--quick] [--speech FAR.wav NEAR.wav] [figure11 | series | cost]\n");
            return 2;
        }
    }
    if (strcmp(only, "figure11") == 0) {
        bench_figure_11();
    } else if (strcmp(only, "series") == 0) {
        bench_series();
    } else if (strcmp(only, "cost") == 0) {
        bench_cost();
    } else {
        bench_convergence();
        if (far_name)
            bench_office();
        bench_cost();
    }
    return 0;
}

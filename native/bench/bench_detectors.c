/* bench_detectors: what our detectors cost beside libspandsp's on the same signals, in one run.
 *
 *     bench_detectors                a table of nanoseconds a sample and ratios, best of several rounds
 *     bench_detectors --json         the same as one JSON object
 *     bench_detectors NAME SIGNAL    runs that one detector over ten seconds of that signal and prints nothing: for
 *                                    valgrind --tool=callgrind --toggle-collect=work, whose count over 80000 is the
 *                                    instructions a sample
 *
 * NAME: dtmf, tones, callerid, peer_dtmf, peer_dtmf_filter, peer_tones, peer_bell202, peer_v23.
 * SIGNAL: silence, noise, voice, digits, busy. */
#include "callerid_modem.h"
#include "dtmf_receiver.h"
#include "signal.h"
#include "tone_receiver.h"

#include <stdio.h>
#include <time.h>
#if defined(__x86_64__) && __has_include(<spandsp.h>)
#include <dlfcn.h>
#include <spandsp.h>
#define SC_HAVE_SPANDSP
#endif

#define SAMPLES 80000u
#define TICK 80u
#define ROUNDS 7

static int16_t sound[SAMPLES];
static unsigned found;                 /* so that no work can be optimised away */

/* --- the detectors; each makes its own instance, and `work` is what is counted --- */

struct runner {
    const char *name;
    void *(*create)(void);
    void (*take)(void *instance, const int16_t *x, size_t n);
    void (*destroy)(void *instance);
};

static void *create_dtmf(void)
{
    struct sc_dtmf_receiver *r = NULL;
    return sc_dtmf_receiver_create(&r, NULL) == 0 ? r : NULL;
}

static void take_dtmf(void *instance, const int16_t *x, size_t n)
{
    struct sc_dtmf_event event;
    sc_dtmf_receiver_process(instance, x, n);
    while (sc_dtmf_receiver_next(instance, &event))
        found++;
}

static void destroy_dtmf(void *instance)
{
    sc_dtmf_receiver_destroy(instance);
}

static void *create_tones(void)
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
    struct sc_tone_receiver *r = NULL;
    return sc_tone_receiver_create(&r, &s) == 0 ? r : NULL;
}

static void take_tones(void *instance, const int16_t *x, size_t n)
{
    struct sc_tone_event event;
    sc_tone_receiver_process(instance, x, n);
    while (sc_tone_receiver_next(instance, &event))
        found++;
}

static void destroy_tones(void *instance)
{
    sc_tone_receiver_destroy(instance);
}

static void *create_callerid(void)
{
    struct sc_callerid_modem *m = NULL;
    return sc_callerid_modem_create(&m, NULL) == 0 ? m : NULL;
}

static void take_callerid(void *instance, const int16_t *x, size_t n)
{
    struct sc_callerid_message message;
    sc_callerid_modem_process(instance, x, n);
    while (sc_callerid_modem_next(instance, &message))
        found++;
}

static void destroy_callerid(void *instance)
{
    sc_callerid_modem_destroy(instance);
}

#ifdef SC_HAVE_SPANDSP
/* libspandsp is opened at run time, so that the program also runs (without the peer) where it is not installed. */
#define PEER_LIBRARY "libspandsp.so.2"
#define PEER_FUNCTIONS(f)                                                                                              \
    f(dtmf_rx_init) f(dtmf_rx_parms) f(dtmf_rx) f(dtmf_rx_get) f(dtmf_rx_free) f(super_tone_rx_make_descriptor)        \
    f(super_tone_rx_add_tone) f(super_tone_rx_add_element) f(super_tone_rx_init) f(super_tone_rx)                      \
    f(super_tone_rx_free) f(adsi_rx_init) f(adsi_rx) f(adsi_rx_free)
#define PEER_POINTER(name) static __typeof__(&name) peer_##name;
PEER_FUNCTIONS(PEER_POINTER)

#define PEER_FIND(name)                                                                                                \
    *(void **)&peer_##name = dlsym(library, #name);                                                                    \
    if (peer_##name == NULL)                                                                                           \
        return 0;

static int open_peer(void)
{
    void *library = dlopen(PEER_LIBRARY, RTLD_NOW);
    if (library == NULL)
        return 0;
    PEER_FUNCTIONS(PEER_FIND)
    return 1;
}

static void *create_peer_dtmf(void)
{
    return peer_dtmf_rx_init(NULL, NULL, NULL);
}

static void *create_peer_dtmf_filter(void)
{
    dtmf_rx_state_t *peer = peer_dtmf_rx_init(NULL, NULL, NULL);
    peer_dtmf_rx_parms(peer, 1, -1.0f, -1.0f, -99.0f);
    return peer;
}

static void take_peer_dtmf(void *instance, const int16_t *x, size_t n)
{
    char digits[32];
    peer_dtmf_rx(instance, x, (int)n);
    found += (unsigned)peer_dtmf_rx_get(instance, digits, 31);
}

static void destroy_peer_dtmf(void *instance)
{
    peer_dtmf_rx_free(instance);
}

static void peer_tone(void *user, int code, int level, int delay)
{
    (void)user, (void)code, (void)level, (void)delay;
    found++;
}

static void *create_peer_tones(void)
{
    super_tone_rx_descriptor_t *plan = peer_super_tone_rx_make_descriptor(NULL);      /* freed with the process */
    static const int cadences[4][3] = { { 425, 280, 480 }, { 425, 140, 210 }, { 425, 800, 1200 }, { 950, 280, 400 } };
    for (int i = 0; i < 4; i++) {
        int tone = peer_super_tone_rx_add_tone(plan);
        peer_super_tone_rx_add_element(plan, tone, cadences[i][0], 0, cadences[i][1], cadences[i][2]);
        peer_super_tone_rx_add_element(plan, tone, 0, 0, cadences[i][1], cadences[i][2]);
    }
    return peer_super_tone_rx_init(NULL, plan, peer_tone, NULL);
}

static void take_peer_tones(void *instance, const int16_t *x, size_t n)
{
    peer_super_tone_rx(instance, x, (int)n);
}

static void destroy_peer_tones(void *instance)
{
    peer_super_tone_rx_free(instance);
}

static void peer_message(void *user, const uint8_t *message, int length)
{
    (void)user, (void)message, (void)length;
    found++;
}

static void *create_peer_bell202(void)
{
    return peer_adsi_rx_init(NULL, ADSI_STANDARD_CLASS, peer_message, NULL);
}

static void *create_peer_v23(void)
{
    return peer_adsi_rx_init(NULL, ADSI_STANDARD_CLIP, peer_message, NULL);
}

static void take_peer_adsi(void *instance, const int16_t *x, size_t n)
{
    peer_adsi_rx(instance, x, (int)n);
}

static void destroy_peer_adsi(void *instance)
{
    peer_adsi_rx_free(instance);
}
#else
static int open_peer(void)
{
    return 0;
}
#endif

static const struct runner runners[] = {
    { "dtmf", create_dtmf, take_dtmf, destroy_dtmf },
    { "tones", create_tones, take_tones, destroy_tones },
    { "callerid", create_callerid, take_callerid, destroy_callerid },
#ifdef SC_HAVE_SPANDSP
    { "peer_dtmf", create_peer_dtmf, take_peer_dtmf, destroy_peer_dtmf },
    { "peer_dtmf_filter", create_peer_dtmf_filter, take_peer_dtmf, destroy_peer_dtmf },
    { "peer_tones", create_peer_tones, take_peer_tones, destroy_peer_tones },
    { "peer_bell202", create_peer_bell202, take_peer_adsi, destroy_peer_adsi },
    { "peer_v23", create_peer_v23, take_peer_adsi, destroy_peer_adsi },
#endif
};
static size_t runner_count = sizeof runners / sizeof *runners;

static void leave_out_peers(void)
{
    while (strncmp(runners[runner_count - 1].name, "peer_", 5) == 0)
        runner_count--;
}

/* --- the signals --- */

static void press(struct signal *s, size_t at, double low, double high)
{
    signal_sine(s, at, 640, low, -12.0, 0.0);
    signal_sine(s, at, 640, high, -12.0, 0.0);
}

static int make_sound(const char *name)
{
    struct signal s = signal_new(SAMPLES, 7);
    if (strcmp(name, "noise") == 0)
        signal_noise(&s, 0, SAMPLES, -20.0);
    else if (strcmp(name, "voice") == 0)
        signal_voice(&s, 0, SAMPLES, -15.0);
    else if (strcmp(name, "digits") == 0)
        for (size_t at = 0; at < SAMPLES; at += 1280)
            press(&s, at, 770.0, 1336.0);
    else if (strcmp(name, "busy") == 0)
        for (size_t at = 0; at < SAMPLES; at += 5600)
            signal_sine(&s, at, 2800, 425.0, -12.0, 0.0);
    else if (strcmp(name, "silence") != 0) {
        signal_free(&s);
        return -1;
    }
    int16_t *x = signal_samples(&s);
    memcpy(sound, x, sizeof sound);
    free(x);
    signal_free(&s);
    return 0;
}

/* --- measuring --- */

__attribute__((noinline)) static void work(const struct runner *r, void *instance)
{
    for (size_t i = 0; i < SAMPLES; i += TICK)
        r->take(instance, sound + i, TICK);
}

static double nanoseconds(const struct runner *r)
{
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec from, to;
        void *instance = r->create();
        if (instance == NULL)
            exit(1);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        work(r, instance);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        double took = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
        best = took / SAMPLES < best ? took / SAMPLES : best;
        r->destroy(instance);
    }
    return best;
}

static const struct runner *runner_named(const char *name)
{
    for (size_t i = 0; i < runner_count; i++)
        if (strcmp(runners[i].name, name) == 0)
            return &runners[i];
    return NULL;
}

static double ratio(const char *ours, const char *theirs)
{
    const struct runner *a = runner_named(ours), *b = runner_named(theirs);
    return a != NULL && b != NULL ? nanoseconds(a) / nanoseconds(b) : 0.0;
}

static void print_all(int json)
{
    static const char *const signals[] = { "silence", "noise", "voice", "digits", "busy" };
    printf(json ? "{" : "nanoseconds of CPU a sample, best of %d; ratios to libspandsp\n", ROUNDS);
    for (size_t s = 0; s < sizeof signals / sizeof *signals; s++) {
        if (make_sound(signals[s]) != 0)
            exit(1);
        printf(json ? "%s\"%s\": {" : "%s%s:\n", json && s > 0 ? ", " : "", signals[s]);
        for (size_t i = 0; i < runner_count; i++)
            printf(json ? "\"%s_ns\": %.2f, " : "    %-18s %7.2f ns\n", runners[i].name, nanoseconds(&runners[i]));
        printf(json ? "\"dtmf_ratio\": %.3f, \"tones_ratio\": %.3f}" : "    dtmf %.2f x, tones %.2f x\n",
               ratio("dtmf", "peer_dtmf"), ratio("tones", "peer_tones"));
    }
    printf(json ? "}\n" : "");
}

int main(int count, char **words)
{
    if (!open_peer())
        leave_out_peers();
    if (count == 3) {
        const struct runner *r = runner_named(words[1]);
        if (r == NULL || make_sound(words[2]) != 0)
            return 2;
        void *instance = r->create();
        if (instance == NULL)
            return 1;
        work(r, instance);
        r->destroy(instance);
        return 0;
    }
    print_all(count == 2 && strcmp(words[1], "--json") == 0);
    return found == 0;
}

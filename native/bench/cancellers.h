/* cancellers.h: our echo canceller and its peers, libspeexdsp's and libspandsp's, behind one face for the benchmarks.
 * The libraries are opened at run time; one that is not installed is left out. */
#ifndef SC_BENCH_CANCELLERS_H
#define SC_BENCH_CANCELLERS_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "echo_canceller.h"

enum { TICK = 80, SECOND = 8000, PEERS_MAX = 5 };

struct peer {
    const char *name;
    bool (*open)(struct peer *peer, size_t span_samples, int32_t known_delay);
    void (*run)(struct peer *peer, const int16_t *rin, const int16_t *sin, int16_t *sout);
    void (*close)(struct peer *peer);
    void *state;
};

/* Ours. */
static bool open_ours_with(struct peer *peer, size_t span, int32_t delay, bool nlp)
{
    struct sc_echo_canceller_settings s;
    sc_echo_canceller_settings_default(&s);
    s.span_samples = span;
    s.initial_delay_samples = delay;
    s.nlp = nlp;
    struct sc_echo_canceller *ec = NULL;
    const bool good = sc_echo_canceller_create(&ec, &s) == 0;
    peer->state = ec;
    return good;
}

static bool open_ours(struct peer *peer, size_t span, int32_t delay)
{
    return open_ours_with(peer, span, delay, false);
}

static bool open_ours_unknown(struct peer *peer, size_t span, int32_t delay)
{
    (void)delay;
    return open_ours_with(peer, span, SC_ECHO_DELAY_UNKNOWN, false);
}

static bool open_ours_nlp(struct peer *peer, size_t span, int32_t delay)
{
    (void)delay;
    return open_ours_with(peer, span, SC_ECHO_DELAY_UNKNOWN, true);
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

static struct peer peers[PEERS_MAX];
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
    peers[n_peers++] = (struct peer){"ours, NLP", open_ours_nlp, run_ours, close_ours, NULL};
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

#endif

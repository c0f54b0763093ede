/* bench_jitter: our jitter buffer beside libspeexdsp's on the same arrivals, in virtual time.
 *
 *     bench_jitter [--json] [--quick] [SPEECH.raw]
 *     bench_jitter [--json] [--quick] tune SEED
 *
 * A sender of 20 ms packets; a network that loses, delays and reorders them (traces below, drawn from a seed); both
 * buffers asked in steps of their own (ours 10 ms, libspeexdsp's 20 ms). Told for each trace:
 *   delay_ms    mean time from a sample's sending to its playing, without the network's constant part. Every 2.5 ms of
 *               what was played are looked for, exactly, in what was sent, so neither buffer is asked. What is not found
 *               there lies in a seam and counts with the delay of what came before;
 *   late_percent    packets that came and of which nothing was ever played;
 *   hole_percent    time in which there was nothing to play beyond what the network lost (negative where a stretch of
 *                   sound stood in for a lost packet);
 *   seam_percent    time in which the sound was cross-faded to change the depth.
 * Sound is noise: no two blocks of it are alike, nor has it a pitch or pauses in which the depth could be changed
 * unheard. The traces are drawn, after what is recorded on such networks:
 *   wifi   delays of 0..4 ms, and every second or so the air is taken for 20..120 ms: all waits and comes at once;
 *   lte    a grid of 8 ms (scheduling) with a retransmission of 8 ms in ten, a slow wander of 15 ms, and every 20 s a
 *          handover of 100..180 ms.
 *   jitter_clicks   on speech (SPEECH.raw, otherwise a synthetic voice) over Wi-Fi and LTE, concealed: bends more than 4
 *                   times (and 600 steps) over any within 20 ms, beyond those that the speech has itself.
 * `tune` draws others, of other parameters: on those the buffer was tuned, on these it is judged. */
#include "concealment.h"
#include "jitter_buffer.h"
#include "report.h"
#include "signal.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

enum { PACKET = 160, PACKET_MS = 20, TICK = 80, PACKETS = 15000, AHEAD = 60, PROBE = 20, SETTLE = 250 };

/* libspeexdsp's, declared here so that its headers are not needed to build. */
struct speex_packet {
    char *bytes;
    uint32_t length, timestamp, span;
    uint16_t sequence;
    uint32_t user;
};

static void *(*speex_init)(int step);
static void (*speex_destroy)(void *jitter);
static void (*speex_put)(void *jitter, const struct speex_packet *packet);
static int (*speex_get)(void *jitter, struct speex_packet *packet, int32_t span, int32_t *offset);
static void (*speex_tick)(void *jitter);

static int16_t sound[(PACKETS + AHEAD) * PACKET];
static double arrival_ms[PACKETS];      /* negative: lost */
static size_t packets = PACKETS;
static uint64_t seed;

static double draw(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (double)(seed >> 40) / 16777216.0;
}

/* --- the networks --- */

struct network {
    const char *name;
    double loss, jitter_ms;                     /* a share; exponential jitter */
    bool burst;                                 /* three packets at once, in a hundred */
    double stall_every_ms, stall_ms, stall_more_ms, quick_ms; /* Wi-Fi */
    double grid_ms, wander_ms, handover_every_ms, handover_ms; /* LTE */
};

static const struct network judged[] = {
    { "loss_1", .loss = 0.01, .jitter_ms = 3 },
    { "loss_5", .loss = 0.05, .jitter_ms = 3 },
    { "loss_10", .loss = 0.10, .jitter_ms = 3 },
    { "bursts_60_ms", .burst = true, .jitter_ms = 3 },
    { "wifi", .loss = 0.002, .stall_every_ms = 1000, .stall_ms = 20, .stall_more_ms = 100, .quick_ms = 4 },
    { "lte", .grid_ms = 8, .wander_ms = 7.5, .handover_every_ms = 20000, .handover_ms = 100 },
};

static const struct network tuned[] = {
    { "loss_3", .loss = 0.03, .jitter_ms = 2 },
    { "loss_7", .loss = 0.07, .jitter_ms = 5 },
    { "bursts", .burst = true, .jitter_ms = 1.5 },
    { "wifi_busy", .loss = 0.002, .stall_every_ms = 600, .stall_ms = 30, .stall_more_ms = 60, .quick_ms = 6 },
    { "wifi_calm", .loss = 0.001, .stall_every_ms = 3000, .stall_ms = 15, .stall_more_ms = 150, .quick_ms = 3 },
    { "wifi_far", .loss = 0.01, .stall_every_ms = 1300, .stall_ms = 25, .stall_more_ms = 90, .quick_ms = 8 },
    { "lte_fast", .grid_ms = 10, .wander_ms = 5, .handover_every_ms = 12000, .handover_ms = 60 },
    { "lte_slow", .grid_ms = 8, .wander_ms = 10, .handover_every_ms = 30000, .handover_ms = 150 },
};

static void random_loss(const struct network *net)
{
    for (size_t k = 0; k < packets; k++)
        arrival_ms[k] = draw() < net->loss ? -1 : (double)k * PACKET_MS - net->jitter_ms * log(draw() + 1e-9);
    for (size_t k = 0; net->burst && k + 3 < packets; k++)
        if (draw() < 0.01)
            for (size_t end = k + 3; k < end; k++)
                arrival_ms[k] = -1;
}

static void wifi(const struct network *net)
{
    double free_ms = 0, next_ms = 300;
    for (size_t k = 0; k < packets; k++) {
        const double sent = (double)k * PACKET_MS;
        if (sent >= next_ms) {
            free_ms = sent + net->stall_ms + net->stall_more_ms * draw() * draw();
            next_ms = sent - net->stall_every_ms * log(draw() + 1e-9);
        }
        arrival_ms[k] = fmax(sent, free_ms) + net->quick_ms * draw();
        if (draw() < net->loss)
            arrival_ms[k] = -1;
    }
}

static void lte(const struct network *net)
{
    double handover_ms = net->handover_every_ms, until_ms = 0;
    for (size_t k = 0; k < packets; k++) {
        const double sent = (double)k * PACKET_MS, wander = net->wander_ms * (1 + sin(sent / 4000));
        if (sent >= handover_ms) {
            until_ms = sent + net->handover_ms + 80 * draw();
            handover_ms += net->handover_every_ms + 5000 * draw();
        }
        const double granted = ceil((fmax(sent, until_ms) + wander) / net->grid_ms) * net->grid_ms;
        arrival_ms[k] = granted + (draw() < 0.1 ? net->grid_ms : 0) + draw();
    }
}

/* --- a buffer under test --- */

struct buffer {
    void *state;
    double delay_sum, last_delay;
    size_t counted, seams, holes, last; /* samples */
    bool heard[PACKETS];
};

static bool found_at(size_t i, const int16_t *x)
{
    return i + PROBE <= packets * PACKET && sound[i] == x[0] && memcmp(sound + i, x, PROBE * sizeof *x) == 0;
}

/* Where in the sound these samples stand: searched round the place that the last ones had. */
static bool recognise(struct buffer *b, const int16_t *x)
{
    const size_t from = b->last > 4000 ? b->last - 4000 : 0;
    if (found_at(b->last + PROBE, x)) {
        b->last += PROBE;
        return true;
    }
    for (size_t i = from; i < from + 8000; i++)
        if (found_at(i, x)) {
            b->last = i;
            return true;
        }
    return false;
}

/* What was given to play at this time; zeros where there was nothing. */
static void count(struct buffer *b, const int16_t *x, size_t n, double now_ms)
{
    const bool settled = now_ms > SETTLE * PACKET_MS;
    for (size_t i = 0; i < n; i += PROBE) {
        size_t nothing = 0;
        for (size_t k = i; k < i + PROBE; k++)
            nothing += x[k] == 0;
        b->holes += settled ? nothing : 0;
        if (nothing == PROBE)
            continue;
        if (recognise(b, x + i)) {
            b->heard[b->last / PACKET] = true;
            b->last_delay = now_ms + (double)i / 8 - (double)b->last / 8;
        } else if (nothing < PROBE / 4) {
            b->seams += settled ? PROBE : 0;
        }
        b->delay_sum += settled ? b->last_delay * PROBE : 0;
        b->counted += settled ? PROBE : 0;
    }
}

static void put_ours(struct buffer *b, size_t k)
{
    const struct sc_jitter_packet p = { .ssrc = 5, .timestamp = (uint32_t)k * PACKET, .sequence = (uint16_t)k,
        .samples = sound + k * PACKET, .n_samples = PACKET, .arrival_us = (int64_t)(arrival_ms[k] * 1000) };
    (void)sc_jitter_buffer_put(b->state, &p);
}

static void play_ours(struct buffer *b, double now_ms)
{
    int16_t x[TICK];
    (void)sc_jitter_buffer_get(b->state, x, TICK);
    count(b, x, TICK, now_ms);
}

static void put_speex(struct buffer *b, size_t k)
{
    char *bytes = (char *)(sound + k * PACKET);
    const struct speex_packet p = { bytes, PACKET * 2, (uint32_t)k * PACKET, PACKET, (uint16_t)k, 0 };
    speex_put(b->state, &p);
}

static void play_speex(struct buffer *b, double now_ms)
{
    int16_t x[PACKET] = { 0 };
    struct speex_packet p = { (char *)x, sizeof x, 0, 0, 0, 0 };
    int32_t offset = 0;
    (void)speex_get(b->state, &p, PACKET, &offset);
    speex_tick(b->state);
    count(b, x, PACKET, now_ms);
}

/* Packets in the order of their arrival, ticks between them. */
static void run(struct buffer *b, bool ours)
{
    static bool given[PACKETS];
    const double step_ms = ours ? TICK / 8.0 : PACKET_MS;
    memset(given, 0, sizeof given);
    for (double now_ms = 5; now_ms < (double)(packets - AHEAD) * PACKET_MS; now_ms += step_ms) {
        const size_t k_now = (size_t)(now_ms / PACKET_MS);
        for (;;) {
            size_t next = packets;
            for (size_t k = k_now > AHEAD ? k_now - AHEAD : 0; k < packets && k <= k_now; k++)
                if (!given[k] && arrival_ms[k] >= 0 && arrival_ms[k] <= now_ms &&
                    (next == packets || arrival_ms[k] < arrival_ms[next]))
                    next = k;
            if (next == packets)
                break;
            given[next] = true;
            if (ours)
                put_ours(b, next);
            else
                put_speex(b, next);
        }
        if (ours)
            play_ours(b, now_ms);
        else
            play_speex(b, now_ms);
    }
}

/* --- telling --- */

static void tell(const char *trace, const char *who, const struct buffer *b)
{
    size_t came = 0, late = 0, lost = 0;
    char figure[64];
    for (size_t k = SETTLE; k + 2 * AHEAD < packets; k++) {
        came += arrival_ms[k] >= 0;
        lost += arrival_ms[k] < 0;
        late += arrival_ms[k] >= 0 && !b->heard[k];
    }
    const double all = (double)(packets - AHEAD - SETTLE) * PACKET;
    snprintf(figure, sizeof figure, "jitter_%s_delay_ms", trace);
    report(figure, who, b->counted > 0 ? b->delay_sum / (double)b->counted : 1e6, 0);
    snprintf(figure, sizeof figure, "jitter_%s_late_percent", trace);
    report(figure, who, 100.0 * (double)late / (double)came, 0);
    snprintf(figure, sizeof figure, "jitter_%s_hole_percent", trace);
    report(figure, who, 100.0 * ((double)b->holes - (double)(lost * PACKET)) / all, 0);
    snprintf(figure, sizeof figure, "jitter_%s_seam_percent", trace);
    report(figure, who, 100.0 * (double)b->seams / all, 0);
}

static void one_trace(const struct network *net)
{
    static struct buffer b;
    if (net->stall_every_ms > 0)
        wifi(net);
    else if (net->grid_ms > 0)
        lte(net);
    else
        random_loss(net);
    memset(&b, 0, sizeof b);
    struct sc_jitter_buffer *ours = NULL;
    if (sc_jitter_buffer_create(&ours, NULL) != 0)
        abort();
    b.state = ours;
    run(&b, true);
    tell(net->name, BENCH_OURS, &b);
    sc_jitter_buffer_destroy(ours);
    if (speex_init == NULL)
        return;
    memset(&b, 0, sizeof b);
    b.state = speex_init(PACKET);
    run(&b, false);
    tell(net->name, BENCH_SPEEX, &b);
    speex_destroy(b.state);
}

/* --- clicks --- */

static double bend(const int16_t *x)
{
    return fabs((double)x[1] - 2.0 * x[0] + x[-1]);
}

static int clicks_in(const int16_t *x, size_t n)
{
    int clicks = 0;
    for (size_t i = PACKET + 1; i + PACKET + 1 < n; i++) {
        double usual = 0;
        if (bend(x + i) < 600)
            continue;
        for (int k = -PACKET; k <= PACKET; k++)
            if (abs(k) > 3)
                usual = fmax(usual, bend(x + (ptrdiff_t)i + k));
        if (bend(x + i) > 4 * usual && bend(x + i) > usual + 600)
            clicks++, i += 2 * PROBE;
    }
    return clicks;
}

static void put_speech(const char *name)
{
    struct signal s = signal_new(packets * PACKET, 12);
    FILE *file = name != NULL ? fopen(name, "rb") : NULL;
    size_t n = file != NULL ? fread(sound, sizeof *sound, packets * PACKET, file) : 0;
    if (file != NULL)
        fclose(file);
    if (n < PACKET) {
        signal_voice(&s, 0, s.length, -15);
        int16_t *x = signal_samples(&s);
        n = s.length;
        memcpy(sound, x, n * sizeof *x);
        free(x);
    }
    for (size_t i = n; i < packets * PACKET; i++)   /* what is short is heard again */
        sound[i] = sound[i - n];
    signal_free(&s);
}

/* The packets as they come over this network, played and concealed. */
static int clicks_over(const struct network *net)
{
    static int16_t out[PACKETS * PACKET];
    static bool given[PACKETS];
    struct buffer b = { .state = NULL };
    struct sc_jitter_buffer *jitter = NULL;
    struct sc_concealment *plc = NULL;
    if (net->grid_ms > 0)
        lte(net);
    else
        wifi(net);
    if (sc_jitter_buffer_create(&jitter, NULL) != 0 || sc_concealment_create(&plc, NULL) != 0)
        abort();
    b.state = jitter;
    memset(given, 0, sizeof given);
    for (size_t tick = 0; tick < 2 * (packets - AHEAD); tick++) {
        const size_t k_now = tick / 2;
        for (size_t k = k_now > AHEAD ? k_now - AHEAD : 0; k <= k_now; k++)
            if (!given[k] && arrival_ms[k] >= 0 && arrival_ms[k] <= 10.0 * (double)tick + 5) {
                given[k] = true;
                put_ours(&b, k);
            }
        sc_jitter_buffer_play(jitter, plc, false, out + tick * TICK, TICK);
    }
    sc_jitter_buffer_destroy(jitter);
    sc_concealment_destroy(plc);
    return clicks_in(out, (packets - AHEAD) * PACKET);
}

static void bench_clicks(const char *name)
{
    enum { WIFI = 4, LTE = 5 };
    put_speech(name);
    const int own = clicks_in(sound, packets * PACKET);
    const int more = clicks_over(&judged[WIFI]) + clicks_over(&judged[LTE]) - 2 * own;
    report("jitter_clicks", BENCH_OURS, more > 0 ? more : 0, 0);
}

/* dlsym gives an object pointer: carried over as bytes. */
static bool find(void *library, const char *name, void *function)
{
    void *address = library != NULL ? dlsym(library, name) : NULL;
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

int main(int count_of_words, char **words)
{
    const int first = bench_options(count_of_words, words);
    const bool tuning = first + 1 < count_of_words && strcmp(words[first], "tune") == 0;
    const struct network *nets = tuning ? tuned : judged;
    const size_t trials = tuning ? sizeof tuned / sizeof *tuned : sizeof judged / sizeof *judged;
    const uint64_t drawn = tuning ? strtoull(words[first + 1], NULL, 10) * 2654435761u + 1 : 88172645463325252u;
    packets = bench_quick ? 1500 : PACKETS;
    void *speex = dlopen("libspeexdsp.so.1", RTLD_NOW);
    if (!find(speex, "jitter_buffer_init", &speex_init) || !find(speex, "jitter_buffer_destroy", &speex_destroy) ||
        !find(speex, "jitter_buffer_put", &speex_put) || !find(speex, "jitter_buffer_get", &speex_get) ||
        !find(speex, "jitter_buffer_tick", &speex_tick))
        speex_init = NULL;
    seed = 362436069u;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        sound[i] = (int16_t)lrint(20000 * (draw() - 0.5));
    for (size_t i = 0; i < trials; i++) {
        seed = drawn;
        one_trace(&nets[i]);
    }
    if (!tuning)
        bench_clicks(first < count_of_words ? words[first] : NULL);
    return 0;
}

/* bench_jitter: our jitter buffer beside libspeexdsp's on the same arrivals, in virtual time.
 *
 *     bench_jitter [--json] [--quick]
 *
 * A sender of 20 ms packets; a network that loses, delays and reorders them (traces below, drawn from a seed); both
 * buffers asked in steps of their own (ours 10 ms, libspeexdsp's 20 ms). Told for each trace:
 *   delay_ms    mean time from a sample's sending to its playing, without the network's constant part. A block that was
 *               played is recognised in what was sent by its samples, exactly, so neither buffer is asked;
 *   late_percent    packets that came and of which nothing was ever played;
 *   hole_percent    time in which there was nothing to play beyond what the network lost.
 * Sound is noise: no two blocks of it are alike. The traces are drawn, after what is recorded on such networks:
 *   wifi   delays of 0..4 ms, and every second or so the air is taken for 20..120 ms: all waits and comes at once;
 *   lte    a grid of 8 ms (scheduling) with a retransmission of 8 ms in ten, a slow wander of 15 ms, and every 20 s a
 *          handover of 100..180 ms. */
#include "concealment.h"
#include "jitter_buffer.h"
#include "report.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

enum { PACKET = 160, PACKET_MS = 20, TICK = 80, PACKETS = 15000, AHEAD = 60, PROBE = 24, SETTLE = 250 };

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

static void random_loss(double share)
{
    for (size_t k = 0; k < packets; k++)
        arrival_ms[k] = draw() < share ? -1 : (double)k * PACKET_MS - 3 * log(draw() + 1e-9);
}

static void bursts(void)    /* three packets at once, in a hundred */
{
    random_loss(0);
    for (size_t k = 0; k + 3 < packets; k++)
        if (draw() < 0.01)
            for (size_t end = k + 3; k < end; k++)
                arrival_ms[k] = -1;
}

static void wifi(void)
{
    double free_ms = 0, next_ms = 300;
    for (size_t k = 0; k < packets; k++) {
        const double sent = (double)k * PACKET_MS;
        if (sent >= next_ms) {
            free_ms = sent + 20 + 100 * draw() * draw();
            next_ms = sent - 1000 * log(draw() + 1e-9);
        }
        arrival_ms[k] = fmax(sent, free_ms) + 4 * draw();
        if (draw() < 0.002)
            arrival_ms[k] = -1;
    }
}

static void lte(void)
{
    double handover_ms = 20000, until_ms = 0;
    for (size_t k = 0; k < packets; k++) {
        const double sent = (double)k * PACKET_MS, wander = 7.5 + 7.5 * sin(sent / 4000);
        if (sent >= handover_ms) {
            until_ms = sent + 100 + 80 * draw();
            handover_ms += 20000 + 5000 * draw();
        }
        const double granted = ceil((fmax(sent, until_ms) + wander) / 8) * 8;
        arrival_ms[k] = granted + (draw() < 0.1 ? 8 : 0) + draw();
    }
}

/* --- a buffer under test --- */

struct buffer {
    void *state;
    double delay_sum;
    size_t recognised, holes_ms, last;
    bool heard[PACKETS];
};

/* Where in the sound these samples stand: searched round the place that the last block had. */
static void recognise(struct buffer *b, const int16_t *x, double now_ms)
{
    const int16_t *probe = x + TICK / 2 - PROBE / 2;
    const size_t from = b->last > 4000 ? b->last - 4000 : 0;
    for (size_t i = from; i < from + 8000 && i + PROBE < packets * PACKET; i++)
        if (sound[i] == probe[0] && memcmp(sound + i, probe, PROBE * sizeof *x) == 0) {
            const double played_ms = now_ms + (double)(TICK / 2 - PROBE / 2) / 8;
            b->last = i;
            b->heard[i / PACKET] = true;
            if (i / PACKET > SETTLE) {
                b->delay_sum += played_ms - (double)i / 8;
                b->recognised++;
            }
            return;
        }
}

static void put_ours(struct buffer *b, size_t k)
{
    const struct sc_jitter_packet p = { .ssrc = 5, .timestamp = (uint32_t)k * PACKET, .sequence = (uint16_t)k,
        .samples = sound + k * PACKET, .n_samples = PACKET, .arrival_us = (int64_t)(arrival_ms[k] * 1000) };
    (void)sc_jitter_buffer_put(b->state, &p);
}

static void play_ours(struct buffer *b, double now_ms, size_t k_now)
{
    int16_t x[TICK];
    const enum sc_jitter_output kind = sc_jitter_buffer_get(b->state, x, TICK);
    if (kind != SC_JITTER_AUDIO && k_now > SETTLE)
        b->holes_ms += TICK / 8;
    if (kind == SC_JITTER_AUDIO)
        recognise(b, x, now_ms);
}

static void put_speex(struct buffer *b, size_t k)
{
    char *bytes = (char *)(sound + k * PACKET);
    const struct speex_packet p = { bytes, PACKET * 2, (uint32_t)k * PACKET, PACKET, (uint16_t)k, 0 };
    speex_put(b->state, &p);
}

static void play_speex(struct buffer *b, double now_ms, size_t k_now)
{
    int16_t x[PACKET];
    struct speex_packet p = { (char *)x, sizeof x, 0, 0, 0, 0 };
    int32_t offset = 0;
    const int got = speex_get(b->state, &p, PACKET, &offset);
    speex_tick(b->state);
    if (got != 0 && k_now > SETTLE)
        b->holes_ms += PACKET_MS;
    if (got == 0) {
        recognise(b, x, now_ms);
        recognise(b, x + TICK, now_ms + TICK / 8.0);
    }
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
            play_ours(b, now_ms, k_now);
        else
            play_speex(b, now_ms, k_now);
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
    const double counted_ms = (double)(packets - AHEAD - SETTLE) * PACKET_MS;
    snprintf(figure, sizeof figure, "jitter_%s_delay_ms", trace);
    report(figure, who, b->recognised > 0 ? b->delay_sum / (double)b->recognised : 1e6, 0);
    snprintf(figure, sizeof figure, "jitter_%s_late_percent", trace);
    report(figure, who, 100.0 * (double)late / (double)came, 0);
    snprintf(figure, sizeof figure, "jitter_%s_hole_percent", trace);
    report(figure, who, 100.0 * ((double)b->holes_ms - (double)lost * PACKET_MS) / counted_ms, 0);
}

static void one_trace(const char *name, void (*trace)(void), double share)
{
    static struct buffer b;
    seed = 88172645463325252u;
    if (trace != NULL)
        trace();
    else
        random_loss(share);
    memset(&b, 0, sizeof b);
    struct sc_jitter_buffer *ours = NULL;
    if (sc_jitter_buffer_create(&ours, NULL) != 0)
        abort();
    b.state = ours;
    run(&b, true);
    tell(name, BENCH_OURS, &b);
    sc_jitter_buffer_destroy(ours);
    if (speex_init == NULL)
        return;
    memset(&b, 0, sizeof b);
    b.state = speex_init(PACKET);
    run(&b, false);
    tell(name, BENCH_SPEEX, &b);
    speex_destroy(b.state);
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
    bench_options(count, words);
    packets = bench_quick ? 1500 : PACKETS;
    void *speex = dlopen("libspeexdsp.so.1", RTLD_NOW);
    if (!find(speex, "jitter_buffer_init", &speex_init) || !find(speex, "jitter_buffer_destroy", &speex_destroy) ||
        !find(speex, "jitter_buffer_put", &speex_put) || !find(speex, "jitter_buffer_get", &speex_get) ||
        !find(speex, "jitter_buffer_tick", &speex_tick))
        speex_init = NULL;
    seed = 362436069u;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        sound[i] = (int16_t)lrint(20000 * (draw() - 0.5));
    one_trace("loss_1", NULL, 0.01);
    one_trace("loss_5", NULL, 0.05);
    one_trace("loss_10", NULL, 0.10);
    one_trace("bursts_60_ms", bursts, 0);
    one_trace("wifi", wifi, 0);
    one_trace("lte", lte, 0);
    return 0;
}

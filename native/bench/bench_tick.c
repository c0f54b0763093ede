/* bench_tick.c: what a tick costs: 8 analog ports with everything on, 16 RTP parties, and how it grows.
 *
 * Lines speak noise at -20 dBm0 and give a hybrid's echo back; every port has its canceller, DTMF, tone and caller identity
 * receivers on and hears its neighbour; every RTP party talks G.711 to a port. Prints microseconds a tick of CPU (median of
 * batches) and the share of one core.
 *
 *     bench_tick                          the table
 *     bench_tick PORTS PARTIES TICKS      runs that and prints nothing: for valgrind --tool=callgrind
 *                                         --toggle-collect=work; beyond 64 parties without ports over several cores
 *     bench_tick PORTS PARTIES TICKS g722 the same with parties of G.722 */
#include "core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PORTS_MAX 16
#define PARTIES_MAX SC_CORE_SOCKETS_MAX
#define CORES_MAX 4u
#define BATCHES 21
#define BATCH_TICKS 100
#define WARM_TICKS 500

struct line {
    uint32_t seed;
    int16_t past[64];
};

struct measured {
    uint32_t ports, parties, detectors;
    bool cancellers;
    enum sc_codec codec;                /* of the parties */
    double us;
};

static int exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct line *line = self;
    for (size_t i = 0; i < samples; i++) {
        line->seed = line->seed * 1664525u + 1013904223u;
        int noise = (int)(line->seed >> 20) - 2048;
        int echo = (int)line->past[(i + 8) % 64] / 6;
        line->past[i % 64] = playback[i];
        capture[i] = (int16_t)(noise / 2 + echo);
    }
    return 0;
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* what other work takes does not count */
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct sc_core *make(const struct measured *what, struct line *lines)
{
    struct sc_core_port ports[PORTS_MAX] = { 0 };
    static const struct sc_core_tone tones[4] = {
        { .kind = 1, .frequency_count = 1, .frequency_hz = { 425 } },
        { .kind = 3, .frequency_count = 1, .frequency_hz = { 425 }, .pair_count = 1, .on_ms = { 1000 }, .off_ms = { 4000 } },
        { .kind = 4, .frequency_count = 1, .frequency_hz = { 425 }, .pair_count = 1, .on_ms = { 350 }, .off_ms = { 350 } },
        { .kind = 5, .frequency_count = 1, .frequency_hz = { 425 }, .pair_count = 1, .on_ms = { 175 }, .off_ms = { 175 } },
    };
    for (uint32_t i = 0; i < what->ports; i++) {
        lines[i].seed = i + 1;
        ports[i] = (struct sc_core_port){ .node = i + 1, .kind = SC_PORT_POINTER, .exchange = exchange, .self = &lines[i] };
    }
    struct sc_core_settings settings = { .port_count = what->ports, .ports = ports, .tone_count = 4, .tones = tones,
                                         .dial_min_ms = 1250, .socket_count = what->parties, .seed = 1 };
    struct sc_complaint complaint;
    struct sc_core *core = NULL;
    if (sc_core_create(&core, &settings, &complaint) != 0)
        abort();
    return core;
}

/* Ports hear their neighbour and one party; parties hear a port. */
static void join(struct sc_core *core, const struct measured *what)
{
    static struct sc_plan_node nodes[PORTS_MAX + PARTIES_MAX];
    static struct sc_plan_edge edges[4 * (PORTS_MAX + PARTIES_MAX)];
    struct sc_plan plan = { .generation = 1, .nodes = nodes, .edges = edges };
    struct sc_complaint complaint;
    for (uint32_t i = 0; i < what->ports; i++) {
        nodes[plan.node_count++] = (struct sc_plan_node){ .id = i + 1, .kind = SC_NODE_PORT, .port = i,
                                                          .detectors = what->detectors, .canceller = what->cancellers };
        if (what->ports > 1)
            edges[plan.edge_count++] = (struct sc_plan_edge){ .listener = i + 1, .source = (i + 1) % what->ports + 1 };
    }
    for (uint32_t i = 0; i < what->parties; i++) {
        nodes[plan.node_count++] = (struct sc_plan_node){
            .id = 1000 + i, .kind = SC_NODE_RTP, .socket = i, 
            .codec = what->codec, .opus_type = 107, .telephone_event = 101, .frame_ms = 20,
            .sends = true, .receives = true, .remote = { .length = 4, .bytes = { 127, 0, 0, 1 }, .port = 4000 },
        };
        uint32_t other = what->ports > 0 ? i % what->ports + 1 : 1000 + (i ^ 1u);
        edges[plan.edge_count++] = (struct sc_plan_edge){ .listener = 1000 + i, .source = other };
        if (what->ports > 0 && i < what->ports)
            edges[plan.edge_count++] = (struct sc_plan_edge){ .listener = other, .source = 1000 + i };
    }
    if (sc_core_apply(core, &plan, &complaint) != 0)
        abort();
}

/* Every packet comes back to the socket that sent it; outside the time that is measured. */
static void reflect(struct sc_core *core, uint32_t parties)
{
    uint8_t packet[SC_CORE_PACKET_MAX];
    struct sc_rtp_address to;
    for (uint32_t i = 0; i < parties; i++) {
        size_t n = sizeof packet;
        while (sc_core_rtp_take(core, i, packet, &n, &to) == 0) {
            (void)sc_core_rtp_give(core, i, packet, n, &to);
            n = sizeof packet;
        }
    }
}

/* A tick of every core; packets come back outside of it. Counted by callgrind: --toggle-collect=work. */
__attribute__((noinline)) static void work(struct sc_core **cores, size_t count)
{
    for (size_t c = 0; c < count; c++)
        sc_core_step(cores[c]);
}

static double batch(struct sc_core **cores, size_t count, uint32_t parties, int ticks)
{
    double sum = 0.0;
    for (int i = 0; i < ticks; i++) {
        double began = now_us();
        work(cores, count);
        sum += now_us() - began;
        for (size_t c = 0; c < count; c++)
            reflect(cores[c], parties);
    }
    return sum / ticks;
}

static void measure(struct measured *what)
{
    static struct line lines[PORTS_MAX];
    double batches[BATCHES];
    memset(lines, 0, sizeof lines);
    struct sc_core *core = make(what, lines);
    join(core, what);
    batch(&core, 1, what->parties, WARM_TICKS);
    for (int b = 0; b < BATCHES; b++)
        batches[b] = batch(&core, 1, what->parties, BATCH_TICKS);
    qsort(batches, BATCHES, sizeof batches[0], ascending);
    what->us = batches[BATCHES / 2];
    sc_core_destroy(core);
}

/* For callgrind: so many ticks of ports and parties; what one core cannot hold is spread over several. */
static int run_ticks(uint32_t ports, uint32_t parties, int ticks, enum sc_codec codec)
{
    static struct line lines[PORTS_MAX];
    const uint32_t all = SC_DETECT_DTMF | SC_DETECT_CALL_PROGRESS | SC_DETECT_CALLER_ID;
    const size_t count = parties > PARTIES_MAX ? parties / PARTIES_MAX : 1;
    struct measured what = { ports, parties > PARTIES_MAX ? PARTIES_MAX : parties, all, true, codec, 0 };
    struct sc_core *cores[CORES_MAX];
    if (ports > PORTS_MAX || count > CORES_MAX || (count > 1 && (ports > 0 || parties % PARTIES_MAX != 0)))
        return 2;
    for (size_t c = 0; c < count; c++) {
        cores[c] = make(&what, lines);
        join(cores[c], &what);
    }
    batch(cores, count, what.parties, ticks);
    for (size_t c = 0; c < count; c++)
        sc_core_destroy(cores[c]);
    return 0;
}

static enum sc_codec codec_of(const char *name)
{
    return strcmp(name, "opus") == 0 ? SC_CODEC_OPUS : strcmp(name, "g722") == 0 ? SC_CODEC_G722 : SC_CODEC_PCMA;
}

int main(int count, char **words)
{
    if (count == 4 || count == 5)
        return run_ticks((uint32_t)atoi(words[1]), (uint32_t)atoi(words[2]), atoi(words[3]), codec_of(count == 5 ? words[4] : ""));
    const uint32_t all = SC_DETECT_DTMF | SC_DETECT_CALL_PROGRESS | SC_DETECT_CALLER_ID;
    struct measured rows[] = {
        { 0, 0, 0, false, SC_CODEC_PCMA, 0 },  { 8, 0, 0, false, SC_CODEC_PCMA, 0 },   { 8, 0, 0, true, SC_CODEC_PCMA, 0 },   { 8, 0, SC_DETECT_DTMF, true, SC_CODEC_PCMA, 0 },
        { 8, 0, all, true, SC_CODEC_PCMA, 0 }, { 0, 16, 0, false, SC_CODEC_PCMA, 0 },  { 8, 16, all, true, SC_CODEC_PCMA, 0 }, { 1, 2, all, true, SC_CODEC_PCMA, 0 },
        { 2, 4, all, true, SC_CODEC_PCMA, 0 }, { 4, 8, all, true, SC_CODEC_PCMA, 0 },  { 16, 32, all, true, SC_CODEC_PCMA, 0 },
    };
    printf("bench_tick: cost of a tick of 10 ms\n  ports  parties  cancellers  detectors    us/tick  share of a core\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct measured *row = &rows[i];
        measure(row);
        const char *detectors = row->detectors == all ? "all three" : row->detectors != 0 ? "DTMF" : "none";
        printf("  %5u  %7u  %10s  %9s  %9.1f  %13.2f %%\n", row->ports, row->parties, row->cancellers ? "on" : "off",
               detectors, row->us, row->us / 100.0);
    }
    return 0;
}

/* bench_cards.c: stereo sound cards on one core until the tick of 10 ms is used up: two lines each, every line with its
 * resamplers, canceller, DTMF, tone and caller identity receivers, in a call with its neighbour.
 *
 * The cards are made of arithmetic (tests/fake_card.h): copying frames is in the figure, the kernel's calls are not (two looks,
 * a read and a write a card and tick). Microseconds of CPU, median of batches; and how many cards would fit.
 *
 *     bench_cards [--json] [--quick]
 *     bench_cards CARDS TICKS     runs that and prints nothing: for valgrind --tool=callgrind --toggle-collect=work */
#include "core.h"
#include "report.h"

#ifdef SC_HAVE_ALSA

#define FAKE_CARDS 16
#include "fake_card.h"

#include <stdio.h>
#include <time.h>

#define TICK_FRAMES 480
#define TICK_US 10000.0
#define WARM_TICKS 300
#define BATCHES 11

static double now_us(void)
{
    struct timespec moment;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &moment); /* what other work takes does not count */
    return (double)moment.tv_sec * 1e6 + (double)moment.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct sc_core *make(uint32_t count)
{
    struct sc_core_port ports[2 * FAKE_CARDS] = { 0 };
    static const struct sc_core_tone tones[3] = {
        { .kind = 1, .frequency_count = 1, .frequency_hz = { 425 } },
        { .kind = 4, .frequency_count = 1, .frequency_hz = { 425 }, .pair_count = 1, .on_ms = { 350 }, .off_ms = { 350 } },
        { .kind = 5, .frequency_count = 1, .frequency_hz = { 425 }, .pair_count = 1, .on_ms = { 175 }, .off_ms = { 175 } },
    };
    for (uint32_t i = 0; i < 2 * count; i++) {
        ports[i] = (struct sc_core_port){ .node = i + 1, .kind = SC_PORT_CARD, .side = i % 2, .full_scale_dbm0 = 3.14f,
                                          .playback_full_scale_dbm0 = 3.14f };
        snprintf(ports[i].device, sizeof ports[i].device, "fake%u", i / 2);
    }
    struct sc_core_settings settings = { .port_count = 2 * count, .ports = ports, .tone_count = 3, .tones = tones,
                                         .dial_min_ms = 1250, .seed = 1 };
    struct sc_complaint complaint;
    struct sc_core *core = NULL;
    if (sc_core_create(&core, &settings, &complaint) != 0)
        abort();
    return core;
}

static void join(struct sc_core *core, uint32_t count)
{
    static struct sc_plan_node nodes[2 * FAKE_CARDS];
    static struct sc_plan_edge edges[2 * FAKE_CARDS];
    struct sc_plan plan = { .generation = 1, .node_count = 2 * count, .nodes = nodes, .edge_count = 2 * count, .edges = edges };
    struct sc_complaint complaint;
    for (uint32_t i = 0; i < 2 * count; i++) {
        nodes[i] = (struct sc_plan_node){ .id = i + 1, .kind = SC_NODE_PORT, .port = i, .canceller = true,
                                          .detectors = SC_DETECT_DTMF | SC_DETECT_CALL_PROGRESS | SC_DETECT_CALLER_ID };
        edges[i] = (struct sc_plan_edge){ .listener = i + 1, .source = (i ^ 1u) + 1 };
    }
    if (sc_core_apply(core, &plan, &complaint) != 0)
        abort();
}

/* Counted by callgrind: --toggle-collect=work. */
__attribute__((noinline)) static void work(struct sc_core *core)
{
    (void)sc_core_step(core);
}

static double batch(struct sc_core *core, int ticks)
{
    double sum = 0;
    for (int i = 0; i < ticks; i++) {
        pass(TICK_FRAMES);
        double began = now_us();
        work(core);
        sum += now_us() - began;
    }
    return sum / ticks;
}

static double measure(uint32_t count)
{
    double batches[BATCHES];
    memset(cards, 0, sizeof cards);
    now = 1 << 20;
    struct sc_core *core = make(count);
    join(core, count);
    batch(core, WARM_TICKS);
    for (int b = 0; b < BATCHES; b++)
        batches[b] = batch(core, bench_quick ? 10 : 50);
    qsort(batches, BATCHES, sizeof batches[0], ascending);
    sc_core_destroy(core);
    return batches[BATCHES / 2];
}

int main(int words_count, char **words)
{
    const int first = bench_options(words_count, words);
    if (words_count - first == 2) {
        struct sc_core *core = make((uint32_t)atoi(words[first]));
        join(core, (uint32_t)atoi(words[first]));
        batch(core, atoi(words[first + 1]));
        sc_core_destroy(core);
        return 0;
    }
    double a_card_us = 0;
    for (uint32_t count = 1; count <= FAKE_CARDS; count *= 2) {
        const double tick_us = measure(count);
        report_point("cards_tick_us", BENCH_OURS, count, 2 * count, tick_us);
        a_card_us = tick_us / count;
        if (tick_us > TICK_US)
            break;
    }
    report("cards_on_one_core", BENCH_OURS, floor(TICK_US / a_card_us), 0);
    return 0;
}

#else

int main(void)
{
    return 0;
}

#endif

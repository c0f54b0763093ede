/* core_fixture.h: a core with lines that speak a tone and remember what they heard, for the tests of the core. */
#ifndef SC_CORE_FIXTURE_H
#define SC_CORE_FIXTURE_H

#include "core.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 8
#define HEARD_MAX 40000
#define FIXTURE_PI 3.14159265358979323846

struct line {
    double hz, dbm0;            /* of the tone it speaks; dbm0 0 = silent */
    uint64_t position;
    int fails;                  /* errno of its next exchanges */
    size_t heard_count;
    int16_t heard[HEARD_MAX];
};

struct office {
    struct line lines[LINES_MAX];
    struct sc_core_port ports[LINES_MAX];
    struct sc_core *core;
    struct sc_plan_node nodes[SC_PLAN_NODES_MAX + 1];
    struct sc_plan_edge edges[SC_PLAN_EDGES_MAX + 1];
    struct sc_plan plan;
    struct sc_complaint complaint;
};

static inline int line_exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct line *line = self;
    for (size_t i = 0; i < samples; i++) {
        double amplitude = line->dbm0 < 0.0 ? 32767.0 * pow(10.0, (line->dbm0 - 3.14) / 20.0) : 0.0;
        double phase = 2.0 * FIXTURE_PI * line->hz * (double)line->position++ / SC_SAMPLE_HZ;
        capture[i] = (int16_t)lrint(amplitude * sin(phase));
        if (line->heard_count < HEARD_MAX)
            line->heard[line->heard_count++] = playback[i];
    }
    return line->fails;
}

static inline struct sc_core_settings office_settings(struct office *office, uint32_t lines)
{
    for (uint32_t i = 0; i < lines; i++)
        office->ports[i] = (struct sc_core_port){
            .node = i + 1, .kind = SC_PORT_POINTER, .exchange = line_exchange, .self = &office->lines[i]
        };
    return (struct sc_core_settings){
        .port_count = lines, .ports = office->ports, .socket_count = 4, .seed = 42, .media_lost_ms = 1000,
        .tone_nodes = 4, .player_nodes = 4, .digits_nodes = 4,
    };
}

/* A whole office with `lines` ports and an empty plan. */
static inline struct office *office_open(uint32_t lines)
{
    struct office *office = calloc(1, sizeof *office);
    if (office == NULL)
        abort();
    struct sc_core_settings settings = office_settings(office, lines);
    office->plan.nodes = office->nodes;
    office->plan.edges = office->edges;
    if (sc_core_create(&office->core, &settings, &office->complaint) != 0)
        abort();
    return office;
}

static inline void office_close(struct office *office)
{
    sc_core_destroy(office->core);
    free(office);
}

static inline struct sc_plan_node *add_node(struct office *office, uint32_t id, enum sc_node_kind kind)
{
    struct sc_plan_node *node = &office->nodes[office->plan.node_count++];
    *node = (struct sc_plan_node){ .id = id, .kind = kind, .telephone_event = -1, .frame_ms = 20, .sends = true,
                                   .receives = true };
    return node;
}

static inline void add_port(struct office *office, uint32_t index)
{
    add_node(office, index + 1, SC_NODE_PORT)->port = index;
}

static inline void add_edge(struct office *office, uint32_t listener, uint32_t source, float gain_db)
{
    office->edges[office->plan.edge_count++] =
        (struct sc_plan_edge){ .listener = listener, .source = source, .gain_db = gain_db };
}

static inline void clear_plan(struct office *office)
{
    office->plan.node_count = office->plan.edge_count = 0;
}

static inline int apply(struct office *office)
{
    office->plan.generation++;
    return sc_core_apply(office->core, &office->plan, &office->complaint);
}

static inline void run_ticks(struct office *office, int ticks)
{
    for (int i = 0; i < ticks; i++)
        if (sc_core_step(office->core) != 0)
            abort();
}

/* Forget what was heard until now. */
static inline void forget(struct office *office)
{
    for (int i = 0; i < LINES_MAX; i++)
        office->lines[i].heard_count = 0;
}

/* Level of one frequency in what a line heard, by the definition (a DFT at that frequency). */
static inline double heard_dbm0(const struct line *line, double hz)
{
    double re = 0.0, im = 0.0;
    size_t n = line->heard_count;
    for (size_t i = 0; i < n; i++) {
        double phase = 2.0 * FIXTURE_PI * hz * (double)i / SC_SAMPLE_HZ;
        re += line->heard[i] * cos(phase);
        im += line->heard[i] * sin(phase);
    }
    double amplitude = n == 0 ? 0.0 : 2.0 * sqrt(re * re + im * im) / (double)n;
    return amplitude < 0.1 ? -120.0 : 20.0 * log10(amplitude / 32767.0) + 3.14;
}

#endif

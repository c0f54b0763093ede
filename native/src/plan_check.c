/* plan_check.c: a plan from outside is checked to the last field and compiled for the tick.
 *
 * How: nodes one by one in order of their ids, then edges, sorted by listener (counting sort) with indices in place of ids.
 * Tones and digits are tried on a probe of the very blocks that will send them, so that the tick can rely on them.
 * Assumes nothing about the plan but that its arrays are as long as it says.
 * Measured (test_plan.c): each complaint is provoked; 20,000 random plans are accepted or refused and the core goes on. */
#include "core_internal.h"
#include "opus_codec.h"

#include <errno.h>
#include <string.h>

#define GAIN_MIN_DB (-100.0f)
#define GAIN_MAX_DB 40.0f
#define LINE_GAIN_DB 30.0f      /* of one party, either way */
#define EVENT_TYPE_FIRST 96     /* RFC 3551, 6: dynamic payload types */
#define EVENT_TYPE_LAST 127
#define FRAME_MS_MAX 60u

struct check {
    struct sc_core *core;
    struct sc_compiled_plan *out;
    struct sc_complaint *complaint;
    uint64_t ports, sockets;    /* bits: taken by a node */
    uint32_t tones, players, digits, identities;
};

static int complain(struct check *check, enum sc_complaint_kind kind, uint32_t node, uint32_t other)
{
    *check->complaint = (struct sc_complaint){ .kind = kind, .node = node, .other = other };
    return EINVAL;
}

static bool line_gain_valid(float gain_db)
{
    return gain_db >= -LINE_GAIN_DB && gain_db <= LINE_GAIN_DB;
}

static int check_gains(struct check *c, const struct sc_plan_node *node)
{
    if (line_gain_valid(node->spoken_gain_db) && line_gain_valid(node->heard_gain_db))
        return 0;
    return complain(c, SC_COMPLAINT_LINE_GAIN, node->id, 0);
}

static int check_port(struct check *c, const struct sc_plan_node *node)
{
    if (node->port >= c->core->settings.port_count)
        return complain(c, SC_COMPLAINT_UNKNOWN_PORT, node->id, node->port);
    uint64_t bit = (uint64_t)1 << node->port;
    if (c->ports & bit)
        return complain(c, SC_COMPLAINT_PORT_TWICE, node->id, node->port);
    c->ports |= bit;
    return check_gains(c, node);
}

static bool address_valid(const struct sc_rtp_address *address)
{
    return address->length == 0 || ((address->length == 4 || address->length == 16) && address->port != 0);
}

/* Opus has frames of 10, 20, 40 and 60 ms (RFC 6716, 2.1.4). */
static bool opus_valid(const struct sc_plan_node *node)
{
    return node->codec == SC_CODEC_OPUS && sc_opus_available() && node->opus_type >= EVENT_TYPE_FIRST &&
           node->opus_type <= EVENT_TYPE_LAST && node->frame_ms != 30 && node->frame_ms != 50;
}

static bool rtp_valid(const struct sc_plan_node *node)
{
    bool type = node->telephone_event == -1 ||
                (node->telephone_event >= EVENT_TYPE_FIRST && node->telephone_event <= EVENT_TYPE_LAST);
    bool codec = node->codec == SC_CODEC_PCMA || node->codec == SC_CODEC_PCMU || node->codec == SC_CODEC_G722 || opus_valid(node);
    bool frame = node->frame_ms >= SC_TICK_MS && node->frame_ms <= FRAME_MS_MAX && node->frame_ms % SC_TICK_MS == 0;
    return type && codec && frame && address_valid(&node->remote);
}

static int check_rtp(struct check *c, const struct sc_plan_node *node)
{
    if (node->socket >= c->core->settings.socket_count)
        return complain(c, SC_COMPLAINT_UNKNOWN_SOCKET, node->id, node->socket);
    uint64_t bit = (uint64_t)1 << node->socket;
    if (c->sockets & bit)
        return complain(c, SC_COMPLAINT_SOCKET_TWICE, node->id, node->socket);
    c->sockets |= bit;
    return rtp_valid(node) ? check_gains(c, node) : complain(c, SC_COMPLAINT_BAD_RTP, node->id, node->socket);
}

bool sc_plan_tone(struct sc_tone_sender_settings *out, const struct sc_plan_node *node)
{
    memset(out, 0, sizeof *out);
    if (node->segment_count == 0 || node->segment_count > SC_PLAN_SEGMENTS_MAX)
        return false;
    out->segment_count = node->segment_count;
    for (uint32_t i = 0; i < node->segment_count; i++) {
        const struct sc_plan_segment *from = &node->segments[i];
        struct sc_tone_segment *to = &out->segments[i];
        if (from->frequency_count > SC_PLAN_FREQUENCIES_MAX)
            return false;
        to->duration_ms = from->duration_ms;
        to->frequency_count = from->frequency_count;
        for (uint32_t k = 0; k < from->frequency_count; k++) {
            to->frequency_hz[k] = from->frequency_hz[k];
            to->level_dbm0[k] = from->level_dbm0;
        }
    }
    return true;
}

static int check_tone(struct check *c, const struct sc_plan_node *node)
{
    struct sc_tone_sender_settings settings;
    if (++c->tones > c->core->tone_pool.count)
        return complain(c, SC_COMPLAINT_POOL_EMPTY, node->id, (uint32_t)node->kind);
    if (!sc_plan_tone(&settings, node) || sc_tone_sender_set(c->core->tone_probe, &settings) != 0)
        return complain(c, SC_COMPLAINT_BAD_TONE, node->id, 0);
    return 0;
}

static int check_player(struct check *c, const struct sc_plan_node *node)
{
    if (++c->players > c->core->player_pool.count)
        return complain(c, SC_COMPLAINT_POOL_EMPTY, node->id, (uint32_t)node->kind);
    if (node->clip >= atomic_load_explicit(&c->core->clip_count, memory_order_relaxed))
        return complain(c, SC_COMPLAINT_UNKNOWN_CLIP, node->id, node->clip);
    return 0;
}

static int check_digits(struct check *c, const struct sc_plan_node *node)
{
    struct sc_dtmf_sender_settings settings = {
        .tone_ms = node->tone_ms,
        .pause_ms = node->pause_ms,
        .low_dbm0 = node->low_dbm0,
        .high_dbm0 = node->high_dbm0,
    };
    if (++c->digits > c->core->digits_pool.count)
        return complain(c, SC_COMPLAINT_POOL_EMPTY, node->id, (uint32_t)node->kind);
    if (memchr(node->digits, '\0', sizeof node->digits) == NULL ||
        sc_dtmf_sender_set(c->core->digits_probe, &settings) != 0 ||
        sc_dtmf_sender_queue(c->core->digits_probe, node->digits) != 0)
        return complain(c, SC_COMPLAINT_BAD_DIGITS, node->id, 0);
    return 0;
}

bool sc_plan_identity(struct sc_callerid_identity *out, const struct sc_plan_node *node)
{
    if (memchr(node->date, '\0', sizeof node->date) == NULL || memchr(node->number, '\0', sizeof node->number) == NULL ||
        memchr(node->name, '\0', sizeof node->name) == NULL)
        return false;
    *out = (struct sc_callerid_identity){
        .form = (enum sc_callerid_form)node->identity_form,
        .modulation = (enum sc_callerid_modulation)node->modulation,
        .date = node->date,
        .number = node->number,
        .number_absent = node->number_private ? SC_CALLERID_PRIVATE : SC_CALLERID_UNAVAILABLE,
        .name = node->name,
        .level_dbm0 = node->identity_dbm0,
        .lamp_on = node->lamp_on,
    };
    return true;
}

static int check_identity(struct check *c, const struct sc_plan_node *node)
{
    struct sc_callerid_identity identity;
    if (node->port >= c->core->settings.port_count)
        return complain(c, SC_COMPLAINT_UNKNOWN_PORT, node->id, node->port);
    if (++c->identities > c->core->identity_pool.count)
        return complain(c, SC_COMPLAINT_POOL_EMPTY, node->id, (uint32_t)node->kind);
    sc_callwaiting_sender_reset(c->core->identity_probe);
    if (!sc_plan_identity(&identity, node) ||
        sc_callwaiting_sender_begin(c->core->identity_probe, &identity, (enum sc_callerid_alert)node->alert) != 0)
        return complain(c, SC_COMPLAINT_BAD_IDENTITY, node->id, 0);
    return 0;
}

static int check_node(struct check *c, const struct sc_plan_node *node)
{
    switch (node->kind) {
    case SC_NODE_PORT:
        return check_port(c, node);
    case SC_NODE_RTP:
        return check_rtp(c, node);
    case SC_NODE_TONE:
        return check_tone(c, node);
    case SC_NODE_PLAYER:
        return check_player(c, node);
    case SC_NODE_DIGITS:
        return check_digits(c, node);
    case SC_NODE_IDENTITY:
        return check_identity(c, node);
    }
    return complain(c, SC_COMPLAINT_UNKNOWN_KIND, node->id, (uint32_t)node->kind);
}

static int check_nodes(struct check *c, const struct sc_plan *plan)
{
    if (plan->node_count > SC_PLAN_NODES_MAX)
        return complain(c, SC_COMPLAINT_TOO_MANY_NODES, 0, plan->node_count);
    for (uint32_t i = 0; i < plan->node_count; i++) {
        const struct sc_plan_node *node = &plan->nodes[i];
        if (i > 0 && node->id <= plan->nodes[i - 1].id)
            return complain(c, SC_COMPLAINT_IDS_NOT_RISING, node->id, plan->nodes[i - 1].id);
        int error = check_node(c, node);
        if (error != 0)
            return error;
        c->out->nodes[i] = *node;
        c->out->slots[i] = SC_NOWHERE;
    }
    c->out->node_count = plan->node_count;
    return 0;
}

/* Index of the node with this id, or SC_NOWHERE. */
static uint16_t find(const struct sc_compiled_plan *plan, uint32_t id)
{
    uint32_t low = 0, high = plan->node_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (plan->nodes[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < plan->node_count && plan->nodes[low].id == id ? (uint16_t)low : SC_NOWHERE;
}

static bool hears(const struct sc_plan_node *node)
{
    return node->kind == SC_NODE_PORT || node->kind == SC_NODE_RTP;
}

/* Whether the listener already has an edge from the source among those placed before `end`. */
static bool given_twice(const struct sc_compiled_plan *plan, uint16_t listener, uint16_t end, uint16_t source)
{
    for (uint16_t i = plan->first_edge[listener]; i < end; i++)
        if (plan->edges[i].source == source)
            return true;
    return false;
}

static int check_edge(struct check *c, const struct sc_plan_edge *edge)
{
    uint16_t listener = find(c->out, edge->listener);
    if (listener == SC_NOWHERE)
        return complain(c, SC_COMPLAINT_EDGE_LISTENER, edge->listener, edge->source);
    if (find(c->out, edge->source) == SC_NOWHERE)
        return complain(c, SC_COMPLAINT_EDGE_SOURCE, edge->source, edge->listener);
    if (!hears(&c->out->nodes[listener]))
        return complain(c, SC_COMPLAINT_EDGE_DEAF, edge->listener, edge->source);
    if (!(edge->gain_db >= GAIN_MIN_DB && edge->gain_db <= GAIN_MAX_DB))
        return complain(c, SC_COMPLAINT_EDGE_GAIN, edge->listener, edge->source);
    return 0;
}

static int check_edges(struct check *c, const struct sc_plan *plan)
{
    uint16_t filled[SC_PLAN_NODES_MAX];
    uint16_t *first = c->out->first_edge;
    if (plan->edge_count > SC_PLAN_EDGES_MAX)
        return complain(c, SC_COMPLAINT_TOO_MANY_EDGES, 0, plan->edge_count);
    memset(first, 0, sizeof c->out->first_edge);
    for (uint32_t i = 0; i < plan->edge_count; i++) {
        int error = check_edge(c, &plan->edges[i]);
        if (error != 0)
            return error;
        first[find(c->out, plan->edges[i].listener) + 1]++;
    }
    for (uint32_t i = 0; i < plan->node_count; i++) {
        first[i + 1] = (uint16_t)(first[i + 1] + first[i]);
        filled[i] = first[i];
    }
    for (uint32_t i = 0; i < plan->edge_count; i++) {
        const struct sc_plan_edge *edge = &plan->edges[i];
        uint16_t listener = find(c->out, edge->listener), source = find(c->out, edge->source);
        if (given_twice(c->out, listener, filled[listener], source))
            return complain(c, SC_COMPLAINT_EDGE_TWICE, edge->listener, edge->source);
        const float gain_db = edge->gain_db + c->out->nodes[listener].heard_gain_db;
        c->out->edges[filled[listener]++] =
            (struct sc_compiled_edge){ .source = source, .gain = sc_mixer_gain(gain_db) };
    }
    return 0;
}

int sc_plan_check(struct sc_core *core, const struct sc_plan *plan, struct sc_compiled_plan *out,
                  struct sc_complaint *complaint)
{
    struct check check = { .core = core, .out = out, .complaint = complaint };
    *complaint = (struct sc_complaint){ .kind = SC_COMPLAINT_NONE };
    out->generation = plan->generation;
    int error = check_nodes(&check, plan);
    return error != 0 ? error : check_edges(&check, plan);
}

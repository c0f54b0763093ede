/* plan_swap.c: a waiting plan takes over, between two ticks.
 *
 * How: the newest compiled plan is compared with the tick's own copy of the old one by id (both are sorted); what left gives its
 * state back to the pools, what stayed keeps it, what came begins. Then the copy is renewed. Nothing is allocated: the check
 * made sure that the pools suffice.
 * Measured (test_plan.c, bench_tick.c): a node that stays keeps phase, taps and buffers. */
#include "core_internal.h"

#include <string.h>

#define NOTCH_MIN_HZ 200.0f     /* what the DTMF receiver can notch (dtmf_receiver.h) */
#define NOTCH_MAX_HZ 600.0f
#define SHARP 1.15f             /* SC_FAULT_TONE_SHARP */

void sc_pool_fill(struct sc_pool *pool, uint32_t count)
{
    pool->count = pool->free_count = (uint16_t)count;
    for (uint16_t i = 0; i < pool->count; i++)
        pool->free[i] = (uint16_t)(pool->count - 1 - i);
}

static uint16_t pool_take(struct sc_pool *pool)
{
    return pool->free[--pool->free_count];
}

static void pool_give(struct sc_pool *pool, uint16_t slot)
{
    pool->free[pool->free_count++] = slot;
}

static struct sc_pool *pool_of(struct sc_core *core, enum sc_node_kind kind)
{
    switch (kind) {
    case SC_NODE_TONE:
        return &core->tone_pool;
    case SC_NODE_PLAYER:
        return &core->player_pool;
    case SC_NODE_DIGITS:
        return &core->digits_pool;
    case SC_NODE_IDENTITY:
        return &core->identity_pool;
    case SC_NODE_PORT:
    case SC_NODE_RTP:
        break;
    }
    return NULL;
}

/* --- what begins ------------------------------------------------------------------------------------------------- */

static void begin_tone(struct sc_core *core, struct sc_tone_state *tone, const struct sc_plan_node *node)
{
    struct sc_tone_sender_settings settings;
    if (!sc_plan_tone(&settings, node))
        return;
    if (atomic_load_explicit(&core->fault, memory_order_relaxed) == SC_FAULT_TONE_SHARP)
        for (uint32_t i = 0; i < settings.segment_count; i++)
            for (uint32_t k = 0; k < settings.segments[i].frequency_count; k++)
                settings.segments[i].frequency_hz[k] *= SHARP;
    (void)sc_tone_sender_set(tone->sender, &settings); /* the check tried these very settings */
}

static void begin_player(struct sc_core *core, struct sc_player_state *player, const struct sc_plan_node *node)
{
    player->clip = &core->clips[node->clip];
    player->position = 0;
    player->ended = false;
}

static void begin_digits(struct sc_digits_state *digits, const struct sc_plan_node *node)
{
    struct sc_dtmf_sender_settings settings = {
        .tone_ms = node->tone_ms,
        .pause_ms = node->pause_ms,
        .low_dbm0 = node->low_dbm0,
        .high_dbm0 = node->high_dbm0,
    };
    digits->ended = digits->sending = false;
    (void)sc_dtmf_sender_set(digits->sender, &settings); /* the check tried these very settings */
    (void)sc_dtmf_sender_queue(digits->sender, node->digits);
}

static void begin_identity(struct sc_identity_state *state, const struct sc_plan_node *node)
{
    struct sc_callerid_identity identity;
    state->ended = false;
    sc_callwaiting_sender_reset(state->sender);
    if (sc_plan_identity(&identity, node)) /* the check tried this very node */
        (void)sc_callwaiting_sender_begin(state->sender, &identity, (enum sc_callerid_alert)node->alert);
}

static void begin(struct sc_core *core, const struct sc_plan_node *node, uint16_t slot)
{
    switch (node->kind) {
    case SC_NODE_TONE:
        begin_tone(core, &core->tones[slot], node);
        break;
    case SC_NODE_PLAYER:
        begin_player(core, &core->players[slot], node);
        break;
    case SC_NODE_DIGITS:
        begin_digits(&core->digits[slot], node);
        break;
    case SC_NODE_IDENTITY:
        begin_identity(&core->identities[slot], node);
        break;
    case SC_NODE_PORT:
    case SC_NODE_RTP:
        break;
    }
}

/* --- what stays -------------------------------------------------------------------------------------------------- */

/* Whether a node that kept its id sends the same as before. */
static bool same_sound(const struct sc_plan_node *a, const struct sc_plan_node *b)
{
    switch (a->kind) {
    case SC_NODE_TONE:
        return a->segment_count == b->segment_count &&
               memcmp(a->segments, b->segments, a->segment_count * sizeof a->segments[0]) == 0;
    case SC_NODE_PLAYER:
        return a->clip == b->clip;
    case SC_NODE_DIGITS:
        return strcmp(a->digits, b->digits) == 0;
    case SC_NODE_IDENTITY:
        break; /* once begun it is said to its end */
    case SC_NODE_PORT:
    case SC_NODE_RTP:
        break;
    }
    return true;
}

/* Walks both plans by id: gives back what left (of another kind counts as left) and carries the slots of what stayed. */
static void carry(struct sc_core *core, const struct sc_compiled_plan *old, struct sc_compiled_plan *new)
{
    uint32_t j = 0;
    for (uint32_t i = 0; i < old->node_count; i++) {
        const struct sc_plan_node *left = &old->nodes[i];
        while (j < new->node_count && new->nodes[j].id < left->id)
            j++;
        struct sc_pool *pool = pool_of(core, left->kind);
        bool stays = j < new->node_count && new->nodes[j].id == left->id && new->nodes[j].kind == left->kind;
        if (pool == NULL)
            continue;
        if (!stays) {
            pool_give(pool, old->slots[i]);
            continue;
        }
        new->slots[j] = old->slots[i];
        if (!same_sound(left, &new->nodes[j]))
            begin(core, &new->nodes[j], new->slots[j]);
    }
}

static void begin_the_rest(struct sc_core *core, struct sc_compiled_plan *new)
{
    for (uint32_t i = 0; i < new->node_count; i++) {
        struct sc_pool *pool = pool_of(core, new->nodes[i].kind);
        if (pool == NULL || new->slots[i] != SC_NOWHERE)
            continue;
        new->slots[i] = pool_take(pool);
        begin(core, &new->nodes[i], new->slots[i]);
    }
}

/* --- parties ----------------------------------------------------------------------------------------------------- */

/* The DTMF receiver of a party has to hear digits through the tone that we play to it: notch that out. */
static void notch(struct sc_core *core, struct sc_listening *listening, uint16_t index)
{
    const struct sc_compiled_plan *plan = core->plan;
    float frequency_hz[SC_DTMF_NOTCHES_MAX];
    uint32_t count = 0;
    for (uint16_t e = plan->first_edge[index]; e < plan->first_edge[index + 1]; e++) {
        const struct sc_plan_node *source = &plan->nodes[plan->edges[e].source];
        if (source->kind != SC_NODE_TONE)
            continue;
        for (uint32_t k = 0; k < source->segments[0].frequency_count && count < SC_DTMF_NOTCHES_MAX; k++) {
            float hz = source->segments[0].frequency_hz[k];
            if (hz >= NOTCH_MIN_HZ && hz <= NOTCH_MAX_HZ)
                frequency_hz[count++] = hz;
        }
    }
    sc_listening_notch(listening, frequency_hz, count);
}

static bool is_heard(const struct sc_compiled_plan *plan, uint16_t index)
{
    uint16_t edge_count = plan->first_edge[plan->node_count];
    for (uint16_t e = 0; e < edge_count; e++)
        if (plan->edges[e].source == index)
            return true;
    return false;
}

static bool hears(const struct sc_compiled_plan *plan, uint16_t index)
{
    return plan->first_edge[index] < plan->first_edge[index + 1];
}

static void settle_port(struct sc_core *core, struct sc_port_state *port)
{
    const struct sc_plan_node *node = port->node == SC_NOWHERE ? NULL : &core->plan->nodes[port->node];
    bool muted = node != NULL && node->capture_muted;
    sc_listening_arm(&port->listening, node == NULL ? 0 : node->detectors, core->tick);
    if (node != NULL)
        notch(core, &port->listening, port->node);
    bool heard = node != NULL && is_heard(core->plan, port->node);
    bool in_call = heard || (node != NULL && hears(core->plan, port->node));
    sc_echo_policy_set(&port->policy, heard, in_call);
    if (!heard)        /* between calls: whoever talks next is somebody else */
        sc_spoken_level_reset(&port->level);
    if (node != NULL)
        sc_spoken_level_set(&port->level, node->spoken_gain_db, node->automatic_gain);
    if (port->card != NULL)
        sc_alsa_port_set(port->card, node != NULL && node->canceller, muted, heard, in_call);
}

static void settle_socket(struct sc_core *core, struct sc_socket_state *socket, uint32_t old_id)
{
    const struct sc_plan_node *node = socket->node == SC_NOWHERE ? NULL : &core->plan->nodes[socket->node];
    sc_rtp_endpoint_assign(socket->endpoint, node);
    if (node == NULL || node->id != old_id) {
        sc_listening_arm(&socket->listening, 0, core->tick);
        socket->decimator = (struct sc_decimator){ 0 };
        socket->interpolator = (struct sc_interpolator){ 0 };
        socket->interpolating = false;
        sc_meter_reset(&socket->spoken_meter);
        sc_meter_reset(&socket->heard_meter);
        sc_spoken_level_reset(&socket->level);
        sc_spoken_level_reset(&socket->wide_level);
        sc_limiter_reset(&socket->limiter);
    }
    if (node != NULL) {
        sc_spoken_level_set(&socket->level, node->spoken_gain_db, node->automatic_gain);
        sc_spoken_level_set(&socket->wide_level, node->spoken_gain_db, node->automatic_gain);
        sc_listening_arm(&socket->listening, node->detectors & ~(uint32_t)(SC_DETECT_CALLER_ID | SC_DETECT_AON),
                         core->tick);
        notch(core, &socket->listening, socket->node);
    }
}

static void settle_parties(struct sc_core *core, const uint32_t *old_ids)
{
    for (uint32_t i = 0; i < core->settings.port_count; i++)
        core->ports[i].node = SC_NOWHERE;
    for (uint32_t i = 0; i < core->settings.socket_count; i++)
        core->sockets[i].node = SC_NOWHERE;
    for (uint32_t i = 0; i < core->plan->node_count; i++) {
        const struct sc_plan_node *node = &core->plan->nodes[i];
        if (node->kind == SC_NODE_PORT)
            core->ports[node->port].node = (uint16_t)i;
        else if (node->kind == SC_NODE_RTP)
            core->sockets[node->socket].node = (uint16_t)i;
    }
    for (uint32_t i = 0; i < core->settings.port_count; i++)
        settle_port(core, &core->ports[i]);
    for (uint32_t i = 0; i < core->settings.socket_count; i++)
        settle_socket(core, &core->sockets[i], old_ids[i]);
}

static void copy_plan(struct sc_compiled_plan *to, const struct sc_compiled_plan *from)
{
    size_t edges = from->first_edge[from->node_count];
    to->generation = from->generation;
    to->node_count = from->node_count;
    memcpy(to->nodes, from->nodes, from->node_count * sizeof from->nodes[0]);
    memcpy(to->slots, from->slots, from->node_count * sizeof from->slots[0]);
    memcpy(to->first_edge, from->first_edge, (from->node_count + 1) * sizeof from->first_edge[0]);
    memcpy(to->edges, from->edges, edges * sizeof from->edges[0]);
}

void sc_plan_swap(struct sc_core *core)
{
    uint32_t old_ids[SC_CORE_SOCKETS_MAX] = { 0 };
    if (!sc_triple_take(&core->plan_triple))
        return;
    struct sc_compiled_plan *new = &core->plans[core->plan_triple.front];
    for (uint32_t i = 0; i < core->settings.socket_count; i++)
        if (core->sockets[i].node != SC_NOWHERE)
            old_ids[i] = core->plan->nodes[core->sockets[i].node].id;
    carry(core, core->plan, new);
    begin_the_rest(core, new);
    copy_plan(core->plan, new);
    settle_parties(core, old_ids);
    core->generation = new->generation;
    core->plans_taken++;
}

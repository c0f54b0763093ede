/* tick.c: one tick of 10 ms: what each party said, what each hears.
 *
 * How, in this order: the waiting plan takes over; packets that came go to their endpoints; each port exchanges 80 samples with
 * its line, its echo is cancelled, its detectors listen; RTP parties, tones, players and digits speak; each listener's sum is
 * mixed and goes to its port (played in the next tick's exchange) or into packets; figures are published.
 * Wide parties (G.722) speak 160 samples of 16 kHz. Everybody else, and every detector, gets those decimated to 80; a wide listener
 * gets the sum of the wide ones at 16 kHz, and on top the sum of all others, interpolated once.
 * Nothing here allocates, locks or makes a system call.
 * Assumes a plan that sc_plan_check has seen. Measured: bench/bench_tick.c. */
#include "core_internal.h"

#include <string.h>

#define PACKETS_PER_TICK 32     /* of a socket; the rest waits for the next tick */
#define LOUDER_THAN_ECHO 4.0    /* 6 dB over what we play: no hybrid gives so much back */

static bool faulty(const struct sc_core *core, enum sc_fault fault)
{
    return atomic_load_explicit(&core->fault, memory_order_relaxed) == fault;
}

static void say(struct sc_core *core, enum sc_event_kind kind, uint32_t node)
{
    struct sc_event event = { .kind = kind, .node = node, .tick = core->tick };
    (void)sc_event_ring_push(core->events, &event); /* the ring counts what it drops */
}

/* --- ports ------------------------------------------------------------------------------------------------------- */

static int exchange(struct sc_port_state *port)
{
    switch (port->settings.kind) {
    case SC_PORT_POINTER:
        return port->settings.exchange(port->settings.self, port->playback, port->captured, SC_TICK_SAMPLES);
    case SC_PORT_CARD:
        return sc_alsa_port_exchange(port->card, port->playback, port->captured, port->linear, SC_TICK_SAMPLES);
    case SC_PORT_SERIAL:
        return sc_serial_port_exchange(port->serial, port->playback, port->captured, SC_TICK_SAMPLES);
    case SC_PORT_SILENCE:
        memset(port->captured, 0, sizeof port->captured);
        break;
    }
    return 0;
}

static void cancel_echo(struct sc_core *core, struct sc_port_state *port, const struct sc_plan_node *node)
{
    /* A card's port cancels in its own clock (alsa_port.h). */
    bool here = port->settings.kind == SC_PORT_POINTER && node != NULL && node->canceller;
    if (!here || faulty(core, SC_FAULT_CANCELLER_BYPASSED)) {
        memcpy(port->spoken, port->captured, sizeof port->spoken);
        if (port->settings.kind != SC_PORT_CARD)
            memcpy(port->linear, port->captured, sizeof port->linear);
        return;
    }
    (void)sc_echo_canceller_process(port->canceller, port->playback, port->captured, port->spoken,
                                    SC_TICK_SAMPLES); /* a tick is never too long */
    memcpy(port->linear, sc_echo_canceller_linear(port->canceller), sizeof port->linear);
    sc_echo_policy_process(&port->policy, port->canceller, port->playback, port->captured, SC_TICK_SAMPLES);
    if (sc_echo_policy_stands_aside(&port->policy, port->captured, port->spoken, SC_TICK_SAMPLES)) {
        memcpy(port->spoken, port->captured, sizeof port->spoken);
        memcpy(port->linear, port->captured, sizeof port->linear);
    }
}

static double tick_energy(const int16_t *samples)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < SC_TICK_SAMPLES; i++)
        sum += (double)samples[i] * samples[i];
    return sum;
}

/* What the detectors of a port listen to. What comes from the line far louder than what we play into it is no echo, and
 * while we play a tone (and for the policy's tail after it, longer than a busy tone's pause) the canceller has only a tone to
 * spoil: the other party's hybrid sends the line's own tone back to us, and the canceller takes that for its reference. Where
 * tones of the city are looked for, the NLP is what they must not have: while our side talks it shuts out a weak busy tone. */
static const int16_t *listened_to(const struct sc_port_state *port)
{
    bool tone = port->policy.tail_samples > 0;
    bool near_end = tick_energy(port->captured) > LOUDER_THAN_ECHO * tick_energy(port->playback);
    bool progress = (port->listening.active & SC_DETECT_CALL_PROGRESS) != 0;
    return tone || near_end ? port->captured : progress ? port->linear : port->spoken;
}

/* Whether the answer tone of a fax machine or a modem has been heard in this call, from either side. */
static bool hears_machines(const struct sc_port_state *port)
{
    return port->settings.kind == SC_PORT_CARD ? sc_alsa_port_hears_machines(port->card) : port->policy.disabler.nlp_off;
}

static void capture_port(struct sc_core *core, struct sc_port_state *port)
{
    const struct sc_plan_node *node = port->node == SC_NOWHERE ? NULL : &core->plan->nodes[port->node];
    int error = exchange(port);
    if (error != 0) {
        port->failures++;
        memset(port->captured, 0, sizeof port->captured);
    }
    if (node == NULL || node->capture_muted) {
        memset(port->captured, 0, sizeof port->captured);
        memset(port->spoken, 0, sizeof port->spoken);
        memset(port->linear, 0, sizeof port->linear);
    } else {
        cancel_echo(core, port, node);
    }
    sc_meter_process(&port->captured_meter, port->captured, SC_TICK_SAMPLES);
    sc_meter_process(&port->spoken_meter, port->spoken, SC_TICK_SAMPLES);
    if (port->recorder != NULL)
        sc_line_recorder_heard(port->recorder, listened_to(port));
    if (node != NULL) {
        sc_listening_process(&port->listening, listened_to(port), SC_TICK_SAMPLES, node->id, core->tick, core->events);
        sc_listening_process_voice(&port->listening, port->spoken, port->playback, SC_TICK_SAMPLES, node->id, core->tick,
                                   core->events);
    }
    /* After the detectors, whose limits are those of the line. */
    sc_spoken_level_hold(&port->level, hears_machines(port));
    sc_spoken_level_process(&port->level, port->spoken, port->playback, SC_TICK_SAMPLES);
}

/* SC_FAULT_CROSSED_WIRE: each port's voice is taken for its neighbour's. */
static void cross_wires(struct sc_core *core)
{
    int16_t first[SC_TICK_SAMPLES];
    uint32_t count = core->settings.port_count;
    if (count < 2)
        return;
    memcpy(first, core->ports[0].spoken, sizeof first);
    for (uint32_t i = 0; i + 1 < count; i++)
        memcpy(core->ports[i].spoken, core->ports[i + 1].spoken, sizeof first);
    memcpy(core->ports[count - 1].spoken, first, sizeof first);
}

/* --- sources ----------------------------------------------------------------------------------------------------- */

static bool is_wide(const struct sc_plan_node *node)
{
    return node->kind == SC_NODE_RTP && (node->codec == SC_CODEC_G722 || node->codec == SC_CODEC_OPUS);
}

static void receive_packets(struct sc_core *core, struct sc_socket_state *socket)
{
    for (int i = 0; i < PACKETS_PER_TICK; i++) {
        const struct sc_packet *packet = sc_packet_queue_oldest(socket->in);
        if (packet == NULL)
            return;
        sc_rtp_endpoint_receive(socket->endpoint, packet, core->tick);
        sc_packet_queue_release(socket->in);
    }
}

/* Whether this party hears a port that does. */
static bool talks_to_machines(const struct sc_core *core, uint16_t listener)
{
    const struct sc_compiled_plan *plan = core->plan;
    for (uint16_t e = plan->first_edge[listener]; e < plan->first_edge[listener + 1]; e++) {
        const struct sc_plan_node *node = &plan->nodes[plan->edges[e].source];
        if (node->kind == SC_NODE_PORT && hears_machines(&core->ports[node->port]))
            return true;
    }
    return false;
}

static void speak_socket(struct sc_core *core, struct sc_socket_state *socket)
{
    receive_packets(core, socket);
    if (socket->node == SC_NOWHERE)
        return;
    if (is_wide(&core->plan->nodes[socket->node])) {
        sc_rtp_endpoint_speak_wide(socket->endpoint, socket->wide, SC_TICK_SAMPLES, core->tick);
        sc_decimate(&socket->decimator, socket->spoken, socket->wide, SC_TICK_SAMPLES);
    } else {
        sc_rtp_endpoint_speak(socket->endpoint, socket->spoken, SC_TICK_SAMPLES, core->tick);
    }
    sc_meter_process(&socket->spoken_meter, socket->spoken, SC_TICK_SAMPLES);
    sc_listening_process(&socket->listening, socket->spoken, SC_TICK_SAMPLES, core->plan->nodes[socket->node].id,
                         core->tick, core->events);
    bool machines = core->plan->nodes[socket->node].automatic_gain && talks_to_machines(core, socket->node);
    sc_spoken_level_hold(&socket->level, machines);
    sc_spoken_level_hold(&socket->wide_level, machines);
    sc_listening_process_voice(&socket->listening, socket->spoken, NULL, SC_TICK_SAMPLES,
                               core->plan->nodes[socket->node].id, core->tick, core->events);
    sc_spoken_level_process(&socket->level, socket->spoken, NULL, SC_TICK_SAMPLES);
    if (is_wide(&core->plan->nodes[socket->node]))
        sc_spoken_level_process(&socket->wide_level, socket->wide, NULL, 2 * SC_TICK_SAMPLES);
}

static void speak_player(struct sc_core *core, struct sc_player_state *player, const struct sc_plan_node *node)
{
    size_t n = 0;
    while (n < SC_TICK_SAMPLES && !player->ended) {
        size_t left = player->clip->n - player->position, room = SC_TICK_SAMPLES - n;
        size_t part = left < room ? left : room;
        memcpy(player->spoken + n, player->clip->samples + player->position, part * sizeof(int16_t));
        n += part;
        player->position += part;
        if (player->position < player->clip->n)
            break;
        player->position = 0;
        if (!node->looped) {
            player->ended = true;
            say(core, SC_EVENT_PROMPT_ENDED, node->id);
        }
    }
    memset(player->spoken + n, 0, (SC_TICK_SAMPLES - n) * sizeof(int16_t));
}

static void speak_digits(struct sc_core *core, struct sc_digits_state *digits, const struct sc_plan_node *node)
{
    (void)sc_dtmf_sender_process(digits->sender, digits->spoken, SC_TICK_SAMPLES); /* zeros after the last digit */
    digits->sending = sc_dtmf_sender_now(digits->sender, &digits->now);
    if (digits->ended || !sc_dtmf_sender_finished(digits->sender))
        return;
    digits->ended = true;
    say(core, SC_EVENT_DIGITS_SENT, node->id);
}

static void speak_identity(struct sc_core *core, struct sc_identity_state *state, const struct sc_plan_node *node)
{
    sc_callwaiting_sender_process(state->sender, core->ports[node->port].captured, state->spoken, SC_TICK_SAMPLES);
    const enum sc_callwaiting_state now = sc_callwaiting_sender_state(state->sender);
    if (state->ended || (now != SC_CALLWAITING_SENT && now != SC_CALLWAITING_REFUSED))
        return;
    state->ended = true;
    struct sc_event event = {
        .kind = SC_EVENT_IDENTITY_SENT, .node = node->id, .tick = core->tick, .present = now == SC_CALLWAITING_SENT
    };
    (void)sc_event_ring_push(core->events, &event); /* the ring counts what it drops */
}

static void speak_sources(struct sc_core *core)
{
    const struct sc_compiled_plan *plan = core->plan;
    for (uint32_t i = 0; i < plan->node_count; i++) {
        const struct sc_plan_node *node = &plan->nodes[i];
        uint16_t slot = plan->slots[i];
        if (node->kind == SC_NODE_TONE)
            (void)sc_tone_sender_process(core->tones[slot].sender, core->tones[slot].spoken, SC_TICK_SAMPLES);
        else if (node->kind == SC_NODE_PLAYER)
            speak_player(core, &core->players[slot], node);
        else if (node->kind == SC_NODE_DIGITS)
            speak_digits(core, &core->digits[slot], node);
        else if (node->kind == SC_NODE_IDENTITY)
            speak_identity(core, &core->identities[slot], node);
    }
}

/* --- listeners --------------------------------------------------------------------------------------------------- */

static const int16_t *spoken_by(const struct sc_core *core, uint16_t index)
{
    const struct sc_plan_node *node = &core->plan->nodes[index];
    uint16_t slot = core->plan->slots[index];
    switch (node->kind) {
    case SC_NODE_PORT:
        return core->ports[node->port].spoken;
    case SC_NODE_RTP:
        return core->sockets[node->socket].spoken;
    case SC_NODE_TONE:
        return core->tones[slot].spoken;
    case SC_NODE_PLAYER:
        return core->players[slot].spoken;
    case SC_NODE_DIGITS:
        return core->digits[slot].spoken;
    case SC_NODE_IDENTITY:
        return core->identities[slot].spoken;
    }
    return core->ports[0].spoken; /* not reached: the check knows every kind */
}

static bool presses_a_key(const struct sc_listening *listening)
{
    return (listening->active & SC_DETECT_DTMF) != 0 && sc_dtmf_receiver_tone_present(listening->dtmf);
}

/* The sound of a digit that its party sends as an event too: the exchange passes it on, so nobody is to hear it twice. */
static bool doubles_an_event(const struct sc_core *core, const struct sc_plan_node *source)
{
    if (source->kind != SC_NODE_RTP)
        return false;
    const struct sc_socket_state *socket = &core->sockets[source->socket];
    return sc_rtp_endpoint_event_sounds(socket->endpoint, core->tick) || sc_digit_once_copy_sounds(&socket->once);
}

/* Digits go to it beside the audio: as telephone events, or by a modem's network. */
static bool takes_digits_apart(const struct sc_plan_node *listener)
{
    return listener->kind == SC_NODE_RTP ? listener->telephone_event >= 0 : listener->digits_apart;
}

/* A listener that takes telephone events gets digits as events and not as sound (RFC 4733, 2.1): the node that
 * sends them, and a digit that a party is pressing just now. The detectors have had this very tick: what they say holds for
 * all of it, so that nothing need be delayed to keep a digit's beginning short (bench_leak). */
static bool kept_from(const struct sc_core *core, const struct sc_plan_node *listener, const struct sc_plan_node *source)
{
    if (doubles_an_event(core, source))
        return true;
    if (!takes_digits_apart(listener))
        return false;
    if (source->kind == SC_NODE_DIGITS)
        return listener->kind == SC_NODE_RTP; /* what is played into a modem is meant to be heard there */
    if (source->kind == SC_NODE_PORT)
        return presses_a_key(&core->ports[source->port].listening);
    return source->kind == SC_NODE_RTP && presses_a_key(&core->sockets[source->socket].listening);
}

/* SC_FAULT_DIRECTION_MUTED */
static bool muted_by_fault(const struct sc_core *core, const struct sc_plan_node *listener,
                           const struct sc_plan_node *source)
{
    bool party = source->kind == SC_NODE_PORT || source->kind == SC_NODE_RTP;
    return party && source->id < listener->id && faulty(core, SC_FAULT_DIRECTION_MUTED);
}

/* Which sources of a listener: all at 8 kHz; those that are only there at 8 kHz; those at 16 kHz. */
enum band { ALL_NARROW, ONLY_NARROW, ONLY_WIDE };

static size_t inputs_of(const struct sc_core *core, uint16_t listener, enum band band, struct sc_mixer_input *inputs)
{
    const struct sc_compiled_plan *plan = core->plan;
    size_t count = 0;
    for (uint16_t e = plan->first_edge[listener]; e < plan->first_edge[listener + 1]; e++) {
        uint16_t source = plan->edges[e].source;
        const struct sc_plan_node *node = &plan->nodes[source];
        if (kept_from(core, &plan->nodes[listener], node) || muted_by_fault(core, &plan->nodes[listener], node) ||
            (band != ALL_NARROW && is_wide(node) != (band == ONLY_WIDE)))
            continue;
        inputs[count++] = (struct sc_mixer_input){
            .samples = band == ONLY_WIDE ? core->sockets[node->socket].wide : spoken_by(core, source),
            .gain = plan->edges[e].gain,
        };
    }
    return count;
}

/* `own` (or NULL) goes to the listener besides what its edges say. */
static void mix(const struct sc_core *core, uint16_t listener, const int16_t *own, struct sc_limiter *limiter, int16_t *out)
{
    struct sc_mixer_input inputs[SC_PLAN_NODES_MAX + 1];
    float sum[SC_TICK_SAMPLES];
    size_t count = inputs_of(core, listener, ALL_NARROW, inputs);
    if (own != NULL)
        inputs[count++] = (struct sc_mixer_input){ .samples = own, .gain = 1.0f };
    sc_mixer_sum(sum, inputs, count, SC_TICK_SAMPLES);
    sc_limiter_process(limiter, out, sum, SC_TICK_SAMPLES);
}

/* 160 samples of 16 kHz. */
static void mix_wide(const struct sc_core *core, struct sc_socket_state *socket, int16_t *out)
{
    int16_t narrow[SC_TICK_SAMPLES], interpolated[2 * SC_TICK_SAMPLES];
    float sum[2 * SC_TICK_SAMPLES];
    struct sc_mixer_input inputs[SC_PLAN_NODES_MAX + 1];
    size_t count = inputs_of(core, socket->node, ONLY_NARROW, inputs);
    bool narrow_heard = count > 0;
    if (narrow_heard || socket->interpolating) {
        sc_mixer_mix(narrow, inputs, count, SC_TICK_SAMPLES);
        sc_interpolate(&socket->interpolator, interpolated, narrow, SC_TICK_SAMPLES);
    } else {
        memset(interpolated, 0, sizeof interpolated);
    }
    socket->interpolating = narrow_heard; /* what is left in it is shorter than a tick */
    count = inputs_of(core, socket->node, ONLY_WIDE, inputs);
    inputs[count++] = (struct sc_mixer_input){ .samples = interpolated, .gain = 1.0f };
    sc_mixer_sum(sum, inputs, count, 2 * SC_TICK_SAMPLES);
    sc_limiter_process(&socket->limiter, out, sum, 2 * SC_TICK_SAMPLES);
}

/* The digit that the listener hears just now, or NULL. */
static const struct sc_dtmf_sending *digit_for(const struct sc_core *core, uint16_t listener)
{
    const struct sc_compiled_plan *plan = core->plan;
    for (uint16_t e = plan->first_edge[listener]; e < plan->first_edge[listener + 1]; e++) {
        uint16_t source = plan->edges[e].source;
        if (plan->nodes[source].kind == SC_NODE_DIGITS && core->digits[plan->slots[source]].sending)
            return &core->digits[plan->slots[source]].now;
    }
    return NULL;
}

static void hear_port(struct sc_core *core, struct sc_port_state *port)
{
    const int16_t *request = port->listening.active & SC_DETECT_AON ? port->listening.request : NULL;
    if (port->node == SC_NOWHERE)
        memset(port->playback, 0, sizeof port->playback);
    else
        mix(core, port->node, request, &port->limiter, port->playback);
    sc_meter_process(&port->heard_meter, port->playback, SC_TICK_SAMPLES);
    if (port->recorder != NULL)
        sc_line_recorder_played(port->recorder, core->generation, port->playback);
}

static void hear_socket(struct sc_core *core, struct sc_socket_state *socket)
{
    int16_t heard[2 * SC_TICK_SAMPLES];
    if (socket->node == SC_NOWHERE)
        return;
    bool wide = is_wide(&core->plan->nodes[socket->node]);
    if (wide)
        mix_wide(core, socket, heard);
    else
        mix(core, socket->node, NULL, &socket->limiter, heard);
    sc_meter_process(&socket->heard_meter, heard, wide ? 2 * SC_TICK_SAMPLES : SC_TICK_SAMPLES);
    sc_rtp_endpoint_hear(socket->endpoint, heard, digit_for(core, socket->node), socket->out);
    sc_rtp_endpoint_report(socket->endpoint, core->settings.rtcp_interval_ms, core->now_us, socket->out);
}

void sc_core_tick(struct sc_core *core)
{
    uint32_t ports = core->settings.port_count, sockets = core->settings.socket_count;
    sc_plan_swap(core);
    for (uint32_t i = 0; i < ports; i++)
        capture_port(core, &core->ports[i]);
    if (faulty(core, SC_FAULT_CROSSED_WIRE))
        cross_wires(core);
    for (uint32_t i = 0; i < sockets; i++)
        speak_socket(core, &core->sockets[i]);
    speak_sources(core);
    for (uint32_t i = 0; i < ports; i++)
        hear_port(core, &core->ports[i]);
    for (uint32_t i = 0; i < sockets; i++)
        hear_socket(core, &core->sockets[i]);
    core->tick++;
    atomic_store_explicit(&core->ticks_done, core->tick, memory_order_release);
    sc_core_report(core);
}

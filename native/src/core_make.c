/* core_make.c: the settings of a core are checked and everything it will ever need is made.
 *
 * How: step by step; whatever fails, sc_core_destroy takes apart what was there (it knows half-made cores).
 * Assumes that whoever handed in port functions keeps them alive until destroy.
 * Measured (test_core.c): every allocation of a whole core failing in turn. */
#include "core_internal.h"
#include "opus_codec.h"

#include "alloc.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#define POOL_DEFAULT 64u
#define EVENTS_DEFAULT 1024u
#define QUEUE_PACKETS 32u
#define SPAN_SAMPLES 1024u          /* 128 ms */
#define CARD_SPAN_SAMPLES 1792u     /* 224 ms: a card's buffers on both ways (15..90 ms, hardware.md) and a long hybrid */
#define PROBE_HZ 425.0f

/* --- settings ---------------------------------------------------------------------------------------------------- */

static int complain(struct sc_complaint *complaint, enum sc_complaint_kind kind, uint32_t node, uint32_t other, int error)
{
    *complaint = (struct sc_complaint){ .kind = kind, .node = node, .other = other };
    return error;
}

static uint32_t or_default(uint32_t given, uint32_t otherwise)
{
    return given != 0 ? given : otherwise;
}

static uint32_t span_of(const struct sc_core_settings *settings, enum sc_port_kind kind)
{
    const uint32_t own = kind == SC_PORT_CARD ? CARD_SPAN_SAMPLES : SPAN_SAMPLES;
    return or_default(settings->canceller_span_samples, own);
}

static bool delay_valid(const struct sc_core_settings *settings, const struct sc_core_port *port)
{
    return !port->echo_delay_known ||
           (port->echo_delay_samples >= 0 && (uint32_t)port->echo_delay_samples < span_of(settings, port->kind));
}

static bool ports_valid(const struct sc_core_settings *settings)
{
    for (uint32_t i = 0; i < settings->port_count; i++) {
        const struct sc_core_port *port = &settings->ports[i];
        bool pointer = port->kind == SC_PORT_POINTER && port->exchange != NULL;
        if (!pointer && port->kind != SC_PORT_SILENCE && port->kind != SC_PORT_CARD && port->kind != SC_PORT_SERIAL)
            return false;
        if (!delay_valid(settings, port))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (settings->ports[k].node == port->node)
                return false;
    }
    return true;
}

static bool settle(struct sc_core_settings *out, const struct sc_core_settings *given)
{
    *out = *given;
    out->ports = NULL;
    out->tones = NULL;
    out->tone_nodes = or_default(given->tone_nodes, POOL_DEFAULT);
    out->player_nodes = or_default(given->player_nodes, POOL_DEFAULT);
    out->digits_nodes = or_default(given->digits_nodes, POOL_DEFAULT);
    out->event_capacity = or_default(given->event_capacity, EVENTS_DEFAULT);
    return given->port_count <= SC_CORE_PORTS_MAX && given->socket_count <= SC_CORE_SOCKETS_MAX &&
           given->tone_count <= SC_CORE_TONES_MAX && out->tone_nodes <= SC_POOL_MAX &&
           out->player_nodes <= SC_POOL_MAX && out->digits_nodes <= SC_POOL_MAX && ports_valid(given) &&
           (given->transport == SC_RTP_MEMORY || given->transport == SC_RTP_UDP);
}

void sc_settle_tones(struct sc_tone_receiver_settings *out, const struct sc_core_tone *tones, uint32_t count,
                     uint32_t dial_min_ms)
{
    out->descriptor_count = count;
    out->dial_min_ms = dial_min_ms;
    for (uint32_t i = 0; i < count; i++) {
        const struct sc_core_tone *from = &tones[i];
        struct sc_tone_descriptor *to = &out->descriptors[i];
        to->kind = (enum sc_tone_kind)from->kind;
        to->frequency_count = from->frequency_count;
        memcpy(to->frequency_hz, from->frequency_hz, sizeof to->frequency_hz);
        to->tolerance_hz = from->tolerance_hz;
        to->sequence = from->sequence;
        to->modulated = from->modulated;
        to->pair_count = from->pair_count;
        for (uint32_t k = 0; k < SC_TONE_PAIRS_MAX; k++)
            to->pairs[k] = (struct sc_tone_pair){ .on_ms = from->on_ms[k], .off_ms = from->off_ms[k] };
    }
}

/* --- making ------------------------------------------------------------------------------------------------------ */

static int make_canceller(struct sc_core *core, struct sc_port_state *port)
{
    struct sc_echo_canceller_settings settings;
    sc_echo_canceller_settings_default(&settings);
    settings.span_samples = span_of(&core->settings, port->settings.kind);
    if (core->settings.canceller_window_samples != 0)
        settings.window_samples = core->settings.canceller_window_samples;
    if (port->settings.echo_delay_known)
        settings.initial_delay_samples = port->settings.echo_delay_samples;
    return sc_echo_canceller_create(&port->canceller, &settings);
}

static bool same_card(const struct sc_core_port *a, const struct sc_core_port *b)
{
    return a->kind == SC_PORT_CARD && b->kind == SC_PORT_CARD && strcmp(a->device, b->device) == 0 &&
           strcmp(a->capture_device, b->capture_device) == 0;
}

/* The port of the card's other side that has opened it, or NULL; *sides is how many sides of the card are in use. */
static struct sc_alsa_port *sibling_of(const struct sc_core *core, const struct sc_core_settings *given,
                                       const struct sc_port_state *port, uint32_t *sides)
{
    struct sc_alsa_port *sibling = NULL;
    *sides = 1;
    for (uint32_t i = 0; i < given->port_count; i++) {
        if (!same_card(&given->ports[i], &port->settings))
            continue;
        if (given->ports[i].side + 1 > *sides)
            *sides = given->ports[i].side + 1;
        if (sibling == NULL)
            sibling = core->ports[i].card;
    }
    return sibling;
}

static int make_card(struct sc_core *core, const struct sc_core_settings *given, struct sc_port_state *port,
                     struct sc_complaint *complaint)
{
    uint32_t sides;
    struct sc_alsa_port *sibling = sibling_of(core, given, port, &sides);
    struct sc_alsa_port_settings settings = {
        .device = port->settings.device,
        .capture_device = port->settings.capture_device,
        .side = port->settings.side,
        .sides = sides,
        .sibling = sibling,
        .absent = port->settings.absent,
        .full_scale_dbm0 = port->settings.full_scale_dbm0,
        .playback_full_scale_dbm0 = port->settings.playback_full_scale_dbm0,
        .canceller = port->canceller,
    };
    int error = sc_alsa_port_create(&port->card, &settings);
    if (error != 0 && error != ENOMEM)
        complain(complaint, SC_COMPLAINT_CARD, port->settings.node, 0, error);
    return error;
}

static int make_ports(struct sc_core *core, const struct sc_core_settings *given, struct sc_complaint *complaint)
{
    if (given->port_count == 0)
        return 0;
    core->ports = sc_alloc(given->port_count * sizeof *core->ports);
    if (core->ports == NULL)
        return ENOMEM;
    for (uint32_t i = 0; i < given->port_count; i++) {
        struct sc_port_state *port = &core->ports[i];
        port->settings = given->ports[i];
        port->settings.device[SC_CORE_DEVICE_MAX - 1] = '\0';
        port->settings.capture_device[SC_CORE_DEVICE_MAX - 1] = '\0';
        port->node = SC_NOWHERE;
        sc_spoken_level_reset(&port->level);
        sc_echo_policy_init(&port->policy);
        int error = make_canceller(core, port);
        if (error == 0 && given->recorded_ticks != 0)
            error = sc_line_recorder_create(&port->recorder, given->recorded_ticks, given->first_tick);
        if (error == 0)
            error = sc_listening_create(&port->listening, &core->tone_settings, true);
        if (error == 0 && port->settings.kind == SC_PORT_CARD)
            error = make_card(core, given, port, complaint);
        if (error == 0 && port->settings.kind == SC_PORT_SERIAL)
            error = sc_serial_port_create(&port->serial);
        if (error != 0)
            return error;
    }
    return 0;
}

static int make_sockets(struct sc_core *core)
{
    uint32_t count = core->settings.socket_count;
    if (count == 0)
        return 0;
    core->sockets = sc_alloc(count * sizeof *core->sockets);
    if (core->sockets == NULL)
        return ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        struct sc_socket_state *socket = &core->sockets[i];
        struct sc_rtp_endpoint_settings settings = {
            .events = core->events,
            .once = &socket->once,
            .seed = core->settings.seed * 0x9E3779B97F4A7C15u + ((uint64_t)i << 32),
            .media_lost_ms = core->settings.media_lost_ms,
        };
        socket->node = SC_NOWHERE;
        socket->listening.once = &socket->once;
        sc_spoken_level_reset(&socket->level);
        sc_spoken_level_reset(&socket->wide_level);
        int error = sc_rtp_endpoint_create(&socket->endpoint, &settings);
        if (error == 0)
            error = sc_packet_queue_create(&socket->in, QUEUE_PACKETS);
        if (error == 0)
            error = sc_packet_queue_create(&socket->out, QUEUE_PACKETS);
        if (error == 0)
            error = sc_listening_create(&socket->listening, &core->tone_settings, false);
        if (error != 0)
            return error;
    }
    return 0;
}

static int make_tone_sender(struct sc_tone_sender **out)
{
    struct sc_tone_sender_settings settings = { .segment_count = 1 };
    settings.segments[0] = (struct sc_tone_segment){ .frequency_count = 1, .frequency_hz = { PROBE_HZ },
                                                     .level_dbm0 = { -10.0f } };
    return sc_tone_sender_create(out, &settings);
}

/* One for each port: a telephone is told one thing at a time. */
static int make_identities(struct sc_core *core)
{
    const uint32_t count = core->settings.port_count;
    int error = sc_callwaiting_sender_create(&core->identity_probe, 0.0f);
    if (error != 0 || count == 0)
        return error;
    core->identities = sc_alloc(count * sizeof *core->identities);
    if (core->identities == NULL)
        return ENOMEM;
    for (uint32_t i = 0; i < count && error == 0; i++)
        error = sc_callwaiting_sender_create(&core->identities[i].sender, 0.0f);
    return error;
}

static int make_pools(struct sc_core *core)
{
    const struct sc_core_settings *settings = &core->settings;
    core->tones = sc_alloc(settings->tone_nodes * sizeof *core->tones);
    core->players = sc_alloc(settings->player_nodes * sizeof *core->players);
    core->digits = sc_alloc(settings->digits_nodes * sizeof *core->digits);
    if (core->tones == NULL || core->players == NULL || core->digits == NULL)
        return ENOMEM;
    int error = make_tone_sender(&core->tone_probe);
    if (error == 0)
        error = sc_dtmf_sender_create(&core->digits_probe, NULL);
    for (uint32_t i = 0; i < settings->tone_nodes && error == 0; i++)
        error = make_tone_sender(&core->tones[i].sender);
    for (uint32_t i = 0; i < settings->digits_nodes && error == 0; i++)
        error = sc_dtmf_sender_create(&core->digits[i].sender, NULL);
    if (error == 0)
        error = make_identities(core);
    sc_pool_fill(&core->tone_pool, settings->tone_nodes);
    sc_pool_fill(&core->player_pool, settings->player_nodes);
    sc_pool_fill(&core->digits_pool, settings->digits_nodes);
    sc_pool_fill(&core->identity_pool, settings->port_count);
    return error;
}

static int make_crossings(struct sc_core *core)
{
    core->plan = sc_alloc(sizeof *core->plan);
    core->plans = sc_alloc(3 * sizeof *core->plans);
    core->reports = sc_alloc(3 * sizeof *core->reports);
    if (core->plan == NULL || core->plans == NULL || core->reports == NULL)
        return ENOMEM;
    sc_triple_reset(&core->plan_triple);
    sc_triple_reset(&core->report_triple);
    if (pthread_mutex_init(&core->control, NULL) != 0)
        return ENOMEM;
    core->control_made = true;
    core->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (core->event_fd < 0)
        return errno;
    return sc_event_ring_create(&core->events, core->settings.event_capacity);
}

static int make_udp(struct sc_core *core, struct sc_complaint *complaint)
{
    struct sc_packet_queue *in[SC_CORE_SOCKETS_MAX], *out[SC_CORE_SOCKETS_MAX];
    uint32_t failed_port = 0;
    if (core->settings.transport != SC_RTP_UDP || core->settings.socket_count == 0)
        return 0;
    for (uint32_t i = 0; i < core->settings.socket_count; i++) {
        in[i] = core->sockets[i].in;
        out[i] = core->sockets[i].out;
    }
    struct sc_udp_settings settings = {
        .local = core->settings.local, .count = core->settings.socket_count, .in = in, .out = out
    };
    int error = sc_udp_sockets_create(&core->udp, &settings, &failed_port);
    if (error != 0 && failed_port != 0)
        complain(complaint, SC_COMPLAINT_BIND, 0, failed_port, error);
    return error;
}

static int check_tones(const struct sc_core *core, struct sc_complaint *complaint)
{
    struct sc_tone_receiver *probe;
    if (core->tone_settings.descriptor_count == 0)
        return 0;
    int error = sc_tone_receiver_create(&probe, &core->tone_settings);
    if (error == 0)
        sc_tone_receiver_destroy(probe);
    return error == EINVAL ? complain(complaint, SC_COMPLAINT_TONE_PLAN, 0, 0, error) : error;
}

bool sc_core_opus_available(void)
{
    return sc_opus_available();
}

int sc_core_create(struct sc_core **out, const struct sc_core_settings *settings, struct sc_complaint *complaint)
{
    *complaint = (struct sc_complaint){ .kind = SC_COMPLAINT_NONE };
    struct sc_core *core = sc_alloc(sizeof *core);
    if (core == NULL)
        return ENOMEM;
    core->event_fd = -1;
    atomic_flag_clear(&core->ticking);
    core->tick = settings->first_tick;
    atomic_store(&core->ticks_done, settings->first_tick);
    int error = settle(&core->settings, settings) ? 0 : complain(complaint, SC_COMPLAINT_SETTINGS, 0, 0, EINVAL);
    if (error == 0) {
        sc_settle_tones(&core->tone_settings, settings->tones, settings->tone_count, settings->dial_min_ms);
        error = check_tones(core, complaint);
    }
    if (error == 0)
        error = make_crossings(core);
    if (error == 0)
        error = make_pools(core);
    if (error == 0)
        error = make_sockets(core);
    if (error == 0)
        error = make_ports(core, settings, complaint);
    if (error == 0)
        error = make_udp(core, complaint);
    if (error != 0) {
        sc_core_destroy(core);
        return error;
    }
    sc_core_report(core);
    *out = core;
    return 0;
}

/* core.c: a signal core is fed, stepped and taken apart (core_make.c makes it).
 *
 * How: control calls take one mutex that the tick never takes; a plan crosses to the tick, and figures back, through triple
 * buffers; packets and card frames are moved around the tick, not in it. */
#include "core_internal.h"

#include "alloc.h"
#include "rtcp.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- taking apart ------------------------------------------------------------------------------------------------ */

static void destroy_ports(struct sc_core *core)
{
    /* Backwards: a card is closed by the port that opened it, after its sibling. */
    for (uint32_t i = core->settings.port_count; core->ports != NULL && i-- > 0;) {
        sc_alsa_port_destroy(core->ports[i].card);
        sc_serial_port_destroy(core->ports[i].serial);
        sc_echo_canceller_destroy(core->ports[i].canceller);
        sc_line_recorder_destroy(core->ports[i].recorder);
        sc_listening_destroy(&core->ports[i].listening);
    }
    sc_free(core->ports);
}

static void destroy_sockets(struct sc_core *core)
{
    for (uint32_t i = 0; core->sockets != NULL && i < core->settings.socket_count; i++) {
        sc_rtp_endpoint_destroy(core->sockets[i].endpoint);
        sc_packet_queue_destroy(core->sockets[i].in);
        sc_packet_queue_destroy(core->sockets[i].out);
        sc_listening_destroy(&core->sockets[i].listening);
    }
    sc_free(core->sockets);
}

static void destroy_pools(struct sc_core *core)
{
    for (uint32_t i = 0; core->tones != NULL && i < core->settings.tone_nodes; i++)
        sc_tone_sender_destroy(core->tones[i].sender);
    for (uint32_t i = 0; core->digits != NULL && i < core->settings.digits_nodes; i++)
        sc_dtmf_sender_destroy(core->digits[i].sender);
    sc_tone_sender_destroy(core->tone_probe);
    sc_dtmf_sender_destroy(core->digits_probe);
    for (uint32_t i = 0; core->identities != NULL && i < core->settings.port_count; i++)
        sc_callwaiting_sender_destroy(core->identities[i].sender);
    sc_callwaiting_sender_destroy(core->identity_probe);
    sc_free(core->tones);
    sc_free(core->players);
    sc_free(core->digits);
    sc_free(core->identities);
}

void sc_core_destroy(struct sc_core *core)
{
    if (core == NULL)
        return;
    sc_audio_loop_destroy(core->loop);
    sc_udp_sockets_destroy(core->udp);
    destroy_ports(core);
    destroy_sockets(core);
    destroy_pools(core);
    for (uint32_t i = 0; i < atomic_load(&core->clip_count); i++)
        sc_free(core->clips[i].samples);
    sc_event_ring_destroy(core->events);
    if (core->event_fd >= 0)
        close(core->event_fd);
    if (core->control_made)
        pthread_mutex_destroy(&core->control);
    sc_free(core->plan);
    sc_free(core->plans);
    sc_free(core->reports);
    sc_free(core);
}

/* --- control ----------------------------------------------------------------------------------------------------- */

int sc_core_apply(struct sc_core *core, const struct sc_plan *plan, struct sc_complaint *complaint)
{
    pthread_mutex_lock(&core->control);
    int error = sc_plan_check(core, plan, &core->plans[core->plan_triple.back], complaint);
    if (error == 0)
        sc_triple_publish(&core->plan_triple);
    pthread_mutex_unlock(&core->control);
    return error;
}

int sc_core_load_clip(struct sc_core *core, const int16_t *samples, size_t n, uint32_t *clip)
{
    if (n == 0 || n > SIZE_MAX / sizeof *samples)
        return EINVAL;
    int16_t *copy = sc_alloc(n * sizeof *samples);
    if (copy == NULL)
        return ENOMEM;
    memcpy(copy, samples, n * sizeof *samples);
    pthread_mutex_lock(&core->control);
    uint32_t number = atomic_load_explicit(&core->clip_count, memory_order_relaxed);
    bool room = number < SC_CORE_CLIPS_MAX;
    if (room) {
        core->clips[number] = (struct sc_clip){ .n = n, .samples = copy };
        atomic_store_explicit(&core->clip_count, number + 1, memory_order_release);
        *clip = number;
    } else {
        sc_free(copy);
    }
    pthread_mutex_unlock(&core->control);
    return room ? 0 : ENOSPC;
}

static struct sc_port_state *port_of(struct sc_core *core, uint32_t node)
{
    for (uint32_t i = 0; i < core->settings.port_count; i++)
        if (core->ports[i].settings.node == node)
            return &core->ports[i];
    return NULL;
}

int sc_core_listen_for(struct sc_core *core, uint32_t node, const struct sc_core_tone *tones, uint32_t count)
{
    struct sc_port_state *port = port_of(core, node);
    struct sc_tone_receiver_settings settings = { 0 };
    if (port == NULL || port->listening.tones == NULL || count == 0 || count > SC_CORE_TONES_MAX)
        return EINVAL;
    sc_settle_tones(&settings, tones, count, core->settings.dial_min_ms);
    pthread_mutex_lock(&core->control);
    int error = sc_listening_use_tones(&port->listening, &settings);
    pthread_mutex_unlock(&core->control);
    return error;
}

size_t sc_core_take_ending(struct sc_core *core, uint32_t node, int16_t *out)
{
    struct sc_port_state *port = port_of(core, node);
    if (port == NULL || port->listening.ending == NULL)
        return 0;
    pthread_mutex_lock(&core->control);
    size_t n = sc_ending_memory_take(port->listening.ending, out);
    pthread_mutex_unlock(&core->control);
    return n;
}

size_t sc_core_events(struct sc_core *core, struct sc_event *events, size_t room)
{
    uint64_t count;
    size_t n = 0;
    pthread_mutex_lock(&core->control);
    if (core->loop != NULL)
        (void)!read(core->event_fd, &count, sizeof count); /* nothing to clear is fine */
    while (n < room && sc_event_ring_pop(core->events, &events[n]))
        n++;
    pthread_mutex_unlock(&core->control);
    return n;
}

uint64_t sc_core_ticks(const struct sc_core *core)
{
    return atomic_load_explicit(&core->ticks_done, memory_order_acquire);
}

size_t sc_core_recorded(struct sc_core *core, uint32_t port, uint64_t from, size_t room, uint64_t *first, int16_t *heard,
                        int16_t *played, uint32_t *generations)
{
    if (port >= core->settings.port_count || core->ports[port].recorder == NULL)
        return 0;
    pthread_mutex_lock(&core->control);
    size_t count = sc_line_recorder_copy(core->ports[port].recorder, from, room, first, heard, played, generations);
    pthread_mutex_unlock(&core->control);
    return count;
}

int sc_core_set_fault(struct sc_core *core, enum sc_fault fault)
{
    if ((unsigned)fault > SC_FAULT_CANCELLER_BYPASSED)
        return EINVAL;
    atomic_store(&core->fault, (uint32_t)fault);
    return 0;
}

/* --- RTP in memory ----------------------------------------------------------------------------------------------- */

int sc_core_rtp_give(struct sc_core *core, uint32_t socket, const uint8_t *packet, size_t n,
                     const struct sc_rtp_address *source)
{
    if (core->settings.transport != SC_RTP_MEMORY)
        return EOPNOTSUPP;
    if (socket >= core->settings.socket_count)
        return EINVAL;
    if (n > SC_PACKET_MAX)
        return EMSGSIZE;
    pthread_mutex_lock(&core->control);
    struct sc_packet *place = sc_packet_queue_place(core->sockets[socket].in);
    if (place != NULL) {
        place->arrival_us = (int64_t)atomic_load(&core->ticks_done) * SC_TICK_MS * 1000;
        place->peer = *source;
        place->control = sc_rtcp_is(packet, n);
        place->length = (uint16_t)n;
        memcpy(place->bytes, packet, n);
        sc_packet_queue_commit(core->sockets[socket].in);
    }
    pthread_mutex_unlock(&core->control);
    return place != NULL ? 0 : ENOSPC;
}

int sc_core_rtp_take(struct sc_core *core, uint32_t socket, uint8_t *packet, size_t *n,
                     struct sc_rtp_address *destination)
{
    int error = EAGAIN;
    if (core->settings.transport != SC_RTP_MEMORY)
        return EOPNOTSUPP;
    if (socket >= core->settings.socket_count)
        return EINVAL;
    pthread_mutex_lock(&core->control);
    const struct sc_packet *oldest = sc_packet_queue_oldest(core->sockets[socket].out);
    if (oldest != NULL && oldest->length > *n) {
        error = EMSGSIZE;
    } else if (oldest != NULL) {
        memcpy(packet, oldest->bytes, oldest->length);
        *n = oldest->length;
        *destination = oldest->peer;
        sc_packet_queue_release(core->sockets[socket].out);
        error = 0;
    }
    pthread_mutex_unlock(&core->control);
    return error;
}

/* --- cards that come and go -------------------------------------------------------------------------------------- */

static struct sc_alsa_port *card_of(const struct sc_core *core, uint32_t node)
{
    for (uint32_t i = 0; i < core->settings.port_count; i++)
        if (core->ports[i].settings.node == node)
            return core->ports[i].card;
    return NULL;
}

/* Without the control mutex: events and statistics are asked for while the kernel opens a card. */
int sc_core_unplug_card(struct sc_core *core, uint32_t node)
{
    struct sc_alsa_port *card = card_of(core, node);
    return card != NULL ? sc_alsa_port_unplug(card) : EINVAL;
}

int sc_core_plug_card(struct sc_core *core, uint32_t node, const char *device, const char *capture_device)
{
    struct sc_alsa_port *card = card_of(core, node);
    return card != NULL ? sc_alsa_port_plug(card, device, capture_device) : EINVAL;
}

/* --- modems that come and go ------------------------------------------------------------------------------------- */

static struct sc_serial_port *serial_of(const struct sc_core *core, uint32_t node)
{
    for (uint32_t i = 0; i < core->settings.port_count; i++)
        if (core->ports[i].settings.node == node)
            return core->ports[i].serial;
    return NULL;
}

int sc_core_plug_serial(struct sc_core *core, uint32_t node, int descriptor)
{
    struct sc_serial_port *serial = serial_of(core, node);
    return serial != NULL ? sc_serial_port_plug(serial, descriptor) : EINVAL;
}

int sc_core_unplug_serial(struct sc_core *core, uint32_t node)
{
    const struct timespec a_moment = { .tv_nsec = 1000000 };
    struct sc_serial_port *serial = serial_of(core, node);
    if (serial == NULL)
        return EINVAL;
    for (int waited_ms = 0; waited_ms < SC_CORE_UNPLUG_MS; waited_ms++) {
        if (sc_serial_port_unplug(serial) == 0)
            return 0;
        if (!atomic_flag_test_and_set(&core->ticking)) { /* nobody ticks: virtual time */
            sc_serial_port_service(serial);
            atomic_flag_clear(&core->ticking);
        } else {
            (void)nanosleep(&a_moment, NULL);
        }
    }
    return ETIMEDOUT;
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

/* The clock that stamps arriving packets: the kernel's on UDP, the ticks themselves in memory. */
static int64_t now_us(const struct sc_core *core)
{
    struct timespec now;
    if (core->udp == NULL)
        return (int64_t)core->tick * SC_TICK_MS * 1000;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A tick and what belongs around it; the caller owns `ticking`. */
static void step(struct sc_core *core)
{
    for (uint32_t i = 0; i < core->settings.port_count; i++) {
        if (core->ports[i].card != NULL)
            sc_alsa_port_service(core->ports[i].card);
        if (core->ports[i].serial != NULL)
            sc_serial_port_service(core->ports[i].serial);
    }
    core->now_us = now_us(core);
    sc_core_tick(core);
    if (core->udp != NULL)
        sc_udp_sockets_flush(core->udp);
}

int sc_core_step(struct sc_core *core)
{
    if (atomic_flag_test_and_set(&core->ticking))
        return EBUSY;
    step(core);
    atomic_flag_clear(&core->ticking);
    return 0;
}

static void step_in_real_time(void *self)
{
    struct sc_core *core = self;
    step(core);
    uint64_t pushed = sc_event_ring_pushed(core->events), one = 1;
    if (pushed == core->events_announced)
        return;
    core->events_announced = pushed;
    (void)!write(core->event_fd, &one, sizeof one); /* cannot fail: the counter is far from its end */
}

int sc_core_start_audio(struct sc_core *core)
{
    struct sc_audio_loop_settings settings = { .step = step_in_real_time, .self = core };
    pthread_mutex_lock(&core->control);
    int error = core->loop != NULL ? EALREADY : 0;
    if (error == 0 && atomic_flag_test_and_set(&core->ticking))
        error = EBUSY;
    if (error == 0) {
        error = sc_audio_loop_create(&core->loop, &settings);
        if (error != 0)
            atomic_flag_clear(&core->ticking);
    }
    pthread_mutex_unlock(&core->control);
    return error;
}

void sc_core_stop_audio(struct sc_core *core)
{
    pthread_mutex_lock(&core->control);
    if (core->loop != NULL) {
        sc_audio_loop_destroy(core->loop);
        core->loop = NULL;
        atomic_flag_clear(&core->ticking);
    }
    pthread_mutex_unlock(&core->control);
}

int sc_core_event_fd(const struct sc_core *core)
{
    return core->event_fd;
}

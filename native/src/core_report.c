/* core_report.c: the figures of a core, from the tick to whoever asks.
 *
 * How: the tick fills one of three reports and publishes it through a triple buffer; the reader adds what the audio loop
 * and the queues count for themselves. */
#include "core_internal.h"

#include <string.h>

static void report_serial(struct sc_port_statistics *out, const struct sc_serial_port *port)
{
    struct sc_serial_port_statistics serial;
    sc_serial_port_statistics(port, &serial);
    out->captured_dbm0 = serial.captured_dbm0;
    out->serial_captured = serial.captured_frames;
    out->serial_played = serial.played_frames;
    out->serial_dropped = serial.dropped_frames;
    out->serial_gone = serial.gone;
    out->slips = serial.slips;
}

static void report_port(struct sc_port_statistics *out, const struct sc_port_state *port)
{
    struct sc_echo_canceller_state echo;
    sc_echo_canceller_get_state(port->canceller, &echo);
    *out = (struct sc_port_statistics){
        .node = port->settings.node,
        .spoken_dbm0 = sc_meter_dbm0(&port->spoken_meter),
        .heard_dbm0 = sc_meter_dbm0(&port->heard_meter),
        .captured_dbm0 = sc_meter_dbm0(&port->captured_meter),
        .spoken_gain_db = sc_spoken_level_gain_db(&port->level),
        .erl_db = echo.erl_db,
        .erle_db = echo.erle_db,
        .echo_delay_samples = echo.delay_samples,
        .converged = echo.converged,
        .double_talk = echo.double_talk,
        .nlp_off = port->policy.disabler.nlp_off,
        .canceller_disabled = port->policy.disabler.disabled,
        .failures = port->failures,
    };
    if (port->serial != NULL)
        report_serial(out, port->serial);
    if (port->card == NULL)
        return;
    struct sc_alsa_port_statistics card;
    sc_alsa_port_statistics(port->card, &card);
    out->captured_dbm0 = card.captured_dbm0;
    out->nlp_off = card.nlp_off;
    out->canceller_disabled = card.canceller_disabled;
    out->alignment_samples = card.alignment_samples;
    out->capture_xruns = card.capture_xruns;
    out->playback_xruns = card.playback_xruns;
    out->lost_frames = card.lost_frames;
    out->slips = card.slips;
    out->capture_ppm = card.capture_ppm;
    out->playback_ppm = card.playback_ppm;
    out->captured_samples = card.captured_samples;
    out->card_gone = card.gone;
}

static void report_socket(struct sc_rtp_statistics *out, const struct sc_socket_state *socket)
{
    if (socket->node == SC_NOWHERE) {
        *out = (struct sc_rtp_statistics){ .node = 0 };
        return;
    }
    sc_rtp_endpoint_statistics(socket->endpoint, out);
    out->spoken_dbm0 = sc_meter_dbm0(&socket->spoken_meter);
    out->heard_dbm0 = sc_meter_dbm0(&socket->heard_meter);
    out->spoken_gain_db = sc_spoken_level_gain_db(&socket->level);
    out->queue_dropped = sc_packet_queue_dropped(socket->in) + sc_packet_queue_dropped(socket->out);
}

void sc_core_report(struct sc_core *core)
{
    struct sc_core_statistics *out = &core->reports[core->report_triple.back];
    out->ticks = core->tick;
    out->generation = core->generation;
    out->plans_taken = core->plans_taken;
    out->port_count = core->settings.port_count;
    out->socket_count = core->settings.socket_count;
    for (uint32_t i = 0; i < out->port_count; i++)
        report_port(&out->ports[i], &core->ports[i]);
    for (uint32_t i = 0; i < out->socket_count; i++)
        report_socket(&out->rtp[i], &core->sockets[i]);
    sc_triple_publish(&core->report_triple);
}

static void add_loop(struct sc_core_statistics *out, const struct sc_audio_loop *loop)
{
    struct sc_audio_statistics audio;
    sc_audio_loop_statistics(loop, &audio);
    out->running = true;
    out->real_time = audio.real_time;
    out->tick_us_mean = audio.step_us_mean;
    out->tick_us_max = audio.step_us_max;
    out->ticks_late = audio.late;
    out->ticks_missed = audio.missed;
    memcpy(out->lateness, audio.lateness, sizeof out->lateness);
}

void sc_core_statistics(struct sc_core *core, struct sc_core_statistics *out)
{
    pthread_mutex_lock(&core->control);
    (void)sc_triple_take(&core->report_triple); /* nothing new: the last report stands */
    *out = core->reports[core->report_triple.front];
    out->events_dropped = sc_event_ring_dropped(core->events);
    if (core->loop != NULL)
        add_loop(out, core->loop);
    pthread_mutex_unlock(&core->control);
}

/* core_internal.h: what the files of the signal core share: core.c (create, destroy), plan_check.c (a plan is checked and
 * compiled), plan_swap.c (a compiled plan takes over), tick.c (the tick), core_report.c (statistics). */
#ifndef SC_CORE_INTERNAL_H
#define SC_CORE_INTERNAL_H

#include "alsa_port.h"
#include "aon_receiver.h"
#include "audio_loop.h"
#include "callerid_digits.h"
#include "callerid_modem.h"
#include "callwaiting_sender.h"
#include "core.h"
#include "digit_once.h"
#include "dtmf_receiver.h"
#include "dtmf_sender.h"
#include "echo_canceller.h"
#include "echo_policy.h"
#include "ending_memory.h"
#include "event_ring.h"
#include "line_recorder.h"
#include "meter.h"
#include "mixer.h"
#include "packet_queue.h"
#include "rtp_endpoint.h"
#include "serial_port.h"
#include "spoken_level.h"
#include "tone_receiver.h"
#include "tone_sender.h"
#include "triple.h"
#include "udp_sockets.h"
#include "voice_detector.h"
#include "wideband.h"

#include <pthread.h>
#include <stdatomic.h>

#define SC_NOWHERE UINT16_MAX
#define SC_POOL_MAX SC_PLAN_NODES_MAX

/* A plan as the tick uses it: nodes by index, edges grouped by listener. */
struct sc_compiled_edge {
    uint16_t source;                /* index of the node */
    float gain;
};

struct sc_compiled_plan {
    uint32_t generation;
    uint32_t node_count;
    struct sc_plan_node nodes[SC_PLAN_NODES_MAX];
    uint16_t slots[SC_PLAN_NODES_MAX];          /* of the node's state in its pool; written by the tick */
    uint16_t first_edge[SC_PLAN_NODES_MAX + 1]; /* edges of listener i: first_edge[i] .. first_edge[i + 1] - 1 */
    struct sc_compiled_edge edges[SC_PLAN_EDGES_MAX];
};

/* What listens to a party, port or RTP node. */
struct sc_listening {
    uint32_t active;                /* SC_DETECT_* that run */
    uint64_t dtmf_since;            /* samples of the core's time when the DTMF receiver began */
    struct sc_digit_once *once;     /* NULL: the party sends no telephone events */
    uint32_t notch_count;           /* dial tone that the DTMF receiver has to live with */
    float notch_hz[SC_DTMF_NOTCHES_MAX];
    struct sc_dtmf_receiver *dtmf;
    struct sc_callerid_digits identity_digits; /* caller identity that comes as DTMF */
    struct sc_tone_receiver *tones; /* NULL: the core was made without tones */
    _Atomic(struct sc_tone_receiver *) next_tones;    /* takes over when tones are listened for anew */
    _Atomic(struct sc_tone_receiver *) retired_tones; /* what it took over from: for a control thread to free */
    struct sc_ending_memory *ending; /* ports only: what call progress was listened for in */
    struct sc_voice_detector voice;
    struct sc_callerid_modem *callerid; /* ports only */
    struct sc_aon_receiver *aon;    /* ports only; speaks too: */
    int16_t request[SC_TICK_SAMPLES]; /* what it says to the line in this tick, while SC_DETECT_AON runs */
};

struct sc_port_state {
    struct sc_core_port settings;
    struct sc_alsa_port *card;      /* NULL unless it is a card */
    struct sc_serial_port *serial;  /* NULL unless it is a modem's */
    struct sc_echo_canceller *canceller;
    struct sc_echo_policy policy;
    struct sc_line_recorder *recorder; /* NULL: nothing is kept */
    struct sc_listening listening;
    uint16_t node;                  /* index in the plan in force, or SC_NOWHERE */
    int16_t playback[SC_TICK_SAMPLES];
    int16_t captured[SC_TICK_SAMPLES];
    int16_t spoken[SC_TICK_SAMPLES];
    int16_t linear[SC_TICK_SAMPLES];    /* without the echo, before the NLP: for the detectors */
    struct sc_meter captured_meter, spoken_meter, heard_meter;
    struct sc_spoken_level level;
    struct sc_limiter limiter;      /* of what it hears */
    uint64_t failures;
};

struct sc_socket_state {
    struct sc_rtp_endpoint *endpoint;
    struct sc_packet_queue *in, *out;
    struct sc_listening listening;
    struct sc_digit_once once;
    uint16_t node;
    int16_t spoken[SC_TICK_SAMPLES];
    int16_t wide[2 * SC_TICK_SAMPLES];  /* the same at 16 kHz, while its codec is wide */
    struct sc_decimator decimator;
    struct sc_interpolator interpolator; /* of what it hears of 8 kHz sources */
    bool interpolating;                 /* something is left in it */
    struct sc_meter spoken_meter, heard_meter;
    struct sc_spoken_level level, wide_level;
    struct sc_limiter limiter;      /* of what it hears */
};

struct sc_tone_state {
    struct sc_tone_sender *sender;
    int16_t spoken[SC_TICK_SAMPLES];
};

struct sc_clip {
    size_t n;
    int16_t *samples;
};

struct sc_player_state {
    const struct sc_clip *clip;
    size_t position;
    bool ended;
    int16_t spoken[SC_TICK_SAMPLES];
};

struct sc_digits_state {
    struct sc_dtmf_sender *sender;
    bool ended;
    bool sending;
    struct sc_dtmf_sending now;
    int16_t spoken[SC_TICK_SAMPLES];
};

struct sc_identity_state {
    struct sc_callwaiting_sender *sender;
    bool ended;
    int16_t spoken[SC_TICK_SAMPLES];
};

/* Free places of a pool. */
struct sc_pool {
    uint16_t count;
    uint16_t free_count;
    uint16_t free[SC_POOL_MAX];
};

struct sc_core {
    struct sc_core_settings settings;   /* ports and tones point nowhere */
    struct sc_tone_receiver_settings tone_settings;

    /* state of the tick */
    uint64_t tick;
    int64_t now_us;                     /* when it began, by the clock of arriving packets; read before the tick */
    uint32_t generation;
    uint64_t plans_taken;
    struct sc_port_state *ports;
    struct sc_socket_state *sockets;
    struct sc_tone_state *tones;
    struct sc_player_state *players;
    struct sc_digits_state *digits;
    struct sc_identity_state *identities; /* one for each port */
    struct sc_pool tone_pool, player_pool, digits_pool, identity_pool;
    struct sc_compiled_plan *plan;      /* in force: the tick's own copy */

    /* between the tick and other threads */
    struct sc_compiled_plan *plans;     /* three of them */
    struct sc_triple plan_triple;
    struct sc_core_statistics *reports; /* three of them */
    struct sc_triple report_triple;
    struct sc_event_ring *events;
    _Atomic uint64_t ticks_done;
    _Atomic uint32_t fault;
    atomic_flag ticking;

    /* the control threads', one at a time under `control`, which the tick never takes */
    pthread_mutex_t control;
    bool control_made;
    struct sc_tone_sender *tone_probe;  /* checks tones and digits of a plan */
    struct sc_dtmf_sender *digits_probe;
    struct sc_callwaiting_sender *identity_probe;
    struct sc_clip clips[SC_CORE_CLIPS_MAX];
    _Atomic uint32_t clip_count;

    struct sc_udp_sockets *udp;         /* NULL in memory */
    struct sc_audio_loop *loop;         /* NULL until real time is asked for */
    int event_fd;
    uint64_t events_announced;
};

/* plan_check.c: fills *out from the plan; 0 or EINVAL and *complaint. Control side. */
int sc_plan_check(struct sc_core *core, const struct sc_plan *plan, struct sc_compiled_plan *out,
                  struct sc_complaint *complaint);

/* The sender's settings for a tone node; false when the node is out of bounds. */
bool sc_plan_tone(struct sc_tone_sender_settings *out, const struct sc_plan_node *node);

/* What an identity node says; its texts stay the node's. False when one does not end. */
bool sc_plan_identity(struct sc_callerid_identity *out, const struct sc_plan_node *node);

/* plan_swap.c: takes a waiting plan, if there is one. In the tick. */
void sc_plan_swap(struct sc_core *core);
void sc_pool_fill(struct sc_pool *pool, uint32_t count);

/* tick.c */
void sc_core_tick(struct sc_core *core);

/* core_make.c: the receiver's settings of a list of tones. */
void sc_settle_tones(struct sc_tone_receiver_settings *out, const struct sc_core_tone *tones, uint32_t count,
                     uint32_t dial_min_ms);

/* core_report.c: publishes the figures of this tick; fills in what the audio loop knows. */
void sc_core_report(struct sc_core *core);

/* listening.c: detectors of one party. */
int sc_listening_create(struct sc_listening *listening, const struct sc_tone_receiver_settings *tones, bool port);
void sc_listening_destroy(struct sc_listening *listening);
void sc_listening_arm(struct sc_listening *listening, uint32_t detectors, uint64_t tick);
void sc_listening_notch(struct sc_listening *listening, const float *frequency_hz, uint32_t count);
/* Control side: another tone plan for this party, from when tones are next listened for. ENOMEM, EINVAL. */
int sc_listening_use_tones(struct sc_listening *listening, const struct sc_tone_receiver_settings *tones);
void sc_listening_process(struct sc_listening *listening, const int16_t *in, size_t n, uint32_t node, uint64_t tick,
                          struct sc_event_ring *events);

/* After sc_listening_process. `spoken`: what is left after the canceller; `heard`, or NULL: what the party hears. */
void sc_listening_process_voice(struct sc_listening *listening, const int16_t *spoken, const int16_t *heard, size_t n,
                                uint32_t node, uint64_t tick, struct sc_event_ring *events);

#endif

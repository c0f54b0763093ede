/* core.h: the signal core: a plan, a tick of 10 ms, events.
 *
 * One thread ticks (the audio loop's, or whoever calls sc_core_tick in virtual time); any other threads may apply plans,
 * load clips, take events and read statistics. The tick allocates nothing, takes no lock and makes no system call;
 * packets and card frames are moved before and after it by sc_core_step. Two cores may live in one process.
 * Also read by cffi: plain C only. */
#ifndef SC_CORE_H
#define SC_CORE_H

#include "event_ring.h"
#include "plan.h"
#include "port.h"

#define SC_CORE_PORTS_MAX 32
#define SC_CORE_SOCKETS_MAX 64
#define SC_CORE_TONES_MAX 12
#define SC_CORE_CLIPS_MAX 1024
#define SC_CORE_LATENESS_BINS 16
#define SC_CORE_PACKET_MAX 1500
#define SC_CORE_DEVICE_MAX 128
#define SC_CORE_UNPLUG_MS 200

enum sc_port_kind {
    SC_PORT_SILENCE = 0,        /* captures silence, plays to nobody */
    SC_PORT_POINTER = 1,        /* exchange and self */
    SC_PORT_CARD = 2,           /* an ALSA device */
    SC_PORT_SERIAL = 3          /* the voice port of a modem: sc_core_plug_serial brings its descriptor */
};

struct sc_core_port {
    uint32_t node;              /* the node id it has in every plan */
    enum sc_port_kind kind;
    sc_port_exchange exchange;  /* pointer */
    void *self;
    char device[128];           /* card: ALSA name for playback and capture, e.g. "hw:CARD=line1" */
    char capture_device[128];   /* card: another name for capture; empty = the same */
    uint32_t side;              /* card: 0 left, 1 right; of a mono card 0 */
    bool absent;                /* card: not there (yet); sc_core_plug_card brings it */
    float full_scale_dbm0;      /* card: level on the line of a sine that fills the card's 16 bits, captured */
    float playback_full_scale_dbm0; /* card: the same when it plays */
    bool echo_delay_known;      /* the canceller begins at the delay that it found in an earlier run */
    int32_t echo_delay_samples; /* sc_port_statistics.echo_delay_samples of that run */
};

/* A call-progress tone of the office's country. */
struct sc_core_tone {
    uint32_t kind;              /* enum sc_tone_kind */
    uint32_t frequency_count;   /* 1 to 4 */
    float frequency_hz[4];
    float tolerance_hz;         /* 0 = the receiver's own */
    bool sequence;
    bool modulated;             /* its amplitude swings, or two sines 40 Hz apart or less sound as one */
    uint32_t pair_count;        /* 0 = continuous */
    uint32_t on_ms[4];
    uint32_t off_ms[4];
};

enum sc_rtp_transport {
    SC_RTP_MEMORY = 0,          /* queues: sc_core_rtp_give, sc_core_rtp_take */
    SC_RTP_UDP = 1              /* sockets bound at create, a receive thread */
};

struct sc_core_settings {
    uint32_t port_count;
    const struct sc_core_port *ports;
    uint32_t tone_count;        /* 0 = no tone receiver */
    const struct sc_core_tone *tones;
    uint32_t dial_min_ms;       /* of the tone receiver; 0 = its own */
    enum sc_rtp_transport transport;
    struct sc_rtp_address local;    /* UDP: address to bind, port = the first even port */
    uint32_t socket_count;
    uint32_t tone_nodes;        /* pools: nodes of a kind that a plan may have; 0 = 64 */
    uint32_t player_nodes;
    uint32_t digits_nodes;
    uint32_t event_capacity;    /* 0 = 1024 */
    uint32_t media_lost_ms;     /* silence on RTP that is reported; 0 = never */
    uint32_t rtcp_interval_ms;  /* between our RTCP reports, times 0.5 to 1.5; 0 = none is sent */
    uint64_t seed;              /* of SSRC, first sequence number and time stamp */
    uint32_t recorded_ticks;    /* of each port's sound that are kept for sc_core_recorded; 0 = none */
    uint64_t first_tick;        /* number of the first tick; a replay goes on where a recording begins */
    uint32_t canceller_window_samples;  /* 0 = 256 */
    uint32_t canceller_span_samples;    /* 0 = 1024 */
};

struct sc_core;

/* Whether nodes may speak Opus: libopus is looked for when the program runs. */
bool sc_core_opus_available(void);

/* 0, EINVAL (*complaint says what), EADDRINUSE and other errno of bind, ENODEV and other errno of a card, ENOMEM. */
int sc_core_create(struct sc_core **out, const struct sc_core_settings *settings, struct sc_complaint *complaint);

/* Stops the threads first; NULL is allowed. */
void sc_core_destroy(struct sc_core *core);

/* Checks, copies, and puts the plan where the next tick finds it. 0 or EINVAL and *complaint. */
int sc_core_apply(struct sc_core *core, const struct sc_plan *plan, struct sc_complaint *complaint);

/* One tick and what belongs around it (cards, packets). EBUSY while the audio loop runs or another thread is in it. */
int sc_core_step(struct sc_core *core);

/* Copies a recording and gives its number. EINVAL when it is empty, ENOSPC after SC_CORE_CLIPS_MAX, ENOMEM. */
int sc_core_load_clip(struct sc_core *core, const int16_t *samples, size_t n, uint32_t *clip);

/* A port listens for these tones instead of the office's, from its next call on: one that goes on is not disturbed. EINVAL (no such
 * port, a core without tones, tones that cannot be told apart), ENOMEM. */
int sc_core_listen_for(struct sc_core *core, uint32_t node, const struct sc_core_tone *tones, uint32_t count);

#define SC_CORE_ENDING_SAMPLES 64000

/* The last seconds that call progress was listened for on this port, once they are over: up to SC_CORE_ENDING_SAMPLES, the far
 * end's sound. 0 when nothing has ended since the last time. */
size_t sc_core_take_ending(struct sc_core *core, uint32_t node, int16_t *out);

/* Takes up to `room` events, oldest first; returns how many. */
size_t sc_core_events(struct sc_core *core, struct sc_event *events, size_t room);

/* --- memory transport ------------------------------------------------------------------------------------------ */

/* A packet arrives at the socket. EINVAL, EMSGSIZE, ENOSPC (queue full; counted), EOPNOTSUPP on UDP. */
int sc_core_rtp_give(struct sc_core *core, uint32_t socket, const uint8_t *packet, size_t n,
                     const struct sc_rtp_address *source);

/* The oldest packet that the socket sends; *n is room in, length out. EAGAIN when there is none, EMSGSIZE, EOPNOTSUPP. */
int sc_core_rtp_take(struct sc_core *core, uint32_t socket, uint8_t *packet, size_t *n,
                     struct sc_rtp_address *destination);

/* --- cards that come and go ------------------------------------------------------------------------------------- */

/* The descriptor of a modem's voice port, which must be non-blocking; a duplicate of it is the core's from here on. EINVAL: no
 * serial port has that node; EBUSY: it has a descriptor. */
int sc_core_plug_serial(struct sc_core *core, uint32_t node, int descriptor);
/* Gives it back, closed; waits for the tick that runs, SC_CORE_UNPLUG_MS at most. EINVAL; ETIMEDOUT: the ticks stand still. */
int sc_core_unplug_serial(struct sc_core *core, uint32_t node);

/* A card that has gone (sc_port_statistics.card_gone) is closed, so that the kernel can let it go; when it is back it is opened,
 * by the name that it has now, and its ports go on from the next tick. Both serve all ports of the card; they wait for the
 * kernel, but no tick waits for them. EINVAL: the node is no card's port; EBUSY: the card is not gone, or somebody does the same
 * just now; and what alsa-lib says (ENOENT, ENODEV: not there; EBUSY also: another program has it). */
int sc_core_unplug_card(struct sc_core *core, uint32_t node);
int sc_core_plug_card(struct sc_core *core, uint32_t node, const char *device, const char *capture_device);

/* --- the flight recorder ------------------------------------------------------------------------------------------- */

/* Ticks done: the number of the next one. From any thread. */
uint64_t sc_core_ticks(const struct sc_core *core);

/* Copies what is still kept of a port (by its place in the settings) from tick `from` on, at most `room` ticks: 80 samples a tick
 * of what its detectors heard and of what was played to it, and the generation of the plan in force. Returns how many ticks;
 * *first is the number of the first. 0 as well for a port that is not there and for a core that keeps nothing. */
size_t sc_core_recorded(struct sc_core *core, uint32_t port, uint64_t from, size_t room, uint64_t *first, int16_t *heard,
                        int16_t *played, uint32_t *generations);

/* --- real time --------------------------------------------------------------------------------------------------- */

/* Starts the audio thread. EALREADY, EAGAIN, ENOMEM. */
int sc_core_start_audio(struct sc_core *core);

/* Stops and joins it; what it did not start is no error. */
void sc_core_stop_audio(struct sc_core *core);

/* Readable when events wait; the reader of events clears it. */
int sc_core_event_fd(const struct sc_core *core);

/* --- statistics -------------------------------------------------------------------------------------------------- */

struct sc_port_statistics {
    uint32_t node;
    float spoken_dbm0;          /* what came from the line, after the canceller, over the last 100 ms; -96 = silence */
    float heard_dbm0;           /* what was played to it */
    float captured_dbm0;        /* what came from the line, before the canceller */
    float spoken_gain_db;       /* what its own and automatic gain add to spoken_dbm0 now, before others hear it */
    float erl_db;
    float erle_db;
    int32_t echo_delay_samples; /* as the canceller found it, after alignment; -1 unknown */
    int32_t alignment_samples;  /* card: playback that was known to wait in buffers */
    bool converged;
    bool double_talk;
    bool nlp_off;               /* an answer tone has been heard in this call */
    bool canceller_disabled;    /* its phase reversals were: the canceller is passed by until both sides are silent */
    uint64_t failures;          /* exchanges that failed */
    uint64_t capture_xruns;     /* card */
    uint64_t playback_xruns;
    uint64_t lost_frames;       /* card: 48 kHz frames known to be lost or not played in xruns */
    uint64_t slips;             /* card: under- and overruns of the resamplers towards the tick */
    float capture_ppm;          /* card's clock against ours */
    float playback_ppm;         /* ours against the card's */
    uint64_t captured_samples;  /* card: of 8 kHz, so far */
    uint64_t serial_captured;   /* serial: frames of 20 ms that came, that the modem took, that it did not take */
    uint64_t serial_played, serial_dropped;
    int serial_gone;            /* serial: errno of a descriptor that failed */
    bool card_gone;             /* the card has been unplugged or fails for good */
};

struct sc_rtp_statistics {
    uint32_t node;              /* 0 = the socket is idle */
    float spoken_dbm0;
    float heard_dbm0;
    float spoken_gain_db;
    uint64_t sent;
    uint64_t received;          /* valid packets of the latched source */
    uint64_t malformed;         /* refused by the parser, or of a payload type nobody agreed on */
    uint64_t foreign;           /* valid but from another source */
    uint64_t queue_dropped;     /* our queue was full */
    uint64_t concealed_samples;
    uint32_t late;
    uint32_t duplicates;
    uint32_t reordered;
    uint32_t lost_ticks;
    float jitter_ms;
    float depth_ms;
    float lost_percent;         /* of theirs, all the time, by their sequence numbers */
    uint32_t rtcp_sent;
    uint32_t rtcp_received;
    bool remote_told;           /* a report of theirs about what we send has come: */
    float remote_lost_percent;  /* since the one before */
    float remote_jitter_ms;
    bool timed;                 /* and answered one of ours: */
    float round_trip_ms;
    bool latched;
    struct sc_rtp_address latch;
};

struct sc_core_statistics {
    uint64_t ticks;
    uint64_t events_dropped;
    uint32_t generation;        /* of the plan in force */
    uint64_t plans_taken;
    float tick_us_mean;         /* real time only: cost of a step */
    float tick_us_max;
    uint64_t ticks_late;        /* real time: steps that began more than 5 ms after their deadline */
    uint64_t ticks_missed;      /* real time: deadlines given up after a stall */
    uint64_t lateness[16];      /* steps that began less than 2^i * 8 us late (last: all later ones) */
    bool real_time;             /* SCHED_FIFO was granted */
    bool running;
    uint32_t port_count;
    struct sc_port_statistics ports[32];
    uint32_t socket_count;
    struct sc_rtp_statistics rtp[64];
};

/* As of the end of the last tick; may be called from any thread. */
void sc_core_statistics(struct sc_core *core, struct sc_core_statistics *out);

/* --- the tests of the tests ---------------------------------------------------------------------------------------- */

/* A deliberate fault, so that CI can show that the stories notice. Kept in the normal build (the code under test must be
 * the code that ships) but behind sc_core_set_fault alone, which no setting, file or message reaches: only tests call it. */
enum sc_fault {
    SC_FAULT_NONE = 0,
    SC_FAULT_CROSSED_WIRE = 1,      /* each port's voice is taken for its neighbour's */
    SC_FAULT_DIRECTION_MUTED = 2,   /* of two parties the one with the lower node id is not heard by the other */
    SC_FAULT_TONE_SHARP = 3,        /* tones that begin from now on are 15 % sharp */
    SC_FAULT_CANCELLER_BYPASSED = 4
};

int sc_core_set_fault(struct sc_core *core, enum sc_fault fault);

#endif

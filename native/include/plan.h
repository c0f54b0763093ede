/* plan.h: the media plan as it crosses into C: flat arrays, no pointers that outlive the call.
 *
 * It is the image of gateway/model/plan.py. `sc_core_apply` checks all of it, copies it, and the next tick obeys it; a
 * plan that is refused leaves the old one in force. This file is also read by cffi: plain C only. */
#ifndef SC_PLAN_H
#define SC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_PLAN_NODES_MAX 256
#define SC_PLAN_EDGES_MAX 1024
#define SC_PLAN_SEGMENTS_MAX 16
#define SC_PLAN_FREQUENCIES_MAX 4
#define SC_PLAN_DIGITS_MAX 64

enum sc_node_kind {
    SC_NODE_PORT = 1,
    SC_NODE_RTP = 2,
    SC_NODE_TONE = 3,
    SC_NODE_PLAYER = 4,
    SC_NODE_DIGITS = 5,
    SC_NODE_IDENTITY = 6            /* caller identity, or a message lamp, to a telephone; once */
};

enum sc_detectors {
    SC_DETECT_DTMF = 1,
    SC_DETECT_CALL_PROGRESS = 2,
    SC_DETECT_CALLER_ID = 4,
    SC_DETECT_DIAL_TONE = 8,        /* with CALL_PROGRESS: dial tone too; a note held long enough is one, so only while due */
    SC_DETECT_VOICE = 32,           /* whether somebody speaks; beside CALL_PROGRESS no tone of the plan is taken for a voice */
    SC_DETECT_AON = 16              /* port: asks its line for the caller's number (500 Hz) and reads the answer, once */
};

enum sc_codec {
    SC_CODEC_PCMU = 0,
    SC_CODEC_PCMA = 8,
    SC_CODEC_G722 = 9,              /* wideband: the node speaks and hears 16 kHz */
    SC_CODEC_OPUS = 256             /* wideband likewise; no payload type of its own, and only where libopus is */
};

/* Where RTP comes from or goes to. */
struct sc_rtp_address {
    uint8_t length;         /* of the address: 4 (IPv4), 16 (IPv6), 0 = not known */
    uint8_t bytes[16];      /* network order */
    uint16_t port;          /* host order */
};

struct sc_plan_segment {
    uint32_t duration_ms;   /* 0 = for ever, in the last segment only */
    uint32_t frequency_count;
    float frequency_hz[4];
    float level_dbm0;       /* of each sine */
};

/* One node; each kind reads its own fields and ignores the others. */
struct sc_plan_node {
    uint32_t id;
    enum sc_node_kind kind;
    uint32_t detectors;             /* port, rtp: SC_DETECT_* or'ed */

    float spoken_gain_db;           /* port, rtp: of what it says, -30 .. +30 */
    float heard_gain_db;            /* port, rtp: of all that it hears, on top of the edges' gains, -30 .. +30 */
    bool automatic_gain;            /* port, rtp: what it says is brought to -16 dBm0 */

    uint32_t port;                  /* port: index into the core's ports; identity: the port whose telephone answers */
    bool canceller;
    bool capture_muted;
    bool digits_apart;          /* it does not hear keys that are listened for: they are sent to it otherwise */

    uint32_t socket;                /* rtp: index of the core's socket */
    struct sc_rtp_address remote;
    enum sc_codec codec;
    int32_t telephone_event;        /* payload type 96..127, or -1 */
    bool telephone_event_48k;       /* its clock is Opus' 48 kHz, else 8 kHz */
    uint32_t opus_type;             /* payload type 96..127 of what is sent in Opus, and may be received; 0: none */
    uint32_t opus_offered_type;     /* of what else may be received: as we offered it; 0: nothing */
    bool rtcp_mux;                  /* RTCP on the port of RTP (RFC 5761), else on the next one */
    bool comfort_noise;             /* silence is sent as comfort noise (RFC 3389); received it is always understood */
    uint32_t frame_ms;              /* 10, 20, 30, 40, 50 or 60 */
    bool sends;
    bool receives;

    uint32_t segment_count;         /* tone: 1..16, repeated for ever */
    struct sc_plan_segment segments[16];

    uint32_t clip;                  /* player: what sc_core_load_clip gave */
    bool looped;

    char digits[65];                /* digits: 0-9 * # A-D, ends with 0 */
    uint32_t tone_ms;
    uint32_t pause_ms;
    float low_dbm0;
    float high_dbm0;

    uint32_t identity_form;         /* identity: enum sc_callerid_form */
    uint32_t modulation;            /* enum sc_callerid_modulation, of the FSK forms */
    uint32_t alert;                 /* enum sc_callerid_alert */
    bool number_private;            /* why there is no number, when there is none */
    bool lamp_on;                   /* of the lamp forms */
    char date[9];                   /* MMDDhhmm, or empty */
    char number[21];                /* at most 20 of 0-9 * # +, or empty */
    char name[51];                  /* octets as the telephone takes them, ends with 0 */
    float identity_dbm0;            /* of the FSK carrier, -40 .. 0; 0 = -13.5 */
};

struct sc_plan_edge {
    uint32_t listener;
    uint32_t source;
    float gain_db;                  /* -100 .. +40 */
};

struct sc_plan {
    uint32_t generation;
    uint32_t node_count;
    const struct sc_plan_node *nodes;   /* ids strictly rising */
    uint32_t edge_count;
    const struct sc_plan_edge *edges;   /* no pair twice */
};

/* Why a plan (or the settings of a core) was refused. */
enum sc_complaint_kind {
    SC_COMPLAINT_NONE = 0,
    SC_COMPLAINT_TOO_MANY_NODES = 1,
    SC_COMPLAINT_TOO_MANY_EDGES = 2,
    SC_COMPLAINT_IDS_NOT_RISING = 3,    /* node: the one that is not greater than its neighbour (equal: given twice) */
    SC_COMPLAINT_UNKNOWN_KIND = 4,
    SC_COMPLAINT_UNKNOWN_PORT = 5,      /* other: the port's index */
    SC_COMPLAINT_PORT_TWICE = 6,        /* other: the port's index */
    SC_COMPLAINT_UNKNOWN_SOCKET = 7,    /* other: the socket */
    SC_COMPLAINT_SOCKET_TWICE = 8,      /* other: the socket */
    SC_COMPLAINT_BAD_RTP = 9,           /* codec, frame_ms, telephone_event or remote out of range */
    SC_COMPLAINT_BAD_TONE = 10,
    SC_COMPLAINT_UNKNOWN_CLIP = 11,     /* other: the clip */
    SC_COMPLAINT_BAD_DIGITS = 12,
    SC_COMPLAINT_POOL_EMPTY = 13,       /* more nodes of this kind than the core was made for */
    SC_COMPLAINT_EDGE_LISTENER = 14,    /* node: a listener that does not exist; other: the source */
    SC_COMPLAINT_EDGE_SOURCE = 15,      /* node: a source that does not exist; other: the listener */
    SC_COMPLAINT_EDGE_DEAF = 16,        /* node: a listener that cannot hear (tone, player, digits) */
    SC_COMPLAINT_EDGE_TWICE = 17,       /* node: listener; other: source */
    SC_COMPLAINT_EDGE_GAIN = 18,        /* node: listener; other: source */
    SC_COMPLAINT_BIND = 19,             /* other: the UDP port that could not be bound */
    SC_COMPLAINT_CARD = 20,             /* node: the port's id; the card cannot be opened as needed */
    SC_COMPLAINT_SETTINGS = 21,         /* settings of the core out of range */
    SC_COMPLAINT_TONE_PLAN = 22,        /* the tone receiver refuses the descriptors */
    SC_COMPLAINT_LINE_GAIN = 23,        /* a party's own gains are out of range */
    SC_COMPLAINT_BAD_IDENTITY = 24      /* a form, text, alert or level that cannot be sent */
};

struct sc_complaint {
    enum sc_complaint_kind kind;
    uint32_t node;
    uint32_t other;
};

#endif

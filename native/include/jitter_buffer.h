/* Adaptive jitter buffer for one RTP stream of 8 kHz audio: packets of decoded samples in (any order, twice, late or
 * never), n samples a tick out.  Depth follows the observed jitter between min and max: it grows by stretching the sound
 * that is there, or by waiting where nothing is left (the caller conceals), and shrinks by cutting out a stretch that
 * resembles its neighbour, so without a click.
 *
 * Not thread-safe: the tick drains the receive thread's ring into it.  Nothing but create allocates; memory is bounded.
 */
#ifndef SC_JITTER_BUFFER_H
#define SC_JITTER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_JITTER_MAX_PACKET_SAMPLES 480 /* 60 ms */
#define SC_JITTER_MAX_GET_SAMPLES 160

struct sc_jitter_buffer;
struct sc_concealment;

struct sc_jitter_buffer_settings {
    uint32_t min_depth_ms; /* default 5 */
    uint32_t max_depth_ms; /* default 200 */
};

struct sc_jitter_packet {
    uint32_t ssrc;
    uint32_t timestamp;     /* RTP, 8 kHz */
    uint16_t sequence;
    bool marker;            /* begin of a talk spurt after DTX */
    const int16_t *samples; /* decoded; copied */
    const int16_t *high;    /* NULL; of wideband audio its upper band (qmf.h), as many as samples, which are the lower */
    size_t n_samples;       /* 1..SC_JITTER_MAX_PACKET_SAMPLES */
    int64_t arrival_us;     /* any monotonic clock that also drives the ticks */
    bool recovered;         /* made from a later packet: fills what is empty, and says nothing of the network */
};

/* What a get delivered. */
enum sc_jitter_output {
    SC_JITTER_AUDIO,  /* samples, all from packets */
    SC_JITTER_LOST,   /* some of it is missing or late: zeros there, conceal all of it */
    SC_JITTER_SILENCE /* nothing is being sent (before the first packet, DTX gap, stream stopped): out is zeroed */
};

struct sc_jitter_buffer_state {
    float jitter_ms;            /* RFC 3550 6.4.1 interarrival jitter */
    float target_depth_ms;
    float depth_ms;             /* audio buffered now */
    float delay_ms;             /* from the fastest packet's arrival to its turn */
    uint32_t received, reordered, duplicates;
    uint32_t late;              /* came after its place had been played */
    uint32_t refused;           /* malformed: no samples or too many */
    uint32_t overflow;          /* dropped because it lay beyond what the memory holds */
    uint32_t resets;            /* ssrc changes, timestamp or sequence jumps, returns after silence */
    uint32_t lost_ticks;        /* gets answered with SC_JITTER_LOST */
    uint32_t silence_ticks;
    uint64_t cut_samples, stretched_samples; /* taken out and waited for depth changes */
};

void sc_jitter_buffer_settings_default(struct sc_jitter_buffer_settings *settings);
int sc_jitter_buffer_create(struct sc_jitter_buffer **out, const struct sc_jitter_buffer_settings *settings);
void sc_jitter_buffer_destroy(struct sc_jitter_buffer *jb);
void sc_jitter_buffer_reset(struct sc_jitter_buffer *jb); /* statistics too */

/* 0 (also for what was dropped: see the counters) or EINVAL when the packet is malformed (counted as refused). */
int sc_jitter_buffer_put(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *packet);

/* The sender says that it is silent from p->timestamp on (RFC 3389): until its next audio nothing is missing. Samples and
 * their number are not looked at; what belongs to no stream that is played is ignored. */
void sc_jitter_buffer_put_silence(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *packet);

/* n samples for one tick, n <= SC_JITTER_MAX_GET_SAMPLES (more is cut to it). */
enum sc_jitter_output sc_jitter_buffer_get(struct sc_jitter_buffer *jb, int16_t *out, size_t n);

/* The same with concealment: exactly n samples to hear (n <= SC_JITTER_MAX_GET_SAMPLES), holes filled by plc, also
 * where a hole begins or ends within the tick.  This is what the mixer wants; use it or get, not both.  pausing: the sender
 * sends something else for now (telephone events), so that what is missing is silence and no loss. */
void sc_jitter_buffer_play(struct sc_jitter_buffer *jb, struct sc_concealment *plc, bool pausing, int16_t *out,
                           size_t n);

/* Both bands of wideband audio, n samples of each, each with a concealment of its own or NULL. */
struct sc_jitter_bands {
    int16_t *low, *high;        /* high is silent where packets had none */
    struct sc_concealment *low_plc, *high_plc;
};

/* The same of both bands, with the same seams and holes in both. */
void sc_jitter_buffer_play_bands(struct sc_jitter_buffer *jb, const struct sc_jitter_bands *bands, bool pausing, size_t n);

void sc_jitter_buffer_get_state(const struct sc_jitter_buffer *jb, struct sc_jitter_buffer_state *out);

#endif

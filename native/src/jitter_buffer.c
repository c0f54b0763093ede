/* Adaptive jitter buffer: see jitter_buffer.h.
 *
 * What: turns packets that come when they like into n samples a tick.
 * How: a ring of samples indexed by RTP time stamp, with a mark a sample (empty, audio, pause), so that order,
 * duplicates and packet sizes need no care.  The target delay comes from the jitter seen (jitter_estimate.c).  A delay
 * over the target is cut, one under it stretched, by a period of the sound or in noise (time_scale.c), in pauses
 * freely.  When the next packet is later than packets are and little is left, that little is stretched; when nothing is
 * left the play-out waits (the delay grows by itself as far as max_depth), so that nothing that comes is thrown away.
 * What was stretched or waited for in vain is skipped when later packets show that it was lost.  A new ssrc or a time
 * stamp far off is believed at the second packet that agrees with it, or at once when the old stream has stopped.
 * Assumes: put and get on one thread, each packet put before the get of the tick that found it.
 * Measured: less delay, fewer packets thrown away and fewer holes than libspeexdsp's on every trace of
 * bench/bench_jitter.c; steps at the seams of a tone no larger than its own (tests/test_jitter_buffer.c).
 */
#include "jitter_buffer.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "alloc.h"
#include "concealment.h"
#include "jitter_estimate.h"
#include "sequence_window.h"
#include "time_scale.h"

enum {
    SAMPLES_PER_MS = 8,
    RING = 8192,                /* 1.024 s, half of it ahead of the play-out */
    RING_MASK = RING - 1,
    AHEAD = RING / 2 - SC_TIME_SCALE_LAG_MAX, /* a packet must end before this */
    BEHIND = 8000,              /* older than a second: not late but from elsewhere */
    MOST_DEPTH_MS = 400,
    HYSTERESIS = 32,            /* delays this near the target are left alone */
    SLIGHTLY = 8,               /* a cut may go this far below the target */
    COOLDOWN = 480,             /* between two changes: 60 ms */
    COOLDOWN_URGENT = 240,
    COOLDOWN_DRY = 160,
    URGENT_EXCESS = 240,        /* cut also where it does not fit well */
    DRY_AHEAD = 80,             /* what is left when a late packet is waited for by stretching */
    LEAST_HOLE = 40,            /* of a bridged hole that is still concealed, so that its ends meet */
    SILENT_AFTER = 1600,        /* nothing for 200 ms: no longer loss but silence */
    STOPPED_AFTER = 4000        /* nothing for 500 ms: the next packet starts anew */
};

enum mark { EMPTY = 0, AUDIO, PAUSE };

struct sc_jitter_buffer {
    struct sc_jitter_buffer_settings settings;
    int16_t samples[RING];
    uint8_t marks[RING];
    bool known, running;         /* a stream is known; it is being played */
    uint32_t ssrc, play, end;    /* next time stamp to play; after the newest audio */
    struct sc_sequence_window sequence;
    bool suspected;              /* suspect holds a packet that does not belong to the stream */
    struct sc_jitter_packet suspect;
    int16_t suspect_samples[SC_JITTER_MAX_PACKET_SAMPLES];
    uint32_t clock;              /* samples played since the beginning */
    uint32_t waited;             /* samples waited at the present hole */
    uint32_t bridged, bridged_to; /* samples by which the sound before that time stamp was stretched */
    bool silent;                 /* the sender has said that it sends nothing for a while */
    uint32_t idle;               /* samples since anything was there */
    uint32_t cooldown;
    bool settle;                 /* take the next packet's delay as it is */
    float delay;                 /* samples */
    struct sc_jitter_estimate estimate;
    struct sc_jitter_buffer_state state;
    bool wide;                   /* a packet with an upper band has come */
    int16_t high[RING];          /* which stands here beside samples; last, and cleared only when it begins */
};

void sc_jitter_buffer_settings_default(struct sc_jitter_buffer_settings *settings)
{
    *settings = (struct sc_jitter_buffer_settings){.min_depth_ms = 5, .max_depth_ms = 200};
}
int sc_jitter_buffer_create(struct sc_jitter_buffer **out, const struct sc_jitter_buffer_settings *settings)
{
    struct sc_jitter_buffer_settings s;
    sc_jitter_buffer_settings_default(&s);
    s = settings ? *settings : s;
    if (s.min_depth_ms > s.max_depth_ms || s.max_depth_ms > MOST_DEPTH_MS || s.max_depth_ms < 10)
        return EINVAL;
    struct sc_jitter_buffer *jb = sc_alloc(sizeof *jb);
    if (!jb)
        return ENOMEM;
    jb->settings = s;
    sc_jitter_buffer_reset(jb);
    *out = jb;
    return 0;
}

void sc_jitter_buffer_destroy(struct sc_jitter_buffer *jb)
{
    sc_free(jb);
}

static float max_delay(const struct sc_jitter_buffer *jb)
{
    return (float)(jb->settings.max_depth_ms * SAMPLES_PER_MS);
}

static void forget_jitter(struct sc_jitter_buffer *jb)
{
    sc_jitter_estimate_init(&jb->estimate, (float)(jb->settings.min_depth_ms * SAMPLES_PER_MS), max_delay(jb));
}

void sc_jitter_buffer_reset(struct sc_jitter_buffer *jb)
{
    const struct sc_jitter_buffer_settings s = jb->settings;
    memset(jb, 0, offsetof(struct sc_jitter_buffer, high));
    jb->settings = s;
    forget_jitter(jb);
}

/* Moves the play-out; the ring's far end comes free.  Marks behind it stay: a stretch may go back over them. */
static void advance(struct sc_jitter_buffer *jb, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        jb->marks[(jb->play + RING / 2 + i) & RING_MASK] = EMPTY;
    jb->play += n;
}

static void mark(struct sc_jitter_buffer *jb, uint32_t from, uint32_t to, enum mark m)
{
    for (uint32_t t = from; (int32_t)(to - t) > 0; t++)
        jb->marks[t & RING_MASK] = (uint8_t)m;
}

/* Begins to play a stream at this packet, target samples from now. */
static void start_at(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    memset(jb->marks, EMPTY, sizeof jb->marks);
    jb->delay = jb->estimate.target;
    jb->play = p->timestamp - (uint32_t)jb->estimate.target;
    mark(jb, jb->play, p->timestamp, PAUSE);
    jb->end = p->timestamp;
    jb->ssrc = p->ssrc;
    sc_sequence_window_start(&jb->sequence, p->sequence);
    jb->known = jb->running = jb->settle = true;
    jb->suspected = false;
    jb->waited = jb->bridged = jb->idle = 0;
    jb->silent = false;
}

static void note_sequence(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const int16_t step = sc_sequence_window_note(&jb->sequence, p->sequence);
    if (step <= 0) {
        jb->state.reordered++;
        return;
    }
    jb->silent = false;
    if (step == 1 && (int32_t)(p->timestamp - jb->end) > 0) { /* nothing sent in between: DTX */
        const uint32_t from = (int32_t)(jb->end - jb->play) > 0 ? jb->end : jb->play;
        mark(jb, from, p->timestamp, PAUSE);
    }
}

/* Before its samples, whose marks say what is there already. What was there before the first wide packet has no upper band. */
static void insert_high(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    if (!jb->wide)
        memset(jb->high, 0, sizeof jb->high);
    jb->wide = true;
    for (size_t i = 0; i < p->n_samples; i++) {
        const uint32_t t = p->timestamp + (uint32_t)i;
        if ((int32_t)(t - jb->play) >= 0 && jb->marks[t & RING_MASK] != AUDIO)
            jb->high[t & RING_MASK] = p->high != NULL ? p->high[i] : 0;
    }
}

/* Its samples where nothing else is yet. */
static void lay(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const uint32_t end = p->timestamp + (uint32_t)p->n_samples;
    if (jb->wide || p->high != NULL)
        insert_high(jb, p);
    for (size_t i = 0; i < p->n_samples; i++) {
        const uint32_t t = p->timestamp + (uint32_t)i;
        if ((int32_t)(t - jb->play) < 0 || jb->marks[t & RING_MASK] == AUDIO)
            continue;
        jb->samples[t & RING_MASK] = p->samples[i];
        jb->marks[t & RING_MASK] = AUDIO;
    }
    if ((int32_t)(end - jb->end) > 0)
        jb->end = end;
}

static void insert(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    if (sc_sequence_window_has(&jb->sequence, p->sequence)) {
        jb->state.duplicates++;
        return;
    }
    note_sequence(jb, p);
    const float over = sc_jitter_estimate_packet(&jb->estimate, jb->clock, p->arrival_us, p->timestamp);
    const float seen_delay = (float)(int32_t)(p->timestamp - jb->play) + over;
    jb->delay += (seen_delay - jb->delay) * (jb->settle ? 1 : 0.0625f);
    jb->settle = false;
    if ((int32_t)(p->timestamp + (uint32_t)p->n_samples - jb->play) <= 0)
        jb->state.late++;
    else
        lay(jb, p);
}

static bool belongs(const struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const int32_t ahead = (int32_t)(p->timestamp - jb->play);
    return p->ssrc == jb->ssrc && ahead > -BEHIND && ahead <= AHEAD - (int32_t)p->n_samples;
}

/* A packet from elsewhere: two that agree make a new stream. */
static void suspect(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const struct sc_jitter_packet *s = &jb->suspect;
    if (jb->suspected && s->ssrc == p->ssrc && (uint16_t)(s->sequence + 1) == p->sequence
        && p->timestamp - s->timestamp < BEHIND) {
        const struct sc_jitter_packet first = *s;
        jb->state.resets++;
        forget_jitter(jb);
        start_at(jb, &first);
        insert(jb, &first);
        if (belongs(jb, p))
            insert(jb, p);
        return;
    }
    if (p->ssrc == jb->ssrc)
        jb->state.overflow++;
    jb->suspect = *p;
    memcpy(jb->suspect_samples, p->samples, p->n_samples * sizeof *p->samples);
    jb->suspect.samples = jb->suspect_samples, jb->suspect.high = NULL; /* 20 ms are not worth the memory */
    jb->suspected = true;
}

void sc_jitter_buffer_put_silence(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *packet)
{
    struct sc_jitter_packet p = *packet;
    p.n_samples = 0;
    if (!jb->running || !belongs(jb, &p) || sc_sequence_window_has(&jb->sequence, p.sequence))
        return;
    const bool newest = (int16_t)(p.sequence - jb->sequence.newest) > 0;
    note_sequence(jb, &p);
    jb->silent = newest || jb->silent;
}

int sc_jitter_buffer_put(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *packet)
{
    if (packet->n_samples == 0 || packet->n_samples > SC_JITTER_MAX_PACKET_SAMPLES || !packet->samples) {
        jb->state.refused++;
        return EINVAL;
    }
    if (packet->recovered) {
        if (jb->running && belongs(jb, packet) && !sc_sequence_window_has(&jb->sequence, packet->sequence))
            lay(jb, packet);
        return 0;
    }
    jb->state.received++;
    if (!jb->running) {
        jb->state.resets += jb->known;
        if (jb->known && packet->ssrc != jb->ssrc)
            forget_jitter(jb);
        start_at(jb, packet);
    }
    if (belongs(jb, packet)) {
        jb->suspected = false;
        insert(jb, packet);
    } else {
        suspect(jb, packet);
    }
    return 0;
}

/* Samples with the same mark from t on, at most n. */
static uint32_t stretch_of(const struct sc_jitter_buffer *jb, uint32_t t, uint32_t n)
{
    uint32_t i = 1;
    while (i < n && jb->marks[(t + i) & RING_MASK] == jb->marks[t & RING_MASK])
        i++;
    return i;
}

/* Takes out up to `most` samples here, if a seam can be made. */
static void shorten(struct sc_jitter_buffer *jb, uint32_t most, bool anyhow)
{
    const struct sc_time_scale_ring ring = {.samples = jb->samples, .mask = RING_MASK};
    const struct sc_time_scale_seam seam = sc_time_scale_shorter(&ring, jb->play, most, anyhow);
    if (seam.lag == 0)
        return;
    sc_time_scale_cut(&ring, jb->play, &seam);
    (void)sc_time_scale_cut(&(struct sc_time_scale_ring){.samples = jb->high, .mask = RING_MASK}, jb->play, &seam);
    advance(jb, seam.lag);
    jb->delay -= (float)seam.lag;
    jb->state.cut_samples += seam.lag;
}

/* Plays the last samples again, if a seam can be made; how many. */
static uint32_t lengthen(struct sc_jitter_buffer *jb, uint32_t ahead, bool anyhow)
{
    enum { BEFORE = SC_TIME_SCALE_LAG_MAX + SC_TIME_SCALE_SEAM };
    if (stretch_of(jb, jb->play - BEFORE, BEFORE + 1) < BEFORE + 1)
        return 0;
    const struct sc_time_scale_ring ring = {.samples = jb->samples, .mask = RING_MASK};
    const struct sc_time_scale_seam seam = sc_time_scale_longer(&ring, jb->play, ahead, anyhow);
    if (seam.lag == 0)
        return 0;
    (void)sc_time_scale_stretch(&(struct sc_time_scale_ring){.samples = jb->high, .mask = RING_MASK}, jb->play, &seam);
    jb->play = sc_time_scale_stretch(&ring, jb->play, &seam);
    jb->delay += (float)seam.lag;
    jb->state.stretched_samples += seam.lag;
    return seam.lag;
}

/* Whether the next packet is later than packets are, and what is there lasts for less than a tick after this one: then
 * the time until it comes is stretched, which may spare a hole. */
static bool running_dry(const struct sc_jitter_buffer *jb, uint32_t ahead, uint32_t n)
{
    if (jb->silent || ahead >= n + DRY_AHEAD || (int32_t)(jb->end - jb->play) > (int32_t)ahead)
        return false;
    return sc_jitter_estimate_over(&jb->estimate, jb->clock + n, jb->end) > jb->estimate.usual;
}

static void bridge(struct sc_jitter_buffer *jb, uint32_t ahead)
{
    const uint32_t longer = lengthen(jb, ahead, true);
    jb->bridged = longer + (jb->bridged_to == jb->end ? jb->bridged : 0);
    jb->bridged_to = jb->end;
}

/* Brings the delay nearer to its target, within audio. */
static void adapt(struct sc_jitter_buffer *jb, uint32_t n)
{
    jb->cooldown = jb->cooldown > n ? jb->cooldown - n : 0;
    if (jb->marks[jb->play & RING_MASK] != AUDIO)
        return;
    const uint32_t ahead = stretch_of(jb, jb->play, 2 * SC_JITTER_MAX_GET_SAMPLES + DRY_AHEAD);
    const float excess = jb->delay - jb->estimate.target;
    if (running_dry(jb, ahead, n)) {
        if (jb->cooldown <= COOLDOWN - COOLDOWN_DRY && jb->delay + SC_TIME_SCALE_LAG_MAX <= max_delay(jb))
            bridge(jb, ahead);
        jb->cooldown = COOLDOWN;
        return;
    }
    if (jb->cooldown > 0 || fabsf(excess) < HYSTERESIS || ahead < SC_TIME_SCALE_LAG_MAX + SC_TIME_SCALE_SEAM)
        return;
    if (excess > 0)
        shorten(jb, (uint32_t)excess + SLIGHTLY, excess > URGENT_EXCESS);
    else
        lengthen(jb, ahead, false);
    jb->cooldown = excess > URGENT_EXCESS ? COOLDOWN_URGENT : COOLDOWN;
}

/* In a pause the delay is corrected at once: longer by staying, shorter by skipping all but its last sample. */
static uint32_t play_pause(struct sc_jitter_buffer *jb, uint32_t n)
{
    const float excess = jb->settle ? 0 : jb->delay - jb->estimate.target;
    uint32_t length = stretch_of(jb, jb->play, AHEAD);
    jb->waited = jb->bridged = 0;
    if (excess <= -(float)n) {
        jb->delay += (float)n;
        jb->state.stretched_samples += n;
        return n;
    }
    if (excess > HYSTERESIS && length > 1) {
        const uint32_t skip = (uint32_t)excess < length - 1 ? (uint32_t)excess : length - 1;
        advance(jb, skip);
        length -= skip;
        jb->delay -= (float)skip;
        jb->state.cut_samples += skip;
    }
    const uint32_t m = n < length ? n : length;
    advance(jb, m);
    return m;
}

/* Nothing is there and nothing later either: wait for it, or for silence. */
static enum sc_jitter_output play_nothing(struct sc_jitter_buffer *jb, uint32_t n)
{
    if (jb->silent) {
        advance(jb, n);
        jb->settle = true; /* clocks may drift meanwhile: the next packet's delay is taken as it is */
        return SC_JITTER_SILENCE;
    }
    jb->idle += n;
    if (jb->delay + (float)n <= max_delay(jb)) {
        jb->waited += n;
        jb->delay += (float)n;
    } else {
        advance(jb, n);
    }
    jb->settle |= jb->idle > SILENT_AFTER;
    jb->running = jb->idle <= STOPPED_AFTER;
    return jb->idle > SILENT_AFTER ? SC_JITTER_SILENCE : SC_JITTER_LOST;
}

/* Something is missing before what is there. What has been waited for it already, in vain, is made up for. */
static uint32_t play_hole(struct sc_jitter_buffer *jb, uint32_t n)
{
    const uint32_t hole = stretch_of(jb, jb->play, AHEAD);
    uint32_t paid = jb->waited < hole ? jb->waited : hole;
    if (jb->bridged > 0 && jb->play == jb->bridged_to && hole > paid + LEAST_HOLE) {
        const uint32_t more = hole - paid - LEAST_HOLE;
        paid += more < jb->bridged ? more : jb->bridged;
    }
    advance(jb, paid);
    jb->waited = jb->bridged = 0;
    jb->delay -= (float)paid;
    const uint32_t m = n < hole - paid ? n : hole - paid;
    advance(jb, m);
    return m;
}

/* Up to n samples of one kind; *kind says which; out (and high, unless NULL) is written for audio only. */
static uint32_t play_run(struct sc_jitter_buffer *jb, int16_t *out, int16_t *high, uint32_t n, enum sc_jitter_output *kind)
{
    *kind = SC_JITTER_SILENCE;
    if (!jb->running)
        return n;
    if (jb->marks[jb->play & RING_MASK] == EMPTY) {
        if ((int32_t)(jb->end - jb->play) <= 0) {
            *kind = play_nothing(jb, n);
            return n;
        }
        *kind = SC_JITTER_LOST;
        return play_hole(jb, n);
    }
    jb->idle = 0;
    if (jb->marks[jb->play & RING_MASK] == PAUSE)
        return play_pause(jb, n);
    *kind = SC_JITTER_AUDIO;
    jb->state.stretched_samples += jb->waited;
    jb->waited = 0;
    const uint32_t m = stretch_of(jb, jb->play, n);
    for (uint32_t i = 0; i < m; i++) {
        out[i] = jb->samples[(jb->play + i) & RING_MASK];
        if (high != NULL && jb->wide)
            high[i] = jb->high[(jb->play + i) & RING_MASK];
    }
    advance(jb, m);
    return m;
}

static void conceal(const struct sc_jitter_bands *o, enum sc_concealment_input input, uint32_t from, uint32_t n)
{
    if (o->low_plc != NULL)
        (void)sc_concealment_process(o->low_plc, input, o->low + from, n);
    if (o->high_plc != NULL)
        (void)sc_concealment_process(o->high_plc, input, o->high + from, n);
}

/* One tick through the runs of its kinds, filled where there is a concealment; the answer is the worst kind met. */
static enum sc_jitter_output tick(struct sc_jitter_buffer *jb, const struct sc_jitter_bands *o, bool pausing, size_t wanted)
{
    const uint32_t n = wanted < SC_JITTER_MAX_GET_SAMPLES ? (uint32_t)wanted : SC_JITTER_MAX_GET_SAMPLES;
    bool audio = false, lost = false;
    memset(o->low, 0, n * sizeof *o->low);
    if (o->high != NULL)
        memset(o->high, 0, n * sizeof *o->high);
    adapt(jb, n);
    for (uint32_t done = 0; done < n;) {
        enum sc_jitter_output kind;
        const uint32_t m = play_run(jb, o->low + done, o->high != NULL ? o->high + done : NULL, n - done, &kind);
        audio |= kind == SC_JITTER_AUDIO && m > 0;
        lost |= kind == SC_JITTER_LOST && m > 0;
        if (m > 0)
            conceal(o, kind == SC_JITTER_AUDIO              ? SC_CONCEALMENT_GOOD
                       : kind == SC_JITTER_LOST && !pausing ? SC_CONCEALMENT_LOST
                                                            : SC_CONCEALMENT_SILENCE, done, m);
        done += m;
    }
    jb->clock += n;
    jb->state.lost_ticks += lost;
    jb->state.silence_ticks += !lost && !audio;
    return lost ? SC_JITTER_LOST : audio ? SC_JITTER_AUDIO : SC_JITTER_SILENCE;
}

enum sc_jitter_output sc_jitter_buffer_get(struct sc_jitter_buffer *jb, int16_t *out, size_t n)
{
    return tick(jb, &(struct sc_jitter_bands){ .low = out }, false, n);
}

void sc_jitter_buffer_play(struct sc_jitter_buffer *jb, struct sc_concealment *plc, bool pausing, int16_t *out, size_t n)
{
    (void)tick(jb, &(struct sc_jitter_bands){ .low = out, .low_plc = plc }, pausing, n);
}

void sc_jitter_buffer_play_bands(struct sc_jitter_buffer *jb, const struct sc_jitter_bands *bands, bool pausing, size_t n)
{
    (void)tick(jb, bands, pausing, n);
}

void sc_jitter_buffer_get_state(const struct sc_jitter_buffer *jb, struct sc_jitter_buffer_state *out)
{
    const int32_t depth = jb->running ? (int32_t)(jb->end - jb->play) : 0;
    *out = jb->state;
    out->jitter_ms = jb->estimate.jitter_ms;
    out->target_depth_ms = jb->estimate.target / SAMPLES_PER_MS;
    out->delay_ms = jb->delay / SAMPLES_PER_MS;
    out->depth_ms = depth > 0 ? (float)depth / SAMPLES_PER_MS : 0;
}

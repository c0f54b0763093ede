/* Adaptive jitter buffer: see jitter_buffer.h.
 *
 * What: turns packets that come when they like into n samples a tick.
 * How: a ring of samples indexed by RTP time stamp, with a mark a sample (empty, audio, pause), so that order,
 * duplicates and packet sizes need no care.  The target delay comes from the jitter seen (jitter_estimate.c).  When
 * nothing has come the play-out waits (the delay grows by itself as far as max_depth); what was waited for in vain is
 * skipped when later packets show that it was lost.  A delay over the target is cut, one under it stretched, by a stretch of signal that resembles its neighbour;
 * in pauses freely.  A new ssrc or a time stamp far off is believed at the second packet that agrees with it, or at
 * once when the old stream has stopped.
 * Assumes: put and get on one thread; arrival clock and tick clock run alike.
 * Measured (tests/test_jitter_buffer.c): figures printed there.
 */
#include "jitter_buffer.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "alloc.h"
#include "concealment.h"
#include "jitter_estimate.h"

enum {
    SAMPLES_PER_MS = 8,
    RING = 8192,                /* 1.024 s, half of it ahead of the play-out */
    RING_MASK = RING - 1,
    LAG_MIN = 40,               /* stretch to cut or insert: a pitch period, 66..200 Hz */
    LAG_MAX = 120,
    AHEAD = RING / 2 - LAG_MAX, /* a packet must end before this */
    BEHIND = 8000,              /* older than a second: not late but from elsewhere */
    SEAM = 80,                  /* samples compared and cross-faded */
    MOST_DEPTH_MS = 400,
    HYSTERESIS = 80,            /* delays this near the target are left alone */
    COOLDOWN = 480,             /* between two cuts: 60 ms */
    URGENT_EXCESS = 480,        /* cut also where it does not fit well */
    SILENT_AFTER = 1600,        /* nothing for 200 ms: no longer loss but silence */
    STOPPED_AFTER = 4000        /* nothing for 500 ms: the next packet starts anew */
};
#define FIT 0.75f               /* correlation at which a seam is not heard */
#define QUIET_RMS 80.0f         /* about -46 dBm0: any seam will do */

enum mark { EMPTY = 0, AUDIO, PAUSE };

struct sc_jitter_buffer {
    struct sc_jitter_buffer_settings settings;
    int16_t samples[RING];
    uint8_t marks[RING];
    bool known, running;         /* a stream is known; it is being played */
    uint32_t ssrc, play, end;    /* next time stamp to play; after the newest audio */
    uint16_t newest;             /* sequence number */
    uint64_t seen;               /* bit k: newest - k has come */
    bool suspected;              /* suspect holds a packet that does not belong to the stream */
    struct sc_jitter_packet suspect;
    int16_t suspect_samples[SC_JITTER_MAX_PACKET_SAMPLES], suspect_high[SC_JITTER_MAX_PACKET_SAMPLES];
    uint32_t waited;             /* samples waited at the present hole */
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
    *settings = (struct sc_jitter_buffer_settings){.min_depth_ms = 10, .max_depth_ms = 200};
}

int sc_jitter_buffer_create(struct sc_jitter_buffer **out, const struct sc_jitter_buffer_settings *settings)
{
    struct sc_jitter_buffer_settings s;
    if (settings)
        s = *settings;
    else
        sc_jitter_buffer_settings_default(&s);
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
    const float least = (float)(jb->settings.min_depth_ms * SAMPLES_PER_MS);
    sc_jitter_estimate_init(&jb->estimate, least, max_delay(jb));
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
    jb->newest = (uint16_t)(p->sequence - 1);
    jb->seen = 0;
    jb->known = jb->running = jb->settle = true;
    jb->suspected = false;
    jb->waited = jb->idle = 0;
}

static void note_sequence(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const int16_t step = (int16_t)(p->sequence - jb->newest);
    if (step > 0) {
        jb->seen = step < 64 ? jb->seen << step : 0;
        jb->seen |= 1;
        if (step == 1 && (int32_t)(p->timestamp - jb->end) > 0) { /* nothing sent in between: DTX */
            const uint32_t from = (int32_t)(jb->end - jb->play) > 0 ? jb->end : jb->play;
            mark(jb, from, p->timestamp, PAUSE);
        }
        jb->newest = p->sequence;
        return;
    }
    jb->state.reordered++;
    if (step > -64)
        jb->seen |= (uint64_t)1 << -step;
}

static bool seen_before(const struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const int16_t step = (int16_t)(p->sequence - jb->newest);
    return step <= 0 && step > -64 && (jb->seen >> -step & 1);
}

/* The first packet with an upper band: what is there has none. */
static bool begins_wide(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    if (p->high == NULL)
        return false;
    memset(jb->high, 0, sizeof jb->high);
    return true;
}

/* Before its samples, whose marks say what is there already. */
static void insert_high(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    for (size_t i = 0; i < p->n_samples; i++) {
        const uint32_t t = p->timestamp + (uint32_t)i;
        if ((int32_t)(t - jb->play) >= 0 && jb->marks[t & RING_MASK] != AUDIO)
            jb->high[t & RING_MASK] = p->high != NULL ? p->high[i] : 0;
    }
}

static void insert(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    if (seen_before(jb, p)) {
        jb->state.duplicates++;
        return;
    }
    note_sequence(jb, p);
    const float over = sc_jitter_estimate_packet(&jb->estimate, p->arrival_us, p->timestamp);
    const float seen_delay = (float)(int32_t)(p->timestamp - jb->play) + over;
    jb->delay += (seen_delay - jb->delay) * (jb->settle ? 1 : 0.0625f);
    jb->settle = false;
    jb->wide = jb->wide || begins_wide(jb, p);
    const uint32_t end = p->timestamp + (uint32_t)p->n_samples;
    if ((int32_t)(end - jb->play) <= 0) {
        jb->state.late++;
        return;
    }
    if (jb->wide)
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

static bool belongs(const struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const int32_t ahead = (int32_t)(p->timestamp - jb->play);
    return p->ssrc == jb->ssrc && ahead > -BEHIND && ahead + (int32_t)p->n_samples <= AHEAD;
}

/* A packet from elsewhere: two that agree make a new stream. */
static void suspect(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *p)
{
    const struct sc_jitter_packet *s = &jb->suspect;
    const bool agrees = jb->suspected && s->ssrc == p->ssrc && (uint16_t)(s->sequence + 1) == p->sequence
                        && p->timestamp - s->timestamp < BEHIND;
    if (agrees) {
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
    jb->suspect.samples = jb->suspect_samples;
    if (p->high != NULL) {
        memcpy(jb->suspect_high, p->high, p->n_samples * sizeof *p->high);
        jb->suspect.high = jb->suspect_high;
    }
    jb->suspected = true;
}

int sc_jitter_buffer_put(struct sc_jitter_buffer *jb, const struct sc_jitter_packet *packet)
{
    if (packet->n_samples == 0 || packet->n_samples > SC_JITTER_MAX_PACKET_SAMPLES || !packet->samples) {
        jb->state.refused++;
        return EINVAL;
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

static int16_t *at(struct sc_jitter_buffer *jb, uint32_t t)
{
    return &jb->samples[t & RING_MASK];
}

/* Fades from what stands at `from` to what stands at `to`, where it is left. */
static void seam(int16_t *ring, uint32_t from, uint32_t to, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const float w = (float)(i + 1) / (float)(n + 1), x = ring[(from + i) & RING_MASK];
        int16_t *y = &ring[(to + i) & RING_MASK];
        *y = (int16_t)lrintf(x + w * ((float)*y - x));
    }
}

/* Samples with the same mark from t on, at most n. */
static uint32_t stretch_of(const struct sc_jitter_buffer *jb, uint32_t t, uint32_t n)
{
    uint32_t i = 1;
    while (i < n && jb->marks[(t + i) & RING_MASK] == jb->marks[t & RING_MASK])
        i++;
    return i;
}

/* Likeness of the SEAM samples at a and at b; 1 where it is too quiet to matter. */
static float fit(struct sc_jitter_buffer *jb, uint32_t a, uint32_t b)
{
    float cross = 0, pa = 0, pb = 0;
    for (uint32_t i = 0; i < SEAM; i++) {
        const float x = *at(jb, a + i), y = *at(jb, b + i);
        cross += x * y, pa += x * x, pb += y * y;
    }
    if (fmaxf(pa, pb) < SEAM * QUIET_RMS * QUIET_RMS)
        return 1;
    return cross / sqrtf(pa * pb + 1);
}

/* The lag whose seam fits best between t and t + sign * lag; 0 when none fits. */
static uint32_t best_lag(struct sc_jitter_buffer *jb, int sign, float least)
{
    uint32_t best = 0;
    for (uint32_t lag = LAG_MIN; lag <= LAG_MAX; lag += 2) {
        const float f = fit(jb, jb->play, sign > 0 ? jb->play + lag : jb->play - lag);
        if (f > least)
            least = f, best = lag;
    }
    return best;
}

/* Takes lag samples out: the next SEAM fade from here to there. */
static void cut(struct sc_jitter_buffer *jb, uint32_t lag)
{
    seam(jb->samples, jb->play, jb->play + lag, SEAM);
    if (jb->wide)
        seam(jb->high, jb->play, jb->play + lag, SEAM);
    advance(jb, lag);
    jb->delay -= (float)lag;
    jb->state.cut_samples += lag;
}

/* Plays the last lag samples again, faded in from what would have come. */
static void stretch(struct sc_jitter_buffer *jb, uint32_t lag)
{
    seam(jb->samples, jb->play, jb->play - lag, lag);
    if (jb->wide)
        seam(jb->high, jb->play, jb->play - lag, lag);
    jb->play -= lag;
    jb->delay += (float)lag;
    jb->state.stretched_samples += lag;
}

/* Brings the delay nearer to its target, within audio. */
static void adapt(struct sc_jitter_buffer *jb, uint32_t n)
{
    jb->cooldown = jb->cooldown > n ? jb->cooldown - n : 0;
    if (jb->cooldown > 0 || jb->marks[jb->play & RING_MASK] != AUDIO)
        return;
    const float excess = jb->delay - jb->estimate.target;
    if (fabsf(excess) < HYSTERESIS || stretch_of(jb, jb->play, LAG_MAX + SEAM) < LAG_MAX + SEAM)
        return;
    if (excess > 0) {
        const uint32_t lag = best_lag(jb, 1, excess > URGENT_EXCESS ? -2 : FIT);
        if (lag > 0)
            cut(jb, lag);
    } else if (stretch_of(jb, jb->play - LAG_MAX, LAG_MAX + 1) == LAG_MAX + 1) {
        const uint32_t lag = best_lag(jb, -1, FIT);
        if (lag > 0)
            stretch(jb, lag);
    }
    jb->cooldown = COOLDOWN;
}

/* In a pause the delay is corrected at once: longer by staying, shorter by skipping all but its last sample. */
static uint32_t play_pause(struct sc_jitter_buffer *jb, uint32_t n)
{
    const float excess = jb->settle ? 0 : jb->delay - jb->estimate.target;
    uint32_t length = stretch_of(jb, jb->play, AHEAD);
    jb->waited = 0;
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
    jb->idle += n;
    if (jb->delay + (float)n <= max_delay(jb)) {
        jb->waited += n;
        jb->delay += (float)n;
    } else {
        advance(jb, n);
    }
    if (jb->idle > SILENT_AFTER)
        jb->settle = true;
    if (jb->idle > STOPPED_AFTER)
        jb->running = false;
    return jb->idle > SILENT_AFTER ? SC_JITTER_SILENCE : SC_JITTER_LOST;
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
        const uint32_t hole = stretch_of(jb, jb->play, AHEAD), paid = jb->waited < hole ? jb->waited : hole;
        advance(jb, paid); /* already waited for, in vain */
        jb->waited -= paid;
        jb->delay -= (float)paid;
        *kind = SC_JITTER_LOST;
        const uint32_t m = n < hole - paid ? n : hole - paid;
        advance(jb, m);
        return m;
    }
    jb->idle = 0;
    if (jb->marks[jb->play & RING_MASK] == PAUSE)
        return play_pause(jb, n);
    *kind = SC_JITTER_AUDIO;
    jb->state.stretched_samples += jb->waited;
    jb->waited = 0;
    const uint32_t m = stretch_of(jb, jb->play, n);
    for (uint32_t i = 0; i < m; i++)
        out[i] = *at(jb, jb->play + i);
    for (uint32_t i = 0; high != NULL && jb->wide && i < m; i++)
        high[i] = jb->high[(jb->play + i) & RING_MASK];
    advance(jb, m);
    return m;
}

/* One tick through the runs of its kinds, filled by plc if there is one; the answer is the worst kind met. */
static enum sc_jitter_output tick(struct sc_jitter_buffer *jb, struct sc_concealment *plc, int16_t *out, int16_t *high,
                                  uint32_t n)
{
    bool audio = false, lost = false;
    memset(out, 0, n * sizeof *out);
    if (high != NULL)
        memset(high, 0, n * sizeof *high);
    adapt(jb, n);
    for (uint32_t done = 0; done < n;) {
        enum sc_jitter_output kind;
        const uint32_t m = play_run(jb, out + done, high != NULL ? high + done : NULL, n - done, &kind);
        audio |= kind == SC_JITTER_AUDIO && m > 0;
        lost |= kind == SC_JITTER_LOST && m > 0;
        if (plc && m > 0)
            sc_concealment_process(plc, kind == SC_JITTER_AUDIO  ? SC_CONCEALMENT_GOOD
                                        : kind == SC_JITTER_LOST ? SC_CONCEALMENT_LOST
                                                                 : SC_CONCEALMENT_SILENCE, out + done, m);
        done += m;
    }
    jb->state.lost_ticks += lost;
    jb->state.silence_ticks += !lost && !audio;
    return lost ? SC_JITTER_LOST : audio ? SC_JITTER_AUDIO : SC_JITTER_SILENCE;
}

static uint32_t limited(size_t n)
{
    return n < SC_JITTER_MAX_GET_SAMPLES ? (uint32_t)n : SC_JITTER_MAX_GET_SAMPLES;
}

enum sc_jitter_output sc_jitter_buffer_get(struct sc_jitter_buffer *jb, int16_t *out, size_t n)
{
    return tick(jb, NULL, out, NULL, limited(n));
}

enum sc_jitter_output sc_jitter_buffer_get_bands(struct sc_jitter_buffer *jb, int16_t *low, int16_t *high, size_t n)
{
    return tick(jb, NULL, low, high, limited(n));
}

void sc_jitter_buffer_play(struct sc_jitter_buffer *jb, struct sc_concealment *plc, int16_t *out, size_t n)
{
    tick(jb, plc, out, NULL, limited(n));
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

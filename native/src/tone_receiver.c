/* tone_receiver.c: call-progress tones of one tone plan.
 *
 * How: tone_measurer says every 5 ms of each different sound of the plan whether it is there, tone_burst makes bursts of
 * that, tone_plan matches cadences; tone_speech finds what the bursts miss while somebody speaks. This file holds what is reported: at most one tone at a time is on.
 * Assumes 8000 samples a second, input after the echo canceller (the far end's sound only).
 * Measured: each tone of 145 countries under its own plan is what it is, but six that tests/media/test_tone_plans.py lists;
 * Russian plan: busy 20/20 at 10 dB SNR, -40 .. 0 dBm0, +-40 Hz, +-20 % of cadence, 51 ms after the second cycle at
 * the latest; dial tone after 270 ms; under speech see tone_masked.c; no false busy, congestion, ringback
 * or SIT in 40.9 h of speech and music (but 69 notes held as long as a dial tone: arm that when it is due). */
#include "tone_receiver.h"

#include "alloc.h"
#include "level.h"
#include "tone_burst.h"
#include "tone_measurer.h"
#include "tone_plan.h"
#include "tone_speech.h"

#include <errno.h>
#include <string.h>

#define EVENTS 16u
#define SAMPLES_PER_MS 8.0
#define DEFAULT_LEVEL_DBM0 (-43.0f)
#define LOWEST_LEVEL_DBM0 (-55.0f)
#define DEFAULT_DIAL_MS 260u
#define FAX_ANSWER_MS 380u         /* less than what lies between two phase reversals, 450 +- 25 ms (V.25) */
#define CYCLES 2u                  /* full ones that are heard before a cadence is believed */
#define CYCLES_UNQUIET 3u          /* while somebody speaks in the pauses */
#define RECENT_MS 6000.0           /* bursts this young make a continuous tone prove itself against their cadences */
#define CONFIRM_MS 40.0f           /* of the next burst, before a cadence is believed: covers the frames' delay too */
#define QUIET_AFTER_MS 60.0f       /* and so much of silence */
#define LONG_PAUSE_SHARE 0.1f      /* energy in that silence over the burst's: 10 dB */
#define OTHER_SOUND_MS 200.0f      /* so much of another sound in a long pause ends the tone: somebody has answered */
#define OTHER_SOUND_SHARE 0.01f    /* its level: 20 dB below the tone */
#define SEQUENCE_PART 0.8f         /* of its last burst, before a sequence is believed */
#define SEQUENCE_SLACK_MS 60.0f
#define ALONE 0.95f                /* a tone with so little beside it is for tone_burst.c, which measures it better */
#define MISSED_CYCLES 2.2f         /* a tone found under speech is over when so long nothing was seen of it */

const struct sc_tone_descriptor sc_tone_fax_calling = {
    .kind = SC_TONE_FAX_CALLING, .frequency_count = 1, .frequency_hz = { 1100.0f }, .tolerance_hz = 38.0f,
    .pair_count = 1, .pairs = { { 500, 3000 } },
};
const struct sc_tone_descriptor sc_tone_fax_answer = {
    .kind = SC_TONE_FAX_ANSWER, .frequency_count = 1, .frequency_hz = { 2100.0f }, .tolerance_hz = 15.0f, .modulated = true,
};

struct sc_tone_receiver {
    struct sc_tone_plan plan;
    struct sc_tone_measurer *measurer;
    struct sc_tone_tracker trackers[SC_TONE_SOUNDS_MAX];
    enum sc_tone_step steps[SC_TONE_SOUNDS_MAX];
    struct sc_tone_speech *speech[SC_TONE_SOUNDS_MAX];   /* NULL: the sound has no cadence to look for under speech */
    uint32_t dial_min_ms;
    uint32_t armed;
    int on;                        /* descriptor that is on, or -1 */
    uint32_t cycles;
    double began;                  /* of the one that is on */
    float other_sound_ms;
    struct sc_tone_evidence evidence;      /* of the one that is on, if it was found under speech; else 0 cycles */
    struct sc_tone_event events[EVENTS];
    uint32_t first, count, dropped;
};

static int create_speech(struct sc_tone_receiver *r, float lowest_amplitude)
{
    int error = 0;
    for (uint32_t i = 0; i < r->plan.sound_count && error == 0; i++)
        error = sc_tone_speech_create(&r->speech[i], &r->plan, i, lowest_amplitude);
    return error;
}

int sc_tone_receiver_create(struct sc_tone_receiver **out, const struct sc_tone_receiver_settings *settings)
{
    if (settings == NULL)
        return EINVAL;
    float level = fabsf(settings->min_level_dbm0) < 1e-6f ? DEFAULT_LEVEL_DBM0 : settings->min_level_dbm0;
    if (!(level >= LOWEST_LEVEL_DBM0 && level < 0.0f) || settings->dial_min_ms > 10000)
        return EINVAL;
    struct sc_tone_receiver *r = sc_alloc(sizeof *r);
    if (r == NULL)
        return ENOMEM;
    r->dial_min_ms = settings->dial_min_ms > 0 ? settings->dial_min_ms : DEFAULT_DIAL_MS;
    r->armed = SC_TONE_ARM_ALL;
    int error = sc_tone_plan_make(&r->plan, settings);
    if (error == 0)
        error = sc_tone_measurer_create(&r->measurer, &r->plan, sc_amplitude_of_dbm0(level));
    if (error == 0)
        error = create_speech(r, sc_amplitude_of_dbm0(level));
    if (error != 0) {
        sc_tone_receiver_destroy(r);
        return error;
    }
    sc_tone_receiver_reset(r);
    *out = r;
    return 0;
}

void sc_tone_receiver_destroy(struct sc_tone_receiver *receiver)
{
    if (receiver == NULL)
        return;
    for (uint32_t i = 0; i < SC_TONE_SOUNDS_MAX; i++)
        sc_tone_speech_destroy(receiver->speech[i]);
    sc_tone_measurer_destroy(receiver->measurer);
    sc_free(receiver);
}

static void forget_tracker(struct sc_tone_receiver *r, uint32_t sound)
{
    sc_tone_tracker_reset(&r->trackers[sound], r->plan.sounds[sound].tolerance_hz, r->plan.sounds[sound].modulated);
}

void sc_tone_receiver_reset(struct sc_tone_receiver *receiver)
{
    sc_tone_measurer_reset(receiver->measurer);
    for (uint32_t i = 0; i < SC_TONE_SOUNDS_MAX; i++)
        forget_tracker(receiver, i);
    for (uint32_t i = 0; i < receiver->plan.sound_count; i++)
        if (receiver->speech[i] != NULL)
            sc_tone_speech_reset(receiver->speech[i]);
    memset(&receiver->evidence, 0, sizeof receiver->evidence);
    receiver->on = -1;
    receiver->other_sound_ms = 0.0f;
    receiver->first = receiver->count = receiver->dropped = 0;
}

/* --- reporting --- */

static double now_at(const struct sc_tone_receiver *r)
{
    return (double)sc_tone_measurer_position(r->measurer);
}

static uint64_t whole(double samples)
{
    return samples > 0.0 ? (uint64_t)(samples + 0.5) : 0;
}

static struct sc_tone_tracker *tracker_of(struct sc_tone_receiver *r, uint32_t descriptor)
{
    const struct sc_tone_descriptor *d = &r->plan.descriptors[descriptor];
    return &r->trackers[r->plan.sound_of[descriptor][d->sequence ? d->frequency_count - 1 : 0]];
}

static void fill_measured(const struct sc_tone_receiver *r, const struct sc_tone_burst *b, struct sc_tone_event *e)
{
    const struct sc_tone_descriptor *d = &r->plan.descriptors[e->descriptor];
    const struct sc_tone_sound *sound = &r->plan.sounds[r->plan.sound_of[e->descriptor][d->sequence ?
                                                        d->frequency_count - 1 : 0]];
    for (uint32_t i = 0; i < sound->count && i < 2; i++)
        e->frequency_hz[i] = sound->frequency_hz[i] + b->offset_hz[i];
    e->level_dbm0 = sc_dbm0_of_amplitude(b->amplitude);
}

static void fill_evidence(const struct sc_tone_receiver *r, struct sc_tone_event *e)
{
    const struct sc_tone_evidence *v = &r->evidence;
    const struct sc_tone_descriptor *d = &r->plan.descriptors[e->descriptor];
    e->frequency_hz[0] = d->frequency_hz[0] + v->offset_hz;
    e->frequency_hz[1] = d->frequency_count > 1 ? d->frequency_hz[1] + v->second_offset_hz : 0.0f;
    e->level_dbm0 = sc_dbm0_of_amplitude(v->amplitude);
    e->on_ms = v->on_ms;
    e->off_ms = v->off_ms;
}

static void report(struct sc_tone_receiver *r, enum sc_tone_event_type type, uint32_t descriptor, double at)
{
    struct sc_tone_event e;
    struct sc_tone_burst now;
    const struct sc_tone_tracker *t = tracker_of(r, descriptor);
    const struct sc_tone_burst *last = sc_tone_tracker_burst(t, 0);
    memset(&e, 0, sizeof e);
    e.type = type;
    e.kind = r->plan.descriptors[descriptor].kind;
    e.descriptor = descriptor;
    e.cycles = r->cycles;
    e.at_samples = whole(at);
    e.began_samples = whole(r->began);
    bool continuous = r->plan.descriptors[descriptor].pair_count == 0;
    if (r->evidence.cycles > 0) {
        fill_evidence(r, &e);
    } else if ((continuous || last == NULL) && sc_tone_tracker_current(t, &now)) {
        fill_measured(r, &now, &e);
    } else if (last != NULL) {
        fill_measured(r, last, &e);
        e.on_ms = continuous ? 0.0f : last->on_ms;
        e.off_ms = continuous || r->cycles < 2 ? 0.0f : last->off_ms;
    }
    if (r->count == EVENTS) {
        r->dropped++;
        return;
    }
    r->events[(r->first + r->count++) % EVENTS] = e;
}

/* Where an edge lies that was seen under speech, samples: the middle of its frame. */
static double masked_at(const struct sc_tone_receiver *r, const struct sc_tone_speech *speech, double frame)
{
    return now_at(r) - SC_TONE_BANK_HOP * ((double)sc_tone_speech_now(speech) - frame + 1.0);
}

/* Where the tone that is on last sounded. */
static double last_sound(struct sc_tone_receiver *r, uint32_t descriptor)
{
    const struct sc_tone_tracker *t = tracker_of(r, descriptor);
    const struct sc_tone_burst *last = sc_tone_tracker_burst(t, 0);
    if (r->evidence.cycles > 0)
        return masked_at(r, r->speech[t - r->trackers], r->evidence.ended);
    if (t->sounding && r->plan.descriptors[descriptor].pair_count == 0)
        return t->last;
    return last != NULL ? last->ended : now_at(r);
}

static void turn_off(struct sc_tone_receiver *r)
{
    if (r->on < 0)
        return;
    uint32_t descriptor = (uint32_t)r->on;
    r->on = -1;
    report(r, SC_TONE_OFF, descriptor, last_sound(r, descriptor));
    r->evidence.cycles = 0;
}

static void turn_on(struct sc_tone_receiver *r, uint32_t descriptor, uint32_t cycles, double began)
{
    turn_off(r);
    r->on = (int)descriptor;
    r->cycles = cycles;
    r->began = began;
    r->other_sound_ms = 0.0f;
    report(r, SC_TONE_ON, descriptor, now_at(r));
}

static bool armed(const struct sc_tone_receiver *r, uint32_t descriptor)
{
    return (r->armed & SC_TONE_ARM(r->plan.descriptors[descriptor].kind)) != 0;
}

/* --- finding --- */

/* Tone that a continuous kind must show: more than any burst of its sound while bursts are about. */
static float continuous_ms(const struct sc_tone_receiver *r, uint32_t sound)
{
    const struct sc_tone_burst *last = sc_tone_tracker_burst(&r->trackers[sound], 0);
    float longest = r->plan.longest_on_ms[sound];
    if (last == NULL || now_at(r) - last->ended > RECENT_MS * SAMPLES_PER_MS || longest < (float)r->dial_min_ms)
        return (float)r->dial_min_ms;
    return longest;
}

/* How long the sound's burst lasts already, without summing it up; 0 when there is none. */
static float sounding_ms(const struct sc_tone_tracker *t)
{
    return t->sounding ? (float)((t->last - t->began) / SAMPLES_PER_MS) + SC_TONE_FRAME_MS : 0.0f;
}

static void seek_continuous(struct sc_tone_receiver *r, uint32_t n)
{
    uint32_t sound = r->plan.sound_of[n][0];
    struct sc_tone_burst b;
    float least_ms = r->plan.descriptors[n].kind == SC_TONE_FAX_ANSWER ? (float)FAX_ANSWER_MS : continuous_ms(r, sound);
    if (sounding_ms(&r->trackers[sound]) < least_ms || !sc_tone_tracker_current(&r->trackers[sound], &b))
        return;
    if (b.clean)
        turn_on(r, n, 0, b.began);
    else
        sc_tone_tracker_renew(&r->trackers[sound]); /* another sound lay over its beginning, perhaps our own tone's echo */
}

/* The same for the burst before the last one: a cadence that did not repeat is not believed by one cycle again. */
static bool was_too_early(const struct sc_tone_descriptor *d, const struct sc_tone_tracker *t)
{
    const struct sc_tone_burst *before = sc_tone_tracker_burst(t, 1);
    return d->pair_count == 1 && before != NULL && before->clean && sc_tone_plan_fits(before->on_ms, d->pairs[0].on_ms) &&
           sc_tone_plan_too_early(d, before);
}

/* The last pair_count bursts are one cycle, and its long pause has begun. */
static void seek_first_cycle(struct sc_tone_receiver *r, uint32_t n)
{
    const struct sc_tone_descriptor *d = &r->plan.descriptors[n];
    const struct sc_tone_tracker *t = tracker_of(r, n);
    const struct sc_tone_burst *b = sc_tone_tracker_burst(t, 0);
    if (b == NULL || t->sounding || b->off_ms < QUIET_AFTER_MS || b->off_ms > 2.0f * QUIET_AFTER_MS)
        return;
    if (was_too_early(d, t))
        return;
    for (uint32_t i = 0; i < d->pair_count; i++) {
        b = sc_tone_tracker_burst(t, d->pair_count - 1 - i);
        if (b == NULL || !b->clean || b->pause_share > LONG_PAUSE_SHARE || !sc_tone_plan_fits(b->on_ms, d->pairs[i].on_ms))
            return;
        if (i + 1 < d->pair_count && !sc_tone_plan_fits(b->off_ms, d->pairs[i].off_ms))
            return;
    }
    turn_on(r, n, 1, sc_tone_tracker_burst(t, d->pair_count - 1)->began);
}

static void seek_cadence(struct sc_tone_receiver *r, uint32_t n)
{
    const struct sc_tone_tracker *t = tracker_of(r, n);
    uint32_t bursts = 0;
    float now_ms = sounding_ms(t);
    if (now_ms < CONFIRM_MS || now_ms > CONFIRM_MS + 2.0f * SC_TONE_FRAME_MS || t->inner == 0)
        return;
    const struct sc_tone_descriptor *d = &r->plan.descriptors[n];
    if (sc_tone_plan_matches(d, t, CYCLES, true, &bursts))
        turn_on(r, n, CYCLES, sc_tone_tracker_burst(t, bursts - 1)->began);
    else if (sc_tone_plan_matches(d, t, CYCLES_UNQUIET, false, &bursts))
        turn_on(r, n, CYCLES_UNQUIET, sc_tone_tracker_burst(t, bursts - 1)->began);
}

static void seek_sequence(struct sc_tone_receiver *r, uint32_t n)
{
    const struct sc_tone_descriptor *d = &r->plan.descriptors[n];
    struct sc_tone_burst next;
    uint32_t last = d->pair_count - 1;
    if (sounding_ms(tracker_of(r, n)) < SEQUENCE_PART * (float)d->pairs[last].on_ms ||
        !sc_tone_tracker_current(tracker_of(r, n), &next))
        return;
    for (uint32_t i = last; i-- > 0;) {
        const struct sc_tone_burst *b = sc_tone_tracker_burst(&r->trackers[r->plan.sound_of[n][i]], 0);
        if (b == NULL || !b->clean || !sc_tone_plan_fits(b->on_ms, d->pairs[i].on_ms))
            return;
        double gap_ms = (next.began - b->ended) / SAMPLES_PER_MS - (double)d->pairs[i].off_ms;
        if (fabs(gap_ms) > (double)SEQUENCE_SLACK_MS)
            return;
        next = *b;
    }
    turn_on(r, n, 1, next.began);
}

static void seek(struct sc_tone_receiver *r, uint32_t n)
{
    const struct sc_tone_descriptor *d = &r->plan.descriptors[n];
    if (d->pair_count == 0)
        seek_continuous(r, n);
    else if (d->sequence)
        seek_sequence(r, n);
    else if (sc_tone_plan_has_long_pause(d))
        seek_first_cycle(r, n);
    else
        seek_cadence(r, n);
}

/* --- following the one that is on --- */

static bool other_sound(struct sc_tone_receiver *r, const struct sc_tone_burst *last, float mean_square)
{
    float own = 0.5f * last->amplitude * last->amplitude;
    if (last->off_ms > QUIET_AFTER_MS && mean_square > OTHER_SOUND_SHARE * own && mean_square > 4.0f * last->pause_share * own)
        r->other_sound_ms += SC_TONE_FRAME_MS;
    return r->other_sound_ms >= OTHER_SOUND_MS;
}

/* True while the tone that is on goes on as its cadence says. */
static bool goes_on(struct sc_tone_receiver *r, uint32_t n, float mean_square)
{
    const struct sc_tone_descriptor *d = &r->plan.descriptors[n];
    const struct sc_tone_tracker *t = tracker_of(r, n);
    enum sc_tone_step step = r->steps[t - r->trackers];
    if (d->pair_count == 0 || d->sequence)
        return t->sounding;
    const struct sc_tone_burst *last = sc_tone_tracker_burst(t, 0);
    if (step == SC_TONE_STEP_BURST_ENDED) {
        if (!sc_tone_plan_follows_some(d, last->on_ms))
            return false;
        r->other_sound_ms = 0.0f;
        r->cycles += d->pair_count == 1 ? 1 : 0;
        return true;
    }
    if (t->sounding && t->inner > 0)
        return sounding_ms(t) <= sc_tone_plan_longest(d, false) &&
               !(sc_tone_plan_has_long_pause(d) && sounding_ms(t) >= CONFIRM_MS && sc_tone_plan_too_early(d, last));
    if (last->off_ms > sc_tone_plan_longest(d, true))
        return false;
    return !(sc_tone_plan_has_long_pause(d) && other_sound(r, last, mean_square));
}

/* --- under speech --- */

/* Does the tone that was found under speech still sound? From when the tracker sees it clearly, that one follows it. */
static bool masked_goes_on(struct sc_tone_receiver *r, uint32_t n)
{
    const struct sc_tone_tracker *t = tracker_of(r, n);
    const struct sc_tone_speech *speech = r->speech[t - r->trackers];
    float silent_ms = SC_TONE_FRAME_MS * (float)((double)sc_tone_speech_now(speech) - r->evidence.ended);
    uint32_t bursts;
    if (r->steps[t - r->trackers] == SC_TONE_STEP_BURST_GROWS &&
        sc_tone_plan_matches(&r->plan.descriptors[n], t, CYCLES, true, &bursts)) {
        r->evidence.cycles = 0;
        return true;
    }
    return silent_ms <= MISSED_CYCLES * (r->evidence.on_ms + r->evidence.off_ms);
}

static void seek_masked(struct sc_tone_receiver *r, uint32_t sound)
{
    struct sc_tone_evidence seen[SC_TONE_MASKED_CYCLES];
    uint32_t count = sc_tone_speech_look(r->speech[sound], seen);
    for (uint32_t i = 0; i < count; i++) {
        int n = sc_tone_plan_nearest(&r->plan, sound, r->armed, seen[i].on_ms, seen[i].off_ms);
        if (r->on >= 0 && n == r->on && sc_tone_evidence_follows(&seen[i])) {
            r->cycles += r->evidence.ended < seen[i].ended - 2.0 ? 1 : 0;
            r->evidence = seen[i];
            return;
        }
        if (r->on < 0 && n >= 0 && seen[i].share < ALONE && sc_tone_evidence_believed(&seen[i])) {
            r->evidence = seen[i];
            turn_on(r, (uint32_t)n, seen[i].cycles, masked_at(r, r->speech[sound], seen[i].began));
            return;
        }
    }
}

static void listen_under_speech(struct sc_tone_receiver *r)
{
    for (uint32_t s = 0; s < r->plan.sound_count; s++)
        if (r->speech[s] != NULL && sc_tone_speech_take(r->speech[s], r->measurer) && (r->on < 0 || r->evidence.cycles > 0))
            seek_masked(r, s);
}

static void take_frame(struct sc_tone_receiver *r, float mean_square)
{
    struct sc_tone_measure m;
    bool news = false;
    for (uint32_t s = 0; s < r->plan.sound_count; s++) {
        struct sc_tone_tracker *t = &r->trackers[s];
        sc_tone_measurer_measure(r->measurer, &r->plan.sounds[s], &m);
        r->steps[s] = sc_tone_tracker_take(t, &m);
        news |= t->sounding || (t->kept > 0 && t->bursts[t->newest].off_ms <= 2.0f * QUIET_AFTER_MS);
    }
    bool evident = r->evidence.cycles > 0;
    if (r->on >= 0 && !(evident ? masked_goes_on(r, (uint32_t)r->on) : goes_on(r, (uint32_t)r->on, mean_square)))
        turn_off(r);
    for (uint32_t n = 0; news && n < r->plan.descriptor_count && r->on < 0; n++)
        if (armed(r, n))
            seek(r, n);
    listen_under_speech(r);
}

void sc_tone_receiver_arm(struct sc_tone_receiver *receiver, uint32_t mask)
{
    uint32_t fresh = mask & ~receiver->armed;
    receiver->armed = mask;
    if (receiver->on >= 0 && !armed(receiver, (uint32_t)receiver->on))
        turn_off(receiver);
    if ((fresh & SC_TONE_ARM(SC_TONE_DIAL)) != 0 && receiver->on < 0)
        for (uint32_t i = 0; i < SC_TONE_SOUNDS_MAX; i++)
            forget_tracker(receiver, i);
}

void sc_tone_receiver_process(struct sc_tone_receiver *receiver, const int16_t *in, size_t n)
{
    while (n > 0) {
        float mean_square;
        bool complete;
        size_t taken = sc_tone_measurer_feed(receiver->measurer, in, n, &complete, &mean_square);
        in += taken;
        n -= taken;
        if (complete)
            take_frame(receiver, mean_square);
    }
}

bool sc_tone_receiver_sounding(const struct sc_tone_receiver *receiver)
{
    bool sounding = false;
    for (uint32_t s = 0; s < receiver->plan.sound_count; s++)
        sounding |= receiver->trackers[s].sounding;
    return sounding;
}

bool sc_tone_receiver_next(struct sc_tone_receiver *receiver, struct sc_tone_event *event)
{
    if (receiver->count == 0)
        return false;
    *event = receiver->events[receiver->first];
    receiver->first = (receiver->first + 1) % EVENTS;
    receiver->count--;
    return true;
}

uint32_t sc_tone_receiver_dropped(const struct sc_tone_receiver *receiver)
{
    return receiver->dropped;
}

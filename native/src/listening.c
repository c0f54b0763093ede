/* listening.c: the detectors that listen to one party, and what they say as events.
 *
 * How: each detector runs only while the plan asks for it, and begins afresh when it is asked for anew.
 * Caller identity comes as FSK or as DTMF digits: both are listened for. The Russian АОН is asked for: its receiver speaks as
 * well as it listens, on one clock of samples, and what it says waits in `request` for the tick to play.
 * Assumes the echo canceller has had the samples first. */
#include "core_internal.h"

#include "callerid_message.h"
#include "level.h"

#include <string.h>

#define SAMPLES_PER_MS 8u
#define ALL_BUT_DIAL (SC_TONE_ARM_ALL & ~(SC_TONE_ARM(SC_TONE_DIAL) | SC_TONE_ARM(SC_TONE_STUTTER_DIAL)))

int sc_listening_create(struct sc_listening *listening, const struct sc_tone_receiver_settings *tones, bool port)
{
    int error = sc_dtmf_receiver_create(&listening->dtmf, NULL);
    if (error == 0 && tones->descriptor_count > 0)
        error = sc_tone_receiver_create(&listening->tones, tones);
    if (error == 0 && port)
        error = sc_callerid_modem_create(&listening->callerid, NULL);
    if (error == 0 && port)
        error = sc_aon_receiver_create(&listening->aon, NULL);
    if (error == 0 && port && tones->descriptor_count > 0)
        error = sc_ending_memory_create(&listening->ending);
    return error;
}

void sc_listening_destroy(struct sc_listening *listening)
{
    sc_dtmf_receiver_destroy(listening->dtmf);
    sc_tone_receiver_destroy(listening->tones);
    sc_callerid_modem_destroy(listening->callerid);
    sc_aon_receiver_destroy(listening->aon);
    sc_tone_receiver_destroy(atomic_load(&listening->next_tones));
    sc_tone_receiver_destroy(atomic_load(&listening->retired_tones));
    sc_ending_memory_destroy(listening->ending);
}

int sc_listening_use_tones(struct sc_listening *listening, const struct sc_tone_receiver_settings *tones)
{
    struct sc_tone_receiver *receiver;
    int error = sc_tone_receiver_create(&receiver, tones);
    if (error != 0)
        return error;
    sc_tone_receiver_destroy(atomic_exchange(&listening->retired_tones, NULL));
    sc_tone_receiver_destroy(atomic_exchange(&listening->next_tones, receiver));
    return 0;
}

/* Between two calls, in the tick: nothing is freed here. A receiver that waits while the last one is not freed yet waits on. */
static void take_tones(struct sc_listening *listening)
{
    if (atomic_load(&listening->retired_tones) != NULL)
        return;
    struct sc_tone_receiver *next = atomic_exchange(&listening->next_tones, NULL);
    if (next == NULL)
        return;
    atomic_store(&listening->retired_tones, listening->tones);
    listening->tones = next;
}

void sc_listening_arm(struct sc_listening *listening, uint32_t detectors, uint64_t tick)
{
    uint32_t begins = detectors & ~listening->active;
    if (listening->once != NULL && ((detectors ^ listening->active) & SC_DETECT_DTMF))
        (void)sc_digit_once_ends(listening->once, SC_DIGIT_AS_SOUND); /* what the receiver was in the middle of */
    if (begins & (SC_DETECT_DTMF | SC_DETECT_CALLER_ID)) {
        sc_dtmf_receiver_reset(listening->dtmf);
        listening->dtmf_since = tick * SC_TICK_SAMPLES;
        sc_callerid_digits_reset(&listening->identity_digits);
    }
    if ((begins & SC_DETECT_CALL_PROGRESS) && listening->tones != NULL) {
        take_tones(listening);
        sc_tone_receiver_reset(listening->tones);
    }
    if ((listening->active & ~detectors & SC_DETECT_CALL_PROGRESS) && listening->ending != NULL)
        sc_ending_memory_close(listening->ending);
    if (listening->tones != NULL && ((detectors ^ listening->active) & (SC_DETECT_DIAL_TONE | SC_DETECT_CALL_PROGRESS)))
        sc_tone_receiver_arm(listening->tones, detectors & SC_DETECT_DIAL_TONE ? SC_TONE_ARM_ALL : ALL_BUT_DIAL);
    if ((begins & SC_DETECT_CALLER_ID) && listening->callerid != NULL)
        sc_callerid_modem_reset(listening->callerid);
    if (begins & SC_DETECT_VOICE)
        sc_voice_detector_reset(&listening->voice);
    if ((begins & SC_DETECT_AON) && listening->aon != NULL)
        sc_aon_receiver_start(listening->aon);
    listening->active = detectors;
}

void sc_listening_notch(struct sc_listening *listening, const float *frequency_hz, uint32_t count)
{
    size_t length = count * sizeof *frequency_hz;
    if (count == listening->notch_count && memcmp(listening->notch_hz, frequency_hz, length) == 0)
        return;
    if (sc_dtmf_receiver_notch(listening->dtmf, frequency_hz, count) != 0)
        return; /* no frequency that can be notched: it stays as it was */
    listening->notch_count = count;
    memcpy(listening->notch_hz, frequency_hz, length);
}

static void say_caller(const struct sc_callerid_message *message, struct sc_event *event, struct sc_event_ring *events)
{
    event->kind = SC_EVENT_CALLER_ID;
    event->value = (uint32_t)message->modulation;
    event->withheld = message->number_absent == SC_CALLERID_PRIVATE;
    memcpy(event->number, message->number, sizeof event->number);
    event->name_length = message->name_length;
    memcpy(event->name, message->name, sizeof event->name);
    (void)sc_event_ring_push(events, event);
}

/* Not when the same party has sent it as a telephone event. */
static bool is_told(struct sc_listening *listening, const struct sc_dtmf_event *digit, uint64_t tick)
{
    if (listening->once == NULL)
        return true;
    if (digit->type == SC_DTMF_START)
        return sc_digit_once_begins(listening->once, SC_DIGIT_AS_SOUND, digit->digit, tick);
    return sc_digit_once_ends(listening->once, SC_DIGIT_AS_SOUND);
}

static void say_digit(const struct sc_listening *listening, const struct sc_dtmf_event *digit, struct sc_event *event,
                      struct sc_event_ring *events)
{
    bool started = digit->type == SC_DTMF_START;
    uint64_t at_ms = (listening->dtmf_since + digit->at_samples) / SAMPLES_PER_MS;
    event->kind = started ? SC_EVENT_DIGIT_STARTED : SC_EVENT_DIGIT_HEARD;
    event->value = (uint32_t)digit->digit;
    event->duration_ms = started ? 0 : digit->duration_samples / SAMPLES_PER_MS;
    event->start_ms = at_ms - event->duration_ms;
    event->end_ms = at_ms;
    event->level_dbm0 = sc_dbm0_of_both(digit->low_dbm0, digit->high_dbm0);
    event->twist_db = digit->twist_db;
    event->in_band = true;
    (void)sc_event_ring_push(events, event); /* the ring counts what it drops */
}

static void say_digits(struct sc_listening *listening, struct sc_event *event, struct sc_event_ring *events)
{
    struct sc_dtmf_event digit;
    struct sc_callerid_message message;
    while (sc_dtmf_receiver_next(listening->dtmf, &digit)) {
        bool identity = (listening->active & SC_DETECT_CALLER_ID) != 0 && digit.type == SC_DTMF_END;
        if (identity && sc_callerid_digits_take(&listening->identity_digits, digit.digit, digit.at_samples, &message))
            say_caller(&message, event, events);
        if ((listening->active & SC_DETECT_DTMF) == 0)
            continue;
        if (is_told(listening, &digit, event->tick))
            say_digit(listening, &digit, event, events);
    }
}

static void say_tones(struct sc_listening *listening, struct sc_event *event, struct sc_event_ring *events)
{
    struct sc_tone_event tone;
    while (sc_tone_receiver_next(listening->tones, &tone)) {
        event->kind = SC_EVENT_TONE_HEARD;
        event->value = (uint32_t)tone.kind;
        event->present = tone.type == SC_TONE_ON;
        event->cycles = tone.cycles;
        (void)sc_event_ring_push(events, event);
    }
}

static void say_callers(struct sc_listening *listening, struct sc_event *event, struct sc_event_ring *events)
{
    struct sc_callerid_message message;
    while (sc_callerid_modem_next(listening->callerid, &message)) {
        if (sc_callerid_is_call(&message)) /* else a lamp, no caller */
            say_caller(&message, event, events);
    }
}

/* Asks until it knows, or gives up; says so once. */
static void ask(struct sc_listening *listening, const int16_t *in, size_t n, struct sc_event *event,
                struct sc_event_ring *events)
{
    struct sc_aon_result result;
    bool asking = sc_aon_receiver_state(listening->aon, &result) == SC_AON_ASKING;
    sc_aon_receiver_process(listening->aon, in, listening->request, n);
    enum sc_aon_state state = sc_aon_receiver_state(listening->aon, &result);
    if (!asking || state == SC_AON_ASKING)
        return;
    event->kind = SC_EVENT_NUMBER_TOLD;
    event->cycles = result.requests;
    if (state == SC_AON_IDENTIFIED) {
        event->value = (uint32_t)result.category;
        memcpy(event->number, result.number, sizeof result.number);
    }
    (void)sc_event_ring_push(events, event);
}

void sc_listening_process(struct sc_listening *listening, const int16_t *in, size_t n, uint32_t node, uint64_t tick,
                          struct sc_event_ring *events)
{
    struct sc_event event = { .node = node, .tick = tick };
    if (listening->active & (SC_DETECT_DTMF | SC_DETECT_CALLER_ID)) {
        sc_dtmf_receiver_process(listening->dtmf, in, n);
        say_digits(listening, &event, events);
    }
    if ((listening->active & SC_DETECT_CALL_PROGRESS) && listening->tones != NULL) {
        if (listening->ending != NULL)
            sc_ending_memory_hear(listening->ending, in, n);
        sc_tone_receiver_process(listening->tones, in, n);
        say_tones(listening, &event, events);
    }
    if ((listening->active & SC_DETECT_CALLER_ID) && listening->callerid != NULL) {
        sc_callerid_modem_process(listening->callerid, in, n);
        say_callers(listening, &event, events);
    }
    if ((listening->active & SC_DETECT_AON) && listening->aon != NULL) {
        struct sc_event told = { .node = node, .tick = tick };
        ask(listening, in, n, &told, events);
    }
}

void sc_listening_process_voice(struct sc_listening *listening, const int16_t *spoken, const int16_t *heard, size_t n,
                                uint32_t node, uint64_t tick, struct sc_event_ring *events)
{
    if ((listening->active & SC_DETECT_VOICE) == 0)
        return;
    bool progress = (listening->active & SC_DETECT_CALL_PROGRESS) != 0 && listening->tones != NULL;
    bool tone = progress && sc_tone_receiver_sounding(listening->tones);
    enum sc_voice_news news = sc_voice_detector_process(&listening->voice, spoken, heard, tone, n);
    if (news == SC_VOICE_NO_NEWS)
        return;
    struct sc_event event = {
        .kind = SC_EVENT_VOICE_HEARD, .node = node, .tick = tick, .present = news == SC_VOICE_BEGAN
    };
    (void)sc_event_ring_push(events, &event);
}

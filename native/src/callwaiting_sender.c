/* callwaiting_sender.c: the exchange's side of caller identity, in a call above all.
 *
 * How: two oscillators for 80 ms, then a DTMF receiver for as long as an answer may take: it begins within 100 ms and lasts at
 * most 65, and is told 30 ms after its end. After 100 ms the identity goes as FSK. On hook nobody answers the alert. The identity is laid out by its
 * sender at once, so that what cannot be sent is refused before anybody is disturbed.
 * Assumes 8000 samples a second (GR-30, TIA-777-A, EN 300 659-2).
 * Measured: tests/test_callwaiting.c. */
#include "callwaiting_sender.h"

#include "alloc.h"
#include "dtmf_receiver.h"
#include "level.h"
#include "sine.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SAMPLES_PER_MS 8u
#define LOW_HZ 2130.0
#define HIGH_HZ 2750.0
#define ALERT_SAMPLES (80u * SAMPLES_PER_MS)            /* 75 .. 85 ms */
#define ALERT_ON_HOOK_SAMPLES (100u * SAMPLES_PER_MS)   /* EN 300 659-1, 5.2.1: 90 .. 110 ms */
#define EDGE_SAMPLES 8u
#define ANSWER_SAMPLES (220u * SAMPLES_PER_MS)
#define PAUSE_SAMPLES (100u * SAMPLES_PER_MS)   /* 50 .. 500 ms after the answer, 45 .. 500 after an alert on hook */
#define DEFAULT_DBM0 (-16.0f)
#define LOWEST_DBM0 (-32.0f)

struct sc_callwaiting_sender {
    struct sc_callerid_sender *identity;
    struct sc_dtmf_receiver *answer;
    struct sc_sine low, high;
    double amplitude;
    enum sc_callwaiting_state state;
    uint32_t alert_samples;
    bool to_be_answered;
    uint32_t at;                        /* samples in this state */
};

int sc_callwaiting_sender_create(struct sc_callwaiting_sender **out, float alert_dbm0)
{
    if (!(alert_dbm0 <= 0.0f && alert_dbm0 >= LOWEST_DBM0))
        return EINVAL;
    struct sc_callwaiting_sender *s = sc_alloc(sizeof *s);
    if (s == NULL)
        return ENOMEM;
    int error = sc_callerid_sender_create(&s->identity);
    if (error == 0)
        error = sc_dtmf_receiver_create(&s->answer, NULL);
    if (error != 0) {
        sc_callwaiting_sender_destroy(s);
        return error;
    }
    s->amplitude = (double)sc_amplitude_of_dbm0(alert_dbm0 < 0.0f ? alert_dbm0 : DEFAULT_DBM0);
    *out = s;
    return 0;
}

void sc_callwaiting_sender_destroy(struct sc_callwaiting_sender *sender)
{
    if (sender == NULL)
        return;
    sc_callerid_sender_destroy(sender->identity);
    sc_dtmf_receiver_destroy(sender->answer);
    sc_free(sender);
}

static void enter(struct sc_callwaiting_sender *s, enum sc_callwaiting_state state)
{
    s->state = state;
    s->at = 0;
}

void sc_callwaiting_sender_reset(struct sc_callwaiting_sender *sender)
{
    sc_callerid_sender_reset(sender->identity);
    sc_dtmf_receiver_reset(sender->answer);
    enter(sender, SC_CALLWAITING_IDLE);
}

static bool alert_fits(const struct sc_callerid_identity *identity, enum sc_callerid_alert alert)
{
    const enum sc_callerid_form form = identity->form;
    const bool lamp = form == SC_CALLERID_LAMP_MDMF || form == SC_CALLERID_LAMP_SDMF;
    switch (alert) {
    case SC_CALLERID_ALERT_NONE:
        return true;
    case SC_CALLERID_ALERT_ON_HOOK:
        return form == SC_CALLERID_SDMF || form == SC_CALLERID_MDMF || lamp;
    case SC_CALLERID_ALERT_IN_CALL:
        return form == SC_CALLERID_SDMF || form == SC_CALLERID_MDMF;
    }
    return false;
}

int sc_callwaiting_sender_begin(struct sc_callwaiting_sender *sender, const struct sc_callerid_identity *identity,
                                enum sc_callerid_alert alert)
{
    if (sender->state >= SC_CALLWAITING_ALERTING && sender->state <= SC_CALLWAITING_SENDING)
        return EBUSY;
    if (identity == NULL || !alert_fits(identity, alert))
        return EINVAL;
    struct sc_callerid_identity message = *identity;
    message.off_hook = alert == SC_CALLERID_ALERT_IN_CALL;
    int error = sc_callerid_sender_send(sender->identity, &message);
    if (error != 0)
        return error;
    sender->to_be_answered = message.off_hook;
    sender->alert_samples = message.off_hook ? ALERT_SAMPLES : ALERT_ON_HOOK_SAMPLES;
    sc_dtmf_receiver_reset(sender->answer);
    sc_sine_start(&sender->low, LOW_HZ, sender->amplitude);
    sc_sine_start(&sender->high, HIGH_HZ, sender->amplitude);
    enter(sender, alert == SC_CALLERID_ALERT_NONE ? SC_CALLWAITING_SENDING : SC_CALLWAITING_ALERTING);
    return 0;
}

int sc_callwaiting_sender_send(struct sc_callwaiting_sender *sender, const struct sc_callerid_identity *identity)
{
    return sc_callwaiting_sender_begin(sender, identity, SC_CALLERID_ALERT_IN_CALL);
}

static int16_t alert_sample(struct sc_callwaiting_sender *s)
{
    const uint32_t left = s->alert_samples - 1 - s->at, edge = s->at < left ? s->at : left;
    const double gain = edge < EDGE_SAMPLES ? sc_sine_edge(edge, EDGE_SAMPLES) : 1.0;
    return (int16_t)lrint(gain * (sc_sine_next(&s->low) + sc_sine_next(&s->high)));
}

static bool answered(struct sc_callwaiting_sender *s)
{
    struct sc_dtmf_event event;
    bool heard = false;
    while (sc_dtmf_receiver_next(s->answer, &event))
        heard = heard || (event.type == SC_DTMF_END && (event.digit == 'A' || event.digit == 'D'));
    return heard;
}

static void refuse(struct sc_callwaiting_sender *s)
{
    sc_callerid_sender_reset(s->identity);
    enter(s, SC_CALLWAITING_REFUSED);
}

static int16_t take_sample(struct sc_callwaiting_sender *s, int16_t in)
{
    int16_t out = 0;
    switch (s->state) {
    case SC_CALLWAITING_ALERTING:
        out = alert_sample(s);
        if (++s->at == s->alert_samples)
            enter(s, s->to_be_answered ? SC_CALLWAITING_AWAITING : SC_CALLWAITING_ANSWERED);
        break;
    case SC_CALLWAITING_AWAITING:
        sc_dtmf_receiver_process(s->answer, &in, 1);
        if (answered(s))
            enter(s, SC_CALLWAITING_ANSWERED);
        else if (++s->at == ANSWER_SAMPLES)
            refuse(s);
        break;
    case SC_CALLWAITING_ANSWERED:
        if (++s->at == PAUSE_SAMPLES)
            enter(s, SC_CALLWAITING_SENDING);
        break;
    case SC_CALLWAITING_SENDING:
        sc_callerid_sender_process(s->identity, &out, 1);
        if (sc_callerid_sender_finished(s->identity))
            enter(s, SC_CALLWAITING_SENT);
        break;
    case SC_CALLWAITING_IDLE:
    case SC_CALLWAITING_SENT:
    case SC_CALLWAITING_REFUSED:
        break;
    }
    return out;
}

void sc_callwaiting_sender_process(struct sc_callwaiting_sender *sender, const int16_t *in, int16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = take_sample(sender, in[i]);
}

enum sc_callwaiting_state sc_callwaiting_sender_state(const struct sc_callwaiting_sender *sender)
{
    return sender->state;
}

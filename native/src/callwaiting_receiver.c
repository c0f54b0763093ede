/* callwaiting_receiver.c: the telephone's side of caller identity in a call.
 *
 * How: the alert (cas_receiver.c) is answered with a digit of 60 ms as soon as it is told, some 40 ms after its end; then the
 * modem listens for 2.5 s, as long as a long packet takes.
 * Assumes 8000 samples a second, and that nobody else is heard on the line while it mutes (TIA-777-A, EN 300 659-2).
 * Measured: tests/test_callwaiting.c against the sender of callwaiting_sender.c and a generator of the test's own. */
#include "callwaiting_receiver.h"

#include "alloc.h"
#include "cas_receiver.h"
#include "dtmf_sender.h"

#include <errno.h>
#include <string.h>

#define SAMPLES_PER_MS 8u
#define ACKNOWLEDGE_MS 60u              /* TIA-777-A: 55 .. 65 */
#define PAUSE_MS 40u
#define LISTEN_MS 2500u

struct sc_callwaiting_receiver {
    struct sc_cas_receiver *alert;
    struct sc_dtmf_sender *acknowledge;
    struct sc_callerid_modem *modem;
    char digit[2];
    uint32_t left;                      /* samples to listen for; 0: waits for an alert */
};

int sc_callwaiting_receiver_create(struct sc_callwaiting_receiver **out, char acknowledgement)
{
    const struct sc_dtmf_sender_settings digit = { .tone_ms = ACKNOWLEDGE_MS, .pause_ms = PAUSE_MS };
    if (acknowledgement != 0 && acknowledgement != 'A' && acknowledgement != 'D')
        return EINVAL;
    struct sc_callwaiting_receiver *r = sc_alloc(sizeof *r);
    if (r == NULL)
        return ENOMEM;
    int error = sc_cas_receiver_create(&r->alert);
    if (error == 0)
        error = sc_dtmf_sender_create(&r->acknowledge, &digit);
    if (error == 0)
        error = sc_callerid_modem_create(&r->modem, NULL);
    if (error != 0) {
        sc_callwaiting_receiver_destroy(r);
        return error;
    }
    r->digit[0] = acknowledgement != 0 ? acknowledgement : 'D';
    *out = r;
    return 0;
}

void sc_callwaiting_receiver_destroy(struct sc_callwaiting_receiver *receiver)
{
    if (receiver == NULL)
        return;
    sc_cas_receiver_destroy(receiver->alert);
    sc_dtmf_sender_destroy(receiver->acknowledge);
    sc_callerid_modem_destroy(receiver->modem);
    sc_free(receiver);
}

void sc_callwaiting_receiver_reset(struct sc_callwaiting_receiver *receiver)
{
    sc_cas_receiver_reset(receiver->alert);
    sc_dtmf_sender_reset(receiver->acknowledge);
    sc_callerid_modem_reset(receiver->modem);
    receiver->left = 0;
}

/* Waits for an alert. */
static void hear_alert(struct sc_callwaiting_receiver *r, const int16_t *in, size_t n)
{
    struct sc_cas_alert alert;
    sc_cas_receiver_process(r->alert, in, n);
    if (!sc_cas_receiver_next(r->alert, &alert))
        return;
    (void)sc_dtmf_sender_queue(r->acknowledge, r->digit);   /* it is idle: there is room */
    sc_callerid_modem_reset(r->modem);
    r->left = LISTEN_MS * SAMPLES_PER_MS;
}

void sc_callwaiting_receiver_process(struct sc_callwaiting_receiver *receiver, const int16_t *in, int16_t *out, size_t n)
{
    struct sc_callwaiting_receiver *r = receiver;
    sc_dtmf_sender_process(r->acknowledge, out, n);
    if (r->left == 0) {
        hear_alert(r, in, n);
        return;
    }
    struct sc_callerid_counts counts;
    sc_callerid_modem_process(r->modem, in, n);
    sc_callerid_modem_counts(r->modem, &counts);
    r->left = counts.messages > 0 || r->left < n ? 0 : r->left - (uint32_t)n;
    if (r->left == 0)
        sc_cas_receiver_reset(r->alert);
}

bool sc_callwaiting_receiver_muting(const struct sc_callwaiting_receiver *receiver)
{
    return receiver->left > 0;
}

bool sc_callwaiting_receiver_next(struct sc_callwaiting_receiver *receiver, struct sc_callerid_message *message)
{
    return sc_callerid_modem_next(receiver->modem, message);
}

/* callwaiting_sender.h: tells a telephone something by FSK or digits, with the alert that its standard wants before it. In a
 * call (type II): sends the alert, waits for the telephone's answer, then sends the identity. On hook: alert or none.
 *
 * Start with _send; give every sample of the telephone to _process, which also writes what is to be said to it, until _state
 * is no longer busy. From _send on the telephone's party is to be kept off its line. */
#ifndef SC_CALLWAITING_SENDER_H
#define SC_CALLWAITING_SENDER_H

#include "callerid_sender.h"

enum sc_callwaiting_state {
    SC_CALLWAITING_IDLE = 0,
    SC_CALLWAITING_ALERTING = 1,
    SC_CALLWAITING_AWAITING = 2,        /* the telephone's A or D */
    SC_CALLWAITING_ANSWERED = 3,        /* the pause before the identity */
    SC_CALLWAITING_SENDING = 4,
    SC_CALLWAITING_SENT = 5,
    SC_CALLWAITING_REFUSED = 6          /* no answer: the telephone cannot, or another one is off its hook too */
};

enum sc_callerid_alert {
    SC_CALLERID_ALERT_NONE = 0,         /* a ring has said that something comes */
    SC_CALLERID_ALERT_ON_HOOK = 1,      /* DT-AS of 100 ms, EN 300 659-1: FSK forms only */
    SC_CALLERID_ALERT_IN_CALL = 2       /* CAS of 80 ms, to be answered: FSK forms only */
};

struct sc_callwaiting_sender;

/* alert_dbm0: level of each tone, -32 .. 0; 0 = -16. EINVAL, ENOMEM. */
int sc_callwaiting_sender_create(struct sc_callwaiting_sender **out, float alert_dbm0);
void sc_callwaiting_sender_destroy(struct sc_callwaiting_sender *sender);
void sc_callwaiting_sender_reset(struct sc_callwaiting_sender *sender);

/* FSK forms only, sent as to a telephone off its hook. EINVAL, EBUSY. Texts are copied. */
int sc_callwaiting_sender_send(struct sc_callwaiting_sender *sender, const struct sc_callerid_identity *identity);

/* The same with the alert of your choice; NONE: on hook, and DTMF forms too. EINVAL, EBUSY. */
int sc_callwaiting_sender_begin(struct sc_callwaiting_sender *sender, const struct sc_callerid_identity *identity,
                                enum sc_callerid_alert alert);

void sc_callwaiting_sender_process(struct sc_callwaiting_sender *sender, const int16_t *in, int16_t *out, size_t n);

enum sc_callwaiting_state sc_callwaiting_sender_state(const struct sc_callwaiting_sender *sender);

#endif

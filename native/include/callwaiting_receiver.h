/* callwaiting_receiver.h: caller identity while we are in a call on a city line (type II): hears the alert, answers it as a
 * telephone does, reads the FSK that follows.
 *
 * Give every sample of the line to _process, which also writes what is to be said to the line in the same time; while
 * _muting, the parties are to be kept off the line in both directions. Then take messages with _next. */
#ifndef SC_CALLWAITING_RECEIVER_H
#define SC_CALLWAITING_RECEIVER_H

#include "callerid_modem.h"

struct sc_callwaiting_receiver;

/* acknowledgement: the digit that answers the alert, 'A' or 'D'; 0 = 'D'. EINVAL, ENOMEM. */
int sc_callwaiting_receiver_create(struct sc_callwaiting_receiver **out, char acknowledgement);
void sc_callwaiting_receiver_destroy(struct sc_callwaiting_receiver *receiver);
void sc_callwaiting_receiver_reset(struct sc_callwaiting_receiver *receiver);

void sc_callwaiting_receiver_process(struct sc_callwaiting_receiver *receiver, const int16_t *in, int16_t *out, size_t n);

/* From the alert's end until the message is in, or none can come any more. */
bool sc_callwaiting_receiver_muting(const struct sc_callwaiting_receiver *receiver);

/* Takes the message; false when there is none. */
bool sc_callwaiting_receiver_next(struct sc_callwaiting_receiver *receiver, struct sc_callerid_message *message);

#endif

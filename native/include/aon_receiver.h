/* aon_receiver.h: the Russian automatic number identification (АОН, "without interval packet"): asks and reads.
 *
 * The line has been answered. _start sends the request, 500 Hz for 100 ms, 260 ms later; the exchange answers with bursts of
 * 40 ms without pauses, each of two frequencies out of six: start, category, then the seven digits of the number from the last
 * to the first, going round, begun anywhere. A number is believed when at least ten bursts came and all that was
 * heard twice was the same. Without an answer the request is repeated; then the receiver gives up.
 *
 * Give every sample of the line to _process, which also writes what is to be said to the line in the same time. */
#ifndef SC_AON_RECEIVER_H
#define SC_AON_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_AON_DIGITS 7

struct sc_aon_settings {
    uint32_t requests;          /* 1 .. 5; 0 = 3 */
    float request_dbm0;         /* -20 .. 0; 0 = -4.3 */
};

enum sc_aon_state {
    SC_AON_IDLE = 0,            /* not started */
    SC_AON_ASKING = 1,
    SC_AON_IDENTIFIED = 2,
    SC_AON_UNKNOWN = 3          /* all requests without a number */
};

struct sc_aon_result {
    char number[SC_AON_DIGITS + 1];
    char category;              /* '0' .. '9' */
    uint32_t requests;          /* sent so far */
    uint32_t bursts;            /* heard in answer to the last of them */
};

struct sc_aon_receiver;

/* settings NULL = defaults. EINVAL, ENOMEM. */
int sc_aon_receiver_create(struct sc_aon_receiver **out, const struct sc_aon_settings *settings);
void sc_aon_receiver_destroy(struct sc_aon_receiver *receiver);
void sc_aon_receiver_reset(struct sc_aon_receiver *receiver);

/* Begins to ask, anew if it did already. */
void sc_aon_receiver_start(struct sc_aon_receiver *receiver);

/* n samples of the line in, n samples to be said out: silence, but for the request. */
void sc_aon_receiver_process(struct sc_aon_receiver *receiver, const int16_t *in, int16_t *out, size_t n);

enum sc_aon_state sc_aon_receiver_state(const struct sc_aon_receiver *receiver, struct sc_aon_result *result);

#endif

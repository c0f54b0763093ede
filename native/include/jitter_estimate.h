/* How long packets must be held so that hardly any comes too late: learnt from their arrivals.
 * A part of the jitter buffer, held by value. */
#ifndef SC_JITTER_ESTIMATE_H
#define SC_JITTER_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

enum { SC_JITTER_BUCKETS = 50 }; /* of 5 ms: 250 ms */

struct sc_jitter_estimate {
    float least_delay, most_delay; /* bounds of target, samples */
    float target;                  /* delay over the fastest packet that is wanted now, samples */
    float jitter_ms;               /* RFC 3550 6.4.1 */
    bool known;
    uint32_t first_transit, last_transit;
    int32_t least[2];              /* least transit of this window and of the one before, over the first */
    uint32_t window_packets;
    float histogram[SC_JITTER_BUCKETS];
};

void sc_jitter_estimate_init(struct sc_jitter_estimate *estimate, float least_delay, float most_delay);

/* Learns from a packet; its delay over the fastest of the last seconds, samples. */
float sc_jitter_estimate_packet(struct sc_jitter_estimate *estimate, int64_t arrival_us, uint32_t timestamp);

#endif

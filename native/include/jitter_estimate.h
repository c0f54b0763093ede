/* How long packets must be held: learnt from when they were there to be played.
 * A part of the jitter buffer, held by value. */
#ifndef SC_JITTER_ESTIMATE_H
#define SC_JITTER_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

enum { SC_JITTER_BUCKETS = 128 }; /* of 2 ms: 256 ms */

struct sc_jitter_estimate {
    float least_delay, most_delay; /* bounds of target, samples */
    float target;                  /* delay over the fastest packet that is wanted now, samples */
    float usual;                   /* what hardly any packet exceeds while nothing is wrong, samples */
    float jitter_ms;               /* RFC 3550 6.4.1 */
    bool known;
    uint32_t first_transit, last_transit;
    uint32_t last_arrival;
    int32_t least[2];              /* least transit of this window and of the one before, over the first */
    uint32_t window_packets;
    uint32_t packets;              /* learnt from */
    float histogram[SC_JITTER_BUCKETS]; /* of the delay over the fastest, sums to about 1 */
};

void sc_jitter_estimate_init(struct sc_jitter_estimate *estimate, float least_delay, float most_delay);

/* Learns from a packet that can be played from `clock` on (samples played so far) and came at arrival_us; its delay over
 * the fastest of the last seconds, samples. */
float sc_jitter_estimate_packet(struct sc_jitter_estimate *estimate, uint32_t clock, int64_t arrival_us,
                                uint32_t timestamp);

/* The delay that a packet with this time stamp would have, were it there at `clock`. */
float sc_jitter_estimate_over(const struct sc_jitter_estimate *estimate, uint32_t clock, uint32_t timestamp);

#endif

/* Network jitter: see jitter_estimate.h.
 *
 * How: the fastest packet of the last seconds is the base; each packet's delay over it goes into a forgetting histogram
 * whose upper quantile, with half a tick of slack, is the delay to hold.  It rises at once and falls slowly.
 */
#include "jitter_estimate.h"

#include <math.h>
#include <string.h>

enum {
    SAMPLES_PER_MS = 8,
    US_PER_SAMPLE = 125,
    START_DELAY = 160,          /* until anything is known: 20 ms */
    BUCKETS = SC_JITTER_BUCKETS,
    BUCKET_SAMPLES = 40,        /* 5 ms */
    BASE_WINDOW_PACKETS = 250,  /* the fastest packet of the last 5 to 10 s: 300 ppm are 3 ms in that time */
    BASE_JUMP_SAMPLES = 16000,  /* transit changed by 2 s: another sender's clock */
    TICK_SLACK = 40             /* arrivals are seen at ticks only */
};
#define LATE_SHARE 0.01f        /* of packets that may come too late */
#define FORGET 0.997f           /* a packet: 330 packets, 7 s of 20 ms */
#define TARGET_FALL 1.6f        /* samples a packet */

void sc_jitter_estimate_init(struct sc_jitter_estimate *estimate, float least_delay, float most_delay)
{
    const float jitter_ms = estimate->jitter_ms;
    memset(estimate, 0, sizeof *estimate);
    estimate->jitter_ms = jitter_ms; /* a statistic of the whole stream */
    estimate->least_delay = least_delay;
    estimate->most_delay = most_delay;
    estimate->target = fminf(fmaxf(START_DELAY, least_delay), most_delay);
}

static void learn(struct sc_jitter_estimate *estimate, float over)
{
    const int bucket = over < BUCKETS * BUCKET_SAMPLES ? (int)over / BUCKET_SAMPLES : BUCKETS - 1;
    float total = 0, tail = 0;
    for (int i = 0; i < BUCKETS; i++) {
        estimate->histogram[i] *= FORGET;
        if (i == bucket)
            estimate->histogram[i] += 1 - FORGET;
        total += estimate->histogram[i];
    }
    int at = BUCKETS - 1;
    while (at > 0 && (tail += estimate->histogram[at]) <= LATE_SHARE * total)
        at--;
    float wanted = (float)((at + 1) * BUCKET_SAMPLES + TICK_SLACK);
    wanted = fminf(fmaxf(wanted, estimate->least_delay), estimate->most_delay);
    estimate->target = wanted > estimate->target ? wanted : fmaxf(wanted, estimate->target - TARGET_FALL);
}

static void begin(struct sc_jitter_estimate *estimate, uint32_t transit)
{
    sc_jitter_estimate_init(estimate, estimate->least_delay, estimate->most_delay);
    estimate->first_transit = estimate->last_transit = transit;
    estimate->known = true;
}

float sc_jitter_estimate_packet(struct sc_jitter_estimate *estimate, int64_t arrival_us, uint32_t timestamp)
{
    const uint32_t transit = (uint32_t)(arrival_us / US_PER_SAMPLE) - timestamp;
    if (!estimate->known || fabsf((float)(int32_t)(transit - estimate->last_transit)) > BASE_JUMP_SAMPLES)
        begin(estimate, transit);
    const float change = fabsf((float)(int32_t)(transit - estimate->last_transit)) / SAMPLES_PER_MS;
    estimate->jitter_ms += (change - estimate->jitter_ms) / 16;
    estimate->last_transit = transit;
    const int32_t d = (int32_t)(transit - estimate->first_transit);
    if (d < estimate->least[0])
        estimate->least[0] = d;
    const int32_t base = estimate->least[0] < estimate->least[1] ? estimate->least[0] : estimate->least[1];
    if (++estimate->window_packets >= BASE_WINDOW_PACKETS) {
        estimate->least[1] = estimate->least[0];
        estimate->least[0] = d;
        estimate->window_packets = 0;
    }
    const float over = (float)(d - base);
    learn(estimate, over);
    return over;
}

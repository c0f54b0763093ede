/* Network jitter: see jitter_estimate.h.
 *
 * How: a packet is there for the tick that finds it, so its delay is counted on the clock of the ticks; the fastest packet
 * of the last seconds is the base.  Each packet's delay over it goes into a forgetting histogram.  Of all depths the
 * one is wanted whose price is least: a millisecond of delay costs 1, a packet in a hundred too late LATE_PRICE / 100,
 * one that is too late by so little that a stretch of sound bridges it BRIDGE_PRICE / 100.  A new depth must be cheaper
 * by MARGIN; it rises at once and falls by TARGET_FALL a packet.
 * Measured: bench/bench_jitter.c.  Prices were chosen on its `tune` traces, seeds 1, 3 and 7: LATE_PRICE 1000 to 2000 moves
 * the delay of Wi-Fi traces by a third and what is missing the other way, and hardly touches the others.
 */
#include "jitter_estimate.h"

#include <math.h>
#include <string.h>

enum {
    SAMPLES_PER_MS = 8,
    US_PER_SAMPLE = 125,
    START_DELAY = 160,          /* until anything is known: 20 ms */
    BUCKETS = SC_JITTER_BUCKETS,
    BUCKET_SAMPLES = 16,        /* 2 ms */
    BASE_WINDOW_PACKETS = 250,  /* the fastest packet of the last 5 to 10 s: 300 ppm are 3 ms in that time */
    BASE_JUMP_SAMPLES = 16000,  /* transit changed by 2 s: another sender's clock */
    FEW_PACKETS = 25            /* the target does not fall before */
};
#define FORGET 0.997f           /* a packet: 330 packets, 7 s of 20 ms */
#define LATE_PRICE 1500.0f      /* ms of delay for all packets too late: 15 ms for one in a hundred */
#define BRIDGE_PRICE 200.0f     /* ms for all packets late by no more than BRIDGED */
#define BRIDGED 2               /* buckets, 4 ms */
#define TARGET_FALL 8.0f        /* samples a packet: 50 ms a second */
#define USUAL_SHARE 0.05f
#define NOTHING 1e-12f          /* a denormal number takes a hundred times as long */
#define MARGIN 1.0f             /* ms */

void sc_jitter_estimate_init(struct sc_jitter_estimate *estimate, float least_delay, float most_delay)
{
    const float jitter_ms = estimate->jitter_ms;
    memset(estimate, 0, sizeof *estimate);
    estimate->jitter_ms = jitter_ms; /* a statistic of the whole stream */
    estimate->least_delay = least_delay;
    estimate->most_delay = most_delay;
    estimate->target = fminf(fmaxf(START_DELAY, least_delay), most_delay);
    estimate->usual = estimate->target;
}

static int bucket_of(float samples)
{
    const int bucket = (int)(samples + BUCKET_SAMPLES / 2) / BUCKET_SAMPLES;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static void remember(struct sc_jitter_estimate *estimate, float over)
{
    /* The first packets weigh as many as they are. */
    const float share = fmaxf(1 - FORGET, 1.0f / (float)++estimate->packets);
    for (int i = 0; i < BUCKETS; i++)
        estimate->histogram[i] = estimate->histogram[i] > NOTHING ? estimate->histogram[i] * (1 - share) : 0;
    estimate->histogram[bucket_of(over)] += share;
}

/* The cheapest depth, from the deepest down; `usual` on the way. */
static float cheapest(struct sc_jitter_estimate *estimate)
{
    const int kept = bucket_of(estimate->target);
    float tail = 0, late = 0, least = INFINITY, kept_price = INFINITY;
    int best = BUCKETS - 1, usual = -1;
    for (int depth = BUCKETS - 1; depth >= 0; depth--) {
        const float delay_ms = (float)(depth * BUCKET_SAMPLES) / SAMPLES_PER_MS;
        const float price = delay_ms + LATE_PRICE * late + BRIDGE_PRICE * (tail - late);
        if (price < least)
            least = price, best = depth;
        if (depth == kept)
            kept_price = price;
        if (depth + BRIDGED < BUCKETS)
            late += estimate->histogram[depth + BRIDGED]; /* too late for a depth of one bucket less */
        tail += estimate->histogram[depth];
        if (usual < 0 && tail > USUAL_SHARE)
            usual = depth;
    }
    estimate->usual = (float)((usual < 0 ? 0 : usual) * BUCKET_SAMPLES);
    return least + MARGIN < kept_price ? (float)(best * BUCKET_SAMPLES) : estimate->target;
}

static void learn(struct sc_jitter_estimate *estimate, float over)
{
    remember(estimate, over);
    const float wanted = fminf(fmaxf(cheapest(estimate), estimate->least_delay), estimate->most_delay);
    if (wanted > estimate->target)
        estimate->target = wanted;
    else if (estimate->packets >= FEW_PACKETS)
        estimate->target = fmaxf(wanted, estimate->target - TARGET_FALL);
}

/* RFC 3550 6.4.1, on the clock of the arrivals. */
static void measure_jitter(struct sc_jitter_estimate *estimate, uint32_t arrival)
{
    const float change = fabsf((float)(int32_t)(arrival - estimate->last_arrival)) / SAMPLES_PER_MS;
    estimate->jitter_ms += (fminf(change, (float)BASE_JUMP_SAMPLES) - estimate->jitter_ms) / 16;
    estimate->last_arrival = arrival;
}

float sc_jitter_estimate_over(const struct sc_jitter_estimate *estimate, uint32_t clock, uint32_t timestamp)
{
    const int32_t base = estimate->least[0] < estimate->least[1] ? estimate->least[0] : estimate->least[1];
    return (float)(int32_t)(clock - timestamp - estimate->first_transit - (uint32_t)base);
}

float sc_jitter_estimate_packet(struct sc_jitter_estimate *estimate, uint32_t clock, int64_t arrival_us,
                                uint32_t timestamp)
{
    const uint32_t transit = clock - timestamp, arrival = (uint32_t)(arrival_us / US_PER_SAMPLE) - timestamp;
    if (!estimate->known || fabsf((float)(int32_t)(transit - estimate->last_transit)) > BASE_JUMP_SAMPLES) {
        sc_jitter_estimate_init(estimate, estimate->least_delay, estimate->most_delay);
        estimate->first_transit = transit;
        estimate->last_arrival = arrival;
        estimate->known = true;
    }
    measure_jitter(estimate, arrival);
    estimate->last_transit = transit;
    const int32_t d = (int32_t)(transit - estimate->first_transit);
    if (d < estimate->least[0])
        estimate->least[0] = d;
    if (++estimate->window_packets >= BASE_WINDOW_PACKETS) {
        estimate->least[1] = estimate->least[0];
        estimate->least[0] = d;
        estimate->window_packets = 0;
    }
    const float over = sc_jitter_estimate_over(estimate, clock, timestamp);
    learn(estimate, over);
    return over;
}

/* Tests of jitter_buffer.c in virtual time: order, loss, lateness, adaptation, resets, DTX, fuzz, failing allocations. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "check.h"
#include "concealment.h"
#include "jitter_buffer.h"
#include "time_scale.h"

#define PI 3.14159265358979323846

static uint32_t seed = 7;

static uint32_t draw(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static double unit(void)
{
    return draw() / 16777216.0;
}

/* A sender of 160-sample packets and a network; the packets arrive between the ticks of the receiver. */
struct net {
    double late_ms[8000]; /* added delay of each packet; negative: lost */
    size_t packets;
    int16_t (*signal)(uint64_t);
};

static int16_t ramp(uint64_t i) /* every sample knows its number: order can be checked */
{
    return (int16_t)(i % 30000 + 1);
}

static int16_t tone(uint64_t i)
{
    return (int16_t)lrint(8000 * sin(2 * PI * 200 / 8000 * (double)i));
}

struct outcome {
    struct sc_jitter_buffer_state state;
    double mean_delay_ms;
    size_t audio_ticks;
    int largest_step;
};

static void send(struct sc_jitter_buffer *jb, const struct net *net, size_t k, double arrival_ms)
{
    int16_t samples[160];
    for (size_t i = 0; i < 160; i++)
        samples[i] = net->signal(k * 160 + i);
    const struct sc_jitter_packet p = {.ssrc = 5, .timestamp = 4294960000u + (uint32_t)k * 160,
        .sequence = (uint16_t)(65500 + k), .samples = samples, .n_samples = 160,
        .arrival_us = (int64_t)(arrival_ms * 1000)};
    CHECK_EQ(sc_jitter_buffer_put(jb, &p), 0);
}

static struct outcome run(const struct net *net, struct sc_concealment *plc)
{
    struct sc_jitter_buffer *jb;
    struct outcome o = {0};
    int16_t out[80], last = 0;
    static uint8_t sent[8000];
    double sum = 0;
    size_t counted = 0;
    memset(sent, 0, sizeof sent);
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    for (size_t tick = 0; tick < net->packets * 2 - 40; tick++) {
        const double now = 10.0 * (double)tick + 3;
        for (size_t k = tick / 2 > 60 ? tick / 2 - 60 : 0; k < net->packets && 20.0 * (double)k <= now; k++)
            if (!sent[k] && net->late_ms[k] >= 0 && 20.0 * (double)k + net->late_ms[k] <= now) {
                send(jb, net, k, 20.0 * (double)k + net->late_ms[k]);
                sent[k] = 1;
            }
        enum sc_jitter_output kind = SC_JITTER_AUDIO;
        if (plc)
            sc_jitter_buffer_play(jb, plc, false, out, 80);
        else
            kind = sc_jitter_buffer_get(jb, out, 80);
        o.audio_ticks += kind == SC_JITTER_AUDIO;
        for (int i = 0; i < 80 && tick > 50; i++) {
            if (abs(out[i] - last) > o.largest_step)
                o.largest_step = abs(out[i] - last);
            last = out[i];
        }
        sc_jitter_buffer_get_state(jb, &o.state);
        if (tick > net->packets / 2)
            sum += (double)o.state.delay_ms, counted++;
    }
    o.mean_delay_ms = sum / (double)counted;
    sc_jitter_buffer_destroy(jb);
    return o;
}

static struct net net;

static void a_quiet_network_is_played_whole_and_at_once(void)
{
    net = (struct net){.packets = 3000, .signal = ramp};
    const struct outcome o = run(&net, NULL);
    printf("jitter: none: delay %.1f ms, target %.1f ms\n", o.mean_delay_ms, (double)o.state.target_depth_ms);
    CHECK_EQ(o.state.late, 0);
    CHECK_EQ(o.state.lost_ticks, 0);
    CHECK(o.mean_delay_ms <= 8);
    CHECK(o.state.jitter_ms < 1);
}

static void every_sample_comes_in_order(void)
{
    struct sc_jitter_buffer *jb;
    int16_t out[80], expected = 0;
    net = (struct net){.packets = 400, .signal = ramp};
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    for (size_t tick = 0; tick < 700; tick++) {
        if (tick % 4 == 0) { /* pairs swapped: 1 0 3 2 ... */
            send(jb, &net, tick / 2 + 1, 10.0 * (double)tick);
            send(jb, &net, tick / 2, 10.0 * (double)tick);
            send(jb, &net, tick / 2, 10.0 * (double)tick); /* and one twice */
        }
        CHECK(sc_jitter_buffer_get(jb, out, 80) != SC_JITTER_LOST || tick < 8);
        for (int i = 0; i < 80; i++) {
            if (out[i] == 0)
                continue;
            if (tick > 20 && tick < 300)
                CHECK_EQ(out[i], expected);
            expected = (int16_t)(out[i] % 30000 + 1);
        }
    }
    struct sc_jitter_buffer_state s;
    sc_jitter_buffer_get_state(jb, &s);
    CHECK_EQ(s.reordered, 175);
    CHECK(s.duplicates >= 174);
    sc_jitter_buffer_destroy(jb);
}

static void random_loss_costs_exactly_what_was_lost(void)
{
    net = (struct net){.packets = 6000, .signal = ramp};
    int lost = 0;
    for (size_t k = 0; k < net.packets; k++)
        if (unit() < 0.05 && k > 0 && k < 5900)
            net.late_ms[k] = -1, lost++;
    const struct outcome o = run(&net, NULL);
    printf("jitter: %d packets lost: %u ticks concealed, delay %.1f ms\n", lost, o.state.lost_ticks, o.mean_delay_ms);
    CHECK(o.state.lost_ticks >= (uint32_t)(2 * lost) && o.state.lost_ticks <= (uint32_t)(3 * lost + 10)); /* a hole of two ticks may touch three */
    CHECK_EQ(o.state.late, 0);
    CHECK(o.mean_delay_ms <= 24);
}

/* Network delays as of Wi-Fi: mostly quick, now and then a burst of retries that empties all at once. */
static void wifi(size_t packets)
{
    net = (struct net){.packets = packets, .signal = ramp};
    double stall = 0;
    for (size_t k = 0; k < packets; k++) {
        stall = stall > 20 ? stall - 20 : 0;
        if (unit() < 0.01)
            stall = 20 + 60 * unit();
        net.late_ms[k] = stall + 4 * unit() * unit();
    }
}

static void jitter_is_learnt(void)
{
    wifi(6000);
    const struct outcome o = run(&net, NULL);
    const double late = 100.0 * o.state.late / o.state.received;
    printf("jitter: Wi-Fi bursts: late %.2f %%, lost ticks %u, delay %.1f ms, target %.1f ms, jitter %.1f ms\n", late,
           o.state.lost_ticks, o.mean_delay_ms, (double)o.state.target_depth_ms, (double)o.state.jitter_ms);
    CHECK(late < 1.0);
    CHECK(o.mean_delay_ms < 100);
}

static void a_rare_stall_does_not_make_it_deep(void)
{
    net = (struct net){.packets = 6000, .signal = ramp};
    for (size_t k = 500; k + 10 < net.packets; k += 1000) /* 120 ms every 20 s */
        for (size_t i = 0; i < 6; i++)
            net.late_ms[k + i] = 120 - 20.0 * (double)i;
    const struct outcome o = run(&net, NULL);
    printf("jitter: a stall of 120 ms every 20 s: delay %.1f ms, lost ticks %u, late %u\n", o.mean_delay_ms,
           o.state.lost_ticks, o.state.late);
    CHECK(o.mean_delay_ms < 15);
    CHECK_EQ(o.state.late, 0); /* waited for, not thrown away */
    CHECK(o.state.lost_ticks <= 6 * 12);
}

static void a_frequent_stall_does(void)
{
    net = (struct net){.packets = 6000, .signal = ramp};
    for (size_t k = 500; k + 10 < net.packets; k += 50) /* 60 ms every second */
        for (size_t i = 0; i < 3; i++)
            net.late_ms[k + i] = 60 - 20.0 * (double)i;
    const struct outcome o = run(&net, NULL);
    printf("jitter: a stall of 60 ms every second: delay %.1f ms, lost ticks %u\n", o.mean_delay_ms,
           o.state.lost_ticks);
    CHECK(o.mean_delay_ms > 50 && o.mean_delay_ms < 70);
    CHECK(o.state.lost_ticks < 60); /* of 300 */
}

/* Before a late packet the sound is stretched: of the tone hardly anything has to be concealed. */
static void a_stall_is_bridged_by_a_stretch(void)
{
    net = (struct net){.packets = 3000, .signal = tone};
    for (size_t k = 0; k < net.packets; k++)
        net.late_ms[k] = 3 * unit();
    for (size_t k = 49; k + 4 < net.packets; k += 50) { /* a wait of 40 ms every second, of 50 ms every tenth */
        const double wait = k % 500 == 499 ? 50 : 40;
        for (size_t i = 0; i < 3; i++)
            net.late_ms[k + i] = wait > 20.0 * (double)i ? wait - 20.0 * (double)i : 0;
    }
    const struct outcome o = run(&net, NULL);
    printf("jitter: a wait of 50 ms among many of 40 ms: %u lost ticks, stretched %llu, delay %.1f ms\n",
           o.state.lost_ticks, (unsigned long long)o.state.stretched_samples, o.mean_delay_ms);
    CHECK_EQ(o.state.late, 0);
    CHECK(o.state.stretched_samples > 6 * SC_TIME_SCALE_LAG_MIN);
    CHECK(o.state.lost_ticks <= 11); /* most before it has learnt; unbridged it is 69 */
    CHECK(o.mean_delay_ms < 45);
}

static void depth_shrinks_after_a_storm(void)
{
    net = (struct net){.packets = 6000, .signal = tone};
    for (size_t k = 0; k < 1000; k++)
        net.late_ms[k] = 120 * unit();
    const struct outcome o = run(&net, NULL);
    printf("jitter: after a storm: delay %.1f ms, cut %llu samples, late %u\n", (double)o.state.delay_ms,
           (unsigned long long)o.state.cut_samples, o.state.late);
    CHECK(o.state.delay_ms < 40);
    CHECK(o.state.cut_samples > 400);
}

static void adaptation_and_loss_make_no_clicks(void)
{
    struct sc_concealment *plc;
    net = (struct net){.packets = 6000, .signal = tone};
    for (size_t k = 0; k < net.packets; k++) {
        net.late_ms[k] = (k / 500 % 2 ? 60 : 5) * unit();
        if (k % 97 == 96)
            net.late_ms[k] = -1;
    }
    CHECK_EQ(sc_concealment_create(&plc, NULL), 0);
    const struct outcome o = run(&net, plc);
    printf("jitter: largest step of a 200 Hz tone %d, its own 1257; cut %llu, stretched %llu samples\n",
           o.largest_step, (unsigned long long)o.state.cut_samples, (unsigned long long)o.state.stretched_samples);
    CHECK(o.largest_step < 1257 * 3 / 2);
    CHECK(o.state.cut_samples > 0);
    sc_concealment_destroy(plc);
}

static void put(struct sc_jitter_buffer *jb, uint32_t ssrc, uint16_t sequence, uint32_t timestamp, int64_t ms)
{
    int16_t samples[160];
    for (int i = 0; i < 160; i++)
        samples[i] = (int16_t)ssrc;
    const struct sc_jitter_packet p = {.ssrc = ssrc, .timestamp = timestamp, .sequence = sequence, .samples = samples,
                                       .n_samples = 160, .arrival_us = ms * 1000};
    sc_jitter_buffer_put(jb, &p);
}

static void a_new_ssrc_is_believed_at_its_second_packet(void)
{
    struct sc_jitter_buffer *jb;
    struct sc_jitter_buffer_state s;
    int16_t out[80];
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    for (int k = 0; k < 20; k++) {
        put(jb, 1, (uint16_t)k, (uint32_t)k * 160, k * 20);
        if (k == 10)
            put(jb, 99, 500, 77777, k * 20); /* one stray packet changes nothing */
        sc_jitter_buffer_get(jb, out, 80);
        sc_jitter_buffer_get(jb, out, 80);
    }
    CHECK_EQ(out[79], 1);
    sc_jitter_buffer_get_state(jb, &s);
    CHECK_EQ(s.resets, 0);
    for (int k = 0; k < 5; k++) {
        put(jb, 2, (uint16_t)(900 + k), 123456 + (uint32_t)k * 160, 400 + k * 20);
        sc_jitter_buffer_get(jb, out, 80);
        sc_jitter_buffer_get(jb, out, 80);
    }
    CHECK_EQ(out[79], 2);
    for (int k = 0; k < 5; k++) { /* the same sender's time stamps jump */
        put(jb, 2, (uint16_t)(905 + k), 2123456 + (uint32_t)k * 160, 500 + k * 20);
        sc_jitter_buffer_get(jb, out, 80);
        sc_jitter_buffer_get(jb, out, 80);
    }
    CHECK_EQ(out[79], 2);
    sc_jitter_buffer_get_state(jb, &s);
    CHECK_EQ(s.resets, 2);
    sc_jitter_buffer_destroy(jb);
}

static void a_dtx_pause_is_silence_and_not_loss(void)
{
    struct sc_jitter_buffer *jb;
    struct sc_jitter_buffer_state s;
    int16_t out[80];
    int silence = 0, k = 0;
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    for (int slot = 0; slot < 190; slot++) {
        if (slot % 50 < 45) { /* 0.9 s of speech, 0.1 s of nothing */
            put(jb, 1, (uint16_t)k, (uint32_t)slot * 160, slot * 20);
            k++;
        }
        silence += sc_jitter_buffer_get(jb, out, 80) == SC_JITTER_SILENCE;
        silence += sc_jitter_buffer_get(jb, out, 80) == SC_JITTER_SILENCE;
    }
    sc_jitter_buffer_get_state(jb, &s);
    CHECK_EQ(s.late, 0);
    CHECK_EQ(s.resets, 0);
    CHECK(s.delay_ms < 40);
    for (int tick = 0; tick < 60; tick++)
        silence += sc_jitter_buffer_get(jb, out, 80) == SC_JITTER_SILENCE;
    CHECK(silence > 35); /* a stream that stopped is silence after 200 ms */
    put(jb, 1, (uint16_t)k, 300 * 160, 6000);
    for (int tick = 0; tick < 2; tick++)
        sc_jitter_buffer_get(jb, out, 80);
    CHECK_EQ(out[0], 1);
    sc_jitter_buffer_destroy(jb);
}

/* While its sender sends events instead of audio nothing is made up in its place. */
static void what_is_missing_in_a_pause_is_not_made_up(void)
{
    for (int pausing = 0; pausing < 2; pausing++) {
        struct sc_jitter_buffer *jb;
        struct sc_concealment *plc;
        struct sc_concealment_state s;
        int16_t out[80];
        CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
        CHECK_EQ(sc_concealment_create(&plc, NULL), 0);
        for (int k = 0; k < 60; k++) {
            if (k < 50)
                put(jb, 1, (uint16_t)k, (uint32_t)k * 160, k * 20);
            sc_jitter_buffer_play(jb, plc, pausing && k >= 50, out, 80);
            sc_jitter_buffer_play(jb, plc, pausing && k >= 50, out, 80);
        }
        sc_concealment_get_state(plc, &s);
        CHECK((s.concealed_samples > 800) == !pausing);
        CHECK((s.noise_samples > 800) == (pausing != 0));
        sc_jitter_buffer_destroy(jb);
        sc_concealment_destroy(plc);
    }
}

static void send_both_bands(struct sc_jitter_buffer *jb, uint32_t k, int64_t arrival_us)
{
    int16_t low[160], high[160];
    for (size_t i = 0; i < 160; i++) {
        low[i] = tone(k * 160 + i);
        high[i] = (int16_t)-low[i];
    }
    const struct sc_jitter_packet p = {.ssrc = 5, .timestamp = k * 160, .sequence = (uint16_t)k, .samples = low, .high = high,
                                       .n_samples = 160, .arrival_us = arrival_us};
    CHECK_EQ(sc_jitter_buffer_put(jb, &p), 0);
}

/* Packets come three at a time, at first later than afterwards, and every 23rd is lost: both bands are cut, stretched and
 * missing at the same places. */
static void both_bands_have_the_same_seams_and_holes(void)
{
    struct sc_jitter_buffer *jb;
    struct sc_jitter_buffer_state s;
    struct sc_concealment *plc[2];
    struct sc_concealment_state filled[2];
    int16_t low[80], high[80];
    size_t unlike = 0;
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    CHECK_EQ(sc_concealment_create(&plc[0], NULL), 0);
    CHECK_EQ(sc_concealment_create(&plc[1], NULL), 0);
    for (uint32_t tick = 0; tick < 1200; tick++) {
        const bool concealed = tick >= 600;
        const uint32_t behind = tick < 300 ? 2 : 0;
        const struct sc_jitter_bands bands = {low, high, concealed ? plc[0] : NULL, concealed ? plc[1] : NULL};
        for (uint32_t k = tick / 6 * 3; tick % 6 == 2 + behind && k < tick / 6 * 3 + 3; k++)
            if (k % 23 != 22)
                send_both_bands(jb, k, tick * 10000);
        sc_jitter_buffer_play_bands(jb, &bands, false, 80);
        for (size_t i = 0; !concealed && i < 80; i++)
            unlike += abs(low[i] + high[i]) > 1;
    }
    sc_jitter_buffer_get_state(jb, &s);
    sc_concealment_get_state(plc[0], &filled[0]);
    sc_concealment_get_state(plc[1], &filled[1]);
    CHECK_EQ(unlike, 0);
    CHECK(s.lost_ticks > 10 && s.cut_samples > 0 && s.stretched_samples > 0);
    CHECK(filled[0].concealed_samples > 0 && filled[0].good_samples > 0);
    CHECK_EQ(filled[1].concealed_samples, filled[0].concealed_samples);
    CHECK_EQ(filled[1].good_samples, filled[0].good_samples);
    sc_jitter_buffer_destroy(jb);
    sc_concealment_destroy(plc[0]);
    sc_concealment_destroy(plc[1]);
}

static void late_packets_are_counted(void)
{
    struct sc_jitter_buffer *jb;
    struct sc_jitter_buffer_state s;
    int16_t out[80];
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    for (int k = 0; k < 50; k++) {
        if (k != 20)
            put(jb, 1, (uint16_t)k, (uint32_t)k * 160, k * 20);
        if (k == 28)
            put(jb, 1, 20, 20 * 160, k * 20);
        sc_jitter_buffer_get(jb, out, 80);
        sc_jitter_buffer_get(jb, out, 80);
    }
    sc_jitter_buffer_get_state(jb, &s);
    CHECK_EQ(s.late, 1);
    CHECK_EQ(s.reordered, 1);
    CHECK(s.lost_ticks >= 2 && s.lost_ticks <= 3);
    sc_jitter_buffer_destroy(jb);
}

/* Whatever comes: accepted and counted, and every tick is answered. */
static void fuzz(uint32_t rounds, uint32_t timestamp_spread, uint32_t sequence_spread)
{
    struct sc_jitter_buffer *jb;
    struct sc_concealment *plc;
    struct sc_jitter_buffer_state s;
    int16_t out[160], samples[SC_JITTER_MAX_PACKET_SAMPLES] = {0};
    uint32_t given = 0, refused = 0, timestamp = 0;
    uint16_t sequence = 0;
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), 0);
    CHECK_EQ(sc_concealment_create(&plc, NULL), 0);
    for (uint32_t i = 0; i < rounds; i++) {
        timestamp += draw() % 4 ? 160 : draw() * 977 % timestamp_spread - timestamp_spread / 2;
        sequence = (uint16_t)(sequence + (draw() % 4 ? 1 : draw() % sequence_spread - sequence_spread / 2));
        samples[draw() % SC_JITTER_MAX_PACKET_SAMPLES] = (int16_t)draw();
        const struct sc_jitter_packet p = {.ssrc = draw() % 50 ? 1 : draw() % 3, .timestamp = timestamp,
            .sequence = sequence, .marker = draw() % 2 != 0, .samples = draw() % 100 ? samples : NULL,
            .n_samples = draw() % 10 ? 160 : draw() % 600,
            .arrival_us = draw() % 100 ? (int64_t)i * 20000 : (int64_t)(((uint64_t)draw() << 40) ^ draw())};
        given++;
        refused += sc_jitter_buffer_put(jb, &p) == EINVAL;
        for (uint32_t t = draw() % 5; t > 0; t--) {
            if (draw() % 2)
                sc_jitter_buffer_play(jb, plc, false, out, draw() % 170);
            else
                sc_jitter_buffer_get(jb, out, draw() % 170);
        }
    }
    sc_jitter_buffer_get_state(jb, &s);
    CHECK_EQ(s.received + s.refused, given);
    CHECK_EQ(s.refused, refused);
    CHECK(s.depth_ms <= 512 && s.target_depth_ms >= 10 && s.target_depth_ms <= 200);
    sc_jitter_buffer_destroy(jb);
    sc_concealment_destroy(plc);
}

static void random_packets_do_no_harm(void)
{
    fuzz(30000, 2000, 8);
    fuzz(30000, 20000, 200);
    fuzz(30000, 0xffffffffu, 65535);
}

static void every_allocation_may_fail(void)
{
    struct sc_jitter_buffer *jb = NULL;
    const struct sc_jitter_buffer_settings bad = {.min_depth_ms = 300, .max_depth_ms = 200};
    const long held = sc_alloc_held();
    sc_alloc_fail_after(0);
    CHECK_EQ(sc_jitter_buffer_create(&jb, NULL), ENOMEM);
    sc_alloc_fail_after(-1);
    CHECK_EQ(sc_jitter_buffer_create(&jb, &bad), EINVAL);
    CHECK(jb == NULL);
    CHECK_EQ(sc_alloc_held(), held);
    sc_jitter_buffer_destroy(NULL);
}

int main(void)
{
    RUN(a_quiet_network_is_played_whole_and_at_once);
    RUN(every_sample_comes_in_order);
    RUN(random_loss_costs_exactly_what_was_lost);
    RUN(jitter_is_learnt);
    RUN(a_rare_stall_does_not_make_it_deep);
    RUN(a_frequent_stall_does);
    RUN(a_stall_is_bridged_by_a_stretch);
    RUN(depth_shrinks_after_a_storm);
    RUN(adaptation_and_loss_make_no_clicks);
    RUN(a_new_ssrc_is_believed_at_its_second_packet);
    RUN(a_dtx_pause_is_silence_and_not_loss);
    RUN(what_is_missing_in_a_pause_is_not_made_up);
    RUN(both_bands_have_the_same_seams_and_holes);
    RUN(late_packets_are_counted);
    RUN(random_packets_do_no_harm);
    RUN(every_allocation_may_fail);
    return CHECK_DONE();
}

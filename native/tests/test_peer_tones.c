/* Call-progress tones made by libspandsp's tone generator: an independent sender for our receiver; and ours for its. */
#include "check.h"
#include "tone_receiver.h"
#include "tone_sender.h"

#include <spandsp.h>
#include <stdint.h>
#include <string.h>

static struct sc_tone_receiver *russian(void)
{
    struct sc_tone_receiver_settings s = { .descriptor_count = 3 };
    static const struct { enum sc_tone_kind kind; uint32_t on, off; } plan[3] = {
        { SC_TONE_BUSY, 400, 400 }, { SC_TONE_CONGESTION, 175, 175 }, { SC_TONE_RINGBACK, 1000, 4000 },
    };
    for (int i = 0; i < 3; i++) {
        s.descriptors[i].kind = plan[i].kind;
        s.descriptors[i].frequency_count = 1;
        s.descriptors[i].frequency_hz[0] = 425.0f;
        s.descriptors[i].pair_count = 1;
        s.descriptors[i].pairs[0] = (struct sc_tone_pair){ plan[i].on, plan[i].off };
    }
    struct sc_tone_receiver *receiver = NULL;
    CHECK_EQ(sc_tone_receiver_create(&receiver, &s), 0);
    return receiver;
}

static void check_kind(enum sc_tone_kind kind, int on_ms, int off_ms)
{
    tone_gen_descriptor_t *descriptor = tone_gen_descriptor_init(NULL, 425, -15, 0, 0, on_ms, off_ms, 0, 0, 1);
    tone_gen_state_t *peer = tone_gen_init(NULL, descriptor);
    struct sc_tone_receiver *receiver = russian();
    int ons = 0, right = 0;
    for (int tick = 0; tick < 700; tick++) {
        int16_t x[80] = { 0 };
        struct sc_tone_event event;
        if (tick < 500)
            tone_gen(peer, x, 80);
        sc_tone_receiver_process(receiver, x, 80);
        while (sc_tone_receiver_next(receiver, &event))
            if (event.type == SC_TONE_ON) {
                ons++;
                right += event.kind == kind;
            }
    }
    CHECK_EQ(ons, 1);
    CHECK_EQ(right, 1);
    sc_tone_receiver_destroy(receiver);
    tone_gen_free(peer);
    tone_gen_descriptor_free(descriptor);
}

static void test_we_hear_spandsps_tones(void)
{
    check_kind(SC_TONE_BUSY, 400, 400);
    check_kind(SC_TONE_BUSY, 350, 350);
    check_kind(SC_TONE_CONGESTION, 175, 175);
    check_kind(SC_TONE_RINGBACK, 1000, 4000);
}

static int peer_heard, peer_tone;

static void peer_hears(void *user, int code, int level, int delay)
{
    (void)user, (void)level, (void)delay;
    peer_heard += code == peer_tone;
}

static void test_spandsp_hears_our_busy_tone(void)
{
    struct sc_tone_sender_settings settings = { .segment_count = 2 };
    settings.segments[0] = (struct sc_tone_segment){ 400, 1, { 425.0f }, { -12.0f } };
    settings.segments[1].duration_ms = 400;
    struct sc_tone_sender *sender = NULL;
    CHECK_EQ(sc_tone_sender_create(&sender, &settings), 0);
    super_tone_rx_descriptor_t *plan = super_tone_rx_make_descriptor(NULL);
    int tone = super_tone_rx_add_tone(plan);
    super_tone_rx_add_element(plan, tone, 425, 0, 350, 450);
    super_tone_rx_add_element(plan, tone, 0, 0, 350, 450);
    int other = super_tone_rx_add_tone(plan);                     /* with one frequency alone it matches nothing */
    super_tone_rx_add_element(plan, other, 1400, 0, 350, 450);
    super_tone_rx_state_t *peer = super_tone_rx_init(NULL, plan, peer_hears, NULL);
    super_tone_rx_tone_callback(peer, peer_hears, NULL);
    peer_heard = 0;
    peer_tone = tone;
    for (int tick = 0; tick < 600; tick++) {
        int16_t x[80];
        sc_tone_sender_process(sender, x, 80);
        super_tone_rx(peer, x, 80);
    }
    CHECK(other != tone);
    CHECK_EQ(peer_heard, 1);
    super_tone_rx_free(peer);
    super_tone_rx_free_descriptor(plan);
    sc_tone_sender_destroy(sender);
}

int main(void)
{
    RUN(test_we_hear_spandsps_tones);
    RUN(test_spandsp_hears_our_busy_tone);
    return CHECK_DONE();
}

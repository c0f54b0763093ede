/* DTMF beside libspandsp: it reads what we send, we read what it sends. */
#include "check.h"
#include "dtmf_receiver.h"
#include "dtmf_sender.h"

#include <spandsp.h>
#include <stdint.h>
#include <string.h>

static const char digits[] = "147*2580369#ABCD1123";

static void test_spandsp_reads_what_we_send(void)
{
    static const uint32_t lengths[] = { 80, 50 };
    for (int i = 0; i < 2; i++) {
        struct sc_dtmf_sender_settings settings = { .tone_ms = lengths[i], .pause_ms = lengths[i] };
        struct sc_dtmf_sender *sender = NULL;
        CHECK_EQ(sc_dtmf_sender_create(&sender, &settings), 0);
        CHECK_EQ(sc_dtmf_sender_queue(sender, digits), 0);
        dtmf_rx_state_t *peer = dtmf_rx_init(NULL, NULL, NULL);
        char read[64] = { 0 };
        int16_t x[80];
        for (int tick = 0; tick < 400; tick++) {
            sc_dtmf_sender_process(sender, x, 80);
            dtmf_rx(peer, x, 80);
        }
        dtmf_rx_get(peer, read, sizeof read - 1);
        CHECK(strcmp(read, digits) == 0);
        dtmf_rx_free(peer);
        sc_dtmf_sender_destroy(sender);
    }
}

static void test_we_read_what_spandsp_sends(void)
{
    for (int ms = 40; ms <= 100; ms += 20)
        for (int level = -25; level <= -5; level += 10) {
            struct sc_dtmf_receiver *receiver = NULL;
            CHECK_EQ(sc_dtmf_receiver_create(&receiver, NULL), 0);
            dtmf_tx_state_t *peer = dtmf_tx_init(NULL);
            dtmf_tx_set_level(peer, level, 2);
            dtmf_tx_set_timing(peer, ms, ms);
            dtmf_tx_put(peer, digits, -1);
            char read[64] = { 0 };
            size_t count = 0;
            for (int tick = 0; tick < 500; tick++) {
                int16_t x[80] = { 0 };
                struct sc_dtmf_event event;
                dtmf_tx(peer, x, 80);
                sc_dtmf_receiver_process(receiver, x, 80);
                while (sc_dtmf_receiver_next(receiver, &event))
                    if (event.type == SC_DTMF_END && count < sizeof read - 1) {
                        read[count++] = event.digit;
                        CHECK_NEAR(event.duration_samples / 8.0, ms, 5.0);
                    }
            }
            CHECK(strcmp(read, digits) == 0);
            dtmf_tx_free(peer);
            sc_dtmf_receiver_destroy(receiver);
        }
}

int main(void)
{
    RUN(test_spandsp_reads_what_we_send);
    RUN(test_we_read_what_spandsp_sends);
    return CHECK_DONE();
}

/* callwaiting: exchange and telephone talk to each other; a generator of the test's own stands for either. */
#include "alloc.h"
#include "callwaiting_receiver.h"
#include "callwaiting_sender.h"
#include "check.h"
#include "fsk_signal.h"

#include <errno.h>

static const struct sc_callerid_identity petrova = {
    .form = SC_CALLERID_MDMF, .modulation = SC_CALLERID_V23, .date = "11221030", .number = "4951234567", .name = "Petrova A",
};

static void mix(int16_t *x, const struct signal *s, size_t at)
{
    for (size_t i = 0; i < 80; i++)
        x[i] = (int16_t)lrint((double)x[i] + s->x[at + i]);
}

/* Exchange and telephone on one line, speech of the far party under the alert, the near one silent; the messages read. */
static unsigned converse(char acknowledgement, enum sc_callerid_modulation modulation, double voice_dbm0,
                         struct sc_callerid_message *message)
{
    struct sc_callwaiting_sender *exchange = NULL;
    struct sc_callwaiting_receiver *telephone = NULL;
    struct sc_callerid_identity identity = petrova;
    struct signal voice = signal_new(40000, 3);
    int16_t down[80] = { 0 }, up[80] = { 0 };
    unsigned count = 0;
    identity.modulation = modulation;
    signal_voice(&voice, 0, voice.length, voice_dbm0);
    CHECK_EQ(sc_callwaiting_sender_create(&exchange, 0), 0);
    CHECK_EQ(sc_callwaiting_receiver_create(&telephone, acknowledgement), 0);
    for (size_t tick = 0; tick < 400; tick++) {
        if (tick == 50)
            CHECK_EQ(sc_callwaiting_sender_send(exchange, &identity), 0);
        if (tick == 51)
            CHECK_EQ(sc_callwaiting_sender_send(exchange, &identity), EBUSY);
        sc_callwaiting_sender_process(exchange, up, down, 80);
        if (tick < 50 || sc_callwaiting_sender_state(exchange) == SC_CALLWAITING_ALERTING)
            mix(down, &voice, tick * 80);
        sc_callwaiting_receiver_process(telephone, down, up, 80);
        while (sc_callwaiting_receiver_next(telephone, message))
            count++;
    }
    CHECK_EQ(sc_callwaiting_sender_state(exchange), SC_CALLWAITING_SENT);
    CHECK(!sc_callwaiting_receiver_muting(telephone));
    sc_callwaiting_sender_destroy(exchange);
    sc_callwaiting_receiver_destroy(telephone);
    signal_free(&voice);
    return count;
}

static void test_the_telephone_learns_who_calls(void)
{
    for (int v23 = 0; v23 < 2; v23++)
        for (int a = 0; a < 2; a++) {
            struct sc_callerid_message m = { 0 };
            CHECK_EQ(converse(a ? 'A' : 0, v23 ? SC_CALLERID_V23 : SC_CALLERID_BELL202, -30, &m), 1);
            CHECK(strcmp(m.number, "4951234567") == 0 && m.name_length == 9);
            CHECK_EQ(m.modulation, v23 ? SC_CALLERID_V23 : SC_CALLERID_BELL202);
        }
}

/* The alert and the packet by the test's own generator; when the answer begins and how long it lasts. */
static void test_the_answer_comes_within_100_ms_and_lasts_60(void)
{
    struct sc_callwaiting_receiver *telephone = NULL;
    struct sc_callerid_message m;
    struct signal s = signal_new(24000, 5);
    static const char body[] = "\x01\x08" "11221030" "\x02\x07" "1234567";
    uint8_t packet[40];
    const size_t length = fsk_packet(packet, 0x80, (const uint8_t *)body, sizeof body - 1);
    struct fsk bare = fsk_bell202;
    bare.seizure_bits = 0;
    bare.mark_bits = 80;
    signal_sine(&s, 4000, 640, 2130, -22, 0);
    signal_sine(&s, 4000, 640, 2750, -22, 1);
    fsk_draw(&s, &bare, 4640 + 2400, packet, length);
    int16_t *x = signal_samples(&s), said[80];
    size_t first = 0, last = 0;
    CHECK_EQ(sc_callwaiting_receiver_create(&telephone, 0), 0);
    for (size_t i = 0; i < s.length; i += 80) {
        sc_callwaiting_receiver_process(telephone, x + i, said, 80);
        for (size_t k = 0; k < 80; k++)
            if (said[k] != 0) {
                first = first == 0 ? i + k : first;
                last = i + k;
            }
        CHECK(i + 80 < 4640 || i >= first || first == 0 || sc_callwaiting_receiver_muting(telephone));
    }
    CHECK(first > 4640 && first < 4640 + 800);
    CHECK_NEAR((double)(last - first), 480.0, 10.0);
    CHECK(sc_callwaiting_receiver_next(telephone, &m));
    CHECK(strcmp(m.number, "1234567") == 0);
    sc_callwaiting_receiver_destroy(telephone);
    free(x);
    signal_free(&s);
}

static void test_a_telephone_that_does_not_answer_gets_no_fsk(void)
{
    struct sc_callwaiting_sender *exchange = NULL;
    int16_t quiet[80] = { 0 }, down[80];
    size_t sounding = 0;
    CHECK_EQ(sc_callwaiting_sender_create(&exchange, -20.0f), 0);
    CHECK_EQ(sc_callwaiting_sender_send(exchange, &petrova), 0);
    for (int tick = 0; tick < 200; tick++) {
        sc_callwaiting_sender_process(exchange, quiet, down, 80);
        for (size_t k = 0; k < 80; k++)
            sounding += down[k] != 0;
    }
    CHECK(sounding > 600 && sounding <= 640);
    CHECK_EQ(sc_callwaiting_sender_state(exchange), SC_CALLWAITING_REFUSED);
    CHECK_EQ(sc_callwaiting_sender_send(exchange, &petrova), 0);
    sc_callwaiting_sender_reset(exchange);
    CHECK_EQ(sc_callwaiting_sender_state(exchange), SC_CALLWAITING_IDLE);
    sc_callwaiting_sender_destroy(exchange);
}

static void test_an_alert_without_a_packet_is_given_up(void)
{
    struct sc_callwaiting_receiver *telephone = NULL;
    struct sc_callerid_message m;
    struct signal s = signal_new(40000, 5);
    signal_sine(&s, 4000, 640, 2130, -22, 0);
    signal_sine(&s, 4000, 640, 2750, -22, 1);
    int16_t *x = signal_samples(&s), said[80];
    CHECK_EQ(sc_callwaiting_receiver_create(&telephone, 0), 0);
    for (size_t i = 0; i < s.length; i += 80)
        sc_callwaiting_receiver_process(telephone, x + i, said, 80);
    CHECK(!sc_callwaiting_receiver_muting(telephone));
    CHECK(!sc_callwaiting_receiver_next(telephone, &m));
    sc_callwaiting_receiver_destroy(telephone);
    free(x);
    signal_free(&s);
}

static void test_wrong_settings_and_failed_allocations(void)
{
    struct sc_callwaiting_sender *exchange = NULL;
    struct sc_callwaiting_receiver *telephone = NULL;
    CHECK_EQ(sc_callwaiting_receiver_create(&telephone, 'B'), EINVAL);
    CHECK_EQ(sc_callwaiting_sender_create(&exchange, 1.0f), EINVAL);
    CHECK_EQ(sc_callwaiting_sender_create(&exchange, -33.0f), EINVAL);
    for (long successes = 0; successes < 6; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_callwaiting_receiver_create(&telephone, 0), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    for (long successes = 0; successes < 4; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_callwaiting_sender_create(&exchange, 0), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK_EQ(sc_alloc_held(), 0);
    }
    CHECK(exchange == NULL && telephone == NULL);
    CHECK_EQ(sc_callwaiting_sender_create(&exchange, 0), 0);
    const struct sc_callerid_identity digits = { .form = SC_CALLERID_DTMF_A_C, .number = "12" };
    CHECK_EQ(sc_callwaiting_sender_send(exchange, &digits), EINVAL);
    CHECK_EQ(sc_callwaiting_sender_send(exchange, NULL), EINVAL);
    sc_callwaiting_sender_destroy(exchange);
    sc_callwaiting_sender_destroy(NULL);
    sc_callwaiting_receiver_destroy(NULL);
}

int main(void)
{
    RUN(test_the_telephone_learns_who_calls);
    RUN(test_the_answer_comes_within_100_ms_and_lasts_60);
    RUN(test_a_telephone_that_does_not_answer_gets_no_fsk);
    RUN(test_an_alert_without_a_packet_is_given_up);
    RUN(test_wrong_settings_and_failed_allocations);
    return CHECK_DONE();
}

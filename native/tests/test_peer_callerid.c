/* Caller identity as libspandsp sends it (its adsi_tx makes the FSK and the MDMF packet), and as it reads ours. */
#include "callerid_digits.h"
#include "callerid_modem.h"
#include "callerid_sender.h"
#include "check.h"
#include "dtmf_receiver.h"

#include <spandsp.h>
#include <stdint.h>
#include <string.h>

#ifndef MCLASS_DATETIME
#define MCLASS_DATETIME 0x01
#define MCLASS_CALLER_NUMBER 0x02
#define MCLASS_CALLER_NAME 0x07
#endif

static void read_from(int standard, uint8_t type, enum sc_callerid_modulation modulation)
{
    uint8_t message[256];
    adsi_tx_state_t *peer = adsi_tx_init(NULL, standard);
    int length = adsi_add_field(peer, message, -1, type, NULL, 0);
    length = adsi_add_field(peer, message, length, MCLASS_DATETIME, (const uint8_t *)"11221030", 8);
    length = adsi_add_field(peer, message, length, MCLASS_CALLER_NUMBER, (const uint8_t *)"4951234567", 10);
    length = adsi_add_field(peer, message, length, MCLASS_CALLER_NAME, (const uint8_t *)"Petrova A", 9);
    CHECK(adsi_tx_put_message(peer, message, length) > 0);
    struct sc_callerid_modem *modem = NULL;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    struct sc_callerid_message got;
    int count = 0;
    for (int tick = 0; tick < 400; tick++) {
        int16_t x[80] = { 0 };
        adsi_tx(peer, x, 80);
        sc_callerid_modem_process(modem, x, 80);
        while (sc_callerid_modem_next(modem, &got))
            count++;
    }
    CHECK_EQ(count, 1);
    CHECK(count == 0 || strcmp(got.number, "4951234567") == 0);
    CHECK(count == 0 || strcmp(got.date, "11221030") == 0);
    CHECK(count == 0 || (got.name_length == 9 && memcmp(got.name, "Petrova A", 9) == 0));
    CHECK(count == 0 || got.modulation == modulation);
    sc_callerid_modem_destroy(modem);
    adsi_tx_free(peer);
}

static void test_spandsp_class_as_sent_in_north_america(void)
{
    read_from(ADSI_STANDARD_CLASS, 0x80, SC_CALLERID_BELL202);
}

static void test_spandsp_clip_as_sent_in_europe(void)
{
    read_from(ADSI_STANDARD_CLIP, 0x80, SC_CALLERID_V23);
}

/* Its JCLIP, the Japanese form. */
static void test_spandsp_jclip_as_sent_in_japan(void)
{
    uint8_t message[256];
    adsi_tx_state_t *peer = adsi_tx_init(NULL, ADSI_STANDARD_JCLIP);
    int length = adsi_add_field(peer, message, -1, JCLIP_MDMF_CALLERID, NULL, 0);
    length = adsi_add_field(peer, message, length, JCLIP_CALLER_NUMBER, (const uint8_t *)"0312345678", 10);
    length = adsi_add_field(peer, message, length, JCLIP_DIALED_NUMBER, (const uint8_t *)"1234", 4);
    CHECK(adsi_tx_put_message(peer, message, length) > 0);
    struct sc_callerid_modem *modem = NULL;
    struct sc_callerid_message got = { 0 };
    int count = 0;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    for (int tick = 0; tick < 400; tick++) {
        int16_t x[80] = { 0 };
        adsi_tx(peer, x, 80);
        sc_callerid_modem_process(modem, x, 80);
        while (sc_callerid_modem_next(modem, &got))
            count++;
    }
    CHECK_EQ(count, 1);
    CHECK(strcmp(got.number, "0312345678") == 0);
    CHECK_EQ(got.message_type, 0x40);
    sc_callerid_modem_destroy(modem);
    adsi_tx_free(peer);
}

/* --- what we send, in its ears --- */

struct peer_ear {
    adsi_rx_state_t *rx;
    int messages;
    char fields[8][40];         /* by type: 1 date, 2 number, 4 number absent, 7 name */
};

static void peer_takes(void *user, const uint8_t *message, int length)
{
    struct peer_ear *ear = user;
    const uint8_t *body = NULL;
    uint8_t type = 0;
    int body_length = 0;
    ear->messages++;
    for (int at = adsi_next_field(ear->rx, message, length, -1, &type, &body, &body_length); at > 0;) {
        at = adsi_next_field(ear->rx, message, length, at, &type, &body, &body_length);
        if (at > 0 && body != NULL && body_length < 40)
            memcpy(ear->fields[type < 8 ? type : type == 'A' ? 2 : type == 'B' || type == 'D' ? 4 : 0], body,
                   (size_t)body_length);
    }
}

static struct peer_ear peer_hears(int standard, const struct sc_callerid_identity *identity)
{
    struct peer_ear ear = { 0 };
    struct sc_callerid_sender *sender = NULL;
    CHECK_EQ(sc_callerid_sender_create(&sender), 0);
    ear.rx = adsi_rx_init(NULL, standard, peer_takes, &ear);
    CHECK_EQ(sc_callerid_sender_send(sender, identity), 0);
    for (int tick = 0; tick < 500; tick++) {
        int16_t x[80];
        sc_callerid_sender_process(sender, x, 80);
        adsi_rx(ear.rx, x, 80);
    }
    adsi_rx_free(ear.rx);
    sc_callerid_sender_destroy(sender);
    CHECK_EQ(ear.messages, 1);
    return ear;
}

static void test_spandsp_reads_our_fsk(void)
{
    for (int v23 = 0; v23 < 2; v23++) {
        int standard = v23 ? ADSI_STANDARD_CLIP : ADSI_STANDARD_CLASS;
        struct sc_callerid_identity i = { .form = SC_CALLERID_MDMF, .modulation = v23 ? SC_CALLERID_V23 : SC_CALLERID_BELL202,
                                          .date = "11221030", .number = "4951234567", .name = "Petrova A" };
        struct peer_ear ear = peer_hears(standard, &i);
        CHECK(strcmp(ear.fields[1], "11221030") == 0);
        CHECK(strcmp(ear.fields[2], "4951234567") == 0);
        CHECK(strcmp(ear.fields[7], "Petrova A") == 0);
        i.number = NULL;
        i.number_absent = SC_CALLERID_PRIVATE;
        ear = peer_hears(standard, &i);
        CHECK(strcmp(ear.fields[4], "P") == 0);
        i = (struct sc_callerid_identity){ .form = SC_CALLERID_SDMF, .modulation = i.modulation, .date = "11221030",
                                           .number = "4951234567" };
        ear = peer_hears(standard, &i);
        CHECK(strcmp(ear.fields[0], "112210304951234567") == 0);
    }
}

static void test_spandsp_reads_our_japanese_form(void)
{
    struct sc_callerid_identity i = { .form = SC_CALLERID_JAPAN, .number = "0312345678" };
    struct peer_ear ear = peer_hears(ADSI_STANDARD_JCLIP, &i);
    CHECK(strcmp(ear.fields[2], "0312345678") == 0);
    i.number = NULL;
    i.number_absent = SC_CALLERID_PRIVATE;
    ear = peer_hears(ADSI_STANDARD_JCLIP, &i);
    CHECK(strcmp(ear.fields[4], "P") == 0);
}

static void test_spandsp_reads_our_digits(void)
{
    struct sc_callerid_identity i = { .form = SC_CALLERID_DTMF_A_C, .number = "4951234567" };
    struct peer_ear ear = peer_hears(ADSI_STANDARD_CLIP_DTMF, &i);
    CHECK(strcmp(ear.fields[2], "4951234567") == 0);
    i.form = SC_CALLERID_DTMF_A_HASH;
    ear = peer_hears(ADSI_STANDARD_CLIP_DTMF, &i);
    CHECK(strcmp(ear.fields[2], "4951234567") == 0);
}

/* --- and the reverse, as digits --- */

static void test_we_read_spandsps_digits(void)
{
    uint8_t message[256];
    adsi_tx_state_t *peer = adsi_tx_init(NULL, ADSI_STANDARD_CLIP_DTMF);
    int length = adsi_add_field(peer, message, -1, CLIP_DTMF_C_TERMINATED, NULL, 0);
    length = adsi_add_field(peer, message, length, CLIP_DTMF_C_CALLER_NUMBER, (const uint8_t *)"4951234567", 10);
    CHECK(adsi_tx_put_message(peer, message, length) > 0);
    struct sc_dtmf_receiver *receiver = NULL;
    struct sc_callerid_digits digits;
    struct sc_callerid_message got = { 0 };
    struct sc_dtmf_event event;
    int count = 0;
    CHECK_EQ(sc_dtmf_receiver_create(&receiver, NULL), 0);
    sc_callerid_digits_reset(&digits);
    for (int tick = 0; tick < 400; tick++) {
        int16_t x[80] = { 0 };
        adsi_tx(peer, x, 80);
        sc_dtmf_receiver_process(receiver, x, 80);
        while (sc_dtmf_receiver_next(receiver, &event))
            if (event.type == SC_DTMF_END)
                count += sc_callerid_digits_take(&digits, event.digit, event.at_samples, &got);
    }
    CHECK_EQ(count, 1);
    CHECK(strcmp(got.number, "4951234567") == 0);
    sc_dtmf_receiver_destroy(receiver);
    adsi_tx_free(peer);
}

int main(void)
{
    RUN(test_spandsp_reads_our_fsk);
    RUN(test_spandsp_reads_our_japanese_form);
    RUN(test_spandsp_jclip_as_sent_in_japan);
    RUN(test_spandsp_reads_our_digits);
    RUN(test_we_read_spandsps_digits);
    RUN(test_spandsp_class_as_sent_in_north_america);
    RUN(test_spandsp_clip_as_sent_in_europe);
    return CHECK_DONE();
}

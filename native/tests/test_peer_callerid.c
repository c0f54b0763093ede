/* Caller identity as libspandsp sends it (its adsi_tx makes the FSK and the MDMF packet). */
#include "callerid_modem.h"
#include "check.h"

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

int main(void)
{
    RUN(test_spandsp_class_as_sent_in_north_america);
    RUN(test_spandsp_clip_as_sent_in_europe);
    return CHECK_DONE();
}

/* callerid_sender: our own receivers read every form; timing and level by measuring; what is refused; allocations. */
#include "alloc.h"
#include "callerid_digits.h"
#include "callerid_modem.h"
#include "callerid_sender.h"
#include "check.h"
#include "dtmf_receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 40000u

static int16_t sound[LONGEST];

static struct sc_callerid_identity petrova(enum sc_callerid_form form, enum sc_callerid_modulation modulation)
{
    return (struct sc_callerid_identity){ .form = form, .modulation = modulation, .date = "11221030",
                                          .number = "4951234567", .name = form == SC_CALLERID_MDMF ? "Petrova A" : NULL };
}

/* The message as sound; its length. Blocks of many sizes. */
static size_t send(const struct sc_callerid_identity *identity)
{
    struct sc_callerid_sender *sender = NULL;
    CHECK_EQ(sc_callerid_sender_create(&sender), 0);
    CHECK(sc_callerid_sender_finished(sender));
    CHECK_EQ(sc_callerid_sender_send(sender, identity), 0);
    CHECK_EQ(sc_callerid_sender_send(sender, identity), EBUSY);
    size_t sent = 0, step = 1;
    memset(sound, 0, sizeof sound);
    while (!sc_callerid_sender_finished(sender) && sent + 300 < LONGEST) {
        sent += sc_callerid_sender_process(sender, sound + sent, step);
        step = step * 13 % 211;
    }
    CHECK(sc_callerid_sender_finished(sender));
    CHECK_EQ(sc_callerid_sender_process(sender, sound + sent, 80), 0);
    sc_callerid_sender_destroy(sender);
    return sent;
}

static int hear_fsk(struct sc_callerid_message *m)
{
    struct sc_callerid_modem *modem = NULL;
    int count = 0;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    sc_callerid_modem_process(modem, sound, LONGEST);
    while (sc_callerid_modem_next(modem, m))
        count++;
    sc_callerid_modem_destroy(modem);
    return count;
}

static int hear_digits(struct sc_callerid_message *m)
{
    struct sc_dtmf_receiver *receiver = NULL;
    struct sc_callerid_digits digits;
    struct sc_dtmf_event event;
    int count = 0;
    CHECK_EQ(sc_dtmf_receiver_create(&receiver, NULL), 0);
    sc_callerid_digits_reset(&digits);
    for (size_t i = 0; i < LONGEST; i += 80) {
        sc_dtmf_receiver_process(receiver, sound + i, 80);
        while (sc_dtmf_receiver_next(receiver, &event))
            if (event.type == SC_DTMF_END)
                count += sc_callerid_digits_take(&digits, event.digit, event.at_samples, m);
    }
    sc_dtmf_receiver_destroy(receiver);
    return count;
}

static void test_fsk_forms_are_read(void)
{
    for (int form = SC_CALLERID_SDMF; form <= SC_CALLERID_MDMF; form++)
        for (int modulation = SC_CALLERID_BELL202; modulation <= SC_CALLERID_V23; modulation++)
            for (int off_hook = 0; off_hook < 2; off_hook++) {
                struct sc_callerid_identity i = petrova((enum sc_callerid_form)form, (enum sc_callerid_modulation)modulation);
                struct sc_callerid_message m = { 0 };
                i.off_hook = off_hook != 0;
                size_t octets = form == SC_CALLERID_SDMF ? 21 : 36, bits = octets * 10 + (off_hook ? 90 : 490);
                CHECK_NEAR((double)send(&i), (double)bits * 8000.0 / 1200.0, 1.0);
                CHECK_EQ(hear_fsk(&m), 1);
                CHECK(strcmp(m.number, "4951234567") == 0 && strcmp(m.date, "11221030") == 0);
                CHECK_EQ(m.modulation, modulation);
                CHECK_NEAR(m.level_dbm0, -13.5, 1.5);
                CHECK_EQ(m.name_length, form == SC_CALLERID_MDMF ? 9 : 0);
            }
}

static void test_absent_numbers_are_read_in_every_form(void)
{
    for (int form = SC_CALLERID_SDMF; form <= SC_CALLERID_DTMF_HASH; form++)
        for (int reason = SC_CALLERID_UNAVAILABLE; reason <= SC_CALLERID_PRIVATE; reason++) {
            struct sc_callerid_identity i = petrova((enum sc_callerid_form)form, SC_CALLERID_V23);
            struct sc_callerid_message m = { 0 };
            i.number = NULL;
            i.number_absent = (enum sc_callerid_absent)reason;
            send(&i);
            CHECK_EQ(form <= SC_CALLERID_MDMF ? hear_fsk(&m) : hear_digits(&m), 1);
            CHECK_EQ(m.number_absent, reason);
        }
}

static void test_digit_forms_are_read(void)
{
    for (int form = SC_CALLERID_DTMF_A_C; form <= SC_CALLERID_DTMF_HASH; form++) {
        struct sc_callerid_identity i = petrova((enum sc_callerid_form)form, SC_CALLERID_V23);
        struct sc_callerid_message m = { 0 };
        send(&i);
        CHECK_EQ(hear_digits(&m), 1);
        CHECK(strcmp(m.number, "4951234567") == 0);
        CHECK_EQ(hear_fsk(&m), 0);
    }
}

static void test_reset_drops_the_message(void)
{
    struct sc_callerid_sender *sender = NULL;
    CHECK_EQ(sc_callerid_sender_create(&sender), 0);
    for (int form = SC_CALLERID_SDMF; form <= SC_CALLERID_DTMF_HASH; form++) {
        struct sc_callerid_identity i = petrova((enum sc_callerid_form)form, SC_CALLERID_V23);
        CHECK_EQ(sc_callerid_sender_send(sender, &i), 0);
        CHECK_EQ(sc_callerid_sender_process(sender, sound, 100), 100);
        sc_callerid_sender_reset(sender);
        CHECK(sc_callerid_sender_finished(sender));
        CHECK_EQ(sc_callerid_sender_process(sender, sound, 100), 0);
    }
    sc_callerid_sender_destroy(sender);
}

static void test_what_cannot_be_sent(void)
{
    struct sc_callerid_sender *sender = NULL;
    CHECK_EQ(sc_callerid_sender_create(&sender), 0);
    struct sc_callerid_identity wrong[11];
    for (int k = 0; k < 11; k++)
        wrong[k] = petrova(k == 0 ? SC_CALLERID_SDMF : SC_CALLERID_MDMF, SC_CALLERID_V23);
    wrong[0].date = NULL;
    wrong[1].date = "1122";
    wrong[2].date = "1122103x";
    wrong[3].number = "123456789012345678901";
    wrong[4].number = "12 34";
    wrong[5].name = "a name that is longer than the fifty octets which fit in";
    wrong[6].level_dbm0 = 1.0f;
    wrong[7].level_dbm0 = -41.0f;
    wrong[8].form = (enum sc_callerid_form)10;
    wrong[9].modulation = SC_CALLERID_DTMF;
    wrong[10].form = SC_CALLERID_DTMF_A_C;
    wrong[10].number = "+4951";
    for (int k = 0; k < 11; k++)
        CHECK_EQ(sc_callerid_sender_send(sender, &wrong[k]), EINVAL);
    CHECK_EQ(sc_callerid_sender_send(sender, NULL), EINVAL);
    CHECK(sc_callerid_sender_finished(sender));
    sc_callerid_sender_destroy(sender);
    sc_callerid_sender_destroy(NULL);
}

static void test_failed_allocations(void)
{
    struct sc_callerid_sender *sender = NULL;
    for (long successes = 0; successes < 2; successes++) {
        sc_alloc_fail_after(successes);
        CHECK_EQ(sc_callerid_sender_create(&sender), ENOMEM);
        sc_alloc_fail_after(-1);
        CHECK(sender == NULL);
        CHECK_EQ(sc_alloc_held(), 0);
    }
}

int main(void)
{
    RUN(test_fsk_forms_are_read);
    RUN(test_absent_numbers_are_read_in_every_form);
    RUN(test_digit_forms_are_read);
    RUN(test_reset_drops_the_message);
    RUN(test_what_cannot_be_sent);
    RUN(test_failed_allocations);
    return CHECK_DONE();
}

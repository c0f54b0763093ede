/* callerid_digits: each form, every short string, random strings and pauses. */
#include "callerid_digits.h"
#include "check.h"
#include "signal.h"

#include <string.h>

static const char alphabet[] = "0123456789*#ABCD";

/* Takes a string of digits 0.14 s apart; how many messages, the last one in *m. */
static int take(const char *text, struct sc_callerid_message *m)
{
    struct sc_callerid_digits digits;
    int count = 0;
    sc_callerid_digits_reset(&digits);
    for (size_t i = 0; text[i] != '\0'; i++)
        count += sc_callerid_digits_take(&digits, text[i], 8000 + 1120 * i, m);
    return count;
}

static void check_number(const char *text, const char *number)
{
    struct sc_callerid_message m = { 0 };
    CHECK_EQ(take(text, &m), 1);
    CHECK(strcmp(m.number, number) == 0);
    CHECK_EQ(m.number_absent, SC_CALLERID_PRESENT);
    CHECK_EQ(m.modulation, SC_CALLERID_DTMF);
}

static void test_numbers_in_all_forms(void)
{
    check_number("A4951234567C", "4951234567");
    check_number("A4951234567D5551111B1C", "4951234567");
    check_number("D4951234567C", "4951234567");
    check_number("A4951234567#", "4951234567");
    check_number("4951234567#", "4951234567");
    check_number("A123456789012345678901234567890C", "123456789012345678901234");
}

static void check_absent(const char *text, enum sc_callerid_absent reason)
{
    struct sc_callerid_message m = { 0 };
    CHECK_EQ(take(text, &m), 1);
    CHECK_EQ(m.number_absent, reason);
    CHECK(strcmp(m.number, "") == 0);
}

static void test_reasons_for_no_number(void)
{
    check_absent("B00C", SC_CALLERID_UNAVAILABLE);
    check_absent("B10C", SC_CALLERID_PRIVATE);
    check_absent("AB10C", SC_CALLERID_PRIVATE);
    check_absent("AD5551111B00C", SC_CALLERID_UNAVAILABLE);
    check_absent("D1#", SC_CALLERID_PRIVATE);
    check_absent("D2#", SC_CALLERID_UNAVAILABLE);
    check_absent("D3#", SC_CALLERID_UNAVAILABLE);
}

static void test_what_is_no_message(void)
{
    static const char *const wrong[] = { "", "123", "C", "#", "12#", "1*3#", "AC", "A#", "D9#", "B77C", "1234C", "A12B" };
    struct sc_callerid_message m;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQ(take(wrong[i], &m), 0);
    char long_one[80];
    memset(long_one, '7', sizeof long_one);
    long_one[0] = 'A';
    memcpy(long_one + 70, "C", 2);
    CHECK_EQ(take(long_one, &m), 0);
}

static void test_a_pause_begins_afresh(void)
{
    struct sc_callerid_digits digits;
    struct sc_callerid_message m;
    sc_callerid_digits_reset(&digits);
    CHECK(!sc_callerid_digits_take(&digits, 'A', 8000, &m));
    CHECK(!sc_callerid_digits_take(&digits, '9', 9000, &m));
    CHECK(!sc_callerid_digits_take(&digits, 'A', 20000, &m));
    CHECK(!sc_callerid_digits_take(&digits, '5', 21000, &m));
    CHECK(sc_callerid_digits_take(&digits, 'C', 22000, &m));
    CHECK(strcmp(m.number, "5") == 0);
}

static void test_fuzz_every_short_string_and_random_long_ones(void)
{
    struct sc_callerid_message m;
    int messages = 0;
    for (int code = 0; code < 16 * 16 * 16; code++) {
        char text[4] = { alphabet[code & 15], alphabet[code >> 4 & 15], alphabet[code >> 8], '\0' };
        messages += take(text, &m);
    }
    CHECK_EQ(messages, 33);     /* A.C, D.C and A.# of each digit, and D1# D2# D3# */
    struct signal s = signal_new(1, 5);
    struct sc_callerid_digits digits;
    uint64_t at = 0;
    sc_callerid_digits_reset(&digits);
    for (int i = 0; i < 200000; i++) {
        at += 500 + signal_random(&s) % (i % 50 == 0 ? 9000 : 1500);
        memset(&m, 0x55, sizeof m);
        if (sc_callerid_digits_take(&digits, alphabet[signal_random(&s) % 16], at, &m)) {
            CHECK(strspn(m.number, "0123456789") == strlen(m.number) && strlen(m.number) <= SC_CALLERID_NUMBER_MAX);
            CHECK(m.number_absent != SC_CALLERID_PRESENT || m.number[0] != '\0');
        }
    }
    signal_free(&s);
}

int main(void)
{
    RUN(test_numbers_in_all_forms);
    RUN(test_reasons_for_no_number);
    RUN(test_what_is_no_message);
    RUN(test_a_pause_begins_afresh);
    RUN(test_fuzz_every_short_string_and_random_long_ones);
    return CHECK_DONE();
}

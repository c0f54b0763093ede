/* Caller identity: demodulated here by correlation at each bit, byte by byte, and compared with the message. */
#include "signals.h"

#include <math.h>

static int16_t sound[LONGEST];

static double energy(const int16_t *x, size_t n, double hz)
{
    double re = 0.0;
    double im = 0.0;
    for (size_t i = 0; i < n; i++) {
        re += x[i] * cos(2.0 * TW_PI * hz * (double)i / TW_RATE_HZ);
        im += x[i] * sin(2.0 * TW_PI * hz * (double)i / TW_RATE_HZ);
    }
    return re * re + im * im;
}

static int bit_at(size_t bit, double mark_hz, double space_hz)
{
    size_t from = (size_t)ceil((double)bit * TW_RATE_HZ / 1200.0);
    return energy(sound + from, 6, mark_hz) > energy(sound + from, 6, space_hz);
}

static size_t demodulate(uint8_t *bytes, double mark_hz, double space_hz)
{
    size_t bit = 300;
    size_t count = 0;
    while (bit_at(bit, mark_hz, space_hz) == 1)
        bit++;
    CHECK_EQ(bit, 480); /* 300 of seizure, 180 marks */
    size_t length = 3;
    while (count < length) {
        unsigned value = 0;
        CHECK_EQ(bit_at(bit, mark_hz, space_hz), 0);
        for (unsigned i = 0; i < 8; i++)
            value |= (unsigned)bit_at(bit + 1 + i, mark_hz, space_hz) << i;
        CHECK_EQ(bit_at(bit + 9, mark_hz, space_hz), 1);
        bytes[count++] = (uint8_t)value;
        if (count == 2)
            length = value + 3u;
        bit += 10;
    }
    return count;
}

static void check_message(const struct tw_caller_id *id, const char *want, size_t length)
{
    struct tw_device *d = new_device();
    uint8_t bytes[300];
    unsigned sum = 0;
    CHECK_EQ(tw_say_caller_id(d, id), 0);
    run_device(d, NULL, sound, 2 * 8000);
    CHECK(!tw_speaking(d));
    bool v23 = id->modulation == TW_V23;
    size_t count = demodulate(bytes, v23 ? 1300.0 : 1200.0, v23 ? 2100.0 : 2200.0);
    CHECK_EQ(count, length + 1);
    CHECK(memcmp(bytes, want, length) == 0);
    for (size_t i = 0; i < count; i++)
        sum += bytes[i];
    CHECK_EQ(sum & 0xFFu, id->bad_checksum ? 1 : 0);
    CHECK_NEAR(tw_level_dbm0(sound + 800, 2000), id->level_dbm0, 0.3);
    tw_device_destroy(d);
}

static void messages_are_as_specified(void)
{
    struct tw_caller_id id = {.modulation = TW_V23, .format = TW_MDMF, .date = "11221015", .number = "4951234567",
                              .name = "IVANOV", .level_dbm0 = -13.5};
    check_message(&id, "\x80\x1e\x01\x08" "11221015" "\x02\x0a" "4951234567" "\x07\x06" "IVANOV", 32);
    id.modulation = TW_BELL202;
    id.bad_checksum = true;
    check_message(&id, "\x80\x1e\x01\x08" "11221015" "\x02\x0a" "4951234567" "\x07\x06" "IVANOV", 32);
    id.bad_checksum = false;
    id.withheld = true;
    check_message(&id, "\x80\x0d\x01\x08" "11221015" "\x04\x01" "P", 15);
    id.withheld = false;
    id.format = TW_SDMF;
    check_message(&id, "\x04\x12" "11221015" "4951234567", 20);
}

static void what_does_not_fit_is_refused(void)
{
    struct tw_device *d = new_device();
    struct tw_caller_id id = {.date = "1122", .number = "1", .name = "", .level_dbm0 = -13.5};
    CHECK_EQ(tw_say_caller_id(d, &id), EINVAL);
    id.date = "11221015";
    id.number = "12345678901234567890123456789012345678901";
    CHECK_EQ(tw_say_caller_id(d, &id), EINVAL);
    tw_device_destroy(d);
}

int main(void)
{
    RUN(messages_are_as_specified);
    RUN(what_does_not_fit_is_refused);
    return CHECK_DONE();
}

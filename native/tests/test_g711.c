/* G.711: every sample and every code against tables built from the decision values of tables 1a and 2a. */
#include "check.h"
#include "g711.h"

#include <stdint.h>
#include <stdlib.h>

struct law {
    int decision[129];   /* x1 .. x129 on the int16 scale */
    int output[128];     /* y1 .. y128 */
};

/* Table 1a: 32 intervals of 2 units, then six segments of 16 intervals of 4, 8 ... 128 units; one unit = 8. */
static void build_alaw(struct law *law)
{
    int n = 0, x = 0;
    for (; n < 32; n++, x += 2)
        law->decision[n] = x * 8;
    for (int size = 4; size <= 128; size *= 2)
        for (int i = 0; i < 16; i++, n++, x += size)
            law->decision[n] = x * 8;
    law->decision[128] = x * 8;
    CHECK_EQ(n, 128);
    CHECK_EQ(x, 4096);
    for (n = 0; n < 128; n++)
        law->output[n] = (law->decision[n] + law->decision[n + 1]) / 2;
}

/* Table 2a: one interval of 1 unit, 15 of 2, then seven segments of 16 intervals of 4 ... 256 units; one unit = 4. */
static void build_ulaw(struct law *law)
{
    int n = 1, x = 1;
    law->decision[0] = 0;
    for (; n < 16; n++, x += 2)
        law->decision[n] = x * 4;
    for (int size = 4; size <= 256; size *= 2)
        for (int i = 0; i < 16; i++, n++, x += size)
            law->decision[n] = x * 4;
    law->decision[128] = x * 4;
    CHECK_EQ(n, 128);
    CHECK_EQ(x, 8159);
    law->output[0] = 0;
    for (n = 1; n < 128; n++)
        law->output[n] = (law->decision[n] + law->decision[n + 1]) / 2;
}

static int interval_holds(const struct law *law, int number, int magnitude)
{
    int high = number == 127 ? 32769 : law->decision[number + 1];
    return magnitude >= law->decision[number] && magnitude <= high;
}

static void test_alaw_codes_decode_to_the_output_values(void)
{
    struct law law;
    build_alaw(&law);
    for (int number = 0; number < 128; number++) {
        uint8_t wire[2] = { (uint8_t)((0x80 | number) ^ 0x55), (uint8_t)(number ^ 0x55) };
        int16_t got[2];
        sc_alaw_decode(got, wire, 2);
        CHECK_EQ(got[0], law.output[number]);
        CHECK_EQ(got[1], -law.output[number]);
    }
}

static void test_ulaw_codes_decode_to_the_output_values(void)
{
    struct law law;
    build_ulaw(&law);
    for (int number = 0; number < 128; number++) {
        uint8_t wire[2] = { (uint8_t)~number, (uint8_t)~(0x80 | number) };
        int16_t got[2];
        sc_ulaw_decode(got, wire, 2);
        CHECK_EQ(got[0], law.output[number]);
        CHECK_EQ(got[1], -law.output[number]);
    }
}

static void test_every_sample_is_encoded_into_its_interval(void)
{
    struct law a, u;
    build_alaw(&a);
    build_ulaw(&u);
    int wrong_a = 0, wrong_u = 0;
    for (int sample = -32768; sample <= 32767; sample++) {
        int16_t in = (int16_t)sample;
        uint8_t code;
        sc_alaw_encode(&code, &in, 1);
        int plain = code ^ 0x55;
        if (((plain & 0x80) != 0) != (sample >= 0) || !interval_holds(&a, plain & 0x7F, abs(sample)))
            wrong_a++;
        sc_ulaw_encode(&code, &in, 1);
        plain = (uint8_t)~code;
        if (((plain & 0x80) == 0) != (sample >= 0) || !interval_holds(&u, plain & 0x7F, abs(sample)))
            wrong_u++;
    }
    CHECK_EQ(wrong_a, 0);
    CHECK_EQ(wrong_u, 0);
}

static void test_a_decoded_code_is_encoded_as_itself(void)
{
    for (int c = 0; c < 256; c++) {
        uint8_t code = (uint8_t)c, again;
        int16_t linear;
        sc_alaw_decode(&linear, &code, 1);
        sc_alaw_encode(&again, &linear, 1);
        CHECK_EQ(again, code);
        sc_ulaw_decode(&linear, &code, 1);
        sc_ulaw_encode(&again, &linear, 1);
        CHECK_EQ(again, c == 0x7F ? 0xFF : c);
    }
}

static void test_silence_and_empty_buffers(void)
{
    int16_t zero = 0, linear = 1;
    uint8_t code = 0;
    sc_alaw_encode(&code, &zero, 1);
    CHECK_EQ(code, SC_ALAW_SILENCE);
    sc_ulaw_encode(&code, &zero, 1);
    CHECK_EQ(code, SC_ULAW_SILENCE);
    sc_alaw_encode(&code, &zero, 0);
    sc_alaw_decode(&linear, &code, 0);
    CHECK_EQ(code, SC_ULAW_SILENCE);
    CHECK_EQ(linear, 1);
}

int main(void)
{
    RUN(test_alaw_codes_decode_to_the_output_values);
    RUN(test_ulaw_codes_decode_to_the_output_values);
    RUN(test_every_sample_is_encoded_into_its_interval);
    RUN(test_a_decoded_code_is_encoded_as_itself);
    RUN(test_silence_and_empty_buffers);
    return CHECK_DONE();
}

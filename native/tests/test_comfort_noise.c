/* Tests of comfort_noise.c, comfort_noise_payload.c and silence_detector.c: what is told of a noise is heard of it. */
#include "check.h"
#include "comfort_noise_payload.h"
#include "signal.h"
#include "silence_detector.h"

#include <errno.h>

enum { TICK = 80, SECOND = 8000 };

struct noise_heard {
    double dbm0, r1, r2; /* normalised correlation */
};

static struct noise_heard listen(struct sc_comfort_noise *noise)
{
    enum { N = 8 * SECOND };
    static double x[N];
    struct noise_heard heard = { 0 };
    double r0 = 0;
    for (int i = 0; i < N; i++)
        x[i] = (double)sc_comfort_noise_sample(noise);
    for (int i = 0; i + 2 < N; i++)
        r0 += x[i] * x[i], heard.r1 += x[i] * x[i + 1], heard.r2 += x[i] * x[i + 2];
    heard.dbm0 = 10 * log10(2 * r0 / N) - 20 * log10(signal_amplitude(0));
    heard.r1 /= r0;
    heard.r2 /= r0;
    return heard;
}

/* Coloured noise through describe, the payload, and set: level within 1 dB, colour the same. */
static void a_noise_survives_the_wire(void)
{
    static const double poles[] = { 0.9, 0.5, 0, -0.6 };
    for (size_t k = 0; k < 4; k++) {
        struct sc_comfort_noise ours, theirs;
        struct sc_comfort_noise_shape told, read;
        struct signal s = signal_new(4 * SECOND, k + 1);
        uint8_t octets[SC_COMFORT_NOISE_PAYLOAD_BYTES];
        float x[TICK];
        double y = 0;
        signal_noise(&s, 0, s.length, -55);
        sc_comfort_noise_init(&ours, -80, -40);
        sc_comfort_noise_init(&theirs, -80, -40);
        for (size_t i = 0; i < s.length; i++) {
            y = poles[k] * y + s.x[i] * sqrt(1 - poles[k] * poles[k]);
            x[i % TICK] = (float)y;
            if (i % TICK == TICK - 1)
                sc_comfort_noise_learn(&ours, x, TICK);
        }
        sc_comfort_noise_describe(&ours, &told);
        sc_comfort_noise_payload_build(octets, &told);
        CHECK_EQ(sc_comfort_noise_payload_parse(&read, octets, sizeof octets), 0);
        CHECK_NEAR(told.reflection[0], -poles[k], 0.1);
        for (int i = 0; i < SC_COMFORT_NOISE_ORDER; i++)
            CHECK_NEAR(read.reflection[i], told.reflection[i], 0.005);
        sc_comfort_noise_set(&theirs, &read);
        const struct noise_heard heard = listen(&theirs);
        CHECK_NEAR(heard.dbm0, -55, 1.5);
        CHECK_NEAR(heard.r1, poles[k], 0.1);
        CHECK_NEAR(heard.r2, poles[k] * poles[k], 0.15);
        signal_free(&s);
    }
}

static void a_level_alone_is_white_noise_of_that_level(void)
{
    struct sc_comfort_noise noise;
    struct sc_comfort_noise_shape shape;
    const uint8_t octets[] = { 66 }; /* -66 dBov; 0 dBov is 6.15 dBm0 */
    sc_comfort_noise_init(&noise, -90, -40);
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, 1), 0);
    sc_comfort_noise_set(&noise, &shape);
    const struct noise_heard heard = listen(&noise);
    CHECK_NEAR(heard.dbm0, -59.85, 0.3);
    CHECK_NEAR(heard.r1, 0, 0.05);
}

static void wrong_payloads_are_refused(void)
{
    struct sc_comfort_noise_shape shape = { .rms = 7 };
    uint8_t octets[300] = { 60 };
    memset(octets + 1, 127, sizeof octets - 1);
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, 0), EBADMSG);
    octets[0] = 128;
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, 1), EBADMSG);
    octets[0] = 255;
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, 9), EBADMSG);
    octets[0] = 60;
    octets[3] = 255;
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, 9), EBADMSG);
    CHECK_NEAR(shape.rms, 7, 0); /* untouched */
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, 3), 0);
    octets[3] = 254;
    CHECK_EQ(sc_comfort_noise_payload_parse(&shape, octets, sizeof octets), 0); /* more than we have room for */
    CHECK_NEAR(shape.reflection[2], 1, 0.001);
    CHECK_NEAR(shape.reflection[7], 0, 0.001);
}

/* Whatever is told, what is heard is finite and not loud. */
static void no_payload_makes_it_ring_or_roar(void)
{
    struct sc_comfort_noise noise;
    struct signal dice = signal_new(1, 3);
    int taken = 0, roars = 0;
    sc_comfort_noise_init(&noise, -90, -40);
    for (int trial = 0; trial < 3000; trial++) {
        struct sc_comfort_noise_shape shape;
        uint8_t octets[12];
        double most = 0;
        const size_t n = signal_random(&dice) % sizeof octets;
        for (size_t i = 0; i < n; i++)
            octets[i] = (uint8_t)(trial % 3 == 0 ? (i == 0 ? 0 : 254 * (signal_random(&dice) & 1)) : signal_random(&dice));
        if (sc_comfort_noise_payload_parse(&shape, octets, n) != 0)
            continue;
        taken++;
        sc_comfort_noise_set(&noise, &shape);
        for (int i = 0; i < 400; i++)
            most = fmax(most, fabs((double)sc_comfort_noise_sample(&noise)));
        roars += most > 2000; /* 14 dB over the loudest that is allowed */
    }
    CHECK_EQ(roars, 0);
    CHECK(taken > 500);
    signal_free(&dice);
}

/* --- silence --- */

static int silent_ticks(struct sc_silence_detector *detector, const struct signal *s, size_t from, size_t to)
{
    int silent = 0;
    int16_t *x = signal_samples(s);
    for (size_t i = from; i + TICK <= to; i += TICK)
        silent += sc_silence_detector_process(detector, x + i, TICK);
    free(x);
    return silent;
}

static void steady_quiet_is_silence_and_nothing_else(void)
{
    static const struct {
        double noise, tone;
        int least, most; /* silent ticks of 1000 */
    } cases[] = { { -50, -120, 950, 976 }, { -65, -120, 950, 976 }, { -120, -120, 970, 976 }, { -40, -120, 0, 0 },
                  { -70, -30, 0, 0 },      { -70, -43, 0, 0 } };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct sc_silence_detector detector;
        struct signal s = signal_new(10 * SECOND, k + 5);
        signal_noise(&s, 0, s.length, cases[k].noise);
        signal_sine(&s, 0, s.length, 425, cases[k].tone, 0);
        sc_silence_detector_reset(&detector);
        const int silent = silent_ticks(&detector, &s, 0, s.length);
        printf("silence: noise %.0f dBm0, tone %.0f dBm0: %d of 1000 ticks\n", cases[k].noise, cases[k].tone, silent);
        CHECK(silent >= cases[k].least && silent <= cases[k].most);
        signal_free(&s);
    }
}

static void a_voice_ends_it_at_once_and_its_end_is_waited_for(void)
{
    struct sc_silence_detector detector;
    struct signal s = signal_new(10 * SECOND, 2);
    signal_noise(&s, 0, s.length, -60);
    signal_sine(&s, 5 * SECOND, SECOND, 300, -30, 0.5);
    sc_silence_detector_reset(&detector);
    CHECK(silent_ticks(&detector, &s, 0, 5 * SECOND) > 450);
    CHECK_EQ(silent_ticks(&detector, &s, 5 * SECOND, 6 * SECOND + 24 * TICK), 0);
    CHECK(silent_ticks(&detector, &s, 6 * SECOND + 24 * TICK, 10 * SECOND) > 360);
    signal_free(&s);
}

int main(void)
{
    RUN(a_noise_survives_the_wire);
    RUN(a_level_alone_is_white_noise_of_that_level);
    RUN(wrong_payloads_are_refused);
    RUN(no_payload_makes_it_ring_or_roar);
    RUN(steady_quiet_is_silence_and_nothing_else);
    RUN(a_voice_ends_it_at_once_and_its_end_is_waited_for);
    return CHECK_DONE();
}

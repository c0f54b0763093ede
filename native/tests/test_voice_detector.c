/* Tests of voice_detector.c: a voice is one, whatever tone a city line sends is none, and silence is told once. */
#include "check.h"
#include "signal.h"
#include "voice_detector.h"

enum { TICK = 80, SECOND = 8000 };

struct told {
    int began, ended;
    double first_ms, end_ms;
};

static struct told listen_beside(const struct signal *s, const int16_t *heard)
{
    struct sc_voice_detector d;
    struct told told = { 0 };
    int16_t *x = signal_samples(s);
    sc_voice_detector_reset(&d);
    for (size_t i = 0; i + TICK <= s->length; i += TICK) {
        switch (sc_voice_detector_process(&d, x + i, heard == NULL ? NULL : heard + i, false, TICK)) {
        case SC_VOICE_BEGAN:
            if (told.began++ == 0)
                told.first_ms = (double)(i + TICK) / 8.0;
            break;
        case SC_VOICE_ENDED:
            told.ended++;
            told.end_ms = (double)(i + TICK) / 8.0;
            break;
        case SC_VOICE_NO_NEWS:
            break;
        }
    }
    free(x);
    return told;
}

static struct told listen(const struct signal *s)
{
    return listen_beside(s, NULL);
}

static void a_voice_is_found_within_half_a_second_and_a_faint_one_within_one(void)
{
    for (int level = -15; level >= -40; level -= 5) {
        struct signal s = signal_new(6 * SECOND, (uint64_t)-level);
        signal_noise(&s, 0, s.length, -55);
        signal_voice(&s, 2 * SECOND, 3 * SECOND, level);
        const struct told told = listen(&s);
        CHECK_EQ(told.began, 1);
        CHECK(told.first_ms > 2000);
        CHECK(told.first_ms <= (level >= -30 ? 2500 : 3000));
        signal_free(&s);
    }
}

static void its_end_is_told_two_seconds_later(void)
{
    struct signal s = signal_new(8 * SECOND, 5);
    signal_noise(&s, 0, s.length, -60);
    signal_voice(&s, SECOND, 2 * SECOND, -20);
    const struct told told = listen(&s);
    CHECK_EQ(told.began, 1);
    CHECK_EQ(told.ended, 1);
    CHECK_NEAR(told.end_ms, 5000, 60);
    signal_free(&s);
}

static void a_line_on_which_nobody_ever_spoke_is_told_once(void)
{
    for (int noise = -70; noise <= -40; noise += 10) {
        struct signal s = signal_new(20 * SECOND, 7);
        signal_noise(&s, 0, s.length, noise);
        const struct told told = listen(&s);
        CHECK_EQ(told.began, 0);
        CHECK_EQ(told.ended, 1);
        CHECK_NEAR(told.end_ms, 2000, 40);
        signal_free(&s);
    }
}

static void put_cadence(struct signal *s, const double *hz, size_t count, uint32_t on_ms, uint32_t off_ms, double dbm0)
{
    const size_t on = 8 * on_ms, off = 8 * off_ms;
    for (size_t at = SECOND; at + on <= s->length; at += on + off)
        for (size_t k = 0; k < count; k++)
            signal_sine(s, at, on, hz[k], dbm0, 6.28 * signal_uniform(s));
}

/* Dial, ringback, busy, congestion, stutter of one frequency (30 dB over the noise) and of two, DTMF (40 dB). */
static void no_tone_is_a_voice(void)
{
    static const double hz[][2] = { { 425, 425 }, { 350, 440 }, { 480, 620 }, { 400, 450 }, { 440, 480 }, { 697, 1209 }, { 941, 1477 } };
    static const uint32_t cadences[][2] = { { 100, 100 }, { 175, 175 }, { 350, 350 }, { 500, 500 }, { 1000, 4000 }, { 2000, 4000 },
                                            { 9000, 100 }, { 80, 80 } };
    for (size_t h = 0; h < 7; h++) {
        for (size_t c = 0; c < 8; c++) {
            for (int level = -5; level >= -30; level -= 5) {
                struct signal s = signal_new(20 * SECOND, h * 100 + c * 10 + 1);
                signal_noise(&s, 0, s.length, level - (h == 0 ? 30 : 40));
                put_cadence(&s, hz[h], h == 0 ? 1 : 2, cadences[c][0], cadences[c][1], level);
                const struct told told = listen(&s);
                CHECK_EQ(told.began, 0);
                if (told.began != 0)
                    printf("%g + %g Hz %u/%u ms %d dBm0: a voice at %g ms\n", hz[h][0], hz[h][1], cadences[c][0],
                           cadences[c][1], level, told.first_ms);
                signal_free(&s);
            }
        }
    }
}

/* Before the canceller has converged: 14 dB and more below what is played, with the hybrid's delay. */
static void the_echo_of_the_other_party_is_no_voice_of_this_one(void)
{
    struct signal spoken = signal_new(8 * SECOND, 3), s = signal_new(8 * SECOND, 4);
    signal_voice(&spoken, SECOND, 6 * SECOND, -15);
    signal_noise(&s, 0, s.length, -60);
    for (size_t i = 40; i < s.length; i++)
        s.x[i] += 0.2 * spoken.x[i - 40];
    int16_t *heard = signal_samples(&spoken);
    CHECK_EQ(listen(&s).began, 1);
    CHECK_EQ(listen_beside(&s, heard).began, 0);
    signal_voice(&s, 2 * SECOND, 2 * SECOND, -18); /* and both at once are */
    CHECK_EQ(listen_beside(&s, heard).began, 1);
    free(heard);
    signal_free(&spoken);
    signal_free(&s);
}

int main(void)
{
    RUN(a_voice_is_found_within_half_a_second_and_a_faint_one_within_one);
    RUN(its_end_is_told_two_seconds_later);
    RUN(a_line_on_which_nobody_ever_spoke_is_told_once);
    RUN(no_tone_is_a_voice);
    RUN(the_echo_of_the_other_party_is_no_voice_of_this_one);
    return CHECK_DONE();
}

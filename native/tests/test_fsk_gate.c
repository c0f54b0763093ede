/* fsk_gate: opens on marks, and on nothing that lasts for hours on a line. */
#include "check.h"
#include "fsk_gate.h"
#include "fsk_signal.h"

/* Hops at which it stands open. */
static unsigned openings(const struct signal *s)
{
    struct sc_fsk_gate gate;
    unsigned open = 0;
    int16_t *x = signal_samples(s);
    sc_fsk_gate_design(&gate);
    sc_fsk_gate_reset(&gate);
    for (size_t i = 0; i + SC_FSK_GATE_HOP <= s->length; i += SC_FSK_GATE_HOP)
        open += sc_fsk_gate_take(&gate, x + i);
    free(x);
    return open;
}

static void test_marks_open_it_at_6_db_and_at_minus_48_dbm0(void)
{
    for (int v23 = 0; v23 < 2; v23++)
        for (uint64_t seed = 1; seed <= 40; seed++)
            for (int quiet = 0; quiet < 2; quiet++) {
                struct signal s = signal_new(4000, seed);
                double level = quiet ? -48.0 : -15.0;
                signal_sine(&s, 1000 + seed, 533, v23 ? 1300 : 1200, level, 6 * signal_uniform(&s));    /* 80 bits */
                signal_noise(&s, 0, s.length, quiet ? -70.0 : level - 6.0);
                CHECK(openings(&s) >= 1);
                signal_free(&s);
            }
}

static void test_marks_open_it_over_hum_and_the_ringing_that_leaks(void)
{
    struct signal s = signal_new(4000, 3);
    signal_sine(&s, 1000, 1200, 1200, -30.0, 1.0);
    signal_sine(&s, 0, 4000, 50, -20.0, 2.0);
    signal_sine(&s, 0, 4000, 25, -10.0, 3.0);
    CHECK(openings(&s) >= 10);
    signal_free(&s);
}

static void test_noise_hum_tones_and_silence_do_not_open_it(void)
{
    struct signal s = signal_new(8000 * 600, 7);
    signal_noise(&s, 0, s.length, -20.0);
    CHECK_EQ(openings(&s), 0);
    signal_free(&s);
    static const double tones[] = { 25, 50, 350, 425, 440, 480, 620, 1000, 1400, 1700, 2100, 2200, 2750 };
    for (size_t i = 0; i < sizeof tones / sizeof *tones; i++) {
        s = signal_new(16000, 8);
        signal_sine(&s, 0, s.length, tones[i], -10.0, 0.0);
        CHECK_EQ(openings(&s), 0);
        signal_free(&s);
    }
    s = signal_new(16000, 9);
    CHECK_EQ(openings(&s), 0);
    signal_sine(&s, 0, s.length, 1200, -66.0, 0.0);
    CHECK_EQ(openings(&s), 0);
    signal_free(&s);
}

int main(void)
{
    RUN(test_marks_open_it_at_6_db_and_at_minus_48_dbm0);
    RUN(test_marks_open_it_over_hum_and_the_ringing_that_leaks);
    RUN(test_noise_hum_tones_and_silence_do_not_open_it);
    return CHECK_DONE();
}

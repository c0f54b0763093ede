/* A sound card port after an xrun: the card's counters say by how much captured and played have moved against one another, and
 * the canceller goes on where it was; and a card that is pulled out, hangs or runs off its clock. The card is one of
 * arithmetic (fake_card.h). */
#include "check.h"

#ifdef SC_HAVE_ALSA

#include "alsa_port.h"
#include "fake_card.h"
#include "signal.h"

enum { TICK = 80, TICK_FRAMES = 480 };

static bool absent_at_first;            /* the port is made without its card */

/* --- a port on it ------------------------------------------------------------------------------------------------ */

struct rig {
    struct sc_echo_canceller *canceller;
    struct sc_alsa_port *port;
    struct signal far;
    int16_t *played;
    size_t at;
    bool absent;                        /* the port is to say that its card is not there */
};

static void open_rig(struct rig *rig, uint64_t seed)
{
    struct sc_echo_canceller_settings settings;
    sc_echo_canceller_settings_default(&settings);
    settings.span_samples = 1792;
    settings.nlp = false;               /* what the filter takes away is judged */
    rig->far = signal_new(8000 * 30, seed);
    signal_noise(&rig->far, 0, rig->far.length, -18);
    rig->played = signal_samples(&rig->far);
    rig->at = 0;
    rig->absent = false;
    now = 1 << 20;
    CHECK_EQ(sc_echo_canceller_create(&rig->canceller, &settings), 0);
    struct sc_alsa_port_settings port = { .device = "fake0", .sides = 1, .canceller = rig->canceller, .absent = absent_at_first,
                                          .full_scale_dbm0 = 3.14f, .playback_full_scale_dbm0 = 3.14f };
    CHECK_EQ(sc_alsa_port_create(&rig->port, &port), 0);
    sc_alsa_port_set(rig->port, true, false, true, true);
}

static void close_rig(struct rig *rig)
{
    sc_alsa_port_destroy(rig->port);
    sc_echo_canceller_destroy(rig->canceller);
    free(rig->played);
    signal_free(&rig->far);
}

/* So many ms of ticks; the loss from what was captured to what the core got, in their last 100 ms. */
static double run_ms(struct rig *rig, int ms)
{
    struct sc_alsa_port_statistics figures;
    double energy = 0;
    int counted = 0;
    for (int t = 0; t < ms / 10; t++) {
        int16_t captured[TICK], linear[TICK];
        pass(TICK_FRAMES);
        sc_alsa_port_service(rig->port);
        const int error = sc_alsa_port_exchange(rig->port, rig->played + rig->at, captured, linear, TICK);
        CHECK_EQ(error, rig->absent ? ENODEV : 0);
        rig->at = (rig->at + TICK) % (rig->far.length - TICK);
        for (int i = 0; i < TICK && t >= ms / 10 - 10; i++, counted++)
            energy += (double)captured[i] * captured[i];
    }
    sc_alsa_port_statistics(rig->port, &figures);
    const double left = 10 * log10(2 * energy / counted + 1e-9) - 20 * log10(32767.0) + 3.14;
    return (double)figures.captured_dbm0 - left;
}

static struct sc_alsa_port_statistics figures_of(const struct rig *rig)
{
    struct sc_alsa_port_statistics figures;
    sc_alsa_port_statistics(rig->port, &figures);
    return figures;
}

static int32_t delay_of(const struct rig *rig)
{
    struct sc_echo_canceller_state state;
    sc_echo_canceller_get_state(rig->canceller, &state);
    return state.delay_samples;
}

/* --- what happens to it ------------------------------------------------------------------------------------------ */

static void test_within_200_ms_of_an_xrun_the_echo_is_gone_again(void)
{
    double least = 99;
    for (int k = 0; k < 8; k++) {
        struct rig rig;
        open_rig(&rig, 40 + (uint64_t)k);
        const double before = run_ms(&rig, 5000);
        const int32_t delay = delay_of(&rig);
        CHECK(before > 20);
        pass(TICK_FRAMES * 5 + 1111 * k);       /* nobody serves the card for 50 ms and more: both buffers end */
        const double after = run_ms(&rig, 300); /* the last 100 ms of it */
        least = fmin(least, after - before);
        CHECK(figures_of(&rig).playback_xruns + figures_of(&rig).capture_xruns > 0);
        CHECK(after > before - 3);
        CHECK(run_ms(&rig, 1000) > before - 3);
        CHECK_EQ(delay_of(&rig), delay);
        close_rig(&rig);
    }
    printf("xrun: 200..300 ms after it the loss is %.1f dB less at the worst of 8\n", -least);
}

static void test_frames_that_a_card_loses_silently_are_noticed(void)
{
    struct rig rig;
    open_rig(&rig, 77);
    const double before = run_ms(&rig, 5000);
    to_lose = 31 * STEP;                        /* whole packets of a USB card */
    const double after = run_ms(&rig, 330);     /* 31 ms in which it happens, and 300 */
    CHECK_EQ(figures_of(&rig).capture_xruns, 0);
    CHECK(after > before - 3);
    close_rig(&rig);
}

static void test_xrun_after_xrun(void)
{
    struct rig rig;
    open_rig(&rig, 5);
    const double before = run_ms(&rig, 5000);
    for (int k = 0; k < 6; k++) {
        pass(TICK_FRAMES * (5 + k));
        CHECK(run_ms(&rig, 300) > before - 3);
    }
    CHECK(figures_of(&rig).playback_xruns + figures_of(&rig).capture_xruns >= 6);
    CHECK(!figures_of(&rig).gone);
    close_rig(&rig);
}

static void test_a_plug_in_is_realigned_too(void)
{
    struct rig rig;
    reports_hardware = 0;
    open_rig(&rig, 9);
    const double before = run_ms(&rig, 5000);
    pass(TICK_FRAMES * 7);
    CHECK(run_ms(&rig, 300) > before - 3);
    close_rig(&rig);
    reports_hardware = 1;
}

/* One tick in which the card may say either. */
static void tick_over(struct rig *rig)
{
    int16_t captured[TICK], linear[TICK];
    pass(TICK_FRAMES);
    sc_alsa_port_service(rig->port);
    (void)sc_alsa_port_exchange(rig->port, rig->played + rig->at, captured, linear, TICK);
}

static void test_a_card_that_was_pulled_out_is_given_up_closed_and_taken_back(void)
{
    struct rig rig;
    open_rig(&rig, 11);
    const double before = run_ms(&rig, 5000);
    CHECK_EQ(sc_alsa_port_unplug(rig.port), EBUSY);         /* it runs */
    CHECK_EQ(sc_alsa_port_plug(rig.port, "fake0", NULL), EBUSY);
    pulled = true;
    tick_over(&rig);
    CHECK(figures_of(&rig).gone);
    rig.absent = true;
    run_ms(&rig, 2000);
    const uint64_t captured = figures_of(&rig).captured_samples;
    CHECK_EQ(opened, 2);
    CHECK_EQ(sc_alsa_port_unplug(rig.port), 0);
    CHECK_EQ(opened, 0);                                    /* the kernel can let it go */
    CHECK_EQ(sc_alsa_port_plug(rig.port, "fake0", NULL), ENOENT);
    run_ms(&rig, 100);
    CHECK(figures_of(&rig).gone);
    pulled = false;
    CHECK_EQ(sc_alsa_port_plug(rig.port, "fake0", NULL), 0);
    CHECK(figures_of(&rig).gone);                           /* until the next service takes it */
    CHECK_EQ(sc_alsa_port_plug(rig.port, "fake0", NULL), EBUSY);
    rig.absent = false;
    const double after = run_ms(&rig, 500);
    CHECK(!figures_of(&rig).gone);
    CHECK(figures_of(&rig).captured_samples > captured + 3000);
    printf("pulled out and back: the echo is %.1f dB down, %.1f dB before\n", after, before);
    CHECK(after > before - 6);                              /* what the canceller knew is still so */
    close_rig(&rig);
    CHECK_EQ(opened, 0);
}

static void test_a_card_that_is_not_there_at_first_comes_when_it_is_plugged(void)
{
    struct rig rig;
    absent_at_first = true;
    open_rig(&rig, 12);
    absent_at_first = false;
    rig.absent = true;
    run_ms(&rig, 500);
    CHECK(figures_of(&rig).gone);
    CHECK_EQ(figures_of(&rig).capture_xruns + figures_of(&rig).playback_xruns, 0);
    CHECK_EQ(sc_alsa_port_plug(rig.port, "fake0", "fake0"), 0);
    rig.absent = false;
    CHECK(run_ms(&rig, 5000) > 20);
    CHECK_EQ(figures_of(&rig).slips, 0);
    close_rig(&rig);
}

static void test_a_card_that_hangs_is_started_anew_and_then_given_up(void)
{
    struct rig rig;
    open_rig(&rig, 13);
    run_ms(&rig, 1000);
    hangs = true;
    run_ms(&rig, 1500);
    CHECK(!figures_of(&rig).gone);
    CHECK(figures_of(&rig).capture_xruns > 0);
    hangs = false;
    run_ms(&rig, 500);
    const uint64_t captured = figures_of(&rig).captured_samples;
    run_ms(&rig, 100);
    CHECK(figures_of(&rig).captured_samples > captured);
    hangs = true;
    for (int i = 0; i < 600; i++)
        tick_over(&rig);
    CHECK(figures_of(&rig).gone);
    hangs = false;
    close_rig(&rig);
}

/* The figure that names a card whose clock is off: frames come 1,000 ppm too fast. */
static void test_the_clock_of_a_card_that_is_1000_ppm_off_is_known(void)
{
    struct rig rig;
    open_rig(&rig, 14);
    for (int i = 0; i < 6000; i++) {
        tick_over(&rig);
        pass(i % 25 == 0 ? 12 : 0);     /* 0.48 frames a tick of 480, in lumps of a quarter millisecond */
    }
    const struct sc_alsa_port_statistics figures = figures_of(&rig);
    printf("a card 1,000 ppm too fast is measured at %.0f ppm, played to at %.0f ppm\n", (double)figures.capture_ppm,
           (double)figures.playback_ppm);
    CHECK_NEAR(figures.capture_ppm, 1000, 40);
    CHECK_NEAR(figures.playback_ppm, -1000, 40);
    CHECK_EQ(figures.slips, 0);
    close_rig(&rig);
}

int main(void)
{
    RUN(test_a_card_that_was_pulled_out_is_given_up_closed_and_taken_back);
    RUN(test_a_card_that_is_not_there_at_first_comes_when_it_is_plugged);
    RUN(test_a_card_that_hangs_is_started_anew_and_then_given_up);
    RUN(test_the_clock_of_a_card_that_is_1000_ppm_off_is_known);
    RUN(test_within_200_ms_of_an_xrun_the_echo_is_gone_again);
    RUN(test_frames_that_a_card_loses_silently_are_noticed);
    RUN(test_xrun_after_xrun);
    RUN(test_a_plug_in_is_realigned_too);
    return CHECK_DONE();
}

#else

int main(void)
{
    printf("built without ALSA: no card to lose frames\n");
    CHECK(1);
    return CHECK_DONE();
}

#endif

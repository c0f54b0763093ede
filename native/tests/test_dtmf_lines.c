/* dtmf_receiver on lines as they are: the echo of a hybrid, a word before the key, music that happens to fit. */
#include "check.h"
#include "dtmf_receiver.h"
#include "g168.h"
#include "signal.h"

#define DIGITS 16

static const double low_hz[4] = { 697, 770, 852, 941 };
static const double high_hz[4] = { 1209, 1336, 1477, 1633 };
static const char layout[] = "123A456B789C*0#D";

struct heard {
    unsigned starts, ends;
    char digit;
};

static struct heard hear(const struct signal *s)
{
    struct heard heard = { 0 };
    struct sc_dtmf_receiver *receiver = NULL;
    struct sc_dtmf_event event;
    int16_t *x = signal_samples(s);
    CHECK_EQ(sc_dtmf_receiver_create(&receiver, NULL), 0);
    for (size_t i = 0; i + 80 <= s->length; i += 80) {
        sc_dtmf_receiver_process(receiver, x + i, 80);
        while (sc_dtmf_receiver_next(receiver, &event)) {
            heard.starts += event.type == SC_DTMF_START;
            heard.ends += event.type == SC_DTMF_END;
            heard.digit = event.digit;
        }
    }
    sc_dtmf_receiver_destroy(receiver);
    free(x);
    return heard;
}

static int is_only(const struct heard *heard, int digit)
{
    return heard->starts == 1 && heard->ends == 1 && heard->digit == layout[digit];
}

static void press(struct signal *s, int digit, size_t at, size_t ms)
{
    signal_sine(s, at, ms * 8, low_hz[digit / 4], -12.0, 6.28 * signal_uniform(s));
    signal_sine(s, at, ms * 8, high_hz[digit % 4], -12.0, 6.28 * signal_uniform(s));
}

/* Two strings plucked: each dies away; the second one `later` ms after the first. */
static void pluck(struct signal *s, int digit, size_t at, size_t later, bool high_first)
{
    const double hz[2] = { low_hz[digit / 4], high_hz[digit % 4] };
    for (int t = 0; t < 2; t++) {
        size_t from = at + ((t == 1) == high_first ? 0 : later * 8);
        for (size_t i = 0; from + i < s->length; i++)
            s->x[from + i] += 4000.0 * exp(-(double)i / 1600.0) * sin(2 * SIGNAL_PI * hz[t] * (double)i / 8000.0);
    }
}

static void test_notes_that_begin_one_after_the_other_are_no_digit(void)
{
    int accepted = 0;
    for (int d = 0; d < DIGITS; d++)
        for (size_t later = 40; later <= 160; later += 40)
            for (int high_first = 0; high_first < 2; high_first++) {
                struct signal s = signal_new(8000, (uint64_t)d + 1);
                pluck(&s, d, 1600, later, high_first == 1);
                accepted += hear(&s).starts > 0;
                signal_free(&s);
            }
    CHECK_EQ(accepted, 0);
}

static void test_a_key_pressed_in_the_middle_of_a_word_is_heard(void)
{
    int heard = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int i = 0; i < 8; i++) {
            struct signal s = signal_new(6400, (uint64_t)(d * 40 + i + 5277));
            size_t at = 3200 + 11 * (size_t)i;
            signal_voice(&s, 0, s.length, -15.0);
            signal_mute(&s, at, s.length);          /* the key cuts the microphone off */
            press(&s, d, at, 70);
            struct heard h = hear(&s);
            heard += is_only(&h, d);
            signal_free(&s);
        }
    CHECK_EQ(heard, 8 * DIGITS);
}

/* Loss of a tone, or gain, where the hybrid's echo has settled. */
static double with_echo_db(const struct g168_path *path, double hz)
{
    double real = 1.0, imaginary = 0.0;
    for (size_t i = 0; i < path->n_taps; i++) {
        double angle = 2 * SIGNAL_PI * hz * (double)(i + path->delay) / 8000.0;
        real += path->taps[i] * cos(angle);
        imaginary -= path->taps[i] * sin(angle);
    }
    return 10.0 * log10(real * real + imaginary * imaginary);
}

static void test_digits_through_a_hybrids_echo_of_6_db(void)
{
    int wrong = 0, beyond = 0;
    for (int d = 0; d < DIGITS; d++)
        for (int model = 1; model <= 8; model++)
            for (size_t delay = 0; delay < 200; delay += 19) {
                static struct g168_path path;
                struct signal s = signal_new(3200, (uint64_t)(d * 4000 + model * 300) + delay);
                size_t at = 800 + signal_random(&s) % 80;
                memset(&path, 0, sizeof path);
                g168_path_set(&path, model, 6, delay);
                press(&s, d, at, 60);
                for (size_t i = 0; i < s.length; i++)
                    s.x[i] += g168_path_run(&path, s.x[i]);
                double twist = with_echo_db(&path, high_hz[d % 4]) - with_echo_db(&path, low_hz[d / 4]);
                struct heard h = hear(&s);
                if (fabs(twist) > 19.0)
                    beyond++;                       /* hardly a second tone left */
                else
                    wrong += !is_only(&h, d);
                CHECK(h.starts <= 1);
                signal_free(&s);
            }
    CHECK_EQ(wrong, 0);
    CHECK(beyond < 10);
    printf("DTMF through a hybrid's echo: %d of 1408 with more than 19 dB of twist\n", beyond);
}

int main(void)
{
    RUN(test_notes_that_begin_one_after_the_other_are_no_digit);
    RUN(test_a_key_pressed_in_the_middle_of_a_word_is_heard);
    RUN(test_digits_through_a_hybrids_echo_of_6_db);
    return CHECK_DONE();
}

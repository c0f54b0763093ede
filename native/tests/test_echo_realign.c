/* sc_echo_canceller_realign: rin and sin jump together to another moment, as a card's do after an xrun. */
#include "check.h"
#include "echo_canceller.h"
#include "g168.h"

enum { TICK = 80, SECOND = 8000, SPAN = 1024, JUMP_AT = 6 * SECOND };

enum telling { TOLD, TOLD_SILENCE, NOT_TOLD };

static int16_t played[12 * SECOND];

struct outcome {
    double lost_db;             /* loss 100..450 ms after the jump against that before it */
    uint32_t diverged;
    int32_t delay_before, delay_after;
};

static double decibels(const double *energy)
{
    return 10 * log10((energy[0] + 1) / (energy[1] + 1));
}

static struct outcome jump(int model, size_t delay, size_t samples, enum telling telling, size_t told)
{
    static struct g168_path path;
    static const int16_t silence[2 * SPAN];
    struct sc_echo_canceller_settings settings;
    struct sc_echo_canceller_state state = { 0 };
    struct sc_echo_canceller *ec = NULL;
    struct outcome o = { 0 };
    double before[2] = { 0, 0 }, after[2] = { 0, 0 };
    sc_echo_canceller_settings_default(&settings);
    settings.nlp = false;
    CHECK_EQ(sc_echo_canceller_create(&ec, &settings), 0);
    memset(&path, 0, sizeof path);
    g168_path_set(&path, model, 10, delay);
    for (size_t t = 0; t < JUMP_AT + samples + 3600; t += TICK) {
        int16_t sin_[TICK], sout[TICK];
        /* Silent before the end of the jump where silence is told: the card had stopped. */
        const bool stopped = telling == TOLD_SILENCE && t >= JUMP_AT && t < JUMP_AT + samples;
        for (size_t i = 0; i < TICK; i++) {
            played[t + i] = stopped ? 0 : g168_sample(g168_css(t + i) * g168_rms(-12));
            sin_[i] = g168_sample(g168_path_run(&path, played[t + i]) + (double)((t + i) * 7919 % 41) - 20);
        }
        if (t >= JUMP_AT && t < JUMP_AT + samples)
            continue;
        if (t == JUMP_AT + samples) {
            sc_echo_canceller_get_state(ec, &state);
            o.delay_before = state.delay_samples;
            if (telling == TOLD)
                sc_echo_canceller_realign(ec, played + t - told, told);
            else if (telling == TOLD_SILENCE)
                sc_echo_canceller_realign(ec, silence, told);
        }
        CHECK_EQ(sc_echo_canceller_process(ec, played + t, sin_, sout, TICK), 0);
        double *energy = t < JUMP_AT ? before : after;
        const bool counts = t < JUMP_AT ? t >= JUMP_AT - 2 * SECOND : t >= JUMP_AT + samples + 800;
        for (size_t i = 0; i < TICK && counts; i++) {
            energy[0] += (double)sin_[i] * sin_[i];
            energy[1] += (double)sout[i] * sout[i];
        }
    }
    sc_echo_canceller_get_state(ec, &state);
    o.lost_db = decibels(before) - decibels(after);
    o.diverged = state.diverged;
    o.delay_after = state.delay_samples;
    CHECK(decibels(before) > 15);
    sc_echo_canceller_destroy(ec);
    return o;
}

static void test_a_canceller_that_is_told_goes_on_where_it_was(void)
{
    for (int k = 0; k < 8; k++) {
        const size_t samples = (size_t)(k + 1) * 4 * TICK;
        const struct outcome o = jump(k + 1, 100 + (size_t)k * 80, samples, TOLD, SPAN + (size_t)k); /* no whole blocks either */
        CHECK(o.lost_db < 1);
        CHECK_EQ(o.diverged, 0);
        CHECK(o.delay_before >= 0 && o.delay_after == o.delay_before);
    }
}

static void test_silence_before_the_jump_is_told_as_silence(void)
{
    for (int k = 0; k < 4; k++) {
        const struct outcome o = jump(k + 1, 300, 30 * TICK, TOLD_SILENCE, 2 * SPAN);
        CHECK(o.lost_db < 1);
        CHECK_EQ(o.diverged, 0);
    }
}

/* The wrong way: else the two tests above show nothing. */
static void test_one_that_is_not_told_pays_for_it(void)
{
    double most = 0;
    for (int k = 0; k < 8; k++)
        most = fmax(most, jump(k + 1, 100 + (size_t)k * 80, (size_t)(k + 1) * 4 * TICK, NOT_TOLD, 0).lost_db);
    CHECK(most > 3);
}

int main(void)
{
    RUN(test_a_canceller_that_is_told_goes_on_where_it_was);
    RUN(test_silence_before_the_jump_is_told_as_silence);
    RUN(test_one_that_is_not_told_pays_for_it);
    return CHECK_DONE();
}

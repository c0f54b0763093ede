/* tone_disabler and echo_policy with a canceller: machines get the line to themselves, and people get their canceller back. */
#include "check.h"
#include "echo_policy.h"
#include "signal.h"

enum { TICK = 80, HYBRID = 40 };
#define ECHO 0.3

/* A canceller on a hybrid; what the line says is sin less the echo. */
struct rig {
    struct sc_echo_canceller *canceller;
    struct sc_echo_policy policy;
    int16_t past[HYBRID];
    size_t position;
    unsigned changed;                   /* samples that left the canceller other than they came */
    double in, out;                     /* energies */
};

static void open_rig(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    sc_echo_policy_init(&rig->policy);
    sc_echo_policy_set(&rig->policy, true, true);
    CHECK_EQ(sc_echo_canceller_create(&rig->canceller, NULL), 0);
}

/* far is played, near is said; both as long as the shorter. */
static void run(struct rig *rig, const struct signal *far, const struct signal *near)
{
    int16_t *played = signal_samples(far), *said = signal_samples(near);
    rig->changed = 0;
    rig->in = rig->out = 1e-9;
    for (size_t at = 0; at + TICK <= far->length && at + TICK <= near->length; at += TICK) {
        int16_t sin_[TICK], sout[TICK];
        for (size_t i = 0; i < TICK; i++, rig->position++) {
            sin_[i] = (int16_t)lrint(said[at + i] + ECHO * rig->past[rig->position % HYBRID]);
            rig->past[rig->position % HYBRID] = played[at + i];
        }
        CHECK_EQ(sc_echo_canceller_process(rig->canceller, played + at, sin_, sout, TICK), 0);
        sc_echo_policy_process(&rig->policy, rig->canceller, played + at, sin_, TICK);
        if (sc_echo_policy_stands_aside(&rig->policy, sin_, sout, TICK))
            memcpy(sout, sin_, sizeof sout);
        for (size_t i = 0; i < TICK; i++) {
            rig->changed += sout[i] != sin_[i];
            rig->in += (double)sin_[i] * sin_[i];
            rig->out += (double)sout[i] * sout[i];
        }
    }
    free(played);
    free(said);
}

static double removed_db(const struct rig *rig)
{
    return 10 * log10(rig->in / rig->out);
}

static struct signal silence(double seconds)
{
    return signal_new((size_t)(seconds * 8000), 1);
}

static struct signal noise(double seconds, double dbm0, uint64_t seed)
{
    struct signal s = signal_new((size_t)(seconds * 8000), seed);
    signal_noise(&s, 0, s.length, dbm0);
    return s;
}

static struct signal answer(double seconds, double reversal_ms)
{
    struct signal s = signal_new((size_t)(seconds * 8000), 2);
    for (size_t i = 0; i < s.length; i++) {
        const double sign = reversal_ms > 0 && (size_t)((double)i / 8 / reversal_ms) % 2 == 1 ? -1 : 1;
        s.x[i] = sign * signal_amplitude(-12) * sin(2 * SIGNAL_PI * 2100 * (double)i / 8000);
    }
    return s;
}

/* Takes both signals. */
static void hear(struct rig *rig, struct signal far, struct signal near)
{
    run(rig, &far, &near);
    signal_free(&far);
    signal_free(&near);
}

static void test_the_answer_tone_keeps_the_nlp_off_until_the_call_ends(void)
{
    for (int side = 0; side < 2; side++) {
        struct rig rig;
        open_rig(&rig);
        hear(&rig, side ? silence(2) : answer(2, 0), side ? answer(2, 0) : silence(2));
        CHECK(rig.policy.disabler.nlp_off && rig.policy.resting && !rig.policy.disabler.disabled);
        hear(&rig, noise(8, -20, 3), silence(8)); /* long after it: the NLP stays off, the filter works */
        CHECK(rig.policy.resting);
        hear(&rig, noise(2, -20, 4), silence(2));
        CHECK(removed_db(&rig) > 20);
        sc_echo_policy_set(&rig.policy, true, true); /* another plan, the same call */
        hear(&rig, noise(1, -20, 5), silence(1));
        CHECK(rig.policy.resting);
        sc_echo_policy_set(&rig.policy, false, false);
        sc_echo_policy_set(&rig.policy, true, true); /* the next call */
        hear(&rig, noise(1, -20, 6), silence(1));
        CHECK(!rig.policy.resting && !rig.policy.disabler.nlp_off);
        sc_echo_canceller_destroy(rig.canceller);
    }
}

static void test_reversals_pass_the_canceller_by_until_both_sides_are_silent(void)
{
    for (int side = 0; side < 2; side++) {
        struct rig rig;
        open_rig(&rig);
        hear(&rig, noise(4, -20, 3), silence(4)); /* it knows the echo path */
        hear(&rig, side ? silence(2) : answer(2, 450), side ? answer(2, 450) : silence(2));
        CHECK(rig.policy.disabler.disabled && rig.policy.frozen);
        hear(&rig, noise(3, -15, 4), noise(3, -20, 5)); /* modems: every sample as it came */
        CHECK_EQ(rig.changed, 0);
        hear(&rig, silence(0.5), noise(0.5, -20, 6)); /* one side silent: still theirs */
        hear(&rig, noise(0.5, -20, 6), silence(0.5));
        CHECK(rig.policy.disabler.disabled);
        hear(&rig, silence(0.1), silence(0.1)); /* no longer than a drop-out */
        CHECK(rig.policy.disabler.disabled);
        hear(&rig, noise(0.2, -20, 6), silence(0.2));
        hear(&rig, silence(0.45), silence(0.45));
        CHECK(!rig.policy.disabler.disabled && rig.policy.disabler.nlp_off);
        hear(&rig, noise(0.5, -20, 7), silence(0.5)); /* what it knew is still there */
        CHECK(removed_db(&rig) > 20);
        CHECK(!rig.policy.frozen);
        sc_echo_canceller_destroy(rig.canceller);
    }
}

static void test_the_end_of_the_call_gives_the_canceller_back(void)
{
    struct rig rig;
    open_rig(&rig);
    hear(&rig, silence(2), answer(2, 450));
    CHECK(rig.policy.disabler.disabled);
    sc_echo_policy_set(&rig.policy, false, false);
    CHECK(!rig.policy.disabler.disabled && !rig.policy.disabler.nlp_off);
    sc_echo_policy_set(&rig.policy, true, true);
    hear(&rig, noise(3, -20, 3), silence(3));
    hear(&rig, noise(1, -20, 4), silence(1));
    CHECK(removed_db(&rig) > 20 && !rig.policy.frozen);
    sc_echo_canceller_destroy(rig.canceller);
}

static void test_people_keep_their_canceller(void)
{
    struct rig rig;
    open_rig(&rig);
    struct signal far = signal_new(8000 * 20, 5), near = signal_new(8000 * 20, 6);
    signal_voice(&far, 0, far.length, -15);
    signal_voice(&near, 8000 * 10, near.length, -20);
    run(&rig, &far, &near);
    CHECK(!rig.policy.disabler.nlp_off && !rig.policy.disabler.disabled);
    signal_free(&far);
    signal_free(&near);
    sc_echo_canceller_destroy(rig.canceller);
}

int main(void)
{
    RUN(test_the_answer_tone_keeps_the_nlp_off_until_the_call_ends);
    RUN(test_reversals_pass_the_canceller_by_until_both_sides_are_silent);
    RUN(test_the_end_of_the_call_gives_the_canceller_back);
    RUN(test_people_keep_their_canceller);
    return CHECK_DONE();
}

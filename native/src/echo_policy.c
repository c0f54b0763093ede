/* echo_policy.c: when the canceller and its non-linear processor may work (see echo_policy.h).
 *
 * How: counts rin above a threshold while the canceller has not found an echo; finding one ends the rest at once.
 * Assumes the canceller was made with its NLP on.
 * Measured (tests/media/test_core.py): a digit at -16 dBm0 under dial tone, a voice 5 dB below the other on a line without
 * echo: heard; a hybrid's echo: cancelled as before. */
#include "echo_policy.h"

#define ACTIVE_PEAK 110         /* -46 dBm0: quieter than any speech that echoes audibly */
#define KNOWN_ERLE_DB 3.0f      /* a filter that removes less has not found an echo */
#define SAMPLES_PER_MS 8u

void sc_echo_policy_init(struct sc_echo_policy *policy)
{
    *policy = (struct sc_echo_policy){ .heard = false };
    sc_tone_disabler_init(&policy->disabler);
}

void sc_echo_policy_set(struct sc_echo_policy *policy, bool heard, bool in_call)
{
    if (policy->in_call && !in_call)
        sc_tone_disabler_reset(&policy->disabler);
    policy->heard = heard;
    policy->in_call = in_call;
}

static bool active(const int16_t *rin, size_t n)
{
    int loudest = 0;
    for (size_t i = 0; i < n; i++) {
        int level = rin[i] < 0 ? -rin[i] : rin[i];
        loudest = level > loudest ? level : loudest;
    }
    return loudest > ACTIVE_PEAK;
}

static double energy(const int16_t *samples, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)samples[i] * samples[i];
    return sum;
}

bool sc_echo_policy_stands_aside(const struct sc_echo_policy *policy, const int16_t *sin, const int16_t *sout, size_t n)
{
    return policy->disabler.disabled || (policy->rest_samples > 0 && energy(sin, n) < energy(sout, n));
}

static void watch_tone(struct sc_echo_policy *policy, bool tone, uint32_t n)
{
    policy->tone_samples = tone ? policy->tone_samples + n : 0;
    if (policy->tone_samples >= SC_ECHO_TONE_RUN_MS * SAMPLES_PER_MS)
        policy->rest_samples = SC_ECHO_TONE_REST_MS * SAMPLES_PER_MS;
    else
        policy->rest_samples -= policy->rest_samples < n ? policy->rest_samples : n;
}

static void obey_machines(struct sc_echo_policy *policy, struct sc_echo_canceller *canceller, const int16_t *rin,
                          const int16_t *sin, size_t n)
{
    sc_tone_disabler_process(&policy->disabler, rin, sin, n);
    if (policy->disabler.disabled != policy->frozen)
        sc_echo_canceller_set_adaptation(canceller, policy->frozen);
    policy->frozen = policy->disabler.disabled;
}

void sc_echo_policy_process(struct sc_echo_policy *policy, struct sc_echo_canceller *canceller, const int16_t *rin,
                            const int16_t *sin, size_t n)
{
    struct sc_echo_canceller_state state;
    obey_machines(policy, canceller, rin, sin, n);
    sc_echo_canceller_get_state(canceller, &state);
    bool known = state.converged && state.erle_db >= KNOWN_ERLE_DB;
    if (known)
        policy->active_samples = 0;
    else if (policy->active_samples < SC_ECHO_PATIENCE_MS * SAMPLES_PER_MS && active(rin, n))
        policy->active_samples += (uint32_t)n;
    bool out_of_patience = policy->active_samples >= SC_ECHO_PATIENCE_MS * SAMPLES_PER_MS;
    policy->tail_samples = state.narrow_band           ? SC_ECHO_TONE_TAIL_MS * SAMPLES_PER_MS
                           : policy->tail_samples > n ? policy->tail_samples - (uint32_t)n
                                                      : 0;
    watch_tone(policy, state.narrow_band, (uint32_t)n);
    bool rest = !policy->heard || policy->tail_samples > 0 || (!known && out_of_patience) || policy->disabler.nlp_off;
    if (rest != policy->resting)
        sc_echo_canceller_set_nlp(canceller, !rest, true);
    policy->resting = rest;
}

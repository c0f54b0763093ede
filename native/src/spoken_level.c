/* spoken_level.c: see spoken_level.h.
 *
 * How: in float from the first gain to the limiter, so that nothing is lost in between.
 * Assumes that what a hybrid and an echo canceller leave of the party's own sound is at least ECHO_DB weaker than that.
 * Measured: test_levels.c. */
#include "spoken_level.h"

#include "mixer.h"

#include <math.h>
#include <string.h>

#define ECHO 0.06f              /* power: 12 dB */
#define TAIL 0.8f               /* a tick: echo dies by 10 dB in 100 ms */
#define HEARD_LOUD 4100.0f      /* mean square: -48 dBm0 */

void sc_spoken_level_reset(struct sc_spoken_level *level)
{
    sc_automatic_gain_reset(&level->agc);
    sc_limiter_reset(&level->limiter);
    level->gain = 1.0f;
    level->automatic = level->held = false;
    level->heard = 0.0f;
}

void sc_spoken_level_set(struct sc_spoken_level *level, float gain_db, bool automatic)
{
    level->gain = sc_mixer_gain(gain_db);
    if (automatic && !level->automatic)
        sc_automatic_gain_reset(&level->agc);
    level->automatic = automatic;
}

void sc_spoken_level_hold(struct sc_spoken_level *level, bool held)
{
    level->held = held;
}

static float mean_square(const int16_t *samples, size_t n)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += (float)samples[i] * (float)samples[i];
    return sum / (float)n;
}

static bool is_echo(struct sc_spoken_level *level, const int16_t *samples, const int16_t *heard, size_t n)
{
    if (heard == NULL)
        return false;
    level->heard = fmaxf(mean_square(heard, n), TAIL * level->heard);
    return level->heard > HEARD_LOUD && mean_square(samples, n) < ECHO * level->heard;
}

void sc_spoken_level_process(struct sc_spoken_level *level, int16_t *samples, const int16_t *heard, size_t n)
{
    float raised[SC_MIXER_MAX_SAMPLES];
    if (n == 0 || n > SC_MIXER_MAX_SAMPLES || (!level->automatic && level->gain == 1.0f))
        return;
    if (level->automatic && level->held)
        sc_automatic_gain_apply(&level->agc, raised, samples, n);
    else if (level->automatic)
        sc_automatic_gain_process(&level->agc, raised, samples, n, is_echo(level, samples, heard, n));
    for (size_t i = 0; i < n; i++)
        raised[i] = level->gain * (level->automatic ? raised[i] : (float)samples[i]);
    sc_limiter_process(&level->limiter, samples, raised, n);
}

float sc_spoken_level_gain_db(const struct sc_spoken_level *level)
{
    return 20.0f * log10f(level->gain) + (level->automatic ? level->agc.gain_db : 0.0f);
}

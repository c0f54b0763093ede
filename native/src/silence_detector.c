/* silence_detector.c: see silence_detector.h.
 *
 * How: a tick is quiet when it is under MOST_DBM0 and within OVER of the background, the least smoothed power of the last
 * seconds; the end of a word is not silence yet.
 * Assumes that tones, music and whatever else must not be left out are louder than MOST_DBM0.
 * Measured (test_comfort_noise.c): steady noise of -50 dBm0 and less is silence for 98 % of the time, a voice of -30 dBm0 never for
 * the tick in which it begins. */
#include "silence_detector.h"

#include "level.h"

#define MOST_DBM0 (-45.0f)
#define OVER 4.0f               /* 6 dB */
#define LEAST_POWER 4.0f        /* two steps of A-law near zero: never sound */
#define SMOOTHING 0.3f
#define WINDOW_TICKS 300u
#define HANGOVER 25u            /* 250 ms */

void sc_silence_detector_reset(struct sc_silence_detector *detector)
{
    *detector = (struct sc_silence_detector){ .least = { INFINITY, INFINITY } };
}

bool sc_silence_detector_process(struct sc_silence_detector *d, const int16_t *samples, size_t n)
{
    const float amplitude = sc_amplitude_of_dbm0(MOST_DBM0);
    float power = 0.0f;
    for (size_t i = 0; i < n; i++)
        power += (float)samples[i] * (float)samples[i] / (float)n;
    d->smoothed = d->ticks == 0 ? power : d->smoothed + SMOOTHING * (power - d->smoothed);
    d->least[0] = fminf(d->least[0], d->smoothed);
    if (++d->ticks % WINDOW_TICKS == 0) {
        d->least[1] = d->least[0];
        d->least[0] = d->smoothed;
    }
    const float background = fmaxf(fminf(d->least[0], d->least[1]), LEAST_POWER);
    const bool quiet = power < 0.5f * amplitude * amplitude && power < OVER * background;
    d->quiet = quiet ? d->quiet + (d->quiet < HANGOVER) : 0;
    return d->quiet >= HANGOVER;
}

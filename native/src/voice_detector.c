/* voice_detector.c: see voice_detector.h.
 *
 * How: a block of 8 ms has a voice in it when it is over LEAST_DBM0, over the background (the least block of the last
 * seconds) and over the echo of what the party hears, and is no steady sine or pair of them (narrow_band.c), nor a tone of
 * the line's plan, which the tone receiver knows down to a poor signal-to-noise ratio. Enough such blocks close together are
 * a voice: the edges of a busy tone, two for each burst, never are.
 * Assumes 8000 samples a second, after the echo canceller where there is one.
 * Measured (test_voice_detector.c): speech of -30 dBm0 over noise of -55 is found within 0.5 s, of -40 within 1 s; no cadence of one or two sines
 * from 40/40 to 1000/4000 ms, DTMF, or noise is one, with line noise 30 dB below one sine and 40 dB below
 * a pair (with the tone receiver beside it: 12 dB, tests/media/test_voice.py). */
#include "voice_detector.h"

#include "level.h"

#include <math.h>
#include <string.h>

#define LEAST_DBM0 (-50.0f)
#define OVER 4.0f               /* 6 dB over the background */
#define LEAST_POWER 4.0f        /* two steps of A-law near zero */
#define ECHO 0.06f              /* 12 dB below what is heard: its echo, where no canceller has converged yet */
#define TAIL 0.8f               /* a block: echo dies by 10 dB in 90 ms */
#define WINDOW_BLOCKS 375u      /* 3 s */
#define FORGET 0.35f            /* a block without a voice */
#define BELIEVED 25.0f          /* 200 ms of voice */
#define MOST 50.0f
#define QUIET_BLOCKS 250u       /* 2 s */

void sc_voice_detector_reset(struct sc_voice_detector *detector)
{
    memset(detector, 0, sizeof *detector);
    detector->least[0] = detector->least[1] = INFINITY;
}

static float mean_square(const float *block)
{
    float sum = 0.0f;
    for (int i = 0; i < SC_NARROW_BAND_BLOCK; i++)
        sum += block[i] * block[i];
    return sum / (float)SC_NARROW_BAND_BLOCK;
}

/* The background as of this block: nothing before the first window is over but what there was. */
static float background(struct sc_voice_detector *d, float power)
{
    d->least[0] = fminf(d->least[0], power);
    const float least = fmaxf(fminf(d->least[0], d->least[1]), LEAST_POWER);
    if (++d->blocks % WINDOW_BLOCKS == 0) {
        d->least[1] = d->least[0];
        d->least[0] = power;
    }
    return least;
}

static bool has_voice(struct sc_voice_detector *d, bool tone)
{
    const float *now = d->block[d->newest], *before = d->block[1 - d->newest];
    const float amplitude = sc_amplitude_of_dbm0(LEAST_DBM0);
    const float power = mean_square(now), least = background(d, power);
    if (tone || power < 0.5f * amplitude * amplitude || power < OVER * least || power < ECHO * d->heard_power)
        return false;
    return !sc_narrow_band(before, now);
}

static enum sc_voice_news take_block(struct sc_voice_detector *d, bool tone)
{
    const float heard = d->heard_sum / (float)SC_NARROW_BAND_BLOCK;
    d->heard_power = fmaxf(heard, TAIL * d->heard_power);
    if (has_voice(d, tone)) {
        d->score = fminf(d->score + 1.0f, MOST);
        d->quiet = 0;
    } else {
        d->score = fmaxf(d->score - FORGET, 0.0f);
        d->quiet++;
    }
    if (d->told != SC_VOICE_BEGAN && d->score >= BELIEVED)
        d->told = SC_VOICE_BEGAN;
    else if (d->told != SC_VOICE_ENDED && d->quiet >= QUIET_BLOCKS)
        d->told = SC_VOICE_ENDED;
    else
        return SC_VOICE_NO_NEWS;
    return (enum sc_voice_news)d->told;
}

enum sc_voice_news sc_voice_detector_process(struct sc_voice_detector *detector, const int16_t *in, const int16_t *heard,
                                             bool tone, size_t n)
{
    enum sc_voice_news news = SC_VOICE_NO_NEWS;
    for (size_t i = 0; i < n; i++) {
        detector->block[detector->newest][detector->filled++] = (float)in[i];
        if (heard != NULL)
            detector->heard_sum += (float)heard[i] * (float)heard[i];
        if (detector->filled < SC_NARROW_BAND_BLOCK)
            continue;
        const enum sc_voice_news said = take_block(detector, tone);
        news = said != SC_VOICE_NO_NEWS ? said : news;
        detector->newest = 1 - detector->newest;
        detector->filled = 0;
        detector->heard_sum = 0.0f;
    }
    return news;
}

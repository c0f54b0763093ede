/* automatic_gain.c: see automatic_gain.h.
 *
 * How: a tick is talk when it stands TALK_DB over the noise (the least smoothed power of the last seconds) and MODULATED_DB
 * over the deepest dip of the last second: steady noise, however loud, has no dips and is no talk, nor is a tone. The mean
 * power over talk and the HANGOVER after it (as ITU-T P.56 counts gaps of 200 ms) is the talker's level. The gain moves
 * only during talk, at so many dB a second, and only when it is more than START_DB from where it belongs; it then goes
 * there and stays. It does not lift the noise over NOISE_MOST_DBM0, and falls where new noise has come.
 * Assumes ticks of 10 ms.
 * Measured (test_levels.c, bench/bench_levels.c): talkers of -36 .. -6 dBm0 end within 3 dB of -16; the gain stands still in
 * pauses and in noise. */
#include "automatic_gain.h"

#include "level.h"

#define TALK 8.0f                   /* power over the noise: 9 dB */
#define MODULATED 4.0f              /* power over the last dip: 6 dB */
#define LEAST_TALK_DBM0 (-50.0f)
#define FAR_BELOW 0.01f             /* 20 dB under the talker: somebody behind him, his breath */
#define HANGOVER 20u                /* ticks: P.56, 200 ms */
#define LEVEL_TICKS 500u            /* of talk that the level is the mean of: 5 s */
#define FIRST_TICKS 150u            /* of talk, in which the gain may move fast */
#define LEAST_TICKS 50u             /* of talk before anything moves */
#define SLOWLY_DB 0.01f             /* a tick: 1 dB a second */
#define FIRST_DB 0.2f               /* 20 dB a second */
#define TOO_LOUD_DB 6.0f            /* from there on the gain falls fast */
#define FAST_DB 0.1f
#define START_DB 1.5f
#define STOP_DB 0.25f
#define NOISE_MOST_DBM0 (-50.0f)
#define NOISE_BIAS_DB 2.0f          /* the least of a smoothed power lies under its mean */
#define NEW_NOISE_DB 3.0f           /* more noise than the gain was made for: it falls in pauses too */
#define SMOOTHING 0.5f
#define FLOOR_TICKS 500u            /* the noise is the least of 5 to 10 s */
#define DIP_TICKS 40u
#define LEAST_POWER 0.05f

void sc_automatic_gain_reset(struct sc_automatic_gain *agc)
{
    *agc = (struct sc_automatic_gain){ .floor = { INFINITY, INFINITY }, .dip = { INFINITY, INFINITY } };
}

static float dbm0_of_power(float power)
{
    return sc_dbm0_of_amplitude(sqrtf(2.0f * power));
}

float sc_automatic_gain_talker_dbm0(const struct sc_automatic_gain *agc)
{
    return agc->talked == 0 ? -120.0f : dbm0_of_power(agc->level);
}

static void sink(float least[2], float power, bool next_window)
{
    least[0] = fminf(least[0], power);
    if (next_window) {
        least[1] = least[0];
        least[0] = power;
    }
}

static void watch_noise(struct sc_automatic_gain *agc, float power)
{
    if (agc->ticks == 0)
        agc->smoothed = power;
    agc->smoothed += SMOOTHING * (power - agc->smoothed);
    agc->ticks++;
    sink(agc->floor, agc->smoothed, agc->ticks % FLOOR_TICKS == 0);
    sink(agc->dip, agc->smoothed, agc->ticks % DIP_TICKS == 0);
}

static bool talks(const struct sc_automatic_gain *agc, float power)
{
    const float noise = fminf(agc->floor[0], agc->floor[1]), dip = fminf(agc->dip[0], agc->dip[1]);
    return power > TALK * noise && power > MODULATED * dip && dbm0_of_power(power) > LEAST_TALK_DBM0 &&
           power > FAR_BELOW * agc->level;
}

static void learn(struct sc_automatic_gain *agc, float power)
{
    agc->talked += agc->talked < LEVEL_TICKS;
    agc->level += (power - agc->level) / (float)agc->talked;
}

/* As much as the noise allows. */
static float by_noise_db(const struct sc_automatic_gain *agc)
{
    const float noise_dbm0 = dbm0_of_power(fminf(agc->floor[0], agc->floor[1])) + NOISE_BIAS_DB;
    return fmaxf(NOISE_MOST_DBM0 - noise_dbm0, 0.0f);
}

static float wanted_db(const struct sc_automatic_gain *agc)
{
    const float by_level = SC_AUTOMATIC_GAIN_TARGET_DBM0 - sc_automatic_gain_talker_dbm0(agc);
    return fmaxf(fminf(fminf(by_level, by_noise_db(agc)), SC_AUTOMATIC_GAIN_MOST_DB), SC_AUTOMATIC_GAIN_LEAST_DB);
}

static void move(struct sc_automatic_gain *agc)
{
    const float away = wanted_db(agc) - agc->gain_db;
    if (fabsf(away) > START_DB)
        agc->moving = true;
    else if (fabsf(away) < STOP_DB)
        agc->moving = false;
    if (!agc->moving)
        return;
    const float most = agc->talked < FIRST_TICKS ? FIRST_DB : away < -TOO_LOUD_DB ? FAST_DB : SLOWLY_DB;
    agc->gain_db += fmaxf(fminf(away, most), -most);
}

void sc_automatic_gain_process(struct sc_automatic_gain *agc, float *out, const int16_t *in, size_t n, bool hold)
{
    const float before = powf(10.0f, agc->gain_db / 20.0f);
    float power = LEAST_POWER;
    for (size_t i = 0; i < n; i++)
        power += (float)in[i] * (float)in[i] / (float)n;
    watch_noise(agc, power);
    const bool talk = !hold && talks(agc, power);
    agc->hangover = talk ? HANGOVER : agc->hangover - (agc->hangover > 0);
    if (agc->hangover > 0 && !hold)
        learn(agc, power);
    if (talk && agc->talked > LEAST_TICKS)
        move(agc);
    else if (agc->gain_db > by_noise_db(agc) + NEW_NOISE_DB)
        agc->gain_db -= SLOWLY_DB;
    const float step = (powf(10.0f, agc->gain_db / 20.0f) - before) / (float)n;
    for (size_t i = 0; i < n; i++)
        out[i] = (before + step * (float)(i + 1)) * (float)in[i];
}

void sc_automatic_gain_apply(const struct sc_automatic_gain *agc, float *out, const int16_t *in, size_t n)
{
    const float gain = powf(10.0f, agc->gain_db / 20.0f);
    for (size_t i = 0; i < n; i++)
        out[i] = gain * (float)in[i];
}

/* The laboratory of the canceller's tests and benchmark: composite source signals, echo paths, levels of ITU-T G.168. */
#ifndef G168_H
#define G168_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "g168_signals.h"

#define G168_RMS_0_DBM0 16141.0 /* rms of a 0 dBm0 sine in 16-bit samples: full scale is +3.14 dBm0 */

enum { G168_VOICED = 389, G168_NOISE = 1600, G168_PAUSE = 811, G168_DT_VOICED = 582, G168_DT_PAUSE = 1018 };

static inline double g168_rms(double dbm0)
{
    return G168_RMS_0_DBM0 * pow(10, dbm0 / 20);
}

/* One sample of the composite source signal of unit active level: 48.62 ms voiced, 200 ms noise, 101.38 ms pause, then
 * the same inverted; for double talk 72.69, 200 and 127.31 ms. */
static inline double g168_css(uint64_t i)
{
    const uint64_t length = G168_VOICED + G168_NOISE + G168_PAUSE, k = i % length;
    const double sign = i / length % 2 ? -1 : 1;
    if (k < G168_VOICED)
        return sign * (double)g168_css_voiced[k] / 4000;
    return k < G168_VOICED + G168_NOISE ? sign * (double)g168_css_noise[k - G168_VOICED] / 4000 : 0;
}

static inline double g168_css_double_talk(uint64_t i)
{
    const uint64_t length = G168_DT_VOICED + G168_NOISE + G168_DT_PAUSE, k = i % length;
    const double sign = i / length % 2 ? -1 : 1;
    if (k < G168_DT_VOICED)
        return sign * (double)g168_double_talk_voiced[k] / 4000;
    return k < G168_DT_VOICED + G168_NOISE ? sign * (double)g168_double_talk_noise[k - G168_DT_VOICED] / 4000 : 0;
}

enum { G168_HISTORY = 2048 };

/* A hybrid behind a bulk delay. */
struct g168_path {
    double taps[160], history[2 * G168_HISTORY]; /* held twice: any stretch is contiguous */
    size_t n_taps, delay, at;
};

static inline void g168_path_set(struct g168_path *path, int model, double erl_db, size_t delay)
{
    const struct g168_model *m = &g168_models[model - 1];
    path->n_taps = m->n_taps;
    path->delay = delay;
    for (size_t i = 0; i < m->n_taps; i++)
        path->taps[i] = (double)m->taps[i] * (double)m->scale * pow(10, -erl_db / 20);
}

static inline double g168_path_run(struct g168_path *path, double x)
{
    double y = 0;
    path->at = (path->at + 1) % G168_HISTORY;
    path->history[path->at] = path->history[path->at + G168_HISTORY] = x;
    const double *newest = path->history + path->at + G168_HISTORY - path->delay;
    for (size_t i = 0; i < path->n_taps; i++)
        y += path->taps[i] * *(newest - i);
    return y;
}

static inline int16_t g168_sample(double x)
{
    return (int16_t)fmax(-32768, fmin(32767, rint(x)));
}

/* Through A-law and back, G.711: what a digital trunk does to rin and sin.  Written from the law's definition (13
 * segments, 16 steps each), apart from the product's own table. */
static inline double g168_alaw(double x)
{
    const double most = 32256, v = fmin(fabs(x) / most, 0.999999);
    int exponent = -6;                       /* the two lowest segments have the same step */
    if (v >= 1.0 / 64)
        frexp(v, &exponent);                 /* v = 0.5..1 times 2 to the exponent */
    const double step = ldexp(1, exponent - 5);
    return (x < 0 ? -1 : 1) * (floor(v / step) + 0.5) * step * most;
}

#endif

/* Tones on rin: see narrow_band.h.
 *
 * How: a tone obeys x[n] + x[n-2] = a x[n-1], a pair of tones x[n] + x[n-4] = a (x[n-1] + x[n-3]) + b x[n-2], whatever
 * level and phase; least squares over 16 ms finds a and b, and next to nothing is left of a tone.
 * Measured (tests/test_echo_g168.c): G.168 tests 6 and 7; vowels of speech leave far more.
 */
#include "narrow_band.h"

#include <string.h>

enum { BLOCK = SC_NARROW_BAND_BLOCK };
#define TONE_RESIDUAL 0.006f /* prediction leaves less than -22 dB of a tone or a pair of tones, A-law included */

bool sc_narrow_band(const float *before, const float *now)
{
    float x[2 * BLOCK], uu = 0, vv = 0, uv = 0, zu = 0, zv = 0, zz = 0, whole = 0;
    memcpy(x, before, BLOCK * sizeof *x);
    memcpy(x + BLOCK, now, BLOCK * sizeof *x);
    for (int i = 4; i < 2 * BLOCK; i++) {
        const float z = x[i] + x[i - 4], u = x[i - 1] + x[i - 3], v = x[i - 2];
        uu += u * u, vv += v * v, uv += u * v, zu += z * u, zv += z * v, zz += z * z, whole += x[i] * x[i];
    }
    const float det = uu * vv - uv * uv;
    if (det < 1e-6f * uu * vv) /* one tone: u and v are proportional */
        return vv > 0 && zz - zv * zv / vv < TONE_RESIDUAL * whole;
    const float a = (zu * vv - zv * uv) / det, b = (zv * uu - zu * uv) / det;
    return zz - a * zu - b * zv < TONE_RESIDUAL * whole;
}

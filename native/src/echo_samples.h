/* echo_samples.h: samples on their way into the echo canceller and out of it. */
#ifndef SC_ECHO_SAMPLES_H
#define SC_ECHO_SAMPLES_H

#include <math.h>
#include <stdint.h>

#define SC_DC_POLE 0.99f           /* high pass at 13 Hz on both inputs; G.168 test 15 */

/* One step of the high pass: *in and *out are the step before. */
static inline float sc_without_dc(float *in, float *out, float x)
{
    const float y = x - *in + SC_DC_POLE * *out;
    *in = x;
    *out = fabsf(y) < 1e-12f ? 0 : y;
    return y;
}

static inline int16_t sc_as_sample(float x)
{
    return (int16_t)lrintf(fmaxf(-32768, fminf(32767, x)));
}

#endif

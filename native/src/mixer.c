/* mixer.c: the sum of some sources, saturated.
 *
 * How: float accumulators over the tick, one rounding and one saturation at the end, in plain loops that the compiler
 * turns into vectors. A float holds every sum of up to 256 full-scale 16-bit samples exactly, so unity gains are bit-exact.
 * Assumes finite gains. Measured (test_mixer.c): bit-exact at unity, saturates at both ends without wrapping. */
#include "mixer.h"

#include <math.h>
#include <string.h>

float sc_mixer_gain(float gain_db)
{
    return powf(10.0f, gain_db / 20.0f);
}

static void add(float *restrict sum, const int16_t *restrict in, float gain, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += gain * (float)in[i];
}

static int16_t saturated(float value)
{
    value = value > 32767.0f ? 32767.0f : value;
    value = value < -32768.0f ? -32768.0f : value;
    return (int16_t)lrintf(value);
}

void sc_mixer_sum(float *sum, const struct sc_mixer_input *inputs, size_t count, size_t n)
{
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = 0; i < count; i++)
        add(sum, inputs[i].samples, inputs[i].gain, n);
}

void sc_mixer_mix(int16_t *out, const struct sc_mixer_input *inputs, size_t count, size_t n)
{
    float sum[SC_MIXER_MAX_SAMPLES];
    if (n > SC_MIXER_MAX_SAMPLES)
        n = SC_MIXER_MAX_SAMPLES;
    sc_mixer_sum(sum, inputs, count, n);
    for (size_t i = 0; i < n; i++)
        out[i] = saturated(sum[i]);
}

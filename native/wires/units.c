/* units.c: levels, times and noise.
 *
 * How: dBm0 with a full-scale sine at +3.14 (G.711 A-law); xorshift64* numbers, the sum of four uniforms for Gaussian
 * noise (bounded at 3.5 sigma, which no meter here can tell from the real thing). */
#include "parts.h"

#include <math.h>

static const double full_scale = 32768.0;
static const double silence_dbm0 = -100.0;

double tw_gain(double db)
{
    return pow(10.0, db / 20.0);
}

double tw_sine_amplitude(double dbm0)
{
    return full_scale * tw_gain(dbm0 - TW_FULL_SCALE_DBM0);
}

double tw_rms(double dbm0)
{
    return tw_sine_amplitude(dbm0) / sqrt(2.0);
}

double tw_dbm0_of_rms(double rms)
{
    double reference = tw_rms(0.0);
    if (rms <= reference * tw_gain(silence_dbm0))
        return silence_dbm0;
    return 20.0 * log10(rms / reference);
}

int16_t tw_saturate(double sample)
{
    if (sample >= 32767.0)
        return 32767;
    if (sample <= -32768.0)
        return -32768;
    return (int16_t)lrint(sample);
}

size_t tw_samples(double ms)
{
    return ms <= 0.0 ? 0 : (size_t)llrint(ms * TW_RATE_HZ / 1000.0);
}

void tw_noise_seed(struct tw_noise *noise, uint64_t seed)
{
    uint64_t z = seed + 0x9E3779B97F4A7C15u; /* splitmix64: neighbouring seeds give unlike streams */
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    noise->state = (z ^ (z >> 31)) | 1u;
}

double tw_noise_uniform(struct tw_noise *noise)
{
    uint64_t x = noise->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    noise->state = x;
    int64_t top = (int64_t)((x * 0x2545F4914F6CDD1Du) >> 12); /* 52 bits */
    return (double)top / 2251799813685248.0 - 1.0;
}

double tw_noise_gauss(struct tw_noise *noise)
{
    double sum = 0.0;
    for (int i = 0; i < 4; i++)
        sum += tw_noise_uniform(noise);
    return sum * 0.8660254037844386; /* four uniforms have a variance of 4/3 */
}

/* comfort_noise_payload.c: see comfort_noise_payload.h.
 *
 * How: RFC 3389, 3: one byte of level, 0 .. 127 for 0 .. -127 dBov, where 0 dBov is a square wave over the whole range; then one
 * byte N a reflection coefficient, k = 258 (N - 127) / 32768 for N = 0 .. 254.
 * Assumes the sign of the coefficients that speech coders have: the first is -r(1) / r(0). The RFC does not tell it.
 * Measured (test_comfort_noise.c): build and parse are inverses within half a step; random bytes are taken or refused. */
#include "comfort_noise_payload.h"

#include "level.h"

#include <errno.h>
#include <string.h>

#define LEVEL_MAX 127.0f
#define MIDDLE 127.0f
#define INDEX_MAX 254
#define STEP (258.0f / 32768.0f)

int sc_comfort_noise_payload_parse(struct sc_comfort_noise_shape *out, const uint8_t *payload, size_t n)
{
    if (n == 0 || payload[0] > LEVEL_MAX)
        return EBADMSG;
    for (size_t i = 1; i < n; i++)
        if (payload[i] > INDEX_MAX)
            return EBADMSG;
    memset(out, 0, sizeof *out);
    out->rms = SC_FULL_SCALE * powf(10.0f, -(float)payload[0] / 20.0f);
    for (size_t i = 1; i < n && i <= SC_COMFORT_NOISE_ORDER; i++)
        out->reflection[i - 1] = STEP * ((float)payload[i] - MIDDLE);
    return 0;
}

static uint8_t whole(float value, float most)
{
    return (uint8_t)lrintf(fminf(fmaxf(value, 0.0f), most));
}

void sc_comfort_noise_payload_build(uint8_t out[SC_COMFORT_NOISE_PAYLOAD_BYTES],
                                    const struct sc_comfort_noise_shape *shape)
{
    const float dbov = 20.0f * log10f(fmaxf(shape->rms, 1e-3f) / SC_FULL_SCALE);
    out[0] = whole(-dbov, LEVEL_MAX);
    for (size_t i = 0; i < SC_COMFORT_NOISE_ORDER; i++)
        out[1 + i] = whole(shape->reflection[i] / STEP + MIDDLE, INDEX_MAX);
}

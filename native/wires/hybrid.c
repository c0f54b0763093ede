/* hybrid.c: the echo that the two-wire side sends back to the port.
 *
 * How: a bulk delay and a response of 128 taps (16 ms): a sum of damped resonances whose places and dampings are our
 * own choice, in the manner of the models of G.168 annex D (short local loop; loaded cable; mismatched PABX; two
 * reflections; long dull cable), scaled so that white noise returns erl_db lower.
 * Assumes: delay_ms <= 16. Measured: ERL within 0.5 dB for white noise (tests/test_line.c). */
#include "parts.h"

#include <math.h>
#include <string.h>

/* Four taps at once; SSE and NEON alike, at any address. */
typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));

struct ring {
    double hz, decay_ms, amplitude, start_ms;
};

static const struct ring shapes[TW_HYBRIDS][4] = {
    {{600.0, 0.6, 1.0, 0.2}, {1900.0, 0.4, -0.7, 0.3}, {3100.0, 0.3, 0.3, 0.4}, {250.0, 2.0, 0.15, 0.5}},
    {{900.0, 1.2, 1.0, 0.5}, {1500.0, 0.9, -0.8, 0.9}, {2600.0, 0.5, 0.5, 0.6}, {330.0, 3.0, 0.2, 1.2}},
    {{1700.0, 0.35, 1.0, 0.1}, {500.0, 1.5, -0.6, 0.4}, {2300.0, 0.7, 0.5, 1.0}, {3300.0, 0.3, -0.2, 0.2}},
    {{800.0, 0.7, 1.0, 0.3}, {2100.0, 0.5, -0.5, 0.5}, {1100.0, 0.8, 0.45, 5.5}, {2400.0, 0.5, -0.3, 6.0}},
    {{350.0, 2.5, 1.0, 1.0}, {700.0, 1.8, 0.6, 1.6}, {1200.0, 1.0, -0.4, 2.2}, {2000.0, 0.6, 0.2, 2.5}},
};

void tw_hybrid_start(struct tw_hybrid *hybrid, uint32_t shape, double erl_db, double delay_ms)
{
    double response[TW_HYBRID_TAPS] = {0.0};
    double power = 0.0;
    *hybrid = (struct tw_hybrid){.delay = tw_samples(delay_ms)};
    for (size_t i = 0; i < TW_HYBRID_TAPS; i++) {
        for (size_t k = 0; k < 4; k++) {
            const struct ring *r = &shapes[shape][k];
            double ms = (double)i * 1000.0 / TW_RATE_HZ - r->start_ms;
            if (ms >= 0.0)
                response[i] += r->amplitude * exp(-ms / r->decay_ms) * cos(2.0 * TW_PI * r->hz * ms / 1000.0);
        }
        power += response[i] * response[i];
    }
    double scale = tw_gain(-erl_db) / sqrt(power);
    for (size_t i = 0; i < TW_HYBRID_TAPS; i++)
        hybrid->tap[TW_HYBRID_TAPS - 1 - i] = (float)(response[i] * scale);
}

void tw_hybrid_process(struct tw_hybrid *hybrid, const int16_t *in, float *echo, size_t n)
{
    const size_t kept = TW_HYBRID_TAPS + TW_ECHO_DELAY_MAX_SAMPLES;
    for (size_t i = 0; i < n; i++)
        hybrid->past[kept + i] = in[i];
    for (size_t i = 0; i < n; i++) {
        const float *from = hybrid->past + kept + i + 1 - TW_HYBRID_TAPS - hybrid->delay;
        v4 sum = {0.0f};
        for (size_t k = 0; k < TW_HYBRID_TAPS; k += 4)
            sum += *(const v4 *)(hybrid->tap + k) * *(const v4 *)(from + k);
        echo[i] = sum[0] + sum[1] + sum[2] + sum[3];
    }
    memmove(hybrid->past, hybrid->past + n, kept * sizeof hybrid->past[0]);
}

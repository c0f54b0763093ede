/* Non-linear processor: see echo_suppressor.h.
 *
 * How: the smoothed power of the error is compared with the residual which the canceller expects from its echo
 * estimate.  Where the error is no more than the residual explains, the gain closes, and comfort noise of the
 * background takes its place; where it is more, somebody talks, and the gain opens within 2 ms.  The level of sout by
 * itself decides nothing: without an echo estimate there is no residual and the gain stays open.
 * Measured (tests/test_echo_canceller.c): G.168 test 2A; level taken from the near end in double talk printed there.
 */
#include "echo_suppressor.h"

#include <math.h>

#define POWER_SMOOTHING 0.02f    /* 6 ms */
#define CLOSE_BELOW 3.0f         /* error over residual: 5 dB, the spread of short powers */
#define OPEN_ABOVE 8.0f          /* 9 dB */
#define OPENING 0.08f            /* 1.5 ms */
#define CLOSING 0.02f            /* 6 ms */
#define MUTED 0.0005f            /* a closed gain is worth -66 dB: nothing */
#define NOISE_FLOOR_DBM0 (-90.0f)
#define NOISE_CEILING_DBM0 (-40.0f)
#define AUDIBLE 0.01f            /* a residual 20 dB below the background is left alone */
#define TALK_LEAST 800.0f        /* -55 dBm0: what is quieter does not open a gain that an echo has closed */
#define ROUNDING_POWER 0.5f      /* of 16-bit samples */
enum {
    SHAPE_EVERY = 800,           /* 100 ms */
    HANG_SAMPLES = 1600          /* stays closed over background for 200 ms: the echo's next word begins muted */
};

void sc_echo_suppressor_init(struct sc_echo_suppressor *s)
{
    sc_comfort_noise_init(&s->noise, NOISE_FLOOR_DBM0, NOISE_CEILING_DBM0);
    sc_echo_suppressor_reset(s);
}

void sc_echo_suppressor_reset(struct sc_echo_suppressor *s)
{
    sc_comfort_noise_reset(&s->noise);
    s->error_power = s->echo_power = 0;
    s->gain = 1;
    s->closed = false;
    s->shape_in = s->hang = 0;
    s->background = sc_comfort_noise_rms(&s->noise);
}

void sc_echo_suppressor_learn(struct sc_echo_suppressor *s, const float *e, size_t n, float scale)
{
    float x[SC_COMFORT_NOISE_BLOCK];
    for (size_t done = 0; done < n;) {
        const size_t m = n - done < SC_COMFORT_NOISE_BLOCK ? n - done : SC_COMFORT_NOISE_BLOCK;
        for (size_t i = 0; i < m; i++)
            x[i] = e[done + i] * scale;
        sc_comfort_noise_learn(&s->noise, x, m);
        done += m;
    }
    if (s->shape_in <= n) {
        sc_comfort_noise_shape(&s->noise);
        s->shape_in = SHAPE_EVERY;
    }
    s->shape_in -= n;
    s->background = sc_comfort_noise_rms(&s->noise);
}

void sc_echo_suppressor_process(struct sc_echo_suppressor *s, float *e, const float *y, size_t n,
                                struct sc_residual residual, bool on, bool comfort_noise)
{
    const float noise_power = s->background * s->background;
    for (size_t i = 0; i < n; i++) {
        s->error_power += POWER_SMOOTHING * (e[i] * e[i] - s->error_power);
        s->echo_power += POWER_SMOOTHING * (y[i] * y[i] - s->echo_power);
        const float left = residual.share * s->echo_power + residual.ground;
        const float explained = left > AUDIBLE * noise_power + ROUNDING_POWER ? left + noise_power : 0;
        if (explained > 0)
            s->hang = HANG_SAMPLES;
        else if (s->hang > 0)
            s->hang--;
        if (s->closed)
            s->closed = s->hang > 0 && s->error_power <= fmaxf(OPEN_ABOVE * fmaxf(explained, noise_power), TALK_LEAST);
        else
            s->closed = s->error_power < CLOSE_BELOW * explained;
        s->gain += s->closed ? -CLOSING * s->gain : OPENING * (1 - s->gain);
        if (s->closed && s->gain < MUTED)
            s->gain = 0;
        if (!on)
            continue;
        const float made = comfort_noise ? sc_comfort_noise_sample(&s->noise) : 0;
        e[i] = s->gain * e[i] + sqrtf(1 - s->gain * s->gain) * made;
    }
}

/* sine.h: one exact sine oscillator for the senders (inline, no state outside its struct).
 *
 * The phase is an integer (2^32 = one turn) that advances by a constant step, so the frequency is exact to 2 uHz for ever.
 * Between resynchronisations, every 64 samples of the oscillator's own count, a complex rotation in double precision
 * stands in for the sine function; the result does not depend on how the caller cuts its buffers. */
#ifndef SC_SINE_H
#define SC_SINE_H

#include <math.h>
#include <stdint.h>

#define SC_SINE_RATE_HZ 8000.0
#define SC_SINE_RESYNC_MASK 63u

struct sc_sine {
    uint32_t phase;      /* of the next sample */
    uint32_t step;
    uint32_t count;      /* samples since the start */
    double amplitude;
    double cosine, sine; /* of the next sample */
    double rotate_cosine, rotate_sine;
};

#define SC_SINE_TURN 6.283185307179586476925

static inline void sc_sine_start(struct sc_sine *osc, double frequency_hz, double amplitude)
{
    osc->phase = 0;
    osc->count = 0;
    osc->step = (uint32_t)llround(frequency_hz / SC_SINE_RATE_HZ * 4294967296.0);
    osc->amplitude = amplitude;
    osc->rotate_cosine = cos((double)osc->step / 4294967296.0 * SC_SINE_TURN);
    osc->rotate_sine = sin((double)osc->step / 4294967296.0 * SC_SINE_TURN);
}

static inline double sc_sine_next(struct sc_sine *osc)
{
    if ((osc->count & SC_SINE_RESYNC_MASK) == 0) {
        double angle = (double)osc->phase / 4294967296.0 * SC_SINE_TURN;
        osc->cosine = cos(angle);
        osc->sine = sin(angle);
    }
    double value = osc->amplitude * osc->sine;
    double cosine = osc->cosine * osc->rotate_cosine - osc->sine * osc->rotate_sine;
    osc->sine = osc->cosine * osc->rotate_sine + osc->sine * osc->rotate_cosine;
    osc->cosine = cosine;
    osc->phase += osc->step;
    osc->count++;
    return value;
}

/* Raised-cosine gain for position 0 .. length - 1 of an edge that rises from near 0 to near 1. */
static inline double sc_sine_edge(uint32_t position, uint32_t length)
{
    return 0.5 - 0.5 * cos(SC_SINE_TURN / 2.0 * ((double)position + 0.5) / (double)length);
}

#endif

/* wideband.h: between 16 kHz speech and 8 kHz speech: what a narrow listener hears of a wide speaker and the reverse.
 *
 * Small structs without allocation; a zeroed one is a fresh one. */
#ifndef SC_WIDEBAND_H
#define SC_WIDEBAND_H

#include <stddef.h>
#include <stdint.h>

#define SC_WIDEBAND_PHASE_TAPS 56
#define SC_WIDEBAND_MAX_SAMPLES 160     /* of 8 kHz, in one call */

struct sc_decimator {
    int16_t past[2 * SC_WIDEBAND_PHASE_TAPS - 2];
};

struct sc_interpolator {
    int16_t past[SC_WIDEBAND_PHASE_TAPS - 1];
};

/* 2 n samples of 16 kHz to n of 8 kHz, and n of 8 kHz to 2 n of 16 kHz; n at most SC_WIDEBAND_MAX_SAMPLES. */
void sc_decimate(struct sc_decimator *decimator, int16_t *out, const int16_t *wide, size_t n);
void sc_interpolate(struct sc_interpolator *interpolator, int16_t *wide, const int16_t *in, size_t n);

#endif

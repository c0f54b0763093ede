/* level.h: dBm0 and sample amplitudes. A sine that fills the int16 range is 3.14 dBm0 (G.711 table 5, A-law). */
#ifndef SC_LEVEL_H
#define SC_LEVEL_H

#include <math.h>

#define SC_FULL_SCALE 32767.0f
#define SC_FULL_SCALE_DBM0 3.14f

/* Peak amplitude in sample units of a sine of that level. */
static inline float sc_amplitude_of_dbm0(float level_dbm0)
{
    return SC_FULL_SCALE * powf(10.0f, (level_dbm0 - SC_FULL_SCALE_DBM0) / 20.0f);
}

/* Level of a sine with this peak amplitude; -120 dBm0 for silence. */
static inline float sc_dbm0_of_amplitude(float amplitude)
{
    if (amplitude < 0.03f)
        return -120.0f;
    return 20.0f * log10f(amplitude / SC_FULL_SCALE) + SC_FULL_SCALE_DBM0;
}

/* Level of two sines together. */
static inline float sc_dbm0_of_both(float one_dbm0, float other_dbm0)
{
    return 10.0f * log10f(powf(10.0f, one_dbm0 / 10.0f) + powf(10.0f, other_dbm0 / 10.0f));
}

#endif

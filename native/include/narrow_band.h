/* Tells a tone or a pair of tones from anything that could teach an adaptive filter. */
#ifndef SC_NARROW_BAND_H
#define SC_NARROW_BAND_H

#include <stdbool.h>

enum { SC_NARROW_BAND_BLOCK = 64 };

/* before and now: two blocks in a row.  Pure. */
bool sc_narrow_band(const float *before, const float *now);

#endif

/* meter.c: the level of a sound over the last whole 100 ms.
 *
 * How: mean of squares over windows of 800 samples; a sine of peak 32767 reads 3.14 dBm0 (G.711 table 5).
 * Assumes blocks that divide the window. Measured (test_mixer.c): a sine of 1004 Hz at -10 dBm0 reads within 0.05 dB. */
#include "meter.h"

#include "level.h"

#include <string.h>

void sc_meter_reset(struct sc_meter *meter)
{
    memset(meter, 0, sizeof *meter);
}

void sc_meter_process(struct sc_meter *meter, const int16_t *samples, size_t n)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += (float)samples[i] * (float)samples[i];
    meter->sum += (double)sum;
    meter->filled += n;
    if (meter->filled < SC_METER_WINDOW_SAMPLES)
        return;
    meter->last = meter->sum / (double)meter->filled;
    meter->sum = 0.0;
    meter->filled = 0;
}

float sc_meter_dbm0(const struct sc_meter *meter)
{
    float level = sc_dbm0_of_amplitude((float)sqrt(2.0 * meter->last));
    return level < SC_METER_SILENCE_DBM0 ? SC_METER_SILENCE_DBM0 : level;
}

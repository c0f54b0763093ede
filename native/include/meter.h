/* meter.h: the level of a sound over the last whole 100 ms, in dBm0. Embedded by value, allocates nothing. */
#ifndef SC_METER_H
#define SC_METER_H

#include <stddef.h>
#include <stdint.h>

#define SC_METER_SILENCE_DBM0 (-96.0f)
#define SC_METER_WINDOW_SAMPLES 800

struct sc_meter {
    double sum;                 /* of squares in the window that is being filled */
    size_t filled;
    double last;                /* mean square of the last whole window */
};

void sc_meter_reset(struct sc_meter *meter);
void sc_meter_process(struct sc_meter *meter, const int16_t *samples, size_t n);
float sc_meter_dbm0(const struct sc_meter *meter);

#endif

/* drift.c: a device whose clock is some ppm away from the port's.
 *
 * How: both directions are read at fractional places by a Catmull-Rom cubic, two samples late; to_device decides how
 * many device samples a block has, to_port takes exactly these.
 * Assumes: |ppm| <= 500 and one to_port after each to_device. Measured: 100 ppm moves a tone by 100 ppm and no sample
 * is lost or doubled over 60 s; at 1 kHz the level wanders by 0.25 dB (tests/test_line.c). */
#include "parts.h"

#include <math.h>
#include <string.h>

static double cubic(const double *x, double fraction)
{
    double a = -0.5 * x[0] + 1.5 * x[1] - 1.5 * x[2] + 0.5 * x[3];
    double b = x[0] - 2.5 * x[1] + 2.0 * x[2] - 0.5 * x[3];
    double c = -0.5 * x[0] + 0.5 * x[2];
    return ((a * fraction + b) * fraction + c) * fraction + x[1];
}

/* The value at place `at` of the block, two samples late; buffer holds TW_DRIFT_PAST older samples first. */
static double read_at(const double *buffer, double at)
{
    double whole = floor(at);
    ptrdiff_t place = (ptrdiff_t)whole + TW_DRIFT_PAST - 3;
    return cubic(buffer + place, at - whole);
}

static void remember(double *buffer, size_t n)
{
    memmove(buffer, buffer + n, TW_DRIFT_PAST * sizeof buffer[0]);
}

void tw_drift_start(struct tw_drift *drift, double ppm)
{
    *drift = (struct tw_drift){.ratio = 1.0 + ppm * 1e-6};
}

size_t tw_drift_to_device(struct tw_drift *drift, const int16_t *port, size_t n, int16_t *device)
{
    size_t made = 0;
    for (size_t i = 0; i < n; i++)
        drift->up[TW_DRIFT_PAST + i] = port[i];
    while (drift->up_at < (double)n && made < TW_MAX_BLOCK_SAMPLES) {
        device[made++] = tw_saturate(read_at(drift->up, drift->up_at));
        drift->up_at += 1.0 / drift->ratio;
    }
    drift->up_at -= (double)n;
    remember(drift->up, n);
    return made;
}

void tw_drift_to_port(struct tw_drift *drift, const int16_t *device, size_t m, int16_t *port, size_t n)
{
    for (size_t i = 0; i < m; i++)
        drift->down[TW_DRIFT_PAST + i] = device[i];
    for (size_t i = 0; i < n; i++)
        port[i] = tw_saturate(read_at(drift->down, drift->down_at + (double)i * drift->ratio));
    drift->down_at += (double)n * drift->ratio - (double)m;
    remember(drift->down, m);
}

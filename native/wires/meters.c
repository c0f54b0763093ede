/* meters.c: measures what an ear heard: level, one tone, the strongest frequency, a cadence, a likeness.
 *
 * How: Goertzel sums with a rectangular window (any frequency, not only bins); the strongest frequency by a scan over
 * 10 Hz steps and golden-section refinement; a cadence from 5 ms hops of a 20 ms window in which the tone has the
 * most of the power; likeness by normalised cross-correlation over all lags.
 * Measured: frequency within 1 Hz over 200 ms, cadence edges within 10 ms (tests/test_meters.c). */
#include "parts.h"

#include <errno.h>
#include <math.h>

#define SCAN_LOW_HZ 200.0
#define SCAN_HIGH_HZ 3600.0
#define SCAN_STEP_HZ 5.0
#define CADENCE_HOP 40     /* 5 ms */
#define CADENCE_WINDOW 160 /* 20 ms */
#define CADENCE_SHARE 0.5  /* tone's part of the power; 425 Hz in 20 ms leaks little */
#define REFINEMENTS 24

double tw_level_dbm0(const int16_t *samples, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)samples[i] * samples[i];
    return n == 0 ? -100.0 : tw_dbm0_of_rms(sqrt(sum / (double)n));
}

/* RMS of the component at frequency_hz. */
static double tone_rms(const int16_t *samples, size_t n, double frequency_hz)
{
    double c = 2.0 * cos(2.0 * TW_PI * frequency_hz / TW_RATE_HZ);
    double s1 = 0.0;
    double s2 = 0.0;
    for (size_t i = 0; i < n; i++) {
        double s0 = samples[i] + c * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    double power = s1 * s1 + s2 * s2 - c * s1 * s2;
    return power <= 0.0 ? 0.0 : sqrt(2.0 * power) / (double)n;
}

double tw_tone_dbm0(const int16_t *samples, size_t n, double frequency_hz)
{
    return n == 0 ? -100.0 : tw_dbm0_of_rms(tone_rms(samples, n, frequency_hz));
}

static double refine(const int16_t *samples, size_t n, double low_hz, double high_hz)
{
    const double golden = 0.6180339887498949;
    for (int i = 0; i < REFINEMENTS; i++) {
        double left = high_hz - golden * (high_hz - low_hz);
        double right = low_hz + golden * (high_hz - low_hz);
        if (tone_rms(samples, n, left) > tone_rms(samples, n, right))
            high_hz = right;
        else
            low_hz = left;
    }
    return 0.5 * (low_hz + high_hz);
}

double tw_dominant_hz(const int16_t *samples, size_t n, double *share)
{
    double best_hz = 0.0;
    double best = 0.0;
    size_t seen = n < 1600 ? n : 1600; /* 200 ms: a longer window has a main lobe narrower than the scan's step */
    *share = 0.0;
    if (seen == 0)
        return 0.0;
    for (double hz = SCAN_LOW_HZ; hz <= SCAN_HIGH_HZ; hz += SCAN_STEP_HZ) {
        double rms = tone_rms(samples, seen, hz);
        if (rms > best) {
            best = rms;
            best_hz = hz;
        }
    }
    if (best <= 0.0)
        return 0.0;
    best_hz = refine(samples, seen, best_hz - SCAN_STEP_HZ, best_hz + SCAN_STEP_HZ);
    double all = tw_rms(tw_level_dbm0(samples, seen));
    double rms = tone_rms(samples, seen, best_hz);
    *share = rms * rms / (all * all);
    return best_hz;
}

static bool tone_in(const int16_t *window, double frequency_hz, double floor_dbm0)
{
    double all = tw_level_dbm0(window, CADENCE_WINDOW);
    double tone = tw_tone_dbm0(window, CADENCE_WINDOW, frequency_hz);
    return tone > floor_dbm0 && tone > all + 10.0 * log10(CADENCE_SHARE);
}

size_t tw_cadence(const int16_t *samples, size_t n, double frequency_hz, double floor_dbm0, struct tw_stretch *out,
                  size_t most)
{
    size_t count = 0;
    for (size_t at = 0; at + CADENCE_WINDOW <= n; at += CADENCE_HOP) {
        bool on = tone_in(samples + at, frequency_hz, floor_dbm0);
        if (count == 0 || out[count - 1].on != on) {
            if (count == most)
                return count;
            out[count++] = (struct tw_stretch){.on = on};
        }
        out[count - 1].duration_ms += CADENCE_HOP * 1000 / TW_RATE_HZ;
    }
    return count;
}

static double product(const int16_t *a, const int16_t *b, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (int32_t)a[i] * b[i];
    return (double)sum;
}

int tw_match(const int16_t *reference, const int16_t *heard, size_t n, size_t most_lag, struct tw_match *out)
{
    if (n == 0)
        return EINVAL;
    double reference_power = product(reference, reference, n);
    if (reference_power <= 0.0)
        return ENODATA;
    struct tw_match best = {.gain_db = -100.0};
    double heard_power = product(heard, heard, n);
    for (size_t lag = 0; lag <= most_lag; lag++) {
        double together = product(reference, heard + lag, n);
        double both = sqrt(reference_power * heard_power);
        double correlation = both > 0.0 ? together / both : 0.0;
        if (fabs(correlation) > fabs(best.correlation)) {
            double gain = fabs(together) / reference_power;
            best = (struct tw_match){correlation, 20.0 * log10(gain + 1e-5), (uint32_t)lag};
        }
        if (lag < most_lag) {
            double leaving = heard[lag];
            double coming = heard[lag + n];
            heard_power += coming * coming - leaving * leaving;
        }
    }
    *out = best;
    return 0;
}

/* fsk_marks.c: where the seizure before a packet of FSK ends, and which modulation's marks follow it.
 *
 * How: the marks' frequency is measured by the phase from one stretch to the next, first roughly, then well. One steady tone is
 * foretold by the two samples before; what that leaves is large in the seizure and small in the marks, and its fall
 * is the edge, late by as much as the line delays.
 * Assumes 8000 samples a second and a line without hum.
 * Measured (test_callerid_lines.c): 19 to 32 samples late through the hybrids of G.168, whichever they are. */
#include "fsk_marks.h"

#include <math.h>

#define PI 3.14159265358979323846
#define REACH 200                       /* samples about the given place in which the edge is looked for */
#define SEIZURE_SHARE 0.2f              /* of the seizure's mean misfit to one tone: above it is still seizure */
#define SEIZURE_CONTRAST 4.0f           /* misfit in the seizure over that in the marks */
#define MARK_OFF_HZ 20.0                /* EN 300 659-1: 1 % */
#define BETWEEN_MARKS_HZ 1250.0
#define ROUGH_SAMPLES 40
#define WELL_SAMPLES 160

/* What of the stretch one steady tone of this frequency leaves, relative to the power of it. */
static float misfit_to_tone(const float *x, int samples, float twice_cosine)
{
    float rest = 0.0f;
    for (int i = 0; i < samples; i++) {
        float e = x[i] - twice_cosine * x[i - 1] + x[i - 2];
        rest += e * e;
    }
    return rest / (float)samples;
}

/* Frequency of a tone near `hz`: by how much its phase runs ahead from one stretch of samples to the next; right within
 * 4000 / stretch. */
static double frequency_near(const float *x, double hz, int stretch)
{
    double re[2] = { 0 }, im[2] = { 0 };
    for (int k = 0; k < 2 * stretch; k++) {
        double angle = 2.0 * PI * hz / 8000.0 * k;
        re[k / stretch] += (double)x[k] * cos(angle);
        im[k / stretch] -= (double)x[k] * sin(angle);
    }
    double turned = atan2(im[1] * re[0] - re[1] * im[0], re[1] * re[0] + im[1] * im[0]);
    return hz + turned / (2.0 * PI) * 8000.0 / stretch;
}

bool sc_fsk_marks_find(const float *line, struct sc_fsk_marks *found)
{
    const float *marks = line + SC_FSK_MARKS_HALF;
    double hz = frequency_near(marks + REACH, BETWEEN_MARKS_HZ, ROUGH_SAMPLES);
    hz = frequency_near(marks + REACH, hz, WELL_SAMPLES);
    const bool v23 = hz > BETWEEN_MARKS_HZ;
    const double nominal = v23 ? 1300.0 : 1200.0;
    if (fabs(hz - nominal) > MARK_OFF_HZ)
        return false;
    const float twice_cosine = (float)(2.0 * cos(2.0 * PI * hz / 8000.0));
    const float seizure = misfit_to_tone(marks - 3 * REACH, 2 * REACH, twice_cosine);
    const float rest = misfit_to_tone(marks + REACH, REACH, twice_cosine);
    if (seizure < SEIZURE_CONTRAST * rest || seizure <= 0.0f)
        return false;
    int at = REACH;
    while (at > -REACH && misfit_to_tone(marks + at - 8, 8, twice_cosine) < SEIZURE_SHARE * seizure + rest)
        at--;
    found->modulation = v23 ? SC_FSK_V23 : SC_FSK_BELL202;
    found->mark_hz = hz;
    found->space_hz = (v23 ? 2100.0 : 2200.0) * hz / nominal;
    found->edge = at;
    return at > -REACH;
}

/* Foreground filter: see foreground_filter.h.
 *
 * How: the history of the reference is written twice, half a buffer apart, so that the convolution runs over contiguous
 * samples; taps are held last first, eight at a time in vectors.
 */
#include "foreground_filter.h"

#include <string.h>

enum { HISTORY = SC_FOREGROUND_HISTORY };

typedef float v4 __attribute__((vector_size(16)));
typedef float v4u __attribute__((vector_size(16), aligned(4)));

void sc_foreground_run(struct sc_foreground *filter, const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        filter->history[filter->at] = filter->history[filter->at + HISTORY] = x[i];
        filter->at = (filter->at + 1) % HISTORY;
    }
    if (filter->length == 0) {
        memset(y, 0, n * sizeof *y);
        return;
    }
    const size_t back = n + filter->offset + filter->length - 1;
    const float *oldest = filter->history + (filter->at + 2 * HISTORY - back) % HISTORY;
    for (size_t i = 0; i < n; i++) {
        v4 a = {0, 0, 0, 0}, b = {0, 0, 0, 0};
        for (size_t k = 0; k < filter->length; k += 8) {
            a += *(const v4 *)(filter->taps + k) * *(const v4u *)(oldest + i + k);
            b += *(const v4 *)(filter->taps + k + 4) * *(const v4u *)(oldest + i + k + 4);
        }
        a += b;
        y[i] = (a[0] + a[1]) + (a[2] + a[3]);
    }
}

void sc_foreground_set(struct sc_foreground *filter, const float *response, size_t offset, size_t length)
{
    filter->offset = offset;
    filter->length = length;
    for (size_t i = 0; i < length; i++)
        filter->taps[length - 1 - i] = response[i];
}

void sc_foreground_get(const struct sc_foreground *filter, float *response)
{
    for (size_t i = 0; i < filter->length; i++)
        response[i] = filter->taps[filter->length - 1 - i];
}

void sc_foreground_clear(struct sc_foreground *filter)
{
    memset(filter->taps, 0, sizeof filter->taps);
}

void sc_foreground_shorten(struct sc_foreground *filter, size_t offset, size_t length)
{
    float kept[SC_FOREGROUND_MAX];
    for (size_t i = 0; i < length; i++) { /* tap of delay offset + i */
        const size_t delay = offset + i;
        const int there = delay >= filter->offset && delay < filter->offset + filter->length;
        kept[i] = there ? filter->taps[filter->offset + filter->length - 1 - delay] : 0;
    }
    sc_foreground_set(filter, kept, offset, length);
}

float sc_foreground_power(const struct sc_foreground *filter)
{
    float power = 0;
    for (size_t i = 0; i < filter->length; i++)
        power += filter->taps[i] * filter->taps[i];
    return power;
}

/* Which of two filters of the same signal is better?  Answered from the powers of their errors, whoever talks.
 * A part of the echo canceller, held by value. */
#ifndef SC_FILTER_COMPARISON_H
#define SC_FILTER_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

enum sc_filter_window { SC_OVER_24_MS, SC_OVER_100_MS, SC_OVER_500_MS, SC_FILTER_WINDOWS };

extern const float sc_filter_forget[SC_FILTER_WINDOWS]; /* a block of 8 ms */

struct sc_compared {
    float sin, foreground, background, difference; /* smoothed energies of a block */
};

struct sc_filter_comparison {
    struct sc_compared over[SC_FILTER_WINDOWS];
};

/* One block: the signal and the errors of both filters. */
void sc_filter_compare(struct sc_filter_comparison *comparison, const float *sin, const float *foreground,
                       const float *background, size_t n);

/* Whether the foreground (or else the background) is worse by more than chance; a larger factor asks for more. */
bool sc_filter_significant(const struct sc_filter_comparison *comparison, bool foreground_worse, float factor);

/* One filter has been copied over the other: what was measured of the one that stays holds for both. */
void sc_filter_leveled(struct sc_filter_comparison *comparison, bool background_stays);

#endif

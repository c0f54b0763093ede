/* Comparison of two filters: see filter_comparison.h.
 *
 * How: with near end s and residuals a and b the errors' powers differ by a^2 - b^2 + 2 s (a - b).  The last term is
 * chance; its spread over a window follows from the power of the error (mostly s) and of the difference of the errors
 * (a - b), both of which can be measured.  A difference counts when it is large beside that.  So no detector of double
 * talk is needed.
 */
#include "filter_comparison.h"

/* Forgetting a block over 24 ms, 100 ms and 0.5 s, and the least square of the difference over the square of its chance
 * spread; more than for white signals, speech being far from white. */
const float sc_filter_forget[SC_FILTER_WINDOWS] = {0.5f, 0.85f, 0.97f};
static const float significance[SC_FILTER_WINDOWS] = {0.36f, 0.09f, 0.02f};

void sc_filter_compare(struct sc_filter_comparison *comparison, const float *sin, const float *foreground,
                       const float *background, size_t n)
{
    struct sc_compared now = {0, 0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        const float d = foreground[i] - background[i];
        now.sin += sin[i] * sin[i];
        now.foreground += foreground[i] * foreground[i];
        now.background += background[i] * background[i];
        now.difference += d * d;
    }
    for (int w = 0; w < SC_FILTER_WINDOWS; w++) {
        struct sc_compared *c = &comparison->over[w];
        const float share = 1 - sc_filter_forget[w];
        c->sin += share * (now.sin - c->sin);
        c->foreground += share * (now.foreground - c->foreground);
        c->background += share * (now.background - c->background);
        c->difference += share * (now.difference - c->difference);
    }
}

bool sc_filter_significant(const struct sc_filter_comparison *comparison, bool foreground_worse, float factor)
{
    for (int w = 0; w < SC_FILTER_WINDOWS; w++) {
        const struct sc_compared *c = &comparison->over[w];
        const float over = foreground_worse ? c->foreground - c->background : c->background - c->foreground;
        const float near_power = foreground_worse ? c->foreground : c->background;
        if (over > 0 && over * over > factor * significance[w] * near_power * c->difference)
            return true;
    }
    return false;
}

void sc_filter_leveled(struct sc_filter_comparison *comparison, bool background_stays)
{
    for (int w = 0; w < SC_FILTER_WINDOWS; w++) {
        struct sc_compared *c = &comparison->over[w];
        if (background_stays)
            c->foreground = c->background;
        else
            c->background = c->foreground;
        c->difference = 0;
    }
}

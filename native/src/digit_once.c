/* digit_once.c: pairs the digits that come as sound with those that come as telephone events (RFC 4733).
 *
 * How: what has been told is kept a short while, each way for itself. A digit that begins is a copy when the same digit was told
 * the other way, has no partner yet and is recent: the oldest such one becomes its partner. So of two quick presses of a key
 * both are told, whichever way comes first and whatever either way loses: told is the greater of the two counts. While a
 * digit goes on that has its partner, the other way may break into pieces: these are copies too.
 * Assumes that sound is at most RECENT_TICKS behind its event: 200 ms of jitter buffer, 40 ms of detection, or before it.
 * Measured (test_digit_once.c): any mixture of both ways, losses and jitter tells each press once. */
#include "digit_once.h"

#include <stddef.h>

#define RECENT_TICKS 50u

static enum sc_digit_way other(enum sc_digit_way way)
{
    return way == SC_DIGIT_AS_SOUND ? SC_DIGIT_AS_EVENT : SC_DIGIT_AS_SOUND;
}

/* The oldest digit told this way that waits for its copy, or NULL. */
static struct sc_told_digit *waiting(struct sc_digit_once *once, enum sc_digit_way way, char digit, uint64_t tick)
{
    for (uint32_t i = 1; i <= SC_DIGIT_ONCE_KEPT; i++) {
        uint32_t place = (once->ways[way].newest + i) % SC_DIGIT_ONCE_KEPT;
        struct sc_told_digit *told = &once->ways[way].told[place];
        bool goes_on = place == once->ways[way].newest && once->ways[way].open == digit && !once->ways[way].copy;
        if (told->digit == digit && !told->paired && (goes_on || tick - told->tick <= RECENT_TICKS))
            return told;
    }
    return NULL;
}

bool sc_digit_once_begins(struct sc_digit_once *once, enum sc_digit_way way, char digit, uint64_t tick)
{
    enum sc_digit_way before = other(way);
    struct sc_told_digit *partner = waiting(once, before, digit, tick);
    once->ways[way].open = digit;
    once->ways[way].copy = partner != NULL || (once->ways[before].open == digit && !once->ways[before].copy);
    if (partner != NULL)
        partner->paired = true;
    if (once->ways[way].copy)
        return false;
    once->ways[way].newest = (once->ways[way].newest + 1) % SC_DIGIT_ONCE_KEPT;
    once->ways[way].told[once->ways[way].newest] = (struct sc_told_digit){ .digit = digit, .tick = tick };
    return true;
}

bool sc_digit_once_ends(struct sc_digit_once *once, enum sc_digit_way way)
{
    bool told = !once->ways[way].copy;
    once->ways[way].open = '\0';
    once->ways[way].copy = false;
    return told;
}

bool sc_digit_once_copy_sounds(const struct sc_digit_once *once)
{
    return once->ways[SC_DIGIT_AS_SOUND].open != '\0' && once->ways[SC_DIGIT_AS_SOUND].copy;
}

/* digit_once.h: a digit that a party sends both as sound and as a telephone event is told once.
 *
 * One for each party that may do both. Whoever has found a digit asks before telling it: _begins where it starts, _ends
 * where it ends; the answer is whether it is to be told. */
#ifndef SC_DIGIT_ONCE_H
#define SC_DIGIT_ONCE_H

#include <stdbool.h>
#include <stdint.h>

#define SC_DIGIT_ONCE_KEPT 8u

enum sc_digit_way { SC_DIGIT_AS_SOUND = 0, SC_DIGIT_AS_EVENT = 1 };

struct sc_told_digit {
    char digit;                 /* 0 = free */
    bool paired;                /* it has come the other way too */
    uint64_t tick;              /* in which it was told */
};

/* All zeros to begin with. */
struct sc_digit_once {
    struct {
        struct sc_told_digit told[SC_DIGIT_ONCE_KEPT];
        uint32_t newest;
        char open;              /* the digit that sounds just now, or 0 */
        bool copy;              /* ... is one that came the other way before */
    } ways[2];
};

bool sc_digit_once_begins(struct sc_digit_once *once, enum sc_digit_way way, char digit, uint64_t tick);
bool sc_digit_once_ends(struct sc_digit_once *once, enum sc_digit_way way);

/* Whether the digit that sounds is a copy of an event: then nobody is to hear it. */
bool sc_digit_once_copy_sounds(const struct sc_digit_once *once);

#endif

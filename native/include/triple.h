/* triple.h: a triple buffer: one writer hands the newest of three values to one reader; neither ever waits.
 *
 * The writer fills the value number sc_triple_back and publishes it; the reader takes the newest and then owns the value
 * number sc_triple_front until it takes again. What was published and never taken is overwritten. */
#ifndef SC_TRIPLE_H
#define SC_TRIPLE_H

#include <stdatomic.h>
#include <stdbool.h>

#define SC_TRIPLE_FRESH 4u

struct sc_triple {
    unsigned back;              /* the writer's */
    unsigned front;             /* the reader's */
    _Atomic unsigned middle;    /* index, and SC_TRIPLE_FRESH when it has not been taken */
};

static inline void sc_triple_reset(struct sc_triple *triple)
{
    triple->back = 0;
    triple->front = 1;
    atomic_store(&triple->middle, 2u);
}

static inline void sc_triple_publish(struct sc_triple *triple)
{
    triple->back = atomic_exchange_explicit(&triple->middle, triple->back | SC_TRIPLE_FRESH, memory_order_acq_rel) &
                   ~SC_TRIPLE_FRESH;
}

/* False when nothing new has been published. */
static inline bool sc_triple_take(struct sc_triple *triple)
{
    if ((atomic_load_explicit(&triple->middle, memory_order_relaxed) & SC_TRIPLE_FRESH) == 0)
        return false;
    triple->front = atomic_exchange_explicit(&triple->middle, triple->front, memory_order_acq_rel) & ~SC_TRIPLE_FRESH;
    return true;
}

#endif

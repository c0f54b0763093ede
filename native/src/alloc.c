/* alloc.c: zeroed, aligned memory for the blocks, with a failure counter for the tests.
 *
 * How: aligned_alloc of the size rounded up to the alignment, then cleared. The counters exist only in a test build
 * (SC_TEST_ALLOC); they are not atomic, because creation happens on one thread in the tests that use them. */
#include "alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)64)

#ifdef SC_TEST_ALLOC
static long successes_left = -1;
static long held;

void sc_alloc_fail_after(long successes)
{
    successes_left = successes;
}

long sc_alloc_held(void)
{
    return held;
}
#endif

static size_t rounded_up(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void *sc_alloc_untouched(size_t size)
{
    if (size == 0 || size > SIZE_MAX - ALIGNMENT)
        return NULL;
#ifdef SC_TEST_ALLOC
    if (successes_left == 0)
        return NULL;
    if (successes_left > 0)
        successes_left--;
#endif
    void *memory = aligned_alloc(ALIGNMENT, rounded_up(size));
#ifdef SC_TEST_ALLOC
    held += memory != NULL;
#endif
    return memory;
}

void *sc_alloc(size_t size)
{
    void *memory = sc_alloc_untouched(size);
    if (memory != NULL)
        memset(memory, 0, rounded_up(size));
    return memory;
}

void sc_free(void *memory)
{
#ifdef SC_TEST_ALLOC
    if (memory != NULL)
        held--;
#endif
    free(memory);
}

/* memory.c: zeroed memory, with a failure counter for the tests (TW_TEST_ALLOC). */
#include "parts.h"

#include <stdlib.h>

#ifdef TW_TEST_ALLOC
static long successes_left = -1;
static long held;

void tw_alloc_fail_after(long successes)
{
    successes_left = successes;
}

long tw_alloc_held(void)
{
    return held;
}
#endif

void *tw_alloc(size_t size)
{
#ifdef TW_TEST_ALLOC
    if (successes_left == 0)
        return NULL;
    if (successes_left > 0)
        successes_left--;
#endif
    void *memory = calloc(1, size);
#ifdef TW_TEST_ALLOC
    held += memory != NULL;
#endif
    return memory;
}

void tw_free(void *memory)
{
#ifdef TW_TEST_ALLOC
    held -= memory != NULL;
#endif
    free(memory);
}

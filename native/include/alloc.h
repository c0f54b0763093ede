/* alloc.h: the one place where a block of the signal core takes memory.
 *
 * Every `sc_x_create` allocates here and nothing else does; nothing in a tick may call it. Memory comes zeroed and
 * aligned for any vector type (64 bytes). Built with SC_TEST_ALLOC, a test can make the n-th allocation fail and can
 * count what is still held. */
#ifndef SC_ALLOC_H
#define SC_ALLOC_H

#include <stddef.h>

/* Zeroed memory aligned to 64 bytes, or NULL. A size of 0 gives NULL. */
void *sc_alloc(size_t size);

/* The same, not cleared: the system gives no memory for what is never written. */
void *sc_alloc_untouched(size_t size);

/* Gives back what sc_alloc gave; NULL is allowed. */
void sc_free(void *memory);

#ifdef SC_TEST_ALLOC
/* The next `successes` allocations succeed and all later ones fail; a negative number switches failing off. */
void sc_alloc_fail_after(long successes);

/* Allocations that have not been given back yet. */
long sc_alloc_held(void);
#endif

#endif

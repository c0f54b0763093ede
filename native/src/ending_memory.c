/* ending_memory.c: the last seconds of a call, handed from the tick to whoever learns from them.
 *
 * How: three rings behind a triple buffer: the tick fills its own, publishes it when the call is over, and goes on in
 * another; the reader copies out of the one that is then his.
 * Assumes one thread that hears and closes and one at a time that takes.
 * Measured: a tick's 80 samples are one or two copies of 160 octets. */
#include "ending_memory.h"

#include "alloc.h"
#include "triple.h"

#include <errno.h>
#include <string.h>

struct ring {
    int16_t samples[SC_ENDING_SAMPLES_MAX];
    size_t heard;                       /* since it was begun */
};

struct sc_ending_memory {
    struct sc_triple triple;
    struct ring rings[3];
};

int sc_ending_memory_create(struct sc_ending_memory **out)
{
    struct sc_ending_memory *memory = sc_alloc(sizeof *memory);
    if (memory == NULL)
        return ENOMEM;
    sc_triple_reset(&memory->triple);
    for (unsigned i = 0; i < 3; i++)
        memory->rings[i].heard = 0;
    *out = memory;
    return 0;
}

void sc_ending_memory_destroy(struct sc_ending_memory *memory)
{
    sc_free(memory);
}

void sc_ending_memory_hear(struct sc_ending_memory *memory, const int16_t *in, size_t n)
{
    struct ring *ring = &memory->rings[memory->triple.back];
    while (n > 0) {
        size_t at = ring->heard % SC_ENDING_SAMPLES_MAX;
        size_t part = n < SC_ENDING_SAMPLES_MAX - at ? n : SC_ENDING_SAMPLES_MAX - at;
        memcpy(ring->samples + at, in, part * sizeof *in);
        ring->heard += part;
        in += part;
        n -= part;
    }
}

void sc_ending_memory_close(struct sc_ending_memory *memory)
{
    if (memory->rings[memory->triple.back].heard == 0)
        return;
    sc_triple_publish(&memory->triple);
    memory->rings[memory->triple.back].heard = 0;
}

size_t sc_ending_memory_take(struct sc_ending_memory *memory, int16_t *out)
{
    if (!sc_triple_take(&memory->triple))
        return 0;
    const struct ring *ring = &memory->rings[memory->triple.front];
    size_t kept = ring->heard < SC_ENDING_SAMPLES_MAX ? ring->heard : SC_ENDING_SAMPLES_MAX;
    size_t first = (ring->heard - kept) % SC_ENDING_SAMPLES_MAX;
    size_t part = kept < SC_ENDING_SAMPLES_MAX - first ? kept : SC_ENDING_SAMPLES_MAX - first;
    memcpy(out, ring->samples + first, part * sizeof *out);
    memcpy(out + part, ring->samples, (kept - part) * sizeof *out);
    return kept;
}

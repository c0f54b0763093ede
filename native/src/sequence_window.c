/* sequence_window.c: which of a stream's last 64 sequence numbers have come.
 *
 * How: a bit for each of them, moved on with the newest; numbers wrap round, so that the shorter way between two counts.
 * Assumes nothing; a number more than 63 behind the newest is never known.
 * Measured (test_jitter_buffer.c): duplicates and wrong order are counted. */
#include "sequence_window.h"

enum { REMEMBERED = 64 };

void sc_sequence_window_start(struct sc_sequence_window *window, uint16_t first)
{
    *window = (struct sc_sequence_window){ .newest = (uint16_t)(first - 1) };
}

bool sc_sequence_window_has(const struct sc_sequence_window *window, uint16_t sequence)
{
    const int16_t step = (int16_t)(sequence - window->newest);
    return step <= 0 && step > -REMEMBERED && (window->seen >> -step & 1);
}

int16_t sc_sequence_window_note(struct sc_sequence_window *window, uint16_t sequence)
{
    const int16_t step = (int16_t)(sequence - window->newest);
    if (step > 0) {
        window->seen = (step < REMEMBERED ? window->seen << step : 0) | 1;
        window->newest = sequence;
    } else if (step > -REMEMBERED) {
        window->seen |= (uint64_t)1 << -step;
    }
    return step;
}

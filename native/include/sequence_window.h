/* sequence_window.h: which of a stream's last 64 sequence numbers have come. */
#ifndef SC_SEQUENCE_WINDOW_H
#define SC_SEQUENCE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct sc_sequence_window {
    uint16_t newest;
    uint64_t seen;              /* bit k: newest - k has come */
};

/* Nothing has come; `first` is what comes next. */
void sc_sequence_window_start(struct sc_sequence_window *window, uint16_t first);

/* Whether it has come already, as far as that is remembered. */
bool sc_sequence_window_has(const struct sc_sequence_window *window, uint16_t sequence);

/* It has come now; by how much it is newer than the newest before, 0 or less when it is out of its order. */
int16_t sc_sequence_window_note(struct sc_sequence_window *window, uint16_t sequence);

#endif

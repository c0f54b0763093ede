/* port.h: what the signal core asks of anything that carries a port's audio.
 *
 * The core calls the function once a tick for each port. `playback` is what the core plays to the line during this tick,
 * `capture` is to be filled with what the line gave during it; both are `samples` (80) long, int16 with a full-scale
 * sine at 3.14 dBm0. It is called from the thread that ticks, must not block, and returns 0 or an errno (then the
 * capture counts as silence and the failure is counted). The twin of a two-wire line and the sound card both
 * are such a function with its `self`. */
#ifndef SC_PORT_H
#define SC_PORT_H

#include <stddef.h>
#include <stdint.h>

#define SC_TICK_SAMPLES 80
#define SC_TICK_MS 10
#define SC_SAMPLE_HZ 8000

typedef int (*sc_port_exchange)(void *self, const int16_t *playback, int16_t *capture, size_t samples);

#endif

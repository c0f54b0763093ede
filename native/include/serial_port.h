/* serial_port.h: the voice port of a modem as a port of the core.
 *
 * A modem gives 320 bytes (20 ms, 8 kHz, 16 bits, little-endian) on its own clock while it has a call, and wants one frame for
 * each that it gives. _service, called before each tick by the thread that ticks, moves bytes between the descriptor and
 * the port without ever waiting; _exchange is the port function of the tick and touches memory only. In between a
 * drift-following resampler each way (asrc.h).
 * The descriptor is this port's alone from _plug to _unplug: whoever configured it keeps no hand in it. */
#ifndef SC_SERIAL_PORT_H
#define SC_SERIAL_PORT_H

#include "port.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_SERIAL_FRAME_SAMPLES 160
#define SC_SERIAL_FRAME_BYTES 320

struct sc_serial_port;

struct sc_serial_port_statistics {
    uint64_t captured_frames;   /* whole frames that came */
    uint64_t played_frames;     /* that the modem took */
    uint64_t dropped_frames;    /* that it did not take in time */
    uint64_t slips;             /* under- and overruns towards the tick */
    float captured_dbm0;        /* of the frames that came */
    int gone;                   /* errno of the descriptor, when it failed */
};

int sc_serial_port_create(struct sc_serial_port **out);
void sc_serial_port_destroy(struct sc_serial_port *port); /* nobody services it any more */

/* Takes a duplicate of the descriptor, which must be non-blocking. EBUSY: there is one already. */
int sc_serial_port_plug(struct sc_serial_port *port, int descriptor);

/* The descriptor is to be left. 0 when the thread that services has left it (it is closed then), EAGAIN before: ask again. */
int sc_serial_port_unplug(struct sc_serial_port *port);

void sc_serial_port_service(struct sc_serial_port *port);
int sc_serial_port_exchange(void *port, const int16_t *playback, int16_t *capture, size_t samples);
void sc_serial_port_statistics(const struct sc_serial_port *port, struct sc_serial_port_statistics *out);

#endif

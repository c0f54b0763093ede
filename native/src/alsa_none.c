/* alsa_none.c: the sound-card port of a build without alsa-lib (the cross build for tests): no card can be opened. */
#include "alsa_port.h"

#ifndef SC_HAVE_ALSA

#include <errno.h>
#include <string.h>

int sc_alsa_port_create(struct sc_alsa_port **out, const struct sc_alsa_port_settings *settings)
{
    (void)out;
    (void)settings;
    return ENOTSUP;
}

void sc_alsa_port_destroy(struct sc_alsa_port *port)
{
    (void)port;
}

void sc_alsa_port_set(struct sc_alsa_port *port, bool canceller, bool capture_muted, bool heard, bool in_call)
{
    (void)heard;
    (void)in_call;
    (void)port;
    (void)canceller;
    (void)capture_muted;
}

int sc_alsa_port_unplug(struct sc_alsa_port *port)
{
    (void)port;
    return ENOTSUP;
}

int sc_alsa_port_plug(struct sc_alsa_port *port, const char *device, const char *capture_device)
{
    (void)port;
    (void)device;
    (void)capture_device;
    return ENOTSUP;
}

bool sc_alsa_port_hears_machines(const struct sc_alsa_port *port)
{
    (void)port;
    return false;
}

void sc_alsa_port_service(struct sc_alsa_port *port)
{
    (void)port;
}

int sc_alsa_port_exchange(void *port, const int16_t *playback, int16_t *capture, int16_t *linear, size_t samples)
{
    (void)port;
    (void)playback;
    memset(capture, 0, samples * sizeof *capture);
    memset(linear, 0, samples * sizeof *linear);
    return ENOTSUP;
}

void sc_alsa_port_statistics(const struct sc_alsa_port *port, struct sc_alsa_port_statistics *out)
{
    (void)port;
    memset(out, 0, sizeof *out);
}

#endif

/* echo_settings.h: a part of the echo canceller: which settings it can be made with. */
#ifndef SC_ECHO_SETTINGS_H
#define SC_ECHO_SETTINGS_H

#include "echo_canceller.h"

bool sc_echo_settings_sound(const struct sc_echo_canceller_settings *settings);

#endif

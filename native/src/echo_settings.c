/* echo_settings.c: what an echo canceller is made with by default, and what it can be made with.
 *
 * Assumes nothing; the limits are those of span_filter.h and foreground_filter.h. Measured: tests/test_echo_canceller.c. */
#include "echo_settings.h"

#include "foreground_filter.h"
#include "span_filter.h"

enum {
    BLOCK = SC_SPAN_BLOCK,
    MAX_WINDOW = 512,
    MAX_SPAN = SC_FOREGROUND_MAX
};

void sc_echo_canceller_settings_default(struct sc_echo_canceller_settings *settings)
{
    *settings = (struct sc_echo_canceller_settings){.window_samples = 256, .span_samples = 1024,
        .initial_delay_samples = SC_ECHO_DELAY_UNKNOWN, .nlp = true, .comfort_noise = true};
}

bool sc_echo_settings_sound(const struct sc_echo_canceller_settings *s)
{
    return s->window_samples >= 64 && s->window_samples <= MAX_WINDOW && s->window_samples % BLOCK == 0
           && s->span_samples >= s->window_samples && s->span_samples <= MAX_SPAN && s->span_samples % BLOCK == 0
           && s->initial_delay_samples >= SC_ECHO_DELAY_UNKNOWN
           && s->initial_delay_samples < (int32_t)s->span_samples;
}

/* digits.c: the DTMF receiver of a city exchange (Q.23 tones, Q.24 in spirit).
 *
 * How: windows of 20 ms every 10 ms, eight Goertzel bins; a digit needs one clear winner in each group, most of the
 * window's power in the two, and three windows in a row; it is over after two without it.
 * Assumes: no speech on the line while somebody dials. Measured: 80/80 ms digits none missed, none in 5 min of speech. */
#include "parts.h"

#include <math.h>
#include <string.h>

const double tw_dtmf_low_hz[4] = {697.0, 770.0, 852.0, 941.0};
const double tw_dtmf_high_hz[4] = {1209.0, 1336.0, 1477.0, 1633.0};
static const char keypad[] = "123A456B789C*0#D";

#define WINDOW_SAMPLES 160
#define HOP_SAMPLES 80
#define LEAST_DBM0 (-33.0)    /* each tone */
#define LEAST_SHARE 0.75      /* of the window's power in the two tones */
#define WINNER_DB 6.0         /* over the next in its group */
#define WINDOWS_TO_BEGIN 3
#define WINDOWS_TO_END 2

int tw_dtmf_place(char digit)
{
    const char *found = digit == '\0' ? NULL : strchr(keypad, digit);
    return found == NULL ? -1 : (int)(found - keypad);
}

static int winner(const int16_t *window, const double *frequency_hz, double *dbm0)
{
    double level[4];
    int best = 0;
    for (int i = 0; i < 4; i++) {
        level[i] = tw_tone_dbm0(window, WINDOW_SAMPLES, frequency_hz[i]);
        if (level[i] > level[best])
            best = i;
    }
    for (int i = 0; i < 4; i++)
        if (i != best && level[i] > level[best] - WINNER_DB)
            return -1;
    *dbm0 = level[best];
    return best;
}

static char digit_in(const int16_t *window)
{
    double low_dbm0 = 0.0;
    double high_dbm0 = 0.0;
    double all = tw_level_dbm0(window, WINDOW_SAMPLES);
    if (all < LEAST_DBM0)
        return '\0';
    int row = winner(window, tw_dtmf_low_hz, &low_dbm0);
    int column = winner(window, tw_dtmf_high_hz, &high_dbm0);
    if (row < 0 || column < 0 || low_dbm0 < LEAST_DBM0 || high_dbm0 < LEAST_DBM0)
        return '\0';
    double both = pow(10.0, low_dbm0 / 10.0) + pow(10.0, high_dbm0 / 10.0);
    if (both < LEAST_SHARE * pow(10.0, all / 10.0))
        return '\0';
    return keypad[row * 4 + column];
}

static void judge(struct tw_digits *d, char digit)
{
    if (d->current != '\0') {
        d->misses = digit == d->current ? 0 : d->misses + 1;
        if (d->misses < WINDOWS_TO_END)
            return;
        if (d->count < TW_MAX_DIGITS) {
            size_t place = (d->first + d->count++) % TW_MAX_DIGITS;
            d->found[place].digit = d->current;
            d->found[place].at = d->position;
        }
        d->current = '\0';
        d->hits = 0;
    }
    d->hits = digit != '\0' && digit == d->candidate ? d->hits + 1 : (digit != '\0' ? 1u : 0u);
    d->candidate = digit;
    if (d->hits >= WINDOWS_TO_BEGIN) {
        d->current = digit;
        d->misses = 0;
    }
}

void tw_digits_reset(struct tw_digits *digits, uint64_t position)
{
    *digits = (struct tw_digits){.position = position};
}

void tw_digits_process(struct tw_digits *d, const int16_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        d->window[d->filled++] = in[i];
        d->position++;
        if (d->filled < WINDOW_SAMPLES)
            continue;
        judge(d, digit_in(d->window));
        memmove(d->window, d->window + HOP_SAMPLES, (WINDOW_SAMPLES - HOP_SAMPLES) * sizeof d->window[0]);
        d->filled = WINDOW_SAMPLES - HOP_SAMPLES;
    }
}

bool tw_digits_take(struct tw_digits *d, char *digit, uint64_t *at)
{
    if (d->count == 0)
        return false;
    *digit = d->found[d->first].digit;
    *at = d->found[d->first].at;
    d->first = (d->first + 1) % TW_MAX_DIGITS;
    d->count--;
    return true;
}

/* callerid_digits.c: caller identity sent as DTMF digits.
 *
 * How: digits are kept until C or # ends them; then each letter begins a field that lasts to the next letter.
 * Assumes that the line is on-hook: nobody else sends digits down it.
 * Measured: tests/test_callerid_digits.c (each form, every string of three digits of the alphabet, random digits). */
#include "callerid_digits.h"

#include <string.h>

#define PAUSE_SAMPLES 4800u             /* 0.6 s: a digit and its pause take 0.14 s, ETSI EN 300 659-1 annex B up to 0.2 */
#define SHORTEST_NUMBER 3u              /* without a start marker: shorter ones are no caller */
#define CALL_TYPE 0x04u                 /* as the single data message of a call */

void sc_callerid_digits_reset(struct sc_callerid_digits *digits)
{
    memset(digits, 0, sizeof *digits);
}

/* The digits after the letter, up to the next letter; -1 when the letter is not there. */
static int field(const struct sc_callerid_digits *d, char letter, char *out)
{
    uint32_t at = 0;
    while (at < d->count && d->digits[at] != letter)
        at++;
    if (at == d->count)
        return -1;
    int length = 0;
    for (at++; at < d->count && d->digits[at] >= '0' && d->digits[at] <= '9'; at++)
        if (length < SC_CALLERID_NUMBER_MAX)
            out[length++] = d->digits[at];
    out[length] = '\0';
    return length;
}

/* The reason for there being no number: B00 unavailable, B10 restricted; D1 restricted, D2 and D3 unavailable. */
static bool take_reason(const char *reason, struct sc_callerid_message *m)
{
    if (strcmp(reason, "10") == 0 || strcmp(reason, "1") == 0)
        m->number_absent = SC_CALLERID_PRIVATE;
    else if (strcmp(reason, "00") == 0 || strcmp(reason, "2") == 0 || strcmp(reason, "3") == 0)
        m->number_absent = SC_CALLERID_UNAVAILABLE;
    else
        return false;
    return true;
}

static bool ended_by_c(const struct sc_callerid_digits *d, struct sc_callerid_message *m)
{
    char reason[SC_CALLERID_NUMBER_MAX + 1];
    if (field(d, 'A', m->number) > 0)
        return true;
    if (field(d, 'B', reason) == 2)
        return take_reason(reason, m);
    return d->digits[0] == 'D' && field(d, 'D', m->number) > 0;
}

static bool ended_by_hash(const struct sc_callerid_digits *d, struct sc_callerid_message *m)
{
    char reason[SC_CALLERID_NUMBER_MAX + 1];
    if (d->digits[0] == 'A')
        return field(d, 'A', m->number) > 0;
    if (d->digits[0] == 'D')
        return field(d, 'D', reason) == 1 && take_reason(reason, m);
    if (d->count < SHORTEST_NUMBER || d->count > SC_CALLERID_NUMBER_MAX)
        return false;
    for (uint32_t i = 0; i < d->count; i++)
        if (d->digits[i] < '0' || d->digits[i] > '9')
            return false;
    memcpy(m->number, d->digits, d->count);
    m->number[d->count] = '\0';
    return true;
}

bool sc_callerid_digits_take(struct sc_callerid_digits *digits, char digit, uint64_t ended_samples,
                             struct sc_callerid_message *message)
{
    struct sc_callerid_digits *d = digits;
    if (ended_samples - d->last_samples > PAUSE_SAMPLES)
        sc_callerid_digits_reset(d);
    d->last_samples = ended_samples;
    if (digit != 'C' && digit != '#') {
        d->spoilt = d->spoilt || d->count == SC_CALLERID_DIGITS_MAX;
        if (!d->spoilt)
            d->digits[d->count++] = digit;
        return false;
    }
    struct sc_callerid_message m;
    memset(&m, 0, sizeof m);
    m.message_type = CALL_TYPE;
    m.modulation = SC_CALLERID_DTMF;
    m.at_samples = ended_samples;
    bool good = !d->spoilt && d->count > 0 && (digit == 'C' ? ended_by_c(d, &m) : ended_by_hash(d, &m));
    d->count = 0;
    d->spoilt = false;
    if (!good)
        return false;
    if (m.number_absent != SC_CALLERID_PRESENT)
        m.number[0] = '\0';
    *message = m;
    return true;
}

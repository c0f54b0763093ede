/* callerid_digits.h: caller identity that is sent as DTMF digits, out of the digits of the DTMF receiver.
 *
 * Forms (spandsp's adsi.h names the countries): A number D redirecting B reason C; D number C; A number #; D reason #;
 * number #. Some marker or terminator is always there, so digits alone are no message. No memory of its own. */
#ifndef SC_CALLERID_DIGITS_H
#define SC_CALLERID_DIGITS_H

#include "callerid_modem.h"

#define SC_CALLERID_DIGITS_MAX 64u

struct sc_callerid_digits {
    char digits[SC_CALLERID_DIGITS_MAX];
    uint32_t count;
    bool spoilt;                /* too many: wait for a pause */
    uint64_t last_samples;      /* when the newest digit ended */
};

void sc_callerid_digits_reset(struct sc_callerid_digits *digits);

/* Takes a digit (0-9 * # A-D) that ended at that sample; true and *message filled (message_type 0x04, level 0) when it ends
 * a message. A pause of more than 0.6 s between two digits begins afresh. */
bool sc_callerid_digits_take(struct sc_callerid_digits *digits, char digit, uint64_t ended_samples,
                             struct sc_callerid_message *message);

#endif

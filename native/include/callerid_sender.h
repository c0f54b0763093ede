/* callerid_sender.h: sends a caller's identity, or the state of its message lamp, to a telephone: FSK (Bell 202 or V.23; single or multiple data message,
 * ETSI EN 300 659, Bellcore GR-30) or DTMF digits in the forms that callerid_digits.h reads.
 *
 * Start a message with _send, then take its sound with _process until _finished. */
#ifndef SC_CALLERID_SENDER_H
#define SC_CALLERID_SENDER_H

#include "callerid_modem.h"

enum sc_callerid_form {
    SC_CALLERID_SDMF = 1,
    SC_CALLERID_MDMF = 2,
    SC_CALLERID_DTMF_A_C = 3,       /* A number C; B00C or B10C without one */
    SC_CALLERID_DTMF_D_C = 4,       /* D number C; B00C or B10C without one */
    SC_CALLERID_DTMF_A_HASH = 5,    /* A number #; D3# or D1# without one */
    SC_CALLERID_DTMF_HASH = 6,      /* number #; D3# or D1# without one */
    SC_CALLERID_JAPAN = 7,          /* NTT's frame, always in V.23; no date, no name */
    SC_CALLERID_LAMP_MDMF = 8,      /* no identity: the message-waiting lamp on or off (EN 300 659-3, 5.4.9) */
    SC_CALLERID_LAMP_SDMF = 9       /* the same in a single data message (GR-1401) */
};

struct sc_callerid_identity {
    enum sc_callerid_form form;
    enum sc_callerid_modulation modulation;     /* of SDMF and MDMF: Bell 202 or V.23 */
    const char *date;               /* "MMDDhhmm"; SDMF needs it, MDMF leaves out a NULL; DTMF has none */
    const char *number;             /* 1 .. 20 of 0-9 * # + (DTMF forms: 0-9); NULL or "" = absent */
    enum sc_callerid_absent number_absent;      /* why, when it is: PRIVATE, else unavailable */
    const char *name;               /* MDMF only, at most 50 octets as they go; NULL or "" = none is sent */
    float level_dbm0;               /* of the carrier, -40 .. 0; 0 = -13.5 (EN 300 659-1); DTMF goes at its sender's own level */
    bool lamp_on;                   /* of the two lamp forms */
    bool off_hook;                  /* to a telephone in use, after its alert: no seizure, 80 marks */
};

struct sc_callerid_sender;

/* ENOMEM. */
int sc_callerid_sender_create(struct sc_callerid_sender **out);
void sc_callerid_sender_destroy(struct sc_callerid_sender *sender);

/* Drops the message under way. */
void sc_callerid_sender_reset(struct sc_callerid_sender *sender);

/* Begins a message; does not allocate. EINVAL for what cannot be sent, EBUSY while one is under way. */
int sc_callerid_sender_send(struct sc_callerid_sender *sender, const struct sc_callerid_identity *identity);

/* Writes n samples, zeros when nothing is sent; returns how many belong to the message. */
size_t sc_callerid_sender_process(struct sc_callerid_sender *sender, int16_t *out, size_t n);

bool sc_callerid_sender_finished(const struct sc_callerid_sender *sender);

#endif

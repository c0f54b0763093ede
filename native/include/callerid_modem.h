/* callerid_modem.h: receives the FSK caller identity of a city line (ETSI EN 300 659, Bellcore GR-30): Bell 202 and
 * V.23 at once, SDMF and MDMF, before or between the rings.
 *
 * Feed every sample of the line with _process, any n, also while nothing is expected; then take messages with _next until
 * it returns false. Only messages whose checksum is right are reported, each once, whichever of the two modems read it. */
#ifndef SC_CALLERID_MODEM_H
#define SC_CALLERID_MODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_CALLERID_NUMBER_MAX 24
#define SC_CALLERID_NAME_MAX 64
#define SC_CALLERID_DATE_MAX 8

enum sc_callerid_absent {
    SC_CALLERID_PRESENT = 0,        /* the field is there (or was not sent at all: then its length is 0) */
    SC_CALLERID_UNAVAILABLE = 1,    /* 'O': the exchange does not know it */
    SC_CALLERID_PRIVATE = 2         /* 'P': withheld by the caller */
};

enum sc_callerid_modulation { SC_CALLERID_BELL202 = 1, SC_CALLERID_V23 = 2, SC_CALLERID_DTMF = 3 };

struct sc_callerid_message {
    uint8_t message_type;           /* 0x04 SDMF call, 0x80 MDMF call, 0x40 call in Japan, 0x06 / 0x82 message waiting */
    enum sc_callerid_modulation modulation;
    char number[SC_CALLERID_NUMBER_MAX + 1];    /* printable ASCII, ends with 0; "" when absent */
    enum sc_callerid_absent number_absent;
    uint8_t name[SC_CALLERID_NAME_MAX];         /* bytes as sent: no character set is known */
    uint32_t name_length;
    enum sc_callerid_absent name_absent;
    char date[SC_CALLERID_DATE_MAX + 1];        /* "MMDDhhmm" or "" */
    bool message_waiting_known;     /* the message carries the lamp's state */
    bool message_waiting;
    float level_dbm0;               /* of the carrier */
    uint64_t at_samples;            /* where its last bit ended, samples since create or reset */
};

struct sc_callerid_counts {
    uint32_t messages;              /* reported */
    uint32_t bad_checksums;         /* packets that were framed but wrong */
    uint32_t dropped;               /* messages lost because nobody took them (4 are kept) */
};

struct sc_callerid_settings {
    bool bell202;                   /* listen for Bell 202 (1200 / 2200 Hz) */
    bool v23;                       /* listen for V.23 (1300 / 2100 Hz) */
};

struct sc_callerid_modem;

/* settings NULL = both modulations. EINVAL when neither is chosen, ENOMEM. */
int sc_callerid_modem_create(struct sc_callerid_modem **out, const struct sc_callerid_settings *settings);
void sc_callerid_modem_destroy(struct sc_callerid_modem *modem);
void sc_callerid_modem_reset(struct sc_callerid_modem *modem);

void sc_callerid_modem_process(struct sc_callerid_modem *modem, const int16_t *in, size_t n);

/* Takes the oldest message; false when there is none. */
bool sc_callerid_modem_next(struct sc_callerid_modem *modem, struct sc_callerid_message *message);

void sc_callerid_modem_counts(const struct sc_callerid_modem *modem, struct sc_callerid_counts *counts);

#endif

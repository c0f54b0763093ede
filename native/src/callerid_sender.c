/* callerid_sender.c: caller identity as FSK or as DTMF digits.
 *
 * How: the message is laid out as octets once; bits are made of them as they are due. The phase runs on from bit to bit, and
 * a sample in which a bit ends advances by the share of both, so that bits are exact though 8000 is no multiple of 1200.
 * DTMF forms are a string for the DTMF sender.
 * Assumes 8000 samples a second.
 * Measured: libspandsp's receiver and our own read each form (test_peer_callerid.c, test_callerid_sender.c). */
#include "callerid_sender.h"

#include "alloc.h"
#include "callerid_japan.h"
#include "callerid_message.h"
#include "dtmf_sender.h"
#include "level.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define RATE_HZ 8000.0
#define BITS_A_SECOND 1200.0
#define TURN 6.283185307179586476925
#define SEIZURE_BITS 300u               /* EN 300 659-1, 6.2 */
#define MARK_BITS 180u
#define MARK_BITS_OFF_HOOK 80u
#define BITS_AN_OCTET 10u
#define MARK_BITS_JAPAN 80u             /* no seizure: the telephone has answered; libspandsp sends 75 */
#define BITS_AN_OCTET_JAPAN 13u         /* four stop bits, as libspandsp */
#define LAST_MARKS 10u                  /* after the checksum; EN 300 659-1 asks 1 .. 10 */
#define DEFAULT_DBM0 (-13.5f)
#define LOWEST_DBM0 (-40.0f)
#define NUMBER_MAX 20u
#define NAME_MAX 50u
#define DATE_LENGTH 8u
#define TYPE_SDMF 0x04u
#define TYPE_MDMF 0x80u
#define TYPE_LAMP_SDMF 0x06u            /* GR-1401 */
#define TYPE_LAMP_MDMF 0x82u            /* EN 300 659-3, table 1: message waiting indicator */
#define PARAMETER_DATE 0x01u            /* EN 300 659-3, table 4 */
#define PARAMETER_NUMBER 0x02u
#define PARAMETER_NUMBER_ABSENT 0x04u
#define PARAMETER_NAME 0x07u
#define PARAMETER_LAMP 0x0bu            /* visual indicator */
#define LAMP_ON 0xffu
#define LAMP_SDMF_ON "\x42\x42\x42"
#define LAMP_SDMF_OFF "\x6f\x6f\x6f"
#define DIGIT_MS 70u

struct sc_callerid_sender {
    struct sc_dtmf_sender *digits;
    bool sends_digits;
    uint8_t packet[SC_CALLERID_PACKET_MAX];
    uint32_t length;
    uint32_t seizure_bits, mark_bits, octet_bits;
    uint32_t bit, bits;                 /* under way, of all; bit == bits: nothing is sent */
    double into_bit;                    /* samples of it gone */
    double phase;                       /* turns */
    double mark_turn, space_turn;       /* turns a sample */
    double amplitude;
};

int sc_callerid_sender_create(struct sc_callerid_sender **out)
{
    const struct sc_dtmf_sender_settings digits = { .tone_ms = DIGIT_MS, .pause_ms = DIGIT_MS };
    struct sc_callerid_sender *s = sc_alloc(sizeof *s);
    if (s == NULL)
        return ENOMEM;
    int error = sc_dtmf_sender_create(&s->digits, &digits);
    if (error != 0) {
        sc_free(s);
        return error;
    }
    *out = s;
    return 0;
}

void sc_callerid_sender_destroy(struct sc_callerid_sender *sender)
{
    if (sender == NULL)
        return;
    sc_dtmf_sender_destroy(sender->digits);
    sc_free(sender);
}

void sc_callerid_sender_reset(struct sc_callerid_sender *sender)
{
    sc_dtmf_sender_reset(sender->digits);
    sender->sends_digits = false;
    sender->bit = sender->bits = 0;
}

/* --- what may be sent --- */

static size_t length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static bool is_lamp(enum sc_callerid_form form)
{
    return form == SC_CALLERID_LAMP_MDMF || form == SC_CALLERID_LAMP_SDMF;
}

static bool identity_valid(const struct sc_callerid_identity *i)
{
    bool fsk = i->form == SC_CALLERID_SDMF || i->form == SC_CALLERID_MDMF || i->form == SC_CALLERID_JAPAN || is_lamp(i->form);
    bool digits = i->form >= SC_CALLERID_DTMF_A_C && i->form <= SC_CALLERID_DTMF_HASH;
    size_t date = length_of(i->date), number = length_of(i->number);
    if (!fsk && !digits)
        return false;
    if (fsk && i->form != SC_CALLERID_JAPAN && i->modulation != SC_CALLERID_BELL202 && i->modulation != SC_CALLERID_V23)
        return false;
    if ((date != DATE_LENGTH && date != 0) || (i->form == SC_CALLERID_SDMF && date == 0))
        return false;
    if (date > 0 && strspn(i->date, "0123456789") != date)
        return false;
    if (number > NUMBER_MAX || strspn(number > 0 ? i->number : "", fsk ? "0123456789*#+" : "0123456789") != number)
        return false;
    return length_of(i->name) <= NAME_MAX && i->level_dbm0 <= 0.0f && i->level_dbm0 >= LOWEST_DBM0;
}

/* --- the packet --- */

static void put(struct sc_callerid_sender *s, const void *octets, size_t count)
{
    memcpy(s->packet + s->length, octets, count);
    s->length += (uint32_t)count;
}

static void put_octet(struct sc_callerid_sender *s, uint8_t octet)
{
    put(s, &octet, 1);
}

static void put_parameter(struct sc_callerid_sender *s, uint8_t type, const char *text)
{
    put_octet(s, type);
    put_octet(s, (uint8_t)strlen(text));
    put(s, text, strlen(text));
}

static void put_lamp(struct sc_callerid_sender *s, const struct sc_callerid_identity *i)
{
    const uint8_t state[] = { PARAMETER_LAMP, 1, i->lamp_on ? LAMP_ON : 0 };
    if (i->form == SC_CALLERID_LAMP_SDMF)
        put(s, i->lamp_on ? LAMP_SDMF_ON : LAMP_SDMF_OFF, sizeof LAMP_SDMF_ON - 1);
    else
        put(s, state, sizeof state);
}

static uint8_t message_type(enum sc_callerid_form form)
{
    switch (form) {
    case SC_CALLERID_SDMF:
        return TYPE_SDMF;
    case SC_CALLERID_LAMP_MDMF:
        return TYPE_LAMP_MDMF;
    case SC_CALLERID_LAMP_SDMF:
        return TYPE_LAMP_SDMF;
    default:
        return TYPE_MDMF;
    }
}

static void make_packet(struct sc_callerid_sender *s, const struct sc_callerid_identity *i)
{
    const char *reason = i->number_absent == SC_CALLERID_PRIVATE ? "P" : "O";
    bool numbered = length_of(i->number) > 0;
    s->length = 0;
    put_octet(s, message_type(i->form));
    put_octet(s, 0);
    if (is_lamp(i->form)) {
        put_lamp(s, i);
    } else if (i->form == SC_CALLERID_SDMF) {
        put(s, i->date, DATE_LENGTH);
        put(s, numbered ? i->number : reason, strlen(numbered ? i->number : reason));
    } else {
        if (length_of(i->date) > 0)
            put_parameter(s, PARAMETER_DATE, i->date);
        put_parameter(s, numbered ? PARAMETER_NUMBER : PARAMETER_NUMBER_ABSENT, numbered ? i->number : reason);
        if (length_of(i->name) > 0)
            put_parameter(s, PARAMETER_NAME, i->name);
    }
    s->packet[1] = (uint8_t)(s->length - 2);
    uint8_t sum = 0;
    for (uint32_t k = 0; k < s->length; k++)
        sum = (uint8_t)(sum + s->packet[k]);
    put_octet(s, (uint8_t)-sum);
}

static void make_japanese_packet(struct sc_callerid_sender *s, const struct sc_callerid_identity *i)
{
    const char *reason = i->number_absent == SC_CALLERID_PRIVATE ? "P" : "O";
    const bool numbered = length_of(i->number) > 0;
    const char *text = numbered ? i->number : reason;
    uint8_t body[4 + NUMBER_MAX];
    const uint32_t length = (uint32_t)strlen(text);
    body[0] = SC_CALLERID_JAPAN_CALL;
    body[1] = (uint8_t)(length + 2);
    body[2] = numbered ? PARAMETER_NUMBER : PARAMETER_NUMBER_ABSENT;
    body[3] = (uint8_t)length;
    memcpy(body + 4, text, length);
    s->length = sc_callerid_japan_frame(body, 4 + length, s->packet);
}

static void begin_fsk(struct sc_callerid_sender *s, const struct sc_callerid_identity *i)
{
    const bool japan = i->form == SC_CALLERID_JAPAN, v23 = japan || i->modulation == SC_CALLERID_V23;
    if (japan)
        make_japanese_packet(s, i);
    else
        make_packet(s, i);
    s->sends_digits = false;
    s->seizure_bits = i->off_hook || japan ? 0 : SEIZURE_BITS;
    s->mark_bits = japan ? MARK_BITS_JAPAN : i->off_hook ? MARK_BITS_OFF_HOOK : MARK_BITS;
    s->octet_bits = japan ? BITS_AN_OCTET_JAPAN : BITS_AN_OCTET;
    s->bit = 0;
    s->bits = s->seizure_bits + s->mark_bits + s->length * s->octet_bits + LAST_MARKS;
    s->into_bit = s->phase = 0.0;
    s->mark_turn = (v23 ? 1300.0 : 1200.0) / RATE_HZ;
    s->space_turn = (v23 ? 2100.0 : 2200.0) / RATE_HZ;
    s->amplitude = (double)sc_amplitude_of_dbm0(i->level_dbm0 < 0.0f ? i->level_dbm0 : DEFAULT_DBM0);
}

static int begin_digits(struct sc_callerid_sender *s, const struct sc_callerid_identity *i)
{
    char text[NUMBER_MAX + 3];
    bool hash = i->form == SC_CALLERID_DTMF_A_HASH || i->form == SC_CALLERID_DTMF_HASH;
    bool private = i->number_absent == SC_CALLERID_PRIVATE;
    if (length_of(i->number) == 0) {
        strcpy(text, hash ? (private ? "D1#" : "D3#") : (private ? "B10C" : "B00C"));
    } else {
        text[0] = '\0';
        if (i->form != SC_CALLERID_DTMF_HASH)
            strcpy(text, i->form == SC_CALLERID_DTMF_D_C ? "D" : "A");
        strcat(text, i->number);
        strcat(text, hash ? "#" : "C");
    }
    s->sends_digits = true;
    s->bit = s->bits = 0;
    return sc_dtmf_sender_queue(s->digits, text);
}

int sc_callerid_sender_send(struct sc_callerid_sender *sender, const struct sc_callerid_identity *identity)
{
    if (!sc_callerid_sender_finished(sender))
        return EBUSY;
    if (identity == NULL || !identity_valid(identity))
        return EINVAL;
    if (identity->form >= SC_CALLERID_DTMF_A_C && identity->form <= SC_CALLERID_DTMF_HASH)
        return begin_digits(sender, identity);
    begin_fsk(sender, identity);
    return 0;
}

/* --- its sound --- */

static bool is_mark(const struct sc_callerid_sender *s, uint32_t bit)
{
    if (bit < s->seizure_bits)
        return bit % 2 == 1;
    bit -= s->seizure_bits;
    if (bit < s->mark_bits || bit >= s->mark_bits + s->length * s->octet_bits)
        return true;
    bit -= s->mark_bits;
    uint32_t place = bit % s->octet_bits;
    if (place == 0 || place >= BITS_AN_OCTET - 1)
        return place != 0;
    return (s->packet[bit / s->octet_bits] >> (place - 1) & 1) != 0;
}

static double turn_of(const struct sc_callerid_sender *s, uint32_t bit)
{
    return is_mark(s, bit) ? s->mark_turn : s->space_turn;
}

static int16_t next_sample(struct sc_callerid_sender *s)
{
    double value = s->amplitude * sin(TURN * s->phase), left = RATE_HZ / BITS_A_SECOND - s->into_bit;
    if (left > 1.0) {
        s->phase += turn_of(s, s->bit);
        s->into_bit += 1.0;
    } else {
        s->phase += left * turn_of(s, s->bit);
        s->bit++;
        s->into_bit = 1.0 - left;
        if (s->bit < s->bits)
            s->phase += s->into_bit * turn_of(s, s->bit);
    }
    s->phase -= floor(s->phase);
    return (int16_t)lrint(value);
}

size_t sc_callerid_sender_process(struct sc_callerid_sender *sender, int16_t *out, size_t n)
{
    if (sender->sends_digits)
        return sc_dtmf_sender_process(sender->digits, out, n);
    size_t sent = 0;
    while (sent < n && sender->bit < sender->bits)
        out[sent++] = next_sample(sender);
    memset(out + sent, 0, (n - sent) * sizeof *out);
    return sent;
}

bool sc_callerid_sender_finished(const struct sc_callerid_sender *sender)
{
    return sender->sends_digits ? sc_dtmf_sender_finished(sender->digits) : sender->bit == sender->bits;
}

/* caller_id.c: FSK caller identity as a city exchange sends it between the first and the second ring.
 *
 * How: the message (SDMF 0x04 or MDMF 0x80, GR-30-CORE; ETSI EN 300 659-3 has the same frame) is laid out as bytes;
 * 300 bits of alternating seizure, 180 marks, then each byte with start and stop bit, lowest bit first, 1200 bit/s,
 * phase-continuous between mark and space (Bell 202: 1200/2200 Hz, V.23: 1300/2100 Hz), 10 marks at the end.
 * Assumes: ASCII. Measured: tests/test_caller_id.c demodulates it by correlation without one bit error. */
#include "parts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define BIT_RATE 1200.0
#define SEIZURE_BITS 300
#define MARK_BITS 180
#define TRAILING_MARKS 10
#define BITS_PER_BYTE 10

enum { SDMF_CALL = 0x04, MDMF_CALL = 0x80, FIELD_DATE = 0x01, FIELD_NUMBER = 0x02, FIELD_NO_NUMBER = 0x04,
       FIELD_NAME = 0x07 };

struct writer {
    struct tw_fsk *fsk;
    bool full;
};

static void put(struct writer *w, uint8_t byte)
{
    if (w->fsk->bytes >= TW_MAX_CALLER_ID_BYTES) {
        w->full = true;
        return;
    }
    w->fsk->byte[w->fsk->bytes++] = byte;
}

static void put_text(struct writer *w, const char *text)
{
    for (; *text != '\0'; text++)
        put(w, (uint8_t)*text);
}

static void put_field(struct writer *w, uint8_t type, const char *text)
{
    put(w, type);
    put(w, (uint8_t)strlen(text));
    put_text(w, text);
}

static void put_message(struct writer *w, const struct tw_caller_id *id)
{
    const char *reason = id->withheld ? "P" : "O";
    const char *number = id->withheld ? "" : id->number;
    if (id->format == TW_SDMF) {
        put_text(w, id->date);
        put_text(w, *number != '\0' ? number : reason);
        return;
    }
    put_field(w, FIELD_DATE, id->date);
    if (*number != '\0')
        put_field(w, FIELD_NUMBER, number);
    else
        put_field(w, FIELD_NO_NUMBER, reason);
    if (*id->name != '\0' && !id->withheld)
        put_field(w, FIELD_NAME, id->name);
}

int tw_fsk_start(struct tw_fsk *fsk, const struct tw_caller_id *id)
{
    struct tw_fsk made = {.amplitude = tw_sine_amplitude(id->level_dbm0)};
    struct writer w = {.fsk = &made};
    if (strlen(id->date) != 8 || strlen(id->number) > 40 || strlen(id->name) > 50)
        return EINVAL;
    put(&w, id->format == TW_SDMF ? SDMF_CALL : MDMF_CALL);
    put(&w, 0);
    put_message(&w, id);
    made.byte[1] = (uint8_t)(made.bytes - 2);
    unsigned sum = 0;
    for (size_t i = 0; i < made.bytes; i++)
        sum += made.byte[i];
    put(&w, (uint8_t)((0x100u - (sum & 0xFFu) + (id->bad_checksum ? 1u : 0u)) & 0xFFu));
    if (w.full)
        return EINVAL;
    made.mark_hz = id->modulation == TW_V23 ? 1300.0 : 1200.0;
    made.space_hz = id->modulation == TW_V23 ? 2100.0 : 2200.0;
    *fsk = made;
    return 0;
}

/* Bit number `bit` of the whole transmission: 1 mark, 0 space, -1 over. */
static int bit_value(const struct tw_fsk *fsk, size_t bit)
{
    if (bit < SEIZURE_BITS)
        return (int)(bit & 1u);
    bit -= SEIZURE_BITS;
    if (bit < MARK_BITS)
        return 1;
    bit -= MARK_BITS;
    if (bit >= fsk->bytes * BITS_PER_BYTE)
        return bit < fsk->bytes * BITS_PER_BYTE + TRAILING_MARKS ? 1 : -1;
    size_t place = bit % BITS_PER_BYTE;
    if (place == 0)
        return 0;
    if (place == BITS_PER_BYTE - 1)
        return 1;
    return (fsk->byte[bit / BITS_PER_BYTE] >> (place - 1)) & 1;
}

bool tw_fsk_next(struct tw_fsk *fsk, double *sample)
{
    int value = bit_value(fsk, fsk->bit);
    if (value < 0)
        return false;
    *sample = fsk->amplitude * sin(fsk->phase);
    fsk->phase += 2.0 * TW_PI * (value != 0 ? fsk->mark_hz : fsk->space_hz) / TW_RATE_HZ;
    if (fsk->phase > 2.0 * TW_PI)
        fsk->phase -= 2.0 * TW_PI;
    fsk->bit_clock += BIT_RATE / TW_RATE_HZ;
    if (fsk->bit_clock >= 1.0) {
        fsk->bit_clock -= 1.0;
        fsk->bit++;
    }
    return true;
}

/* callerid_modem.c: 1200 baud FSK (Bell 202 and V.23) to caller-identity messages.
 *
 * How: the line is kept in a ring of 4 s, and only a cheap ear (fsk_gate.c) listens, for the marks before a packet. When it
 * hears them, the plain reader goes back 0.2 s and reads from there, four times as fast as the samples come, until it
 * has caught up: a limiter (fsk_limiter.c), then the filters and the framing of both modulations at once (fsk_front.c). Each
 * modulation reads the other's packets too, so the frequency of the marks tells which it was. A packet must have a known
 * type, its checksum, parameters that fill it exactly, and no letters in the number that nobody sends. Where the carrier ends without one, the recording is read
 * again by the sequence reader (fsk_sequence.c), which learns what the line does to the bits; that is dear, done in slices,
 * and tried three times, with the line's delay taken to be another.
 * Assumes 8000 samples a second; a carrier falls by 6 dB or more when it ends.
 * Measured, packets of 36 octets lost in white noise: Bell 202 1 of 400 at 9 dB SNR; V.23 none of 400 at 10 dB;
 * none down to -44 dBm0, with 10 dB of slope or of unlike levels either way, or through the hybrids m1 .. m8 of G.168
 * at ERL 0 dB. */
#include "callerid_modem.h"

#include "alloc.h"
#include "callerid_message.h"
#include "fsk_front.h"
#include "fsk_gate.h"
#include "fsk_limiter.h"
#include "fsk_sequence.h"
#include "level.h"

#include <errno.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RATE_HZ 8000.0
#define HIGH_PASS_HZ 300.0              /* hum and the ringing's leak */
#define HOP SC_FSK_GATE_HOP
#define RING (800u * HOP)               /* 4 s; a packet with its seizure and marks takes at most 2.6 s */
#define LONGEST 22400u                  /* 2.8 s from the marks on: longer than any packet */
#define LOOK_BACK 1600u                 /* before the marks were heard */
#define CATCH_UP (4u * HOP)             /* samples that the plain reader reads in a hop at most */
#define SEIZURE_SAMPLES 2400u           /* before the marks: what the sequence reader may want */
#define FALL 0.25f                      /* 6 dB: the carrier has ended */
#define FALL_HOPS 8u                    /* 40 ms; nine bits of the weaker tone take 7.5 */
#define TAIL 320u                       /* samples read beyond the carrier's end */
#define WAIT_SAMPLES 240                /* for the other modulation to read the same packet */
#define CLOSED_HOPS 12u                 /* 60 ms without marks before others are a new packet's */
#define BETWEEN_MARKS_HZ 1250.0f
#define MESSAGES 4u
#define NO_DENORMALS 1e-3f

enum phase { WATCHING, READING, AGAIN };

/* What the sequence reader tries in turn: the line's delay and what of it can be learnt are not known. */
static const struct sc_fsk_try tries[] = { { -16, 50 }, { -11, 40 }, { -22, 60 } };
#define TRIES (sizeof tries / sizeof *tries)

struct sc_callerid_modem {
    int16_t ring[RING];
    uint64_t position;                  /* samples taken */
    struct sc_fsk_gate gate;
    enum phase phase;
    uint64_t marks;                     /* about where those of the packet begin */
    uint64_t next_marks;                /* others, heard while that one is still read; 0: none */
    uint32_t closed;                    /* hops in a row without marks, up to CLOSED_HOPS */
    float carrier;                      /* energy of a hop of marks */
    uint32_t weak;                      /* hops in a row without a carrier */
    uint64_t ended;                     /* where the carrier did; 0: not yet */
    uint64_t read;                      /* the plain reader's next sample */
    uint64_t reported;                  /* where the last packet ended: nothing before it is read once more */
    bool bad;                           /* it has framed a packet that was wrong */
    float b0, b1, b2, a1, a2, z1, z2;
    struct sc_fsk_limiter limiter;
    struct sc_fsk_filters filters;
    struct sc_fsk_front front;
    struct sc_fsk_sequence *sequence;
    uint32_t attempt;                   /* of tries: the one under way */
    enum sc_fsk_modulation modulation;  /* that the sequence reader reads */
    struct sc_callerid_message waiting; /* not reported yet */
    float waiting_off_hz;               /* of its mark from the modulation's */
    int waiting_left;                   /* samples until it is; 0 = none */
    struct sc_callerid_message messages[MESSAGES];
    uint32_t first, count;
    struct sc_callerid_counts counts;
};

static void design_high_pass(struct sc_callerid_modem *m)
{
    double w = tan(PI * HIGH_PASS_HZ / RATE_HZ), scale = 1.0 / (1.0 + sqrt(2.0) * w + w * w);
    m->b0 = (float)scale;
    m->b1 = (float)(-2.0 * scale);
    m->b2 = (float)scale;
    m->a1 = (float)(2.0 * (w * w - 1.0) * scale);
    m->a2 = (float)((1.0 - sqrt(2.0) * w + w * w) * scale);
}

int sc_callerid_modem_create(struct sc_callerid_modem **out, const struct sc_callerid_settings *settings)
{
    if (settings != NULL && !settings->bell202 && !settings->v23)
        return EINVAL;
    struct sc_callerid_modem *m = sc_alloc(sizeof *m);
    if (m == NULL)
        return ENOMEM;
    int error = sc_fsk_sequence_create(&m->sequence);
    if (error != 0) {
        sc_free(m);
        return error;
    }
    design_high_pass(m);
    sc_fsk_gate_design(&m->gate);
    sc_fsk_limiter_design(&m->limiter);
    sc_fsk_filters_design(&m->filters);
    m->front.readers[SC_FSK_BELL202].enabled = settings == NULL || settings->bell202;
    m->front.readers[SC_FSK_V23].enabled = settings == NULL || settings->v23;
    *out = m;
    return 0;
}

void sc_callerid_modem_destroy(struct sc_callerid_modem *modem)
{
    if (modem == NULL)
        return;
    sc_fsk_sequence_destroy(modem->sequence);
    sc_free(modem);
}

void sc_callerid_modem_reset(struct sc_callerid_modem *modem)
{
    modem->position = modem->reported = 0;
    sc_fsk_gate_reset(&modem->gate);
    modem->phase = WATCHING;
    modem->next_marks = 0;
    modem->closed = 0;
    modem->waiting_left = 0;
    modem->first = modem->count = 0;
    memset(&modem->counts, 0, sizeof modem->counts);
}

/* --- messages --- */

static bool same_message(const struct sc_callerid_message *a, const struct sc_callerid_message *b)
{
    return a->message_type == b->message_type && strcmp(a->number, b->number) == 0 && strcmp(a->date, b->date) == 0 &&
           a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0 &&
           a->number_absent == b->number_absent && a->message_waiting == b->message_waiting;
}

static void report_waiting(struct sc_callerid_modem *m)
{
    m->waiting_left = 0;
    m->reported = m->waiting.at_samples;
    if (m->count == MESSAGES) {
        m->counts.dropped++;
        return;
    }
    m->messages[(m->first + m->count++) % MESSAGES] = m->waiting;
    m->counts.messages++;
}

/* The checksum has eight bits: one wrong packet in 256 passes it. No exchange sends small letters for a number. */
static bool believable(const struct sc_callerid_message *message)
{
    for (const char *sign = message->number; *sign != '\0'; sign++)
        if (*sign >= '`' || (*sign < '0' && strchr("#*+- ()", *sign) == NULL))
            return false;
    return true;
}

static bool read_message(struct sc_callerid_message *message, const uint8_t *packet, uint32_t length)
{
    return sc_callerid_parse(message, packet, length) && believable(message);
}

/* Which modulation it was: the other one's reader may have read it better. */
static enum sc_callerid_modulation modulation_of(const struct sc_callerid_modem *m, const struct sc_fsk_reader *r,
                                                 uint32_t reader)
{
    const bool both = m->front.readers[SC_FSK_BELL202].enabled && m->front.readers[SC_FSK_V23].enabled;
    const bool v23 = both ? r->mark_hz > BETWEEN_MARKS_HZ : reader == SC_FSK_V23;
    return v23 ? SC_CALLERID_V23 : SC_CALLERID_BELL202;
}

/* The plain reader has a packet. */
static void take_packet(struct sc_callerid_modem *m, const struct sc_fsk_reader *r, uint32_t modulation)
{
    static const float nominal_hz[2] = { 1200.0f, 1300.0f };
    struct sc_callerid_message message;
    if (!read_message(&message, r->packet, r->length)) {
        m->bad = true;
        return;
    }
    message.modulation = modulation_of(m, r, modulation);
    message.level_dbm0 = sc_dbm0_of_amplitude(0.5f * (r->mark_level + r->space_level));
    message.at_samples = m->read;
    float off_hz = fabsf(r->mark_hz - nominal_hz[modulation]);
    bool rival = m->waiting_left > 0 && same_message(&message, &m->waiting);
    if (m->waiting_left > 0 && !rival)
        report_waiting(m);
    if (rival && off_hz >= m->waiting_off_hz)
        return;
    m->waiting = message;
    m->waiting_off_hz = off_hz;
    m->waiting_left = WAIT_SAMPLES;
}

/* --- a packet's way: watching, reading, reading again --- */

static void begin_reading(struct sc_callerid_modem *m, uint64_t marks)
{
    m->phase = READING;
    m->marks = marks;
    m->next_marks = 0;
    m->weak = 0;
    m->ended = 0;
    m->carrier = m->gate.energy;
    m->read = marks > LOOK_BACK + m->reported ? marks - LOOK_BACK : m->reported;
    m->bad = false;
    m->z1 = m->z2 = 0.0f;
    m->waiting_left = 0;
    sc_fsk_limiter_reset(&m->limiter);
    sc_fsk_front_reset(&m->front);
}

static void end_reading(struct sc_callerid_modem *m)
{
    m->phase = WATCHING;
    sc_fsk_gate_reset(&m->gate);        /* what it has heard up to here was this packet */
    if (m->next_marks != 0)
        begin_reading(m, m->next_marks);
}

static struct sc_fsk_recording recording(const struct sc_callerid_modem *m)
{
    const uint64_t oldest = m->position > RING - HOP ? m->position - (RING - HOP) : 0;
    const uint64_t begin = m->marks > SEIZURE_SAMPLES ? m->marks - SEIZURE_SAMPLES : 0;
    return (struct sc_fsk_recording){ m->ring, RING, begin > oldest ? begin : oldest, m->position, m->marks };
}

/* Begins the next try of the sequence reader; without one the packet is lost. */
static void read_again(struct sc_callerid_modem *m)
{
    const struct sc_fsk_recording r = recording(m);
    m->phase = AGAIN;
    while (m->attempt < TRIES && !(sc_fsk_sequence_begin(m->sequence, &r, &tries[m->attempt], &m->modulation) &&
                                  m->front.readers[m->modulation].enabled))
        m->attempt++;
    if (m->attempt < TRIES)
        return;
    m->counts.bad_checksums += m->bad ? 1 : 0;
    end_reading(m);
}

static void work_again(struct sc_callerid_modem *m)
{
    const struct sc_fsk_recording r = recording(m);
    struct sc_callerid_message message;
    uint32_t length;
    uint64_t ended;
    enum sc_fsk_progress progress = sc_fsk_sequence_work(m->sequence, &r);
    if (progress == SC_FSK_WORKING)
        return;
    const uint8_t *packet = sc_fsk_sequence_packet(m->sequence, &length, &ended);
    if (progress == SC_FSK_PACKET && read_message(&message, packet, length)) {
        message.modulation = m->modulation == SC_FSK_BELL202 ? SC_CALLERID_BELL202 : SC_CALLERID_V23;
        message.level_dbm0 = sc_dbm0_of_amplitude(2.0f * sqrtf(m->limiter.power));
        message.at_samples = r.begin + ended;
        m->waiting = message;
        report_waiting(m);
        end_reading(m);
        return;
    }
    m->bad = m->bad || progress == SC_FSK_PACKET;
    m->attempt++;
    read_again(m);
}

/* Reads a sample; true when it ends the reading. */
static bool read_sample(struct sc_callerid_modem *m)
{
    float x = (float)m->ring[m->read % RING] + NO_DENORMALS, y = m->b0 * x + m->z1;
    m->z1 = m->b1 * x - m->a1 * y + m->z2;
    m->z2 = m->b2 * x - m->a2 * y;
    m->read++;
    uint32_t whole = sc_fsk_front_take(&m->front, &m->filters, sc_fsk_limiter_take(&m->limiter, y));
    for (uint32_t k = 0; k < 2; k++)
        if (whole & 1u << k)
            take_packet(m, &m->front.readers[k], k);
    if (m->waiting_left == 0 || --m->waiting_left > 0)
        return false;
    report_waiting(m);
    return true;
}

static void work_reading(struct sc_callerid_modem *m)
{
    const uint64_t end = m->ended != 0 ? m->ended + TAIL : m->marks + LONGEST;
    for (uint32_t i = 0; i < CATCH_UP && m->read < end && m->read < m->position; i++)
        if (read_sample(m)) {
            end_reading(m);
            return;
        }
    if (m->read < end)
        return;
    if (m->waiting_left > 0) {
        report_waiting(m);
        end_reading(m);
        return;
    }
    m->attempt = 0;
    read_again(m);
}

/* --- the line --- */

static void follow_carrier(struct sc_callerid_modem *m)
{
    m->weak = m->gate.energy < FALL * m->carrier ? m->weak + 1 : 0;
    if (m->weak == FALL_HOPS && m->ended == 0)
        m->ended = m->position - (FALL_HOPS - 1) * HOP;
}

/* Marks are heard: the packet's, unless one is being read already. */
static void hear_marks(struct sc_callerid_modem *m)
{
    const uint64_t marks = m->position - SC_FSK_GATE_HOPS * HOP;
    const bool new = m->closed == CLOSED_HOPS;
    bool hunting = m->phase == READING && m->ended == 0 && m->waiting_left == 0 &&
                   m->front.readers[0].framing <= SC_FSK_ARMED && m->front.readers[1].framing <= SC_FSK_ARMED;
    m->closed = 0;
    if (m->phase == WATCHING) {
        begin_reading(m, marks);
    } else if (new && hunting) {        /* whatever opened the gate before, it was no packet */
        m->marks = marks;
        m->carrier = m->gate.energy;
    } else if (new) {
        m->next_marks = marks;
    }
}

static void take_hop(struct sc_callerid_modem *m)
{
    bool marks = sc_fsk_gate_take(&m->gate, m->ring + (m->position - HOP) % RING);
    if (marks)
        hear_marks(m);
    else
        m->closed += m->closed < CLOSED_HOPS ? 1 : 0;
    if (m->phase == WATCHING)
        return;
    if (m->next_marks != 0 && m->position - m->next_marks > RING / 4) {
        end_reading(m);                 /* that packet is not to be lost over this one */
        return;
    }
    if (m->phase == READING) {
        follow_carrier(m);
        work_reading(m);
    } else {
        work_again(m);
    }
}

void sc_callerid_modem_process(struct sc_callerid_modem *modem, const int16_t *in, size_t n)
{
    while (n > 0) {
        const size_t place = modem->position % RING, room = HOP - modem->position % HOP, taken = n < room ? n : room;
        memcpy(modem->ring + place, in, taken * sizeof *in);
        modem->position += taken;
        in += taken;
        n -= taken;
        if (taken == room)
            take_hop(modem);
    }
}

bool sc_callerid_modem_next(struct sc_callerid_modem *modem, struct sc_callerid_message *message)
{
    if (modem->count == 0)
        return false;
    *message = modem->messages[modem->first];
    modem->first = (modem->first + 1) % MESSAGES;
    modem->count--;
    return true;
}

void sc_callerid_modem_counts(const struct sc_callerid_modem *modem, struct sc_callerid_counts *counts)
{
    *counts = modem->counts;
}

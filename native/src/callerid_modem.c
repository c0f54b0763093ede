/* callerid_modem.c: 1200 baud FSK (Bell 202 and V.23) to caller-identity messages.
 *
 * How: every sample a filter matched to one bit (6.67 samples, so 7 taps with lighter ends) for each of the four
 * frequencies at once, one in each lane of a vector; mark minus space, each over its own mean level, is the soft bit.
 * A run of marks arms the framing; each octet's start bit is placed where its ten soft bits are largest in sum, beginning
 * from where the octet before ended, so the bit clock follows the sender's and noise on one edge does no harm. A packet
 * must have a known type, its checksum, and parameters that fill it exactly.
 * Both modulations run always; each reads the other's packets too, so the frequency of the marks tells which it was.
 * The seizure before a packet has lines at 1100 and 2300 Hz: their ratio is the line's slope, and a three-tap equaliser
 * makes up for it.
 * Assumes 8000 samples a second.
 * Measured, packets of 36 octets lost in white noise: Bell 202 0.5 % at 9 dB SNR, 2 % at 8; V.23 1 % at 10 dB, 2 % at 9;
 * none down to -50 dBm0, none with 10 dB of slope either way; no packet in 40.9 h of speech and music. */
#include "callerid_modem.h"

#include "alloc.h"
#include "callerid_message.h"
#include "level.h"
#include "tone_bank.h"

#include <errno.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RATE_HZ 8000.0
#define BIT_SAMPLES (8000.0f / 1200.0f)
#define BELL202_MARK_HZ 1200.0
#define BELL202_SPACE_HZ 2200.0
#define V23_MARK_HZ 1300.0
#define V23_SPACE_HZ 2100.0

#define TAPS 7u
#define REACH 3u                        /* taps on each side of the middle one */
#define HZ_A_RADIAN (8000.0f / 6.2831853f)
#define TURN_FOLLOW (1.0f / 64.0f)
#define RING 256u                       /* soft bits kept: more than three octets */
#define OCTET_BITS 10.0f
#define MARK_SAMPLES 160                /* 24 bits of mark arm the framing; EN 300 659-1 sends at least 80 */
#define MARK_DOUBT 8                    /* samples that one sample of space takes off the run */
#define STUFFING_BITS 24.0f             /* longest mark between two octets */
#define STOPS_MISSED_MAX 2u
#define HIGH_PASS_HZ 300.0              /* hum and the ringing's leak */
#define LEVEL_FOLLOW (1.0f / 48.0f)     /* mean level of mark and space: seven bits */
#define TILT_MAX 4.0f                   /* 12 dB */
#define RISE 2.0f                       /* 6 dB over both mean levels is a new carrier */
#define SEIZURE_PURITY 0.6f             /* of a frame's energy in the three lines */
#define SEIZURE_GAP_FRAMES 20u          /* 100 ms: the next one is another sender's */
#define SEIZURE_HOLD_FRAMES 700u        /* 3.5 s: longer than any packet */
#define LINES_APART 1200.0f             /* Hz between the outer lines */
#define SLOPE_LEAST (-0.6f)             /* space 12 dB up against mark */
#define SLOPE_MOST 1.5f                 /* mark 14 dB up */
#define QUIET 20.0f                     /* amplitude, -61 dBm0: no carrier */
#define OFFSETS 4                       /* timings tried on each side */
#define OFFSET_STEP 0.08f               /* bits */
#define WAIT_SAMPLES 240                /* for the other modulation to read the same packet */
#define SAME_SAMPLES 4000u              /* the same packet within 0.5 s is the other modulation's */
#define MESSAGES 4u
#define NO_DENORMALS 1e-3f

typedef float v4f __attribute__((vector_size(16)));

enum framing { HUNT, ARMED, OCTET, BETWEEN, STUFFING };

struct reader {                         /* one modulation */
    bool enabled;
    float nominal_hz;                   /* of its mark */
    enum sc_callerid_modulation modulation;
    float soft[RING];                   /* soft bit of sample i at [i % RING] */
    float mark_level, space_level;
    enum framing framing;
    int mark_run;                       /* samples */
    float start;                        /* of the octet's start bit, in samples behind `epoch` */
    uint64_t epoch;
    uint32_t stops_missed;
    float mark_hz;                      /* as sent, measured in the marks before the packet */
    uint8_t packet[SC_CALLERID_PACKET_MAX];
    uint32_t length;
};

struct seizure {                        /* the alternating bits before a packet: lines at 1100, 1700 and 2300 Hz */
    struct sc_tone_bank *bank;
    float low, high;                    /* power of the outer lines, summed */
    uint32_t silent_frames;             /* since the last frame that was seizure */
};

struct sc_callerid_modem {
    v4f even[REACH + 1], odd[REACH + 1];
    float b0, b1, b2, a1, a2, z1, z2;
    float slope;                        /* of the equaliser y + slope * (y before + y after) */
    struct seizure seizure;
    float y1, y2;                       /* its input, one and two samples ago */
    float line[TAPS];
    float last_real, last_imaginary;    /* Bell 202's mark filter, one sample ago */
    float turn_real, turn_imaginary;    /* mean advance of its phase a sample while it is louder than its space filter */
    uint64_t position;                  /* samples taken */
    struct reader readers[2];
    struct sc_callerid_message waiting; /* not reported yet */
    float waiting_off_hz;               /* of its mark from the modulation's */
    int waiting_left;                   /* samples until it is; 0 = none */
    struct sc_callerid_message last;
    struct sc_callerid_message messages[MESSAGES];
    uint32_t first, count;
    struct sc_callerid_counts counts;
};

static void design(struct sc_callerid_modem *m)
{
    const double hz[4] = { BELL202_MARK_HZ, BELL202_SPACE_HZ, V23_MARK_HZ, V23_SPACE_HZ };
    double end = ((double)BIT_SAMPLES - (TAPS - 2.0)) / 2.0, sum = (double)BIT_SAMPLES;
    for (uint32_t k = 0; k <= REACH; k++)
        for (uint32_t tone = 0; tone < 4; tone++) {
            double weight = (k == REACH ? end : 1.0) * 2.0 / sum, angle = 2.0 * PI * hz[tone] / RATE_HZ * k;
            m->even[k][tone] = (float)(weight * cos(angle));
            m->odd[k][tone] = (float)(weight * sin(angle));
        }
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
    const struct sc_tone_bank_settings lines = {
        .frequency_hz = { 1100.0f, 1700.0f, 2300.0f }, .count = 3, .always = 3, .floor_mean_square = 0.5f * QUIET * QUIET
    };
    int error = sc_tone_bank_create(&m->seizure.bank, &lines);
    if (error != 0) {
        sc_free(m);
        return error;
    }
    design(m);
    m->readers[0].enabled = settings == NULL || settings->bell202;
    m->readers[0].modulation = SC_CALLERID_BELL202;
    m->readers[0].nominal_hz = (float)BELL202_MARK_HZ;
    m->readers[1].nominal_hz = (float)V23_MARK_HZ;
    m->readers[1].enabled = settings == NULL || settings->v23;
    m->readers[1].modulation = SC_CALLERID_V23;
    *out = m;
    return 0;
}

void sc_callerid_modem_destroy(struct sc_callerid_modem *modem)
{
    if (modem == NULL)
        return;
    sc_tone_bank_destroy(modem->seizure.bank);
    sc_free(modem);
}

static void forget_packet(struct reader *r)
{
    r->framing = HUNT;
    r->mark_run = 0;
    r->length = 0;
    r->stops_missed = 0;
}

void sc_callerid_modem_reset(struct sc_callerid_modem *modem)
{
    modem->z1 = modem->z2 = 0.0f;
    modem->slope = modem->y1 = modem->y2 = 0.0f;
    sc_tone_bank_reset(modem->seizure.bank);
    modem->seizure.low = modem->seizure.high = 0.0f;
    modem->seizure.silent_frames = 0;
    memset(modem->line, 0, sizeof modem->line);
    modem->last_real = modem->last_imaginary = modem->turn_real = modem->turn_imaginary = 0.0f;
    modem->position = 0;
    for (uint32_t i = 0; i < 2; i++) {
        struct reader *r = &modem->readers[i];
        memset(r->soft, 0, sizeof r->soft);
        r->mark_level = r->space_level = 0.0f;
        forget_packet(r);
    }
    memset(&modem->last, 0, sizeof modem->last);
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
    m->last = m->waiting;
    if (m->count == MESSAGES) {
        m->counts.dropped++;
        return;
    }
    m->messages[(m->first + m->count++) % MESSAGES] = m->waiting;
    m->counts.messages++;
}

static void take_packet(struct sc_callerid_modem *m, struct reader *r)
{
    struct sc_callerid_message message;
    if (!sc_callerid_parse(&message, r->packet, r->length)) {
        m->counts.bad_checksums++;
        return;
    }
    message.modulation = r->modulation;
    message.level_dbm0 = sc_dbm0_of_amplitude(0.5f * (r->mark_level + r->space_level));
    message.at_samples = m->position;
    bool reported = m->last.message_type != 0 && m->position - m->last.at_samples < SAME_SAMPLES;
    if (reported && same_message(&message, &m->last))
        return;
    float off_hz = fabsf(r->mark_hz - r->nominal_hz);
    bool rival = m->waiting_left > 0 && same_message(&message, &m->waiting);
    if (m->waiting_left > 0 && !rival)
        report_waiting(m);
    if (rival && off_hz >= m->waiting_off_hz)
        return;
    m->waiting = message;
    m->waiting_off_hz = off_hz;
    m->waiting_left = WAIT_SAMPLES;
}

/* --- framing --- */

/* Soft bit at a time of `back` samples before the newest one. */
static float soft_at(const struct reader *r, uint64_t newest, float back)
{
    uint32_t whole = (uint32_t)back;
    float part = back - (float)whole;
    float late = r->soft[(newest - whole) % RING], early = r->soft[(newest - whole - 1) % RING];
    return late + (early - late) * part;
}

static float samples_since(const struct reader *r, uint64_t newest)
{
    return (float)(newest - r->epoch) + r->start;
}

static void set_start(struct reader *r, uint64_t newest, float back)
{
    r->epoch = newest;
    r->start = back;
}

/* Sum of the ten soft bits, each in its sense, for a start bit that began `back` samples ago. */
static float octet_score(const struct reader *r, uint64_t newest, float back, uint8_t *octet)
{
    float score = -soft_at(r, newest, back - 0.5f * BIT_SAMPLES);
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 8; i++) {
        float bit = soft_at(r, newest, back - ((float)i + 1.5f) * BIT_SAMPLES);
        bits |= (bit > 0.0f ? 1u : 0u) << i;
        score += fabsf(bit);
    }
    *octet = (uint8_t)bits;
    return score + soft_at(r, newest, back - 9.5f * BIT_SAMPLES);
}

static void take_octet(struct sc_callerid_modem *m, struct reader *r, uint8_t octet)
{
    r->packet[r->length++] = octet;
    if (r->length == 1 && !sc_callerid_type_known(octet)) {
        r->length = 0;
        r->framing = ARMED;          /* noise in the marks: the packet may still come */
        return;
    }
    if (r->length < 2 || r->length < (uint32_t)r->packet[1] + 3u)
        return;
    take_packet(m, r);
    forget_packet(r);
}

/* All ten bits are in: find the best timing, read, go on. */
static void read_octet(struct sc_callerid_modem *m, struct reader *r, uint64_t newest)
{
    float back = samples_since(r, newest), best_score = -1e30f, best_back = back;
    uint8_t best = 0, octet = 0;
    for (int i = -OFFSETS; i <= OFFSETS; i++) {
        float tried = back + (float)i * OFFSET_STEP * BIT_SAMPLES;
        float score = octet_score(r, newest, tried, &octet) - 0.02f * (float)(i * i);
        if (score > best_score) {
            best_score = score;
            best_back = tried;
            best = octet;
        }
    }
    bool start = soft_at(r, newest, best_back - 0.5f * BIT_SAMPLES) < 0.0f;
    bool stop = soft_at(r, newest, best_back - 9.5f * BIT_SAMPLES) > 0.0f;
    if (!start && r->length == 0) {
        r->framing = ARMED;
        return;
    }
    r->stops_missed += stop ? 0 : 1;
    if (r->stops_missed > STOPS_MISSED_MAX) {
        forget_packet(r);
        return;
    }
    set_start(r, newest, best_back - OCTET_BITS * BIT_SAMPLES);
    r->framing = BETWEEN;
    take_octet(m, r, best);
}

/* A fall from mark to space between the last two samples: when, in samples back. */
static bool falls(const struct reader *r, uint64_t newest, float *back)
{
    float now = r->soft[newest % RING], before = r->soft[(newest - 1) % RING];
    if (now >= 0.0f || before < 0.0f)
        return false;
    *back = now / (now - before);
    return true;
}

static void follow_levels(struct reader *r, float mark, float space)
{
    if (mark + space < QUIET) {
        r->mark_level = r->space_level = 0.0f;
        return;
    }
    float louder = mark > space ? mark : space;
    if (louder > RISE * r->mark_level && louder > RISE * r->space_level)
        r->mark_level = r->space_level = louder;     /* a carrier begins: no tilt is known */
    if (mark * r->space_level > space * r->mark_level)
        r->mark_level += (mark - r->mark_level) * LEVEL_FOLLOW;
    else
        r->space_level += (space - r->space_level) * LEVEL_FOLLOW;
    if (r->mark_level > TILT_MAX * r->space_level)
        r->space_level = r->mark_level / TILT_MAX;
    if (r->space_level > TILT_MAX * r->mark_level)
        r->mark_level = r->space_level / TILT_MAX;
}

/* Counts the marks; enough of them arm the framing, and it stays armed while few spaces fall among them. */
static void follow_marks(struct reader *r, bool mark)
{
    if (mark)
        r->mark_run += r->mark_run < 2 * MARK_SAMPLES ? 1 : 0;
    else
        r->mark_run -= r->mark_run > MARK_DOUBT ? MARK_DOUBT : r->mark_run;
    if (r->mark_run >= MARK_SAMPLES)
        r->framing = ARMED;
    else if (r->mark_run < MARK_SAMPLES / 2)
        r->framing = HUNT;
}

static void frame_sample(struct sc_callerid_modem *m, struct reader *r, uint64_t newest)
{
    float since = 0.0f;
    switch (r->framing) {
    case HUNT:
    case ARMED:
        follow_marks(r, r->soft[newest % RING] > 0.0f);
        if (r->framing == ARMED && falls(r, newest, &since)) {
            set_start(r, newest, since);
            r->framing = OCTET;
            r->mark_hz = atan2f(-m->turn_imaginary, m->turn_real) * HZ_A_RADIAN;
        }
        break;
    case OCTET:
        if (samples_since(r, newest) >= OCTET_BITS * BIT_SAMPLES)
            read_octet(m, r, newest);
        break;
    case BETWEEN:
        since = samples_since(r, newest) - 0.5f * BIT_SAMPLES;
        if (since >= 0.0f)           /* the next start bit follows at once, or stuffing */
            r->framing = soft_at(r, newest, since) < 0.0f ? OCTET : STUFFING;
        break;
    case STUFFING:
        if (falls(r, newest, &since)) {
            set_start(r, newest, since);
            r->framing = OCTET;
        } else if (samples_since(r, newest) > STUFFING_BITS * BIT_SAMPLES) {
            forget_packet(r);
        }
        break;
    }
}

/* The equaliser's slope that makes up for what the line does between mark and space (Bell 202's; V.23 lies inside):
 * its gain is 1 + 2 slope cos(w), cos is 0.588 at 1200 Hz and -0.156 at 2200 Hz. */
static float slope_against(float low_power, float high_power)
{
    float wanted = powf(low_power / high_power, -0.5f * 1000.0f / LINES_APART);
    float slope = (wanted - 1.0f) / (2.0f * (0.588f + 0.156f * wanted));
    return fminf(fmaxf(slope, SLOPE_LEAST), SLOPE_MOST);
}

static float line_power(const struct sc_tone_frame *f, uint32_t k)
{
    return f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k];
}

/* Both modulations alternate about 1700 Hz at 600 Hz: their seizure has the same lines, equally strong where they began. */
static void follow_seizure(struct sc_callerid_modem *m, const struct sc_tone_frame *frame)
{
    struct seizure *z = &m->seizure;
    float low = line_power(frame, 0), high = line_power(frame, 2);
    if (0.5f * (low + line_power(frame, 1) + high) > SEIZURE_PURITY * frame->mean_square && low > 0.0f && high > 0.0f) {
        if (z->silent_frames > SEIZURE_GAP_FRAMES)
            z->low = z->high = 0.0f;
        z->silent_frames = 0;
        z->low += low;
        z->high += high;
        m->slope = slope_against(z->low, z->high);
    } else if (++z->silent_frames > SEIZURE_HOLD_FRAMES) {
        z->low = z->high = 0.0f;
        m->slope = 0.0f;
    }
}

static void feed_reader(struct sc_callerid_modem *m, struct reader *r, float mark, float space)
{
    if (!r->enabled)
        return;
    uint64_t newest = m->position;
    follow_levels(r, mark, space);
    r->soft[newest % RING] = r->mark_level > 0.0f ? mark / r->mark_level - space / r->space_level : 0.0f;
    if (r->mark_level <= 0.0f && r->framing != HUNT)
        forget_packet(r);
    frame_sample(m, r, newest);
}

/* True frequency of the marks: by how much the phase of the mark filter's output advances in a sample (backwards: the
 * filter gives the conjugate). */
static void follow_turn(struct sc_callerid_modem *m, v4f real, v4f imaginary, v4f power)
{
    if (power[0] > power[1]) {
        float re = real[0] * m->last_real + imaginary[0] * m->last_imaginary;
        float im = imaginary[0] * m->last_real - real[0] * m->last_imaginary;
        m->turn_real += (re - m->turn_real) * TURN_FOLLOW;
        m->turn_imaginary += (im - m->turn_imaginary) * TURN_FOLLOW;
    }
    m->last_real = real[0];
    m->last_imaginary = imaginary[0];
}

static void take_sample(struct sc_callerid_modem *m, float x)
{
    float y = m->b0 * x + m->z1;
    m->z1 = m->b1 * x - m->a1 * y + m->z2;
    m->z2 = m->b2 * x - m->a2 * y;
    memmove(m->line, m->line + 1, (TAPS - 1) * sizeof(float));
    m->line[TAPS - 1] = m->y1 + m->slope * (y + m->y2);
    m->y2 = m->y1;
    m->y1 = y;
    v4f real = m->even[0] * m->line[REACH], imaginary = { 0 };
    for (uint32_t k = 1; k <= REACH; k++) {
        real += m->even[k] * (m->line[REACH + k] + m->line[REACH - k]);
        imaginary += m->odd[k] * (m->line[REACH + k] - m->line[REACH - k]);
    }
    v4f power = real * real + imaginary * imaginary;
    m->position++;
    follow_turn(m, real, imaginary, power);
    feed_reader(m, &m->readers[0], sqrtf(power[0]), sqrtf(power[1]));
    feed_reader(m, &m->readers[1], sqrtf(power[2]), sqrtf(power[3]));
    if (m->waiting_left > 0 && --m->waiting_left == 0)
        report_waiting(m);
}

void sc_callerid_modem_process(struct sc_callerid_modem *modem, const int16_t *in, size_t n)
{
    while (n > 0) {
        const struct sc_tone_frame *frame;
        size_t taken = sc_tone_bank_feed(modem->seizure.bank, in, n, &frame);
        for (size_t i = 0; i < taken; i++)
            take_sample(modem, (float)in[i] + NO_DENORMALS);
        if (frame != NULL)
            follow_seizure(modem, frame);
        in += taken;
        n -= taken;
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

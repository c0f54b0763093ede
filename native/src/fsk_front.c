/* fsk_front.c: 1200 baud FSK to packets.
 *
 * How: every sample a filter matched to one bit (6.67 samples, so 7 taps with lighter ends) for each of the four
 * frequencies at once, one in each lane of a vector; what the louder tone leaks into the other's filter is taken off, mark
 * minus space, each over its own mean level, is the soft bit. A run of marks arms the framing; each octet's start bit is
 * placed where its ten soft bits are largest in sum, beginning from where the octet before ended, so the bit clock follows
 * the sender's and noise on one edge does no harm.
 * Assumes 8000 samples a second. Measured with the modem (test_callerid_modem.c, bench_callerid.c). */
#include "fsk_front.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RATE_HZ 8000.0
#define BIT_SAMPLES (8000.0f / 1200.0f)
#define BELL202_MARK_HZ 1200.0
#define BELL202_SPACE_HZ 2200.0
#define V23_MARK_HZ 1300.0
#define V23_SPACE_HZ 2100.0
#define HZ_A_RADIAN (8000.0f / 6.2831853f)
#define TURN_FOLLOW (1.0f / 64.0f)
#define OCTET_BITS 10.0f
#define MARK_SAMPLES 160                /* 24 bits of mark arm the framing; EN 300 659-1 sends at least 80 */
#define MARK_DOUBT 8                    /* samples that one sample of space takes off the run */
#define STUFFING_BITS 24.0f             /* longest mark between two octets */
#define NO_START 0.2f                   /* soft bit in the middle of a start bit, which should be -1 */
#define STOPS_MISSED_MAX 2u
#define LEVEL_FOLLOW (1.0f / 48.0f)     /* mean level of mark and space: seven bits */
#define TILT_MAX 4.0f                   /* 12 dB */
#define RISE 2.0f                       /* 6 dB over both mean levels is a new carrier */
#define QUIET 20.0f                     /* amplitude, -61 dBm0: no carrier */
#define OFFSETS 4                       /* timings tried on each side */
#define OFFSET_STEP 0.08f               /* bits */

typedef sc_fsk_v4f v4f;

/* Weight of the sample so far from the middle; the ends stand for the rest of the bit. */
static double weight_of(uint32_t k)
{
    return (k == SC_FSK_REACH ? ((double)BIT_SAMPLES - (SC_FSK_TAPS - 2.0)) / 2.0 : 1.0) / (double)BIT_SAMPLES;
}

void sc_fsk_filters_design(struct sc_fsk_filters *filters)
{
    const double hz[4] = { BELL202_MARK_HZ, BELL202_SPACE_HZ, V23_MARK_HZ, V23_SPACE_HZ };
    for (uint32_t tone = 0; tone < 4; tone++) {
        double overlap = weight_of(0), apart = 2.0 * PI * (hz[tone] - hz[tone ^ 1u]) / RATE_HZ;
        for (uint32_t k = 0; k <= SC_FSK_REACH; k++) {
            double angle = 2.0 * PI * hz[tone] / RATE_HZ * k;
            filters->even[k][tone] = (float)(2.0 * weight_of(k) * cos(angle));
            filters->odd[k][tone] = (float)(2.0 * weight_of(k) * sin(angle));
            overlap += k > 0 ? 2.0 * weight_of(k) * cos(apart * k) : 0.0;
        }
        filters->overlap[tone] = (float)overlap;
        filters->alone[tone] = (float)(1.0 / (1.0 - overlap * overlap));
    }
}

static void forget_packet(struct sc_fsk_reader *r)
{
    r->framing = SC_FSK_HUNT;
    r->mark_run = 0;
    r->length = 0;
    r->stops_missed = 0;
    r->whole = false;
}

void sc_fsk_front_reset(struct sc_fsk_front *front)
{
    memset(front->line, 0, sizeof front->line);
    front->last_real = front->last_imaginary = front->turn_real = front->turn_imaginary = 0.0f;
    front->position = 0;
    for (uint32_t i = 0; i < 2; i++) {
        memset(front->readers[i].soft, 0, sizeof front->readers[i].soft);
        front->readers[i].mark_level = front->readers[i].space_level = 0.0f;
        forget_packet(&front->readers[i]);
    }
}

/* --- framing --- */

/* Soft bit at a time of `back` samples before the newest one. */
static float soft_at(const struct sc_fsk_reader *r, uint64_t newest, float back)
{
    uint32_t whole = (uint32_t)back;
    float part = back - (float)whole;
    float late = r->soft[(newest - whole) % SC_FSK_RING], early = r->soft[(newest - whole - 1) % SC_FSK_RING];
    return late + (early - late) * part;
}

static float samples_since(const struct sc_fsk_reader *r, uint64_t newest)
{
    return (float)(newest - r->epoch) + r->start;
}

static void set_start(struct sc_fsk_reader *r, uint64_t newest, float back)
{
    r->epoch = newest;
    r->start = back;
}

/* Sum of the ten soft bits, each in its sense, for a start bit that began `back` samples ago. */
static float octet_score(const struct sc_fsk_reader *r, uint64_t newest, float back, uint8_t *octet)
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

static void take_octet(struct sc_fsk_reader *r, uint8_t octet)
{
    r->packet[r->length++] = octet;
    switch (sc_callerid_framed(r->packet, r->length)) {
    case SC_CALLERID_NO_PACKET:
        if (r->length > 1) {
            forget_packet(r);
            break;
        }
        r->length = 0;
        r->framing = SC_FSK_ARMED;          /* noise in the marks: the packet may still come */
        break;
    case SC_CALLERID_WHOLE:
        r->whole = true;
        r->framing = SC_FSK_HUNT;
        break;
    case SC_CALLERID_MORE:
        break;
    }
}

/* All ten bits are in: find the best timing, read, go on. */
static void read_octet(struct sc_fsk_reader *r, uint64_t newest)
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
        r->framing = SC_FSK_ARMED;
        return;
    }
    r->stops_missed += stop ? 0 : 1;
    if (r->stops_missed > STOPS_MISSED_MAX) {
        forget_packet(r);
        return;
    }
    set_start(r, newest, best_back - OCTET_BITS * BIT_SAMPLES);
    r->framing = SC_FSK_BETWEEN;
    take_octet(r, best);
}

/* A fall from mark to space between the last two samples: when, in samples back. */
static bool falls(const struct sc_fsk_reader *r, uint64_t newest, float *back)
{
    float now = r->soft[newest % SC_FSK_RING], before = r->soft[(newest - 1) % SC_FSK_RING];
    if (now >= 0.0f || before < 0.0f)
        return false;
    *back = now / (now - before);
    return true;
}

static void follow_levels(struct sc_fsk_reader *r, float mark, float space)
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
static void follow_marks(struct sc_fsk_reader *r, bool mark)
{
    if (mark)
        r->mark_run += r->mark_run < 2 * MARK_SAMPLES ? 1 : 0;
    else
        r->mark_run -= r->mark_run > MARK_DOUBT ? MARK_DOUBT : r->mark_run;
    if (r->mark_run >= MARK_SAMPLES)
        r->framing = SC_FSK_ARMED;
    else if (r->mark_run < MARK_SAMPLES / 2)
        r->framing = SC_FSK_HUNT;
}

static void frame_sample(struct sc_fsk_front *m, struct sc_fsk_reader *r, uint64_t newest)
{
    float since = 0.0f;
    switch (r->framing) {
    case SC_FSK_HUNT:
    case SC_FSK_ARMED:
        follow_marks(r, r->soft[newest % SC_FSK_RING] > 0.0f);
        if (r->framing == SC_FSK_ARMED && falls(r, newest, &since)) {
            set_start(r, newest, since);
            r->framing = SC_FSK_OCTET;
            r->confirmed = false;
            r->mark_hz = atan2f(-m->turn_imaginary, m->turn_real) * HZ_A_RADIAN;
        }
        break;
    case SC_FSK_OCTET:
        if (!r->confirmed && samples_since(r, newest) >= 0.5f * BIT_SAMPLES) {
            r->confirmed = true;
            if (r->soft[newest % SC_FSK_RING] > NO_START)   /* noise among the marks; the start bit is still to come */
                r->framing = r->length > 0 ? SC_FSK_STUFFING : SC_FSK_ARMED;
        } else if (samples_since(r, newest) >= OCTET_BITS * BIT_SAMPLES) {
            read_octet(r, newest);
        }
        break;
    case SC_FSK_BETWEEN:
        since = samples_since(r, newest) - 0.5f * BIT_SAMPLES;
        r->confirmed = true;
        if (since >= 0.0f)           /* the next start bit follows at once, or stuffing */
            r->framing = soft_at(r, newest, since) < 0.0f ? SC_FSK_OCTET : SC_FSK_STUFFING;
        break;
    case SC_FSK_STUFFING:
        if (falls(r, newest, &since)) {
            set_start(r, newest, since);
            r->framing = SC_FSK_OCTET;
            r->confirmed = false;
        } else if (samples_since(r, newest) > STUFFING_BITS * BIT_SAMPLES) {
            forget_packet(r);
        }
        break;
    }
}

static void feed_reader(struct sc_fsk_front *m, struct sc_fsk_reader *r, float mark, float space)
{
    if (!r->enabled)
        return;
    uint64_t newest = m->position;
    if (r->whole)
        forget_packet(r);
    follow_levels(r, mark, space);
    r->soft[newest % SC_FSK_RING] = r->mark_level > 0.0f ? mark / r->mark_level - space / r->space_level : 0.0f;
    if (r->mark_level <= 0.0f && r->framing != SC_FSK_HUNT)
        forget_packet(r);
    frame_sample(m, r, newest);
}

/* True frequency of the marks: by how much the phase of the mark filter's output advances in a sample (backwards: the
 * filter gives the conjugate). */
static void follow_turn(struct sc_fsk_front *m, sc_fsk_v4f real, sc_fsk_v4f imaginary, sc_fsk_v4f power)
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

uint32_t sc_fsk_front_take(struct sc_fsk_front *front, const struct sc_fsk_filters *filters, float x)
{
    memmove(front->line, front->line + 1, (SC_FSK_TAPS - 1) * sizeof(float));
    front->line[SC_FSK_TAPS - 1] = x;
    const float *middle = front->line + SC_FSK_REACH;
    v4f real = filters->even[0] * middle[0], imaginary = { 0 };
    for (int k = 1; k <= (int)SC_FSK_REACH; k++) {
        real += filters->even[k] * (middle[k] + middle[-k]);
        imaginary += filters->odd[k] * (middle[k] - middle[-k]);
    }
    real = (real - filters->overlap * __builtin_shufflevector(real, real, 1, 0, 3, 2)) * filters->alone;
    imaginary = (imaginary - filters->overlap * __builtin_shufflevector(imaginary, imaginary, 1, 0, 3, 2)) * filters->alone;
    v4f power = real * real + imaginary * imaginary;
    front->position++;
    follow_turn(front, real, imaginary, power);
    feed_reader(front, &front->readers[0], sqrtf(power[0]), sqrtf(power[1]));
    feed_reader(front, &front->readers[1], sqrtf(power[2]), sqrtf(power[3]));
    return (front->readers[0].whole ? 1u : 0u) | (front->readers[1].whole ? 2u : 0u);
}

/* callerid_modem.c: 1200 baud FSK (Bell 202 and V.23) to caller-identity messages.
 *
 * How: three readers of FSK (fsk_front.c) run side by side, over the line limited, over the line with its slope made up for,
 * and over the line equalised (fsk_equaliser.c); the first packet that is right is the message. A packet must have a known
 * type, its checksum, and parameters that fill it exactly. Both modulations run always; each reads the other's packets too,
 * so the frequency of the marks tells which it was.
 * The seizure before a packet has lines at 1100 and 2300 Hz: their ratio is the line's slope, and a three-tap equaliser
 * makes up for it.
 * Assumes 8000 samples a second.
 * Measured, packets of 36 octets lost in white noise: Bell 202 none of 400 at 9 dB SNR; V.23 none of 400 at 10 dB;
 * none down to -44 dBm0, with 10 dB of slope or of unlike levels either way, or through the hybrids m1 .. m6 of G.168; all
 * through m7 and m8. No packet in 9.9 h of recorded prompts at five speeds. */
#include "callerid_modem.h"

#include "alloc.h"
#include "callerid_message.h"
#include "fsk_equaliser.h"
#include "fsk_front.h"
#include "level.h"
#include "tone_bank.h"

#include <errno.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RATE_HZ 8000.0
#define HIGH_PASS_HZ 300.0              /* hum and the ringing's leak */
#define SEIZURE_PURITY 0.6f             /* of a frame's energy in the three lines */
#define SEIZURE_FRAMES 6u               /* 30 ms, 36 bits that alternate */
#define SEIZURE_GAP_FRAMES 20u          /* 100 ms: the next one is another sender's */
#define SEIZURE_HOLD_FRAMES 700u        /* 3.5 s: longer than any packet */
#define LINES_APART 1200.0f             /* Hz between the outer lines */
#define SLOPE_LEAST (-0.6f)             /* space 12 dB up against mark */
#define SLOPE_MOST 1.5f                 /* mark 14 dB up */
#define QUIET 20.0f                     /* amplitude, -61 dBm0: no carrier */
#define SILENT_SAMPLES 400u
#define WAIT_SAMPLES 240                /* for the other modulation to read the same packet */
#define SAME_SAMPLES 4000u              /* the same packet within 0.5 s is the other modulation's */
#define MESSAGES 4u
#define NO_DENORMALS 1e-3f

/* The same line read three times: limited, its slope made up for, and equalised. Whichever reads a packet will do. */
enum { LIMITED, SLOPED, EQUALISED, FRONTS };

struct seizure {                        /* the alternating bits before a packet: lines at 1100, 1700 and 2300 Hz */
    struct sc_tone_bank *bank;
    float low, high;                    /* power of the outer lines, summed */
    uint32_t frames;                    /* of it in a row */
    uint32_t silent_frames;             /* since the last frame that was seizure */
};

struct sc_callerid_modem {
    struct sc_fsk_filters filters;
    struct sc_fsk_front fronts[FRONTS];
    struct sc_fsk_equaliser *equaliser;
    float b0, b1, b2, a1, a2, z1, z2;
    float slope;                        /* of the equaliser y + slope * (y before + y after) */
    struct seizure seizure;
    uint32_t silent;                    /* samples without a carrier, up to SILENT_SAMPLES */
    float y1, y2;                       /* its input, one and two samples ago */
    uint64_t position;                  /* samples taken */
    struct sc_callerid_message waiting; /* not reported yet */
    float waiting_off_hz;               /* of its mark from the modulation's */
    int waiting_left;                   /* samples until it is; 0 = none */
    struct sc_callerid_message last;
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
    const struct sc_tone_bank_settings lines = {
        .frequency_hz = { 1100.0f, 1700.0f, 2300.0f }, .count = 3, .always = 3, .floor_mean_square = 0.5f * QUIET * QUIET
    };
    int error = sc_tone_bank_create(&m->seizure.bank, &lines);
    if (error == 0)
        error = sc_fsk_equaliser_create(&m->equaliser);
    if (error != 0) {
        sc_callerid_modem_destroy(m);
        return error;
    }
    design_high_pass(m);
    sc_fsk_filters_design(&m->filters);
    for (uint32_t i = 0; i < FRONTS; i++) {
        m->fronts[i].readers[0].enabled = settings == NULL || settings->bell202;
        m->fronts[i].readers[1].enabled = settings == NULL || settings->v23;
    }
    *out = m;
    return 0;
}

void sc_callerid_modem_destroy(struct sc_callerid_modem *modem)
{
    if (modem == NULL)
        return;
    sc_fsk_equaliser_destroy(modem->equaliser);
    sc_tone_bank_destroy(modem->seizure.bank);
    sc_free(modem);
}

void sc_callerid_modem_reset(struct sc_callerid_modem *modem)
{
    modem->z1 = modem->z2 = 0.0f;
    modem->slope = modem->y1 = modem->y2 = 0.0f;
    sc_tone_bank_reset(modem->seizure.bank);
    modem->seizure.low = modem->seizure.high = 0.0f;
    modem->seizure.frames = modem->seizure.silent_frames = 0;
    modem->position = 0;
    modem->silent = 0;
    sc_fsk_equaliser_reset(modem->equaliser);
    for (uint32_t i = 0; i < FRONTS; i++)
        sc_fsk_front_reset(&modem->fronts[i]);
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

static void take_packet(struct sc_callerid_modem *m, const struct sc_fsk_reader *r, uint32_t modulation, bool counts)
{
    static const float nominal_hz[2] = { 1200.0f, 1300.0f };
    struct sc_callerid_message message;
    if (!sc_callerid_parse(&message, r->packet, r->length)) {
        m->counts.bad_checksums += counts ? 1 : 0;
        return;
    }
    message.modulation = modulation == 0 ? SC_CALLERID_BELL202 : SC_CALLERID_V23;
    message.level_dbm0 = sc_dbm0_of_amplitude(0.5f * (r->mark_level + r->space_level));
    message.at_samples = m->position;
    bool reported = m->last.message_type != 0 && m->position - m->last.at_samples < SAME_SAMPLES;
    if (reported && same_message(&message, &m->last))
        return;
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

/* --- the line --- */

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
    bool pure = 0.5f * (low + line_power(frame, 1) + high) > SEIZURE_PURITY * frame->mean_square && low > 0.0f && high > 0.0f;
    z->frames = pure ? z->frames + 1 : 0;
    if (z->frames < SEIZURE_FRAMES) {       /* so few are there among the octets too */
        if (++z->silent_frames > SEIZURE_HOLD_FRAMES) {
            z->low = z->high = 0.0f;
            m->slope = 0.0f;
        }
        return;
    }
    if (z->silent_frames > SEIZURE_GAP_FRAMES) {
        z->low = z->high = 0.0f;
        sc_fsk_equaliser_restart(m->equaliser);
    }
    z->silent_frames = 0;
    z->low += low;
    z->high += high;
    m->slope = slope_against(z->low, z->high);
}

static void take_sample(struct sc_callerid_modem *m, float x)
{
    float y = m->b0 * x + m->z1, seen[FRONTS];
    m->z1 = m->b1 * x - m->a1 * y + m->z2;
    m->z2 = m->b2 * x - m->a2 * y;
    seen[SLOPED] = m->y1 + m->slope * (y + m->y2);
    seen[EQUALISED] = sc_fsk_equaliser_take(m->equaliser, y, &seen[LIMITED]);
    m->y2 = m->y1;
    m->y1 = y;
    m->position++;
    bool carrier = seen[EQUALISED] < 0.0f || seen[EQUALISED] > 0.0f;
    m->silent = carrier ? 0 : m->silent + (m->silent < SILENT_SAMPLES ? 1 : 0);
    for (uint32_t i = 0; i < FRONTS; i++) {
        if (i != SLOPED && m->silent == SILENT_SAMPLES) {
            m->fronts[i].position++;            /* it has nothing but zeros, and has forgotten all */
            continue;
        }
        uint32_t whole = sc_fsk_front_take(&m->fronts[i], &m->filters, seen[i]);
        for (uint32_t k = 0; k < 2; k++)
            if (whole & 1u << k)
                take_packet(m, &m->fronts[i].readers[k], k, i == SLOPED);
    }
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

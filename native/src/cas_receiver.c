/* cas_receiver.c: hears 2130 and 2750 Hz together for 80 ms under speech.
 *
 * How: a high-pass takes off what lies below 1.9 kHz, which is nearly all of a voice. Every 5 ms a window of 20 ms over both
 * tones: a frame is of the alert when both are there, neither much louder, both true to their frequency by the phase from
 * frame to frame, and most of what the high-pass left. A voice may spoil frames: three in a row are bridged, and three in
 * five must be good. The alert is told 20 ms after its end, when its length is right.
 * Assumes 8000 samples a second; TIA-777-A: 75 .. 85 ms, -14 .. -32 dBm a tone, 0.5 % off, 6 dB of twist.
 * Measured: tests/test_cas_receiver.c, native/bench/bench_callerid.c (levels, noise, twist, speech over it, talk-off). */
#include "cas_receiver.h"

#include "alloc.h"
#include "level.h"
#include "tone_bank.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RATE_HZ 8000.0
#define LOW_HZ 2130.0f
#define HIGH_HZ 2750.0f
#define HIGH_PASS_HZ 1900.0
#define SECTIONS 2u                     /* of second order: Butterworth, 24 dB an octave */
#define OFF_HZ 26.0f                    /* of either tone in one frame: 0.5 % is 11 and 14 Hz, a voice shakes it by 10 */
#define MEAN_OFF_HZ 18.0f               /* over the whole alert */
#define LEAST_DBM0 (-40.0f)             /* of either tone; TIA-777-A asks for -32 dBm */
#define TWIST 3.5f                      /* amplitudes: 11 dB in one frame; 6 are asked for */
#define SHARE 0.60f                     /* of the high-passed energy in the two tones */
#define MEAN_SHARE 0.72f                /* over the whole alert */
#define BRIDGED 3u                      /* frames in a row that are not of the alert */
#define FRAMES_LEAST 9u                 /* of the alert, good ones: 80 ms give 15 */
#define SPAN_LEAST 11u                  /* from the first to the last: 80 ms give 15 */
#define SPAN_MOST 22u                   /* 115 ms; DT-AS may last 110 */
#define GOOD_PART 0.6f
#define FRAME_MS 5u
#define EDGE_MS 5u                      /* of the alert on either side that no good frame is centred in */

struct section {
    float b0, b1, b2, a1, a2, z1, z2;
};

struct sc_cas_receiver {
    struct sc_tone_bank *bank;
    struct section sections[SECTIONS];
    float least;
    float last[4];                      /* the frame before: both tones, real and imaginary */
    uint32_t span, good, bad;           /* frames since the first good one, good ones, bad ones in a row; span 0: none */
    float off_sum[2], share_sum, amplitude_sum[2];
    bool told;
    struct sc_cas_alert alert;
};

static void design(struct section *s, double q)
{
    const double w = tan(PI * HIGH_PASS_HZ / RATE_HZ), scale = 1.0 / (1.0 + w / q + w * w);
    s->b0 = s->b2 = (float)scale;
    s->b1 = (float)(-2.0 * scale);
    s->a1 = (float)(2.0 * (w * w - 1.0) * scale);
    s->a2 = (float)((1.0 - w / q + w * w) * scale);
}

int sc_cas_receiver_create(struct sc_cas_receiver **out)
{
    const float least = sc_amplitude_of_dbm0(LEAST_DBM0);
    const struct sc_tone_bank_settings bank = {
        .frequency_hz = { LOW_HZ, HIGH_HZ }, .count = 2, .always = 2, .floor_mean_square = least * least,
    };
    struct sc_cas_receiver *r = sc_alloc(sizeof *r);
    if (r == NULL)
        return ENOMEM;
    int error = sc_tone_bank_create(&r->bank, &bank);
    if (error != 0) {
        sc_free(r);
        return error;
    }
    design(&r->sections[0], 0.5412);
    design(&r->sections[1], 1.3066);
    r->least = least;
    *out = r;
    return 0;
}

void sc_cas_receiver_destroy(struct sc_cas_receiver *receiver)
{
    if (receiver == NULL)
        return;
    sc_tone_bank_destroy(receiver->bank);
    sc_free(receiver);
}

void sc_cas_receiver_reset(struct sc_cas_receiver *receiver)
{
    sc_tone_bank_reset(receiver->bank);
    for (uint32_t i = 0; i < SECTIONS; i++)
        receiver->sections[i].z1 = receiver->sections[i].z2 = 0.0f;
    memset(receiver->last, 0, sizeof receiver->last);
    receiver->span = 0;
    receiver->told = false;
}

struct measured {
    float amplitude[2], off_hz[2], share;
};

/* How far a tone's true frequency is off: its phase runs ahead by so much more in the 5 ms between two frames. */
static float off_hz(const float now[2], const float before[2], float nominal_hz)
{
    const float due = 2.0f * (float)PI * nominal_hz * (float)FRAME_MS / 1000.0f;
    const float re = now[0] * before[0] + now[1] * before[1], im = now[1] * before[0] - now[0] * before[1];
    float ahead = atan2f(im, re) - due;
    ahead -= 2.0f * (float)PI * rintf(ahead / (2.0f * (float)PI));
    return ahead * 1000.0f / (2.0f * (float)PI * (float)FRAME_MS);
}

static bool of_the_alert(struct sc_cas_receiver *r, const struct sc_tone_frame *f, struct measured *m)
{
    static const float nominal[2] = { LOW_HZ, HIGH_HZ };
    float power = 0.0f;
    for (int i = 0; i < 2; i++) {
        const float now[2] = { f->real[i], f->imaginary[i] };
        m->amplitude[i] = sqrtf(now[0] * now[0] + now[1] * now[1]);
        m->off_hz[i] = off_hz(now, r->last + 2 * i, nominal[i]);
        power += 0.5f * m->amplitude[i] * m->amplitude[i];
        memcpy(r->last + 2 * i, now, sizeof now);
    }
    m->share = f->mean_square > 0.0f ? power / f->mean_square : 0.0f;
    return m->amplitude[0] > r->least && m->amplitude[1] > r->least && m->amplitude[0] < TWIST * m->amplitude[1] &&
           m->amplitude[1] < TWIST * m->amplitude[0] && fabsf(m->off_hz[0]) < OFF_HZ && fabsf(m->off_hz[1]) < OFF_HZ &&
           m->share > SHARE;
}

static void end_alert(struct sc_cas_receiver *r, uint64_t centre)
{
    const uint32_t span = r->span - r->bad;
    const float good = (float)r->good;
    const bool right = r->good >= FRAMES_LEAST && span >= SPAN_LEAST && span <= SPAN_MOST && good >= GOOD_PART * (float)span &&
                       fabsf(r->off_sum[0]) < MEAN_OFF_HZ * good && fabsf(r->off_sum[1]) < MEAN_OFF_HZ * good &&
                       r->share_sum > MEAN_SHARE * good;
    r->span = 0;
    if (!right)
        return;
    r->told = true;
    r->alert.ended_samples = centre - r->bad * SC_TONE_BANK_HOP + EDGE_MS * 8;
    r->alert.duration_ms = (span - 1) * FRAME_MS + 2 * EDGE_MS;
    r->alert.low_dbm0 = sc_dbm0_of_amplitude(r->amplitude_sum[0] / good);
    r->alert.high_dbm0 = sc_dbm0_of_amplitude(r->amplitude_sum[1] / good);
}

static void take_frame(struct sc_cas_receiver *r, const struct sc_tone_frame *f)
{
    struct measured m;
    const bool good = of_the_alert(r, f, &m);
    if (r->span == 0) {
        if (!good)
            return;
        r->good = r->bad = 0;
        memset(r->off_sum, 0, sizeof r->off_sum);
        memset(r->amplitude_sum, 0, sizeof r->amplitude_sum);
        r->share_sum = 0.0f;
    }
    r->span += r->span < 10u * SPAN_MOST ? 1 : 0;
    r->bad = good ? 0 : r->bad + 1;
    if (good) {
        r->good++;
        r->share_sum += m.share;
        for (int i = 0; i < 2; i++) {
            r->off_sum[i] += m.off_hz[i];
            r->amplitude_sum[i] += m.amplitude[i];
        }
    }
    if (r->bad > BRIDGED)
        end_alert(r, sc_tone_bank_position(r->bank) - SC_TONE_BANK_WINDOW / 2);
}

static int16_t high_passed(struct sc_cas_receiver *r, float x)
{
    for (uint32_t i = 0; i < SECTIONS; i++) {
        struct section *s = &r->sections[i];
        const float y = s->b0 * x + s->z1;
        s->z1 = s->b1 * x - s->a1 * y + s->z2;
        s->z2 = s->b2 * x - s->a2 * y;
        x = y;
    }
    return (int16_t)lrintf(fminf(fmaxf(x, -32768.0f), 32767.0f));
}

void sc_cas_receiver_process(struct sc_cas_receiver *receiver, const int16_t *in, size_t n)
{
    int16_t high[SC_TONE_BANK_HOP];
    while (n > 0) {
        const size_t block = n < SC_TONE_BANK_HOP ? n : SC_TONE_BANK_HOP;
        for (size_t i = 0; i < block; i++)
            high[i] = high_passed(receiver, (float)in[i] + 1e-3f);
        for (size_t done = 0; done < block;) {
            const struct sc_tone_frame *frame;
            done += sc_tone_bank_feed(receiver->bank, high + done, block - done, &frame);
            if (frame != NULL)
                take_frame(receiver, frame);
        }
        in += block;
        n -= block;
    }
}

bool sc_cas_receiver_next(struct sc_cas_receiver *receiver, struct sc_cas_alert *alert)
{
    if (!receiver->told)
        return false;
    receiver->told = false;
    *alert = receiver->alert;
    return true;
}

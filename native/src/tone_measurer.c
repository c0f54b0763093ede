/* tone_measurer.c: frames of the tone bank, seen by each sound of a tone plan.
 *
 * How: the phase advance since the frame before gives a sine's frequency, which must be within the tolerance and corrects its
 * amplitude for the window's fall-off; the sound must hold most of the frame's energy.
 * Two sines close to each other (400 + 450, 440 + 480) are measured over two frames joined to a window of 30 ms, and
 * separated by solving for both at once. Three and four (the howler) lie so far apart that the window parts them.
 * Measured: with the tone receiver (test_tone_receiver.c). */
#include "tone_measurer.h"

#include "alloc.h"
#include "tone_bank.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define FRAMES 4u
#define SINES SC_TONE_PLAN_FREQUENCIES_MAX
#define TURN 6.28318530717958647692f
#define HOP_SECONDS 0.005f
#define EDGE_PURITY 0.50f          /* half of the window covered; the burst's mean must reach more (tone_burst.c) */
#define ROUGH_PURITY 0.20f         /* before the correction for frequency: 0.25 at 60 Hz off */
#define FRAME_SLACK_HZ 12.0f       /* one frame's frequency is noisier than the burst's mean */
#define PAIR_BALANCE 0.25f         /* weakest sine over strongest: 12 dB */

struct sc_tone_measurer {
    struct sc_tone_bank *bank;
    float lowest_amplitude;
    uint32_t frequency_count;
    struct sc_tone_frame frames[FRAMES];                                         /* [newest % FRAMES] */
    uint32_t newest;
    float rotate_real[SC_TONE_BANK_MAX], rotate_imaginary[SC_TONE_BANK_MAX];     /* undo one hop's nominal advance */
};

int sc_tone_measurer_create(struct sc_tone_measurer **out, const struct sc_tone_plan *plan, float lowest_amplitude)
{
    struct sc_tone_bank_settings settings;
    memset(&settings, 0, sizeof settings);
    memcpy(settings.frequency_hz, plan->frequency_hz, sizeof settings.frequency_hz);
    settings.count = settings.always = plan->frequency_count;
    settings.floor_mean_square = 0.25f * lowest_amplitude * lowest_amplitude;
    struct sc_tone_measurer *m = sc_alloc(sizeof *m);
    if (m == NULL)
        return ENOMEM;
    int error = sc_tone_bank_create(&m->bank, &settings);
    if (error != 0) {
        sc_free(m);
        return error;
    }
    m->lowest_amplitude = lowest_amplitude;
    m->frequency_count = plan->frequency_count;
    for (uint32_t k = 0; k < m->frequency_count; k++) {
        m->rotate_real[k] = cosf(TURN * plan->frequency_hz[k] * HOP_SECONDS);
        m->rotate_imaginary[k] = -sinf(TURN * plan->frequency_hz[k] * HOP_SECONDS);
    }
    *out = m;
    return 0;
}

void sc_tone_measurer_destroy(struct sc_tone_measurer *measurer)
{
    if (measurer == NULL)
        return;
    sc_tone_bank_destroy(measurer->bank);
    sc_free(measurer);
}

void sc_tone_measurer_reset(struct sc_tone_measurer *measurer)
{
    sc_tone_bank_reset(measurer->bank);
    memset(measurer->frames, 0, sizeof measurer->frames);
    measurer->newest = 0;
}

uint64_t sc_tone_measurer_position(const struct sc_tone_measurer *measurer)
{
    return sc_tone_bank_position(measurer->bank);
}

size_t sc_tone_measurer_feed(struct sc_tone_measurer *measurer, const int16_t *in, size_t n, bool *complete,
                             float *mean_square)
{
    const struct sc_tone_frame *frame;
    size_t taken = sc_tone_bank_feed(measurer->bank, in, n, &frame);
    *complete = frame != NULL;
    if (frame == NULL)
        return taken;
    struct sc_tone_frame *to = &measurer->frames[++measurer->newest % FRAMES];
    *mean_square = to->mean_square = frame->mean_square;
    for (uint32_t k = 0; k < measurer->frequency_count; k++) {
        to->real[k] = frame->real[k];
        to->imaginary[k] = frame->imaginary[k];
    }
    return taken;
}

struct sine { float real, imaginary; };

static const struct sc_tone_frame *frame_back(const struct sc_tone_measurer *r, uint32_t back)
{
    return &r->frames[(r->newest - back) % FRAMES];
}

const struct sc_tone_frame *sc_tone_measurer_frame(const struct sc_tone_measurer *measurer)
{
    return frame_back(measurer, 0);
}

/* One frequency of the frame so far back; for a close pair two frames joined, at the middle between their centres. */
static struct sine sine_at(const struct sc_tone_measurer *r, const struct sc_tone_sound *sound, uint32_t k, uint32_t back)
{
    const struct sc_tone_frame *f = frame_back(r, back);
    if (!sound->close)
        return (struct sine){ f->real[k], f->imaginary[k] };
    const struct sc_tone_frame *g = frame_back(r, back + 2);
    float c = r->rotate_real[k], s = r->rotate_imaginary[k];
    return (struct sine){
        0.5f * (f->real[k] * c - f->imaginary[k] * s + g->real[k] * c + g->imaginary[k] * s),
        0.5f * (f->imaginary[k] * c + f->real[k] * s + g->imaginary[k] * c - g->real[k] * s),
    };
}

/* The sines of a sound, each solved free of the other where the windows of two overlap. */
static void separate(const struct sc_tone_measurer *r, const struct sc_tone_sound *sound, uint32_t back,
                     struct sine out[SINES])
{
    struct sine a = sine_at(r, sound, sound->index[0], back);
    out[0] = a;
    if (sound->count < 2)
        return;
    for (uint32_t i = 1; sound->count > 2 && i < sound->count; i++)
        out[i] = sine_at(r, sound, sound->index[i], back);
    if (sound->count > 2)
        return;
    struct sine b = sine_at(r, sound, sound->index[1], back);
    float w = sound->overlap, scale = 1.0f / (1.0f - w * w);
    out[0] = (struct sine){ (a.real - w * b.real) * scale, (a.imaginary - w * b.imaginary) * scale };
    out[1] = (struct sine){ (b.real - w * a.real) * scale, (b.imaginary - w * a.imaginary) * scale };
}

static float energy_of(const struct sc_tone_measurer *r, const struct sc_tone_sound *sound)
{
    float now = frame_back(r, 0)->mean_square;
    return sound->close ? 0.5f * (now + frame_back(r, 2)->mean_square) : now;
}

static float response(const struct sc_tone_sound *sound, float offset_hz)
{
    float one = sc_tone_bank_response(offset_hz);
    return sound->close ? one * cosf(TURN * offset_hz * HOP_SECONDS) : one;
}

static float square(struct sine s)
{
    return s.real * s.real + s.imaginary * s.imaginary;
}

static float explained(const struct sc_tone_sound *sound, const struct sine s[SINES], const float gain[SINES])
{
    float power = 0.5f * square(s[0]) * gain[0] * gain[0];
    if (sound->count == 1)
        return power;
    for (uint32_t i = 1; i < sound->count; i++)
        power += 0.5f * square(s[i]) * gain[i] * gain[i];
    if (sound->count != 2)
        return power;
    float crossed = s[0].real * s[1].real + s[0].imaginary * s[1].imaginary;
    return power + crossed * gain[0] * gain[1] * sound->energy_overlap;
}

/* Is no sine much weaker than another? */
static bool balanced(const struct sc_tone_sound *sound, const struct sine s[SINES], const float gain[SINES])
{
    float least = square(s[0]) * gain[0] * gain[0], most = least;
    for (uint32_t i = 1; i < sound->count; i++) {
        float power = square(s[i]) * gain[i] * gain[i];
        least = fminf(least, power);
        most = fmaxf(most, power);
    }
    return least >= PAIR_BALANCE * PAIR_BALANCE * most;
}

static float advance_hz(const struct sc_tone_measurer *r, uint32_t index, struct sine now, struct sine before)
{
    float real = now.real * before.real + now.imaginary * before.imaginary;
    float imaginary = now.imaginary * before.real - now.real * before.imaginary;
    float turned_real = real * r->rotate_real[index] - imaginary * r->rotate_imaginary[index];
    float turned_imaginary = real * r->rotate_imaginary[index] + imaginary * r->rotate_real[index];
    return atan2f(turned_imaginary, turned_real) / (TURN * HOP_SECONDS);
}

void sc_tone_measurer_measure(const struct sc_tone_measurer *measurer, const struct sc_tone_sound *sound,
                              struct sc_tone_measure *m)
{
    const struct sc_tone_measurer *r = measurer;
    struct sine now[SINES], before[SINES];
    static const float as_found[SINES] = { 1.0f, 1.0f, 1.0f, 1.0f };
    float gain[SINES];
    memset(m, 0, sizeof *m);
    m->mean_square = energy_of(r, sound);
    m->centre = (double)sc_tone_bank_position(r->bank) - (double)(SC_TONE_BANK_WINDOW / 2);
    if (sound->close)
        m->centre -= SC_TONE_BANK_HOP;
    if (frame_back(r, 0)->mean_square <= 0.0f)
        return;
    separate(r, sound, 0, now);
    float rough = explained(sound, now, as_found);
    m->raw = sqrtf(2.0f * fmaxf(rough, 0.0f));
    if (rough < ROUGH_PURITY * m->mean_square)
        return;
    separate(r, sound, 1, before);
    for (uint32_t i = 0; i < sound->count; i++) {
        const float offset_hz = advance_hz(r, sound->index[i], now[i], before[i]);
        if (fabsf(offset_hz) > sound->tolerance_hz + FRAME_SLACK_HZ)
            return;
        gain[i] = 1.0f / response(sound, offset_hz);
        if (i < 2)
            m->offset_hz[i] = offset_hz;
    }
    float power = explained(sound, now, gain);
    m->amplitude = sqrtf(2.0f * power);
    m->purity = power / m->mean_square;
    m->tone = m->purity >= EDGE_PURITY && m->amplitude >= r->lowest_amplitude &&
              (sound->count == 1 || balanced(sound, now, gain));
}

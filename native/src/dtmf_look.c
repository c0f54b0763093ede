/* dtmf_look.c: one frame of sound as the DTMF receiver sees it.
 *
 * How: tone_bank gives the eight frequencies every 5 ms over 20 ms windows. The strongest of each group are the candidates; the
 * phase advance since the frame before gives their true frequencies, which correct their amplitudes for the window's
 * fall-off. A frame is good when both frequencies and the twist are within limits and the two sines explain most of the
 * energy (speech does not). Eight more frequencies, measured only where a frame looks like a digit, tell what the rest is like.
 * Assumes 8000 samples a second.
 * Measured: as part of dtmf_receiver.c. */
#include "dtmf_look.h"

#include "level.h"

#include <string.h>

#define STRAYS 8u                       /* places where a voice has energy and a telephone has none */
#define HOP_SECONDS 0.005f
#define TURN 6.28318530717958647692f
#define TOLERANCE_PART 0.017f           /* Q.24: accept 1.5 % + 2 Hz, reject 3.5 %: nearer to the first, for speech */
#define TOLERANCE_HZ 2.0f
#define FRAME_SLACK_HZ 12.0f            /* one frame's frequency is noisier than the run's mean */
#define FRAME_PURITY 0.55f              /* both sines' share of a frame's energy: 0.76 at 5 dB SNR */
#define ROUGH_PURITY 0.30f              /* before the correction for frequency: 0.5 at the edge of the tolerance */
#define LOPSIDED_DB 20.0f               /* twist that an echo of -1 dB in antiphase leaves: one tone -19 dB, or the other +5 */
#define LOPSIDED_PURITY 0.96f           /* what such a frame needs: the weak tone is 0.01 of the energy, noise must not be it */
#define ABSENT 0.2f                     /* of the amplitude now: at 8 dB SNR noise alone reads 0.08, hardly ever 0.2 */
#define ATTACK_FRAMES 5u                /* both tones are there so soon: the window's 20 ms, and 5 of a hybrid's answer */

static const float tone_hz[SC_DTMF_TONES] = { 697.0f, 770.0f, 852.0f, 941.0f, 1209.0f, 1336.0f, 1477.0f, 1633.0f }; /* Q.23 */
static const float stray_hz[STRAYS] = { 260.0f, 350.0f, 470.0f, 575.0f, 1075.0f, 2000.0f, 2418.0f, 2672.0f };

int sc_dtmf_eye_open(struct sc_dtmf_eye *eye, const struct sc_dtmf_receiver_settings *settings)
{
    struct sc_tone_bank_settings bank;
    memset(&bank, 0, sizeof bank);
    memcpy(bank.frequency_hz, tone_hz, sizeof tone_hz);
    memcpy(bank.frequency_hz + SC_DTMF_TONES, stray_hz, sizeof stray_hz);
    eye->lowest_amplitude = sc_amplitude_of_dbm0(settings->min_level_dbm0);
    eye->low_louder_db = settings->twist_low_louder_db;
    eye->high_louder_db = settings->twist_high_louder_db;
    for (uint32_t k = 0; k < SC_DTMF_TONES; k++) {
        eye->rotate_real[k] = cosf(TURN * tone_hz[k] * HOP_SECONDS);
        eye->rotate_imaginary[k] = -sinf(TURN * tone_hz[k] * HOP_SECONDS);
    }
    bank.count = SC_DTMF_TONES + STRAYS;
    bank.always = SC_DTMF_TONES;
    bank.floor_mean_square = 0.5f * eye->lowest_amplitude * eye->lowest_amplitude;
    return sc_tone_bank_create(&eye->bank, &bank);
}

void sc_dtmf_eye_close(struct sc_dtmf_eye *eye)
{
    sc_tone_bank_destroy(eye->bank);
}

void sc_dtmf_eye_reset(struct sc_dtmf_eye *eye)
{
    sc_tone_bank_reset(eye->bank);
    memset(eye->history, 0, sizeof eye->history);
    eye->newest = 0;
}

static const struct sc_tone_frame *frame_back(const struct sc_dtmf_eye *eye, uint32_t back)
{
    return &eye->history[(eye->newest - back) % SC_DTMF_HISTORY];
}

float sc_dtmf_eye_modulus(const struct sc_dtmf_eye *eye, uint32_t back, uint32_t tone)
{
    const struct sc_tone_frame *f = frame_back(eye, back);
    return sqrtf(f->real[tone] * f->real[tone] + f->imaginary[tone] * f->imaginary[tone]);
}

static void find_strongest(const struct sc_tone_frame *f, uint32_t from, struct sc_dtmf_tone *tone)
{
    float best = -1.0f;
    for (uint32_t k = from; k < from + SC_DTMF_GROUP; k++) {
        float power = f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k];
        if (power > best) {
            best = power;
            tone->index = k;
        }
    }
    tone->raw = sqrtf(best);
}

float sc_dtmf_offset_hz(float advance_real, float advance_imaginary)
{
    return atan2f(advance_imaginary, advance_real) / (TURN * HOP_SECONDS);
}

float sc_dtmf_tolerance_hz(uint32_t tone)
{
    return tone_hz[tone] * TOLERANCE_PART + TOLERANCE_HZ;
}

/* Takes the phase advance; corrects the amplitude; false when the frequency is too far off. */
static bool refine(const struct sc_dtmf_eye *eye, struct sc_dtmf_tone *tone)
{
    const struct sc_tone_frame *now = frame_back(eye, 0), *before = frame_back(eye, 1);
    uint32_t k = tone->index;
    float real = now->real[k] * before->real[k] + now->imaginary[k] * before->imaginary[k];
    float imaginary = now->imaginary[k] * before->real[k] - now->real[k] * before->imaginary[k];
    tone->advance_real = real * eye->rotate_real[k] - imaginary * eye->rotate_imaginary[k];
    tone->advance_imaginary = real * eye->rotate_imaginary[k] + imaginary * eye->rotate_real[k];
    float offset = sc_dtmf_offset_hz(tone->advance_real, tone->advance_imaginary);
    if (fabsf(offset) > sc_dtmf_tolerance_hz(k) + FRAME_SLACK_HZ)
        return false;
    tone->weight = hypotf(tone->advance_real, tone->advance_imaginary);
    tone->amplitude = tone->raw / sc_tone_bank_response(offset);
    return true;
}

float sc_dtmf_twist_db(float low, float high)
{
    return 20.0f * log10f(high / low);
}

void sc_dtmf_eye_take(struct sc_dtmf_eye *eye, const struct sc_tone_frame *frame, struct sc_dtmf_look *look)
{
    memset(look, 0, sizeof *look);
    eye->history[++eye->newest % SC_DTMF_HISTORY] = *frame;
    look->mean_square = frame->mean_square;
    if (frame->mean_square <= 0.0f)
        return;
    find_strongest(frame, 0, &look->low);
    find_strongest(frame, SC_DTMF_GROUP, &look->high);
    float power = 0.5f * (look->low.raw * look->low.raw + look->high.raw * look->high.raw);
    if (power < ROUGH_PURITY * frame->mean_square || !refine(eye, &look->low) || !refine(eye, &look->high))
        return;
    float low = look->low.amplitude, high = look->high.amplitude;
    look->purity = 0.5f * (low * low + high * high) / frame->mean_square;
    if (look->purity < FRAME_PURITY || low < eye->lowest_amplitude || high < eye->lowest_amplitude)
        return;
    float twist = sc_dtmf_twist_db(low, high);
    look->good = twist <= eye->high_louder_db && -twist <= eye->low_louder_db;
    look->lopsided = !look->good && fabsf(twist) <= LOPSIDED_DB && look->purity >= LOPSIDED_PURITY;
}

float sc_dtmf_eye_stray(struct sc_dtmf_eye *eye, const struct sc_dtmf_look *look)
{
    const struct sc_tone_frame *f = sc_tone_bank_rest(eye->bank);
    float sum = 0.0f;
    for (uint32_t k = SC_DTMF_TONES; k < SC_DTMF_TONES + STRAYS; k++)
        sum += f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k];
    return sum / (look->low.amplitude * look->low.amplitude + look->high.amplitude * look->high.amplitude);
}

/* Relative to this frame, so that an echo which changes the levels a little later does not matter. */
bool sc_dtmf_eye_saw_both_begin(const struct sc_dtmf_eye *eye, const struct sc_dtmf_look *look)
{
    for (uint32_t back = 2; back <= ATTACK_FRAMES; back++)
        if (sc_dtmf_eye_modulus(eye, back, look->low.index) < ABSENT * look->low.raw &&
            sc_dtmf_eye_modulus(eye, back, look->high.index) < ABSENT * look->high.raw)
            return true;
    return false;
}

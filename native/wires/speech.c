/* speech.c: a sound with the traits of speech that matter to a telephone exchange, made from a seed.
 *
 * How: a pulse train whose pitch glides (a voice has its own base pitch), mixed with noise for unvoiced syllables,
 * goes through three formant resonators that are set anew for each syllable (110 to 260 ms, raised-cosine loudness);
 * phrases of 4 to 9 syllables are followed by pauses of 150 to 500 ms. A trial run of two seconds sets the gain so
 * that talk spurts have the level asked for.
 * Assumes: nothing. Measured: talk spurts within 1 dB of the level over 4 s; two voices correlate below 0.2 over
 * 500 ms (tests/test_mouth.c). */
#include "parts.h"

#include <math.h>

static const double formant_low_hz[3] = {300.0, 900.0, 2200.0};
static const double formant_high_hz[3] = {750.0, 2000.0, 3000.0};
static const double formant_band_hz[3] = {90.0, 140.0, 220.0};
static const double formant_gain[3] = {1.0, 0.5, 0.25};
#define TRIAL_SAMPLES 16000

static double between(struct tw_noise *noise, double low, double high)
{
    return low + (high - low) * 0.5 * (tw_noise_uniform(noise) + 1.0);
}

static void set_formant(struct tw_resonator *r, double hz, double band_hz, double gain)
{
    double radius = exp(-TW_PI * band_hz / TW_RATE_HZ);
    r->a1 = 2.0 * radius * cos(2.0 * TW_PI * hz / TW_RATE_HZ);
    r->a2 = -radius * radius;
    r->gain = gain * (1.0 - radius);
}

static void next_syllable(struct tw_speech *s)
{
    if (s->syllables_left == 0) {
        s->pause_left = tw_samples(between(&s->noise, 150.0, 500.0));
        s->syllables_left = (size_t)between(&s->noise, 4.0, 9.99);
    }
    s->syllables_left--;
    s->syllable_samples = tw_samples(between(&s->noise, 110.0, 260.0));
    s->syllable_at = 0;
    s->voicing = tw_noise_uniform(&s->noise) > -0.7 ? 1.0 : 0.1;
    s->loudness = between(&s->noise, 0.6, 1.0);
    s->pitch_hz = s->base_hz * between(&s->noise, 0.85, 1.25);
    for (int i = 0; i < 3; i++)
        set_formant(&s->formant[i], between(&s->noise, formant_low_hz[i], formant_high_hz[i]), formant_band_hz[i],
                    formant_gain[i]);
}

/* One sample before the gain; *active tells whether it belongs to a talk spurt. */
static double raw_next(struct tw_speech *s, bool *active)
{
    *active = s->pause_left == 0;
    if (s->pause_left > 0) {
        s->pause_left--;
        return 0.0;
    }
    if (s->syllable_at >= s->syllable_samples) {
        next_syllable(s);
        if (s->pause_left > 0)
            return 0.0;
    }
    double through = (double)s->syllable_at++ / (double)s->syllable_samples;
    s->pitch_phase += s->pitch_hz * (1.1 - 0.2 * through) / TW_RATE_HZ;
    double pulse = -0.05;
    if (s->pitch_phase >= 1.0) {
        s->pitch_phase -= 1.0;
        pulse = 2.0;
    }
    double source = s->voicing * pulse + (1.05 - s->voicing) * 0.3 * tw_noise_gauss(&s->noise);
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        struct tw_resonator *r = &s->formant[i];
        double y = r->gain * source + r->a1 * r->y1 + r->a2 * r->y2;
        r->y2 = r->y1;
        r->y1 = y;
        sum += y;
    }
    return sum * s->loudness * (0.55 - 0.45 * cos(2.0 * TW_PI * through));
}

static void begin(struct tw_speech *s, uint64_t voice)
{
    *s = (struct tw_speech){.gain = 1.0, .syllables_left = 6};
    tw_noise_seed(&s->noise, voice);
    s->base_hz = between(&s->noise, 95.0, 230.0);
}

void tw_speech_start(struct tw_speech *speech, uint64_t voice, double level_dbm0)
{
    struct tw_speech trial;
    double power = 0.0;
    size_t active_samples = 0;
    begin(&trial, voice);
    for (size_t i = 0; i < TRIAL_SAMPLES; i++) {
        bool active = false;
        double sample = raw_next(&trial, &active);
        power += active ? sample * sample : 0.0;
        active_samples += active;
    }
    begin(speech, voice);
    speech->gain = tw_rms(level_dbm0) / sqrt(power / (double)active_samples);
}

double tw_speech_next(struct tw_speech *speech)
{
    bool active = false;
    return raw_next(speech, &active) * speech->gain;
}

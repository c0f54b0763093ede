/* parts.h: what the files of the two-wire module share: units, noise, memory, and the pieces of a device. */
#ifndef TW_PARTS_H
#define TW_PARTS_H

#include "two_wire.h"

#define TW_PI 3.14159265358979323846
#define TW_FULL_SCALE_DBM0 3.14 /* full-scale sine, G.711 A-law */
#define TW_NONE_DBM0 (-90.0)    /* a setting at or below this switches the thing off */

/* --- units.c --- */
double tw_sine_amplitude(double dbm0); /* peak of a sine of that level, 32768 = full scale */
double tw_rms(double dbm0);            /* RMS of a signal of that level */
double tw_dbm0_of_rms(double rms);
double tw_gain(double db);
int16_t tw_saturate(double sample);
size_t tw_samples(double ms);

struct tw_noise {
    uint64_t state;
};
void tw_noise_seed(struct tw_noise *noise, uint64_t seed);
double tw_noise_uniform(struct tw_noise *noise); /* -1 .. 1, RMS 1/sqrt(3) */
double tw_noise_gauss(struct tw_noise *noise);   /* RMS 1, near enough to normal */

/* --- memory.c: zeroed memory; in tests the n-th allocation can be made to fail --- */
void *tw_alloc(size_t size);
void tw_free(void *memory);
void tw_alloc_fail_after(long successes); /* negative: never */
long tw_alloc_held(void);

/* --- speech.c --- */
struct tw_resonator {
    double a1, a2, gain, y1, y2;
};
struct tw_speech {
    struct tw_noise noise;
    double base_hz, pitch_phase, pitch_hz;
    struct tw_resonator formant[3];
    double voicing, loudness, gain;
    size_t syllable_samples, syllable_at, syllables_left, pause_left;
};
void tw_speech_start(struct tw_speech *speech, uint64_t voice, double level_dbm0);
double tw_speech_next(struct tw_speech *speech);

/* --- caller_id.c --- */
struct tw_fsk {
    uint8_t byte[TW_MAX_CALLER_ID_BYTES];
    size_t bytes;
    double mark_hz, space_hz, amplitude;
    double phase, bit_clock;
    size_t bit;
};
int tw_fsk_start(struct tw_fsk *fsk, const struct tw_caller_id *caller_id);
bool tw_fsk_next(struct tw_fsk *fsk, double *sample); /* false at the end */

/* --- mouth.c --- */
enum tw_sound_kind { TW_SILENCE, TW_TONE, TW_DTMF, TW_SPEECH, TW_CLIP, TW_FSK };
struct tw_tone_sound {
    double frequency_hz[TW_MAX_FREQUENCIES];
    size_t count;
    double amplitude;
    size_t cadence_samples[TW_MAX_CADENCE];
    size_t cadence_count;
    size_t cadence_total;
};
struct tw_dtmf_sound {
    char digits[TW_MAX_DIGITS + 1];
    size_t tone_samples, pause_samples;
    double low, high;
};
struct tw_clip_sound {
    int16_t *samples;
    size_t count;
    double gain;
    bool looped;
};
struct tw_sound {
    enum tw_sound_kind kind;
    size_t samples; /* 0: for ever, or until its own end */
    size_t at;
    union {
        struct tw_tone_sound tone;
        struct tw_dtmf_sound dtmf;
        struct tw_speech speech;
        struct tw_clip_sound clip;
        struct tw_fsk fsk;
    } as;
};
struct tw_mouth {
    struct tw_sound queue[TW_MAX_QUEUE];
    size_t first, count;
};
struct tw_sound *tw_mouth_add(struct tw_mouth *mouth, enum tw_sound_kind kind, size_t samples); /* NULL when full */
void tw_mouth_clear(struct tw_mouth *mouth);
void tw_mouth_process(struct tw_mouth *mouth, int16_t *out, size_t n);

/* --- digits.c --- */
struct tw_digits {
    int16_t window[160];
    size_t filled;
    char candidate, current;
    unsigned hits, misses;
    struct {
        char digit;
        uint64_t at;
    } found[TW_MAX_DIGITS];
    size_t first, count;
    uint64_t position;
};
void tw_digits_reset(struct tw_digits *digits, uint64_t position);
void tw_digits_process(struct tw_digits *digits, const int16_t *in, size_t n);
bool tw_digits_take(struct tw_digits *digits, char *digit, uint64_t *at);
extern const double tw_dtmf_low_hz[4];
extern const double tw_dtmf_high_hz[4];
int tw_dtmf_place(char digit); /* row * 4 + column, or -1 */

/* --- display.c --- */
enum { TW_DISPLAY_WINDOW = 7, TW_DISPLAY_HOP = 80, TW_DISPLAY_MESSAGES = 8 };
struct tw_bin {
    double re[TW_DISPLAY_WINDOW], im[TW_DISPLAY_WINDOW];
};
struct tw_display {
    bool plugged, off_hook;
    char answer;
    struct tw_bin mark, space;
    double window[TW_DISPLAY_WINDOW], power;
    uint64_t position;
    bool in_octet;
    unsigned bit;
    uint8_t octet;
    double next_bit;
    size_t marks, packet_length;
    uint8_t packet[TW_MAX_MESSAGE_BYTES];
    struct tw_message messages[TW_DISPLAY_MESSAGES];
    size_t first, message_count;
    int16_t hop[TW_DISPLAY_HOP];
    size_t hopped, alert_windows;
    size_t answer_in, answer_left, mute_left;
    uint32_t alerts, bad;
};
void tw_display_plug(struct tw_display *display, enum tw_modulation modulation, char answer);
void tw_display_hear(struct tw_display *display, const int16_t *heard, size_t n);
void tw_display_speak(struct tw_display *display, int16_t *said, size_t n); /* over what the mouth says, while it mutes it */
bool tw_display_take(struct tw_display *display, struct tw_message *message);

/* --- hybrid.c --- */
enum { TW_HYBRID_TAPS = 128, TW_ECHO_DELAY_MAX_SAMPLES = 128 };
struct tw_hybrid {
    float tap[TW_HYBRID_TAPS]; /* reversed: tap[0] is the oldest */
    float past[TW_HYBRID_TAPS + TW_ECHO_DELAY_MAX_SAMPLES + TW_MAX_BLOCK_SAMPLES];
    size_t delay;
};
void tw_hybrid_start(struct tw_hybrid *hybrid, uint32_t shape, double erl_db, double delay_ms);
void tw_hybrid_process(struct tw_hybrid *hybrid, const int16_t *in, float *echo, size_t n);

/* --- drift.c --- */
enum { TW_DRIFT_PAST = 4, TW_DRIFT_BLOCK = TW_MAX_BLOCK_SAMPLES + 8 };
struct tw_drift {
    double ratio;         /* device samples per port sample */
    double up_at, down_at;
    double up[TW_DRIFT_PAST + TW_DRIFT_BLOCK];
    double down[TW_DRIFT_PAST + TW_DRIFT_BLOCK];
};
void tw_drift_start(struct tw_drift *drift, double ppm);
size_t tw_drift_to_device(struct tw_drift *drift, const int16_t *port, size_t n, int16_t *device);
void tw_drift_to_port(struct tw_drift *drift, const int16_t *device, size_t m, int16_t *port, size_t n);

/* --- device.c --- */
void tw_device_lock(struct tw_device *device);
void tw_device_unlock(struct tw_device *device);
void tw_device_run(struct tw_device *device, const int16_t *heard, int16_t *said, size_t n); /* lock held */

#endif

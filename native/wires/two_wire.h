/* two_wire.h: the physics of a two-wire telephone line, and the people and machines at its far end.
 *
 * A *device* is what stands at the far end: a mouth (a queue of sounds) and an ear (it remembers what it heard and
 * what it said). A *line* joins the port of the gateway with a device: hybrid echo, loss, noise, hum, ringing that
 * leaks into the audio, clicks of the loop, gating by the loop, a clock that drifts. The meters are plain functions
 * over samples.
 *
 * A bench part, never on the appliance's path to a real line. It shares no code with the signal core, so that
 * generator and detector cannot share a mistake. Everything is deterministic by its seed.
 *
 * Levels are dBm0 with the A-law overload point at full scale: a full-scale sine is +3.14 dBm0 (G.711).
 * One lock in each device lets people speak and listen from another thread than the one that exchanges audio. */
#ifndef TW_TWO_WIRE_H
#define TW_TWO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tw_limits {
    TW_RATE_HZ = 8000,
    TW_MAX_BLOCK_SAMPLES = 480, /* largest exchange */
    TW_MAX_FREQUENCIES = 4,
    TW_MAX_CADENCE = 8,
    TW_MAX_QUEUE = 32,
    TW_MAX_DIGITS = 64,
    TW_MAX_CALLER_ID_BYTES = 128,
    TW_MAX_MESSAGE_BYTES = 260,
};

struct tw_device;
struct tw_line;

struct tw_device_settings {
    uint64_t seed;
    uint32_t memory_ms; /* how far back ear and mouth remember; 0 = 60 s */
};

/* 0, EINVAL or ENOMEM; *out is written only on success. */
int tw_device_create(struct tw_device **out, const struct tw_device_settings *settings);
void tw_device_destroy(struct tw_device *device);
void tw_device_reset(struct tw_device *device);

/* The device hears n samples and says n samples. EINVAL when n > TW_MAX_BLOCK_SAMPLES. */
int tw_device_exchange(struct tw_device *device, const int16_t *heard, int16_t *said, size_t n);

/* Samples exchanged since create or reset: the clock of ear and mouth. */
uint64_t tw_device_position(struct tw_device *device);

/* --- the mouth: sounds are said one after another; ENOSPC when TW_MAX_QUEUE wait, EINVAL for what cannot be said --- */
int tw_say_silence(struct tw_device *device, uint32_t duration_ms);

/* Sum of count sines at level_dbm0 each; cadence_ms is on, off, on, off ... (none: steady); duration 0: for ever. */
int tw_say_tone(struct tw_device *device, const double *frequency_hz, size_t count, double level_dbm0,
                const uint32_t *cadence_ms, size_t cadence_count, uint32_t duration_ms);

/* Q.23 digits 0-9 * # A-D, at most TW_MAX_DIGITS. */
int tw_say_dtmf(struct tw_device *device, const char *digits, uint32_t tone_ms, uint32_t pause_ms, double low_dbm0,
                double high_dbm0);

/* Speech-like sound of a voice; the same voice from the same beginning says the same. level is that of talk spurts. */
int tw_say_speech(struct tw_device *device, uint64_t voice, double level_dbm0, uint32_t duration_ms);

/* A second voice at the same mouth, mixed with whatever it says, from now until tw_hush; -90 dBm0 or less: silent again. */
void tw_speak_over(struct tw_device *device, uint64_t voice, double level_dbm0);

/* A recording, copied. duration is its own, or for ever when looped. */
int tw_say_clip(struct tw_device *device, const int16_t *samples, size_t count, double gain_db, bool looped);

enum tw_modulation { TW_BELL202 = 0, TW_V23 = 1 };
enum tw_caller_id_format { TW_MDMF = 0, TW_SDMF = 1 };

struct tw_caller_id {
    enum tw_modulation modulation;
    enum tw_caller_id_format format;
    const char *date;    /* MMDDhhmm */
    const char *number;  /* "" and withheld: P, "" alone: O */
    const char *name;    /* MDMF only; may be "" */
    bool withheld;
    bool bad_checksum;   /* a line error for tests */
    double level_dbm0;
};

/* FSK caller identity (GR-30, ETSI EN 300 659-3): seizure, marks, message. */
int tw_say_caller_id(struct tw_device *device, const struct tw_caller_id *caller_id);

/* Drops everything that waits and the sound under way. */
void tw_hush(struct tw_device *device);

/* True while something is being said or waits. */
bool tw_speaking(struct tw_device *device);

/* --- the ear --- */
/* Copies samples [from, from + n) of what was heard or said; returns how many: fewer at the end, 0 when forgotten. */
size_t tw_copy_heard(struct tw_device *device, uint64_t from, int16_t *out, size_t n);
size_t tw_copy_said(struct tw_device *device, uint64_t from, int16_t *out, size_t n);

/* The device's own digit receiver (an exchange listens, a person does not): off at first, switching on clears. */
void tw_listen_digits(struct tw_device *device, bool on);

/* Takes the oldest digit and the position where its tone ended; false when none. */
bool tw_take_digit(struct tw_device *device, char *digit, uint64_t *at);

/* --- the display of a telephone set: FSK messages, and the alert of a call in waiting --- */
struct tw_message {
    uint64_t at;            /* position where it ended */
    size_t length;
    uint8_t octets[260];    /* type, length, content; the checksum was right and is left out */
};

/* A display of this modulation; `answer` is the digit by which it answers an alert while off hook, or 0. EINVAL for others. */
int tw_plug_display(struct tw_device *device, enum tw_modulation modulation, char answer);

/* The set's own hook switch: only off hook an alert is answered. */
void tw_display_off_hook(struct tw_device *device, bool off_hook);

/* Takes the oldest message; false when none. */
bool tw_take_message(struct tw_device *device, struct tw_message *message);

/* Alerts heard, and packets that were broken off or had a wrong checksum, so far. */
void tw_display_counts(struct tw_device *device, uint32_t *alerts, uint32_t *bad);

/* --- the line --- */
struct tw_line_settings {
    uint64_t seed;
    double erl_db;             /* echo return loss of the hybrid, 0..40 */
    double echo_delay_ms;      /* before the hybrid's response begins, 0..16 */
    uint32_t echo_shape;       /* which hybrid: 0..TW_HYBRIDS - 1 */
    double loss_db;            /* each way, 0..30 */
    double noise_dbm0;         /* -90 or less: none */
    double hum_dbm0;           /* 50 Hz with harmonics; -90 or less: none */
    double ringing_leak_dbm0;  /* of the ringing voltage in the capture; -90 or less: none */
    double click_dbm0;         /* peak of the click when the loop opens or closes; -90 or less: none */
    double drift_ppm;          /* the device's clock against the port's, -500..500 */
    bool on_hook_to_port;      /* a port that is on-hook hears the device (caller identity) */
    bool on_hook_to_device;    /* an on-hook device hears the port */
    uint32_t memory_ms;        /* of the device */
};

enum tw_hybrids { TW_HYBRIDS = 5 };

void tw_line_settings_default(struct tw_line_settings *settings);
int tw_line_create(struct tw_line **out, const struct tw_line_settings *settings);
void tw_line_destroy(struct tw_line *line);
void tw_line_reset(struct tw_line *line);

/* The far end; belongs to the line. */
struct tw_device *tw_line_device(struct tw_line *line);

/* Loop current flows: audio passes both ways. */
void tw_line_set_loop(struct tw_line *line, bool closed);

/* Ringing power of frequency_hz is on the wire. */
void tw_line_set_ringing(struct tw_line *line, bool on, double frequency_hz);

/* What a port of the signal core calls once a tick: self is a struct tw_line. 0 or EINVAL. */
int tw_port_exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples);

/* The two integers that the signal core takes. */
uintptr_t tw_port_exchange_address(void);
uintptr_t tw_line_address(struct tw_line *line);

/* --- a recording in place of a line: what was recorded, sample for sample, then silence --- */
struct tw_recording;

/* Copies the samples. ENOMEM. */
int tw_recording_create(struct tw_recording **out, const int16_t *samples, size_t n);
void tw_recording_destroy(struct tw_recording *recording);

/* As tw_port_exchange, with self a struct tw_recording. */
int tw_recording_exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples);
uintptr_t tw_recording_exchange_address(void);
uintptr_t tw_recording_address(struct tw_recording *recording);

/* --- meters over samples --- */
/* RMS level; -100 for silence or none. */
double tw_level_dbm0(const int16_t *samples, size_t n);

/* Level of the component at frequency_hz. */
double tw_tone_dbm0(const int16_t *samples, size_t n, double frequency_hz);

/* The strongest frequency between 200 and 3600 Hz, to about 1 Hz over 200 ms; share is its part of the power. */
double tw_dominant_hz(const int16_t *samples, size_t n, double *share);

struct tw_stretch {
    bool on;
    uint32_t duration_ms; /* to 5 ms */
};

/* The cadence of a tone at frequency_hz, +-10 Hz, above floor_dbm0: stretches in order; returns how many (<= most). */
size_t tw_cadence(const int16_t *samples, size_t n, double frequency_hz, double floor_dbm0, struct tw_stretch *out,
                  size_t most);

struct tw_match {
    double correlation;    /* normalised, -1..1, at the best lag */
    double gain_db;        /* of the matching part against the reference */
    uint32_t lag_samples;  /* how much later than in the reference it is heard */
};

/* Looks for reference[0..n) in heard[0..n + most_lag); EINVAL when n is 0, ENODATA when the reference is silent. */
int tw_match(const int16_t *reference, const int16_t *heard, size_t n, size_t most_lag, struct tw_match *out);

#endif

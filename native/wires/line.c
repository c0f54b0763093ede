/* line.c: one two-wire line between a port of the gateway and a device.
 *
 * How, for each block: what the port plays comes back through the hybrid (loop closed), goes to the device with loss;
 * what the device says comes to the port with loss; noise, hum, leaking ringing voltage and loop clicks are added to
 * what the port hears. With the loop open nothing passes but what the settings allow on-hook.
 * Assumes: one thread exchanges. Measured: loss within 0.1 dB, ERL within 0.5 dB, noise within 0.5 dB; 80 samples with
 * hybrid cost 5 us, 9 us while the device speaks (tests/test_line.c, tests/bench_line.c). */
#include "parts.h"

#include <errno.h>
#include <math.h>

#define CLICK_DECAY 0.985  /* a sample: about 8 ms to -8.7 dB */
#define CLICK_HZ 320.0
#define LEAK_HARMONICS 4
#define HUM_HARMONICS 3

static const double leak_share[LEAK_HARMONICS] = {1.0, 0.30, 0.22, 0.08}; /* a square F/R drive has odd harmonics too */
static const double hum_share[HUM_HARMONICS] = {0.5, 0.3, 0.8};           /* 50, 100, 150 Hz behind a coupling capacitor */

struct tw_line {
    struct tw_line_settings settings;
    struct tw_device *device;
    struct tw_hybrid hybrid;
    struct tw_drift drift;
    struct tw_noise noise;
    double loss, noise_rms, hum, leak;
    double click, click_phase;
    double hum_phase, ring_phase, ring_hz;
    bool closed, ringing;
};

void tw_line_settings_default(struct tw_line_settings *settings)
{
    *settings = (struct tw_line_settings){
        .seed = 1,
        .erl_db = 14.0,
        .echo_delay_ms = 2.0,
        .loss_db = 2.0,
        .noise_dbm0 = -62.0,
        .hum_dbm0 = TW_NONE_DBM0,
        .ringing_leak_dbm0 = -18.0,
        .click_dbm0 = -20.0,
    };
}

static bool within(double value, double low, double high)
{
    return value >= low && value <= high;
}

static bool valid(const struct tw_line_settings *s)
{
    return within(s->erl_db, 0.0, 40.0) && within(s->echo_delay_ms, 0.0, 16.0) && s->echo_shape < TW_HYBRIDS &&
           within(s->loss_db, 0.0, 30.0) && s->noise_dbm0 <= -10.0 && s->hum_dbm0 <= -10.0 &&
           s->ringing_leak_dbm0 <= 3.0 && s->click_dbm0 <= 0.0 && within(s->drift_ppm, -500.0, 500.0);
}

static double amplitude(double dbm0)
{
    return dbm0 <= TW_NONE_DBM0 ? 0.0 : tw_sine_amplitude(dbm0);
}

static void start(struct tw_line *line)
{
    const struct tw_line_settings *s = &line->settings;
    tw_noise_seed(&line->noise, s->seed);
    tw_hybrid_start(&line->hybrid, s->echo_shape, s->erl_db, s->echo_delay_ms);
    tw_drift_start(&line->drift, s->drift_ppm);
    line->loss = tw_gain(-s->loss_db);
    line->noise_rms = amplitude(s->noise_dbm0) / sqrt(2.0);
    line->hum = amplitude(s->hum_dbm0);
    line->leak = amplitude(s->ringing_leak_dbm0);
    line->click = line->click_phase = line->hum_phase = line->ring_phase = line->ring_hz = 0.0;
    line->closed = line->ringing = false;
}

int tw_line_create(struct tw_line **out, const struct tw_line_settings *settings)
{
    if (!valid(settings))
        return EINVAL;
    struct tw_line *line = tw_alloc(sizeof *line);
    if (line == NULL)
        return ENOMEM;
    line->settings = *settings;
    struct tw_device_settings device = {.seed = settings->seed, .memory_ms = settings->memory_ms};
    int error = tw_device_create(&line->device, &device);
    if (error != 0) {
        tw_free(line);
        return error;
    }
    start(line);
    *out = line;
    return 0;
}

void tw_line_destroy(struct tw_line *line)
{
    if (line == NULL)
        return;
    tw_device_destroy(line->device);
    tw_free(line);
}

void tw_line_reset(struct tw_line *line)
{
    tw_device_reset(line->device);
    tw_device_lock(line->device);
    start(line);
    tw_device_unlock(line->device);
}

struct tw_device *tw_line_device(struct tw_line *line)
{
    return line->device;
}

void tw_line_set_loop(struct tw_line *line, bool closed)
{
    tw_device_lock(line->device);
    if (closed != line->closed) {
        line->click = amplitude(line->settings.click_dbm0) * (closed ? 1.0 : -1.0);
        line->click_phase = 0.0;
    }
    line->closed = closed;
    tw_device_unlock(line->device);
}

void tw_line_set_ringing(struct tw_line *line, bool on, double frequency_hz)
{
    tw_device_lock(line->device);
    line->ringing = on;
    line->ring_hz = frequency_hz;
    tw_device_unlock(line->device);
}

static double disturbance(struct tw_line *line)
{
    double sum = line->noise_rms > 0.0 ? line->noise_rms * tw_noise_gauss(&line->noise) : 0.0;
    if (line->hum > 0.0) {
        line->hum_phase = fmod(line->hum_phase + 2.0 * TW_PI * 50.0 / TW_RATE_HZ, 2.0 * TW_PI);
        for (int i = 0; i < HUM_HARMONICS; i++)
            sum += line->hum * hum_share[i] * sin((i + 1) * line->hum_phase);
    }
    if (line->ringing && line->leak > 0.0) {
        line->ring_phase = fmod(line->ring_phase + 2.0 * TW_PI * line->ring_hz / TW_RATE_HZ, 2.0 * TW_PI);
        for (int i = 0; i < LEAK_HARMONICS; i++)
            sum += line->leak * leak_share[i] * sin((2 * i + 1) * line->ring_phase);
    }
    if (fabs(line->click) > 1.0) {
        line->click_phase += 2.0 * TW_PI * CLICK_HZ / TW_RATE_HZ;
        sum += line->click * cos(line->click_phase);
        line->click *= CLICK_DECAY;
    }
    return sum;
}

/* What the device hears of the port's playback, n samples. */
static void towards_device(struct tw_line *line, const int16_t *playback, int16_t *out, size_t n)
{
    bool open = line->closed || line->settings.on_hook_to_device;
    for (size_t i = 0; i < n; i++)
        out[i] = open ? tw_saturate(line->loss * playback[i]) : 0;
}

static void exchange_with_device(struct tw_line *line, const int16_t *coming, int16_t *going, size_t n)
{
    if (line->settings.drift_ppm == 0.0) {
        tw_device_run(line->device, coming, going, n);
        return;
    }
    int16_t heard[TW_MAX_BLOCK_SAMPLES];
    int16_t said[TW_MAX_BLOCK_SAMPLES];
    size_t m = tw_drift_to_device(&line->drift, coming, n, heard);
    tw_device_run(line->device, heard, said, m);
    tw_drift_to_port(&line->drift, said, m, going, n);
}

int tw_port_exchange(void *self, const int16_t *playback, int16_t *capture, size_t samples)
{
    struct tw_line *line = self;
    int16_t coming[TW_MAX_BLOCK_SAMPLES];
    int16_t going[TW_MAX_BLOCK_SAMPLES];
    float echo[TW_MAX_BLOCK_SAMPLES];
    if (samples > TW_MAX_BLOCK_SAMPLES - 1) /* a fast device needs one more */
        return EINVAL;
    tw_device_lock(line->device);
    towards_device(line, playback, coming, samples);
    exchange_with_device(line, coming, going, samples);
    tw_hybrid_process(&line->hybrid, playback, echo, samples);
    bool heard = line->closed || line->settings.on_hook_to_port;
    for (size_t i = 0; i < samples; i++) {
        double sum = disturbance(line);
        sum += heard ? line->loss * going[i] : 0.0;
        sum += line->closed ? (double)echo[i] : 0.0;
        capture[i] = tw_saturate(sum);
    }
    tw_device_unlock(line->device);
    return 0;
}

uintptr_t tw_port_exchange_address(void)
{
    return (uintptr_t)&tw_port_exchange;
}

uintptr_t tw_line_address(struct tw_line *line)
{
    return (uintptr_t)line;
}

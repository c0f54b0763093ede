/* alsa_port.c: one side of a sound card as a port of the core.
 *
 * How: in the card's clock: capture 48 -> 8 kHz (libspeexdsp, fixed ratio), level calibration, echo canceller against the
 * reference, which is what this side gave the card to play, looked up by the card's own counts; then asrc.h to the tick's
 * clock. Where these counts jump (an xrun) the canceller gets the history that belongs to the new place and keeps its filter.
 * Playback the other way round: asrc.h, reference tap, calibration, 8 -> 48 kHz. Two sides of one device share its card
 * (alsa_card.h); the first one services it.
 * Assumes one thread for _service and _exchange. Measured (tests/alsa). */
#include "alsa_port.h"

#ifdef SC_HAVE_ALSA

#include "alloc.h"
#include "alsa_card.h"
#include "asrc.h"
#include "echo_policy.h"
#include "level.h"
#include "meter.h"

#include <errno.h>
#include <speex/speex_resampler.h>
#include <string.h>

#define MAX_PPM 2500.0f                 /* clones of clones are 1,000 ppm off: far enough beyond to see that */
#define QUALITY 3                       /* libspeexdsp: 3 ms of delay, 80 dB */
#define REFERENCE_SAMPLES 4096          /* power of two: 512 ms of what was played */
#define SPAN_MOST_SAMPLES 2048          /* of any canceller: what it may still hear of what was played */
/* Between card and tick: what comes at once, at any moment in a tick, and a margin. */
#define HARDWARE_FILL_SAMPLES 130       /* 5 ms periods */
#define PLUGIN_FILL_SAMPLES 200         /* 10 ms periods */
#define MOST_FILL_SAMPLES 320           /* of cards whose pointers move in larger steps: learnt from the first underruns */

struct sc_alsa_port {
    struct sc_alsa_card *card;
    bool owns_card;
    struct sc_echo_canceller *canceller;
    struct sc_echo_policy policy;
    struct sc_asrc *to_tick, *to_card;
    struct sc_asrc *to_detectors;           /* what goes to the tick, as it was before the NLP */
    SpeexResamplerState *down, *up;
    float capture_gain, playback_gain;
    bool cancels, muted;
    struct sc_meter captured_meter;
    int64_t reference_end;              /* count of the sample after the newest in `reference` */
    int64_t expected;                   /* count at which the next captured block should come */
    int16_t reference[REFERENCE_SAMPLES];
};

/* --- in the card's clock ----------------------------------------------------------------------------------------- */

static void scale(int16_t *samples, size_t n, float gain)
{
    for (size_t i = 0; i < n; i++) {
        float value = gain * (float)samples[i];
        value = value > 32767.0f ? 32767.0f : value;
        value = value < -32768.0f ? -32768.0f : value;
        samples[i] = (int16_t)lrintf(value);
    }
}

static void look_up(const struct sc_alsa_port *port, int16_t *rin, size_t n, int64_t position)
{
    for (size_t i = 0; i < n; i++) {
        int64_t at = position + (int64_t)i;
        bool known = at >= 0 && at < port->reference_end && at >= port->reference_end - REFERENCE_SAMPLES;
        rin[i] = known ? port->reference[at & (REFERENCE_SAMPLES - 1)] : 0;
    }
}

/* Captured and played have moved against one another: the canceller is told what was played before this moment. */
static void realign(struct sc_alsa_port *port, int64_t position)
{
    int16_t played[SPAN_MOST_SAMPLES];
    look_up(port, played, SPAN_MOST_SAMPLES, position - SPAN_MOST_SAMPLES);
    sc_echo_canceller_realign(port->canceller, played, SPAN_MOST_SAMPLES);
}

static void restarted(void *self)
{
    struct sc_alsa_port *port = self;
    memset(port->reference, 0, sizeof port->reference);
}

static void plugged(void *self)
{
    struct sc_alsa_port *port = self;
    sc_asrc_reset(port->to_tick);
    sc_asrc_reset(port->to_card);
    sc_asrc_reset(port->to_detectors);
    speex_resampler_reset_mem(port->down);
    speex_resampler_reset_mem(port->up);
}

static void captured(void *self, const int16_t *frames, size_t stride, size_t n, int64_t position)
{
    struct sc_alsa_port *port = self;
    int16_t mono[SC_CARD_BLOCK_FRAMES], rin[SC_CARD_BLOCK_SAMPLES], sin[SC_CARD_BLOCK_SAMPLES] = { 0 };
    spx_uint32_t in = (spx_uint32_t)(n * SC_CARD_FRAMES_PER_SAMPLE), out = (spx_uint32_t)n;
    for (size_t i = 0; i < in; i++)
        mono[i] = frames[i * stride];
    speex_resampler_process_int(port->down, 0, mono, &in, sin, &out);
    scale(sin, n, port->capture_gain);
    if (port->muted)
        memset(sin, 0, n * sizeof *sin);
    sc_meter_process(&port->captured_meter, sin, n);
    if (position != port->expected)
        realign(port, position);
    port->expected = position + (int64_t)n;
    look_up(port, rin, n, position);
    if (port->cancels && !port->muted) {
        int16_t sout[SC_CARD_BLOCK_SAMPLES];
        (void)sc_echo_canceller_process(port->canceller, rin, sin, sout, n); /* a block is never too long */
        sc_echo_policy_process(&port->policy, port->canceller, rin, sin, n);
        bool aside = sc_echo_policy_stands_aside(&port->policy, sin, sout, n);
        (void)sc_asrc_write(port->to_detectors, aside ? sin : sc_echo_canceller_linear(port->canceller), n);
        if (!aside)
            memcpy(sin, sout, n * sizeof *sin);
    } else {
        (void)sc_asrc_write(port->to_detectors, sin, n);
    }
    (void)sc_asrc_write(port->to_tick, sin, n);
}

static void play(void *self, int16_t *frames, size_t stride, size_t n, int64_t position)
{
    struct sc_alsa_port *port = self;
    int16_t rout[SC_CARD_BLOCK_SAMPLES], mono[SC_CARD_BLOCK_FRAMES] = { 0 };
    spx_uint32_t in = (spx_uint32_t)n, out = (spx_uint32_t)(n * SC_CARD_FRAMES_PER_SAMPLE);
    (void)sc_asrc_read(port->to_card, rout, n); /* a block is never too long */
    for (; port->reference_end < position; port->reference_end++)
        port->reference[port->reference_end & (REFERENCE_SAMPLES - 1)] = 0; /* silence of a prefill */
    for (size_t i = 0; i < n; i++)
        port->reference[(position + (int64_t)i) & (REFERENCE_SAMPLES - 1)] = rout[i];
    port->reference_end = position + (int64_t)n;
    scale(rout, n, port->playback_gain);
    speex_resampler_process_int(port->up, 0, rout, &in, mono, &out);
    for (size_t i = 0; i < n * SC_CARD_FRAMES_PER_SAMPLE; i++)
        frames[i * stride] = mono[i];
}

/* --- making ------------------------------------------------------------------------------------------------------ */

static int make_resamplers(struct sc_alsa_port *port)
{
    struct sc_asrc_settings settings;
    int error = 0;
    sc_asrc_settings_default(&settings);
    settings.target_fill_samples =
        sc_alsa_card_hardware(port->card) ? HARDWARE_FILL_SAMPLES : PLUGIN_FILL_SAMPLES;
    settings.max_ppm = MAX_PPM;
    settings.most_fill_samples = MOST_FILL_SAMPLES;
    error = sc_asrc_create(&port->to_tick, &settings);
    if (error == 0)
        error = sc_asrc_create(&port->to_card, &settings);
    if (error == 0)
        error = sc_asrc_create(&port->to_detectors, &settings);
    if (error != 0)
        return error;
    port->down = speex_resampler_init(1, SC_CARD_HZ, SC_SAMPLE_HZ, QUALITY, NULL);
    port->up = speex_resampler_init(1, SC_SAMPLE_HZ, SC_CARD_HZ, QUALITY, NULL);
    return port->down != NULL && port->up != NULL ? 0 : ENOMEM;
}

static int make_card(struct sc_alsa_port *port, const struct sc_alsa_port_settings *settings)
{
    bool same = settings->capture_device == NULL || settings->capture_device[0] == '\0';
    const char *capture = same ? settings->device : settings->capture_device;
    struct sc_alsa_side side = { .self = port, .captured = captured, .play = play, .restarted = restarted, .plugged = plugged };
    if (settings->sibling != NULL && sc_alsa_card_is(settings->sibling->card, settings->device, capture)) {
        port->card = settings->sibling->card;
        return sc_alsa_card_attach(port->card, settings->side, &side);
    }
    struct sc_alsa_card_settings card = {
        .playback = settings->device, .capture = capture, .sides = settings->sides, .absent = settings->absent
    };
    int error = sc_alsa_card_create(&port->card, &card);
    port->owns_card = error == 0;
    return error != 0 ? error : sc_alsa_card_attach(port->card, settings->side, &side);
}

int sc_alsa_port_create(struct sc_alsa_port **out, const struct sc_alsa_port_settings *settings)
{
    if (settings->device == NULL || settings->device[0] == '\0' || settings->canceller == NULL ||
        settings->side >= settings->sides || settings->sides > SC_CARD_SIDES)
        return EINVAL;
    struct sc_alsa_port *port = sc_alloc(sizeof *port);
    if (port == NULL)
        return ENOMEM;
    port->canceller = settings->canceller;
    sc_echo_policy_init(&port->policy);
    port->capture_gain = powf(10.0f, (settings->full_scale_dbm0 - SC_FULL_SCALE_DBM0) / 20.0f);
    port->playback_gain = powf(10.0f, (SC_FULL_SCALE_DBM0 - settings->playback_full_scale_dbm0) / 20.0f);
    int error = make_card(port, settings);
    if (error == 0)
        error = make_resamplers(port);
    if (error != 0) {
        sc_alsa_port_destroy(port);
        return error;
    }
    *out = port;
    return 0;
}

void sc_alsa_port_destroy(struct sc_alsa_port *port)
{
    if (port == NULL)
        return;
    if (port->owns_card)
        sc_alsa_card_destroy(port->card);
    sc_asrc_destroy(port->to_tick);
    sc_asrc_destroy(port->to_card);
    sc_asrc_destroy(port->to_detectors);
    if (port->down != NULL)
        speex_resampler_destroy(port->down);
    if (port->up != NULL)
        speex_resampler_destroy(port->up);
    sc_free(port);
}

/* --- in the tick's clock ----------------------------------------------------------------------------------------- */

void sc_alsa_port_set(struct sc_alsa_port *port, bool canceller, bool capture_muted, bool heard, bool in_call)
{
    sc_echo_policy_set(&port->policy, heard, in_call);
    port->cancels = canceller;
    port->muted = capture_muted;
}

int sc_alsa_port_unplug(struct sc_alsa_port *port)
{
    return sc_alsa_card_unplug(port->card);
}

int sc_alsa_port_plug(struct sc_alsa_port *port, const char *device, const char *capture_device)
{
    bool same = capture_device == NULL || capture_device[0] == '\0';
    return sc_alsa_card_plug(port->card, device, same ? device : capture_device);
}

bool sc_alsa_port_hears_machines(const struct sc_alsa_port *port)
{
    return port->policy.disabler.nlp_off;
}

void sc_alsa_port_service(struct sc_alsa_port *port)
{
    if (port->owns_card)
        sc_alsa_card_service(port->card);
}

int sc_alsa_port_exchange(void *self, const int16_t *playback, int16_t *capture, int16_t *linear, size_t samples)
{
    struct sc_alsa_port *port = self;
    struct sc_alsa_card_statistics card;
    sc_alsa_card_statistics(port->card, &card);
    if (card.gone)
        return ENODEV;
    int error = sc_asrc_write(port->to_card, playback, samples);
    if (error == 0)
        error = sc_asrc_read(port->to_tick, capture, samples);
    return error != 0 ? error : sc_asrc_read(port->to_detectors, linear, samples);
}

void sc_alsa_port_statistics(const struct sc_alsa_port *port, struct sc_alsa_port_statistics *out)
{
    struct sc_alsa_card_statistics card;
    struct sc_asrc_state to_tick, to_card;
    sc_alsa_card_statistics(port->card, &card);
    sc_asrc_get_state(port->to_tick, &to_tick);
    sc_asrc_get_state(port->to_card, &to_card);
    *out = (struct sc_alsa_port_statistics){
        .capture_xruns = card.capture_xruns,
        .playback_xruns = card.playback_xruns,
        .lost_frames = card.lost_frames,
        .slips = (uint64_t)to_tick.underruns + to_tick.overruns + to_card.underruns + to_card.overruns,
        .capture_ppm = to_tick.clock_ppm,
        .playback_ppm = to_card.clock_ppm,
        .alignment_samples = card.alignment_samples,
        .captured_dbm0 = sc_meter_dbm0(&port->captured_meter),
        .nlp_off = port->policy.disabler.nlp_off,
        .canceller_disabled = port->policy.disabler.disabled,
        .captured_samples = card.captured_samples,
        .gone = card.gone,
    };
}

#endif

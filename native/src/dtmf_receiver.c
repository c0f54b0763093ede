/* dtmf_receiver.c: DTMF digits by amplitude, frequency, purity and length.
 *
 * How: tone_bank gives the eight frequencies every 5 ms over 20 ms windows. The strongest of each group are candidates; the
 * phase advance since the frame before gives their true frequencies, which correct their amplitudes for the window's
 * fall-off. A frame is good when both frequencies and the twist are within limits and the two sines explain most of the
 * energy (speech does not). Overlapping Hann windows add up to a constant, so the sum of the frames' relative
 * amplitudes is the length of the tone, edges included, to a millisecond or two; the sum of what is missing is the
 * length of a pause. A run of good frames becomes a digit when it is long enough, its mean frequencies are steady and
 * right, and what is not the tones looks like noise and not like the rest of a voice; a gap shorter than the limit is bridged.
 * Assumes 8000 samples a second, input after the echo canceller or through a hybrid.
 * Measured beside libspandsp 0.0.6: at 1.5 % + 2 Hz off on both tones 0 of 640 missed (410); at 10 and 8 dB SNR 0 and 0 of
 * 1024 wrong with 50 ms, 0 and 1 with 40 ms (3 and 92, 7 and 125); a 10 ms drop-out never doubles; false digits in 19.3 h of
 * prompts, words and music used for tuning 0 (0), in 21.6 h of music and synthetic speech kept apart 6 (10). */
#include "dtmf_receiver.h"

#include "alloc.h"
#include "level.h"
#include "tone_bank.h"

#include <errno.h>
#include <string.h>

#define TONES 8u
#define GROUP 4u
#define STRAYS 8u                         /* places where a voice has energy and a telephone has none */
#define HISTORY 8u                        /* frames kept to find the beginning of a tone */
#define EVENTS 32u
#define HOP_MS 5.0f
#define HOP_SECONDS 0.005f
#define CENTRE_BACK (SC_TONE_BANK_WINDOW / 2)
#define TURN 6.28318530717958647692f

#define DEFAULT_LEVEL_DBM0 (-36.0f)
#define LOWEST_LEVEL_DBM0 (-50.0f)        /* Q.24: nothing below -55 dBm */
#define DEFAULT_LOW_LOUDER_DB 12.0f       /* Q.24: at least 8 dB; a hybrid's echo of 6 dB ERL adds up to 10 */
#define DEFAULT_HIGH_LOUDER_DB 10.0f      /* Q.24: at least 4 dB; likewise */
#define TOLERANCE_PART 0.017f             /* Q.24: accept 1.5 % + 2 Hz, reject 3.5 %: nearer to the first, for speech */
#define TOLERANCE_HZ 2.0f
#define FRAME_SLACK_HZ 12.0f              /* one frame's frequency is noisier than the run's mean */
#define FRAME_PURITY 0.55f                /* both sines' share of a frame's energy: 0.76 at 5 dB SNR */
#define ROUGH_PURITY 0.30f                /* before the correction for frequency: 0.5 at the edge of the tolerance */
#define RUN_PURITY 0.76f                  /* mean over the run; at 8 dB SNR the lowest of 1024 digits was 0.796 */
#define SHORTEST_MS 36.0f                 /* Q.24: accept 40 ms, reject 23 ms; the sum reads up to 4 ms too much */
#define SHORTEST_FRAMES 4u                /* good frames in it */
#define EARLY_FRAMES 2u                   /* good frames that raise "tone present" */
#define BRIDGE_NEW_MS 15.0f               /* a drop-out in a tone not yet accepted; Q.24: bridge 10 ms */
#define BRIDGE_MS 25.0f                   /* in an accepted tone; Q.24: 40 ms splits; an echo fills 7 ms of those */
#define STRAY_FREE 0.010f                 /* stray energy (see below) that the edges of a clean tone bring */
#define STRAY_MOST 0.18f                  /* of the energy that is not the tones': white noise has 0.14 of it there, */
#define STRAY_LEAST 0.05f                 /* a voice more, or, with its lines elsewhere, less */
#define NOISY_PURITY 0.85f                /* below it the least counts */
#define NOISY_TWIST_DB 6.0f
#define PURE 0.92f                        /* what a twist beyond that needs */
#define STEADY 0.9885f                    /* coherence of the frequency over the run; speech wanders. Lowest of 2048
                                           * digits at 8 dB SNR: 0.9911; of 640 at the edges of the tolerance: 0.9901 */
#define BOTH_OFF 1.75f                    /* sum of the squares of both offsets over their tolerances; 1.6 in Q.24's corner */
#define BOTH_OFF_TWISTED 1.3f             /* with a twist beyond NOISY_TWIST_DB */
#define OFF_FULL_PURITY 0.90f             /* from here down to OFF_NO_PURITY less and less: noisy or off, not both */
#define OFF_NO_PURITY 0.70f
#define FAINT 0.15f                       /* relative amplitude that is noise, not tone */
#define FULL 0.55f                        /* relative amplitude that is the tone itself and not its echo: Q.24, -10 dB */
#define OTHER_FRAMES 2u                   /* good frames of another digit that end this one */

static const float tone_hz[TONES] = { 697.0f, 770.0f, 852.0f, 941.0f, 1209.0f, 1336.0f, 1477.0f, 1633.0f };  /* Q.23 */
static const float stray_hz[STRAYS] = { 260.0f, 350.0f, 470.0f, 575.0f, 1075.0f, 2000.0f, 2418.0f, 2672.0f };
static const char layout[] = "123A456B789C*0#D";

struct tone {
    uint32_t index;
    float amplitude;                      /* corrected for frequency */
    float raw;                            /* as the window gave it */
    float advance_real, advance_imaginary;/* of this frame over the one before, nominal advance removed */
};

struct look {                             /* what one frame looks like */
    struct tone low, high;
    float mean_square;
    float purity;
    bool good;
};

struct run {
    bool active, plausible, accepted;
    uint32_t low, high;                   /* tone indices */
    uint32_t good_frames, other_frames;
    float reference_low, reference_high;  /* amplitudes of a full frame */
    float length_ms, gap_ms;
    float purity_sum, stray_sum;
    float low_real, low_imaginary, low_sum;
    float high_real, high_imaginary, high_sum;
    float level_low, level_high;          /* sums of corrected amplitudes */
    double began, ended;                  /* samples; ended: end of the tone if nothing follows */
};

struct sc_dtmf_receiver {
    struct sc_dtmf_receiver_settings settings;
    struct sc_tone_bank *bank;
    float lowest_amplitude;
    float rotate_real[TONES], rotate_imaginary[TONES];   /* undo the nominal advance of one hop */
    struct sc_tone_frame history[HISTORY];               /* [newest & mask] */
    uint32_t newest;
    struct run run;
    struct sc_dtmf_event events[EVENTS];
    uint32_t first, count, dropped;
};

static int settle(struct sc_dtmf_receiver_settings *out, const struct sc_dtmf_receiver_settings *given)
{
    memset(out, 0, sizeof *out);
    if (given != NULL)
        *out = *given;
    if (fabsf(out->min_level_dbm0) < 1e-6f)
        out->min_level_dbm0 = DEFAULT_LEVEL_DBM0;
    if (fabsf(out->twist_low_louder_db) < 1e-6f)
        out->twist_low_louder_db = DEFAULT_LOW_LOUDER_DB;
    if (fabsf(out->twist_high_louder_db) < 1e-6f)
        out->twist_high_louder_db = DEFAULT_HIGH_LOUDER_DB;
    bool valid = out->min_level_dbm0 >= LOWEST_LEVEL_DBM0 && out->min_level_dbm0 < 0.0f &&
                 out->twist_low_louder_db > 0.0f && out->twist_low_louder_db <= 20.0f &&
                 out->twist_high_louder_db > 0.0f && out->twist_high_louder_db <= 20.0f;
    return valid ? 0 : EINVAL;
}

static int create_bank(struct sc_dtmf_receiver *r)
{
    struct sc_tone_bank_settings bank;
    memset(&bank, 0, sizeof bank);
    memcpy(bank.frequency_hz, tone_hz, sizeof tone_hz);
    memcpy(bank.frequency_hz + TONES, stray_hz, sizeof stray_hz);
    bank.count = TONES + STRAYS;
    bank.always = TONES;
    bank.floor_mean_square = 0.5f * r->lowest_amplitude * r->lowest_amplitude;
    return sc_tone_bank_create(&r->bank, &bank);
}

int sc_dtmf_receiver_create(struct sc_dtmf_receiver **out, const struct sc_dtmf_receiver_settings *settings)
{
    struct sc_dtmf_receiver_settings settled;
    int error = settle(&settled, settings);
    if (error != 0)
        return error;
    struct sc_dtmf_receiver *r = sc_alloc(sizeof *r);
    if (r == NULL)
        return ENOMEM;
    r->settings = settled;
    r->lowest_amplitude = sc_amplitude_of_dbm0(settled.min_level_dbm0);
    error = create_bank(r);
    if (error != 0) {
        sc_free(r);
        return error;
    }
    for (uint32_t k = 0; k < TONES; k++) {
        r->rotate_real[k] = cosf(TURN * tone_hz[k] * HOP_SECONDS);
        r->rotate_imaginary[k] = -sinf(TURN * tone_hz[k] * HOP_SECONDS);
    }
    sc_dtmf_receiver_reset(r);
    *out = r;
    return 0;
}

void sc_dtmf_receiver_destroy(struct sc_dtmf_receiver *receiver)
{
    if (receiver == NULL)
        return;
    sc_tone_bank_destroy(receiver->bank);
    sc_free(receiver);
}

void sc_dtmf_receiver_reset(struct sc_dtmf_receiver *receiver)
{
    sc_tone_bank_reset(receiver->bank);
    memset(receiver->history, 0, sizeof receiver->history);
    memset(&receiver->run, 0, sizeof receiver->run);
    receiver->newest = 0;
    receiver->first = receiver->count = receiver->dropped = 0;
}

int sc_dtmf_receiver_notch(struct sc_dtmf_receiver *receiver, const float *frequency_hz, size_t count)
{
    if (count > SC_DTMF_NOTCHES_MAX)
        return EINVAL;
    for (size_t i = 0; i < count; i++)
        if (!(frequency_hz[i] >= 200.0f && frequency_hz[i] <= 600.0f))
            return EINVAL;
    sc_tone_bank_notch(receiver->bank, frequency_hz, count);
    return 0;
}

/* --- one frame --- */

static const struct sc_tone_frame *frame_back(const struct sc_dtmf_receiver *r, uint32_t back)
{
    return &r->history[(r->newest - back) % HISTORY];
}

static float modulus(const struct sc_tone_frame *f, uint32_t k)
{
    return sqrtf(f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k]);
}

static void find_strongest(const struct sc_tone_frame *f, uint32_t from, struct tone *tone)
{
    float best = -1.0f;
    for (uint32_t k = from; k < from + GROUP; k++) {
        float power = f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k];
        if (power > best) {
            best = power;
            tone->index = k;
        }
    }
    tone->raw = sqrtf(best);
}

static float offset_hz(float real, float imaginary)
{
    return atan2f(imaginary, real) / (TURN * HOP_SECONDS);
}

static float tolerance_hz(uint32_t index)
{
    return tone_hz[index] * TOLERANCE_PART + TOLERANCE_HZ;
}

/* Takes the phase advance; corrects the amplitude; false when the frequency is too far off. */
static bool refine(const struct sc_dtmf_receiver *r, struct tone *tone)
{
    const struct sc_tone_frame *now = frame_back(r, 0), *before = frame_back(r, 1);
    uint32_t k = tone->index;
    float real = now->real[k] * before->real[k] + now->imaginary[k] * before->imaginary[k];
    float imaginary = now->imaginary[k] * before->real[k] - now->real[k] * before->imaginary[k];
    tone->advance_real = real * r->rotate_real[k] - imaginary * r->rotate_imaginary[k];
    tone->advance_imaginary = real * r->rotate_imaginary[k] + imaginary * r->rotate_real[k];
    float offset = offset_hz(tone->advance_real, tone->advance_imaginary);
    if (fabsf(offset) > tolerance_hz(k) + FRAME_SLACK_HZ)
        return false;
    tone->amplitude = tone->raw / sc_tone_bank_response(offset);
    return true;
}

static float twist_db(float low, float high)
{
    return 20.0f * log10f(high / low);
}

static void look_at(const struct sc_dtmf_receiver *r, struct look *look)
{
    const struct sc_tone_frame *f = frame_back(r, 0);
    look->good = false;
    look->mean_square = f->mean_square;
    if (f->mean_square <= 0.0f)
        return;
    find_strongest(f, 0, &look->low);
    find_strongest(f, GROUP, &look->high);
    float power = 0.5f * (look->low.raw * look->low.raw + look->high.raw * look->high.raw);
    if (power < ROUGH_PURITY * f->mean_square || !refine(r, &look->low) || !refine(r, &look->high))
        return;
    float low = look->low.amplitude, high = look->high.amplitude;
    look->purity = 0.5f * (low * low + high * high) / f->mean_square;
    if (look->purity < FRAME_PURITY || low < r->lowest_amplitude || high < r->lowest_amplitude)
        return;
    float twist = twist_db(low, high);
    look->good = twist <= r->settings.twist_high_louder_db && -twist <= r->settings.twist_low_louder_db;
}

/* --- a run of frames --- */

static void emit(struct sc_dtmf_receiver *r, const struct sc_dtmf_event *event)
{
    if (r->count == EVENTS) {
        r->dropped++;
        return;
    }
    r->events[(r->first + r->count++) % EVENTS] = *event;
}

static uint64_t whole(double samples)
{
    return samples > 0.0 ? (uint64_t)(samples + 0.5) : 0;
}

static void report(struct sc_dtmf_receiver *r, enum sc_dtmf_event_type type)
{
    const struct run *run = &r->run;
    struct sc_dtmf_event event;
    memset(&event, 0, sizeof event);
    event.type = type;
    event.digit = layout[run->low * 4 + run->high - GROUP];
    event.low_dbm0 = sc_dbm0_of_amplitude(run->level_low / (float)run->good_frames);
    event.high_dbm0 = sc_dbm0_of_amplitude(run->level_high / (float)run->good_frames);
    event.twist_db = event.high_dbm0 - event.low_dbm0;
    event.at_samples = whole(type == SC_DTMF_START ? run->began : run->ended);
    if (type == SC_DTMF_END)
        event.duration_samples = (uint32_t)(event.at_samples - whole(run->began));
    emit(r, &event);
}

static void close_run(struct sc_dtmf_receiver *r)
{
    if (r->run.accepted)
        report(r, SC_DTMF_END);
    memset(&r->run, 0, sizeof r->run);
}

/* How much of the run's tone a frame holds, 0 .. 1. */
static float presence(const struct run *run, const struct sc_tone_frame *f)
{
    float low = modulus(f, run->low) / run->reference_low, high = modulus(f, run->high) / run->reference_high;
    float least = low < high ? low : high;
    if (least < FAINT)
        return 0.0f;
    return least < 1.0f ? least : 1.0f;
}

static double centre(const struct sc_dtmf_receiver *r)
{
    return (double)sc_tone_bank_position(r->bank) - (double)CENTRE_BACK;
}

/* Energy where a telephone has none, over that of the two tones. */
static float stray(struct sc_dtmf_receiver *r, const struct look *look)
{
    const struct sc_tone_frame *f = sc_tone_bank_rest(r->bank);
    float sum = 0.0f;
    for (uint32_t k = TONES; k < TONES + STRAYS; k++)
        sum += f->real[k] * f->real[k] + f->imaginary[k] * f->imaginary[k];
    return sum / (look->low.amplitude * look->low.amplitude + look->high.amplitude * look->high.amplitude);
}

static void add_good(struct sc_dtmf_receiver *r, const struct look *look)
{
    struct run *run = &r->run;
    if (!run->accepted)
        run->stray_sum += stray(r, look);
    run->good_frames++;
    run->purity_sum += look->purity;
    run->low_real += look->low.advance_real;
    run->low_imaginary += look->low.advance_imaginary;
    run->low_sum += hypotf(look->low.advance_real, look->low.advance_imaginary);
    run->high_real += look->high.advance_real;
    run->high_imaginary += look->high.advance_imaginary;
    run->high_sum += hypotf(look->high.advance_real, look->high.advance_imaginary);
    run->level_low += look->low.amplitude;
    run->level_high += look->high.amplitude;
}

static void open_run(struct sc_dtmf_receiver *r, const struct look *look)
{
    struct run *run = &r->run;
    memset(run, 0, sizeof *run);
    run->active = true;
    run->low = look->low.index;
    run->high = look->high.index;
    run->reference_low = look->low.raw;
    run->reference_high = look->high.raw;
    for (uint32_t back = HISTORY - 1; back > 0; back--) {
        float part = presence(run, frame_back(r, back));
        run->length_ms = part > 0.0f ? run->length_ms + part * HOP_MS : 0.0f;
    }
    run->length_ms += HOP_MS;
    run->ended = centre(r) + 0.5 * SC_TONE_BANK_HOP;
    run->began = run->ended - (double)run->length_ms * 8.0;
    add_good(r, look);
}

/* Offset of the mean frequency over its tolerance; more than 1 when it is not one steady frequency. */
static float relative_offset(float real, float imaginary, float sum, uint32_t index)
{
    if (sqrtf(real * real + imaginary * imaginary) < STEADY * sum)
        return 2.0f;
    return fabsf(offset_hz(real, imaginary)) / tolerance_hz(index);
}

/* Is what is not the tones noise, rather than the rest of a voice? */
static bool noise_like(const struct run *run)
{
    float purity = run->purity_sum / (float)run->good_frames, strays = run->stray_sum / (float)run->good_frames;
    float rest = 1.0f / purity - 1.0f;
    if (purity < RUN_PURITY || strays > STRAY_FREE + STRAY_MOST * rest)
        return false;
    if (fabsf(twist_db(run->level_low, run->level_high)) > NOISY_TWIST_DB)
        return purity >= PURE;
    return purity >= NOISY_PURITY || strays >= STRAY_LEAST * rest;
}

/* How far both frequencies together may be off. */
static float most_off(const struct run *run)
{
    float most = fabsf(twist_db(run->level_low, run->level_high)) > NOISY_TWIST_DB ? BOTH_OFF_TWISTED : BOTH_OFF;
    float purity = run->purity_sum / (float)run->good_frames;
    float part = (purity - OFF_NO_PURITY) / (OFF_FULL_PURITY - OFF_NO_PURITY);
    return part < 1.0f ? most * part : most;
}

static bool plausible(const struct run *run)
{
    if (!noise_like(run))
        return false;
    float low = relative_offset(run->low_real, run->low_imaginary, run->low_sum, run->low);
    float high = relative_offset(run->high_real, run->high_imaginary, run->high_sum, run->high);
    return low <= 1.0f && high <= 1.0f && low * low + high * high <= most_off(run);
}

/* A frame that holds the run's tone: bridges the gap before it. */
static void extend_run(struct sc_dtmf_receiver *r, const struct look *look)
{
    struct run *run = &r->run;
    run->length_ms += run->gap_ms + HOP_MS;
    run->gap_ms = 0.0f;
    run->other_frames = 0;
    if (look->low.raw > run->reference_low)
        run->reference_low = look->low.raw;
    if (look->high.raw > run->reference_high)
        run->reference_high = look->high.raw;
    run->ended = centre(r) + 0.5 * SC_TONE_BANK_HOP;
    add_good(r, look);
}

/* A frame that does not: the tone's edge, a drop-out, a disturbance, or the end. */
static void starve_run(struct sc_dtmf_receiver *r, const struct look *look)
{
    struct run *run = &r->run;
    float part = presence(run, frame_back(r, 0));
    bool edge = run->gap_ms < HOP_MS * 3.0f;
    run->gap_ms += (1.0f - part) * HOP_MS;
    if (part > 0.0f) {
        run->length_ms += part * HOP_MS;
        if (edge)
            run->ended += (double)(part * HOP_MS) * 8.0;
    }
    run->other_frames += look->good && (look->low.index != run->low || look->high.index != run->high) ? 1 : 0;
    float limit = run->accepted ? BRIDGE_MS : BRIDGE_NEW_MS;
    if (run->gap_ms < limit && run->other_frames < OTHER_FRAMES)
        return;
    close_run(r);
    if (look->good)
        open_run(r, look);
}

static void take_frame(struct sc_dtmf_receiver *r, const struct sc_tone_frame *frame)
{
    struct look look;
    memset(&look, 0, sizeof look);
    r->history[++r->newest % HISTORY] = *frame;
    look_at(r, &look);
    struct run *run = &r->run;
    if (!run->active) {
        if (look.good)
            open_run(r, &look);
        return;
    }
    if (look.good && look.low.index == run->low && look.high.index == run->high && presence(run, frame) >= FULL)
        extend_run(r, &look);
    else
        starve_run(r, &look);
    if (!run->active || run->accepted)
        return;
    run->plausible = run->good_frames >= EARLY_FRAMES && plausible(run);
    if (run->plausible && run->length_ms >= SHORTEST_MS && run->good_frames >= SHORTEST_FRAMES) {
        run->accepted = true;
        report(r, SC_DTMF_START);
    }
}

void sc_dtmf_receiver_process(struct sc_dtmf_receiver *receiver, const int16_t *in, size_t n)
{
    while (n > 0) {
        const struct sc_tone_frame *frame;
        size_t taken = sc_tone_bank_feed(receiver->bank, in, n, &frame);
        in += taken;
        n -= taken;
        if (frame != NULL)
            take_frame(receiver, frame);
    }
}

bool sc_dtmf_receiver_next(struct sc_dtmf_receiver *receiver, struct sc_dtmf_event *event)
{
    if (receiver->count == 0)
        return false;
    *event = receiver->events[receiver->first];
    receiver->first = (receiver->first + 1) % EVENTS;
    receiver->count--;
    return true;
}

bool sc_dtmf_receiver_tone_present(const struct sc_dtmf_receiver *receiver)
{
    return receiver->run.plausible || receiver->run.accepted;
}

uint32_t sc_dtmf_receiver_dropped(const struct sc_dtmf_receiver *receiver)
{
    return receiver->dropped;
}

/* display.c: the display of a telephone set: reads FSK messages, hears the alert of a call in waiting and answers it.
 *
 * How: FSK by comparing the power at mark and at space over one bit; after 40 ms of marks in one piece octets are taken
 * from their start bits on, each bit in its middle. A message is its type, its length, so many octets and a checksum. The
 * alert (2130 + 2750 Hz) is heard in windows of 10 ms and answered with a DTMF digit 30 ms after its end; from then on the
 * mouth is silent, as a set with a display mutes it, until a message has come or 2.5 s have passed; in a call nothing but
 * that is read, so that no speech is taken for a message.
 * Assumes: a line as quiet as ours between handset and exchange; one modulation, the set's own (GR-30, TIA-777-A).
 * Measured: tests/test_display.c: messages of caller_id.c down to -38 dBm0 and with noise 22 dB below them. */
#include "parts.h"

#include <math.h>
#include <string.h>

#define BIT_SAMPLES (TW_RATE_HZ / 1200.0)
#define LEAST_DBM0 (-42.0)
#define LEAST_MARK_SAMPLES (40 * TW_RATE_HZ / 1000)
#define SILENCE_SAMPLES (20 * TW_RATE_HZ / 1000) /* of marks between two octets: the packet is broken off */
#define MESSAGE_OVERHEAD 3                        /* type, length, checksum */
#define ALERT_LOW_HZ 2130.0
#define ALERT_HIGH_HZ 2750.0
#define ALERT_DBM0 (-32.0)
#define ALERT_SHARE 0.8
#define ALERT_WINDOWS 6                           /* of 10 ms: TIA-777-A has an alert last 75 to 85 ms */
#define ANSWER_AFTER_SAMPLES (30 * TW_RATE_HZ / 1000)
#define ANSWER_SAMPLES (60 * TW_RATE_HZ / 1000)
#define ANSWER_DBM0 (-8.0)
#define LISTEN_SAMPLES (2500 * TW_RATE_HZ / 1000)

static void tune(struct tw_bin *bin, double hz)
{
    for (int i = 0; i < TW_DISPLAY_WINDOW; i++) {
        bin->re[i] = cos(2.0 * TW_PI * hz * i / TW_RATE_HZ);
        bin->im[i] = sin(2.0 * TW_PI * hz * i / TW_RATE_HZ);
    }
}

void tw_display_plug(struct tw_display *display, enum tw_modulation modulation, char answer)
{
    *display = (struct tw_display){.plugged = true, .answer = answer};
    tune(&display->mark, modulation == TW_V23 ? 1300.0 : 1200.0);
    tune(&display->space, modulation == TW_V23 ? 2100.0 : 2200.0);
}

/* --- messages --- */

static void forget_packet(struct tw_display *d)
{
    d->packet_length = 0;
    d->in_octet = false;
    d->marks = 0;
}

static void end_packet(struct tw_display *d)
{
    unsigned sum = 0;
    for (size_t i = 0; i < d->packet_length; i++)
        sum += d->packet[i];
    if (sum % 256 != 0) {
        d->bad++;
    } else if (d->message_count < TW_DISPLAY_MESSAGES) {
        struct tw_message *message = &d->messages[(d->first + d->message_count++) % TW_DISPLAY_MESSAGES];
        message->length = d->packet_length - 1;
        message->at = d->position;
        memcpy(message->octets, d->packet, d->packet_length - 1);
    }
    d->mute_left = 0;
    forget_packet(d);
}

static void take_octet(struct tw_display *d, uint8_t octet)
{
    d->packet[d->packet_length++] = octet;
    if (d->packet_length >= 2 && d->packet_length == (size_t)d->packet[1] + MESSAGE_OVERHEAD)
        end_packet(d);
}

/* One sample of the demodulated line: a bit is looked at in its middle. */
static void take_level(struct tw_display *d, bool mark)
{
    if (!d->in_octet) {
        d->marks = mark ? d->marks + 1 : d->marks;
        bool begins = !mark && (d->packet_length > 0 || d->marks >= LEAST_MARK_SAMPLES);
        if (d->packet_length > 0 && mark && d->marks > SILENCE_SAMPLES) {
            d->bad++;
            forget_packet(d);
        } else if (begins) {
            d->in_octet = true;
            d->bit = 0;
            d->octet = 0;
            d->next_bit = 0.5 * BIT_SAMPLES;
        } else if (!mark) {
            d->marks = 0;
        }
        return;
    }
    d->next_bit -= 1.0;
    if (d->next_bit > 0.0)
        return;
    d->next_bit += BIT_SAMPLES;
    unsigned bit = d->bit++;
    if (bit == 0 && mark) { /* a spike, no start bit */
        d->in_octet = false;
    } else if (bit >= 1 && bit <= 8) {
        d->octet = (uint8_t)(d->octet | (mark ? 1u << (bit - 1) : 0u));
    } else if (bit == 9) {
        d->in_octet = false;
        d->marks = 0;
        if (mark) {
            take_octet(d, d->octet);
        } else {
            d->bad += d->packet_length > 0;
            forget_packet(d);
        }
    }
}

static double power_at(const double *window, const struct tw_bin *bin)
{
    double re = 0.0, im = 0.0;
    for (int i = 0; i < TW_DISPLAY_WINDOW; i++) {
        re += window[i] * bin->re[i];
        im += window[i] * bin->im[i];
    }
    return re * re + im * im;
}

static void demodulate(struct tw_display *d, double sample)
{
    memmove(d->window, d->window + 1, (TW_DISPLAY_WINDOW - 1) * sizeof d->window[0]);
    d->window[TW_DISPLAY_WINDOW - 1] = sample;
    d->power += (sample * sample - d->power) / 64.0;
    if (tw_dbm0_of_rms(sqrt(d->power)) < LEAST_DBM0) {
        if (d->packet_length > 0)
            d->bad++;
        forget_packet(d);
        return;
    }
    take_level(d, power_at(d->window, &d->mark) > power_at(d->window, &d->space));
}

/* --- the alert of a call in waiting --- */

static bool alert_in(const int16_t *window)
{
    double low = tw_tone_dbm0(window, TW_DISPLAY_HOP, ALERT_LOW_HZ), high = tw_tone_dbm0(window, TW_DISPLAY_HOP, ALERT_HIGH_HZ);
    double all = tw_level_dbm0(window, TW_DISPLAY_HOP);
    if (low < ALERT_DBM0 || high < ALERT_DBM0)
        return false;
    return pow(10.0, low / 10.0) + pow(10.0, high / 10.0) >= ALERT_SHARE * pow(10.0, all / 10.0);
}

static void listen_for_alert(struct tw_display *d, int16_t sample)
{
    d->hop[d->hopped++] = sample;
    if (d->hopped < TW_DISPLAY_HOP)
        return;
    d->hopped = 0;
    if (alert_in(d->hop)) {
        d->alert_windows++;
        return;
    }
    if (d->alert_windows >= ALERT_WINDOWS) {
        d->alerts++;
        if (d->off_hook && d->answer != '\0') {
            d->answer_in = ANSWER_AFTER_SAMPLES;
            d->mute_left = LISTEN_SAMPLES;
            d->answer_left = ANSWER_SAMPLES;
        }
    }
    d->alert_windows = 0;
}

void tw_display_hear(struct tw_display *display, const int16_t *heard, size_t n)
{
    if (!display->plugged)
        return;
    for (size_t i = 0; i < n; i++) {
        listen_for_alert(display, heard[i]);
        if (!display->off_hook || display->mute_left > 0)
            demodulate(display, heard[i]);
        display->position++;
    }
}

static double answer_sample(struct tw_display *d)
{
    if (d->answer_in > 0) {
        d->answer_in--;
        return 0.0;
    }
    if (d->answer_left == 0)
        return 0.0;
    int place = tw_dtmf_place(d->answer);
    double t = 2.0 * TW_PI * (double)(ANSWER_SAMPLES - d->answer_left--) / TW_RATE_HZ;
    return tw_sine_amplitude(ANSWER_DBM0) * (sin(tw_dtmf_low_hz[place / 4] * t) + sin(tw_dtmf_high_hz[place % 4] * t));
}

void tw_display_speak(struct tw_display *display, int16_t *said, size_t n)
{
    for (size_t i = 0; i < n && display->mute_left > 0; i++, display->mute_left--)
        said[i] = tw_saturate(answer_sample(display));
}

/* --- from outside --- */

bool tw_display_take(struct tw_display *display, struct tw_message *message)
{
    if (display->message_count == 0)
        return false;
    *message = display->messages[display->first];
    display->first = (display->first + 1) % TW_DISPLAY_MESSAGES;
    display->message_count--;
    return true;
}

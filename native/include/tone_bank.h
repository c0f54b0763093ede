/* tone_bank.h: the common first stage of the tone detectors: a few frequencies measured in overlapping windows.
 *
 * Every 40 samples (5 ms) a frame: a Hann window over the last 160 samples (20 ms), correlated with each frequency. The
 * phase is that at the window's centre, so the advance between two frames tells the true frequency within +-100 Hz of
 * the nominal one, and its square is compared with the energy in the same window. */
#ifndef SC_TONE_BANK_H
#define SC_TONE_BANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_TONE_BANK_HOP 40u
#define SC_TONE_BANK_WINDOW 160u
#define SC_TONE_BANK_MAX 16u

struct sc_tone_bank;

struct sc_tone_frame {
    float mean_square;                  /* of the windowed input: a sine of amplitude A gives A * A / 2 */
    float real[SC_TONE_BANK_MAX];       /* a sine of amplitude A at the frequency gives a modulus of A */
    float imaginary[SC_TONE_BANK_MAX];
};

struct sc_tone_bank_settings {
    float frequency_hz[SC_TONE_BANK_MAX];   /* 100 .. 3900 */
    uint32_t count;
    uint32_t always;                        /* the first so many (a multiple of 4, or all) are measured in every frame, */
                                            /* the others when sc_tone_bank_rest asks for them */
    float floor_mean_square;                /* below it a frame is all zeros: nothing is correlated */
};

/* EINVAL for settings outside these limits; ENOMEM. */
int sc_tone_bank_create(struct sc_tone_bank **out, const struct sc_tone_bank_settings *settings);
void sc_tone_bank_destroy(struct sc_tone_bank *bank);
void sc_tone_bank_reset(struct sc_tone_bank *bank);

/* Notches these frequencies out of what follows; at most 2; count 0 = none. */
void sc_tone_bank_notch(struct sc_tone_bank *bank, const float *frequency_hz, size_t count);

/* Takes samples up to the end of the next frame; returns how many it took. *frame is set to that frame, or to NULL when
 * the samples ended first. The frame lives until the next call. */
size_t sc_tone_bank_feed(struct sc_tone_bank *bank, const int16_t *in, size_t n, const struct sc_tone_frame **frame);

/* Measures the remaining frequencies of the last frame and returns it. */
const struct sc_tone_frame *sc_tone_bank_rest(struct sc_tone_bank *bank);

/* Samples taken since create or reset; the last frame's window is centred SC_TONE_BANK_WINDOW / 2 before it. */
uint64_t sc_tone_bank_position(const struct sc_tone_bank *bank);

/* Fraction of the amplitude that the window leaves of a sine `offset_hz` away from a frequency (|offset| < 95 Hz). */
float sc_tone_bank_response(float offset_hz);

#endif

/* mixer.h: the sum of some sources, each with its gain, saturated to 16 bits. Stateless, allocates nothing. */
#ifndef SC_MIXER_H
#define SC_MIXER_H

#include <stddef.h>
#include <stdint.h>

#define SC_MIXER_MAX_SAMPLES 160

struct sc_mixer_input {
    const int16_t *samples;
    float gain;                 /* linear; 1.0f is bit-exact */
};

/* 10^(gain_db / 20). */
float sc_mixer_gain(float gain_db);

/* The sum itself, for a limiter: n (at most SC_MIXER_MAX_SAMPLES) samples, which may lie outside 16 bits. */
void sc_mixer_sum(float *sum, const struct sc_mixer_input *inputs, size_t count, size_t n);

/* Writes n (at most SC_MIXER_MAX_SAMPLES) samples; no input gives silence. `out` may be none of the inputs. */
void sc_mixer_mix(int16_t *out, const struct sc_mixer_input *inputs, size_t count, size_t n);

#endif

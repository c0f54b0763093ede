/* Background noise learnt from a signal, and noise like it: level and colour (8th order predictor).
 * A part of other blocks, held by value: nothing is allocated. */
#ifndef SC_COMFORT_NOISE_H
#define SC_COMFORT_NOISE_H

#include <stddef.h>
#include <stdint.h>

enum { SC_COMFORT_NOISE_ORDER = 8, SC_COMFORT_NOISE_BLOCK = 80 };

#define SC_RMS_0_DBM0 16141.0f /* rms of a 0 dBm0 sine in 16-bit samples: full scale is +3.14 dBm0, G.711 */

struct sc_comfort_noise {
    float floor_rms, ceiling_rms;
    float smoothed_power, least[2]; /* least of this window and of the one before */
    uint32_t blocks;
    float correlation[SC_COMFORT_NOISE_ORDER + 1];
    float predictor[SC_COMFORT_NOISE_ORDER], memory[SC_COMFORT_NOISE_ORDER], excitation_rms;
    float block[SC_COMFORT_NOISE_BLOCK];
    size_t block_fill;
    uint32_t random;
};

/* Noise as others describe it (RFC 3389). */
struct sc_comfort_noise_shape {
    float rms;                                   /* 16-bit scale */
    float reflection[SC_COMFORT_NOISE_ORDER];    /* -1 .. 1, the first -r(1) / r(0) */
};

/* Levels in dBm0: what is quieter than the floor or louder than the ceiling is not believed. */
void sc_comfort_noise_init(struct sc_comfort_noise *noise, float floor_dbm0, float ceiling_dbm0);
void sc_comfort_noise_reset(struct sc_comfort_noise *noise);

void sc_comfort_noise_learn(struct sc_comfort_noise *noise, const float *x, size_t n); /* 16-bit scale */
void sc_comfort_noise_shape(struct sc_comfort_noise *noise); /* makes what was learnt take effect */
void sc_comfort_noise_set(struct sc_comfort_noise *noise, const struct sc_comfort_noise_shape *shape);
void sc_comfort_noise_describe(const struct sc_comfort_noise *noise, struct sc_comfort_noise_shape *shape);
float sc_comfort_noise_sample(struct sc_comfort_noise *noise);
float sc_comfort_noise_rms(const struct sc_comfort_noise *noise);

#endif

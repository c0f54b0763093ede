/* Brings a talker to -16 dBm0: slowly, while he talks, and never because of noise. Embedded by value, allocates nothing. */
#ifndef SC_AUTOMATIC_GAIN_H
#define SC_AUTOMATIC_GAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_AUTOMATIC_GAIN_TARGET_DBM0 (-16.0f)
#define SC_AUTOMATIC_GAIN_MOST_DB 22.0f
#define SC_AUTOMATIC_GAIN_LEAST_DB (-12.0f)

struct sc_automatic_gain {
    float gain_db;          /* now */
    bool moving;            /* on its way to the wanted gain */
    float level;            /* mean square of the talker while he talks */
    uint32_t talked;        /* ticks of talking that it is the mean of */
    uint32_t hangover;      /* ticks for which he still counts as talking */
    float smoothed;         /* mean square, smoothed */
    float floor[2];         /* least of this long window and of the one before: the noise */
    float dip[2];           /* the same of a short window */
    uint32_t ticks;
};

void sc_automatic_gain_reset(struct sc_automatic_gain *agc);

/* One tick of 10 ms. hold: what comes now is not the talker (echo of what he hears). `out` may lie outside 16 bits. */
void sc_automatic_gain_process(struct sc_automatic_gain *agc, float *out, const int16_t *in, size_t n, bool hold);

/* The same with the gain as it stands, and nothing learned. */
void sc_automatic_gain_apply(const struct sc_automatic_gain *agc, float *out, const int16_t *in, size_t n);

/* Level of the talker as he comes in, dBm0; -120 before he has said anything. */
float sc_automatic_gain_talker_dbm0(const struct sc_automatic_gain *agc);

#endif

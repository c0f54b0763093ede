/* A stretch of sound taken out or put in so that it is not heard: the depth of the jitter buffer is changed by it in
 * mid-speech.  Works in place on a ring of samples; stateless, allocates nothing. */
#ifndef SC_TIME_SCALE_H
#define SC_TIME_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#define SC_TIME_SCALE_LAG_MIN 40  /* samples: a pitch period of 200 .. 66 Hz */
#define SC_TIME_SCALE_LAG_MAX 120
#define SC_TIME_SCALE_SEAM 80     /* the longest cross-fade */
#define SC_TIME_SCALE_SEAM_MIN 24 /* the shortest */

struct sc_time_scale_ring {
    int16_t *samples;
    uint32_t mask; /* length - 1, the length a power of two */
};

struct sc_time_scale_seam {
    uint32_t lag;   /* samples to take out or put in; 0: there is no place for a seam here */
    uint32_t fade;  /* samples of cross-fade */
    float likeness; /* of the two sides, 0 .. 1 */
};

/* A seam at `at` by which lag samples (LAG_MIN .. most) can be taken out: most + SEAM samples must be there.
 * anyhow: also where it will be heard. */
struct sc_time_scale_seam sc_time_scale_shorter(const struct sc_time_scale_ring *ring, uint32_t at, uint32_t most,
                                                bool anyhow);

/* A seam at `at` by which the last lag samples are played again: LAG_MAX + SEAM samples must be there before, `ahead`
 * after it. */
struct sc_time_scale_seam sc_time_scale_longer(const struct sc_time_scale_ring *ring, uint32_t at, uint32_t ahead,
                                               bool anyhow);

/* Makes the seam. The sound then goes on at the place that is returned. */
uint32_t sc_time_scale_cut(const struct sc_time_scale_ring *ring, uint32_t at, const struct sc_time_scale_seam *seam);
uint32_t sc_time_scale_stretch(const struct sc_time_scale_ring *ring, uint32_t at,
                               const struct sc_time_scale_seam *seam);

#endif

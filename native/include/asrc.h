/* Asynchronous resampler between two 8 kHz clocks that differ by up to +-1000 ppm: one side writes what its clock
 * brings, the other reads what its clock asks for (79..81 samples a tick, or any number).  A controller steers the
 * ratio by the fill level, so that the fill stays at its target and nothing is ever slipped.
 *
 * Capture: the card writes, the master tick reads 80.  Playback: the tick writes 80, the card reads.
 * One thread at a time.  Nothing but create allocates.
 */
#ifndef SC_ASRC_H
#define SC_ASRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_ASRC_MAX_BLOCK_SAMPLES 480 /* largest n of one write or read */

struct sc_asrc;

struct sc_asrc_settings {
    size_t target_fill_samples;   /* fill held, counted just before a read; default 120 (15 ms) with 80-sample ticks */
    size_t most_fill_samples;     /* after an underrun the fill held grows by 2 ms, up to this; default 0: it does not */
    size_t capacity_samples;      /* bound of the buffer; default 1600 */
    float max_ppm;                /* limit of the ratio's correction; default 1000 */
};

struct sc_asrc_state {
    float ppm;               /* writer's clock against reader's as steered now: + when the writer is fast */
    float clock_ppm;         /* the same without what only brings the fill to its target: the clocks as known */
    float fill_samples;      /* smoothed fill just before a read */
    bool locked;             /* ratio has settled */
    uint64_t written_samples, read_samples;
    uint32_t underruns;      /* reads that found too little: the rest was silence, and filling begins anew */
    uint32_t overruns;       /* writes that found the buffer full: the oldest was dropped */
};

void sc_asrc_settings_default(struct sc_asrc_settings *settings);
int sc_asrc_create(struct sc_asrc **out, const struct sc_asrc_settings *settings);
void sc_asrc_destroy(struct sc_asrc *asrc);
void sc_asrc_reset(struct sc_asrc *asrc);

/* EINVAL when n > SC_ASRC_MAX_BLOCK_SAMPLES; otherwise always succeed. */
int sc_asrc_write(struct sc_asrc *asrc, const int16_t *in, size_t n);
int sc_asrc_read(struct sc_asrc *asrc, int16_t *out, size_t n); /* silence until target_fill_samples have come */

/* One tick: write n_in, then read n_out. */
int sc_asrc_process(struct sc_asrc *asrc, const int16_t *in, size_t n_in, int16_t *out, size_t n_out);

void sc_asrc_get_state(const struct sc_asrc *asrc, struct sc_asrc_state *out);

#endif

/* Bulk delay of an echo path: see delay_estimator.h.
 *
 * How: the response's energy in cells of 2 ms; the window with the most of it is the candidate, its beginning moved to
 * the first cell that counts.  A candidate must stand out over the response's noise (the mean cell outside the window) and stay in its
 * place for a while before it is announced; one that was announced moves only for a better one.
 * Assumes: called at regular intervals with a response that is still being learnt.
 * Measured (tests/test_delay_estimator.c): from 2 ms before to 4 ms after the true delay.
 */
#include "delay_estimator.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

enum {
    CELL = 16,              /* samples: 2 ms */
    MOST_CELLS = 128,
    STAY_UPDATES = 5,       /* the same place this often in a row: announced */
    NEAR_CELLS = 2,
    GUARD_CELLS = SC_DELAY_GUARD_SAMPLES / CELL
};
#define COUNTS 0.003f       /* a cell 25 dB below the strongest still belongs to the echo */
#define HOLDS 0.99f         /* a window that loses no more than this is not moved: 20 dB of ERLE at least */
#define STANDS_OUT 12.0f    /* strongest cell over the mean one outside: 11 dB */

struct sc_delay_estimator {
    size_t cells, window_cells;
    unsigned stayed;
    struct sc_delay_estimator_state state;
};

int sc_delay_estimator_create(struct sc_delay_estimator **out, const struct sc_delay_estimator_settings *settings)
{
    const size_t cells = settings->span_samples / CELL, window = settings->window_samples / CELL;
    if (window == 0 || window > cells || cells > MOST_CELLS || settings->span_samples % CELL != 0)
        return EINVAL;
    struct sc_delay_estimator *de = sc_alloc(sizeof *de);
    if (!de)
        return ENOMEM;
    de->cells = cells;
    de->window_cells = window;
    sc_delay_estimator_reset(de);
    *out = de;
    return 0;
}

void sc_delay_estimator_destroy(struct sc_delay_estimator *de)
{
    sc_free(de);
}

void sc_delay_estimator_reset(struct sc_delay_estimator *de)
{
    de->stayed = 0;
    de->state = (struct sc_delay_estimator_state){.delay_samples = -1, .candidate_samples = -1};
}

/* The cells' energies; their sum.  What nothing excites (below 200 Hz, above 3.6 kHz) is whatever the filter made of it:
 * two zeros each at 0 and 4 kHz take it away. */
static float measure(const struct sc_delay_estimator *de, const float *response, float *cell)
{
    float total = 0;
    for (size_t c = 0; c < de->cells; c++) {
        cell[c] = 0;
        for (size_t i = c > 0 ? c * CELL : 4; i < (c + 1) * CELL; i++) {
            const float x = response[i] - 2 * response[i - 2] + response[i - 4];
            cell[c] += x * x;
        }
        total += cell[c];
    }
    return total;
}

/* First cell of the window with the most energy, and that energy. */
static size_t best_window(const struct sc_delay_estimator *de, const float *cell, float *energy)
{
    float sum = 0;
    size_t best = 0;
    for (size_t c = 0; c < de->window_cells; c++)
        sum += cell[c];
    *energy = sum;
    for (size_t c = 1; c + de->window_cells <= de->cells; c++) {
        sum += cell[c + de->window_cells - 1] - cell[c - 1];
        if (sum > *energy) {
            *energy = sum;
            best = c;
        }
    }
    return best;
}

/* Energy over the noise in the window at the announced delay. */
static float held(const struct sc_delay_estimator *de, const float *cell, float noise)
{
    const size_t delay = (size_t)de->state.delay_samples / CELL, first = delay > GUARD_CELLS ? delay - GUARD_CELLS : 0;
    float energy = 0;
    for (size_t c = first; c < first + de->window_cells && c < de->cells; c++)
        energy += cell[c];
    return fmaxf(0, energy - noise * (float)de->window_cells);
}

bool sc_delay_estimator_process(struct sc_delay_estimator *de, const float *response)
{
    float cell[MOST_CELLS], energy, strongest = 0;
    const float total = measure(de, response, cell);
    size_t first = best_window(de, cell, &energy);
    for (size_t c = first; c < first + de->window_cells; c++)
        strongest = fmaxf(strongest, cell[c]);
    const size_t outside = de->cells - de->window_cells;
    const float noise = outside > 0 ? fmaxf(total - energy, 0) / (float)outside : 0;
    if (!(strongest > 0) || strongest < STANDS_OUT * noise) {
        de->stayed = 0;
        de->state.candidate_samples = -1;
        de->state.confidence *= 0.9f;
        return false;
    }
    while (cell[first] < COUNTS * strongest + 2 * noise)
        first++;
    const int32_t place = (int32_t)(first * CELL), before = de->state.candidate_samples;
    de->stayed = before >= 0 && abs(place - before) <= NEAR_CELLS * CELL ? de->stayed + 1 : 0;
    de->state.candidate_samples = place;
    const float best = energy - noise * (float)de->window_cells;
    if (de->state.delay_samples >= 0) {
        const float kept = held(de, cell, noise);
        de->state.confidence = kept / total;
        if (de->stayed < STAY_UPDATES || kept > HOLDS * best)
            return false;
    } else if (de->stayed < STAY_UPDATES) {
        de->state.confidence = 0;
        return false;
    }
    de->state.delay_samples = place;
    de->state.confidence = best / total;
    return true;
}

int sc_delay_estimator_set(struct sc_delay_estimator *de, int32_t delay_samples)
{
    if (delay_samples < 0 || (size_t)delay_samples >= de->cells * CELL)
        return EINVAL;
    de->state.delay_samples = de->state.candidate_samples = delay_samples;
    de->stayed = 0;
    return 0;
}

void sc_delay_estimator_get_state(const struct sc_delay_estimator *de, struct sc_delay_estimator_state *out)
{
    *out = de->state;
}

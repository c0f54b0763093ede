/* aon_signal.h: how a city exchange answers the request of the Russian АОН, as sound for the tests and the benchmark: from the
 * table of the facts (two of six, repeat code, rotation); shares nothing with the receiver. */
#ifndef SC_TEST_AON_SIGNAL_H
#define SC_TEST_AON_SIGNAL_H

#include "signal.h"

struct exchange {                       /* how a city exchange answers */
    const char *number;                 /* seven digits */
    char category;
    int offset, bursts;                 /* where in the round it begins, how many bursts it sends */
    int naive_repeats;                  /* 1 1 1 as 1 R R instead of 1 R 1 */
    double burst_ms, hz_off, dbm0, twist_db, noise_dbm0, delay_ms;
};

static const struct exchange usual = { "1234567", '3', 0, 20, 0, 40, 0, -12, 0, -60, 30 };

/* The table, as printed: a symbol and its two frequencies. */
static const struct { char symbol; double low, high; } table[12] = {
    { '1', 700, 900 }, { '2', 700, 1100 }, { '3', 900, 1100 }, { '4', 700, 1300 }, { '5', 900, 1300 }, { '6', 1100, 1300 },
    { '7', 700, 1500 }, { '8', 900, 1500 }, { '9', 1100, 1500 }, { '0', 1300, 1500 }, { 'S', 1100, 1700 }, { 'R', 1300, 1700 },
};

/* The bursts of the round begun at `offset`: start, category, digits from the last to the first, equal ones as repeat. */
static inline void make_bursts(const struct exchange *e, char *bursts)
{
    char round[9] = { 'S', e->category };
    for (int i = 0; i < 7; i++)
        round[2 + i] = e->number[6 - i];
    for (int i = 0; i < e->bursts; i++) {
        char now = round[(i + e->offset) % 9], before = i > 0 ? round[(i + e->offset - 1) % 9] : 0;
        int repeats = now == before && (e->naive_repeats || bursts[i - 1] != 'R');
        bursts[i] = repeats ? 'R' : now;
    }
}

static inline void draw_answer(struct signal *s, size_t at, const struct exchange *e)
{
    char bursts[64];
    double now = (double)at;
    make_bursts(e, bursts);
    for (int i = 0; i < e->bursts; i++) {
        size_t from = (size_t)now, length;
        now += e->burst_ms * 8;
        length = (size_t)now - from;
        for (int k = 0; k < 12; k++)
            if (table[k].symbol == bursts[i]) {
                signal_sine(s, from, length, table[k].low + e->hz_off, e->dbm0 + e->twist_db / 2, 6.28 * signal_uniform(s));
                signal_sine(s, from, length, table[k].high + e->hz_off, e->dbm0 - e->twist_db / 2, 6.28 * signal_uniform(s));
            }
    }
}

#endif

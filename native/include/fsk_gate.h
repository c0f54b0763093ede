/* fsk_gate.h: a cheap ear for the marks before a packet of 1200 baud FSK. No memory of its own. */
#ifndef SC_FSK_GATE_H
#define SC_FSK_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define SC_FSK_GATE_HOP 40u             /* samples it takes at a time: 5 ms */
#define SC_FSK_GATE_HOPS 6u             /* hops of marks that open it: 30 ms, 36 bits */

typedef float sc_fsk_gate_v4f __attribute__((vector_size(16)));

struct sc_fsk_gate {
    sc_fsk_gate_v4f cosine[SC_FSK_GATE_HOP / 4], sine[SC_FSK_GATE_HOP / 4];
    float before[4];                    /* the last samples of the hop before */
    float purity[SC_FSK_GATE_HOPS];     /* share of the hop's energy at the marks' frequency */
    uint32_t at;
    float energy;                       /* of the last hop, low frequencies taken off */
};

void sc_fsk_gate_design(struct sc_fsk_gate *gate);
void sc_fsk_gate_reset(struct sc_fsk_gate *gate);

/* Takes 40 samples; true while the last 30 ms were marks of Bell 202 or V.23. */
bool sc_fsk_gate_take(struct sc_fsk_gate *gate, const int16_t *x);

#endif

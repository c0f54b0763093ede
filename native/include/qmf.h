/* qmf.h: 16 kHz speech as two bands of 8 kHz each and back, by the quadrature mirror filters of ITU-T G.722 (clauses 3.1, 4.4).
 *
 * A band is 15 bits wide (-16384 .. 16383): a full-scale 16-bit sine below 4 kHz fills the lower band. The upper band is
 * mirrored: 8 kHz lies at its 0 Hz. Small structs without allocation; a zeroed one is a fresh one. */
#ifndef SC_QMF_H
#define SC_QMF_H

#include <stddef.h>
#include <stdint.h>

#define SC_QMF_TAPS 24
#define SC_QMF_MAX_PAIRS 480    /* 60 ms */

struct sc_qmf_split {
    int16_t past[SC_QMF_TAPS - 2];
};

struct sc_qmf_join {
    int16_t difference[SC_QMF_TAPS / 2 - 1], sum[SC_QMF_TAPS / 2 - 1];
};

/* 2 * pairs samples (at most SC_QMF_MAX_PAIRS pairs) to `pairs` of each band. */
void sc_qmf_split(struct sc_qmf_split *split, int16_t *low, int16_t *high, const int16_t *wide, size_t pairs);

/* And back; together they delay by 22 samples of 16 kHz (1.4 ms). */
void sc_qmf_join(struct sc_qmf_join *join, int16_t *wide, const int16_t *low, const int16_t *high, size_t pairs);

#endif

/* fsk_equaliser.h: makes up for a line that smears the bits of FSK, without knowing the line (constant modulus). */
#ifndef SC_FSK_EQUALISER_H
#define SC_FSK_EQUALISER_H

struct sc_fsk_equaliser;

/* ENOMEM. */
int sc_fsk_equaliser_create(struct sc_fsk_equaliser **out);
void sc_fsk_equaliser_destroy(struct sc_fsk_equaliser *equaliser);
void sc_fsk_equaliser_reset(struct sc_fsk_equaliser *equaliser);

/* A sender has begun: what was learnt of another one is forgotten. */
void sc_fsk_equaliser_restart(struct sc_fsk_equaliser *equaliser);

/* A sample of the line; gives one, about as loud, 28 samples late, and in *limited one of the line with its envelope made
 * constant, 8 samples late; both 0 while there is no carrier. */
float sc_fsk_equaliser_take(struct sc_fsk_equaliser *equaliser, float x, float *limited);

#endif

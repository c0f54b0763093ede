/* Line echo canceller for one analog port, 8 kHz.  Words as in G.168: rin is what we send towards the two-wire
 * side (tapped where it is played), sin what comes back from it, sout what is left for the far end.
 *
 * Two paths: a background adaptive filter over the whole span finds the echo path and its bulk delay; a foreground
 * filter of window_samples, placed at that delay, makes sout without added latency.  Filters are copied in both
 * directions.  A non-linear processor (NLP) with comfort noise follows; it obeys the residual estimate.
 *
 * One thread at a time.  Nothing but create allocates.
 */
#ifndef SC_ECHO_CANCELLER_H
#define SC_ECHO_CANCELLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_ECHO_MAX_BLOCK_SAMPLES 160 /* largest n of one process call */
#define SC_ECHO_DELAY_UNKNOWN (-1)

struct sc_echo_canceller;

struct sc_echo_canceller_settings {
    size_t window_samples;         /* foreground length, multiple of 64, 64..512; default 256 = 32 ms */
    size_t span_samples;           /* bulk delay and window must fit in it, multiple of 64, ..2048; default 1024 = 128 ms */
    int32_t initial_delay_samples; /* persisted bulk delay, or SC_ECHO_DELAY_UNKNOWN (default) */
    bool nlp;                      /* default true */
    bool comfort_noise;            /* default true; silence instead where the NLP removes, if false */
};

struct sc_echo_canceller_state {
    float erl_db;           /* loss of the echo path rin -> sin, from the foreground filter */
    float erle_db;          /* what the linear filter takes away, sin -> before the NLP, single talk, ~0.5 s mean */
    float delay_confidence; /* 0..1 */
    int32_t delay_samples;  /* bulk delay, or SC_ECHO_DELAY_UNKNOWN */
    bool converged;         /* the foreground filter has been copied and removes echo */
    bool double_talk;       /* near end talks now */
    bool narrow_band;       /* rin is a tone now: a converged filter does not adapt */
    bool nlp_active;        /* the NLP is taking away now */
    uint32_t diverged;      /* times the filter made things worse and was dropped (path changes, mostly) */
    uint32_t transfers;     /* copies background -> foreground */
    uint32_t restores;      /* copies foreground -> background */
    uint32_t delay_moves;   /* times the window was moved */
};

void sc_echo_canceller_settings_default(struct sc_echo_canceller_settings *settings);

/* 0, EINVAL (settings out of range) or ENOMEM; *out is written only on success. */
int sc_echo_canceller_create(struct sc_echo_canceller **out, const struct sc_echo_canceller_settings *settings);
void sc_echo_canceller_destroy(struct sc_echo_canceller *ec); /* NULL is allowed */
void sc_echo_canceller_reset(struct sc_echo_canceller *ec);   /* as after create; switches keep their settings */

/* n samples of rin and sin in, n of sout out; n <= SC_ECHO_MAX_BLOCK_SAMPLES, else EINVAL.  sout may be sin. */
int sc_echo_canceller_process(struct sc_echo_canceller *ec, const int16_t *rin, const int16_t *sin, int16_t *sout,
                              size_t n);

/* The last _process call once more, as it was before the NLP: what detectors listen to, which the NLP would deafen while the other
 * side talks. As many samples as that call had; valid until the next one. */
const int16_t *sc_echo_canceller_linear(const struct sc_echo_canceller *ec);

void sc_echo_canceller_get_state(const struct sc_echo_canceller *ec, struct sc_echo_canceller_state *out);

/* Restores a persisted bulk delay; the estimator may still move it.  EINVAL when it does not fit into the span. */
int sc_echo_canceller_set_delay(struct sc_echo_canceller *ec, int32_t delay_samples);

/* Rin and sin jump together to another moment (an xrun): the n newest samples of rin before it, silence included, take the
 * place of what was played before the jump; n at least the span.  What has been learnt stays. */
void sc_echo_canceller_realign(struct sc_echo_canceller *ec, const int16_t *rin, size_t n);

void sc_echo_canceller_set_nlp(struct sc_echo_canceller *ec, bool on, bool comfort_noise);
void sc_echo_canceller_set_adaptation(struct sc_echo_canceller *ec, bool on); /* G.168 "inhibit adaptation" */
void sc_echo_canceller_set_bypass(struct sc_echo_canceller *ec, bool on);     /* sout = sin: a deliberate fault for tests */

#endif

/* ringer.h: the ringing power of telephone modules, made on a thread of its own.
 *
 * What it does: takes a bounded ring plan (cadence and frequency) for a port and works the two pins of its module: ring mode
 * (RM, the ringing power) and forward/reverse (F/R, toggled at twice the ringing frequency), until the plan is stopped or
 * the handset is lifted. No Python runs there, and no lock is taken: a bell neither falters nor rings on because the
 * interpreter is busy.
 *
 * Levels are logical: RM high is power on, F/R high is its rest. Who requested the lines from the kernel has inverted what is
 * wired otherwise. Also read by cffi: plain C only. */
#ifndef RG_RINGER_H
#define RG_RINGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RG_PORTS_MAX 32
#define RG_CADENCE_MAX 8
#define RG_LATENESS_BINS 8

/* Cadence is on, off, on, off ... in ms, repeated until it is stopped, or `rounds` times. */
struct rg_plan {
    uint32_t frequency_hz;      /* 15 .. 68 */
    uint32_t part_count;        /* even, 2 .. 8 */
    uint32_t part_ms[8];        /* 1 .. 20000 each */
    uint32_t rounds;            /* 0 = until it is stopped; else that the last burst has ended is told: rg_take_finished */
};

struct rg_port_settings {
    int ring_mode_fd;           /* GPIO line requests (uAPI v2) that have the outputs: one, or two of which RM's may be slow */
    int forward_reverse_fd;
    uint32_t ring_mode_bit;     /* places of the lines in those requests */
    uint32_t forward_reverse_bit;
    int hook_fd;                /* a line request that has the hook input; only its level is read */
    uint32_t hook_bit;
    uint32_t duty_permille;     /* share of the time that RM may be high; 0 = 334 (Ag1171 V1.6: at most a third) */
    uint32_t drop_after_ms;     /* from F/R at rest to RM low; 0 = 12 (Ag1171 V1.6: more than 10) */
    uint32_t trip_ms;           /* closed for so long in sum while ringing is a lifted handset; 0 = 10 */
};

struct rg_settings {
    uint32_t port_count;        /* 1 .. 32 */
    const struct rg_port_settings *ports;
    uint32_t ringing_at_once;   /* how many modules may have ringing power in the same instant; 0 = all */
    int priority;               /* SCHED_FIFO 1..99; 0 = 60, above the audio thread */
};

struct rg_port_statistics {
    bool rings;                 /* a plan is in force */
    bool power;                 /* RM is high */
    uint64_t bursts;
    uint64_t trips;             /* plans that ended because the handset was lifted */
    uint64_t failures;          /* pins that could not be worked; the plan was given up */
    uint64_t half_periods;
    uint32_t worst_half_us;     /* the most that a half period was off by */
    uint64_t lateness[8];       /* half periods that began less than 2^i * 62.5 us late (last: all later ones) */
};

struct rg_ringer;

/* Brings every port to rest and starts the thread. EINVAL, ENOMEM, errno of the kernel's ioctl, of eventfd or pthread_create. */
int rg_create(struct rg_ringer **out, const struct rg_settings *settings);

/* Ends all ringing in the order that modules want, joins the thread; NULL is allowed. The file descriptors stay the caller's. */
void rg_destroy(struct rg_ringer *ringer);

/* Rings the port by `plan` from now on, instead of what it rang by. One thread at a time may call rg_ring and rg_stop.
 * EINVAL: no such port or no such plan; EDOM: more power than the duty limit lets the module give; EAGAIN: too many orders wait. */
int rg_ring(struct rg_ringer *ringer, uint32_t port, const struct rg_plan *plan);

/* F/R to rest now, RM low `drop_after_ms` later. EINVAL, EAGAIN. */
int rg_stop(struct rg_ringer *ringer, uint32_t port);

/* F/R's rest is reversed from now on (polarity), or forward again. EINVAL, EAGAIN. */
int rg_reverse(struct rg_ringer *ringer, uint32_t port, bool reversed);

/* Readable when a plan of so many rounds has rung them. */
int rg_finished_fd(const struct rg_ringer *ringer);

/* Which port that was; false when none is left to tell. From the thread that gives orders: an order that has been given
 * since makes it untold. */
bool rg_take_finished(struct rg_ringer *ringer, uint32_t *port);

/* May be called from any thread. EINVAL: no such port. */
int rg_statistics(const struct rg_ringer *ringer, uint32_t port, struct rg_port_statistics *out);

/* Whether SCHED_FIFO was granted. */
bool rg_real_time(const struct rg_ringer *ringer);

#endif

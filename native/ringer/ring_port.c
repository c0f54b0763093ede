/* ring_port.c: bursts of ringing in a cadence, with the order of pins, ring trip and the module's power limit.
 *
 * How: a burst is RM high, then F/R toggling at absolute deadlines counted from the burst's beginning (a late toggle does not
 * move the later ones), then F/R at rest and RM low `drop_after_ms` later. While RM is high the hook is sampled every 2 ms:
 * a lifted handset makes it pulse at once or twice the ringing frequency (Ag1171), so that closed time is added up; runs
 * shorter than 4 ms are blips of the module's own edges and count for nothing. A telephone that is off hook when a burst is
 * due is not rung at all. Power is rationed by a bucket that fills at the duty limit and holds 2 s of it.
 * Assumes to be run no later than it asked; what is later is counted in the statistics.
 * Sources: Ag1171 V1.6 (RM at most a third of the time, RM low more than 10 ms after F/R high and within 500 ms of the trip).
 * Measured: tests/test_ring_port.c. */
#include "ring_port.h"

#include "alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define DUTY_DEFAULT_PERMILLE 334   /* 2 s of 6 s, as in North America, is just within it */
#define DROP_AFTER_DEFAULT_MS 12
#define TRIP_DEFAULT_MS 10
#define DUTY_MAX_PERMILLE 1000
#define DELAY_MAX_MS 200            /* of drop_after_ms and trip_ms: RM must be low within 500 ms of the trip */
#define FREQUENCY_MIN_HZ 15
#define FREQUENCY_MAX_HZ 68
#define PART_MAX_MS 20000
#define SAMPLE_NS (2 * NS_PER_MS)
#define RUN_MIN_NS (4 * NS_PER_MS)  /* a shorter closing is a blip at an F/R edge */
#define OPEN_MAX_NS (60 * NS_PER_MS) /* open for longer: what was added up were blips */
#define BUCKET_NS (2 * NS_PER_S)    /* of ringing power in reserve: one North American ring */
#define LATENESS_UNIT_NS 62500

enum phase {
    IDLE,
    WAITING,    /* a burst is due, and somebody else has the power, or the bucket is empty */
    BURST,
    RESTING,    /* F/R at rest, RM still high */
    PAUSE
};

struct trip {
    int64_t sampled_ns, run_ns, added_ns, open_ns;
};

struct rg_port {
    struct rg_port_settings settings;
    struct rg_pins pins;
    struct rg_plan plan;
    bool planned;               /* a plan is in force: the pause after a burst ends in the next one */
    bool reversed;              /* where F/R rests */
    uint32_t rounds_left;       /* of the plan; 0 = for ever */
    uint64_t finished;          /* plans that have rung their rounds */
    bool fresh;                 /* it replaced another one whose power has yet to go */
    enum phase phase;
    uint32_t part;
    int64_t due_ns;             /* WAITING: since then; PAUSE: until then */
    int64_t began_ns, ends_ns, toggled_ns, drop_ns;
    int64_t half;               /* half periods of this burst so far */
    int64_t lifted_ns;          /* WAITING: off hook since then, as far as is known; RG_NEVER = on hook */
    int64_t bucket_ns, bucket_at_ns;
    struct trip trip;
    bool power;
    _Atomic bool rings_told, power_told;
    _Atomic uint64_t bursts, trips, failures, half_periods;
    _Atomic uint32_t worst_half_us;
    _Atomic uint64_t lateness[RG_LATENESS_BINS];
};

/* --- pins and power ---------------------------------------------------------------------------------------------- */

static void count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* The bucket up to now: fills at the duty limit, and empties while RM is high. */
static void ration(struct rg_port *port, int64_t now_ns)
{
    int64_t passed = now_ns - port->bucket_at_ns;
    int64_t gained = passed * port->settings.duty_permille / DUTY_MAX_PERMILLE - (port->power ? passed : 0);
    port->bucket_ns += gained;
    if (port->bucket_ns > BUCKET_NS)
        port->bucket_ns = BUCKET_NS;
    port->bucket_at_ns = now_ns;
}

static int set_power(struct rg_port *port, bool high, int64_t now_ns)
{
    ration(port, now_ns);
    int error = port->pins.set(port->pins.self, RG_RING_MODE, high);
    if (error == 0)
        port->power = high;
    return error;
}

static int set_reversed(struct rg_port *port, bool reversed)
{
    return port->pins.set(port->pins.self, RG_FORWARD_REVERSE, !reversed);
}

/* A module whose pins cannot be worked is left in peace; what can still be done for its rest is done. */
static void fail(struct rg_port *port, int64_t now_ns)
{
    count(&port->failures);
    (void)set_reversed(port, port->reversed);
    (void)set_power(port, false, now_ns); /* the kernel has refused already: nothing is left to try */
    port->power = false;
    port->planned = false;
    port->phase = IDLE;
}

/* --- the course of a ring ------------------------------------------------------------------------------------------ */

static int64_t half_period_ns(const struct rg_port *port)
{
    return NS_PER_S / (2 * (int64_t)port->plan.frequency_hz);
}

static int64_t part_ns(const struct rg_port *port)
{
    return (int64_t)port->plan.part_ms[port->part] * NS_PER_MS;
}

/* How long the bucket must still fill before a burst of this length may begin. */
static int64_t short_of_power_ns(struct rg_port *port, int64_t now_ns)
{
    ration(port, now_ns);
    int64_t duty = port->settings.duty_permille;
    int64_t needed = part_ns(port) * (DUTY_MAX_PERMILLE - duty) / DUTY_MAX_PERMILLE;
    int64_t lacking = needed - port->bucket_ns;
    return lacking <= 0 ? 0 : lacking * DUTY_MAX_PERMILLE / duty + 1;
}

static void begin_burst(struct rg_port *port, int64_t now_ns)
{
    if (set_power(port, true, now_ns) != 0 || set_reversed(port, true) != 0) {
        fail(port, now_ns);
        return;
    }
    port->phase = BURST;
    port->fresh = false;
    port->began_ns = port->toggled_ns = now_ns;
    port->ends_ns = now_ns + part_ns(port);
    port->half = 1;
    port->trip = (struct trip){ .sampled_ns = now_ns };
    count(&port->bursts);
}

static void rest(struct rg_port *port, int64_t now_ns)
{
    if (set_reversed(port, port->reversed) != 0) {
        fail(port, now_ns);
        return;
    }
    port->phase = RESTING;
    port->drop_ns = now_ns + (int64_t)port->settings.drop_after_ms * NS_PER_MS;
}

static void end_plan(struct rg_port *port, int64_t now_ns)
{
    port->planned = false;
    if (port->phase == BURST)
        rest(port, now_ns);
    else if (port->phase != RESTING)
        port->phase = IDLE;
}

static void tripped(struct rg_port *port, int64_t now_ns)
{
    count(&port->trips);
    end_plan(port, now_ns);
}

/* A burst is due. An off-hook telephone is not rung: it is asked twice, a debounce apart. */
static void try_to_begin(struct rg_port *port, int64_t now_ns, bool may_begin)
{
    bool closed = false;
    if (!may_begin || short_of_power_ns(port, now_ns) > 0)
        return;
    if (port->pins.get(port->pins.self, RG_HOOK, &closed) != 0) {
        fail(port, now_ns);
    } else if (!closed) {
        begin_burst(port, now_ns);
    } else if (port->lifted_ns == RG_NEVER) {
        port->lifted_ns = now_ns;
    } else if (now_ns - port->lifted_ns >= (int64_t)port->settings.trip_ms * NS_PER_MS) {
        tripped(port, now_ns);
    }
}

static void wait_for_power(struct rg_port *port)
{
    port->phase = WAITING;
    port->lifted_ns = RG_NEVER;
}

/* The burst that is over was the last of the plan's rounds. */
static bool last_burst(struct rg_port *port)
{
    if (port->rounds_left == 0 || port->part + 2 < port->plan.part_count)
        return false;
    return --port->rounds_left == 0;
}

static void drop_power(struct rg_port *port, int64_t now_ns)
{
    if (set_power(port, false, now_ns) != 0) {
        fail(port, now_ns);
        return;
    }
    if (port->planned && !port->fresh && last_burst(port)) {
        port->planned = false;
        port->finished++;
    }
    if (!port->planned) {
        port->phase = IDLE;
    } else if (port->fresh) {
        port->due_ns = now_ns;
        wait_for_power(port);
    } else {
        port->phase = PAUSE;
        port->due_ns = port->ends_ns + (int64_t)port->plan.part_ms[port->part + 1] * NS_PER_MS;
        port->part = (port->part + 2) % port->plan.part_count;
    }
}

/* --- ring trip ------------------------------------------------------------------------------------------------------- */

static bool trip_seen(struct rg_port *port, bool closed, int64_t now_ns)
{
    struct trip *trip = &port->trip;
    int64_t passed = now_ns - trip->sampled_ns;
    trip->sampled_ns = now_ns;
    if (!closed) {
        trip->run_ns = 0;
        trip->open_ns += passed;
        if (trip->open_ns >= OPEN_MAX_NS)
            trip->added_ns = 0;
        return false;
    }
    trip->open_ns = 0;
    int64_t before = trip->run_ns;
    trip->run_ns += passed;
    if (trip->run_ns >= RUN_MIN_NS) /* what was held back while it might have been a blip counts too */
        trip->added_ns += before >= RUN_MIN_NS ? passed : trip->run_ns;
    return trip->added_ns >= (int64_t)port->settings.trip_ms * NS_PER_MS;
}

static void sample_hook(struct rg_port *port, int64_t now_ns)
{
    bool closed = false;
    if (port->pins.get(port->pins.self, RG_HOOK, &closed) != 0)
        fail(port, now_ns);
    else if (trip_seen(port, closed, now_ns))
        tripped(port, now_ns);
}

/* --- half periods ---------------------------------------------------------------------------------------------------- */

static void note_half(struct rg_port *port, int64_t late_ns, int64_t lasted_ns)
{
    int bin = 0;
    while (bin < RG_LATENESS_BINS - 1 && late_ns >= (int64_t)LATENESS_UNIT_NS << bin)
        bin++;
    count(&port->lateness[bin]);
    count(&port->half_periods);
    int64_t off_us = llabs(lasted_ns - half_period_ns(port)) / 1000;
    if (off_us > (int64_t)atomic_load_explicit(&port->worst_half_us, memory_order_relaxed))
        atomic_store_explicit(&port->worst_half_us, (uint32_t)off_us, memory_order_relaxed);
}

static int64_t toggle_due_ns(const struct rg_port *port)
{
    return port->began_ns + port->half * half_period_ns(port);
}

/* Whichever half period it is by now: after a stall the missed ones are left out and the phase is kept. */
static void toggle(struct rg_port *port, int64_t now_ns)
{
    int64_t due_ns = toggle_due_ns(port);
    int64_t half = (now_ns - port->began_ns) / half_period_ns(port);
    if (set_reversed(port, half % 2 == 0) != 0) {
        fail(port, now_ns);
        return;
    }
    note_half(port, now_ns - due_ns, now_ns - port->toggled_ns);
    port->toggled_ns = now_ns;
    port->half = half + 1;
}

/* --- running ----------------------------------------------------------------------------------------------------------- */

static void run_burst(struct rg_port *port, int64_t now_ns)
{
    if (now_ns >= port->ends_ns) {
        rest(port, now_ns);
        return;
    }
    if (now_ns - port->trip.sampled_ns >= SAMPLE_NS)
        sample_hook(port, now_ns);
    if (port->phase == BURST && now_ns >= toggle_due_ns(port))
        toggle(port, now_ns);
}

static int64_t earlier(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static int64_t wanted_ns(struct rg_port *port, int64_t now_ns, bool may_begin)
{
    switch (port->phase) {
    case BURST:
        return earlier(port->ends_ns, earlier(toggle_due_ns(port), port->trip.sampled_ns + SAMPLE_NS));
    case RESTING:
        return port->drop_ns;
    case PAUSE:
        return port->due_ns;
    case WAITING:
        if (short_of_power_ns(port, now_ns) > 0)
            return now_ns + short_of_power_ns(port, now_ns);
        if (!may_begin)
            return RG_NEVER; /* whoever gives power back wakes those who wait */
        return port->lifted_ns == RG_NEVER ? now_ns : port->lifted_ns + (int64_t)port->settings.trip_ms * NS_PER_MS;
    case IDLE:
        break;
    }
    return RG_NEVER;
}

int64_t rg_port_run(struct rg_port *port, int64_t now_ns, bool may_begin)
{
    if (port->phase == PAUSE && now_ns >= port->due_ns)
        wait_for_power(port);
    if (port->phase == WAITING)
        try_to_begin(port, now_ns, may_begin);
    else if (port->phase == BURST)
        run_burst(port, now_ns);
    else if (port->phase == RESTING && now_ns >= port->drop_ns)
        drop_power(port, now_ns);
    atomic_store_explicit(&port->rings_told, port->planned, memory_order_relaxed);
    atomic_store_explicit(&port->power_told, port->power, memory_order_relaxed);
    return wanted_ns(port, now_ns, may_begin);
}

/* --- orders -------------------------------------------------------------------------------------------------------------- */

int rg_port_check(const struct rg_port_settings *settings, const struct rg_plan *plan)
{
    uint64_t on_ms = 0, all_ms = 0;
    uint32_t duty = settings->duty_permille != 0 ? settings->duty_permille : DUTY_DEFAULT_PERMILLE;
    if (plan->frequency_hz < FREQUENCY_MIN_HZ || plan->frequency_hz > FREQUENCY_MAX_HZ || plan->part_count < 2 ||
        plan->part_count > RG_CADENCE_MAX || plan->part_count % 2 != 0)
        return EINVAL;
    for (uint32_t i = 0; i < plan->part_count; i++) {
        if (plan->part_ms[i] < 1 || plan->part_ms[i] > PART_MAX_MS)
            return EINVAL;
        on_ms += i % 2 == 0 ? plan->part_ms[i] : 0;
        all_ms += plan->part_ms[i];
        uint64_t needed_ms = (uint64_t)plan->part_ms[i] * (DUTY_MAX_PERMILLE - duty) / DUTY_MAX_PERMILLE;
        if (i % 2 == 0 && needed_ms * (uint64_t)NS_PER_MS > BUCKET_NS)
            return EDOM; /* no reserve is ever enough for so long a burst */
    }
    return on_ms * DUTY_MAX_PERMILLE > all_ms * duty ? EDOM : 0;
}

void rg_port_order(struct rg_port *port, const struct rg_plan *plan, int64_t now_ns)
{
    if (port->phase == BURST)
        rest(port, now_ns);
    port->plan = *plan;
    port->part = 0;
    port->rounds_left = plan->rounds;
    port->planned = true;
    port->fresh = port->phase == RESTING; /* then the power goes first */
    if (!port->fresh) {
        port->due_ns = now_ns;
        wait_for_power(port);
    }
}

void rg_port_rest(struct rg_port *port, int64_t now_ns)
{
    end_plan(port, now_ns);
}

void rg_port_reverse(struct rg_port *port, bool reversed, int64_t now_ns)
{
    port->reversed = reversed;
    if (port->phase != BURST && set_reversed(port, reversed) != 0)
        fail(port, now_ns);
}

uint64_t rg_port_finished(const struct rg_port *port)
{
    return port->finished;
}

int64_t rg_port_waits_since(struct rg_port *port, int64_t now_ns)
{
    bool due = (port->phase == WAITING || port->phase == PAUSE) && port->due_ns <= now_ns;
    return due && short_of_power_ns(port, now_ns) == 0 ? port->due_ns : RG_NEVER;
}

bool rg_port_has_power(const struct rg_port *port)
{
    return port->power;
}

bool rg_port_is_idle(const struct rg_port *port)
{
    return port->phase == IDLE;
}

void rg_port_statistics(const struct rg_port *port, struct rg_port_statistics *out)
{
    out->rings = atomic_load_explicit(&port->rings_told, memory_order_relaxed);
    out->power = atomic_load_explicit(&port->power_told, memory_order_relaxed);
    out->bursts = atomic_load_explicit(&port->bursts, memory_order_relaxed);
    out->trips = atomic_load_explicit(&port->trips, memory_order_relaxed);
    out->failures = atomic_load_explicit(&port->failures, memory_order_relaxed);
    out->half_periods = atomic_load_explicit(&port->half_periods, memory_order_relaxed);
    out->worst_half_us = atomic_load_explicit(&port->worst_half_us, memory_order_relaxed);
    for (int i = 0; i < RG_LATENESS_BINS; i++)
        out->lateness[i] = atomic_load_explicit(&port->lateness[i], memory_order_relaxed);
}

/* --- making ---------------------------------------------------------------------------------------------------------------- */

static void fill_in(struct rg_port_settings *settings)
{
    if (settings->duty_permille == 0)
        settings->duty_permille = DUTY_DEFAULT_PERMILLE;
    if (settings->drop_after_ms == 0)
        settings->drop_after_ms = DROP_AFTER_DEFAULT_MS;
    if (settings->trip_ms == 0)
        settings->trip_ms = TRIP_DEFAULT_MS;
}

int rg_port_create(struct rg_port **out, const struct rg_port_settings *settings, struct rg_pins pins, int64_t now_ns)
{
    struct rg_port_settings whole = *settings;
    fill_in(&whole);
    if (whole.duty_permille > DUTY_MAX_PERMILLE || whole.drop_after_ms > DELAY_MAX_MS || whole.trip_ms > DELAY_MAX_MS)
        return EINVAL;
    struct rg_port *port = sc_alloc(sizeof *port);
    if (port == NULL)
        return ENOMEM;
    port->settings = whole;
    port->pins = pins;
    port->bucket_ns = BUCKET_NS;
    port->bucket_at_ns = now_ns;
    int error = set_reversed(port, false);
    if (error == 0)
        error = set_power(port, false, now_ns);
    if (error != 0) {
        sc_free(port);
        return error;
    }
    *out = port;
    return 0;
}

void rg_port_destroy(struct rg_port *port)
{
    sc_free(port);
}

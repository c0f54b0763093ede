/* ring_port.h: the ringing of one module as a pure course of time: what is due now, and when to come back.
 *
 * How it is used: rg_port_order and rg_port_rest say what is wanted; rg_port_run does whatever is due at `now_ns` and
 * returns when to come back. Time comes in as an argument, pins go out through a table: tests run hours in an instant. */
#ifndef RG_RING_PORT_H
#define RG_RING_PORT_H

#include "ringer.h"

#define RG_NEVER INT64_MAX

enum rg_pin { RG_RING_MODE, RG_FORWARD_REVERSE, RG_HOOK };

/* How pins are worked: the GPIO character device, or a test's. Both return 0 or an errno value. */
struct rg_pins {
    int (*set)(void *self, enum rg_pin pin, bool high);
    int (*get)(void *self, enum rg_pin pin, bool *high);
    void *self;
};

struct rg_port;

/* Pins to rest. EINVAL: limits out of range; ENOMEM; an errno of the pins. */
int rg_port_create(struct rg_port **out, const struct rg_port_settings *settings, struct rg_pins pins, int64_t now_ns);

void rg_port_destroy(struct rg_port *port);

/* Whether the plan is one, and whether the module may give that much power: 0, EINVAL or EDOM. */
int rg_port_check(const struct rg_port_settings *settings, const struct rg_plan *plan);

/* A new plan instead of the old one; its first burst begins as soon as it may. */
void rg_port_order(struct rg_port *port, const struct rg_plan *plan, int64_t now_ns);

/* The plan is over: F/R to rest now, RM low later. */
void rg_port_rest(struct rg_port *port, int64_t now_ns);

/* Where F/R rests: reversed or forward. During a burst it takes effect at its end. */
void rg_port_reverse(struct rg_port *port, bool reversed, int64_t now_ns);

/* How many plans of so many rounds have rung them. */
uint64_t rg_port_finished(const struct rg_port *port);

/* Does what is due. `may_begin`: whether this port may take ringing power now. Returns when it wants to run again. */
int64_t rg_port_run(struct rg_port *port, int64_t now_ns, bool may_begin);

/* Since when it could have had power, were it its turn; RG_NEVER when it wants none now, or has used up its share. */
int64_t rg_port_waits_since(struct rg_port *port, int64_t now_ns);

/* RM is high. */
bool rg_port_has_power(const struct rg_port *port);

/* Nothing rings and nothing is about to. */
bool rg_port_is_idle(const struct rg_port *port);

void rg_port_statistics(const struct rg_port *port, struct rg_port_statistics *out);

#endif

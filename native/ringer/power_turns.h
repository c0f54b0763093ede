/* power_turns.h: who of several ports may take ringing power, so that the supply is never asked for more than it has. */
#ifndef RG_POWER_TURNS_H
#define RG_POWER_TURNS_H

#include "ring_port.h"

/* Runs every port once or more at `now_ns`; at most `at_once` of them have power in the same instant, and those that wait
 * get it in the order in which they began to wait. Returns when the first of them wants to run again. */
int64_t rg_turns_run(struct rg_port *const *ports, uint32_t count, uint32_t at_once, int64_t now_ns);

#endif

/* power_turns.c: ringing power in turns.
 *
 * How: the port that has waited longest is the one that may begin, while fewer than `at_once` have power. When a port gives its
 * power back the round is run again, so that the next one begins in the same instant.
 * Measured: tests/test_power_turns.c. */
#include "power_turns.h"

static uint32_t with_power(struct rg_port *const *ports, uint32_t count)
{
    uint32_t powered = 0;
    for (uint32_t i = 0; i < count; i++)
        powered += rg_port_has_power(ports[i]) ? 1 : 0;
    return powered;
}

/* Whose turn it is; `count` when nobody waits or there is no power left. */
static uint32_t next_to_begin(struct rg_port *const *ports, uint32_t count, uint32_t at_once, int64_t now_ns)
{
    uint32_t first = count;
    int64_t since = RG_NEVER;
    if (with_power(ports, count) >= at_once)
        return count;
    for (uint32_t i = 0; i < count; i++) {
        int64_t waits = rg_port_waits_since(ports[i], now_ns);
        if (waits < since) {
            since = waits;
            first = i;
        }
    }
    return first;
}

int64_t rg_turns_run(struct rg_port *const *ports, uint32_t count, uint32_t at_once, int64_t now_ns)
{
    int64_t earliest = RG_NEVER;
    uint32_t before, after = with_power(ports, count);
    do {
        before = after;
        earliest = RG_NEVER;
        for (uint32_t i = 0; i < count; i++) {
            bool turn = next_to_begin(ports, count, at_once, now_ns) == i;
            int64_t wanted = rg_port_run(ports[i], now_ns, turn);
            if (wanted < earliest)
                earliest = wanted;
        }
        after = with_power(ports, count);
    } while (after != before);
    return earliest;
}

/* module.h: a telephone module for the ringer's tests: records its pins with their times, and has a handset whose hook input
 * pulses while it is lifted under ringing power, as an Ag1171's does. Shares no code with the ringer. */
#ifndef RG_TESTS_MODULE_H
#define RG_TESTS_MODULE_H

#include "../ring_port.h"

#include <errno.h>
#include <string.h>

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define CHANGES_MAX 20000

struct change {
    int64_t at_ns;
    enum rg_pin pin;
    bool high;
};

struct module {
    int64_t now_ns;
    bool power, forward;
    int64_t lifted_ns;          /* INT64_MAX: on hook */
    int64_t hung_up_ns;
    int64_t pulse_half_ns;      /* of the hook input under power */
    int64_t blip_ns;            /* on hook under power it is closed for so long after each F/R edge */
    int64_t edge_ns;
    int broken;                 /* errno of every pin */
    struct change changes[CHANGES_MAX];
    size_t count;
};

static inline struct module module_at_rest(void)
{
    struct module module = { .forward = true, .lifted_ns = INT64_MAX, .hung_up_ns = INT64_MAX, .pulse_half_ns = 20 * MS };
    return module;
}

static inline int module_set(void *self, enum rg_pin pin, bool high)
{
    struct module *module = self;
    bool *level = pin == RG_RING_MODE ? &module->power : &module->forward;
    if (module->broken != 0)
        return module->broken;
    if (*level != high && module->count < CHANGES_MAX)
        module->changes[module->count++] = (struct change){ module->now_ns, pin, high };
    if (*level != high && pin == RG_FORWARD_REVERSE)
        module->edge_ns = module->now_ns;
    *level = high;
    return 0;
}

static inline int module_get(void *self, enum rg_pin pin, bool *high)
{
    const struct module *module = self;
    if (module->broken != 0)
        return module->broken;
    if (pin != RG_HOOK)
        return EINVAL;
    bool lifted = module->now_ns >= module->lifted_ns && module->now_ns < module->hung_up_ns;
    if (lifted)
        *high = !module->power || (module->now_ns - module->lifted_ns) / module->pulse_half_ns % 2 == 0;
    else
        *high = module->power && module->now_ns - module->edge_ns < module->blip_ns;
    return 0;
}

static inline struct rg_pins module_pins(struct module *module)
{
    return (struct rg_pins){ .set = module_set, .get = module_get, .self = module };
}

/* The n-th change of that pin to that level; at_ns is -1 when there is none. */
static inline struct change nth_change(const struct module *module, enum rg_pin pin, bool high, size_t n)
{
    for (size_t i = 0; i < module->count; i++)
        if (module->changes[i].pin == pin && module->changes[i].high == high && n-- == 0)
            return module->changes[i];
    return (struct change){ .at_ns = -1 };
}

static inline size_t changes_of(const struct module *module, enum rg_pin pin, bool high)
{
    size_t found = 0;
    for (size_t i = 0; i < module->count; i++)
        found += module->changes[i].pin == pin && module->changes[i].high == high ? 1 : 0;
    return found;
}

#endif

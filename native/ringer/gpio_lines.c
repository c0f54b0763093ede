/* gpio_lines.c: levels of lines by GPIO_V2_LINE_SET_VALUES_IOCTL and GPIO_V2_LINE_GET_VALUES_IOCTL.
 *
 * How: a request's lines are bits of one word; the mask says which are meant, so that several ports may share a request.
 * Assumes a controller that does not sleep (an expander on I2C takes a millisecond a pin and is no place for F/R). */
#include "gpio_lines.h"

#include <errno.h>
#include <linux/gpio.h>
#include <sys/ioctl.h>

static int set(void *self, enum rg_pin pin, bool high)
{
    const struct rg_port_settings *settings = &((struct rg_gpio_lines *)self)->settings;
    uint32_t bit = pin == RG_RING_MODE ? settings->ring_mode_bit : settings->forward_reverse_bit;
    struct gpio_v2_line_values values = { .mask = UINT64_C(1) << bit, .bits = high ? UINT64_C(1) << bit : 0 };
    return ioctl(settings->output_fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0 ? errno : 0;
}

static int get(void *self, enum rg_pin pin, bool *high)
{
    const struct rg_port_settings *settings = &((struct rg_gpio_lines *)self)->settings;
    struct gpio_v2_line_values values = { .mask = UINT64_C(1) << settings->hook_bit };
    (void)pin; /* the hook is the only input */
    if (ioctl(settings->hook_fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0)
        return errno;
    *high = values.bits != 0;
    return 0;
}

struct rg_pins rg_gpio_pins(struct rg_gpio_lines *lines, const struct rg_port_settings *settings)
{
    lines->settings = *settings;
    return (struct rg_pins){ .set = set, .get = get, .self = lines };
}

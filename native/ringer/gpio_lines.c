/* gpio_lines.c: levels of lines by GPIO_V2_LINE_SET_VALUES_IOCTL and GPIO_V2_LINE_GET_VALUES_IOCTL.
 *
 * How: a request's lines are bits of one word; the mask says which are meant, so that several ports may share a request.
 * Assumes a controller that does not sleep for F/R and the hook. RM may be on an expander on I2C: its two changes a burst take
 * up to a millisecond each, of the 2 ms that a half period of any port may be off by. */
#include "gpio_lines.h"

#include <errno.h>
#include <linux/gpio.h>
#include <sys/ioctl.h>

static int set(void *self, enum rg_pin pin, bool high)
{
    const struct rg_port_settings *settings = &((struct rg_gpio_lines *)self)->settings;
    bool power = pin == RG_RING_MODE;
    int fd = power ? settings->ring_mode_fd : settings->forward_reverse_fd;
    uint32_t bit = power ? settings->ring_mode_bit : settings->forward_reverse_bit;
    struct gpio_v2_line_values values = { .mask = UINT64_C(1) << bit, .bits = high ? UINT64_C(1) << bit : 0 };
    return ioctl(fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0 ? errno : 0;
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

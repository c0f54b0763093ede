/* gpio_lines.h: one port's pins on line requests of the GPIO character device (uAPI v2, <linux/gpio.h>).
 *
 * The requests were made by somebody else (gpiod), who also says what is active low; the file descriptors stay his. */
#ifndef RG_GPIO_LINES_H
#define RG_GPIO_LINES_H

#include "ring_port.h"

struct rg_gpio_lines {
    struct rg_port_settings settings;
};

/* Pins whose `self` is `lines`, which must outlive them. */
struct rg_pins rg_gpio_pins(struct rg_gpio_lines *lines, const struct rg_port_settings *settings);

#endif

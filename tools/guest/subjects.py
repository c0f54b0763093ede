"""What a guest may be for: each subject brings the modules, libraries and tests that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from tools.guest.out_of_tree import OutOfTree


@dataclass(frozen=True, slots=True)
class Subject:
    """``modules``: of Debian's kernel, by name (what they need comes along); ``options``: (module, what
    insmod is told); ``debian``: packages of the root; ``site``: what the tests import from the virtual
    environment (whatever begins so); ``tests``: files or folders for pytest.
    """

    modules: tuple[str, ...] = ()
    out_of_tree: tuple[OutOfTree, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    debian: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


TESTING = Subject(
    debian=("python3",),
    site=("_pytest", "pytest", "py.py", "iniconfig", "packaging", "pluggy", "pygments"),
)
"""What every guest has."""

GPIO_SIM = OutOfTree(
    "gpio-sim",
    ("drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c"),
    "obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\nccflags-y := -I$(src)\n",
    renamed=(("gpio-sim.c", "gpio-sim-main.c"),),
    # irq_to_desc() is not exported to modules; the chip's data has the same.
    edits=(("irq_sim.c", "irq_to_desc(irqnum)", "irq_data_to_desc(irq_get_irq_data(irqnum))"),),
)

PINS = Subject(
    modules=("configfs",),
    out_of_tree=(GPIO_SIM,),
    site=("_cffi_backend", "cffi", "pycparser", "gpiod"),
    tests=("tests/contracts/test_line_modules.py", "tests/guest/test_gpio.py"),
)
"""Line modules on the pins of a simulated chip."""

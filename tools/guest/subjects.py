"""What a guest may be for: each subject brings the modules, libraries and tests that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from tools.guest.out_of_tree import OutOfTree


@dataclass(frozen=True, slots=True)
class Subject:
    """``modules``: of Debian's kernel, by name (what they need comes along); ``options``: (module, what
    insmod is told); ``debian``: packages of the root; ``site``: what the tests import from the virtual
    environment (whatever begins so); ``pip``: what they import beside that; ``tests``: files or folders for
    pytest.
    """

    modules: tuple[str, ...] = ()
    out_of_tree: tuple[OutOfTree, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    debian: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
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
    tests=(
        *("tests/contracts/test_line_modules.py", "tests/contracts/test_relay.py"),
        *("tests/guest/test_gpio.py", "tests/guest/test_relay.py", "tests/guest/test_figures.py"),
    ),
)
"""Line modules on the pins of a simulated chip."""

MCP23S08 = tuple(f"drivers/pinctrl/pinctrl-mcp23s08{part}" for part in (".c", ".h", "_i2c.c"))
EXPANDER = Subject(
    modules=("i2c-stub", "i2c-dev"),
    out_of_tree=(
        OutOfTree(
            "mcp23s08",
            MCP23S08,
            "obj-m := mcp23s08.o\nmcp23s08-y := pinctrl-mcp23s08.o pinctrl-mcp23s08_i2c.o\n",
        ),
    ),
    options=(("i2c-stub", "chip_addr=0x20"),),
    tests=("tests/guest/test_expander.py",),
)
"""An MCP23017 as far as its registers go: the kernel's driver of the chip on the kernel's simulated I2C
bus."""

PL061 = Subject(
    debian=("busybox-static",),
    pip=("gpiod==2.5.0", "cffi==2.1.1"),
    tests=(
        *(
            f"tests/contracts/test_line_modules.py::test_{name}"
            for name in (
                "lifting_and_hanging_up_are_edges_that_alternate_and_settle",
                "lifting_while_it_rings_is_seen_and_settles_when_the_ringing_is_stopped",
                "stopping_what_does_not_ring_and_ringing_anew_are_allowed",
                "a_loop_closes_and_opens_and_its_current_is_seen",
                "stop_leaves_no_loop_closed_and_tells_nothing_more",
            )
        ),
        "tests/guest/test_pl061.py",
    ),
)
"""Line modules on the pins of an ARM machine's own controller: what of the contract is about levels."""

RPI_LGPIO = Subject(pip=("rpi-lgpio==0.6", "lgpio==0.2.2.0"), tests=("tests/guest/test_rpi_gpio.py",))
"""The same pins by RPi.GPIO's API; not in the virtual environment, where RPi.GPIO itself might be wanted."""

SOUND = Subject(
    modules=("snd-aloop", "snd-dummy"),
    # Five cards with a clock each (jiffies by default), one stream a direction; and one that has a mixer.
    options=(("snd-aloop", "enable=1,1,1,1,1 pcm_substreams=1,1,1,1,1"), ("snd-dummy", "pcm_devs=1")),
    debian=("alsa-utils", "libasound2", "libspeexdsp1"),
    site=("_cffi_backend", "cffi", "pycparser", "alsaaudio"),
    tests=("tests/guest/test_sound_cards.py",),
)
"""Sound cards of the kernel: loop-back cards and one with a mixer."""

OFFICE = Subject(
    modules=(*PINS.modules, *SOUND.modules),
    out_of_tree=PINS.out_of_tree,
    options=SOUND.options,
    debian=(*SOUND.debian, "libsofia-sip-ua0"),
    site=(
        *(*PINS.site, *SOUND.site),
        *("pydantic", "annotated_types", "typing_extensions", "typing_inspection"),
    ),
    tests=("tests/guest/test_office.py",),
)
"""A whole office on such pins and cards."""

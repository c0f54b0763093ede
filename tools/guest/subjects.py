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

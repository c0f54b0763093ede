"""Pins of GPIO chips: what a pin, an edge and a chip are, the protocol that drivers of pins keep, and which
chip is meant.

A pin is written CHIP:LINE. CHIP is the chip's name (gpiochip0), its label (pinctrl-bcm2711), or ``header``:
the chip that a Raspberry Pi's 40 pins hang on, whatever its number is today, found by its device tree's
``compatible``. Implementations of `Pins`: `gateway.drivers.gpiod_pins` (the default) and
`gateway.drivers.rpi_gpio` (RPi.GPIO, or rpi-lgpio under the same name).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from gateway.drivers.pin_guard import Held
from gateway.errors import HardwareError, PinError

HEADER = "header"
HEADER_COMPATIBLE = (
    "raspberrypi,rp1-gpio",
    "brcm,bcm2712-gpio",
    "brcm,bcm2711-gpio",
    "brcm,bcm2837-gpio",
    "brcm,bcm2835-gpio",
)
"""Chips of the 40 pins: Pi 5, 4, 3 and older (hardware facts, section 2). Never a number: it changes."""
BUSES = Path("/sys/bus/gpio/devices")
SLOW_BUSES = ("i2c", "spi")
"""A chip behind one of these takes up to a millisecond an access, and cannot say when an input changed."""


class Pin(NamedTuple):
    """A line of a chip. ``active_low``: logical true is the low level; ``pull``: up, down, none, or empty for
    as it is.
    """

    chip: str
    line: int
    active_low: bool = False
    pull: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An input changed: its logical level since ``at_ns`` (CLOCK_MONOTONIC; of the kernel where the driver
    gets that). ``missed``: edges of this pin before it were lost.
    """

    pin: Pin
    high: bool
    at_ns: int
    missed: bool = False


class Pins(Protocol):
    """Pins that were had for as long as this lives. Outputs begin at the level they were given."""

    def drive(self, pin: Pin, high: bool) -> None:
        """Set an output's logical level; `HardwareError` when the chip does not answer."""
        ...

    def level(self, pin: Pin) -> bool:
        """The logical level now; `HardwareError` when the chip does not answer."""
        ...

    def start(self, tell: Callable[[Edge], None], gone: Callable[[str], None]) -> None:
        """Tell the inputs' edges on the running loop, in their order; ``gone``: the chip was unplugged."""
        ...

    def stop(self) -> None:
        """Tell no more edges."""
        ...

    def held(self, pin: Pin) -> Held:
        """How somebody who outlives us can work this output."""
        ...

    def close(self) -> None:
        """Give the pins back; outputs keep their level."""
        ...


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip that this machine has. ``slow``: it hangs on I2C or SPI, as expanders do."""

    path: str
    name: str
    label: str
    compatible: tuple[str, ...] = ()
    slow: bool = False


def find_chip(wanted: str, chips: Iterable[Chip]) -> Chip:
    """The chip of that name or label; `HardwareError` that names those there are, or that it is ambiguous."""
    chips = list(chips)
    if wanted == HEADER:
        found = [chip for kind in HEADER_COMPATIBLE for chip in chips if kind in chip.compatible]
    else:
        found = [chip for chip in chips if wanted in (chip.name, chip.label)]
    if not found:
        there = ", ".join(f"{chip.name} ({chip.label})" for chip in chips) or "no GPIO chip at all"
        raise PinError(wanted, f"there is no GPIO chip {wanted!r} here; there is {there}")
    if len(found) > 1 and wanted != HEADER:
        names = ", ".join(chip.name for chip in found)
        raise PinError(wanted, f"GPIO chip {wanted!r} may be {names}: write one of these names instead")
    return found[0]


def library() -> Any:
    """The module gpiod; `HardwareError` that says how to get it."""
    try:
        import gpiod
    except ImportError:
        raise HardwareError("the library gpiod is missing: pip install 'cityline[board]'") from None
    return gpiod


def list_chips(gpiod: Any, folder: Path = Path("/dev")) -> list[Chip]:
    """Every GPIO chip of this machine, in the kernel's order. One that may not be opened is left out."""
    found = []
    for path in sorted(folder.glob("gpiochip*")):
        try:
            with gpiod.Chip(str(path)) as chip:
                chip_info = chip.get_info()
        except OSError:
            continue
        name = chip_info.name
        found.append(Chip(str(path), name, chip_info.label, _compatible(name), _slow(name)))
    return found


def _compatible(name: str) -> tuple[str, ...]:
    try:
        text = (BUSES / name / "of_node/compatible").read_bytes()
    except OSError:  # no device tree: a PC, or a simulated chip
        return ()
    return tuple(part.decode("ascii", "replace") for part in text.split(b"\0") if part)


def _slow(name: str) -> bool:
    """Whether the device that the chip belongs to is on such a bus."""
    bus = (BUSES / name).resolve().parent / "subsystem"
    return bus.is_symlink() and bus.readlink().name in SLOW_BUSES


def refuse_slow(chip: Chip, pins: Iterable[Pin], what: str) -> None:
    """`PinError` when pins that must be fast are on an expander."""
    for pin in pins:
        if chip.slow:
            text = f"pin {pin.chip}:{pin.line} is {what}, and {chip.name} ({chip.label}) is an expander: "
            raise PinError(f"{pin.chip}:{pin.line}", text + "use a pin of the processor")

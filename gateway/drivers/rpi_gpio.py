"""Pins by the library RPi.GPIO (older Raspberry Pis), or by rpi-lgpio, which has the same name (Pi 5 and all
others).

Neither gives an edge's time: its callback runs on a thread of the library's, some milliseconds later, and two
edges that come close may be told as one. So a telephone's hook is not for them (the board file is refused);
outputs and slow inputs are. Both know one chip only, that of the 40 pins.
"""

import asyncio
import contextlib
import importlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.drivers.gpio import Chip, Edge, Pin, find_chip, list_chips
from gateway.drivers.gpio import library as gpiod_library
from gateway.drivers.pin_guard import Held, Line
from gateway.errors import HardwareError, PinError

CHIP_VARIABLE = "RPI_LGPIO_CHIP"
"""By which rpi-lgpio is told the number of the chip; its own search knows the Pi 5's only."""
FOLDER_VARIABLE = "LG_WD"
"""Where lgpio, on which rpi-lgpio stands, makes its files."""
REMEDY = "pip install 'cityline[rpi-gpio]' for a Pi 4 or older, 'cityline[rpi-lgpio]' for any; never both"


def library() -> Any:
    """The module RPi.GPIO, whichever package it is of; `HardwareError` that says how to get it."""
    try:
        with _in_writable_folder():
            return importlib.import_module("RPi.GPIO")
    except ImportError:
        raise HardwareError(f"the library RPi.GPIO is missing: {REMEDY}") from None
    except RuntimeError as error:  # no Raspberry Pi that it knows
        raise HardwareError(
            f"the library RPi.GPIO does not work on this machine: {error}; {REMEDY}"
        ) from None


@contextlib.contextmanager
def _in_writable_folder() -> Iterator[None]:
    """lgpio makes a pipe where the process stands when it is imported, and moves there if it is told to."""
    here = Path.cwd()
    os.environ.setdefault(FOLDER_VARIABLE, tempfile.gettempdir())
    try:
        yield
    finally:
        os.chdir(here)


class RpiGpioPins:
    """Implements `gateway.drivers.gpio.Pins`. `HardwareError` that names the pin: not there, or taken."""

    def __init__(self, outputs: Mapping[Pin, bool], inputs: Sequence[Pin], gpio: Any = None) -> None:
        self._chip = _one_chip([*outputs, *inputs])
        os.environ[CHIP_VARIABLE] = _number(self._chip)
        self._gpio = library() if gpio is None else gpio
        self._inputs = tuple(inputs)
        self._last: dict[Pin, bool] = {}
        self._watched = False
        self._gpio.setwarnings(False)  # "already in use" after a restart is no news
        with _refusals("the pins cannot be had"):
            self._gpio.setmode(self._gpio.BCM)
        for pin, high in outputs.items():
            with _refusals(f"pin {_name(pin)} cannot be had", pin):
                self._gpio.setup(pin.line, self._gpio.OUT, initial=int(high is not pin.active_low))
        for pin in inputs:
            with _refusals(f"pin {_name(pin)} cannot be had", pin):
                self._gpio.setup(pin.line, self._gpio.IN, pull_up_down=self._pull(pin))

    def _pull(self, pin: Pin) -> Any:
        return {"up": self._gpio.PUD_UP, "down": self._gpio.PUD_DOWN}.get(pin.pull, self._gpio.PUD_OFF)

    def drive(self, pin: Pin, high: bool) -> None:
        """Set an output's logical level."""
        with _refusals(f"pin {_name(pin)} cannot be set"):
            self._gpio.output(pin.line, int(high is not pin.active_low))

    def level(self, pin: Pin) -> bool:
        """The logical level now."""
        with _refusals(f"pin {_name(pin)} cannot be read"):
            return bool(self._gpio.input(pin.line)) is not pin.active_low

    def start(self, tell: Callable[[Edge], None], gone: Callable[[str], None]) -> None:
        """Tell edges on the running loop, with the time at which the library's thread told us."""
        loop = asyncio.get_running_loop()
        self._watched = True
        for pin in self._inputs:
            self._last[pin] = self.level(pin)
            with _refusals(f"the edges of pin {_name(pin)} cannot be had", pin):
                self._gpio.add_event_detect(
                    pin.line, self._gpio.BOTH, callback=self._callback(pin, loop, tell, gone)
                )

    def _callback(
        self,
        pin: Pin,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[Edge], None],
        gone: Callable[[str], None],
    ) -> Callable[[int], None]:
        def changed(_line: int) -> None:  # on the library's thread
            at_ns = time.monotonic_ns()
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
                try:
                    loop.call_soon_threadsafe(self._tell, Edge(pin, self.level(pin), at_ns), tell)
                except HardwareError as error:
                    loop.call_soon_threadsafe(gone, str(error))

        return changed

    def _tell(self, edge: Edge, tell: Callable[[Edge], None]) -> None:
        if not self._watched:
            return
        if edge.high is self._last[edge.pin]:  # it went and came back before the level was read
            tell(Edge(edge.pin, not edge.high, edge.at_ns, missed=True))
        self._last[edge.pin] = edge.high
        tell(edge)

    def stop(self) -> None:
        """Tell no more edges."""
        if self._watched:
            self._watched = False
            for pin in self._inputs:
                self._gpio.remove_event_detect(pin.line)

    def held(self, pin: Pin) -> Held:
        """The library keeps its claim to itself: whoever outlives us asks the kernel for the line anew."""
        return Line(self._chip.path, pin.line, pin.active_low)

    def close(self) -> None:
        """Inputs are let go. Outputs stay outputs, at rest: `cleanup` would let a loop switch float."""
        self.stop()
        if self._inputs:
            self._gpio.cleanup([pin.line for pin in self._inputs])


def _one_chip(pins: Sequence[Pin]) -> Chip:
    names = sorted({pin.chip for pin in pins})
    if len(names) != 1:
        text = f"RPi.GPIO knows one chip, and the pins are on {', '.join(names) or 'none'}"
        raise PinError(names[-1] if names else "", text)
    return find_chip(names[0], list_chips(gpiod_library()))


def _number(chip: Chip) -> str:
    found = re.search(r"\d+$", chip.name)
    return found[0] if found else "0"


def _name(pin: Pin) -> str:
    return f"{pin.chip}:{pin.line}"


@contextlib.contextmanager
def _refusals(what: str, pin: Pin | None = None) -> Iterator[None]:
    """What the libraries raise as one error of ours; rpi-lgpio lets errors of lgpio's own through."""
    lgpio = getattr(sys.modules.get("lgpio"), "error", RuntimeError)
    try:
        yield
    except (RuntimeError, ValueError, OSError, lgpio) as error:
        if pin is None:
            raise HardwareError(f"{what}: {error}") from None
        text = f"{what}: {error}; is another program using it?"
        raise PinError(_name(pin), text) from None

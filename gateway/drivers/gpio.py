"""Pins of the kernel's GPIO character device, by gpiod: inputs with time-stamped edges, outputs, and which
chip is meant.

A pin is written CHIP:LINE. CHIP is the chip's name (gpiochip0), its label (pinctrl-bcm2711), or ``header``:
the chip that a Raspberry Pi's 40 pins hang on, whatever its number is today, found by its device tree's
``compatible``. All outputs of a chip are one line request and all inputs another, so that the ringer's thread
can work pins beside us.
"""

import errno
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

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
CONSUMER = "cityline"
EVENTS_AT_ONCE = 64
PATIENCE_S = 1.0
RETRY_S = 0.02
PULLS = {"up": "PULL_UP", "down": "PULL_DOWN", "none": "DISABLED", "": "AS_IS"}


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
    """An input changed: its logical level since ``at_ns`` (CLOCK_MONOTONIC, the kernel's). ``missed``: edges
    of this pin before it were lost.
    """

    pin: Pin
    high: bool
    at_ns: int
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip that this machine has."""

    path: str
    name: str
    label: str
    compatible: tuple[str, ...] = ()


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
        found.append(Chip(str(path), chip_info.name, chip_info.label, _compatible(chip_info.name)))
    return found


def _compatible(name: str) -> tuple[str, ...]:
    try:
        text = Path("/sys/bus/gpio/devices", name, "of_node/compatible").read_bytes()
    except OSError:  # no device tree: a PC, or a simulated chip
        return ()
    return tuple(part.decode("ascii", "replace") for part in text.split(b"\0") if part)


class GpiodPins:
    """Requested pins. Outputs begin at the level they were given and inputs report edges to whoever reads.

    Raises `HardwareError` that names the pin: no such chip, no such line, or somebody else has it.
    """

    def __init__(self, outputs: Mapping[Pin, bool], inputs: Sequence[Pin], gpiod: Any = None) -> None:
        self._gpiod = library() if gpiod is None else gpiod
        self._chips = {name: find_chip(name, list_chips(self._gpiod)) for name in _names(outputs, inputs)}
        self._requests: list[Any] = []
        self._places: dict[Pin, tuple[Any, int]] = {}
        self._by_line: dict[tuple[int, int], Pin] = {}
        self._sequence: dict[Pin, int] = {}
        self.input_fds: list[int] = []
        """Readable when edges wait in `read_edges`."""
        try:
            for name in self._chips:
                self._request(name, [pin for pin in outputs if pin.chip == name], self._output, outputs)
                self._request(name, [pin for pin in inputs if pin.chip == name], self._input, outputs)
        except HardwareError:
            self.close()
            raise

    def _request(
        self,
        name: str,
        pins: Sequence[Pin],
        settings: Callable[[Pin, Mapping[Pin, bool]], Any],
        levels: Mapping[Pin, bool],
    ) -> None:
        if not pins:
            return
        chip = self._chips[name]
        config = {pin.line: settings(pin, levels) for pin in pins}
        try:
            request = self._patiently(chip.path, config)
        except (OSError, ValueError) as error:
            lines = ", ".join(f"{name}:{pin.line}" for pin in pins)
            text = f"the pins {lines} cannot be had: {error}; is another program using them?"
            raise PinError(f"{name}:{pins[0].line}", text) from None
        self._requests.append(request)
        for bit, line in enumerate(request.offsets):
            pin = next(one for one in pins if one.line == line)
            self._places[pin] = (request, bit)
            self._by_line[request.fd, line] = pin
        if settings == self._input:
            self.input_fds.append(request.fd)

    def _patiently(self, path: str, config: Mapping[int, Any]) -> Any:
        """After a crash the guard of the process before us has the pins for another moment."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._gpiod.request_lines(path, consumer=CONSUMER, config=config)
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() >= deadline_s:
                    raise
            time.sleep(RETRY_S)

    def _output(self, pin: Pin, levels: Mapping[Pin, bool]) -> Any:
        line = self._gpiod.line
        value = line.Value.ACTIVE if levels[pin] else line.Value.INACTIVE
        return self._gpiod.LineSettings(
            direction=line.Direction.OUTPUT, active_low=pin.active_low, output_value=value
        )

    def _input(self, pin: Pin, levels: Mapping[Pin, bool]) -> Any:
        line = self._gpiod.line
        return self._gpiod.LineSettings(
            direction=line.Direction.INPUT,
            edge_detection=line.Edge.BOTH,
            active_low=pin.active_low,
            bias=getattr(line.Bias, PULLS[pin.pull]),
            event_clock=line.Clock.MONOTONIC,
        )

    # --- pins -----------------------------------------------------------------------------------------------

    def place(self, pin: Pin) -> tuple[int, int]:
        """The file descriptor of the request that has the pin, and its bit there."""
        request, bit = self._places[pin]
        return request.fd, bit

    def drive(self, pin: Pin, high: bool) -> None:
        """Set an output's logical level; `HardwareError` when the chip does not answer."""
        request, _bit = self._places[pin]
        value = self._gpiod.line.Value.ACTIVE if high else self._gpiod.line.Value.INACTIVE
        try:
            request.set_value(pin.line, value)
        except OSError as error:
            raise HardwareError(f"pin {pin.chip}:{pin.line} cannot be set: {error}") from None

    def level(self, pin: Pin) -> bool:
        """The logical level now; `HardwareError` when the chip does not answer."""
        request, _bit = self._places[pin]
        try:
            return bool(request.get_value(pin.line) == self._gpiod.line.Value.ACTIVE)
        except OSError as error:
            raise HardwareError(f"pin {pin.chip}:{pin.line} cannot be read: {error}") from None

    def read_edges(self, fd: int) -> list[Edge]:
        """The edges that wait at one of `input_fds`, in order; none when there are none."""
        request = next(one for one in self._requests if one.fd == fd)
        if not request.wait_edge_events(0):
            return []
        return [self._edge(fd, event) for event in request.read_edge_events(EVENTS_AT_ONCE)]

    def _edge(self, fd: int, event: Any) -> Edge:
        pin = self._by_line[fd, event.line_offset]
        expected = self._sequence.get(pin, 0) + 1
        self._sequence[pin] = event.line_seqno
        high = event.event_type is self._gpiod.EdgeEvent.Type.RISING_EDGE
        return Edge(pin, high, event.timestamp_ns, missed=event.line_seqno != expected)

    def close(self) -> None:
        """Give every line back to the kernel."""
        for request in self._requests:
            request.release()
        self._requests.clear()


def _names(outputs: Mapping[Pin, bool], inputs: Sequence[Pin]) -> list[str]:
    return sorted({pin.chip for pin in (*outputs, *inputs)})

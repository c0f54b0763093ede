"""The board's line modules behind real pins: FXS modules of the Ag1171 kind, FXO modules of the Ag2130 kind.

Inputs become events with the time stamps that the pins' driver gives; nothing is decided here. Ringing is the
C ringer's: this only passes orders on. A guard process holds the outputs as well: when this process dies,
however it dies, the guard brings them to rest.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from gateway.drivers.gpio import Edge, Pin, Pins
from gateway.drivers.gpiod_pins import GpiodPins
from gateway.drivers.pin_guard import PinGuard, Rest
from gateway.drivers.pin_loops import PinLoops
from gateway.drivers.ringer import LoopWorker, Ringer, RingerPort
from gateway.drivers.rpi_gpio import RpiGpioPins
from gateway.errors import Bug, HardwareError
from gateway.interfaces import EventSink
from gateway.model.events import (
    Event,
    HookEdge,
    LoopCurrent,
    PolarityReversed,
    PortFailed,
    RingEdge,
    RingingPaused,
)
from gateway.model.numbers import PortId
from gateway.model.settings import PinLibrary, PortKind, PortSettings

OUTPUTS_AT_REST = {"ring_mode": False, "forward_reverse": True, "loop_switch": False, "power_down": False}
"""Logical levels: no ringing power, forward, loop open, the module powered."""
INPUTS = ("hook", "ring", "loop_current", "polarity")


@dataclass(frozen=True, slots=True)
class _Input:
    port: PortId
    role: str


def pins_of(port: PortSettings) -> dict[str, Pin]:
    """A port's pins by role, as its board file says them."""
    found = {}
    for role, text in port.pins:
        pull = dict(port.pulls).get(role, "")
        found[role] = pin_of(text)._replace(active_low=role in port.active_low, pull=pull)
    return found


def pin_of(text: str) -> Pin:
    """A pin as the board file writes it, CHIP:LINE."""
    chip, _colon, line = text.rpartition(":")
    return Pin(chip, int(line))


def open_pins(library: PinLibrary, outputs: Mapping[Pin, bool], inputs: Sequence[Pin]) -> Pins:
    """The pins by the library that the board file names; `HardwareError` when one cannot be had."""
    match library:
        case PinLibrary.GPIOD:
            return GpiodPins(outputs, inputs)
        case PinLibrary.RPI_GPIO:
            return RpiGpioPins(outputs, inputs)
        case _:
            assert_never(library)


class GpioLineModules:
    """Implements `gateway.interfaces.LineModules`. `HardwareError` when a pin cannot be had."""

    def __init__(
        self,
        ports: Sequence[PortSettings],
        *,
        ringing_at_once: int = 0,
        library: PinLibrary = PinLibrary.GPIOD,
    ) -> None:
        self._pins_of = {port.port: pins_of(port) for port in ports}
        outputs: dict[Pin, bool] = {}
        self._inputs: dict[Pin, _Input] = {}
        for port, pins in self._pins_of.items():
            outputs |= {pin: OUTPUTS_AT_REST[role] for role, pin in pins.items() if role in OUTPUTS_AT_REST}
            self._inputs |= {pin: _Input(port, role) for role, pin in pins.items() if role in INPUTS}
        self._sink: EventSink | None = None
        self._stopped = False
        with contextlib.ExitStack() as undo:
            telephones = [port.port for port in ports if port.kind is PortKind.FXS]
            self.pins = open_pins(library, outputs, list(self._inputs))
            undo.callback(self.pins.close)
            self._guard = PinGuard([Rest(self.pins.held(pin), high) for pin, high in outputs.items()])
            undo.callback(self._guard.dismiss)
            self.places = {port: place for place, port in enumerate(telephones)}
            self.ringer = self._make_ringer(telephones, ringing_at_once)
            if self.ringer is not None:
                undo.callback(self.ringer.close)
            city_lines = [port.port for port in ports if port.kind is PortKind.FXO]
            self.loop_places = {port: place for place, port in enumerate(city_lines)}
            self.loops = self._make_loops(city_lines)
            undo.pop_all()

    def _make_loops(self, city_lines: Sequence[PortId]) -> LoopWorker | PinLoops | None:
        switches = [self._pins_of[port]["loop_switch"] for port in city_lines]
        if not switches:
            return None
        if isinstance(self.pins, GpiodPins):
            return LoopWorker([self.pins.place(switch) for switch in switches])
        return PinLoops(
            self.pins,
            switches,
            lambda place, error: self._emit(PortFailed(city_lines[place], str(error))),
        )

    def _make_ringer(self, telephones: Sequence[PortId], at_once: int) -> Ringer | None:
        if not telephones:
            return None
        if not isinstance(self.pins, GpiodPins):
            raise Bug(
                "telephones need gpiod: the ringer works its line requests, and the hook needs edge times"
            )
        for port in telephones:
            self.pins.refuse_slow(self._pins_of[port]["forward_reverse"], "F/R, which rings the bell")
        roles = ("ring_mode", "forward_reverse", "hook")
        entries = [
            RingerPort(*(self.pins.place(self._pins_of[port][role]) for role in roles)) for port in telephones
        ]
        return Ringer(entries, ringing_at_once=at_once)

    # --- the protocol ---------------------------------------------------------------------------------------

    def start(self, sink: EventSink) -> None:
        """Report levels that are not at rest, then edges as they come."""
        self._sink = sink
        for pin, source in self._inputs.items():
            if source.role in ("hook", "loop_current") and self.pins.level(pin):
                self._tell(Edge(pin, True, time.monotonic_ns()))
        self.pins.start(self._tell, self._gone)
        if self.ringer is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(self.ringer.finished_fd, self._tell_finished, self.ringer)

    def start_ringing(
        self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0
    ) -> None:
        """Ring until stopped, or so many rounds, or until the ringer sees the handset lifted."""
        self._of(port).ring(self.places[port], cadence_ms, frequency_hz, rounds)

    def _tell_finished(self, ringer: Ringer) -> None:
        ports = list(self.places)
        for place in ringer.finished():
            self._emit(RingingPaused(ports[place]))

    def stop_ringing(self, port: PortId) -> None:
        """F/R to rest at once, RM low after it."""
        self._of(port).stop(self.places[port])

    def set_loop(self, port: PortId, closed: bool, breaks_ms: Sequence[int] = ()) -> None:
        """Work the loop switch of a city line (its worker times the breaks), or the power of a telephone's
        module. A pin that does not answer makes its port fail.
        """
        power_down = self._pins_of.get(port, {}).get("power_down") if port in self.places else None
        try:
            if power_down is not None:
                self.pins.drive(power_down, not closed)
            elif breaks_ms:
                self._loops_of(port).work(self.loop_places[port], breaks_ms)
            else:
                self._loops_of(port).set(self.loop_places[port], closed)
        except HardwareError as error:
            self._emit(PortFailed(port, str(error)))

    def _loops_of(self, port: PortId) -> LoopWorker | PinLoops:
        if self.loops is None or port not in self.loop_places:
            raise Bug(f"{port} has no loop to work")
        return self.loops

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        """F/R rests reversed, or forward again."""
        self._of(port).reverse(self.places[port], reverse)

    def stop(self) -> None:
        """Nothing rings, every loop is open, the lines are the kernel's again. Once is enough."""
        if self._stopped:
            return
        self._stopped = True
        self.pins.stop()
        with contextlib.suppress(RuntimeError):  # no loop runs: nobody reads any more
            if self.ringer is not None:
                asyncio.get_running_loop().remove_reader(self.ringer.finished_fd)
        if self.ringer is not None:
            self.ringer.close()
        for port, pins in self._pins_of.items():
            if "power_down" in pins:
                self.set_loop(port, True)
        if self.loops is not None:
            self.loops.close()
        self._guard.dismiss()
        self.pins.close()
        self._sink = None

    def _of(self, port: PortId) -> Ringer:
        if self.ringer is None or port not in self.places:
            raise Bug(f"{port} is no telephone socket of this board")
        return self.ringer

    # --- edges ----------------------------------------------------------------------------------------------

    def _gone(self, reason: str) -> None:
        for port in self._pins_of:
            self._emit(PortFailed(port, f"its GPIO chip has gone: {reason}"))

    def _tell(self, edge: Edge) -> None:
        source = self._inputs[edge.pin]
        if edge.high or source.role != "ring":  # a ring's frequency is counted in edges of one kind
            self._emit(EVENT_OF[source.role](source.port, edge))

    def _emit(self, event: Event) -> None:
        if self._sink is not None:
            self._sink(event)


EVENT_OF: dict[str, Callable[[PortId, Edge], Event]] = {
    "hook": lambda port, edge: HookEdge(port, edge.high, edge.at_ns),
    "ring": lambda port, edge: RingEdge(port, edge.at_ns),
    "loop_current": lambda port, edge: LoopCurrent(port, edge.high, edge.at_ns),
    "polarity": lambda port, edge: PolarityReversed(port, edge.at_ns),
}

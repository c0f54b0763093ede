"""Pins of the kernel's GPIO character device, by gpiod: edges with the kernel's time stamps, lost ones seen.

All outputs of a chip are one line request and all inputs another, so that the ringer's thread can work pins
beside us.
"""

import asyncio
import contextlib
import errno
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.drivers.gpio import Edge, Pin, find_chip, library, list_chips, refuse_slow
from gateway.drivers.pin_guard import Held, Request
from gateway.errors import HardwareError, PinError

CONSUMER = "cityline"
EVENTS_AT_ONCE = 64
PATIENCE_S = 1.0
RETRY_S = 0.02
PULLS = {"up": "PULL_UP", "down": "PULL_DOWN", "none": "DISABLED", "": "AS_IS"}
EDGES = "an input whose edges count"


class GpiodPins:
    """Implements `gateway.drivers.gpio.Pins`, and has the file descriptors that the ringer's thread needs.

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
        self._reading: list[int] = []
        for pin in inputs:
            refuse_slow(self._chips[pin.chip], [pin], EDGES)
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

    def refuse_slow(self, pin: Pin, what: str) -> None:
        """`PinError` when that pin is on an expander and may not be."""
        refuse_slow(self._chips[pin.chip], [pin], what)

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

    def start(self, tell: Callable[[Edge], None], gone: Callable[[str], None]) -> None:
        """Tell edges on the running loop. Where the kernel lost some (its queue was full), the level as it is
        now is told as an edge of its own, so that no telephone stays lifted for ever.
        """
        loop = asyncio.get_running_loop()

        def read(fd: int) -> None:
            try:
                self._tell_edges(fd, tell)
            except (OSError, HardwareError) as error:
                loop.remove_reader(fd)
                self._reading.remove(fd)
                gone(str(error))

        for fd in self.input_fds:
            loop.add_reader(fd, read, fd)
            self._reading.append(fd)

    def _tell_edges(self, fd: int, tell: Callable[[Edge], None]) -> None:
        """All that wait, in their order; only then the levels of pins of which edges were lost: told between
        older edges, a level of now would be out of its time.
        """
        last: dict[Pin, bool] = {}
        doubtful: set[Pin] = set()
        while edges := self.read_edges(fd):
            for edge in edges:
                tell(edge)
                last[edge.pin] = edge.high
                if edge.missed:
                    doubtful.add(edge.pin)
        for pin in doubtful:
            if self.level(pin) is not last[pin]:
                tell(Edge(pin, not last[pin], time.monotonic_ns()))

    def stop(self) -> None:
        """Tell no more edges."""
        with contextlib.suppress(RuntimeError):  # no loop runs: nobody reads any more
            loop = asyncio.get_running_loop()
            for fd in self._reading:
                loop.remove_reader(fd)
        self._reading.clear()

    def held(self, pin: Pin) -> Held:
        """The request is inherited: no other program can have the line in between."""
        return Request(*self.place(pin))

    def close(self) -> None:
        """Give every line back to the kernel."""
        for request in self._requests:
            request.release()
        self._requests.clear()


def _names(outputs: Mapping[Pin, bool], inputs: Sequence[Pin]) -> list[str]:
    return sorted({pin.chip for pin in (*outputs, *inputs)})

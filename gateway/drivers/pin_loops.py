"""Loop switches on pins that only a library can set (RPi.GPIO): trains of breaks are timed by the event loop.

`gateway.drivers.ringer.LoopWorker` does the same on line requests of the kernel, with a thread that has
priority. Here a part is as late as whatever else the loop is doing, some milliseconds in a busy office; each
part begins when it is due by the train's own beginning, so that lateness never adds up.
"""

import asyncio
from collections.abc import Callable, Sequence

from gateway.drivers.gpio import Pin, Pins
from gateway.errors import Bug, HardwareError

MS_PER_S = 1_000


class PinLoops:
    """Loop switches by their place in ``switches``. ``failed`` is told when a pin does not obey in the middle
    of a train. ``loop_of`` gives the event loop that times them.
    """

    def __init__(
        self,
        pins: Pins,
        switches: Sequence[Pin],
        failed: Callable[[int, HardwareError], None],
        loop_of: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_running_loop,
    ) -> None:
        self._pins = pins
        self._switches = tuple(switches)
        self._failed = failed
        self._loop_of = loop_of
        self._due: dict[int, asyncio.TimerHandle] = {}

    def set(self, place: int, closed: bool) -> None:
        """Close or open a loop now, whatever train was under way; HardwareError: the pin does not obey."""
        self._forget(place)
        self._pins.drive(self._switches[place], closed)

    def work(self, place: int, breaks_ms: Sequence[int]) -> None:
        """Open, closed, open ... for so long each, from now on; closed in the end. `Bug`: no such train."""
        if min(breaks_ms, default=0) <= 0:
            raise Bug(f"the loop cannot be worked by {tuple(breaks_ms)} ms")
        if place in self._due:
            raise Bug("the loop cannot be worked: a train is under way")
        self._begin_part(place, tuple(breaks_ms), 0, self._loop_of().time())

    def _begin_part(self, place: int, breaks_ms: tuple[int, ...], part: int, due_s: float) -> None:
        """Even parts are breaks; after the last the loop stays closed."""
        self._due.pop(place, None)
        try:
            self._pins.drive(self._switches[place], part == len(breaks_ms) or part % 2 == 1)
        except HardwareError as error:
            self._failed(place, error)
            return
        if part < len(breaks_ms):
            next_s = due_s + breaks_ms[part] / MS_PER_S
            self._due[place] = self._loop_of().call_at(
                next_s, self._begin_part, place, breaks_ms, part + 1, next_s
            )

    def _forget(self, place: int) -> None:
        due = self._due.pop(place, None)
        if due is not None:
            due.cancel()

    def close(self) -> None:
        """Every loop open. The pins stay the caller's."""
        for place in range(len(self._switches)):
            try:
                self.set(place, False)
            except HardwareError as error:
                self._failed(place, error)

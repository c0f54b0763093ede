"""Virtual time: a clock that stands still until somebody moves it."""

import heapq
from collections.abc import Callable
from itertools import count

from gateway.model.numbers import NS_PER_MS

EPOCH_NS = 1_795_428_000 * 1_000_000_000
"""Where its calendar begins: Monday, 23 November 2026, 10:00 UTC."""


class _Alarm:
    """A callback that waits for its time; None once it was called or cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Implements `gateway.interfaces.Clock`. Callbacks run inside `advance`, in the order of their times."""

    def __init__(self, wall_ns: int = EPOCH_NS) -> None:
        self._now_ns = 0
        self._wall_ns = wall_ns
        self._order = count()
        self._alarms: list[tuple[int, int, _Alarm]] = []

    def monotonic_ns(self) -> int:
        """Nanoseconds since the clock was made."""
        return self._now_ns

    def wall_ns(self) -> int:
        """The calendar, in step with the monotonic time."""
        return self._wall_ns + self._now_ns

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Run ``callback`` at that time (a past one: as soon as time moves); returns what cancels it."""
        alarm = _Alarm(callback)
        heapq.heappush(self._alarms, (max(monotonic_ns, self._now_ns), next(self._order), alarm))
        return alarm.cancel

    def after_ms(self, delay_ms: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Run ``callback`` so many milliseconds from now; returns what cancels it."""
        return self.call_at(self._now_ns + round(delay_ms * NS_PER_MS), callback)

    def advance(self, to_ns: int) -> None:
        """Move to that time and run everything that is due on the way, also what that in turn asks for."""
        if to_ns < self._now_ns:
            raise ValueError(f"time does not go back from {self._now_ns} to {to_ns}")
        while self._alarms and self._alarms[0][0] <= to_ns:
            at_ns, _, alarm = heapq.heappop(self._alarms)
            callback, alarm.callback = alarm.callback, None
            if callback is not None:
                self._now_ns = at_ns
                callback()
        self._now_ns = to_ns

    def skip(self, to_ns: int) -> None:
        """Be at that time without living through it: what waits (the polling of twins at rest) goes on
        waiting as long as it still had to.
        """
        if to_ns < self._now_ns:
            raise ValueError(f"time does not go back from {self._now_ns} to {to_ns}")
        by_ns = to_ns - self._now_ns
        self._alarms = [(at_ns + by_ns, order, alarm) for at_ns, order, alarm in self._alarms]
        self._now_ns = to_ns

    def pending(self) -> int:
        """Callbacks that wait."""
        return sum(1 for _, _, alarm in self._alarms if alarm.callback is not None)

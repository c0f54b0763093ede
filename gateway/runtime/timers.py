"""The running timers of the exchange: started and stopped by actions, their expiries fed back as events."""

from collections.abc import Callable

from gateway.interfaces import Clock, EventSink
from gateway.model.events import TimerExpired
from gateway.model.numbers import NS_PER_MS, Now
from gateway.model.timers import TimerId


class Timers:
    """Every `StartTimer` that has neither expired nor been cancelled."""

    def __init__(self, clock: Clock, sink: EventSink) -> None:
        self._clock = clock
        self._sink = sink
        self._running: dict[TimerId, Callable[[], None]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, timer: TimerId, after_ms: int, now: Now) -> None:
        """Feed `TimerExpired` ``after_ms`` after ``now``: the time of the step, so that a slow step moves no
        deadline.
        """
        self.cancel(timer)
        deadline_ns = now.monotonic_ns + max(after_ms, 0) * NS_PER_MS
        self._running[timer] = self._clock.call_at(deadline_ns, lambda: self._expire(timer))

    def cancel(self, timer: TimerId) -> None:
        """Stop it; one that is not running (it has just expired) is nothing to complain about."""
        stop = self._running.pop(timer, None)
        if stop is not None:
            stop()

    def cancel_all(self) -> None:
        """The gateway stops."""
        for timer in tuple(self._running):
            self.cancel(timer)

    def _expire(self, timer: TimerId) -> None:
        # A clock may call back although the cancellation was asked for in the same instant: the table is the
        # truth.
        if self._running.pop(timer, None) is not None:
            self._sink(TimerExpired(timer))

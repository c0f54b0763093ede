"""The real clock: CLOCK_MONOTONIC for timers, the wall clock for calendars, timers on the asyncio loop."""

import asyncio
import time
from collections.abc import Callable

NS_PER_S = 1_000_000_000


class RealClock:
    """Implements `interfaces.Clock`; its timers run in the loop's own thread.

    asyncio's loop time is `time.monotonic`, the same clock as `monotonic_ns` (CPython on Linux:
    CLOCK_MONOTONIC), so a deadline needs no conversion but that of the unit. The loop may run a timer
    early by its clock's resolution; a deadline is rounded up to the next microsecond, which is above it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def monotonic_ns(self) -> int:
        """Time that never jumps."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """UTC since 1970 as the machine believes it to be; may jump."""
        return time.time_ns()

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Run ``callback`` at that monotonic time; the returned function cancels it."""
        microseconds = -(-monotonic_ns // 1_000)
        return self._loop.call_at(microseconds / 1e6, callback).cancel

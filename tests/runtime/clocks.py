"""A clock that stands still until a test moves it."""

import heapq
from collections.abc import Callable
from itertools import count

from gateway.model.numbers import NS_PER_MS


class HandClock:
    """Implements `interfaces.Clock`; `advance` runs what falls due, each at its own time."""

    def __init__(self, monotonic_ns: int = 0, wall_ns: int = 0) -> None:
        self.now_ns = monotonic_ns
        self.offset_ns = wall_ns - monotonic_ns
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        return self.now_ns + self.offset_ns

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> Callable[[], None]:
        entry = (monotonic_ns, next(self._order), callback)
        heapq.heappush(self._due, entry)

        def cancel() -> None:
            if entry in self._due:
                self._due.remove(entry)
                heapq.heapify(self._due)

        return cancel

    def advance(self, milliseconds: int) -> None:
        end = self.now_ns + milliseconds * NS_PER_MS
        while self._due and self._due[0][0] <= end:
            at, _, callback = heapq.heappop(self._due)
            self.now_ns = max(self.now_ns, at)
            callback()
        self.now_ns = end

"""How much of our time one address may have: a token bucket for each source, in a table that cannot grow.

Times are monotonic milliseconds that the caller passes in.
"""

from collections import OrderedDict
from dataclasses import dataclass

MAX_SOURCES = 4_096
"""Addresses that are remembered; the one that was quiet longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class RateSettings:
    """``per_s`` requests a second on average, ``burst`` at once."""

    per_s: float
    burst: int


@dataclass(slots=True)
class _Bucket:
    level: float
    at_ms: int


class RateLimit:
    """Token buckets by address."""

    def __init__(self, settings: RateSettings, max_sources: int = MAX_SOURCES) -> None:
        self._settings = settings
        self._max_sources = max_sources
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: str, now_ms: int) -> bool:
        """One more request of ``source``: True when it is within its rate."""
        bucket = self._refilled(source, now_ms)
        if bucket.level < 1.0:
            return False
        bucket.level -= 1.0
        return True

    def exhausted(self, source: str, now_ms: int) -> bool:
        """True when the next `take` would be refused; takes nothing."""
        bucket = self._buckets.get(source)
        if bucket is None:
            return False
        gained = (now_ms - bucket.at_ms) * self._settings.per_s / 1000.0
        return bucket.level + gained < 1.0

    def _refilled(self, source: str, now_ms: int) -> _Bucket:
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = _Bucket(float(self._settings.burst), now_ms)
            self._buckets[source] = bucket
            while len(self._buckets) > self._max_sources:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(source)
        gained = max(0, now_ms - bucket.at_ms) * self._settings.per_s / 1000.0
        bucket.level = min(float(self._settings.burst), bucket.level + gained)
        bucket.at_ms = now_ms
        return bucket

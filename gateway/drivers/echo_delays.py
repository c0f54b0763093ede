"""The bulk delays of the sound cards' echoes, as the cancellers found them: kept over a restart.

A canceller that knows where its echo begins has it gone in a third of the time. The delay is a property of a
card and what hangs on its port (its buffers, its converters, the line), so it is kept under both names. It is
a convenience: a file that cannot be understood is told and counts for nothing, and the cancellers find their
echoes anew.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file
from gateway.model.plain import from_plain, to_plain

FORMAT = 1

MOVED_SAMPLES = 16
"""A delay that has moved by less (2 ms) stays as it was written: so finely the canceller knows it."""

Trouble = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class KnownDelay:
    """Where the echo of a port begins, in samples of 8 kHz, as `PortStatistics.echo_delay_samples` has it."""

    card: str
    port: str
    delay_samples: int


@dataclass(frozen=True, slots=True)
class StoredDelays:
    """What the file holds."""

    delays: tuple[KnownDelay, ...]
    format: int = FORMAT


class EchoDelays:
    """The delays of one state directory; read when made, written by `save`.

    A delay of ``limit_samples`` or more cannot be. ``on_trouble`` gets a sentence for people: the file cannot
    be read, understood or written; nothing is raised, since no call depends on it.
    """

    def __init__(self, path: Path, limit_samples: int, on_trouble: Trouble) -> None:
        self._path = path
        self._limit_samples = limit_samples
        self._on_trouble = on_trouble
        self._troubled = False
        self._seen: dict[tuple[str, str], int] = {}
        self._known = self._read()

    def delay_of(self, card: str, port: str) -> int | None:
        """Delay of that port on that card; None when it is not known."""
        return self._known.get((card, port))

    def look(self, found: Iterable[KnownDelay]) -> bool:
        """Take what cancellers are sure of just now; a delay counts when it was the same at the last look.
        True when there is something to save.
        """
        now = {(one.card, one.port): one.delay_samples for one in found}
        changed = False
        for key, delay_samples in now.items():
            before = self._known.get(key)
            moved = before is None or abs(delay_samples - before) >= MOVED_SAMPLES
            if moved and self._seen.get(key) == delay_samples and delay_samples < self._limit_samples:
                self._known[key] = delay_samples
                changed = True
        self._seen = now
        return changed

    def save(self) -> None:
        """Write the file; waits for the disk."""
        known = (KnownDelay(*key, delay_samples) for key, delay_samples in sorted(self._known.items()))
        try:
            replace_file(self._path, json.dumps(to_plain(StoredDelays(tuple(known))), indent=1) + "\n")
            self._troubled = False
        except StateError as error:
            if not self._troubled:
                self._on_trouble(f"The echo delays of the sound cards are not kept: {error}.")
            self._troubled = True

    def _read(self) -> dict[tuple[str, str], int]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            return self._without(error.strerror or "cannot be read")
        try:
            stored: StoredDelays = from_plain(json.loads(raw.decode("utf-8")), StoredDelays)
        except (ValueError, RecursionError):
            return self._without("cannot be understood")
        if stored.format != FORMAT:
            return self._without(f"is of format {stored.format}, this Cityline knows {FORMAT}")
        wrong = [one for one in stored.delays if not 0 <= one.delay_samples < self._limit_samples]
        if wrong:
            return self._without(f"names a delay that cannot be, {wrong[0].delay_samples} samples")
        return {(one.card, one.port): one.delay_samples for one in stored.delays}

    def _without(self, why: str) -> dict[tuple[str, str], int]:
        self._on_trouble(
            f"{self._path}: {why}; the echo cancellers find their delays anew, and the file is written anew."
        )
        return {}

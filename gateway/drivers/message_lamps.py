"""For which extensions a message waits: kept over a restart.

Small and rarely written, so a whole file that is replaced; when `keep` returns, it is on the disk.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file
from gateway.model.plain import from_plain, to_plain

FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredLamps:
    """What the file holds: extensions for which a message waits."""

    on: tuple[str, ...]
    format: int = FORMAT


class MessageLamps:
    """The lamps of one state directory. `StateError` for a file that cannot be read, understood or written:
    a message that waits may not be forgotten in silence.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.on = self._read()

    def keep(self, extension: str, on: bool) -> None:
        """Remember it; waits for the disk."""
        wanted = self.on | {extension} if on else self.on - {extension}
        if wanted == self.on:
            return
        text = json.dumps(to_plain(StoredLamps(tuple(sorted(wanted)))), indent=1) + "\n"
        replace_file(self._path, text)
        self.on = wanted

    def _read(self) -> frozenset[str]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise StateError(f"{self._path}: {error.strerror}; choose another place with --state") from None
        try:
            stored: StoredLamps = from_plain(json.loads(raw.decode("utf-8")), StoredLamps)
        except (ValueError, RecursionError):
            raise StateError(self._remedy("cannot be understood")) from None
        if stored.format != FORMAT:
            raise StateError(self._remedy(f"is of format {stored.format}, not {FORMAT}"))
        return frozenset(stored.on)

    def _remedy(self, why: str) -> str:
        return f"{self._path}: {why}; move it away, and every message lamp is off"

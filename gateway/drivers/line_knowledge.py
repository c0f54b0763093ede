"""What the city lines have learned of themselves, kept over a restart: one file, replaced as a whole.

A convenience like the echo delays: a file that cannot be understood is told and counts for nothing, and the
lines learn anew.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file
from gateway.model.learned import LineKnowledge
from gateway.model.numbers import PortId
from gateway.model.plain import from_plain, to_plain

FORMAT = 1

Trouble = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StoredKnowledge:
    """What the file holds."""

    lines: tuple[LineKnowledge, ...]
    format: int = FORMAT


class KnowledgeFile:
    """The file in one state directory. ``on_trouble`` gets a sentence for people; nothing is raised, since no
    call depends on it.
    """

    def __init__(self, path: Path, on_trouble: Trouble) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._troubled = False

    def read(self) -> dict[PortId, LineKnowledge]:
        """What is known, by port."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            return self._without(error.strerror or "cannot be read")
        try:
            stored: StoredKnowledge = from_plain(json.loads(raw.decode("utf-8")), StoredKnowledge)
        except (ValueError, RecursionError):
            return self._without("cannot be understood")
        if stored.format != FORMAT:
            return self._without(f"is of format {stored.format}, this Cityline knows {FORMAT}")
        return {line.port: line for line in stored.lines}

    def save(self, lines: Iterable[LineKnowledge]) -> None:
        """Write the file; waits for the disk."""
        stored = StoredKnowledge(tuple(sorted(lines, key=lambda line: line.port)))
        try:
            replace_file(self._path, json.dumps(to_plain(stored), indent=1) + "\n")
            self._troubled = False
        except StateError as error:
            if not self._troubled:
                self._on_trouble(f"What the city lines have learned is not kept: {error}.")
            self._troubled = True

    def _without(self, why: str) -> dict[PortId, LineKnowledge]:
        self._on_trouble(f"{self._path}: {why}; the city lines learn anew, and the file is written anew.")
        return {}

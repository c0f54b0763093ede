"""The flight recorder's recordings in the state directory: which there are, and which are over.

A directory a port, a bundle a file; its name says when it began and why it was made.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.model.settings import RecorderSettings

SUFFIX = ".bundle"
DISTURBANCES_KEPT = 5
"""Of each line: bounce and the like must not push calls out."""
_NAME = re.compile(r"^(\d{8}T\d{6}\.\d{3})-(call|disturbance|manual)\.bundle$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: its line's port, when it began (UTC, ns), why, and how large it is."""

    path: Path
    port: str
    began_ns: int
    why: str
    size_bytes: int

    @property
    def name(self) -> str:
        """By what people ask for it."""
        return self.path.name.removesuffix(SUFFIX)


def recordings(directory: Path, port: str = "*") -> list[Recording]:
    """Recordings of a port, or of all, newest first."""
    found = [_recording(path) for path in directory.glob(f"{port}/*{SUFFIX}")]
    return sorted((one for one in found if one is not None), key=lambda one: one.path.name, reverse=True)


def _recording(path: Path) -> Recording | None:
    match = _NAME.match(path.name)
    if match is None:
        return None
    try:
        began = datetime.strptime(match[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
        size = path.stat().st_size
    except (ValueError, OSError):  # no time, or just erased
        return None
    return Recording(
        path, path.parent.name, (began - _EPOCH) // timedelta(microseconds=1) * 1_000, match[2], size
    )


def line_of(path: Path) -> str:
    """The name of the line that a bundle is about; empty for one that cannot be read."""
    try:
        with zipfile.ZipFile(path) as file, file.open("bundle.json") as member:
            about = json.loads(member.read())
        return str(about["bundle"]["line"])
    except (OSError, KeyError, TypeError, ValueError, EOFError, zlib.error, RuntimeError, zipfile.BadZipFile):
        return ""


def over(kept: list[Recording], settings: RecorderSettings, wall_ns: int) -> Iterator[Recording]:
    """Which of these (newest first) are to be erased: too many of a line, too old, or no room for them."""
    limits = {"call": settings.calls, "manual": settings.calls, "disturbance": DISTURBANCES_KEPT}
    oldest_ns = wall_ns - settings.keep_days * 86_400 * 1_000_000_000
    room = settings.disk_mb * 1_000_000
    counted: dict[tuple[str, str], int] = {}
    for one in kept:
        place = counted[one.port, one.why] = counted.get((one.port, one.why), 0) + 1
        room -= one.size_bytes
        if place > limits[one.why] or one.began_ns < oldest_ns or room < 0:
            room += one.size_bytes
            yield one

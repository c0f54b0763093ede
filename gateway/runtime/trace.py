"""The trace: everything that happened to the exchange and everything that it asked for, one JSON object a
line.

A file begins with a `TraceHeader`; then, for each step, the event with both clocks, and each action in
order. A narration is an action too, written as people read it, with its time in front: ``time
machine(id){STATE} event -> STATE actions``. ::

    {"trace": {"format": 1, ...}}
    {"at": [812004210, 1795341706123456000], "event": null}                    (the exchange's start)
    {"at": [812004211, 1795341706123456789], "event": {"is": "HookEdge", "port": "fxs1", ...}}
    {"action": {"is": "StartTimer", ...}}
    {"says": "2026-11-22T10:01:46.123Z fxs(fxs1){IDLE} off_hook -> DIAL_TONE start first_digit"}
    {"end": "stopped"}

The header holds the whole configuration and the first id, so that a trace can be replayed with nothing
beside it. Files are cut by size and packed (gzip); each that goes on from another names it in
``continues``. The event is in the file before it is handled: when the process dies of it, the trace ends
with the reason.
"""

import gzip
import io
import json
import logging
import os
import shutil
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from gateway.errors import PeerError, Problem
from gateway.model.actions import Action, Narrate
from gateway.model.events import Event
from gateway.model.numbers import Now
from gateway.model.plain import PlainError, from_plain, to_plain
from gateway.model.settings import BoardSettings, OfficeSettings

FORMAT = 2
"""Version of the format; a reader refuses others."""

SEGMENT_BYTES = 8 << 20
"""A file is closed and the next begun beyond this: some hours of a busy office."""

SEGMENTS_KEPT = 64
"""Files that stay in the directory; older ones are removed, so that a trace never fills a card (packed: 32
MB).
"""

PACKED = ".gz"

LINE_LIMIT = 1 << 20
"""Longest line that a reader takes; a plan of a hundred nodes is under 20 kB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_log = logging.getLogger(__name__)

Follower = Callable[[str], None]
Trouble = Callable[[str], None]


class TraceError(PeerError):
    """A trace cannot be understood: which file and line, why, and what to do."""

    def __init__(self, file: str, line: int, what: str, remedy: str = "") -> None:
        self.problem = Problem(file, line, "", what, remedy)
        super().__init__(str(self.problem))


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """What the exchange was made of. ``configuration`` is the hash of the files; the settings stand here
    whole.
    """

    configuration: str
    office: OfficeSettings
    board: BoardSettings
    media_address: str = "127.0.0.1"
    first_id: int = 1000
    continues: str = ""
    cityline: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it was recorded; ``line`` is where its event stands, None is the exchange's start."""

    file: str
    line: int
    now: Now
    event: Event | None
    actions: tuple[Action, ...]


def written_time(wall_ns: int) -> str:
    """UTC with milliseconds, as a narration line begins."""
    moment = _EPOCH + timedelta(microseconds=wall_ns // 1_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1_000:03d}Z"


def header_line(header: TraceHeader) -> str:
    """First line of a file."""
    return _line({"trace": to_plain(header)})


def event_line(event: Event | None, now: Now) -> str:
    """Line that opens a step."""
    return _line({"at": [now.monotonic_ns, now.wall_ns], "event": to_plain(event)})


def action_line(action: Action, now: Now) -> str:
    """Line of one action; a narration in its own form."""
    if isinstance(action, Narrate):
        return _line({"says": f"{written_time(now.wall_ns)} {action.line}"})
    return _line({"action": to_plain(action)})


def end_line(how: str) -> str:
    """Last line of a file: nothing is missing."""
    return _line({"end": how})


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- writing ------------------------------------------------------------------------------------------------


class TraceWriter:
    """Writes the trace of one run into a directory; implements `pump.TraceSink`.

    Trouble with the disk ends the trace and not the office: ``on_trouble`` gets one sentence for people.
    """

    def __init__(
        self,
        directory: Path,
        header: TraceHeader,
        *,
        on_trouble: Trouble,
        segment_bytes: int = SEGMENT_BYTES,
        segments_kept: int = SEGMENTS_KEPT,
    ) -> None:
        self._directory = directory
        self._header = header
        self._on_trouble = on_trouble
        self._segment_bytes = segment_bytes
        self._segments_kept = segments_kept
        self._followers: list[Follower] = []
        self._file: BinaryIO | None = None
        self._written = 0
        self._segment = 0
        self._run = 0
        self._packing: threading.Thread | None = None
        self.path = directory
        self._guarded(self._begin_run)

    def event(self, event: Event | None, now: Now) -> None:
        """Put the event, and all before it, into the file; a new file begins here when this one is full."""
        if self._file is not None and self._written >= self._segment_bytes:
            self._guarded(self._begin_segment)
        self._write(event_line(event, now))
        self.flush()

    def action(self, action: Action, now: Now) -> None:
        """Write an action; it reaches the file with the next event or `flush`."""
        self._write(action_line(action, now))

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call ``follower`` with each line from now on; returns what ends that."""
        self._followers.append(follower)

        def unfollow() -> None:
            if follower in self._followers:
                self._followers.remove(follower)

        return unfollow

    def flush(self) -> None:
        """Hand what is buffered to the operating system."""
        if self._file is not None:
            self._guarded(self._file.flush)

    def close(self) -> None:
        """End of the run: the last line says so, and a trace without it was cut."""
        self._write(end_line("stopped"))
        if self._file is not None:
            self._guarded(self._file.close)
            self._file = None
        self._pack("")

    def _write(self, line: str) -> None:
        for follower in tuple(self._followers):
            follower(line)
        if self._file is None:
            return
        # A lone surrogate (a peer's broken caller name) becomes \udXXX, which is how JSON writes it anyway.
        raw = line.encode("utf-8", "backslashreplace") + b"\n"
        self._written += len(raw)
        self._guarded(lambda: self._file.write(raw) if self._file else None)

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            self._file = None
            self._on_trouble(f"The trace has stopped: {error}. Make room in {self._directory} and restart.")

    def _begin_run(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for cut in self._directory.glob("trace-*.part"):
            cut.unlink(missing_ok=True)
        runs = [int(path.name.split("-")[1]) for path in segments(self._directory)]
        self._run = max(runs, default=0) + 1
        self._begin_segment()

    def _begin_segment(self) -> None:
        before = self.path.name if self._file is not None else ""
        if self._file is not None:
            self._file.close()
        self._segment += 1
        self.path = self._directory / f"trace-{self._run:06d}-{self._segment:04d}.jsonl"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._written = 0
        self._write(header_line(replace(self._header, continues=before)))
        self._pack(before)
        for old in segments(self._directory)[: -self._segments_kept]:
            old.unlink(missing_ok=True)

    def _pack(self, name: str) -> None:
        """Pack the file that was just closed, on a thread of its own: 8 MB take a third of a second."""
        if self._packing is not None:
            self._packing.join()
            self._packing = None
        if name:
            self._packing = threading.Thread(target=pack, args=(self._directory / name,), name="trace packer")
            self._packing.start()


def pack(path: Path) -> None:
    """Replace a file by its packed form; whenever it is cut, one of the two is whole."""
    draft = path.with_name(path.name + ".part")
    try:
        with path.open("rb") as plain, gzip.open(draft, "wb", compresslevel=6) as packed:
            shutil.copyfileobj(plain, packed)
        draft.chmod(0o600)
        draft.replace(path.with_name(path.name + PACKED))
        path.unlink()
    except OSError as error:
        _log.warning("%s stays as it is: %s", path, error)


def segments(directory: Path) -> list[Path]:
    """Trace files of a directory, oldest first, packed ones too."""
    found = [path for path in directory.glob("trace-??????-????.jsonl*") if path.suffix in (".jsonl", PACKED)]
    # A name that is there in both forms is just being packed: the plain one is whole.
    whole = [path for path in found if path.suffix != PACKED or path.with_suffix("") not in found]
    return sorted(path for path in whole if path.name[6:12].isdigit())


def last_lines(path: Path, count: int) -> list[str]:
    """The last whole lines of a file, at most ``count``; none when it is not there."""
    if count <= 0:
        return []
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LINE_LIMIT))
            raw = file.read()
    except OSError:
        return []
    lines = raw.split(b"\n")
    # What is before the first newline may be half a line, what is after the last one is not finished.
    whole = lines[:-1] if len(raw) < LINE_LIMIT else lines[1:-1]
    return [line.decode("utf-8", "replace") for line in whole[-count:]]


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class TraceReader:
    """Reads one file: `header` at once, `steps` one by one. Raises `TraceError` with file and line.

    ``raw`` is a file's content that is no file (in a bundle); ``path`` is then only its name.
    """

    path: Path
    raw: bytes | None = None
    header: TraceHeader = field(init=False)
    ended: bool = field(init=False, default=False)
    """After `steps`: the run was stopped in order, nothing is missing."""

    def __post_init__(self) -> None:
        with closing(self._values()) as values:
            for _, value in values:
                self.header = self._read_header(value)
                return
        raise TraceError(str(self.path), 0, "is empty", "give a file that `cityline run` wrote")

    def steps(self) -> Iterator[Step]:
        """Each step in order."""
        opened: tuple[int, Now, Event | None] | None = None
        actions: list[Action] = []
        for line, value in self._values():
            if line == 1:
                continue
            if self.ended:
                raise TraceError(str(self.path), line, "goes on after its end")
            if "end" in value:
                self.ended = True
            elif "event" in value:
                if opened is not None:
                    yield Step(str(self.path), *opened, tuple(actions))
                opened, actions = (line, *self._read_event(line, value)), []
            elif opened is None:
                raise TraceError(str(self.path), line, "an action before the first event")
            else:
                actions.append(self._read_action(line, value))
        if opened is not None:
            yield Step(str(self.path), *opened, tuple(actions))

    def _values(self) -> Generator[tuple[int, dict[str, object]], None, None]:
        try:
            with self._opened() as file:
                number = 0
                while raw := file.readline(LINE_LIMIT + 1):
                    number += 1
                    if not raw.endswith(b"\n") and len(raw) <= LINE_LIMIT:
                        return  # the process or the power ended in the middle of this line
                    yield number, self._parse(number, raw)
        except (OSError, EOFError, zlib.error) as error:
            what = getattr(error, "strerror", None) or str(error)
            raise TraceError(str(self.path), 0, what, "give a file that `cityline run` wrote") from None

    def _opened(self) -> IO[bytes]:
        if self.raw is not None:
            return io.BytesIO(self.raw)
        if self.path.suffix == PACKED:
            return cast("IO[bytes]", gzip.open(self.path))
        return self.path.open("rb")

    def _parse(self, number: int, raw: bytes) -> dict[str, object]:
        if len(raw) > LINE_LIMIT:
            raise TraceError(str(self.path), number, f"a line of more than {LINE_LIMIT} bytes", "not a trace")
        try:
            value = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise TraceError(
                str(self.path),
                number,
                "is not a JSON object",
                "cut the file before this line to replay the rest",
            )
        return value

    def _read_header(self, value: dict[str, object]) -> TraceHeader:
        plain = value.get("trace")
        if not isinstance(plain, dict):
            raise TraceError(
                str(self.path), 1, "does not begin with a trace header", "not a trace of Cityline"
            )
        if plain.get("format") != FORMAT:
            raise TraceError(
                str(self.path),
                1,
                f"is of format {plain.get('format')!r}; this Cityline reads format {FORMAT}",
                f"replay it with the Cityline that wrote it ({plain.get('cityline')!r})",
            )
        header: TraceHeader = self._read(1, plain, TraceHeader)
        return header

    def _read_event(self, line: int, value: dict[str, object]) -> tuple[Now, Event | None]:
        monotonic_ns, wall_ns = self._read(line, value.get("at"), tuple[int, int])
        return Now(monotonic_ns, wall_ns), self._read(line, value["event"], Event | None)

    def _read_action(self, line: int, value: dict[str, object]) -> Action:
        if "says" in value:
            _, _, narration = self._read(line, value["says"], str).partition(" ")
            return Narrate(narration)
        if "action" not in value:
            raise TraceError(str(self.path), line, "is neither an event, an action nor a narration")
        action: Action = self._read(line, value["action"], Action)
        return action

    def _read(self, line: int, plain: object, form: object) -> Any:
        try:
            return from_plain(plain, form)
        except PlainError as error:
            raise TraceError(
                str(self.path), line, str(error), "written by another version, or changed by hand"
            ) from None


class TraceRun:
    """A file and, before it, all that it goes on from. Raises `TraceError` when one of those is gone."""

    def __init__(self, path: Path) -> None:
        self._readers = [TraceReader(path)]
        while before := self._readers[0].header.continues:
            earlier = path.parent / Path(before).name
            if not earlier.is_file():
                earlier = earlier.with_name(earlier.name + PACKED)
            if not earlier.is_file() or any(reader.path == earlier for reader in self._readers):
                raise TraceError(
                    str(self._readers[0].path),
                    1,
                    f"goes on from {before}, which is not beside it",
                    "replay needs a run from its first file: copy all trace files of the run",
                )
            self._readers.insert(0, TraceReader(earlier))
        self.header = self._readers[0].header

    def steps(self) -> Iterator[Step]:
        """Every step of the run, over all files."""
        for reader in self._readers:
            yield from reader.steps()

    @property
    def ended(self) -> bool:
        """After `steps`: the run was stopped in order."""
        return self._readers[-1].ended

"""A bundle: what the flight recorder kept of one call on one line, in one file that can be replayed.

A bundle is a zip file, so that anybody can look into it and listen::

    bundle.json          which line, when, why; where its sounds begin; which tick was at which time
    part-0.jsonl         a trace (`gateway.runtime.trace`): the events and actions of the whole exchange
    part-0.state.json    the exchange as it stood before that, and the plan that was in force
    sound-0-heard.wav    what the line's detectors listened to, 8 kHz
    sound-0-played.wav   what was played to the line meanwhile

A long call has several parts and the middle is left out. Every member has its checksum: a bundle that is
damaged is refused as a whole.
"""

import io
import json
import struct
import wave
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.errors import PeerError
from gateway.model.actions import Action
from gateway.model.events import Event, Registered
from gateway.model.numbers import Now, PortId
from gateway.model.plain import Plain, PlainError, from_plain, to_plain, with_defaults
from gateway.model.plan import Plan
from gateway.records.recordings import SUFFIX
from gateway.runtime.trace import (
    Step,
    TraceError,
    TraceHeader,
    TraceReader,
    action_line,
    end_line,
    event_line,
    header_line,
)

FORMAT = 1
"""Version of the format; a reader refuses others."""
RATE_HZ = 8_000
SAMPLE_BYTES = 2
TICK_BYTES = 160
MOST_BYTES = 64 << 20
"""Of one member, unpacked; the recorder itself keeps far less."""
MOST_PARTS = 16
MOST_SOUNDS = 4_000

_SECRET_NAMES = frozenset({"secret", "password", "pin", "puk"})


class BundleError(PeerError):
    """A bundle cannot be understood: which file, why, and what to do."""

    def __init__(self, file: str, what: str) -> None:
        remedy = "copy it again, or export it anew with `cityline line record LINE export`"
        super().__init__(f"{file}: {what}; {remedy}")


@dataclass(frozen=True, slots=True)
class BundleHeader:
    """What a bundle is about. ``why``: "call", "disturbance" or "manual"; times are UTC in ns.

    ``marks`` are pairs of monotonic ns and the number of the tick that was next then; ``silenced`` are tick
    ranges in which digits of a conversation were taken out.
    """

    port: PortId
    node: int
    line: str
    why: str
    began_ns: int
    ended_ns: int
    audio: str
    marks: tuple[tuple[int, int], ...] = ()
    silenced: tuple[tuple[int, int], ...] = ()
    parts: int = 1
    cut: bool = False
    cityline: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of sound without a gap: ``generations`` are (tick, generation of the plan from there on)."""

    first_tick: int
    heard: bytes
    played: bytes
    generations: tuple[tuple[int, int], ...]

    @property
    def ticks(self) -> int:
        """How many ticks of 10 ms."""
        return len(self.heard) // TICK_BYTES


RecordedStep = tuple[Event | None, Now, list[Action]]


@dataclass(frozen=True, slots=True)
class Part:
    """Steps without a gap. ``exchange`` is its image before the first (None in a kept test), ``plan`` was in
    force; ``first_id`` and the events ``before`` bring a fresh exchange near that.
    """

    exchange: Plain
    plan: Plan
    steps: tuple[RecordedStep, ...]
    first_id: int = 1_000
    before: tuple[Registered, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A whole bundle as values. ``configuration`` is the office and board of the run."""

    header: BundleHeader
    configuration: TraceHeader
    parts: tuple[Part, ...]
    sounds: tuple[Sound, ...]
    expected: tuple[str, ...] = ()
    """Of a kept test: what the machines of the line say when they are driven with it."""


# --- writing -----------------------------------------------------------------------------------------------


def write_bundle(bundle: Bundle) -> bytes:
    """The file's content. Secrets of the configuration stay out of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        header = replace(bundle.header, parts=len(bundle.parts))
        expected: list[Plain] = list(bundle.expected)
        sounds: list[Plain] = [[sound.first_tick, to_plain(sound.generations)] for sound in bundle.sounds]
        about: Plain = {"bundle": to_plain(header), "sounds": sounds, "expected": expected}
        _put(file, "bundle.json", _json(about))
        first = _trace_header(bundle.configuration)
        for place, part in enumerate(bundle.parts):
            lines = [first, *_lines(part.steps), end_line("cut")]
            _put(file, f"part-{place}.jsonl", _encoded("".join(f"{line}\n" for line in lines)))
            state: dict[str, Plain] = {
                "plan": to_plain(part.plan),
                "first_id": part.first_id,
                "before": to_plain(part.before),
                "exchange": part.exchange,
            }
            _put(file, f"part-{place}.state.json", _json(state))
        for place, sound in enumerate(bundle.sounds):
            _put(file, f"sound-{place}-heard.wav", _wav(sound.heard))
            _put(file, f"sound-{place}-played.wav", _wav(sound.played))
    return out.getvalue()


def _lines(steps: tuple[RecordedStep, ...]) -> Iterator[str]:
    for event, now, actions in steps:
        yield event_line(event, now)
        yield from (action_line(action, now) for action in actions)


def _trace_header(configuration: TraceHeader) -> str:
    plain = json.loads(header_line(configuration))
    _forget_secrets(plain)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _forget_secrets(plain: object) -> None:
    if isinstance(plain, dict):
        for key, value in plain.items():
            if key in _SECRET_NAMES and isinstance(value, str):
                plain[key] = ""
            else:
                _forget_secrets(value)
    elif isinstance(plain, list):
        for value in plain:
            _forget_secrets(value)


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    # The same recording gives the same bytes: no time of writing.
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    file.writestr(entry, content)


def _json(value: object) -> bytes:
    return _encoded(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _wav(samples: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(RATE_HZ)
        file.writeframes(samples)
    return out.getvalue()


def is_bundle(path: Path) -> bool:
    """Whether a file means to be a bundle: by its name or its first bytes."""
    try:
        with path.open("rb") as file:
            return path.suffix == SUFFIX or file.read(4) == b"PK\x03\x04"
    except OSError:
        return path.suffix == SUFFIX


# --- reading -----------------------------------------------------------------------------------------------


def read_bundle(path: Path) -> Bundle:
    """The bundle in a file. Raises `BundleError`; for a trace in it that is none, `TraceError`."""
    try:
        with zipfile.ZipFile(path) as file:
            return _Reading(str(path), file).bundle()
    except OSError as error:
        raise BundleError(str(path), error.strerror or "cannot be read") from None
    except _DAMAGE as error:
        raise BundleError(
            str(path), f"is damaged or no bundle ({str(error) or type(error).__name__})"
        ) from None


_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    wave.Error,
    struct.error,
    EOFError,
    KeyError,
    IndexError,
    NotImplementedError,
    OverflowError,
    PlainError,
    RecursionError,
    RuntimeError,
    ValueError,
)
"""What zipfile and wave raise over a file that is not what it says (found by the fuzz test), and our own."""


class _Reading:
    def __init__(self, name: str, file: zipfile.ZipFile) -> None:
        self._name = name
        self._file = file

    def bundle(self) -> Bundle:
        """All of it."""
        about = self._json("bundle.json")
        plain = about["bundle"]
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            found = plain.get("format") if isinstance(plain, dict) else None
            raise BundleError(self._name, f"is of format {found!r}; this Cityline reads format {FORMAT}")
        header: BundleHeader = from_plain(plain, BundleHeader)
        listed = from_plain(about["sounds"], tuple[tuple[int, tuple[tuple[int, int], ...]], ...])
        if not 1 <= header.parts <= MOST_PARTS or len(listed) > MOST_SOUNDS:
            raise BundleError(self._name, f"has {header.parts} parts and {len(listed)} sounds")
        parts, configuration = self._parts(header.parts)
        sounds = [self._sound(place, *each) for place, each in enumerate(listed)]
        expected: tuple[str, ...] = from_plain(about["expected"], tuple[str, ...])
        return Bundle(header, configuration, parts, tuple(sounds), expected)

    def _parts(self, count: int) -> tuple[tuple[Part, ...], TraceHeader]:
        parts: list[Part] = []
        configurations: list[TraceHeader] = []
        for place in range(count):
            raw = self._up_to_date(self._read(f"part-{place}.jsonl"))
            reader = TraceReader(Path(f"{self._name}:part-{place}.jsonl"), raw)
            state = self._json(f"part-{place}.state.json")
            steps = tuple((step.event, step.now, list(step.actions)) for step in reader.steps())
            if not reader.ended:
                raise BundleError(self._name, f"part {place} has no end")
            plan: Plan = from_plain(state["plan"], Plan)
            first_id: int = from_plain(state["first_id"], int)
            before = from_plain(state["before"], tuple[Registered, ...])
            if not steps:
                raise BundleError(self._name, f"part {place} has no steps")
            parts.append(Part(state["exchange"], plan, steps, first_id, before))
            configurations.append(reader.header)
        return tuple(parts), configurations[0]

    def _up_to_date(self, raw: bytes) -> bytes:
        """A part's trace with the settings that came to be after it was recorded, at their defaults."""
        first, newline, rest = raw.partition(b"\n")
        plain = json.loads(first.decode("utf-8"))
        header = with_defaults(plain.get("trace"), TraceHeader) if isinstance(plain, dict) else None
        return _json({"trace": header}) + newline + rest

    def _sound(self, place: int, first_tick: int, generations: tuple[tuple[int, int], ...]) -> Sound:
        heard, played = (self._wav(f"sound-{place}-{stream}.wav") for stream in ("heard", "played"))
        ticks = [tick for tick, _ in generations]
        if len(heard) != len(played) or len(heard) % TICK_BYTES or not heard:
            raise BundleError(self._name, f"sound {place} is not whole ticks of both streams")
        if first_tick < 0 or ticks[:1] != [first_tick] or ticks != sorted(set(ticks)):
            raise BundleError(self._name, f"sound {place} does not say which plan was in force")
        return Sound(first_tick, heard, played, generations)

    def _wav(self, member: str) -> bytes:
        with wave.open(io.BytesIO(self._read(member)), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if form != (1, SAMPLE_BYTES, RATE_HZ):
                raise BundleError(self._name, f"{member} is not 16-bit mono at 8 kHz")
            return file.readframes(MOST_BYTES)

    def _json(self, member: str) -> Any:
        value = json.loads(self._read(member).decode("utf-8"))
        if not isinstance(value, dict):
            raise BundleError(self._name, f"{member} is not a JSON object")
        return value

    def _read(self, member: str) -> bytes:
        with self._file.open(member) as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise BundleError(self._name, f"{member} is longer than {MOST_BYTES} bytes")
        return content


@dataclass(slots=True)
class PartRun:
    """A part as `replay` takes it; implements `replay.Recorded`."""

    file: str
    header: TraceHeader
    part: Part
    ended: bool = True

    def steps(self) -> Iterator[Step]:
        """Every step; its line is where its event stands in the part's trace."""
        line = 2
        for event, now, actions in self.part.steps:
            yield Step(self.file, line, now, event, tuple(actions))
            line += 1 + len(actions)


__all__ = [
    "SUFFIX",
    "Bundle",
    "BundleError",
    "BundleHeader",
    "Part",
    "PartRun",
    "RecordedStep",
    "Sound",
    "TraceError",
    "is_bundle",
    "read_bundle",
    "write_bundle",
]

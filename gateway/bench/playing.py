"""Plays a story and judges it: verdict, ladder, and a WAV of what each party heard."""

import importlib
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway import __version__
from gateway.bench.ladder import Rung
from gateway.bench.office import MEDIA_ADDRESS, Office, Tamper, TooLateError, read_office
from gateway.bench.party import Party
from gateway.bench.stage import Check, Stage
from gateway.config.load import Configuration
from gateway.errors import CitylineError
from gateway.interfaces import JournalRow
from gateway.runtime.trace import TraceHeader, TraceWriter
from gateway.simulator.wires import RATE_HZ, SAMPLE_BYTES

STORIES = (
    "internal",
    "wrong-number",
    "busy",
    "off-hook",
    "city-in",
    "city-out",
    "far-end-hangup",
    "abandoned",
    "congestion",
    "queue",
    "hold",
    "rotary",
    "line-to-sip",
    "pairing",
    "caller-identity",
    "call-waiting",
    "modem",
    "farewells",
    "silence",
)


class UnknownStoryError(CitylineError):
    """There is no story of that name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a story."""

    name: str
    checks: tuple[Check, ...]
    ladder: tuple[Rung, ...]
    narration: tuple[str, ...]
    records: tuple[JournalRow, ...]
    virtual_s: float
    real_s: float
    cpu_s: float
    error: str = ""

    @property
    def passed(self) -> bool:
        """Something was checked, nothing failed, nothing broke."""
        return not self.error and bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def times_real(self) -> float:
        """How many times faster than real time it was played, by the processor's own time."""
        return self.virtual_s / max(self.cpu_s, 1e-9)

    def report(self) -> str:
        """For people: ladder, checks, verdict."""
        title = f"story {self.name}"
        lines = [title, "=" * len(title), "", *map(str, self.ladder), "", *map(str, self.checks)]
        if self.error:
            lines += ["", f"It broke off: {self.error}"]
        return "\n".join([*lines, "", self.summary()])

    def summary(self) -> str:
        """One line."""
        passed = sum(check.passed for check in self.checks)
        verdict = "PASSED" if self.passed else "FAILED"
        return (
            f"{self.name:15} {verdict}  {passed}/{len(self.checks)} checks, "
            f"{self.virtual_s:6.1f} s in {self.real_s:5.2f} s, {self.cpu_s:5.2f} s of processor time: "
            f"{self.times_real:.0f} times real time"
        )


def play(name: str, out_dir: Path | None = None, *, tamper: Tamper | None = None, seed: int = 1) -> Verdict:
    """Play the story ``name`` in virtual time.

    With ``out_dir`` a WAV for each party and the trace (for `cityline replay`) are written below it.

    ``tamper`` puts a deliberate fault between the exchange and the world. UnknownStoryError lists the names.
    """
    if name not in STORIES:
        raise UnknownStoryError(f"there is no story {name!r}; there are: {', '.join(STORIES)}, all")
    story = importlib.import_module(f"gateway.bench.stories.{name.replace('-', '_')}")
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    configuration = read_office(getattr(story, "OFFICE", "office"))
    trace = _trace(configuration, out_dir / name) if out_dir is not None else None
    office = Office(configuration, seed=seed, rotary=getattr(story, "ROTARY", ()), tamper=tamper, trace=trace)
    recorder = Recorder(office) if out_dir is not None else None
    stage = Stage(office)
    error = ""
    try:
        story.play(stage)
    except TooLateError as late:
        error = str(late)
    finally:
        if recorder is not None and out_dir is not None:
            recorder.write(out_dir / name)
        if trace is not None:
            trace.close()
        office.close()
    return Verdict(
        name,
        tuple(stage.checks),
        tuple(office.ladder.rungs),
        tuple(office.ladder.narration),
        tuple(office.journal.rows),
        office.now_ms / 1000,
        time.perf_counter() - began_s,
        time.process_time() - began_cpu_s,
        error,
    )


def _trace(configuration: Configuration, directory: Path) -> TraceWriter:
    header = TraceHeader(
        configuration.office.version,
        configuration.office,
        configuration.board,
        media_address=MEDIA_ADDRESS,
        cityline=__version__,
    )
    return TraceWriter(directory, header, on_trouble=_trouble)


def _trouble(text: str) -> None:
    raise CitylineError(text)


def play_all(out_dir: Path | None = None) -> Iterator[Verdict]:
    """Every story in turn."""
    for name in STORIES:
        yield play(name, out_dir)


class Recorder:
    """Keeps what each party hears, beyond the ears' own memory, and writes it as WAV files."""

    DRAIN_MS = 20_000

    def __init__(self, office: Office) -> None:
        self._office = office
        self._heard: dict[str, bytearray] = {}
        self._drain()

    def _parties(self) -> Iterator[Party]:
        yield from self._office.board.telephones.values()
        yield from self._office.sip_telephones.values()
        yield from self._office.board.city.lines
        yield from self._office.board.modems.mobiles.values()

    def _drain(self) -> None:
        for party in self._parties():
            kept = self._heard.setdefault(party.name, bytearray())
            device = party.ear.device
            kept += device.heard(len(kept) // SAMPLE_BYTES, device.position)
        self._office.clock.after_ms(self.DRAIN_MS, self._drain)

    def write(self, directory: Path) -> None:
        """One file for each party, 16-bit mono at 8 kHz."""
        self._drain()
        directory.mkdir(parents=True, exist_ok=True)
        for name, samples in self._heard.items():
            with wave.open(str(directory / f"{name.replace(' ', '-')}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(SAMPLE_BYTES)
                file.setframerate(RATE_HZ)
                file.writeframes(bytes(samples))

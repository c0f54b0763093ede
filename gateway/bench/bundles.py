"""Replays a bundle of the flight recorder on the bench, in virtual time, through the code that runs here.

Two things are claimed. The exchange, restored as it stood, answers the recorded events with the recorded
actions. And the signal core, a recording in place of the line, hears in the recorded sound what the gateway's
heard: the same digits, tones and callers, at the same times. Where the sound begins in the middle of
something (of a conversation only its decisive seconds are kept) the detectors start cold, and may decide
somewhat later.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from gateway.bench.driving import drive
from gateway.bench.listening import deaf, settings_for
from gateway.errors import CitylineError, PeerError
from gateway.exchange import Exchange
from gateway.media.core import SignalCore
from gateway.model.actions import ApplyPlan
from gateway.model.events import CallerIdHeard, DigitHeard, DigitStarted, NumberTold, ToneHeard
from gateway.model.numbers import NodeId
from gateway.model.plain import Plain, to_plain
from gateway.model.plan import Detectors, Plan, PlayerNode, PortNode
from gateway.runtime import replay as again
from gateway.runtime.bundle import Bundle, BundleError, Part, PartRun, Sound, read_bundle, write_bundle
from gateway.runtime.image import ImageError, restore_image
from gateway.runtime.trace import TraceHeader
from gateway.simulator.wires import Recording

Decision = DigitStarted | DigitHeard | ToneHeard | CallerIdHeard | NumberTold
TICK_NS = 10_000_000
LATE_TICKS = 100
"""From the tick of a decision until the gateway handled it: Python may have been busy for a second."""
EARLY_TICKS = 10
"""The time of a tick is known to some milliseconds, more where the audio thread had to catch up."""
COLD_TICKS = 100
"""Detectors that begin in the middle of something decide up to a second later than those that had it all."""
EDGE_TICKS = 30
"""At both ends of a sound: what was decided there may belong to what is not in it."""
LEVEL_DB = 0.5
TIME_MS = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """A decision of the signal core and when it was made: by tick, the recorded one as it was handled."""

    tick: int
    event: Decision


@dataclass(frozen=True, slots=True)
class SoundDifference:
    """The first place where the core hears something else: ``recorded`` or ``replayed`` is None when there is
    nothing.
    """

    sound: int
    recorded: Heard | None
    replayed: Heard | None


@dataclass(frozen=True, slots=True)
class BundleReport:
    """How a bundle's replay went: the same when there is no difference of either sort."""

    events: int
    actions: int
    decisions: int
    sound_s: float
    parts: int
    difference: again.ReplayReport | None
    sound_difference: SoundDifference | None

    @property
    def same(self) -> bool:
        """No difference."""
        return self.difference is None and self.sound_difference is None


def replay_bundle(path: Path) -> BundleReport:
    """Replay the bundle in a file. `BundleError` or `TraceError` for one that is damaged."""
    return replay_read(read_bundle(path), str(path))


def replay_read(bundle: Bundle, name: str) -> BundleReport:
    """Replay a bundle that was read; ``name`` is what differences call it."""
    events = actions = decisions = 0
    for place, part in enumerate(bundle.parts):
        report = _replay_part(bundle, part, f"{name}:part-{place}.jsonl")
        events, actions = events + report.steps, actions + report.actions
        if report.difference is not None:
            return BundleReport(events, actions, 0, 0.0, len(bundle.parts), report, None)
    listening = _Listening(bundle, name)
    for place, sound in enumerate(bundle.sounds):
        recorded, replayed = listening.recorded(sound), listening.replayed(sound)
        difference = listening.compare(place, sound, recorded, replayed)
        decisions += len(replayed)
        if difference is not None:
            return BundleReport(events, actions, decisions, 0.0, len(bundle.parts), None, difference)
    sound_s = sum(sound.ticks for sound in bundle.sounds) / 100
    return BundleReport(events, actions, decisions, sound_s, len(bundle.parts), None, None)


# --- the exchange ------------------------------------------------------------------------------------------


def _replay_part(bundle: Bundle, part: Part, name: str) -> again.ReplayReport:
    def make(header: TraceHeader) -> Exchange:
        try:
            restored = restore_image(part.exchange)
        except ImageError as error:
            version = bundle.header.cityline
            text = f"{error}. It was recorded by Cityline {version}; replay it with that"
            raise PeerError(f"{name}: {text}") from None
        if not isinstance(restored, Exchange):
            raise BundleError(name, "has no exchange in its state")
        return restored

    return again.replay(PartRun(name, bundle.configuration, part), make)


# --- the signal core ---------------------------------------------------------------------------------------


class _Listening:
    """A core that hears what the line's detectors heard."""

    def __init__(self, bundle: Bundle, name: str) -> None:
        header = bundle.header
        self._bundle = bundle
        self._name = name
        self._node = NodeId(header.node)
        self._plans = dict(self._all_plans())
        if header.node not in [port.node for port in bundle.configuration.board.ports]:
            raise BundleError(name, f"is about node {header.node}, which its board has not")
        if bundle.sounds and not header.marks:
            raise BundleError(name, "does not say when its sounds were")

    def _all_plans(self) -> Iterator[tuple[int, Plan]]:
        for part in self._bundle.parts:
            yield part.plan.generation, deaf(part.plan)
            for _, _, actions in part.steps:
                for action in actions:
                    if isinstance(action, ApplyPlan):
                        yield action.plan.generation, deaf(action.plan)

    def recorded(self, sound: Sound) -> list[Heard]:
        """What the gateway was told of this line while the sound sounded."""
        first, last = sound.first_tick, sound.first_tick + sound.ticks
        found = []
        for part in self._bundle.parts:
            for event, now, _ in part.steps:
                if isinstance(event, Decision) and event.node == self._node:
                    tick = self._tick_of(now.monotonic_ns)
                    if first <= tick < last + LATE_TICKS:
                        found.append(Heard(tick, event))
        return found

    def _tick_of(self, monotonic_ns: int) -> int:
        """The last tick before that time, by the nearest mark."""
        marks = self._bundle.header.marks
        mark_ns, mark_tick = min(marks, key=lambda mark: abs(mark[0] - monotonic_ns))
        return mark_tick + (monotonic_ns - mark_ns) // TICK_NS - 1

    def replayed(self, sound: Sound) -> list[Heard]:
        """What this core hears in it."""
        recording = Recording(sound.heard)
        core = SignalCore(settings_for(self._bundle.configuration, self._node, recording, sound.first_tick))
        try:
            for name in self._clips():
                core.load_clip(name, bytes(160))
            turns = dict(sound.generations)
            found = []
            for tick in range(sound.first_tick, sound.first_tick + sound.ticks):
                plan = self._plans.get(turns.get(tick, -1))
                if plan is not None:
                    core.apply(plan)
                core.tick()
                for event in core.events():
                    if isinstance(event, Decision) and event.node == self._node:
                        found.append(Heard(tick, event))
            return found
        finally:
            core.close()

    def _clips(self) -> set[str]:
        nodes = (node for plan in self._plans.values() for node in plan.nodes)
        return {node.clip for node in nodes if isinstance(node, PlayerNode)}

    # --- comparing ------------------------------------------------------------------------------------------

    def compare(
        self, place: int, sound: Sound, recorded: list[Heard], replayed: list[Heard]
    ) -> SoundDifference | None:
        """The first decision that only one of them has."""
        cold = self._begins_cold(sound)
        waiting = [one for one in replayed if not self._silenced(one.tick)]
        for one in recorded:
            if self._silenced(one.tick) or isinstance(one.event, DigitStarted):
                continue
            place_of = next((at for at, other in enumerate(waiting) if _alike(one, other, cold=cold)), None)
            if place_of is not None:
                waiting.pop(place_of)
            elif not self._at_an_edge(sound, one.tick):
                return SoundDifference(place, one, None)
        for other in waiting:
            unsaid = isinstance(other.event, DigitStarted) or cold
            if not unsaid and not self._at_an_edge(sound, other.tick):
                return SoundDifference(place, None, other)
        return None

    def _begins_cold(self, sound: Sound) -> bool:
        plan = self._plans.get(sound.generations[0][1])
        node = next((one for one in plan.nodes if one.id == self._node), None) if plan is not None else None
        return not isinstance(node, PortNode) or node.detectors is not Detectors.NONE

    def _silenced(self, tick: int) -> bool:
        return any(first <= tick <= last + LATE_TICKS for first, last in self._bundle.header.silenced)

    def _at_an_edge(self, sound: Sound, tick: int) -> bool:
        after, before = tick - sound.first_tick, sound.first_tick + sound.ticks - tick
        return after < EDGE_TICKS or before < EDGE_TICKS


def _alike(recorded: Heard, replayed: Heard, *, cold: bool) -> bool:
    late = recorded.tick - replayed.tick
    if not (-COLD_TICKS if cold else -EARLY_TICKS) <= late <= LATE_TICKS:
        return False
    match recorded.event, replayed.event:
        case DigitHeard() as one, DigitHeard() as other:
            near = all(
                abs(a - b) <= TIME_MS for a, b in ((one.start_ms, other.start_ms), (one.end_ms, other.end_ms))
            )
            return one.digit == other.digit and (cold or (near and _level(one, other)))
        case ToneHeard() as one, ToneHeard() as other:
            return (one.kind, one.present) == (other.kind, other.present) and (
                cold or abs(one.cycles - other.cycles) <= 1
            )
        case one, other:
            return one == other


def _level(one: DigitHeard, other: DigitHeard) -> bool:
    if one.level_dbm0 is None or other.level_dbm0 is None:
        return one.level_dbm0 is other.level_dbm0
    return abs(one.level_dbm0 - other.level_dbm0) <= LEVEL_DB


# --- keeping -----------------------------------------------------------------------------------------------


def keep_bundle(path: Path, directory: Path) -> Path:
    """Make a test of a bundle: a copy in ``directory`` that expects what the line does when it is driven with
    it now. CitylineError when that cannot be done.
    """
    if not directory.is_dir():
        raise CitylineError(f"{directory} is not there: keep bundles where Cityline's sources and tests are")
    bundle = read_bundle(path)
    kept = replace(bundle, parts=(replace(bundle.parts[0], exchange=None),), expected=drive(bundle))
    target = directory / path.name
    if target.exists():
        raise CitylineError(f"{target} is there already: rename the bundle first")
    target.write_bytes(write_bundle(kept))
    return target


def kept_difference(path: Path) -> str:
    """What a kept bundle's line does otherwise than it expects, with the first line that differs; empty when
    nothing does.
    """
    bundle = read_bundle(path)
    if not bundle.expected:
        raise BundleError(str(path), "expects nothing: it was not made by `cityline replay --keep`")
    for place, (expected, said) in enumerate(zip_longest(bundle.expected, drive(bundle)), 1):
        if expected != said:
            return f"{path}: line {place} differs:\n  expected  {expected}\n  now       {said}"
    return ""


# --- telling -----------------------------------------------------------------------------------------------


def report_text(report: BundleReport, name: str) -> str:
    """How it went, for people."""
    if report.difference is not None:
        return again.report_text(report.difference)
    if report.sound_difference is not None:
        difference = report.sound_difference
        return "\n".join(
            (
                f"{name}: sound {difference.sound}: the signal core decides otherwise:",
                f"  recorded  {_shown(difference.recorded)}",
                f"  replayed  {_shown(difference.replayed)}",
            )
        )
    return (
        f"The same: {report.events} events, {report.actions} actions in {report.parts} parts, "
        f"{report.decisions} decisions from {report.sound_s:.1f} s of sound."
    )


def _shown(heard: Heard | None) -> str:
    return "(nothing)" if heard is None else f"{heard.event} at tick {heard.tick}"


def report_plain(report: BundleReport) -> dict[str, Plain]:
    """How it went, as JSON values."""
    plain: dict[str, Plain] = {
        "same": report.same,
        "events": report.events,
        "actions": report.actions,
        "decisions": report.decisions,
        "sound_s": report.sound_s,
        "parts": report.parts,
    }
    if report.difference is not None:
        plain |= again.report_plain(report.difference)
    if report.sound_difference is not None:
        plain["sound_difference"] = to_plain(report.sound_difference)
    return plain

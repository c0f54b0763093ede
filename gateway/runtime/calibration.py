"""Gathers what ordinary calls show of each city line, and lets its detectors profit from the next call on.

It watches the pump's events and actions as the trace does, and decides nothing: `line.learning` says what is
believed, `media.tones.with_learned` what is then listened for. The exchange knows nothing of it, so a trace
replays as it was.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.drivers.line_knowledge import KnowledgeFile
from gateway.errors import CitylineError
from gateway.line import learning
from gateway.media.core import ToneLearner
from gateway.media.core_values import CoreStatistics, ToneDescriptor, ToneEnding
from gateway.media.tones import tone_plan, with_learned
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.actions import Action
from gateway.model.echo import EchoFigures
from gateway.model.events import Event
from gateway.model.learned import DialToneSeen, EndTone, IdentityScheme, LearnedFact, LineKnowledge
from gateway.model.numbers import CallId, NodeId, Now, PortId, ToneKind
from gateway.model.plain import Plain
from gateway.model.settings import BoardSettings, PortKind
from gateway.model.view import LineRow

EDGES_KEPT = 600
"""Of one call's ringing: two rings at 50 Hz and two edges a cycle."""
TELLING = (ToneKind.BUSY, ToneKind.CONGESTION)


class ListeningCore(Protocol):
    """What is needed of the signal core."""

    def take_ending(self, node: NodeId) -> bytes:
        """The last seconds of the port's newest call that is over, or nothing."""
        ...

    def listen_for(self, node: NodeId, tones: tuple[ToneDescriptor, ...]) -> None:
        """From the port's next call on."""
        ...

    def echo(self, node: NodeId) -> EchoFigures:
        """What the port's canceller has measured."""
        ...

    def statistics(self) -> CoreStatistics:
        """Levels as of the last tick."""
        ...


Measure = Callable[[bytes, bool], ToneEnding | None]
Notice = Callable[[PortId, str], None]


def measure_ending(samples: bytes, told: bool) -> ToneEnding | None:
    """What a call has ended in. Takes milliseconds."""
    return ToneLearner().hear_ending(samples, told=told)


@dataclass(slots=True)
class _Watched:
    """One city line: what this call has shown so far."""

    node: NodeId
    knowledge: LineKnowledge
    listens_for: tuple[ToneDescriptor, ...]
    edges_ns: list[int] = field(default_factory=list)
    scheme: IdentityScheme = IdentityScheme.UNSEEN
    told: bool = False
    seized_ms: int | None = None
    """When we closed the loop of a line that did not ring; None once dial tone has come."""


def begin_to_measure(name: str, lines: Sequence[LineRow], feed: Callable[[Event], None]) -> Plain:
    """Seize the idle city line on port ``name`` for a look; CitylineError when there is none."""
    row = next((row for row in lines if row.port == name), None)
    if row is None or row.kind is not PortKind.FXO or row.state != "idle":
        raise CitylineError(f"{name} is no city line that is idle now; see `cityline lines`")
    feed(ev.CalibrateLine(row.port))
    return None


class Calibration:
    """The learning of all city lines of a board. ``heard`` is the country's plan; ``known`` what the lines
    had learned before. Implements `runtime.pump.TraceSink`.
    """

    def __init__(
        self,
        board: BoardSettings,
        core: ListeningCore,
        heard: tuple[ToneDescriptor, ...],
        *,
        known: Mapping[PortId, LineKnowledge],
        on_notice: Notice,
        measure: Measure = measure_ending,
    ) -> None:
        self._core = core
        self._heard = heard
        self._measure = measure
        self._on_notice = on_notice
        self._left: dict[CallId, PortId] = {}
        self._lines = {
            port.port: _Watched(port.node, known.get(port.port, LineKnowledge(port.port)), heard)
            for port in board.ports
            if port.kind is PortKind.FXO
        }
        self._by_node = {line.node: line for line in self._lines.values()}
        for line in self._lines.values():
            self._apply(line)

    # --- what is to be seen ---------------------------------------------------------------------------------

    @property
    def knowledge(self) -> tuple[LineKnowledge, ...]:
        """What each line has learned, in the board's order."""
        return tuple(line.knowledge for line in self._lines.values())

    def facts(self, port: PortId) -> tuple[LearnedFact, ...]:
        """What a line has learned, for people; none for a port that is no city line."""
        line = self._lines.get(port)
        return () if line is None else learning.facts(line.knowledge)

    def unlearned(self, port: PortId) -> tuple[str, ...]:
        """What nothing is known of yet, of a city line."""
        line = self._lines.get(port)
        return () if line is None else learning.unlearned(line.knowledge)

    def shown(self) -> tuple[dict[PortId, tuple[LearnedFact, ...]], dict[PortId, tuple[str, ...]]]:
        """What every city line has learned, and what it has not."""
        ports = list(self._lines)
        return {port: self.facts(port) for port in ports}, {port: self.unlearned(port) for port in ports}

    # --- the pump's steps -----------------------------------------------------------------------------------

    def event(self, event: Event | None, now: Now) -> None:
        """Note what the world shows."""
        match event:
            case ev.RingEdge(port=port, at_ns=at_ns) if port in self._lines:
                edges = self._lines[port].edges_ns
                if len(edges) < EDGES_KEPT:
                    edges.append(at_ns)
            case ev.CallerIdHeard(node=node, scheme=scheme) if node in self._by_node:
                self._by_node[node].scheme = scheme
            case ev.ToneHeard(node=node, kind=kind, present=True) if node in self._by_node:
                if kind in TELLING:
                    self._by_node[node].told = True
                elif kind is ToneKind.DIAL:
                    self._take_dial_tone(self._by_node[node], now)

    def action(self, action: Action, now: Now) -> None:
        """Note what the exchange made of it."""
        match action:
            case act.SetLoop(port=port, closed=closed) if port in self._lines:
                line = self._lines[port]
                line.seized_ms = now.ms if closed and not line.edges_ns else None
                if closed:
                    self._take_ring(line)
            case act.LegEnded(call=call, port=port, node=node):
                self._left.setdefault(call, port)
                if port in self._lines:
                    line = self._lines[port]
                    line.knowledge = learning.with_echo(line.knowledge, self._core.echo(node))
            case act.CallEnded(call=call, evidence=evidence):
                line_left = self._lines.get(self._left.pop(call, PortId("")))
                if line_left is not None:
                    line_left.knowledge = learning.with_leaving(line_left.knowledge, evidence)

    def _take_dial_tone(self, line: _Watched, now: Now) -> None:
        """The first one after we seized the line; one at a call's end says that the far end is gone."""
        if line.seized_ms is not None:
            level_dbm0 = self._core.statistics().port(line.node).captured_dbm0
            seen = DialToneSeen(now.ms - line.seized_ms, round(level_dbm0, 1))
            line.knowledge, line.seized_ms = learning.with_dial_tone(line.knowledge, seen), None

    def _take_ring(self, line: _Watched) -> None:
        """Answered: this is how it rang. What had not rung was seized by us."""
        if line.edges_ns:
            line.knowledge = learning.with_ring(line.knowledge, line.edges_ns, line.scheme)
        line.edges_ns, line.scheme, line.told = [], IdentityScheme.UNSEEN, False

    # --- endings --------------------------------------------------------------------------------------------

    def endings(self) -> list[tuple[PortId, bytes, bool]]:
        """The calls that have ended since the last time: port, last seconds, whether their end was told."""
        taken = []
        for port, line in self._lines.items():
            samples = self._core.take_ending(line.node)
            if samples:
                taken.append((port, samples, line.told))
                line.told = False
        return taken

    def measured(self, samples: bytes, told: bool) -> EndTone | None:
        """What that call ended in. Takes milliseconds, and may be asked in another thread."""
        ending = self._measure(samples, told)
        if ending is None:
            return None
        return EndTone(
            ending.frequencies_hz,
            ending.on_ms,
            ending.off_ms,
            ending.level_dbm0,
            ending.cycles,
            ending.purity,
            told,
        )

    def learn(self, ended: Iterable[tuple[PortId, EndTone | None]]) -> None:
        """Take what was measured; the line listens accordingly from its next call on."""
        for port, tone in ended:
            line = self._lines[port]
            if tone is None:
                continue
            before = line.knowledge
            line.knowledge = learning.with_ending(before, tone)
            moved = learning.drift(before, line.knowledge)
            if moved:
                self._on_notice(port, moved)
            self._apply(line)

    def look(self) -> None:
        """All three at once, where nobody minds the milliseconds."""
        self.learn([(port, self.measured(samples, told)) for port, samples, told in self.endings()])

    def _apply(self, line: _Watched) -> None:
        wanted = with_learned(self._heard, learning.sure_tones(line.knowledge))
        if wanted != line.listens_for:
            self._core.listen_for(line.node, wanted)
            line.listens_for = wanted


async def learn_from_endings(
    calibration: Calibration, keep: Callable[[tuple[LineKnowledge, ...]], None]
) -> None:
    """What the calls that have just ended say of their lines; measured and kept in another thread."""
    learned = []
    for port, samples, told in calibration.endings():
        learned.append((port, await asyncio.to_thread(calibration.measured, samples, told)))
    if learned:
        calibration.learn(learned)
        await asyncio.to_thread(keep, calibration.knowledge)


def calibration_of(
    board: BoardSettings,
    core: ListeningCore,
    country: str,
    file: KnowledgeFile,
    alarm: Callable[[act.RaiseAlarm], None],
) -> Calibration:
    """The learning of a gateway's lines: with what the file knows, and drifts as alarms."""

    def note(port: PortId, text: str) -> None:
        follows = f"Its detectors follow; `cityline line show {port}`."
        alarm(act.RaiseAlarm(port, f"{port}: {text}. {follows}"))

    return Calibration(board, core, tone_plan(country).heard, known=file.read(), on_notice=note)

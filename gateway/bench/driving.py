"""Drives a line with what a bundle recorded: edges and sound into the twins, the same core, the same
exchange, in virtual time.

Nothing of what the gateway decided then is taken over: the exchange is a fresh one, its timers run on the
virtual clock, its plans go into the core, and the core hears the recorded sound. Other parties do what they
did. What comes out is what the line's machines say, in order: the expectation of a kept test, which survives
every change of the code that does not change what the line does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.bench.listening import deaf, settings_for
from gateway.exchange import Exchange
from gateway.interfaces import JournalRow
from gateway.media.core import SignalCore
from gateway.model.actions import Action, Narrate
from gateway.model.echo import EchoFigures
from gateway.model.events import (
    CallerIdHeard,
    DigitHeard,
    DigitsSent,
    DigitStarted,
    Event,
    HookEdge,
    LoopCurrent,
    NumberTold,
    PolarityReversed,
    PromptEnded,
    RingEdge,
    TimerExpired,
    ToneHeard,
    VoiceHeard,
)
from gateway.model.numbers import NS_PER_MS, NodeId, Now, PortId
from gateway.model.plan import Plan, PlayerNode
from gateway.runtime.bundle import TICK_BYTES, Bundle
from gateway.runtime.pump import Pump
from gateway.simulator.clock import VirtualClock
from gateway.simulator.wires import Recording

TICK_NS = 10 * NS_PER_MS
AFTER_TICKS = 500
"""Goes on so long after the last event: timers run out."""
CLIP = bytes(TICK_BYTES)
_FIGURE = re.compile(r"-?\d+\.\d+")
"""Levels differ in their last digit from one processor to the next."""

FROM_CORE = (DigitStarted, DigitHeard, ToneHeard, CallerIdHeard, NumberTold)


@dataclass(slots=True)
class _Lines:
    """Line modules that do nothing: what the lines did is recorded."""

    def start(self, sink: object) -> None:
        """No edges of its own."""

    def start_ringing(
        self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0
    ) -> None:
        """Nobody hears it."""

    def stop_ringing(self, port: PortId) -> None:
        """Nobody hears it."""

    def set_loop(self, port: PortId, closed: bool, breaks_ms: Sequence[int] = ()) -> None:
        """The city's answer is recorded."""

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        """Nobody sees it."""

    def stop(self) -> None:
        """Nothing to rest."""


@dataclass(slots=True)
class _Rest:
    """SIP and the journal, where nobody is."""

    def perform(self, action: Action) -> None:
        """Nobody receives it."""

    def append(self, row: JournalRow) -> None:
        """Nobody reads it."""

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class _Said:
    """What the machines of one line say; implements `pump.TraceSink`."""

    port: PortId
    lines: list[str] = field(default_factory=list)

    def event(self, event: Event | None, now: Now) -> None:
        """Only what is said counts."""

    def action(self, action: Action, now: Now) -> None:
        """Keep it when it is a machine of this line."""
        if isinstance(action, Narrate) and f"({self.port})" in action.line.partition("{")[0]:
            self.lines.append(_FIGURE.sub("#", action.line))


class _Core:
    """Takes plans for the core: without cancellers, and with every clip there is."""

    def __init__(self, core: SignalCore) -> None:
        self._core = core
        self._clips: set[str] = set()

    def apply(self, plan: Plan) -> None:
        """Put it in force."""
        for node in plan.nodes:
            if isinstance(node, PlayerNode) and node.clip not in self._clips:
                self._core.load_clip(node.clip, CLIP)
                self._clips.add(node.clip)
        self._core.apply(deaf(plan))

    def echo(self, node: NodeId) -> EchoFigures:
        """Nothing was cancelled."""
        return self._core.echo(node)


def drive(bundle: Bundle) -> tuple[str, ...]:
    """What the machines of the recorded line say when it is driven with the bundle's first part."""
    part = bundle.parts[0]
    configuration, node = bundle.configuration, NodeId(bundle.header.node)
    first_tick, sound = _timeline(bundle)
    core = SignalCore(settings_for(configuration, node, recording := Recording(sound), first_tick))
    began = part.steps[0][1]
    clock = VirtualClock(began.wall_ns)
    said = _Said(bundle.header.port)
    exchange = Exchange(
        configuration.office,
        configuration.board,
        media_address=configuration.media_address,
        first_id=part.first_id,
    )
    rest = _Rest()
    pump = Pump(exchange, clock, modules=_Lines(), core=_Core(core), sip=rest, journal=rest, trace=said)
    pump.start()
    for event in part.before:
        pump.feed(event)
    origin_ns = _time_of(bundle, first_tick)
    for step_event, now, _ in part.steps:
        if step_event is not None and not _is_ours(step_event, node):
            at_ns = now.monotonic_ns - origin_ns
            moved = _moved(step_event, origin_ns)
            clock.call_at(at_ns, lambda moved=moved: pump.feed(moved))  # type: ignore[misc]
    last_ns = part.steps[-1][1].monotonic_ns - origin_ns
    for tick in range(1, last_ns // TICK_NS + AFTER_TICKS):
        clock.advance(tick * TICK_NS)
        core.tick()
        for heard in core.events():
            if not isinstance(heard, VoiceHeard):  # as recorded: a conversation's sound is not in the bundle
                pump.feed(heard)
    core.close()
    del recording
    return tuple(said.lines)


def _is_ours(event: Event, node: NodeId) -> bool:
    """Whether the bench makes it itself."""
    if isinstance(event, TimerExpired | DigitsSent | PromptEnded):
        return True
    return isinstance(event, FROM_CORE) and event.node == node


def _moved(event: Event, origin_ns: int) -> Event:
    """An edge's own time, counted from the beginning of the bench's clock."""
    if isinstance(event, HookEdge | RingEdge | LoopCurrent | PolarityReversed):
        return replace(event, at_ns=event.at_ns - origin_ns)
    return event


def _timeline(bundle: Bundle) -> tuple[int, bytes]:
    """The first tick of all, and the line's sound from there on with silence where none was kept."""
    began_tick = _tick_at(bundle, bundle.parts[0].steps[0][1].monotonic_ns)
    first = min([began_tick, *(sound.first_tick for sound in bundle.sounds)])
    stream = bytearray()
    for sound in bundle.sounds:
        stream += bytes((sound.first_tick - first) * TICK_BYTES - len(stream))
        stream += sound.heard
    return first, bytes(stream)


def _tick_at(bundle: Bundle, monotonic_ns: int) -> int:
    marks = bundle.header.marks
    mark_ns, mark_tick = min(marks, key=lambda mark: abs(mark[0] - monotonic_ns))
    return max(0, mark_tick + (monotonic_ns - mark_ns) // TICK_NS)


def _time_of(bundle: Bundle, tick: int) -> int:
    """When that tick began, by the nearest mark."""
    mark_ns, mark_tick = min(bundle.header.marks, key=lambda mark: abs(mark[1] - tick))
    return mark_ns + (tick - mark_tick) * TICK_NS

"""The flight recorder: what every line did in its last calls, ready to be replayed.

It stands beside the trace (`pump.TraceSink`) and sees every step. While a line does something, a *flight* of
that line is open: the exchange's image from before its first step, every step since (`Reel`), and ticks of
the line's sound, which it fetches from the signal core every second. When the line has been at rest for a
while the flight becomes a `Bundle` and goes to whoever stores it.

Memory is bounded: a long call keeps its first and its last minutes. What is heard while two parties can hear
each other is nobody's business: of a conversation only the seconds before a decision of the tone receiver are
kept, unless the administrator says otherwise; and a digit that somebody presses in a call is written as 0,
its sound and its passing on too, so that no PIN is ever in a bundle.
"""

import logging
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.media.core_values import RecordedSound
from gateway.model.actions import Action, ApplyPlan, Narrate
from gateway.model.events import DigitHeard, DigitStarted, Event, Registered, ToneHeard, Unregistered
from gateway.model.machine import describe
from gateway.model.numbers import NS_PER_MS, NodeId, Now, PortId
from gateway.model.plain import Plain
from gateway.model.plan import DigitsNode, Node, Plan
from gateway.model.settings import RecordedAudio, RecorderSettings
from gateway.runtime.bundle import Bundle, BundleHeader, Part, RecordedStep, Sound
from gateway.runtime.image import take_image
from gateway.runtime.silencing import who_talks
from gateway.runtime.trace import TraceHeader

TICK_NS = 10 * NS_PER_MS
TICKS_A_SECOND = 100
PART_MS = 60_000
"""A new part begins after this; what is left out of a long call are whole parts."""
PART_STEPS = 5_000
IDLE_REEL_MS = 5_000
"""Steps that concern no line (SIP telephones among themselves) wait so long for one that does."""
FIRST_PARTS, LAST_PARTS = 2, 3
TICKS_KEPT = 4_000
"""Of a flight's sound at its beginning, and as many at its end: twice 40 s, 2.6 MB."""
DECISION_TICKS = 400
"""Of a conversation, before the tone receiver decides: two cycles of the slowest busy tone are 4 s."""
MARKS_KEPT = 64
SILENCE = bytes(160)
DIGIT_MARGIN_TICKS = 12
"""Before a digit is told: so long it takes to be recognised."""
_PRESSED = re.compile(r"(DigitPressed\(\S+ )\S")
"""A digit in a narration, as `model.machine.describe` writes it."""

_log = logging.getLogger(__name__)


class Core(Protocol):
    """What the recorder needs of the signal core."""

    def ticks(self) -> int:
        """Number of the next tick."""
        ...

    def recorded(self, node: NodeId, from_tick: int) -> RecordedSound | None:
        """Sound from that tick on, up to two seconds; None when there is none."""
        ...


class Watched(Protocol):
    """What the recorder needs of the exchange, besides its image."""

    def at_rest(self, port: PortId) -> bool:
        """Nobody uses the line and none of its timers runs."""
        ...

    def awake(self, port: PortId) -> bool:
        """The line is not idle: more than bounce has happened."""
        ...

    @property
    def passes_digits(self) -> bool:
        """A digit that somebody pressed in a call is on its way to another party."""
        ...

    @property
    def next_id(self) -> int:
        """The next id of its counter."""
        ...

    def registered(self) -> tuple[Registered, ...]:
        """Every SIP telephone that can be reached."""
        ...

    def dials_out(self, node: NodeId) -> bool:
        """This digits node sends the number of a call into a city line."""
        ...

    def dials(self, node: NodeId) -> bool:
        """Digits of this node are a number that is being dialled, and not somebody's secret."""
        ...


@dataclass(slots=True)
class Reel:
    """Steps since an image was taken."""

    exchange: Plain
    plan: Plan
    began_ns: int
    first_id: int
    before: tuple[Registered, ...]
    steps: list[RecordedStep] = field(default_factory=list)


Tick = tuple[int, int, bytes, bytes]
"""Number, generation of the plan, heard, played."""


@dataclass(slots=True)
class Flight:
    """What one line is doing."""

    port: PortId
    node: NodeId
    began: Now
    next_tick: int
    reels: list[Reel]
    manual: RecordedAudio | None = None
    awake: bool = False
    rests_ns: int | None = None
    cut: bool = False
    head: list[Tick] = field(default_factory=list)
    tail: deque[Tick] = field(default_factory=lambda: deque(maxlen=TICKS_KEPT))
    held_back: deque[Tick] = field(default_factory=lambda: deque(maxlen=DECISION_TICKS))
    decided_tick: int = -1
    silenced: list[tuple[int, int]] = field(default_factory=list)
    pressed_tick: int | None = None

    def keep(self, tick: Tick) -> None:
        """One more tick; of a long flight the middle goes."""
        if len(self.head) < TICKS_KEPT:
            self.head.append(tick)
            return
        self.cut = self.cut or len(self.tail) == TICKS_KEPT
        self.tail.append(tick)


Store = Callable[[Bundle], None]


class FlightRecorder:
    """Records every line of a board.

    ``survives_bugs``: an exception of ours ends the recorder, with a sentence for ``on_trouble``, and not the
    office; otherwise it is raised (the bench).
    """

    def __init__(
        self,
        configuration: TraceHeader,
        exchange: Watched,
        core: Core,
        *,
        store: Store,
        on_trouble: Callable[[str], None],
        survives_bugs: bool = False,
    ) -> None:
        self._configuration = configuration
        self._settings: RecorderSettings = configuration.office.recorder
        self._exchange = exchange
        self._core = core
        self._ticks = core.ticks
        self._store = store
        self._on_trouble = on_trouble
        self._survives_bugs = survives_bugs
        self._nodes = {port.port: port.node for port in configuration.board.ports}
        self._ports = {port.node: port.port for port in configuration.board.ports}
        self._names = _names(configuration)
        self._flights: dict[PortId, Flight] = {}
        self._reel: Reel | None = None
        self._plan = Plan()
        self._talking: dict[int, frozenset[NodeId]] = {0: frozenset()}
        self._dialled_nodes: set[NodeId] = set()
        self._mask: tuple[str, str] | None = None
        self._marks: deque[tuple[int, int]] = deque(maxlen=MARKS_KEPT)
        self._now = Now(0, 0)
        self._in_step = False
        self._off = self._settings.calls == 0

    @property
    def off(self) -> bool:
        """Nothing is recorded: the office wants it so, or the recorder has failed."""
        return self._off

    # --- the sink -------------------------------------------------------------------------------------------

    def event(self, event: Event | None, now: Now) -> None:
        """A step begins; the exchange has not had it yet."""
        self._guarded(self._take_event, event, now)

    def action(self, action: Action, now: Now) -> None:
        """An action of that step."""
        self._guarded(self._take_action, action, now)

    def look(self, now: Now) -> None:
        """Once a second: fetch sound, close the flights of lines that rest."""
        self._guarded(self._look, now)

    def _guarded(self, work: Callable[..., object], *given: object) -> None:
        """The recorder may fail, the office may not."""
        if self._off:
            return
        try:
            work(*given)
        except Exception as error:
            if not self._survives_bugs:
                raise
            self._off = True
            self._flights.clear()
            self._reel = None
            _log.exception("the flight recorder failed")
            text = f"The flight recorder has stopped: {error}. Restart Cityline, and tell the makers."
            self._on_trouble(text)

    def _take_event(self, event: Event | None, now: Now) -> None:
        self._end_step()
        self._now = now
        port = self._port_of(event)
        if self._reel is None and (event is None or isinstance(event, Registered | Unregistered)):
            return
        self._turn_reel(now)
        if port is not None:
            self._open(port, now)
            self._note_decision(self._flights[port], event)
        assert self._reel is not None
        self._reel.steps.append((self._without_secret(event), now, []))
        self._in_step = True

    def _take_action(self, action: Action, now: Now) -> None:
        if isinstance(action, ApplyPlan):
            action = self._take_plan(action)
        elif isinstance(action, Narrate) and self._mask is not None:
            line = action.line.replace(*self._mask)
            action = Narrate(_PRESSED.sub(r"\g<1>0", line))
        if self._reel is None:
            return
        self._reel.steps[-1][2].append(action)
        port: PortId | None = getattr(action, "port", None)
        if port is not None and port in self._nodes:
            self._open(port, now)

    def _look(self, now: Now) -> None:
        self._end_step()
        self._now = now
        self._marks.append((now.monotonic_ns, self._ticks()))
        for flight in tuple(self._flights.values()):
            self._fetch(flight)
            rests_ns = now.monotonic_ns if flight.rests_ns is None else flight.rests_ns
            rested_s = (now.monotonic_ns - rests_ns) / (1_000 * NS_PER_MS)
            if flight.manual is None and rested_s >= self._settings.after_s:
                self._close(flight)

    def stop(self) -> None:
        """The gateway ends: what is open is stored as it is."""
        self._guarded(self._stop)

    def _stop(self) -> None:
        self._end_step()
        for flight in tuple(self._flights.values()):
            self._fetch(flight)
            self._close(flight)

    # --- by hand --------------------------------------------------------------------------------------------

    @property
    def by_hand(self) -> dict[PortId, RecordedAudio]:
        """Lines that are recorded because somebody said so."""
        return {one.port: one.manual for one in self._flights.values() if one.manual is not None}

    def start_by_hand(self, port: PortId, audio: RecordedAudio, now: Now) -> None:
        """Record this line from now until `stop_by_hand`, whatever it does."""
        if self._off:
            return
        self._end_step()
        self._now = now
        if port in self._flights:
            self._fetch(self._flights[port])
            self._close(self._flights[port])
        self._turn_reel(now)
        self._open(port, now)
        self._flights[port].manual = audio

    def stop_by_hand(self, port: PortId, now: Now) -> bool:
        """Store it; False when it was not being recorded by hand."""
        flight = self._flights.get(port)
        if flight is None or flight.manual is None:
            return False
        self._end_step()
        self._now = now
        self._fetch(flight)
        self._close(flight)
        return True

    # --- steps ----------------------------------------------------------------------------------------------

    def _end_step(self) -> None:
        """The step before this is over: who rests now?"""
        self._mask, self._in_step = None, False
        for flight in self._flights.values():
            flight.awake = flight.awake or self._exchange.awake(flight.port)
            if not self._exchange.at_rest(flight.port):
                flight.rests_ns = None
            elif flight.rests_ns is None:
                flight.rests_ns = self._now.monotonic_ns
        if self._reel is not None and not self._flights:
            age_ms = (self._now.monotonic_ns - self._reel.began_ns) // NS_PER_MS
            if age_ms >= IDLE_REEL_MS and not self._exchange.passes_digits:
                self._reel = None

    def _turn_reel(self, now: Now) -> None:
        """The reel that takes the next step: a new one when there is none or it is full."""
        reel = self._reel
        if reel is not None:
            old = now.monotonic_ns - reel.began_ns >= PART_MS * NS_PER_MS
            # A digit that is on its way just now would be in the image; the reel before knows it as 0.
            if (not old and len(reel.steps) < PART_STEPS) or self._exchange.passes_digits:
                return
        before = self._exchange.registered()
        image = take_image(self._exchange)
        self._reel = Reel(image, self._plan, now.monotonic_ns, self._exchange.next_id, before)
        for flight in self._flights.values():
            flight.reels.append(self._reel)
            if len(flight.reels) > FIRST_PARTS + LAST_PARTS:
                flight.reels.pop(FIRST_PARTS)
                flight.cut = True

    def _open(self, port: PortId, now: Now) -> None:
        """A flight of this line, the one that is open or, when its last call is over, a new one."""
        flight = self._flights.get(port)
        if flight is not None:
            over = flight.awake and flight.rests_ns is not None and flight.manual is None
            if not over:
                return
            self._fetch(flight)
            self._close(flight)
        assert self._reel is not None
        before = self._settings.before_s * TICKS_A_SECOND
        first_tick = max(0, self._ticks() - before)
        self._flights[port] = Flight(port, self._nodes[port], now, first_tick, [self._reel])

    def _port_of(self, event: Event | None) -> PortId | None:
        port: PortId | None = getattr(event, "port", None)
        if port is not None:
            return port if port in self._nodes else None
        node: NodeId | None = getattr(event, "node", None)
        return self._ports.get(node) if node is not None else None

    # --- secrets --------------------------------------------------------------------------------------------

    def _without_secret(self, event: Event | None) -> Event | None:
        """A digit that is pressed in a call is a 0: it may be somebody's PIN."""
        if not isinstance(event, DigitHeard) or self._exchange.dials(event.node):
            return event
        masked = replace(event, digit="0")
        self._mask = (describe(event), describe(masked))
        return masked

    def _take_plan(self, action: ApplyPlan) -> ApplyPlan:
        """Note who hears whom; digits that are passed on are 0 in it."""
        plan = action.plan
        sends = {node.id for node in plan.nodes if isinstance(node, DigitsNode)}
        new = sends - self._dialled_nodes
        self._dialled_nodes = (sends & self._dialled_nodes) | set(filter(self._exchange.dials_out, new))
        if sends - self._dialled_nodes:
            plan = replace(plan, nodes=tuple(map(self._without_digits, plan.nodes)))
        self._plan = plan
        self._talking[plan.generation] = who_talks(plan)
        while len(self._talking) > PART_STEPS:
            self._talking.pop(next(iter(self._talking)))
        return ApplyPlan(plan)

    def _without_digits(self, node: Node) -> Node:
        """Digits that go into a line as its number stay; those that are passed on are 0."""
        if not isinstance(node, DigitsNode) or node.id in self._dialled_nodes:
            return node
        return replace(node, digits="0" * len(node.digits))

    # --- sound ----------------------------------------------------------------------------------------------

    def _note_decision(self, flight: Flight, event: Event | None) -> None:
        """A tone was recognised: the sound it was recognised in is kept. A digit in a call: its sound is
        not.
        """
        if isinstance(event, ToneHeard) and event.present:
            flight.decided_tick = self._ticks()
            for tick in flight.held_back:
                flight.keep(tick)
            flight.held_back.clear()
        elif isinstance(event, DigitStarted) and not self._exchange.dials(event.node):
            flight.pressed_tick = self._ticks() - DIGIT_MARGIN_TICKS
        elif isinstance(event, DigitHeard) and not self._exchange.dials(event.node):
            began = flight.pressed_tick
            if began is None:
                began = self._ticks() - DIGIT_MARGIN_TICKS - event.duration_ms // 10
            flight.silenced.append((began, self._ticks() + 1))
            flight.pressed_tick = None

    def _fetch(self, flight: Flight) -> None:
        """All that the core has of this line since the last time."""
        audio = flight.manual or self._settings.audio
        while audio is not RecordedAudio.NONE:
            sound = self._core.recorded(flight.node, flight.next_tick)
            if sound is None:
                return
            for place, generation in enumerate(sound.generations):
                at = slice(place * 160, place * 160 + 160)
                tick = (sound.first_tick + place, generation, sound.heard[at], sound.played[at])
                self._sort(flight, tick, audio)
            flight.next_tick = sound.first_tick + len(sound.generations)

    def _sort(self, flight: Flight, tick: Tick, audio: RecordedAudio) -> None:
        """Keep it, or hold it back because people talk."""
        talking = flight.node in self._talking.get(tick[1], frozenset((flight.node,)))
        decided = tick[0] <= flight.decided_tick
        if audio is RecordedAudio.ALL or not talking or decided:
            flight.keep(tick)
        else:
            flight.held_back.append(tick)

    # --- the end of a flight --------------------------------------------------------------------------------

    def _close(self, flight: Flight) -> None:
        del self._flights[flight.port]
        by_itself = "call" if flight.awake else "disturbance"
        why = by_itself if flight.manual is None else "manual"
        marks = (*self._marks, (self._now.monotonic_ns, self._ticks()))
        header = BundleHeader(
            port=flight.port,
            node=int(flight.node),
            line=self._names.get(flight.port, ""),
            why=why,
            began_ns=flight.began.wall_ns,
            ended_ns=self._now.wall_ns,
            audio=str(flight.manual or self._settings.audio),
            marks=marks,
            silenced=tuple(flight.silenced),
            cut=flight.cut,
            cityline=self._configuration.cityline,
        )
        # A reel goes on for other lines: this bundle has what there is of it now, in whole steps.
        reels = [(reel, list(reel.steps)) for reel in flight.reels]
        if self._in_step:
            reels[-1][1].pop()
        parts = tuple(
            Part(reel.exchange, reel.plan, tuple(steps), reel.first_id, reel.before)
            for reel, steps in reels
            if steps
        )
        if parts:
            self._store(Bundle(header, self._configuration, parts, _sounds(flight)))


def _names(configuration: TraceHeader) -> dict[PortId, str]:
    office = configuration.office
    names = {one.port: one.number for one in office.extensions if one.port is not None}
    return names | {line.port: line.name for line in office.city_lines}


def _sounds(flight: Flight) -> tuple[Sound, ...]:
    """Stretches without a gap, what was pressed in a call silenced."""
    sounds: list[list[Tick]] = []
    for tick in sorted([*flight.head, *flight.tail], key=lambda one: one[0]):
        if sounds and tick[0] == sounds[-1][-1][0] + 1:
            sounds[-1].append(tick)
        elif not sounds or tick[0] > sounds[-1][-1][0]:
            sounds.append([tick])
    return tuple(_sound(ticks, flight.silenced) for ticks in sounds)


def _sound(ticks: list[Tick], silenced: list[tuple[int, int]]) -> Sound:
    def heard(stream: int) -> bytes:
        return b"".join(
            SILENCE if any(first <= tick[0] <= last for first, last in silenced) else bytes(tick[stream])
            for tick in ticks
        )

    generations = [(tick[0], tick[1]) for tick in ticks]
    turns = [
        one for place, one in enumerate(generations) if place == 0 or one[1] != generations[place - 1][1]
    ]
    return Sound(ticks[0][0], heard(2), heard(3), tuple(turns))

"""The twin of the board's line modules: FXS modules of the Ag1171 kind, FXO modules of the Ag2130 kind.

Physics: a hook contact reaches SHK after 1 to 5 ms and bounces for 3 to 15 ms. Ringing is a plan: in each
burst RM goes high, then F/R toggles; a burst ends with F/R high and RM low 12 ms later (the data sheet wants
more than 10 ms). Off-hook in a burst makes SHK pulse at the ring's rate until RM is low; ringing must end
within 500 ms of that, and what rings on is a fault. A ring on an FXO line gives edges at twice its frequency;
loop current is seen 8 to 20 ms after the loop closes.
Sources: the facts on Ag1171 V1.0 and V1.6 and Ag2130; half of them from boards of others, see
docs/unproved.md.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import Bug
from gateway.interfaces import Clock, EventSink
from gateway.model.events import HookEdge, LoopCurrent, PolarityReversed, RingEdge, RingingPaused
from gateway.model.numbers import NS_PER_MS, PortId
from gateway.simulator.wires import Wire

RM_AFTER_FR_MS = 12.0
RING_TRIP_LIMIT_MS = 500
CONTACT_DELAY_MS = (1.0, 5.0)
BOUNCE_MS = (3.0, 15.0)
CURRENT_DELAY_MS = (8.0, 20.0)
RELAY_MS = 2.0
PINS_KEPT = 10_000
"""Pin changes kept for assertions: minutes of ringing; an office that runs for weeks may not grow."""

Power = Callable[[bool], None]
Wires = Callable[[bool, bool], None]
Cancel = Callable[[], None]


@dataclass(frozen=True, slots=True)
class PinChange:
    """A pin of a module took a level; for assertions against the data sheet."""

    at_ns: int
    port: PortId
    pin: str
    high: bool


@dataclass(slots=True)
class _Telephone:
    """An FXS socket: what is wired to it and how it stands."""

    on_power: Power
    on_wires: Wires
    contact: bool = False
    shk: bool = False
    rm: bool = False
    pulsing: bool = False
    reversed: bool = False
    fed: bool = True
    plan: int = 0
    rounds: int = 0
    over: bool = False
    frequency_hz: int = 25
    off_hook_ns: int | None = None
    pending: list[Cancel] = field(default_factory=list)


@dataclass(slots=True)
class _Line:
    """An FXO socket."""

    on_loop: Power
    closed: bool = False
    train: int = 0
    """Counts trains of breaks, and what ended them."""
    battery: bool = True
    current: bool = False
    ringing: bool = False
    ring_plan: int = 0


class SimulatedLineModules:
    """Implements `gateway.interfaces.LineModules`; `faults` lists what a real module would not forgive."""

    def __init__(self, clock: Clock, wires: Mapping[PortId, Wire], *, seed: int = 1) -> None:
        self.faults: list[str] = []
        self.pins: deque[PinChange] = deque(maxlen=PINS_KEPT)
        self._clock = clock
        self._wires = wires
        self._random = random.Random(seed)
        self._telephones: dict[PortId, _Telephone] = {}
        self._lines: dict[PortId, _Line] = {}
        self._sink: EventSink | None = None

    # --- the protocol ---------------------------------------------------------------------------------------

    def start(self, sink: EventSink) -> None:
        """Deliver events to ``sink`` from now on."""
        self._sink = sink

    def start_ringing(
        self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0
    ) -> None:
        """Ring the telephone in bursts: ``cadence_ms`` is on, off, on, off ..., again and again or ``rounds``
        times; those end with `RingingPaused`, when the power of the last burst is gone.
        """
        if len(cadence_ms) % 2 or not cadence_ms or min(cadence_ms) <= 0 or not 15 <= frequency_hz <= 68:
            raise Bug(f"{port}: cannot ring {tuple(cadence_ms)} ms at {frequency_hz} Hz")
        telephone = self._telephone(port)
        telephone.plan += 1
        telephone.over = False
        telephone.frequency_hz = frequency_hz
        telephone.rounds = rounds
        self._burst(port, tuple(cadence_ms), 0, telephone.plan)

    def stop_ringing(self, port: PortId) -> None:
        """F/R high at once, RM low 12 ms later."""
        telephone = self._telephone(port)
        telephone.plan += 1
        telephone.over = False
        self._end_burst(port)

    def set_loop(self, port: PortId, closed: bool, breaks_ms: Sequence[int] = ()) -> None:
        """Work the loop switch (LSC) of a city line, or the power of a telephone's module; the times of
        breaks are kept exactly, as the C thread of real pins keeps them.
        """
        if port in self._telephones:
            self._feed(port, closed)
            return
        line = self._city_line(port)
        line.train += 1
        if breaks_ms:
            self._break_loop(port, line, breaks_ms)
        elif line.closed != closed:
            self._switch_loop(port, line, closed)

    def _break_loop(self, port: PortId, line: _Line, breaks_ms: Sequence[int]) -> None:
        if min(breaks_ms) <= 0 or not line.closed:
            raise Bug(f"{port}: its loop cannot be worked by {tuple(breaks_ms)} ms")
        train, at_ms = line.train, 0.0
        for place, lasts_ms in enumerate((*breaks_ms, 0)):
            closed = place % 2 == 1 or place == len(breaks_ms)
            self._after(at_ms, lambda closed=closed: self._work(port, closed, train))  # type: ignore[misc]
            at_ms += lasts_ms

    def _work(self, port: PortId, closed: bool, train: int) -> None:
        line = self._city_line(port)
        if line.train == train and line.closed != closed:
            self._switch_loop(port, line, closed)

    def _switch_loop(self, port: PortId, line: _Line, closed: bool) -> None:
        line.closed = closed
        self._pin(port, "loop_switch", closed)
        self._after(RELAY_MS, lambda: self._loop_follows(port, closed))

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        """Work F/R outside ringing: reversed is low."""
        telephone = self._telephone(port)
        if telephone.reversed is reverse:
            return
        telephone.reversed = reverse
        if not telephone.rm:
            self._pin(port, "fr", not reverse)
        telephone.on_wires(telephone.fed, reverse)

    def stop(self) -> None:
        """All pins to their safe states: nothing rings, every loop is open, telephones are fed forward; no
        more is told.
        """
        for port, telephone in self._telephones.items():
            if telephone.rm:
                self.stop_ringing(port)
            self.set_polarity(port, False)
            self._feed(port, True)
        for port in self._lines:
            self.set_loop(port, False)
        self._sink = None

    # --- FXS: the telephone's side --------------------------------------------------------------------------

    def plug_telephone(
        self, port: PortId, on_power: Power, on_wires: Wires = lambda fed, reverse: None
    ) -> None:
        """Plug a telephone in; ``on_power`` tells it when ringing power comes and goes, ``on_wires`` when its
        wires are fed or not, and reversed or not.
        """
        self._telephones[port] = _Telephone(on_power, on_wires)

    def contact(self, port: PortId, closed: bool, bounce_ms: tuple[float, float] = BOUNCE_MS) -> None:
        """The telephone's contact closes (off-hook) or opens, with bounce."""
        telephone = self._telephone(port)
        for cancel in telephone.pending:
            cancel()
        telephone.pending.clear()
        at_ms = self._random.uniform(*CONTACT_DELAY_MS)
        end_ms = at_ms + self._random.uniform(*bounce_ms)
        level = closed
        while at_ms < end_ms:
            self._settle(port, at_ms, level)
            at_ms += self._random.uniform(0.2, 2.5)
            level = not level
        self._settle(port, end_ms, closed)

    def _settle(self, port: PortId, after_ms: float, level: bool) -> None:
        cancel = self._after(after_ms, lambda: self._take_contact(port, level))
        self._telephone(port).pending.append(cancel)

    def _take_contact(self, port: PortId, closed: bool) -> None:
        telephone = self._telephone(port)
        if telephone.contact == closed:
            return
        telephone.contact = closed
        telephone.off_hook_ns = self._clock.monotonic_ns() if closed else None
        self._wires[port].set_loop(closed and telephone.fed)
        if closed and telephone.rm:
            self._after(RING_TRIP_LIMIT_MS, lambda: self._check_trip(port))
        self._set_shk(port, closed and telephone.fed)
        if closed and telephone.rm:
            self._pulse(port)

    def _set_shk(self, port: PortId, high: bool) -> None:
        telephone = self._telephone(port)
        if telephone.shk == high:
            return
        telephone.shk = high
        self._emit(HookEdge(port, high, self._clock.monotonic_ns()))

    # --- FXS: ringing ---------------------------------------------------------------------------------------

    def _burst(self, port: PortId, cadence_ms: tuple[int, ...], place: int, plan: int) -> None:
        telephone = self._telephone(port)
        if telephone.plan != plan:
            return
        if place % 2 == 0:
            self._begin_burst(port)
        else:
            self._end_burst(port)
        following = (place + 1) % len(cadence_ms)
        if place == len(cadence_ms) - 1 and telephone.rounds:
            telephone.rounds -= 1
            if not telephone.rounds:
                telephone.over = True  # `_drop_rm` tells
                return
        self._after(cadence_ms[place], lambda: self._burst(port, cadence_ms, following, plan))

    def _begin_burst(self, port: PortId) -> None:
        telephone = self._telephone(port)
        if telephone.rm:
            return
        telephone.rm = True
        self._pin(port, "rm", True)
        self._pin(port, "fr", False)
        self._wires[port].set_ringing(True, telephone.frequency_hz)
        telephone.on_power(True)
        if telephone.contact:
            self._check_trip(port)
            self._after(RING_TRIP_LIMIT_MS, lambda: self._check_trip(port))
            self._pulse(port)

    def _end_burst(self, port: PortId) -> None:
        telephone = self._telephone(port)
        if not telephone.rm:
            return
        self._pin(port, "fr", not telephone.reversed)
        plan = telephone.plan
        self._after(RM_AFTER_FR_MS, lambda: self._drop_rm(port, plan))

    def _drop_rm(self, port: PortId, plan: int) -> None:
        telephone = self._telephone(port)
        if telephone.plan != plan or not telephone.rm:
            return
        telephone.rm = False
        self._pin(port, "rm", False)
        self._wires[port].set_ringing(False)
        telephone.on_power(False)
        self._set_shk(port, telephone.contact and telephone.fed)
        if telephone.over:
            telephone.over = False
            self._emit(RingingPaused(port))

    def _feed(self, port: PortId, fed: bool) -> None:
        """Without power the module sees no current, and the telephone hears nothing."""
        telephone = self._telephone(port)
        if telephone.fed is fed:
            return
        telephone.fed = fed
        self._pin(port, "pd", not fed)
        self._wires[port].set_loop(telephone.contact and fed)
        telephone.on_wires(fed, telephone.reversed)
        self._set_shk(port, telephone.contact and fed)

    def _pulse(self, port: PortId) -> None:
        """SHK of a telephone that is off-hook while it is rung: a square at the ring's rate."""
        telephone = self._telephone(port)
        if telephone.pulsing:
            return
        telephone.pulsing = True
        half_ms = 500.0 / telephone.frequency_hz
        self._after(half_ms, lambda: self._pulse_edge(port))

    def _pulse_edge(self, port: PortId) -> None:
        telephone = self._telephone(port)
        telephone.pulsing = False
        if telephone.rm and telephone.contact:
            self._set_shk(port, not telephone.shk)
            self._pulse(port)

    def _check_trip(self, port: PortId) -> None:
        telephone = self._telephone(port)
        if not telephone.rm or telephone.off_hook_ns is None:
            return
        rung_ms = (self._clock.monotonic_ns() - telephone.off_hook_ns) / NS_PER_MS
        if rung_ms >= RING_TRIP_LIMIT_MS:
            self.faults.append(
                f"{port} is rung although its telephone has been off-hook for {rung_ms:.0f} ms"
            )

    # --- FXO: the city's side -------------------------------------------------------------------------------

    def connect_line(self, port: PortId, on_loop: Power) -> None:
        """Connect a city line; ``on_loop`` tells its exchange that our loop has closed or opened."""
        self._lines[port] = _Line(on_loop)

    def ring_line(self, port: PortId, on: bool, frequency_hz: int = 25) -> None:
        """The city puts ringing power on the line, or takes it away."""
        line = self._city_line(port)
        line.ring_plan += 1
        line.ringing = on
        self._wires[port].set_ringing(on, frequency_hz)
        if on:
            self._ring_edge(port, 500.0 / frequency_hz, line.ring_plan)

    def set_battery(self, port: PortId, present: bool) -> None:
        """The city takes the battery away (a loop break) or gives it back."""
        self._city_line(port).battery = present
        self._current_follows(port)

    def reverse(self, port: PortId) -> None:
        """The city reverses the polarity of the line."""
        self._emit(PolarityReversed(port, self._clock.monotonic_ns()))

    def _ring_edge(self, port: PortId, half_ms: float, plan: int) -> None:
        line = self._city_line(port)
        if line.ring_plan != plan or not line.ringing:
            return
        if not line.closed:
            self._emit(RingEdge(port, self._clock.monotonic_ns()))
        self._after(half_ms, lambda: self._ring_edge(port, half_ms, plan))

    def _loop_follows(self, port: PortId, closed: bool) -> None:
        line = self._city_line(port)
        self._wires[port].set_loop(closed)
        line.on_loop(closed)
        self._current_follows(port)

    def _current_follows(self, port: PortId) -> None:
        self._after(self._random.uniform(*CURRENT_DELAY_MS), lambda: self._take_current(port))

    def _take_current(self, port: PortId) -> None:
        line = self._city_line(port)
        flows = line.closed and line.battery
        if flows != line.current:
            line.current = flows
            self._emit(LoopCurrent(port, flows, self._clock.monotonic_ns()))

    # --- both -----------------------------------------------------------------------------------------------

    def _telephone(self, port: PortId) -> _Telephone:
        if port not in self._telephones:
            raise Bug(f"{port} is no telephone socket of this board")
        return self._telephones[port]

    def _city_line(self, port: PortId) -> _Line:
        if port not in self._lines:
            raise Bug(f"{port} is no city line of this board")
        return self._lines[port]

    def _emit(self, event: HookEdge | RingEdge | LoopCurrent | PolarityReversed | RingingPaused) -> None:
        if self._sink is not None:
            self._sink(event)

    def _pin(self, port: PortId, pin: str, high: bool) -> None:
        self.pins.append(PinChange(self._clock.monotonic_ns(), port, pin, high))

    def _after(self, delay_ms: float, callback: Callable[[], None]) -> Cancel:
        return self._clock.call_at(self._clock.monotonic_ns() + round(delay_ms * NS_PER_MS), callback)

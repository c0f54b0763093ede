"""What the edges of a hook contact were: a lift, a hang-up, a flash, a dial pulse, or nothing but bounce.

Decided from the time stamps of edges, never from when they arrived, and *before* anybody asks what to do:

=========================  ==================================================================================
contact                    reading
=========================  ==================================================================================
closed for 10 ms           off-hook; anything shorter is bounce
open for under 8 ms        bounce (a pulse of 22 a second with 20 % break lasts 9 ms)
open for up to 110 ms      a dial pulse (8 a second with 80 % break: 100 ms), where digits are expected or as
                           one of a train; a lone break from flash_min up, in a conversation, is a flash
open for flash_min .. max  a flash
open for flash_max         on-hook; so a hang-up takes that long to be believed
=========================  ==================================================================================

While the bell has power the module's hook detector pulses at once or twice the ringing frequency as soon as
the handset is lifted (Ag1171: debounce 10 ms): there closed time is *added up*, blips left out, and 10 ms of
it within a few periods is ring trip. It goes on pulsing until the power is off, so for a while after the trip
only the last level counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from gateway.model.events import HookEdge
from gateway.model.machine import Machine, Row, StateTimer, Step
from gateway.model.numbers import NS_PER_MS

DEBOUNCE_MS = 10
"""Closed for this long, in one piece or (ringing) in sum, is a lifted handset (Ag1171 data sheet)."""
BREAK_MIN_MS = 8
"""Shorter openings are bounce: the shortest pulse we take is 20 % of 1/22 s = 9.1 ms."""
MAKE_MIN_MS = 5
"""A closing shorter than this inside a break is its bounce."""
PULSE_BREAK_MAX_MS = 110
"""The longest pulse we take is 80 % of 1/8 s = 100 ms."""
PULSE_GAP_MS = 150
"""Closed for longer than this ends a digit: the longest make inside one is 80 % of 1/8 s = 100 ms."""
BLIP_MAX_MS = 4
"""Closed for less than this while ringing is a blip that the module's own F/R edges make (hardware facts)."""
TRIP_WINDOW_MS = 60
"""Open for this long while ringing: what was added up so far were blips of the ringing, not a handset."""
RETURN_MS = 300
"""From the current's return until the detector has said who is off hook (Ag1171: 15 ms; a module that begins
anew takes longer)."""
TRIP_SETTLE_MS = 150
"""The detector may pulse for this long after ring trip, until the module's ringing power is off."""


@dataclass(frozen=True, slots=True)
class OffHook:
    """The handset was lifted."""


@dataclass(frozen=True, slots=True)
class OnHook:
    """The handset was put back."""


@dataclass(frozen=True, slots=True)
class Flash:
    """A short break on purpose."""


@dataclass(frozen=True, slots=True)
class PulseBegan:
    """The first dial pulse of a digit: dial tone stops here."""


@dataclass(frozen=True, slots=True)
class PulseDigit:
    """A whole digit from a rotary dial, ``0-9``."""

    digit: str


HookReading = OffHook | OnHook | Flash | PulseBegan | PulseDigit


@dataclass(frozen=True, slots=True)
class Closed:
    """The contact closed."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The contact opened."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class PowerOn:
    """The bell gets its power."""


@dataclass(frozen=True, slots=True)
class PowerOff:
    """The bell's power goes, unanswered."""


@dataclass(frozen=True, slots=True)
class LoopBroken:
    """We take the current away: what the detector says is not the handset's doing."""


@dataclass(frozen=True, slots=True)
class LoopFed:
    """The current is back."""


@dataclass(frozen=True, slots=True)
class HookSettings:
    """The flash range of one extension: longer than a flash is a hang-up."""

    flash_min_ms: int = 80
    flash_max_ms: int = 500


FLASH_MS = {"us": (80, 1_000), "ca": (80, 1_000), "nz": (80, 800)}
"""Where a country's telephones send longer ones: 300 to 1000 ms in North America, 500 to 800 in New Zealand
(general knowledge, no written source). Elsewhere they last 50 to 310 ms, which the default covers from 80 on:
shorter ones cannot be told from dial pulses.
"""


def flash_window(country: str) -> tuple[int, int]:
    """The shortest and the longest flash of that country, in ms."""
    usual = HookSettings()
    return FLASH_MS.get(country, (usual.flash_min_ms, usual.flash_max_ms))


class HookReader(Protocol):
    """Who wants to know."""

    @property
    def expects_digits(self) -> bool:
        """Whether a lone short break is a dialled 1 rather than a flash."""
        ...

    def take(self, event: object, step: Step) -> bool:
        """Take a `HookReading`."""
        ...


class HookState(Enum):
    """Where the contact is, as far as its edges are understood."""

    ON_HOOK = auto()
    CLOSING = auto()  # closed, perhaps only bouncing
    RUNG = auto()  # on hook with ringing power
    TRIP_CLOSED = auto()  # ringing, the detector says closed
    TRIP_OPEN = auto()  # ringing, it said closed a moment ago
    SETTLING = auto()  # tripped; the detector still pulses with the ringing
    OFF_HOOK = auto()
    BREAK = auto()  # open: bounce, pulse, flash or hang-up
    MAKE = auto()  # closed again: the break is over unless this is its bounce
    BROKEN = auto()  # we have broken the loop: the detector sees nothing
    RETURNING = auto()  # the current is back: the detector says soon whether the handset is off


H = HookState
DEBOUNCE = StateTimer("debounce", (H.CLOSING,), DEBOUNCE_MS, "closed in one piece: the handset is lifted")
TRIP = StateTimer("trip", (H.TRIP_CLOSED,), DEBOUNCE_MS, "closed in sum while ringing: ring trip")
TRIP_WINDOW = StateTimer("trip_window", (H.TRIP_OPEN,), TRIP_WINDOW_MS, "open while ringing: only blips")
SETTLE = StateTimer("settle", (H.SETTLING,), TRIP_SETTLE_MS, "pulsing after ring trip is over by now")
HANG_UP = StateTimer("hang_up", (H.BREAK,), 500, "open beyond the longest flash: on-hook")
RETURN = StateTimer(
    "return", (H.RETURNING,), RETURN_MS, "after our own break of the loop: whoever is off hook is seen by now"
)
GAP = StateTimer("gap", (H.MAKE,), PULSE_GAP_MS, "closed beyond the longest make: the digit is whole")


class Hook(Machine[HookState]):
    """The contact of one telephone."""

    kind = "hook"
    initial = H.ON_HOOK
    timers = (DEBOUNCE, TRIP, TRIP_WINDOW, SETTLE, HANG_UP, RETURN, GAP)
    rows = (
        Row(H.ON_HOOK, Closed, H.CLOSING, "close"),
        Row(H.ON_HOOK, PowerOn, H.RUNG, "stay"),
        Row(H.CLOSING, DEBOUNCE, H.OFF_HOOK, "lift"),
        Row(H.CLOSING, Opened, (H.ON_HOOK, H.BREAK), "bounce_or_late_lift"),
        Row(H.CLOSING, PowerOn, H.TRIP_CLOSED, "begin_adding"),
        Row(H.RUNG, Closed, H.TRIP_CLOSED, "close_under_power"),
        Row(H.RUNG, PowerOff, H.ON_HOOK, "stay"),
        Row(H.TRIP_CLOSED, TRIP, H.SETTLING, "trip"),
        Row(H.TRIP_CLOSED, Opened, (H.TRIP_OPEN, H.SETTLING), "add_up"),
        Row(H.TRIP_CLOSED, PowerOff, H.CLOSING, "stay"),
        Row(H.TRIP_OPEN, Closed, H.TRIP_CLOSED, "close"),
        Row(H.TRIP_OPEN, TRIP_WINDOW, H.RUNG, "stay"),
        Row(H.TRIP_OPEN, PowerOff, H.ON_HOOK, "stay"),
        Row(H.SETTLING, Closed, H.SETTLING, "close"),
        Row(H.SETTLING, Opened, H.SETTLING, "open"),
        Row(H.SETTLING, SETTLE, (H.OFF_HOOK, H.BREAK), "settle"),
        Row(H.OFF_HOOK, Opened, H.BREAK, "open"),
        Row(H.BREAK, Closed, (H.OFF_HOOK, H.MAKE, H.CLOSING), "end_break"),
        Row(H.BREAK, HANG_UP, H.ON_HOOK, "hang_up"),
        Row(H.MAKE, Opened, H.BREAK, "next_break"),
        Row(H.MAKE, GAP, H.OFF_HOOK, "finish"),
        Row((H.OFF_HOOK, H.BREAK, H.MAKE), LoopBroken, H.BROKEN, "begin_own_break"),
        Row(H.BROKEN, Closed, H.BROKEN, "close"),
        Row(H.BROKEN, Opened, H.BROKEN, "open"),
        Row(H.BROKEN, LoopFed, H.RETURNING, "stay"),
        Row(H.RETURNING, Closed, H.RETURNING, "close"),
        Row(H.RETURNING, Opened, H.RETURNING, "open"),
        Row(H.RETURNING, RETURN, (H.OFF_HOOK, H.ON_HOOK), "end_own_break"),
    )

    def __init__(self, name: str, settings: HookSettings, reader: HookReader) -> None:
        super().__init__(name)
        self._settings = settings
        self._reader = reader
        self._closed = False
        self._closed_ns = 0
        self._opened_ns = 0
        self._added_up_ns = 0
        self._break_ms = 0.0
        self._pulses = 0
        self._told_of_pulse = False

    def edge(self, edge: HookEdge, step: Step) -> None:
        """Take an edge as the driver saw it; the same level twice (an edge was lost) changes nothing."""
        self.take(Closed(edge.at_ns) if edge.off_hook else Opened(edge.at_ns), step)

    @property
    def on_hook(self) -> bool:
        """Whether the handset lies where it belongs, as far as is known."""
        return self.state in (H.ON_HOOK, H.CLOSING, H.RUNG, H.TRIP_CLOSED, H.TRIP_OPEN)

    def break_loop(self, broken: bool, step: Step) -> None:
        """We break the loop of a handset that is off, or feed it again."""
        event = LoopBroken() if broken else LoopFed()
        if self.permits(type(event)):
            self.take(event, step)

    def power(self, on: bool, step: Step) -> None:
        """The bell's power comes or goes; it matters only while the handset lies on its hook."""
        event = PowerOn() if on else PowerOff()
        if self.permits(type(event)):
            self.take(event, step)

    # --- lifting --------------------------------------------------------------------------------------------

    def stay(self, event: object, step: Step) -> None:
        """Nothing but the state changes."""

    def close(self, event: Closed, step: Step) -> None:
        """Note when it closed."""
        self._closed, self._closed_ns = True, event.at_ns

    def open(self, event: Opened, step: Step) -> None:
        """Note when it opened."""
        self._closed, self._opened_ns = False, event.at_ns

    def lift(self, event: object, step: Step) -> None:
        """Closed long enough."""
        self._forget_digit()
        self._tell(OffHook(), step)

    def bounce_or_late_lift(self, event: Opened, step: Step) -> HookState:
        """Open again: bounce, unless it had been closed long enough and the timer is only late."""
        self.open(event, step)
        if self._ms(self._closed_ns, event.at_ns) < DEBOUNCE_MS:
            return H.ON_HOOK
        self.lift(event, step)
        return H.BREAK

    # --- ring trip ------------------------------------------------------------------------------------------

    def begin_adding(self, event: object, step: Step) -> None:
        """From here on closed time counts in sum."""
        self._added_up_ns = 0

    def close_under_power(self, event: Closed, step: Step) -> None:
        """Closed for the first time under power."""
        self.begin_adding(event, step)
        self.close(event, step)

    def add_up(self, event: Opened, step: Step) -> HookState:
        """Open again with the ringing: what was closed counts, unless it was a blip of the module."""
        if self._ms(self._closed_ns, event.at_ns) >= BLIP_MAX_MS:
            self._added_up_ns += event.at_ns - self._closed_ns
        self.open(event, step)
        if self._added_up_ns < DEBOUNCE_MS * NS_PER_MS:
            return H.TRIP_OPEN
        self.trip(event, step)
        return H.SETTLING

    def trip(self, event: object, step: Step) -> None:
        """Lifted while ringing."""
        self.lift(event, step)

    def settle(self, event: object, step: Step) -> HookState:
        """The ringing is over: what the contact says now is what it is."""
        return H.OFF_HOOK if self._closed else H.BREAK

    # --- breaks ---------------------------------------------------------------------------------------------

    def end_break(self, event: Closed, step: Step) -> HookState:
        """Closed again: after bounce all is as it was; after more, MAKE waits for what comes next."""
        lasted_ms = self._ms(self._opened_ns, event.at_ns)
        if lasted_ms >= self._settings.flash_max_ms:
            self.hang_up(event, step)
            self.close(event, step)
            return H.CLOSING
        if lasted_ms < BREAK_MIN_MS:
            self._closed = True
            return H.MAKE if self._pulses else H.OFF_HOOK
        self.close(event, step)
        self._break_ms = lasted_ms
        if not self._told_of_pulse and self._reader.expects_digits and lasted_ms <= PULSE_BREAK_MAX_MS:
            self._told_of_pulse = True
            self._tell(PulseBegan(), step)
        return H.MAKE

    def hang_up(self, event: object, step: Step) -> None:
        """Open too long for a flash. Pulses that made no whole digit are forgotten."""
        self._forget_digit()
        self._tell(OnHook(), step)

    def next_break(self, event: Opened, step: Step) -> None:
        """Open again: after a bounce the same break goes on; otherwise the last one was one of a train."""
        make_ms = self._ms(self._closed_ns, event.at_ns)
        self._closed = False
        if make_ms < MAKE_MIN_MS and self._break_ms:
            self._break_ms = 0.0
            return
        if make_ms >= PULSE_GAP_MS:
            self.finish(event, step)
        elif self._break_ms:
            self._count(step, in_train=True)
        self._opened_ns = event.at_ns

    def finish(self, event: object, step: Step) -> None:
        """Closed for good: the last break is over, and so is the digit."""
        if self._break_ms:
            self._count(step, in_train=self._pulses > 0)
        self._end_digit(step)

    def _count(self, step: Step, *, in_train: bool) -> None:
        """Say what the break that is over was: decided here, once."""
        lasted_ms, self._break_ms = self._break_ms, 0.0
        could_be_pulse = lasted_ms <= PULSE_BREAK_MAX_MS
        could_be_flash = lasted_ms >= self._settings.flash_min_ms
        if could_be_pulse and (in_train or self._reader.expects_digits or not could_be_flash):
            self._pulses += 1
        elif could_be_flash:
            self._end_digit(step)
            self._tell(Flash(), step)

    def _end_digit(self, step: Step) -> None:
        """The pulses so far are a digit; more than ten are none."""
        pulses = self._pulses
        self._forget_digit()
        if 1 <= pulses <= 10:
            self._tell(PulseDigit(str(pulses % 10)), step)

    def _forget_digit(self) -> None:
        self._pulses, self._break_ms, self._told_of_pulse = 0, 0.0, False

    # --- our own breaks of the loop -------------------------------------------------------------------------

    def begin_own_break(self, event: LoopBroken, step: Step) -> None:
        """A digit that was on its way is none."""
        self._forget_digit()
        self._closed = False

    def end_own_break(self, timer: StateTimer, step: Step) -> HookState:
        """The handset was put down meanwhile, or it is off as before."""
        if self._closed:
            return H.OFF_HOOK
        self._tell(OnHook(), step)
        return H.ON_HOOK

    # --- small things ---------------------------------------------------------------------------------------

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """Timers count from the edge, not from when it arrived."""
        if timer is HANG_UP:
            return self._left(self._settings.flash_max_ms, self._opened_ns, step)
        if timer is TRIP:
            return self._left(DEBOUNCE_MS, self._closed_ns - self._added_up_ns, step)
        if timer in (DEBOUNCE, GAP):
            return self._left(timer.default_ms, self._closed_ns, step)
        return timer.default_ms

    def _left(self, whole_ms: int, since_ns: int, step: Step) -> int:
        return max(1, whole_ms - (step.now.monotonic_ns - since_ns) // NS_PER_MS)

    def _ms(self, from_ns: int, to_ns: int) -> float:
        return (to_ns - from_ns) / NS_PER_MS

    def _tell(self, reading: HookReading, step: Step) -> None:
        self._reader.take(reading, step)

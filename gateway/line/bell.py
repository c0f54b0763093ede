"""The bell of one telephone and what is told beside it: rings, who calls between them or before the first.

Ringing is made in C by a plan of so many rounds; that it has rung them comes back as `RingingPaused`, so that
the pause counts from the ring's real end also where the supply makes telephones take turns. A message never
meets ringing power: the next ring is ordered when it has been sent.

While nobody can say yet who calls (the city tells it after *its* first ring) a telephone that is told after a
ring rings on, and is told in the first pause that leaves room.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from gateway.line.hook import Hook
from gateway.line.identity import (
    Caller,
    IdentityScheme,
    Lead,
    Spelling,
    duration_ms,
    in_call,
    lamp_message,
    message_of,
)
from gateway.line.ringing import Bell
from gateway.model.actions import SetPolarity, StartRinging, StopRinging
from gateway.model.events import IdentitySent, RingingPaused
from gateway.model.machine import Machine, Row, StateTimer, Step
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import IdentityMessage

SETTLE_MS = 500
"""From the end of a ring to the message: EN 300 659-1, 6.1.1 wants 500 to 2000 ms."""
PULSE_SETTLE_MS = 650
"""From the end of a short ring that leads a message in: 500 to 800 ms (EN 300 659-1, 6.1.2)."""
PULSE_CADENCE_MS = (250, 750)
"""That short ring lasts 200 to 300 ms."""
REVERSAL_MS = 150
"""From a reversal of polarity to the message: at least 100 ms (EN 300 659-1, 6.1.2; India 100 ms)."""
BEFORE_RING_MS = 250
"""From the message to the first ring: 200 to 500 ms (EN 300 659-1, 6.1.2)."""
LEAST_GAP_MS = 200
"""From the message to any ring."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring the bell, and tell of ``caller``; None: it is not known yet."""

    bell: Bell
    caller: Caller | None


@dataclass(frozen=True, slots=True)
class Silence:
    """No more ringing, and no more of the message. ``lifted``: the hook has said so itself."""

    lifted: bool


@dataclass(frozen=True, slots=True)
class ShowLamp:
    """Tell the telephone, which lies on its hook, that its message lamp is to be on or off."""

    on: bool


class BellState(Enum):
    """What is on the wire."""

    QUIET = auto()
    REVERSED = auto()  # polarity reversed: the message follows
    PULSE = auto()  # the short ring that leads a message in
    FIRST_RING = auto()  # a ring behind which the message stands
    SETTLING = auto()  # silence before the message
    EXPECTING = auto()  # silence, and not known yet who calls (or no room left in this pause)
    TELLING = auto()  # the message
    GAP = auto()  # silence before the next ring
    RINGING = auto()  # in the cadence, until silenced
    LAMP = auto()  # the message of the lamp, without a ring


B = BellState
SETTLE = StateTimer(
    "settle", (B.REVERSED, B.SETTLING), SETTLE_MS, "silence between what leads the message in and the message"
)
NEXT_RING = StateTimer(
    "next_ring", (B.EXPECTING, B.GAP), LEAST_GAP_MS, "until the next ring is due by the cadence"
)
UNTOLD = StateTimer("untold", (B.TELLING, B.LAMP), 4_000, "a message that is never through: go on without")

_ALL = tuple(state for state in BellState if state is not B.QUIET)
_BEGINNINGS = (B.REVERSED, B.PULSE, B.FIRST_RING, B.TELLING, B.RINGING)


class BellRinger(Machine[BellState]):
    """The bell of one port. ``scheme`` None: it only rings."""

    kind = "bell"
    initial = B.QUIET
    timers = (SETTLE, NEXT_RING, UNTOLD)
    rows = (
        Row(B.QUIET, Ring, _BEGINNINGS, "begin"),
        Row(B.REVERSED, SETTLE, B.TELLING, "tell"),
        Row((B.FIRST_RING, B.PULSE), RingingPaused, B.SETTLING, "note_pause"),
        Row(B.SETTLING, SETTLE, (B.TELLING, B.EXPECTING), "tell_if_known"),
        Row(B.EXPECTING, Caller, (B.TELLING, B.EXPECTING), "learn_in_pause"),
        Row((B.FIRST_RING, B.PULSE, B.SETTLING), Caller, (B.FIRST_RING, B.PULSE, B.SETTLING), "learn"),
        Row(B.EXPECTING, NEXT_RING, B.FIRST_RING, "ring_once"),
        Row(B.TELLING, IdentitySent, B.GAP, "end_message"),
        Row(B.TELLING, UNTOLD, B.GAP, "end_message"),
        Row(B.GAP, NEXT_RING, B.RINGING, "ring_on"),
        Row(_ALL, Silence, B.QUIET, "fall_silent"),
        Row(B.QUIET, ShowLamp, B.LAMP, "tell_lamp"),
        Row(B.LAMP, IdentitySent, B.QUIET, "note_lamp"),
        Row(B.LAMP, UNTOLD, B.QUIET, "end_message"),
        Row(B.LAMP, Ring, _BEGINNINGS, "begin_instead"),
    )

    def __init__(
        self, port: PortId, scheme: IdentityScheme | None, hook: Hook, spelling: Spelling, letters: str
    ) -> None:
        super().__init__(port)
        self.port = port
        self.scheme = scheme
        self.telling: tuple[NodeId, IdentityMessage] | None = None
        """The message on the wire, for the plan."""
        self.lamp = False
        """What its lamp was told last; a new telephone's is off."""
        self._hook, self._spelling, self._letters = hook, spelling, letters
        self._bell = Bell((1_000, 4_000), 25)
        self._caller: Caller | None = None
        self._paused_ms: int | None = None
        self._reversed = False

    @property
    def telling_node(self) -> NodeId | None:
        """The node of the message on the wire."""
        return self.telling[0] if self.telling is not None else None

    def message_in_call(self, caller: Caller) -> IdentityMessage | None:
        """What the set is told while its user talks (type II); None when it reads no FSK."""
        if self.scheme is None or self.scheme.digits:
            return None
        return in_call(message_of(self.scheme, caller, self._spelling, self._letters))

    # --- rows -----------------------------------------------------------------------------------------------

    def begin(self, order: Ring, step: Step) -> BellState:
        """By the telephone's scheme. What must be told before the first ring is known by now."""
        self._bell, self._caller, self._paused_ms = order.bell, order.caller, None
        match self.scheme.lead if self.scheme is not None else None:
            case None:
                return self._ring_on(step)
            case Lead.RING:
                self.ring_once(order, step)
                return B.FIRST_RING
            case Lead.NOTHING | Lead.ALERT:
                return self.tell(order, step)
            case Lead.REVERSAL | Lead.REVERSAL_ALERT:
                self._reverse(True, step)
                return B.REVERSED
            case Lead.RING_PULSE:
                self._ring(PULSE_CADENCE_MS, 1, step)
                return B.PULSE

    def tell_lamp(self, order: ShowLamp, step: Step) -> None:
        """The lamp's message begins."""
        self.telling = NodeId(step.new_id()), lamp_message(self.scheme, on=order.on)

    def note_lamp(self, event: IdentitySent, step: Step) -> None:
        """The lamp is as it was told to be."""
        if self.telling is not None:
            self.lamp = self.telling[1].lamp_on
        self.telling = None

    def begin_instead(self, order: Ring, step: Step) -> BellState:
        """A call goes before the lamp, which is told again later."""
        self.telling = None
        return self.begin(order, step)

    def ring_once(self, event: object, step: Step) -> None:
        """One round of the cadence."""
        self._ring(self._bell.cadence_ms, 1, step)

    def note_pause(self, event: RingingPaused, step: Step) -> None:
        """The ring is over; the next one is due when the cadence says."""
        self._paused_ms = step.now.ms
        self._hook.power(False, step)

    def learn(self, caller: Caller, step: Step) -> BellState:
        """Who calls is known before the pause has room for it."""
        self._caller = caller
        return self.state

    def learn_in_pause(self, caller: Caller, step: Step) -> BellState:
        """Who calls is known: tell it now if there is room before the next ring."""
        self._caller = caller
        room_ms = self._due_ms(step) - LEAST_GAP_MS
        return self.tell(caller, step) if duration_ms(self._message()) <= room_ms else B.EXPECTING

    def tell_if_known(self, timer: StateTimer, step: Step) -> BellState:
        """The pause has come to where the message stands."""
        return B.EXPECTING if self._caller is None else self.tell(timer, step)

    def tell(self, event: object, step: Step) -> BellState:
        """The message begins."""
        self.telling = NodeId(step.new_id()), self._message()
        return B.TELLING

    def end_message(self, event: object, step: Step) -> None:
        """It is through."""
        self.telling = None

    def ring_on(self, timer: StateTimer, step: Step) -> None:
        """The next ring, and all that follow."""
        self._ring_on(step)

    def fall_silent(self, order: Silence, step: Step) -> None:
        """Lifted, or the caller is gone: also in the middle of the message."""
        self.telling = None
        step.do(StopRinging(self.port))
        self._reverse(False, step)
        if not order.lifted:
            self._hook.power(False, step)

    # --- small things ---------------------------------------------------------------------------------------

    def _ring_on(self, step: Step) -> BellState:
        self._reverse(False, step)
        self._ring(self._bell.cadence_ms, 0, step)
        return B.RINGING

    def _ring(self, cadence_ms: tuple[int, ...], rounds: int, step: Step) -> None:
        """The hook is read otherwise while ringing power may be on the wire."""
        step.do(StartRinging(self.port, cadence_ms, self._bell.frequency_hz, rounds))
        self._hook.power(True, step)

    def _reverse(self, on: bool, step: Step) -> None:
        if self._reversed is not on:
            self._reversed = on
            step.do(SetPolarity(self.port, on))

    def _message(self) -> IdentityMessage:
        assert self.scheme is not None
        return message_of(self.scheme, self._caller or Caller("", "", False), self._spelling, self._letters)

    def _due_ms(self, step: Step) -> int:
        """Until the next ring by the cadence; before the first one, until it may come."""
        if self.scheme is None or self.scheme.lead is not Lead.RING or self._paused_ms is None:
            return BEFORE_RING_MS
        return self._paused_ms + self._bell.cadence_ms[-1] - step.now.ms

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """Silences by what they follow."""
        if timer is NEXT_RING:
            return max(LEAST_GAP_MS, self._due_ms(step))
        if timer is SETTLE and self._reversed:
            return REVERSAL_MS
        if timer is SETTLE and self.scheme is not None and self.scheme.lead is Lead.RING_PULSE:
            return PULSE_SETTLE_MS
        return timer.default_ms

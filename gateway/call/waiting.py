"""Call waiting: a second call at a telephone whose user talks. A beep; a flash changes to it, and back again.

A telephone has one `SecondCall`: the line of whichever of its two calls the handset is *not* on. It beeps
while that call rings, and stands aside while it is held. A flash exchanges the two: the call that had the
handset gets the second line and is held, the other one gets the handset. A set with a display is told who
calls (type II): for that both ways of the conversation are cut off, as TIA-777-A and EN 300 659-2 want it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from gateway.call.states import CallState
from gateway.line.fxs import Fxs, FxsState
from gateway.line.identity import Caller
from gateway.model.causes import Cause, Evidence
from gateway.model.events import IdentitySent
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import NodeId
from gateway.model.signals import Alert, Answered, Clear, Connect, Freed, Identify, Left, RemoteResumed

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.call.switchboard import Switchboard, Telephone
    from gateway.model.plan import IdentityMessage

FIRST_BEEP_MS = 400
"""The beep before the telephone is told who calls: GR-30 has 300 ms of it and a pause of 50 at most."""


class SecondState(Enum):
    """Where the call without the handset is."""

    NONE = auto()
    FIRST_BEEP = auto()
    TELLING = auto()  # the conversation is cut off for the display
    BEEPING = auto()
    ASIDE = auto()  # held


S = SecondState
FIRST_BEEP = StateTimer("first_beep", (S.FIRST_BEEP,), FIRST_BEEP_MS, "the first beep; then the display")
UNTOLD = StateTimer("untold", (S.TELLING,), 4_000, "a message that is never through: let them talk on")

_BEEPING = (S.FIRST_BEEP, S.TELLING, S.BEEPING)


class ToHandset:
    """A flash: this call gets the handset."""


class FromHandset:
    """A flash: the call that had the handset is here now, held."""


class SecondCall(Machine[SecondState]):
    """The line of the call that a telephone's handset is not on; a party's line like any other."""

    kind = "second"
    initial = S.NONE
    timers = (FIRST_BEEP, UNTOLD)
    rows = (
        Row(S.NONE, Alert, S.FIRST_BEEP, "begin"),
        Row(S.FIRST_BEEP, FIRST_BEEP, (S.TELLING, S.BEEPING), "tell"),
        Row((S.FIRST_BEEP, S.TELLING), Identify, STAY, "learn"),
        Row(S.BEEPING, Identify, (S.TELLING, S.BEEPING), "learn_late"),
        Row(S.TELLING, IdentitySent, S.BEEPING, "talk_on"),
        Row(S.TELLING, UNTOLD, S.BEEPING, "talk_on"),
        Row((*_BEEPING, S.ASIDE), Clear, S.NONE, "forget"),
        Row((*_BEEPING, S.ASIDE), ToHandset, S.NONE, "forget"),
        Row(S.NONE, FromHandset, S.ASIDE, "stand_aside"),
    )

    def __init__(self, line: Fxs) -> None:
        super().__init__(line.port)
        self.telling: tuple[NodeId, IdentityMessage] | None = None
        self._line = line
        self._caller: Caller | None = None

    @property
    def state_name(self) -> str:
        """For people."""
        return f"second call, {self.state.name.lower()}"

    @property
    def audible(self) -> bool:
        """Never: the handset is elsewhere."""
        return False

    @property
    def takes_digits_apart(self) -> bool:
        """A telephone hears tones."""
        return False

    @property
    def wideband(self) -> bool:
        """Never: a wire carries 300 to 3400 Hz."""
        return False

    @property
    def beeps(self) -> bool:
        """Whether the user is to hear that a call waits."""
        return self.state in (S.FIRST_BEEP, S.BEEPING)

    @property
    def rings(self) -> bool:
        """Whether a call waits that nobody has answered."""
        return self.state in _BEEPING

    @property
    def telling_node(self) -> NodeId | None:
        """The node of the message on the wire."""
        return self.telling[0] if self.telling is not None else None

    def begin(self, order: Alert, step: Step) -> None:
        """Beep; the display follows."""
        self._caller = None if order.pending else Caller(order.caller, order.caller_name, order.withheld)

    def learn(self, order: Identify, step: Step) -> SecondState:
        """Who calls is known before the display is told, or too late for that."""
        self._caller = Caller(order.caller, order.caller_name, order.withheld)
        return self.state

    def learn_late(self, order: Identify, step: Step) -> SecondState:
        """A caller from the city is known now: tell the display, unless it has been told."""
        told = self._caller is not None
        self.learn(order, step)
        return S.BEEPING if told else self.tell(order, step)

    def tell(self, event: object, step: Step) -> SecondState:
        """Tell the display, where there is one that reads FSK and it is known who calls."""
        message = self._line.bell.message_in_call(self._caller) if self._caller is not None else None
        if message is None or self._line.state is not FxsState.TALKING:
            return S.BEEPING
        self.telling = NodeId(step.new_id()), message
        self._line.interrupted = True
        return S.TELLING

    def talk_on(self, event: object, step: Step) -> None:
        """The display knows, or does not want to."""
        self.telling = None
        self._line.interrupted = False

    def forget(self, order: object, step: Step) -> None:
        """No call waits any more."""
        self.talk_on(order, step)

    def stand_aside(self, event: object, step: Step) -> None:
        """The user talks to the other one."""


# --- what calls do ----------------------------------------------------------------------------------------


def offer(call: Call, number: str, step: Step, *, pending: bool) -> bool:
    """Let a telephone whose user talks know that somebody calls; whether it does. ``pending``: who that is
    is not known yet.
    """
    telephone = call.board.telephones.get(number)
    if telephone is None or not telephone.extension.call_waiting or telephone.second.state is not S.NONE:
        return False
    leg = call.board.legs.get(telephone.line.key)
    if telephone.line.state is not FxsState.TALKING or leg is None:
        return False
    if call.board.calls[leg.call].state is not CallState.TALKING or call.caller is None:
        return False
    call.rung.add(number)
    waits = call.board.seat_second(call.id, telephone, step)
    call.offers.append(waits)
    waits.line.order(call.caller.alert(pending=pending), step)
    return True


def change(call: Call, telephone: Telephone, step: Step) -> CallState:
    """A flash: the handset changes to the call that waits, this one is held."""
    board, line, second = call.board, telephone.line, telephone.second
    here, there = board.legs[line.key], board.legs[second.key]
    answers = second.rings
    second.take(ToHandset(), step)
    second.take(FromHandset(), step)
    here.line, there.line = second, line
    board.legs[second.key], board.legs[line.key] = here, there
    call.holders.discard(line.key)
    call.holders.add(second.key)
    _give_handset(board, there.call, telephone, answers=answers, step=step)
    return CallState.HELD


def _give_handset(board: Switchboard, call: int, telephone: Telephone, *, answers: bool, step: Step) -> None:
    """The call has the handset now: it is answered, or goes on."""
    other = next(one for one in board.calls.values() if one.id == call)
    if answers:
        step.tell(Answered(telephone.line.key, Evidence.HOOK))
        return
    other.holders.discard(telephone.second.key)
    step.tell(RemoteResumed(telephone.line.key))


def follow(board: Switchboard, step: Step) -> None:
    """What a second call does when the first one is over: the handset put down, the bell rings; the other
    party gone, the held one has the handset again.
    """
    for telephone in board.telephones.values():
        line, second = telephone.line, telephone.second
        if line.free and second.rings:
            step.tell(Freed(second.key))
        elif line.free and second.state is S.ASIDE:
            step.tell(Left(second.key, Cause.NORMAL_CLEARING, Evidence.HOOK))
        elif line.state is FxsState.CLEARED and second.state is S.ASIDE:
            leg = board.legs.pop(second.key)
            leg.line = line
            board.legs[line.key] = leg
            second.take(ToHandset(), step)
            line.order(Connect(), step)
            _give_handset(board, leg.call, telephone, answers=False, step=step)


# --- rows -------------------------------------------------------------------------------------------------


def ring_after_all(call: Call, news: Freed, step: Step) -> None:
    """The handset lies on its hook again: the bell rings for the call that waited."""
    leg = call.board.legs[news.source]
    call.release(leg, Cause.NORMAL_CLEARING, step)
    for again in call.board.seat_station(call.id, leg.number, step):
        call.offers.append(again)
        if call.caller is not None:
            again.line.order(call.caller.alert(call.cadence_ms), step)

"""A call: its parties, its destination, its end. The table below is the whole of call control.

What a row *does* stands in the file of its service: `offering` (stations ring), `outgoing` (a city line),
`queueing`, `hold`. This file has what they share: going to a destination, answering, and ending, once and
with a cause.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.call import hold, offering, outgoing, queueing, waiting, warning
from gateway.call.leg import Leg
from gateway.call.record import CallRecord, Written
from gateway.call.states import CallState
from gateway.call.switchboard import Switchboard
from gateway.line.cellular import Cellular
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs
from gateway.media.plan import Spoken
from gateway.model.causes import Cause, Evidence
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import CallId
from gateway.model.settings import ExtensionSettings, HuntGroupSettings, QueueSettings, TrunkGroupSettings
from gateway.model.signals import (
    Alerting,
    Answered,
    CallerKnown,
    Clear,
    Connect,
    DigitPressed,
    Flashed,
    Freed,
    Left,
    NoteDigit,
    Proceeding,
    RemoteHeld,
    RemoteResumed,
    SendDigit,
    Warned,
    WarningOver,
)
from gateway.routing.dialplan import Destination, Nowhere, Outside, Straight

HOPS_MAX = 8
"""Overflow from overflow from overflow: a configuration that goes round in circles ends here."""

EXCHANGE = "exchange"
"""Who ended a call that none of its parties ended."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The call exists; go to its destination."""

    destination: Destination


@dataclass(frozen=True, slots=True)
class MembersFree:
    """Somebody who could take this call is free now."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """End it, whatever it does: the gateway stops, an administrator says so."""

    cause: Cause
    evidence: Evidence


C = CallState
NO_ANSWER = StateTimer(
    "no_answer", (C.OFFERING,), 60_000, "stations ring; then overflow, or the caller is told"
)
MAX_WAIT = StateTimer(
    "max_wait", (C.WAITING, C.PRESENTED, C.RESTING), 600_000, "in a queue; then its overflow"
)
MEMBER_RING = StateTimer("member_ring", (C.PRESENTED,), 20_000, "members ring for the first in a queue")
REST = StateTimer("rest", (C.RESTING,), 5_000, "no member answered: until they are rung again")
RECALL = StateTimer("recall", (C.RECALLING,), 30_000, "the holder's telephone rings to take the call back")
NOBODY_OUTSIDE = StateTimer("nobody_outside", (C.PROCEEDING,), 300_000, "dialled, and nobody answers outside")
HOLD = StateTimer("hold", (C.HELD,), 3_600_000, "held, and nobody comes back: the call ends")

_LIVE = tuple(state for state in CallState if state not in (C.NEW, C.ENDED))
_QUEUED = (C.WAITING, C.PRESENTED, C.RESTING)
_ALONE = (C.OFFERING, C.SEIZING, C.PROCEEDING, *_QUEUED, C.RECALLING)
"""With an answered party and nobody yet to talk to: a hold there counts when somebody answers."""
_ANYWHERE = (C.OFFERING, C.SEIZING, C.WAITING, C.ENDED)
"""Where going to a destination may lead."""


class Call(Machine[CallState]):
    """One call. ``caller`` began it, ``offers`` are rung, ``other`` is the line seized or who answered."""

    kind = "call"
    initial = C.NEW
    timers = (NO_ANSWER, MAX_WAIT, MEMBER_RING, REST, RECALL, NOBODY_OUTSIDE, HOLD)
    rows = (
        Row(C.NEW, Begin, _ANYWHERE, "begin"),
        # stations ring
        Row(C.OFFERING, CallerKnown, _ANYWHERE, offering.caller_known),
        Row(C.OFFERING, Alerting, C.OFFERING, offering.alerting),
        Row(C.OFFERING, Answered, (C.TALKING, C.HELD), offering.answered),
        Row(C.OFFERING, Left, _ANYWHERE, offering.left),
        Row(C.OFFERING, NO_ANSWER, _ANYWHERE, offering.no_answer),
        Row(C.OFFERING, MembersFree, C.OFFERING, offering.ring_more),
        Row(C.OFFERING, Freed, C.OFFERING, waiting.ring_after_all),
        # a city line
        Row(C.SEIZING, Proceeding, C.PROCEEDING, outgoing.proceeding),
        Row(C.SEIZING, Left, (C.SEIZING, C.ENDED), outgoing.left_seizing),
        Row((C.SEIZING, C.PROCEEDING), CallerKnown, STAY, outgoing.caller_known),
        Row(C.PROCEEDING, Alerting, C.PROCEEDING, outgoing.alerting),
        Row(C.PROCEEDING, Answered, (C.TALKING, C.HELD), outgoing.answered),
        Row(C.PROCEEDING, Left, C.ENDED, "party_left"),
        Row(C.PROCEEDING, NOBODY_OUTSIDE, C.ENDED, outgoing.nobody_answered),
        # a queue
        Row(_QUEUED, CallerKnown, STAY, queueing.caller_known),
        Row((C.WAITING, C.RESTING), Left, C.ENDED, queueing.caller_left),
        Row(C.WAITING, MembersFree, (C.WAITING, C.PRESENTED), queueing.present),
        Row(C.PRESENTED, Alerting, C.PRESENTED, queueing.alerting),
        Row(C.PRESENTED, MembersFree, C.PRESENTED, offering.ring_more),
        Row(C.RESTING, MembersFree, (C.PRESENTED, C.RESTING), queueing.ring_more),
        Row(C.PRESENTED, Answered, (C.TALKING, C.HELD), queueing.answered),
        Row(C.PRESENTED, Left, (C.PRESENTED, C.RESTING, C.ENDED), queueing.left),
        Row(C.PRESENTED, MEMBER_RING, C.RESTING, queueing.nobody_answered),
        Row(C.RESTING, REST, C.WAITING, queueing.rested),
        Row(_QUEUED, MAX_WAIT, _ANYWHERE, queueing.waited_too_long),
        # a conversation
        Row((C.SEIZING, C.PROCEEDING, C.TALKING), DigitPressed, STAY, "pass_digit"),
        Row(C.TALKING, Left, C.ENDED, "party_left"),
        Row(_LIVE, Warned, STAY, warning.begin),
        Row(_LIVE, WarningOver, STAY, warning.end),
        # hold
        Row((C.TALKING, C.HELD), Flashed, (C.TALKING, C.HELD), hold.flashed),
        Row(C.PROCEEDING, Flashed, C.PROCEEDING, hold.flashed_before_answer),
        Row((C.TALKING, C.HELD), RemoteHeld, C.HELD, hold.remote_held),
        Row(C.HELD, RemoteResumed, (C.TALKING, C.HELD), hold.remote_resumed),
        Row(C.HELD, Left, (C.RECALLING, C.ENDED), hold.left),
        Row(C.HELD, HOLD, C.ENDED, hold.nobody_came_back),
        Row(_ALONE, RemoteHeld, STAY, hold.held_meanwhile),
        Row(_ALONE, RemoteResumed, STAY, hold.resumed_meanwhile),
        Row(C.RECALLING, Answered, (C.TALKING, C.HELD), hold.recalled),
        Row(C.RECALLING, Left, C.ENDED, hold.left_recalling),
        Row(C.RECALLING, RECALL, C.ENDED, hold.recall_failed),
        Row(_LIVE, EndCall, C.ENDED, "end_now"),
    )

    def __init__(self, number: CallId, board: Switchboard, record: CallRecord) -> None:
        super().__init__(str(number))
        self.id = number
        self.board = board
        self.record = record
        self.caller: Leg | None = None
        self.other: Leg | None = None
        self.offers: list[Leg] = []
        self.members: tuple[str, ...] = ()
        self.refused: set[str] = set()
        """Members that declined this call: they are not rung for it again."""
        self.rung: set[str] = set()
        """Members that were rung in this round: who becomes free later is rung too, nobody twice."""
        self.postponed: list[str] = []
        self.ring_ms = 0
        self.overflow = ""
        self.group_cadence_ms: tuple[int, ...] = ()
        """How bells ring for the group that it went to."""
        self.queue: QueueSettings | None = None
        self.trunks: TrunkGroupSettings | None = None
        self.dialled = ""
        self.tried: set[str] = set()
        self.holders: set[str] = set()
        self.recall_number = ""
        self.warning: Spoken | None = None
        """Words that both parties hear now."""
        self._hops = 0

    # --- what others ask of it ------------------------------------------------------------------------------

    @property
    def legs(self) -> list[Leg]:
        """Everybody in it: caller, other party, and those that are rung."""
        parties = [leg for leg in (self.caller, self.other) if leg is not None]
        return parties + self.offers

    @property
    def answered(self) -> bool:
        """Whether somebody has answered, ever."""
        return self.record.answered_ms is not None

    @property
    def city_rings(self) -> bool:
        """Whether the caller is a city line that nobody has answered, unless we did for his number alone."""
        line = self.caller.line if self.caller is not None else None
        return isinstance(line, Fxo | Cellular) and line.brings_caller

    @property
    def cadence_ms(self) -> tuple[int, ...]:
        """How bells ring for it; empty: as the country has it."""
        office, city = self.board.office, self.caller is not None and isinstance(self.caller.line, Fxo)
        return self.group_cadence_ms or (office.external_cadence_ms if city else office.internal_cadence_ms)

    @property
    def unrung(self) -> tuple[str, ...]:
        """Members that may be rung now."""
        passed = self.refused | self.rung
        return tuple(number for number in self.members if number not in passed and self.board.is_free(number))

    def partner(self, leg: Leg) -> Leg | None:
        """The other one of the two main parties."""
        return self.other if leg is self.caller else self.caller

    # --- destinations ---------------------------------------------------------------------------------------

    def begin(self, event: Begin, step: Step) -> CallState:
        """Its first destination."""
        return self.go_to(event.destination, step)

    def go_to(self, destination: Destination, step: Step) -> CallState:
        """Lead the caller there; the state that this leaves the call in."""
        self._hops += 1
        if self._hops > HOPS_MAX:
            return self.end(Cause.CONGESTION, Evidence.CONFIGURATION, EXCHANGE, step)
        self.group_cadence_ms = destination.cadence_ms if isinstance(destination, HuntGroupSettings) else ()
        match destination:
            case ExtensionSettings(number=number):
                return offering.ring_one(self, number, step)
            case HuntGroupSettings(members=members, ring_ms=ring_ms, overflow=overflow):
                return offering.ring(self, members, ring_ms, overflow, step)
            case QueueSettings():
                return queueing.enter(self, destination, step)
            case Outside(group=group, number=number):
                return outgoing.seize(self, group, number, step)
            case Straight(line=line):
                return outgoing.seize_pair(self, line, step)
            case Nowhere(whole=whole):
                cause = Cause.UNALLOCATED_NUMBER if whole else Cause.INVALID_NUMBER
                return self.end(cause, Evidence.CONFIGURATION, EXCHANGE, step)

    def go_to_number(self, number: str, step: Step) -> CallState:
        """Lead the caller to a number of the office."""
        return self.go_to(self.board.plan.destination(number), step)

    # --- parties --------------------------------------------------------------------------------------------

    def connect_caller(self, step: Step) -> None:
        """Answer towards the caller."""
        if self.caller is not None:
            other = self.other is not None and self.other.line.wideband
            self.caller.line.order(Connect(wideband=other), step)

    def release(self, leg: Leg, cause: Cause, step: Step) -> None:
        """Clear a party and forget it."""
        self.forget(leg, step)
        leg.line.order(Clear(cause), step)

    def forget(self, leg: Leg, step: Step) -> None:
        """A party has left by itself."""
        self.board.unseat(leg)
        self.holders.discard(leg.key)
        if leg not in self.offers and isinstance(leg.line, Fxs | Fxo):
            self.record.party_left(leg.line.port, leg.node, step)
        if leg is self.caller:
            self.caller = None
        elif leg is self.other:
            self.other = None
        else:
            self.offers.remove(leg)

    def take_out(self, source: str, step: Step) -> Leg:
        """Forget the party that this news came from, and return it."""
        leg = self.board.legs[source]
        self.forget(leg, step)
        return leg

    def release_offers(self, cause: Cause, step: Step) -> None:
        """Those that ring need not ring any more."""
        for leg in tuple(self.offers):
            self.release(leg, cause, step)
        self.postponed.clear()

    # --- conversation ---------------------------------------------------------------------------------------

    def note_caller(self, news: CallerKnown, step: Step) -> CallState:
        """Who calls from the city; the start row of the journal has waited for this."""
        if self.caller is not None and (news.number or news.name):
            self.caller.number, self.caller.name = news.number, news.name
        if self.caller is not None:
            self.caller.withheld = news.withheld
        if self.record.written is Written.NOTHING:
            self.record.calling, self.record.calling_name = news.number, news.name
            self.record.start(step)
        return self.state

    def pass_digit(self, news: DigitPressed, step: Step) -> CallState:
        """Send a digit on, unless the other party has heard its tone: events beside the audio have none,
        pulses have none, and a SIP party listens for events.
        """
        leg = self.board.legs[news.source]
        partner = self.partner(leg)
        if partner is None:
            return self.state
        if partner.line.permits(SendDigit):
            partner.line.order(SendDigit(news.digit), step)
        elif not news.audible or partner.line.takes_digits_apart:
            partner.send_digit(news.digit, step)
        if partner.line.permits(NoteDigit):
            partner.number += news.digit
            partner.line.order(NoteDigit(), step)
        return self.state

    # --- the end --------------------------------------------------------------------------------------------

    def party_left(self, news: Left, step: Step) -> CallState:
        """One of two has left: the call is over, and the other one hears it."""
        leg = self.take_out(news.source, step)
        return self.end(news.cause, news.evidence, leg.number or leg.via, step)

    def end_now(self, order: EndCall, step: Step) -> CallState:
        """Somebody outside the call ends it."""
        return self.end(order.cause, order.evidence, EXCHANGE, step)

    def end(self, cause: Cause, evidence: Evidence, ended_by: str, step: Step) -> CallState:
        """Clear whoever is left, write the last row, be gone."""
        for leg in self.legs:
            self.release(leg, cause, step)
        self._close(cause, evidence, ended_by, step)
        return C.ENDED

    def abandon(self, step: Step) -> None:
        """After a bug of ours in this call: get everybody out of it whatever its state says."""
        for leg in [leg for leg in self.board.legs.values() if leg.call == self.id]:
            self.board.unseat(leg)
            if leg.line.permits(Clear):
                leg.line.order(Clear(Cause.TEMPORARY_FAILURE), step)
        self.caller = self.other = None
        self.offers.clear()
        self.postponed.clear()
        self.halt(C.ENDED, step)
        if self.record.written is not Written.END:
            self._close(Cause.TEMPORARY_FAILURE, Evidence.BUG, EXCHANGE, step)

    def _close(self, cause: Cause, evidence: Evidence, ended_by: str, step: Step) -> None:
        for queue in self.board.queues.values():
            queue.leave(self.id)
        self.record.end(cause, evidence, ended_by, step)
        self.board.calls.pop(self.id, None)

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """Group and queue say how long."""
        if timer is NO_ANSWER:
            return self.ring_ms
        if self.queue is not None and timer is MAX_WAIT:
            return self.queue.max_wait_ms
        if self.queue is not None and timer is MEMBER_RING:
            return self.queue.ring_ms
        return timer.default_ms

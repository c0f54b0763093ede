"""How a call begins: a telephone dials, a paired one is lifted, a city line rings, a SIP party invites."""

from dataclasses import dataclass

from gateway.call.call import Begin, Call
from gateway.call.leg import Leg
from gateway.call.record import CallRecord
from gateway.call.sip_leg import SipLeg, SipState
from gateway.call.switchboard import CityLine, Switchboard, Telephone
from gateway.model.actions import Direction, SipRefuse
from gateway.model.events import InviteReceived
from gateway.model.machine import Step
from gateway.model.numbers import CallId
from gateway.model.signals import CityRings, Dialled
from gateway.routing.dialplan import Destination, Outside, Straight

SERVICE_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class _Origin:
    """What the first row of the journal says."""

    direction: Direction
    calling: str
    calling_name: str
    called: str
    line: str | None = None


def by_telephone(board: Switchboard, telephone: Telephone, news: Dialled, step: Step) -> None:
    """A telephone has dialled a number."""
    destination = board.plan.destination(news.number)
    extension = telephone.extension
    origin = _Origin(_direction(destination), extension.number, extension.name, news.number)
    call = _new(board, origin, step)
    call.caller = board.seat_telephone(call.id, telephone, step)
    _begin(call, destination, step)


def by_paired_telephone(board: Switchboard, telephone: Telephone, line: str, step: Step) -> None:
    """A telephone that is one with a city line was lifted: what it dials, the city will know."""
    extension = telephone.extension
    call = _new(board, _Origin(Direction.OUTGOING, extension.number, extension.name, ""), step)
    call.caller = board.seat_telephone(call.id, telephone, step)
    _begin(call, Straight(line), step)


def by_city(board: Switchboard, city: CityLine, destination: str, news: CityRings, step: Step) -> None:
    """A city line rings. Its start row waits for the caller's identity, unless none can come any more."""
    origin = _Origin(Direction.INCOMING, "", "", destination, city.settings.name)
    call = _new(board, origin, step)
    call.caller = board.seat_city_line(call.id, city, "", "", step)
    if news.answered:
        call.record.start(step)
    call.take(Begin(board.plan.destination(destination)), step)


def by_sip(board: Switchboard, invite: InviteReceived, step: Step) -> None:
    """A SIP party invites; it has proved who it is. No media that we can do, no socket, no time left:
    refused.
    """
    leg = None if board.closing else board.admit_dialog(invite.dialog, invite.caller, step)
    if leg is None:
        step.do(SipRefuse(invite.dialog, SERVICE_UNAVAILABLE))
        return
    leg.take(invite, step)
    if leg.state is SipState.ENDED:
        return
    destination = board.plan.destination(invite.called)
    extension = board.extension(invite.caller)
    name = extension.name if extension is not None else invite.caller_name
    call = _new(board, _Origin(_direction(destination), invite.caller, name, invite.called), step)
    call.caller = _seat_sip(board, call, leg, name, step)
    _begin(call, destination, step)


def _seat_sip(board: Switchboard, call: Call, leg: SipLeg, name: str, step: Step) -> Leg:
    return board.seat(call.id, leg, leg.node, leg.extension, name, "sip", step)


def _direction(destination: Destination) -> Direction:
    return Direction.OUTGOING if isinstance(destination, Outside) else Direction.INTERNAL


def _new(board: Switchboard, origin: _Origin, step: Step) -> Call:
    number = CallId(step.new_id())
    record = CallRecord(
        number, origin.direction, origin.calling, origin.calling_name, origin.called, origin.line, step.now
    )
    call = Call(number, board, record)
    board.calls[number] = call
    return call


def _begin(call: Call, destination: Destination, step: Step) -> None:
    """Calls out write their first row when they know their line."""
    if call.record.direction is not Direction.OUTGOING:
        call.record.start(step)
    call.take(Begin(destination), step)

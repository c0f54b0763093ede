"""Stations ring: one extension, or a group all at once; the first to answer gets the call.

A city line that nobody has answered is different from every other caller: it cannot be told "busy" or "no
answer", it costs its caller nothing, and ringing on is the best that can be done for him. So where any other
caller would be told so, a city caller without an overflow goes on waiting, and is rung for as soon as
somebody is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.call import hold, waiting
from gateway.call.states import CallState
from gateway.line.cellular import Cellular
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs
from gateway.model.causes import Cause, Evidence
from gateway.model.signals import Alert, Identify, Progress
from gateway.routing.huntgroup import members_to_ring

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.call.leg import Leg
    from gateway.model.machine import StateTimer, Step
    from gateway.model.signals import Alerting, Answered, CallerKnown, Left

_EXCHANGE = "exchange"
_DECLINED = (Cause.USER_BUSY, Cause.CALL_REJECTED)
"""Causes by which a station says that it does not want this very call."""
_LOST = (Evidence.SIP_STACK_LOST, Evidence.HARDWARE)
"""Signs that a station was torn away and said nothing: it is rung again as soon as it can be."""


def ring_one(call: Call, number: str, step: Step) -> CallState:
    """Ring one extension; at one whose user talks the call waits, where that is wanted."""
    if not call.board.is_free(number):
        call.members, call.ring_ms, call.overflow = (number,), call.board.office.no_answer_ms, ""
        call.refused.clear()
        call.rung.clear()
        if waiting.offer(call, number, step, pending=identity_pending(call)):
            call.restart_timers()
            return CallState.OFFERING
    return ring(call, (number,), call.board.office.no_answer_ms, "", step)


def ring(call: Call, members: tuple[str, ...], ring_ms: int, overflow: str, step: Step) -> CallState:
    """Ring every member that is free. Nobody free: overflow, or the caller is told why."""
    call.members, call.ring_ms, call.overflow = members, ring_ms, overflow
    call.refused.clear()
    call.rung.clear()
    call.restart_timers()
    ring_free_members(call, step)
    if call.offers or call.postponed:
        return CallState.OFFERING
    return nobody(call, _why_nobody(call), Evidence.CONFIGURATION, step)


def ring_free_members(call: Call, step: Step) -> None:
    """Ring those that are free now; when it is known who calls those that must be told before they ring: SIP
    telephones, and analog ones of some countries.
    """
    passed = call.refused | call.rung
    for number in members_to_ring(call.members, is_free=call.board.is_free, passed_over=passed):
        if identity_pending(call) and call.board.told_before_ringing(number):
            call.postponed.append(number)
        else:
            _ring_station(call, number, step)


def ring_postponed(call: Call, step: Step) -> bool:
    """Ring those that waited for the caller's identity; whether anybody rings now."""
    postponed, call.postponed = call.postponed, []
    for number in postponed:
        if call.board.is_free(number):
            _ring_station(call, number, step)
    return bool(call.offers)


def _ring_station(call: Call, number: str, step: Step) -> None:
    caller = call.caller
    call.rung.add(number)
    alert = (
        caller.alert(call.cadence_ms, pending=identity_pending(call)) if caller is not None else Alert("", "")
    )
    for leg in call.board.seat_station(call.id, number, step):
        call.offers.append(leg)
        leg.line.order(alert, step)
    if call.offers and caller is not None:
        caller.line.order(Progress(audio=False), step)


def identify_caller(call: Call, news: CallerKnown, step: Step) -> None:
    """Telephones that ring already are told who calls."""
    for leg in call.offers:
        if isinstance(leg.line, Fxs | waiting.SecondCall):
            leg.line.order(Identify(news.number, news.name, news.withheld), step)


def identity_pending(call: Call) -> bool:
    """Whether the city may still tell who calls: between the first two rings, while nobody has answered."""
    line = call.caller.line if call.caller is not None else None
    return isinstance(line, Fxo | Cellular) and line.identity_pending


def _why_nobody(call: Call) -> Cause:
    causes = [call.board.why_not(number) for number in call.members]
    return Cause.USER_BUSY if Cause.USER_BUSY in causes else next(iter(causes), None) or Cause.USER_BUSY


def nobody(call: Call, cause: Cause, evidence: Evidence, step: Step) -> CallState:
    """Nobody rings any more."""
    if call.overflow:
        return call.go_to_number(call.overflow, step)
    if call.city_rings:
        return CallState.OFFERING
    return call.end(cause, evidence, _EXCHANGE, step)


# --- rows -------------------------------------------------------------------------------------------------


def caller_known(call: Call, news: CallerKnown, step: Step) -> CallState:
    """Now the SIP telephones can show who calls."""
    call.note_caller(news, step)
    identify_caller(call, news, step)
    if call.postponed and not ring_postponed(call, step):
        return nobody(call, _why_nobody(call), Evidence.CONFIGURATION, step)
    return CallState.OFFERING


def alerting(call: Call, news: Alerting, step: Step) -> None:
    """A SIP telephone rings; the caller has been told when it was called."""


def answered(call: Call, news: Answered, step: Step) -> CallState:
    """The first to answer gets the call; the others stop ringing at once."""
    leg = call.board.legs[news.source]
    call.offers.remove(leg)
    call.other = leg
    call.release_offers(Cause.NORMAL_CLEARING, step)
    call.connect_caller(step)
    call.record.answer(leg.number, call.record.line, news.evidence, step)
    return hold.talking_or_held(call)


def left(call: Call, news: Left, step: Step) -> CallState:
    """The caller gave up, or a station refused."""
    leg = call.take_out(news.source, step)
    if call.caller is None:
        return call.end(news.cause, news.evidence, leg.number or leg.via, step)
    note_left(call, leg, news)
    if call.offers or call.postponed:
        return CallState.OFFERING
    some_declined = bool(call.refused) and news.cause not in _DECLINED
    return nobody(call, Cause.USER_BUSY if some_declined else news.cause, news.evidence, step)


def note_left(call: Call, leg: Leg, news: Left) -> None:
    """What a rung station's leaving says about ringing it again."""
    if news.cause in _DECLINED:
        call.refused.add(leg.number)
    if news.evidence in _LOST:
        call.rung.discard(leg.number)


def no_answer(call: Call, timer: StateTimer, step: Step) -> CallState:
    """They rang long enough. For a city caller without an overflow they ring on, and those that could not
    be reached are tried again.
    """
    if call.city_rings and not call.overflow:
        call.rung = {leg.number for leg in call.offers}
        ring_free_members(call, step)
        call.restart_timers()
        return CallState.OFFERING
    call.release_offers(Cause.NO_ANSWER, step)
    return nobody(call, Cause.NO_ANSWER, Evidence.TIMER, step)


def ring_more(call: Call, event: object, step: Step) -> None:
    """Somebody is free now who was not before."""
    ring_free_members(call, step)

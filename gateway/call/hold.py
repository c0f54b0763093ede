"""Hold: one party steps aside, the other hears music, until the first is back.

A telephone holds by a flash and comes back by another; a SIP telephone by re-INVITE. A holder who puts his
handset down has not hung up on anybody: his telephone rings to take the call back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.call import waiting
from gateway.call.states import CallState
from gateway.line.fxs import Fxs
from gateway.model.causes import Cause, Evidence
from gateway.model.signals import Clear, PassFlash

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.model.machine import StateTimer, Step
    from gateway.model.signals import Answered, Flashed, Left, RemoteHeld, RemoteResumed

_EXCHANGE = "exchange"


def flashed(call: Call, news: Flashed, step: Step) -> CallState:
    """Hold, or back from hold. Where another call waits at the telephone, change to that; and a telephone
    that is paired with the city line it speaks on has its flash passed on to the city's exchange.
    """
    telephone = call.board.telephone_of(news.source)
    if telephone is not None and telephone.second.key in call.board.legs:
        return waiting.change(call, telephone, step)
    if _pass_flash(call, news.source, step):
        return call.state
    if news.source in call.holders:
        call.holders.discard(news.source)
    else:
        call.holders.add(news.source)
    return talking_or_held(call)


def flashed_before_answer(call: Call, news: Flashed, step: Step) -> None:
    """There is nobody to hold yet; but the city's exchange may be asked for something."""
    _pass_flash(call, news.source, step)


def _pass_flash(call: Call, source: str, step: Step) -> bool:
    """Whether the telephone has the city line it speaks on for its own: then the line is ordered to flash."""
    leg = call.board.legs[source]
    partner = call.partner(leg)
    for telephone in call.board.telephones.values():
        city = call.board.city_lines.get(telephone.extension.paired_line or "")
        if telephone.line.key == source and city is not None and partner is not None:
            paired = partner.line is city.line and city.line.permits(PassFlash)
            if paired:
                city.line.order(PassFlash(), step)
            return paired
    return False


def remote_held(call: Call, news: RemoteHeld, step: Step) -> CallState:
    """A SIP telephone holds."""
    call.holders.add(news.source)
    return CallState.HELD


def remote_resumed(call: Call, news: RemoteResumed, step: Step) -> CallState:
    """A SIP telephone is back; the other party may hold as well."""
    call.holders.discard(news.source)
    return talking_or_held(call)


def talking_or_held(call: Call) -> CallState:
    """Two are together: they talk, unless one of them holds, perhaps since before the other answered."""
    return CallState.HELD if call.holders else CallState.TALKING


def held_meanwhile(call: Call, news: RemoteHeld, step: Step) -> CallState:
    """A SIP party holds while it waits for somebody."""
    call.holders.add(news.source)
    return call.state


def resumed_meanwhile(call: Call, news: RemoteResumed, step: Step) -> CallState:
    """And is back before anybody answered."""
    call.holders.discard(news.source)
    return call.state


def nobody_came_back(call: Call, timer: StateTimer, step: Step) -> CallState:
    """No wait without an end."""
    return call.end(Cause.RECOVERY_ON_TIMER, Evidence.TIMER, _EXCHANGE, step)


def left(call: Call, news: Left, step: Step) -> CallState:
    """A telephone that holds and goes on hook is rung back; everybody else who leaves ends the call."""
    leg = call.board.legs[news.source]
    partner = call.partner(leg)
    holds_alone = call.holders == {leg.key}
    telephone = isinstance(leg.line, Fxs | waiting.SecondCall)
    if not (holds_alone and telephone and news.evidence is Evidence.HOOK and partner is not None):
        return call.party_left(news, step)
    if isinstance(leg.line, waiting.SecondCall):
        leg.line.order(Clear(news.cause), step)
    call.take_out(news.source, step)
    call.recall_number = leg.number
    if not call.board.is_free(leg.number):
        return call.end(news.cause, news.evidence, leg.number or leg.via, step)
    for again in call.board.seat_station(call.id, leg.number, step):
        call.offers.append(again)
        again.line.order(partner.alert(), step)
    return CallState.RECALLING


def recalled(call: Call, news: Answered, step: Step) -> CallState:
    """He lifted again: the two talk on."""
    leg = call.board.legs[news.source]
    call.offers.remove(leg)
    if call.caller is None:
        call.caller = leg
    else:
        call.other = leg
    return talking_or_held(call)


def left_recalling(call: Call, news: Left, step: Step) -> CallState:
    """The held party has gone, or the telephone cannot be rung."""
    return call.party_left(news, step)


def recall_failed(call: Call, timer: StateTimer, step: Step) -> CallState:
    """He does not come back."""
    return call.end(Cause.NO_ANSWER, Evidence.TIMER, _EXCHANGE, step)

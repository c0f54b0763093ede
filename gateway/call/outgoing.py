"""A call over a city line: seize a free one, dial, let the caller hear what comes, notice the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.call import hold
from gateway.call.states import CallState
from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.signals import Progress, Seize
from gateway.routing.trunkgroup import next_line

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.model.machine import StateTimer, Step
    from gateway.model.settings import TrunkGroupSettings
    from gateway.model.signals import Alerting, Answered, CallerKnown, Left, Proceeding

_EXCHANGE = "exchange"

_LINE_AT_FAULT = (Cause.NO_CIRCUIT, Cause.NETWORK_OUT_OF_ORDER, Cause.TEMPORARY_FAILURE, Cause.CONGESTION)
"""Causes before dialling that another line may not have."""


def seize(call: Call, group: TrunkGroupSettings, number: str, step: Step) -> CallState:
    """Take the first free line of the group. A call from the city takes its second line so, if it may."""
    if call.city_rings and _forwarded(call) >= call.board.office.forwarded_at_once:
        return call.end(Cause.NO_CIRCUIT, Evidence.CONFIGURATION, _EXCHANGE, step)
    call.trunks, call.dialled = group, number
    call.tried.clear()
    return _seize_next(call, Cause.NO_CIRCUIT, Evidence.CONFIGURATION, step)


def seize_pair(call: Call, line: str, step: Step) -> CallState:
    """Take one certain line for the telephone that is paired with it, and connect it straight through."""
    city = call.board.city_lines[line]
    if not city.line.permits(Seize) or city.line.key in call.board.legs:
        return call.end(Cause.NO_CIRCUIT, Evidence.CONFIGURATION, _EXCHANGE, step)
    _take(call, line, "", step)
    return CallState.SEIZING


def _seize_next(call: Call, cause: Cause, evidence: Evidence, step: Step) -> CallState:
    """All lines busy, broken or tried: congestion."""
    assert call.trunks is not None  # set when the call turned outside
    board = call.board
    line = next_line(
        call.trunks,
        tried=call.tried,
        is_free=board.line_is_free,
        is_well=board.line_is_well,
        signal_dbm=board.signal_dbm,
    )
    if line is None:
        return call.end(cause, evidence, _EXCHANGE, step)
    _take(call, line, call.dialled, step)
    return CallState.SEIZING


def _take(call: Call, line: str, number: str, step: Step) -> None:
    call.tried.add(line)
    city = call.board.city_lines[line]
    call.other = call.board.seat_city_line(call.id, city, number, "", step)
    if call.record.direction is Direction.OUTGOING:
        call.record.line = line
        call.record.ensure_started(step)
    city.line.order(Seize(number), step)


def _forwarded(call: Call) -> int:
    """Other calls that came from the city and went out again."""
    others = (one for one in call.board.calls.values() if one is not call)
    return sum(one.trunks is not None and one.record.direction is Direction.INCOMING for one in others)


def _line_of(call: Call) -> str | None:
    """The name of the line that was seized."""
    line = call.other.line if call.other is not None else None
    names = (name for name, city in call.board.city_lines.items() if city.line is line)
    return next(names, call.record.line)


# --- rows -------------------------------------------------------------------------------------------------


def proceeding(call: Call, news: Proceeding, step: Step) -> None:
    """Dialled: from here on the caller hears the city, and a SIP caller without having to be answered."""
    if call.caller is not None:
        call.caller.line.order(Progress(audio=True), step)


def alerting(call: Call, news: Alerting, step: Step) -> None:
    """It rings in the city; the caller hears that himself."""


def caller_known(call: Call, news: CallerKnown, step: Step) -> CallState:
    """A caller of the city, on his way out again over a second line, is named."""
    return call.note_caller(news, step)


def answered(call: Call, news: Answered, step: Step) -> CallState:
    """Somebody answered in the city. Of a call that came from the city its answer names the second line."""
    call.connect_caller(step)
    connected = call.other.number if call.other is not None else ""
    call.record.answer(connected, _line_of(call), news.evidence, step)
    return hold.talking_or_held(call)


def nobody_answered(call: Call, timer: StateTimer, step: Step) -> CallState:
    """It has rung outside for longer than anybody waits: the line is wanted by others."""
    return call.end(Cause.NO_ANSWER, Evidence.TIMER, _EXCHANGE, step)


def left_seizing(call: Call, news: Left, step: Step) -> CallState:
    """The caller gave up; or the line is no good, then the next one may be."""
    leg = call.take_out(news.source, step)
    if call.caller is None:
        return call.end(news.cause, news.evidence, leg.number or leg.via, step)
    if call.trunks is None or news.cause not in _LINE_AT_FAULT:
        return call.end(news.cause, news.evidence, _EXCHANGE, step)
    call.restart_timers()
    return _seize_next(call, news.cause, news.evidence, step)

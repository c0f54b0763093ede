"""A hold queue: callers are answered, hear music, and are connected in order as soon as somebody is free.

A city line is answered when who calls is known (that comes between its first two rings), at the latest after
four seconds. All free members are rung for the first caller only, so that whoever lifts gets the one who has
waited longest. When nobody answers, there is a pause; his place is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.call import offering
from gateway.call.states import CallState
from gateway.model.causes import Cause, Evidence

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.model.machine import StateTimer, Step
    from gateway.model.settings import QueueSettings
    from gateway.model.signals import Alerting, Answered, CallerKnown, Left

_EXCHANGE = "exchange"


def enter(call: Call, settings: QueueSettings, step: Step) -> CallState:
    """Wait at the end of the queue; a full one sends the caller on."""
    queue = call.board.queues[settings.number]
    if queue.full and call.city_rings and not settings.overflow:
        return offering.ring(call, settings.members, settings.max_wait_ms, "", step)
    if queue.full:
        return _overflow(call, settings, Cause.USER_BUSY, Evidence.CONFIGURATION, step)
    queue.enter(call.id)
    call.queue, call.members, call.overflow = settings, settings.members, settings.overflow
    _begin_round(call)
    call.restart_timers()
    if not offering.identity_pending(call):
        call.connect_caller(step)
    return CallState.WAITING


def _overflow(call: Call, settings: QueueSettings, cause: Cause, evidence: Evidence, step: Step) -> CallState:
    if settings.overflow:
        return call.go_to_number(settings.overflow, step)
    return call.end(cause, evidence, _EXCHANGE, step)


def _begin_round(call: Call) -> None:
    call.refused.clear()
    call.rung.clear()


def _leave(call: Call) -> None:
    if call.queue is not None:
        call.board.queues[call.queue.number].leave(call.id)
        call.queue = None


# --- rows -------------------------------------------------------------------------------------------------


def caller_known(call: Call, news: CallerKnown, step: Step) -> CallState:
    """The line may be answered now, with music; SIP members may be shown who calls."""
    call.note_caller(news, step)
    call.connect_caller(step)
    if call.state is CallState.PRESENTED:
        offering.identify_caller(call, news, step)
        offering.ring_postponed(call, step)
    call.postponed.clear()
    return call.state


def present(call: Call, event: object, step: Step) -> CallState:
    """It is this caller's turn: ring every free member."""
    _begin_round(call)
    offering.ring_free_members(call, step)
    return CallState.PRESENTED if call.offers else CallState.WAITING


def ring_more(call: Call, event: object, step: Step) -> CallState:
    """Somebody is free now who was not when the others were rung."""
    offering.ring_free_members(call, step)
    return CallState.PRESENTED if call.offers else CallState.RESTING


def alerting(call: Call, news: Alerting, step: Step) -> None:
    """A member's telephone rings; the caller hears music."""


def answered(call: Call, news: Answered, step: Step) -> CallState:
    """A member takes the call; the next caller moves up."""
    _leave(call)
    return offering.answered(call, news, step)


def caller_left(call: Call, news: Left, step: Step) -> CallState:
    """He did not want to wait any longer."""
    return call.party_left(news, step)


def left(call: Call, news: Left, step: Step) -> CallState:
    """The caller is gone, or a member refused."""
    leg = call.take_out(news.source, step)
    if call.caller is None:
        return call.end(news.cause, news.evidence, leg.number or leg.via, step)
    offering.note_left(call, leg, news)
    return CallState.PRESENTED if call.offers else CallState.RESTING


def nobody_answered(call: Call, timer: StateTimer, step: Step) -> None:
    """They rang long enough; the caller keeps his place."""
    call.release_offers(Cause.NO_ANSWER, step)


def rested(call: Call, timer: StateTimer, step: Step) -> None:
    """Members may be rung again."""
    _begin_round(call)


def waited_too_long(call: Call, timer: StateTimer, step: Step) -> CallState:
    """No wait without an end: to the overflow."""
    settings = call.queue
    assert settings is not None  # the timer runs in a queue only
    call.release_offers(Cause.NO_ANSWER, step)
    _leave(call)
    return _overflow(call, settings, Cause.NO_ANSWER, Evidence.TIMER, step)

"""Words to both parties of a call over a city line: that it is about to end, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.call.states import CallState
from gateway.media.plan import Spoken
from gateway.media.spoken import clip_of
from gateway.model.numbers import NodeId

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.model.machine import Step
    from gateway.model.signals import Warned, WarningOver


def begin(call: Call, news: Warned, step: Step) -> CallState:
    """Say it, from the beginning."""
    call.warning = Spoken(NodeId(step.new_id()), clip_of(news.kind, call.board.office.country))
    return call.state


def end(call: Call, news: WarningOver, step: Step) -> CallState:
    """Somebody has spoken: no more words."""
    call.warning = None
    return call.state


def said(call: Call, node: NodeId) -> None:
    """A recording has ended; it may have been this one."""
    if call.warning is not None and call.warning.node == node:
        call.warning = None

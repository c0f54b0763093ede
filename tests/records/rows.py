"""Rows of calls for the journal's tests."""

from gateway.model.actions import CallAnswered, CallEnded, CallStarted, Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.echo import EchoFigures, LegEcho
from gateway.model.numbers import CallId, PortId

DAY = 1_795_341_706_000_000_000
SECOND = 1_000_000_000


def started(call: int, at_s: int = 0, *, calling: str = "101", line: str | None = None) -> CallStarted:
    at_ns = at_s * SECOND
    return CallStarted(CallId(call), Direction.INTERNAL, calling, "Касса", "102", line, DAY + at_ns, at_ns)


def answered(call: int, at_s: int = 5, *, evidence: Evidence = Evidence.HOOK) -> CallAnswered:
    return CallAnswered(CallId(call), "102", None, evidence, DAY + at_s * SECOND, at_s * SECOND)


def ended(call: int, at_s: int = 60, *, cause: Cause = Cause.NORMAL_CLEARING) -> CallEnded:
    return CallEnded(CallId(call), cause, Evidence.HOOK, "101", DAY + at_s * SECOND, at_s * SECOND)


def left(call: int, port: str = "fxs1", *, at_s: int = 60, erl_db: float | None = 12.5) -> LegEcho:
    echo = EchoFigures(erl_db, 28.0, 31.5)
    return LegEcho(CallId(call), PortId(port), echo, DAY + at_s * SECOND, at_s * SECOND)

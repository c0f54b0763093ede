"""One call as it stands in the journal, and what follows from its rows: how it went, how long it took."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import NS_PER_MS


class Outcome(StrEnum):
    """How a call went, in one word."""

    ONGOING = "ongoing"
    ANSWERED = "answered"
    ABANDONED = "abandoned"  # the caller gave up before anybody answered
    BUSY = "busy"
    NOT_ANSWERED = "not_answered"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # the gateway was cut in the middle of it


@dataclass(frozen=True, slots=True)
class PortEcho:
    """What the canceller of an analog party had measured when that party left the call; None: not found."""

    port: str
    erl_db: float | None
    erle_db: float | None
    delay_ms: float | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """The three rows of a call beside one another; the fields of a row that is not there are None.

    ``line`` is the city line that the call came in or went out over, None inside the office. ``echo`` has one
    entry for each analog party that has left, by port.
    """

    run: int
    call: int
    direction: Direction
    calling: str
    calling_name: str
    called: str
    line: str | None
    started_wall_ns: int
    started_monotonic_ns: int
    connected: str | None = None
    answer_evidence: Evidence | None = None
    answered_wall_ns: int | None = None
    answered_monotonic_ns: int | None = None
    cause: Cause | None = None
    end_evidence: Evidence | None = None
    ended_by: str | None = None
    ended_wall_ns: int | None = None
    ended_monotonic_ns: int | None = None
    echo: tuple[PortEcho, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How it went."""
        if self.cause is None:
            return Outcome.ONGOING
        if self.end_evidence is Evidence.RESTART:
            return Outcome.INTERRUPTED
        if self.connected is not None:
            return Outcome.ANSWERED
        return _UNANSWERED.get(self.cause, Outcome.FAILED)

    @property
    def waited_ms(self) -> int | None:
        """From the start to the answer or, without one, to the end."""
        until = self.answered_monotonic_ns if self.connected is not None else self.ended_monotonic_ns
        return None if until is None else (until - self.started_monotonic_ns) // NS_PER_MS

    @property
    def talked_ms(self) -> int | None:
        """From the answer to the end; None while it goes on or when nobody answered."""
        if self.answered_monotonic_ns is None or self.ended_monotonic_ns is None:
            return None
        return (self.ended_monotonic_ns - self.answered_monotonic_ns) // NS_PER_MS


_UNANSWERED = {
    Cause.NORMAL_CLEARING: Outcome.ABANDONED,
    Cause.NORMAL_UNSPECIFIED: Outcome.ABANDONED,
    Cause.USER_BUSY: Outcome.BUSY,
    Cause.NO_ANSWER: Outcome.NOT_ANSWERED,
    Cause.NO_USER_RESPONDING: Outcome.NOT_ANSWERED,
    Cause.RECOVERY_ON_TIMER: Outcome.NOT_ANSWERED,
}


@dataclass(frozen=True, slots=True)
class Summary:
    """A number of calls taken together."""

    calls: int
    by_outcome: dict[Outcome, int]
    by_direction: dict[Direction, int]
    talked_ms: int
    mean_wait_ms: int | None
    """Mean wait of those that were answered."""


def summarise(records: Iterable[CallRecord]) -> Summary:
    """Count and add up."""
    outcomes: Counter[Outcome] = Counter()
    directions: Counter[Direction] = Counter()
    talked_ms = 0
    waits: list[int] = []
    for record in records:
        outcomes[record.outcome] += 1
        directions[record.direction] += 1
        talked_ms += record.talked_ms or 0
        if record.connected is not None and record.waited_ms is not None:
            waits.append(record.waited_ms)
    mean_wait_ms = sum(waits) // len(waits) if waits else None
    return Summary(outcomes.total(), dict(outcomes), dict(directions), talked_ms, mean_wait_ms)


def record_from_row(row: tuple[object, ...]) -> CallRecord:
    """Make a record of a row of `schema.select_records`. ValueError when the row cannot be."""
    (run, call, direction, calling, calling_name, called, line, wall, monotonic, *rest) = row
    (connected, answer_line, answer_evidence, answered_wall, answered_monotonic, *end) = rest
    (cause, end_evidence, ended_by, ended_wall, ended_monotonic, echo) = end
    return CallRecord(
        _number(run),
        _number(call),
        Direction(str(direction)),
        str(calling),
        str(calling_name),
        str(called),
        _text_or_none(answer_line) or _text_or_none(line),
        _number(wall),
        _number(monotonic),
        _text_or_none(connected),
        None if answer_evidence is None else Evidence(str(answer_evidence)),
        _number_or_none(answered_wall),
        _number_or_none(answered_monotonic),
        None if cause is None else Cause(_number(cause)),
        None if end_evidence is None else Evidence(str(end_evidence)),
        _text_or_none(ended_by),
        _number_or_none(ended_wall),
        _number_or_none(ended_monotonic),
        _echo_of(echo),
    )


def _echo_of(rows: object) -> tuple[PortEcho, ...]:
    """The last measurement of each port, from JSON rows of time, port and three figures."""
    last: dict[str, PortEcho] = {}
    for _, port, erl_db, erle_db, delay_ms in sorted(json.loads(str(rows)), key=lambda row: row[0]):
        last[str(port)] = PortEcho(str(port), erl_db, erle_db, delay_ms)
    return tuple(last[port] for port in sorted(last))


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"expected a whole number, found {value!r}")
    return value


def _number_or_none(value: object) -> int | None:
    return None if value is None else _number(value)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)

"""Rows of the journal: each at most once, the first one with the time of the beginning."""

import pytest

from gateway.call.record import CallRecord
from gateway.errors import Bug
from gateway.model.actions import CallAnswered, CallEnded, CallStarted, Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.machine import Ids, Step
from gateway.model.numbers import CallId, Now


@pytest.fixture
def record() -> CallRecord:
    return CallRecord(CallId(7), Direction.INCOMING, "", "", "600", "city1", Now(1, 2))


@pytest.fixture
def step() -> Step:
    return Step(Now(3, 4), Ids(1))


def test_the_start_row_bears_the_time_of_the_beginning(record: CallRecord, step: Step) -> None:
    record.start(step)
    (row,) = step.actions
    assert isinstance(row, CallStarted)
    assert (row.monotonic_ns, row.wall_ns) == (1, 2)


def test_an_answer_or_an_end_brings_the_start_row_with_it(record: CallRecord, step: Step) -> None:
    record.answer("101", "city1", Evidence.HOOK, step)
    record.end(Cause.NORMAL_CLEARING, Evidence.HOOK, "101", step)
    assert [type(row) for row in step.actions] == [CallStarted, CallAnswered, CallEnded]


def test_nothing_is_written_twice(record: CallRecord, step: Step) -> None:
    record.start(step)
    with pytest.raises(Bug):
        record.start(step)
    record.answer("101", None, Evidence.HOOK, step)
    with pytest.raises(Bug):
        record.answer("101", None, Evidence.HOOK, step)
    record.end(Cause.NORMAL_CLEARING, Evidence.HOOK, "101", step)
    for again in (
        lambda: record.end(Cause.NORMAL_CLEARING, Evidence.HOOK, "101", step),
        lambda: record.answer("101", None, Evidence.HOOK, step),
        lambda: record.start(step),
    ):
        with pytest.raises(Bug):
            again()
    assert len(step.actions) == 3

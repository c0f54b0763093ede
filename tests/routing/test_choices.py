"""Lines of a trunk group, members of a hunt group, places in a queue."""

import pytest

from gateway.errors import Bug
from gateway.model.numbers import CallId
from gateway.model.settings import QueueSettings, TrunkChoice, TrunkGroupSettings
from gateway.routing.callqueue import CallQueue
from gateway.routing.huntgroup import members_to_ring
from gateway.routing.trunkgroup import next_line


def test_the_first_free_line_that_was_not_tried() -> None:
    group = TrunkGroupSettings("city", ("a", "b", "c"))
    free = {"b", "c"}
    assert next_line(group, tried=set(), is_free=free.__contains__) == "b"
    assert next_line(group, tried={"b"}, is_free=free.__contains__) == "c"
    assert next_line(group, tried={"b", "c"}, is_free=free.__contains__) is None


def test_a_line_that_ails_is_taken_only_when_no_other_is_left() -> None:
    group = TrunkGroupSettings("city", ("a", "b", "c"))
    well = {"b", "c"}.__contains__
    assert next_line(group, tried=set(), is_free=lambda name: True, is_well=well) == "b"
    assert next_line(group, tried={"b", "c"}, is_free=lambda name: True, is_well=well) == "a"


def test_the_best_signal_counts_among_the_lines_that_are_well() -> None:
    group = TrunkGroupSettings("mobile", ("a", "b", "c"), TrunkChoice.SIGNAL)
    signals = {"a": -51, "b": -97, "c": -73}
    free, well = {"a", "b", "c"}.__contains__, {"b", "c"}.__contains__
    given = {"is_free": free, "is_well": well, "signal_dbm": signals.__getitem__}
    assert next_line(group, tried=set(), **given) == "c"
    assert next_line(group, tried={"b", "c"}, **given) == "a"
    assert next_line(group, tried={"a", "b", "c"}, **given) is None


def test_free_members_in_order_without_those_who_refused() -> None:
    free = {"101", "103", "104"}.__contains__
    assert members_to_ring(("104", "102", "101", "103"), is_free=free, passed_over={"101"}) == ["104", "103"]


def test_a_queue_keeps_the_order_and_its_limit() -> None:
    queue = CallQueue(QueueSettings("610", "Q", (), "music", limit=2))
    queue.enter(CallId(7))
    queue.enter(CallId(3))
    assert queue.first == 7
    assert queue.full
    with pytest.raises(Bug):
        queue.enter(CallId(9))
    queue.leave(CallId(7))
    queue.leave(CallId(7))
    assert queue.first == 3
    with pytest.raises(Bug):
        queue.enter(CallId(3))

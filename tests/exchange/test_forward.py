"""A call from the city that goes out again over a second line: two lines, both given back, whoever leaves."""

from dataclasses import replace

import pytest

from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import ToneKind
from tests.exchange.world import City, World, office

FORWARDED = office(lines_to=("9123456", "9765432"))


@pytest.fixture
def world() -> World:
    return World(FORWARDED)


def connect(world: World) -> tuple[City, City]:
    first, second = world.city(1), world.city(2)
    first.calls("4951234567", "Ivan", rings=3)
    second.sounds(ToneKind.DIAL)
    assert second.takes_digits() == "123456"
    second.sounds(ToneKind.RINGBACK)
    assert not first.seized
    world.wait(7)
    second.sounds(ToneKind.RINGBACK, present=False)
    world.wait(2)
    assert first.seized
    assert (first.hears, second.hears) == ({"fxo2"}, {"fxo1"})
    return first, second


def test_the_caller_is_answered_when_the_number_outside_is(world: World) -> None:
    connect(world)
    (started,), (answered,) = world.started, world.answered
    assert (started.calling, started.called, started.line) == ("4951234567", "9123456", "city1")
    assert (answered.connected, answered.line) == ("123456", "city2")


@pytest.mark.parametrize("place", [0, 1])
def test_whichever_far_end_leaves_both_lines_are_given_back(world: World, place: int) -> None:
    ends = connect(world)
    ends[place].sounds(ToneKind.BUSY)
    assert not any(end.seized for end in ends)
    (ended,) = world.ended
    assert (ended.cause, ended.evidence) == (Cause.NORMAL_CLEARING, Evidence.BUSY_TONE)


def test_a_caller_who_gives_up_frees_the_second_line(world: World) -> None:
    first, second = world.city(1), world.city(2)
    first.calls("4951234567", "Ivan")
    second.sounds(ToneKind.DIAL)
    second.takes_digits()
    world.wait(20)  # one ring, and no other comes
    assert not second.seized
    assert world.ended[0].evidence is Evidence.RINGING_STOPPED


def test_a_busy_number_outside_leaves_the_caller_ringing(world: World) -> None:
    first, second = world.city(1), world.city(2)
    first.calls("4951234567", "Ivan")
    second.sounds(ToneKind.DIAL)
    second.takes_digits()
    second.sounds(ToneKind.BUSY)
    assert not first.seized
    assert not second.seized
    assert world.ended[0].cause is Cause.USER_BUSY


def test_no_more_are_forwarded_at_once_than_the_office_says() -> None:
    world = World(replace(FORWARDED, forwarded_at_once=0))
    world.city(1).calls("4951234567", "Ivan")
    world.wait(3)
    assert not world.city(2).seized
    (ended,) = world.ended
    assert (ended.cause, ended.evidence) == (Cause.NO_CIRCUIT, Evidence.CONFIGURATION)

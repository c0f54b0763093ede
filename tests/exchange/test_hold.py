"""Hold by flash: music, dial tone for the holder, back, recall when the holder hangs up."""

import pytest

from gateway.model.causes import Cause, Evidence
from tests.exchange.world import Telephone, World


@pytest.fixture
def talking(world: World, anna: Telephone, boris: Telephone) -> World:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    return world


def test_a_flash_holds_with_music_and_another_comes_back(
    talking: World, anna: Telephone, boris: Telephone
) -> None:
    anna.flashes()
    assert boris.hears == {"music:hold"}
    assert anna.hears == {"dial"}
    anna.flashes()
    assert boris.hears == {"fxs1"}
    assert anna.hears == {"fxs2"}
    assert talking.ended == []


def test_both_may_hold(talking: World, anna: Telephone, boris: Telephone) -> None:
    anna.flashes()
    boris.flashes()
    assert anna.hears == boris.hears == {"dial"}
    anna.flashes()
    assert anna.hears == {"music:hold"}
    boris.flashes()
    assert anna.hears == {"fxs2"}


def test_the_held_party_leaves(talking: World, anna: Telephone, boris: Telephone) -> None:
    anna.flashes()
    boris.hangs_up()
    assert anna.hears == {"busy"}
    assert talking.ended[0].ended_by == "102"


def test_a_holder_who_hangs_up_is_rung_back(talking: World, anna: Telephone, boris: Telephone) -> None:
    anna.flashes()
    anna.hangs_up()
    assert anna.rings
    assert boris.hears == {"music:hold"}
    anna.lifts()
    assert anna.hears == {"fxs2"}
    assert boris.hears == {"fxs1"}
    anna.hangs_up()
    assert len(talking.started) == len(talking.answered) == len(talking.ended) == 1


def test_a_recall_ends_after_a_while(talking: World, anna: Telephone, boris: Telephone) -> None:
    anna.flashes()
    anna.hangs_up()
    talking.wait(31)
    assert not anna.rings
    assert boris.hears == {"busy"}
    assert (talking.ended[0].cause, talking.ended[0].evidence) == (Cause.NO_ANSWER, Evidence.TIMER)


def test_the_held_party_leaves_during_the_recall(talking: World, anna: Telephone, boris: Telephone) -> None:
    anna.flashes()
    anna.hangs_up()
    boris.hangs_up()
    assert not anna.rings
    assert talking.calls == ()


def test_a_break_too_short_for_a_flash_holds_nobody(
    talking: World, anna: Telephone, boris: Telephone
) -> None:
    anna.flashes(60)
    assert boris.hears == {"fxs1", "digits:1"} or boris.hears == {"fxs1"}
    assert talking.calls[0].state == "talking"

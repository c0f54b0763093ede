"""One line = one handset: a telephone that is paired with a city line, and nothing between."""

import pytest

from gateway.model.causes import Evidence
from gateway.model.events import DigitStarted
from gateway.model.numbers import ToneKind
from tests.exchange.world import World, office


@pytest.fixture
def paired() -> World:
    return World(office(paired="city2"))


def test_lifting_a_paired_telephone_takes_its_line_and_nothing_is_between(paired: World) -> None:
    vera, line = paired.telephone("103"), paired.city(2)
    vera.lifts()
    assert line.seized
    assert vera.hears == {"fxo2"}
    assert line.hears == {"fxs3"}
    line.sounds(ToneKind.DIAL)
    vera.presses("5")
    assert vera.hears == {"fxo2"}
    assert line.hears == {"fxs3"}, "the city hears the telephone's own tone"


def test_pulses_of_a_paired_telephone_are_repeated_as_tones(paired: World) -> None:
    vera, line = paired.telephone("103"), paired.city(2)
    vera.lifts()
    for _ in range(3):
        vera._edge(False)
        paired.wait(0.06)
        vera._edge(True)
        paired.wait(0.04)
    paired.wait(0.15)
    assert line.hears == {"fxs3", "digits:3"}
    paired.wait(0.5)
    assert line.hears == {"fxs3"}


def test_a_call_over_a_pair_is_in_the_journal(paired: World) -> None:
    vera, line = paired.telephone("103"), paired.city(2)
    vera.lifts()
    vera.presses("5")
    line.sounds(ToneKind.RINGBACK)
    paired.wait(6)
    line.sounds(ToneKind.RINGBACK, present=False)
    paired.wait(3)
    assert [row.line for row in paired.started] == ["city2"]
    assert paired.answered[0].connected == "5"
    assert paired.answered[0].evidence is Evidence.RINGBACK_ENDED
    vera.hangs_up()
    assert not line.seized


def test_the_paired_line_rings_its_telephone_and_no_other(paired: World) -> None:
    paired.city(2).calls("4951234567")
    paired.wait(1)
    assert paired.ringing == {"fxs3"}
    paired.telephone("103").lifts()
    assert paired.telephone("103").hears == {"fxo2"}


def test_without_a_digit_nothing_is_supervised_on_a_pair(paired: World) -> None:
    vera, line = paired.telephone("103"), paired.city(2)
    vera.lifts()
    line.sounds(ToneKind.DIAL)
    line.sounds(ToneKind.DIAL, present=False)
    line.sounds(ToneKind.BUSY)
    paired.wait(30)
    assert line.seized, "the user hears the city's busy tone himself"
    assert paired.answered == []


def test_a_paired_telephone_lifted_in_the_guard_time_waits_for_its_line(paired: World) -> None:
    vera, line = paired.telephone("103"), paired.city(2)
    vera.lifts()
    vera.hangs_up()
    vera.lifts()
    assert line.state == "seize_after_guard"
    paired.wait(1.6)
    assert line.seized
    assert vera.hears == {"fxo2"}


def test_digits_started_on_a_paired_telephone_change_nothing(paired: World) -> None:
    vera = paired.telephone("103")
    vera.lifts()
    paired.feed(DigitStarted(paired.port_node("fxs3").id))
    assert vera.hears == {"fxo2"}

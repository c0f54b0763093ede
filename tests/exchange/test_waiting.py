"""Call waiting at analog telephones: beep, display, flash there and back, and every way to leave."""

from dataclasses import replace

import pytest

from gateway.model import events as ev
from gateway.model.plan import IdentityAlert
from gateway.model.settings import ON_HOOK_AUDIO
from tests.exchange.world import World, office


def world(*, display: bool = True, wanted: bool = True) -> World:
    settings = office()
    extensions = tuple(
        replace(one, call_waiting=wanted, identity="country" if display else "none")
        if one.port is not None
        else one
        for one in settings.extensions
    )
    return World(replace(settings, extensions=extensions), capabilities=(ON_HOOK_AUDIO,))


def anna_and_boris_talk(world: World) -> None:
    world.telephone("101").lifts()
    world.telephone("101").dials("102")
    world.telephone("102").lifts()
    world.wait(0.3)
    assert world.hears("fxs1") == {"fxs2"}


def vera_calls_anna(world: World) -> None:
    world.telephone("103").lifts()
    world.telephone("103").dials("101")


def test_who_does_not_want_it_is_busy() -> None:
    office = world(wanted=False)
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    assert office.hears("fxs3") == {"busy"}
    assert office.hears("fxs1") == {"fxs2"}


def test_a_beep_in_the_conversation_and_ringback_for_the_caller() -> None:
    office = world(display=False)
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    assert office.hears("fxs3") == {"ringback"}
    assert office.hears("fxs1") == {"fxs2", "call_waiting"}
    assert office.hears("fxs2") == {"fxs1"}
    office.wait(2)
    assert office.told == []


def test_the_display_is_told_in_a_conversation_that_is_cut_off_meanwhile() -> None:
    office = world()
    anna_and_boris_talk(office)
    told = len(office.told)
    vera_calls_anna(office)
    office.wait(0.5)
    assert len(office.told) == told + 1
    message = office.told[-1][1].message
    assert (message.number, message.name, message.alert) == ("103", "Vera", IdentityAlert.IN_CALL)
    assert office.hears("fxs1") == {"told:103"}
    assert office.hears("fxs2") == set()
    office.wait(1)
    assert office.hears("fxs1") == {"fxs2", "call_waiting"}
    assert office.hears("fxs2") == {"fxs1"}


def test_a_flash_changes_over_and_back() -> None:
    office = world(display=False)
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.telephone("101").flashes()
    assert office.hears("fxs1") == {"fxs3"}
    assert office.hears("fxs3") == {"fxs1"}
    assert office.hears("fxs2") == {"music:hold"}
    assert len(office.answered) == 2
    office.telephone("101").flashes()
    assert office.hears("fxs1") == {"fxs2"}
    assert office.hears("fxs3") == {"music:hold"}


@pytest.mark.parametrize("flashed", [False, True])
def test_hanging_up_rings_for_whoever_is_left(flashed: bool) -> None:
    office = world(display=False)
    anna, left = office.telephone("101"), "fxs2" if flashed else "fxs3"
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    if flashed:
        anna.flashes()
    anna.hangs_up()
    assert anna.rings
    assert len(office.ended) == 1
    anna.lifts()
    office.wait(0.2)
    assert office.hears("fxs1") == {left}
    assert office.hears(left) == {"fxs1"}


def test_the_other_party_hangs_up_and_the_held_one_is_back() -> None:
    office = world(display=False)
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.telephone("101").flashes()
    office.telephone("103").hangs_up()
    assert office.hears("fxs1") == {"fxs2"}
    assert office.hears("fxs2") == {"fxs1"}


def test_the_held_party_hangs_up_and_the_conversation_goes_on() -> None:
    office = world(display=False)
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.telephone("101").flashes()
    office.telephone("102").hangs_up()
    assert office.hears("fxs1") == {"fxs3"}
    office.telephone("101").flashes()  # now an ordinary hold
    assert office.hears("fxs3") == {"music:hold"}


@pytest.mark.parametrize("after_s", [0.1, 0.5, 3.0])
def test_the_caller_gives_up_and_the_beep_ends(after_s: float) -> None:
    office = world()
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.wait(after_s)
    office.telephone("103").hangs_up()
    assert office.hears("fxs1") == {"fxs2"}
    assert office.hears("fxs2") == {"fxs1"}


def test_a_third_caller_is_told_busy() -> None:
    office = world(display=False)
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.telephone("104").lifts()
    office.telephone("104").dials("101")
    assert office.hears("fxs4") == {"busy"}


def test_the_displays_own_digit_goes_nowhere() -> None:
    office = world()
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.wait(0.5)
    node = office.port_node("fxs1")
    assert not node.detectors
    office.feed(ev.IdentitySent(office.told[-1][1].id, heard=False))
    assert office.hears("fxs1") == {"fxs2", "call_waiting"}


def test_everybody_goes_home() -> None:
    office = world()
    anna_and_boris_talk(office)
    vera_calls_anna(office)
    office.telephone("101").flashes()
    for number in ("102", "103", "101"):
        office.telephone(number).hangs_up()
    office.wait(1)
    assert office.calls == ()
    assert {office.line(f"fxs{place}").state for place in (1, 2, 3)} == {"idle"}
    assert not office.ringing


def test_a_caller_from_the_city_waits_too_and_is_shown_when_he_is_known() -> None:
    settings = office(lines_to=("101", "610"))
    extensions = tuple(
        replace(one, call_waiting=True) if one.port is not None else one for one in settings.extensions
    )
    world = World(replace(settings, extensions=extensions), capabilities=(ON_HOOK_AUDIO,))
    anna_and_boris_talk(world)
    told = len(world.told)
    world.city(1).ring_once()
    world.wait(1.5)
    assert world.hears("fxs1") == {"fxs2", "call_waiting"}
    assert len(world.told) == told
    world.city(1).identifies("4951234567", "Иван")
    assert [node.message.number for _, node in world.told[told:]] == ["4951234567"]
    world.wait(1.5)
    world.telephone("101").flashes()
    assert world.hears("fxs1") == {"fxo1"}
    assert world.city(1).seized
    assert world.hears("fxs2") == {"music:hold"}


def test_a_caller_from_the_city_who_gives_up_is_gone() -> None:
    settings = office(lines_to=("101", "610"))
    extensions = tuple(
        replace(one, call_waiting=True) if one.port is not None else one for one in settings.extensions
    )
    world = World(replace(settings, extensions=extensions))
    anna_and_boris_talk(world)
    world.city(1).ring_once()
    world.wait(20)
    assert world.hears("fxs1") == {"fxs2"}
    assert len(world.calls) == 1

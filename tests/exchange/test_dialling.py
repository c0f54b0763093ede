"""Calls to the city over lines that want pulses, pauses or an access code, and finding out which."""

from dataclasses import replace

import pytest

from gateway.model.causes import Cause
from gateway.model.events import ToneHeard
from gateway.model.numbers import ToneKind
from gateway.model.settings import DialMode
from tests.exchange.world import City, Telephone, World, office


def world_of(mode: DialMode, *, access: str = "", takes_tones: bool = True) -> World:
    settings = office()
    lines = tuple(replace(line, dialling=mode, access=access) for line in settings.city_lines)
    return World(replace(settings, city_lines=lines), takes_tones=takes_tones)


def seize(world: World, number: str = "84951234567") -> tuple[Telephone, City]:
    anna, city = world.telephone("101"), world.city(1)
    anna.lifts()
    anna.dials(number)
    assert city.seized
    city.sounds(ToneKind.DIAL)
    return anna, city


def pulsed(world: World) -> str:
    return "".join(str(((len(breaks) + 1) // 2) % 10) for _port, breaks in world.breaks)


def dial_tone_ends(world: World, city: City) -> None:
    world.feed(ToneHeard(city.node, ToneKind.DIAL, False, 0))


def test_pulses_are_dialled_digit_by_digit_with_pauses_between() -> None:
    world = world_of(DialMode.PULSE)
    anna, city = seize(world)
    assert city.state == "pulsing"
    assert world.breaks == [("fxo1", (67, 33) * 7 + (67,))]
    dial_tone_ends(world, city)
    began_ms = world.ms
    while city.state == "pulsing":
        world.wait(0.1)
    assert pulsed(world) == "84951234567"
    assert city.state == "calling"
    assert anna.hears == {"fxo1"}
    pulses = 8 + 4 + 9 + 5 + 1 + 2 + 3 + 4 + 5 + 6 + 7
    assert world.ms - began_ms >= pulses * 100


def test_the_first_digit_of_all_is_tried_as_a_tone_and_the_rest_follows() -> None:
    world = world_of(DialMode.AUTO)
    _anna, city = seize(world)
    assert city.takes_digits() == "8"
    world.wait(1.6)
    assert city.takes_digits() == "4951234567"
    world.wait(3)
    assert city.state == "calling"
    assert world.breaks == []


def test_what_was_found_out_is_known_for_the_next_call() -> None:
    world = world_of(DialMode.AUTO)
    anna, city = seize(world)
    world.wait(8)
    assert city.state == "calling"
    anna.hangs_up()
    world.wait(5)
    seize(world)
    assert city.takes_digits() == "84951234567"


def test_dial_tone_that_sounds_on_means_pulses_from_the_beginning() -> None:
    world = world_of(DialMode.AUTO, takes_tones=False)
    anna, city = seize(world)
    world.wait(2)
    assert city.state == "pulsing"
    dial_tone_ends(world, city)
    world.wait(16)
    assert pulsed(world) == "84951234567"
    assert city.state == "calling"
    anna.hangs_up()
    world.wait(5)
    seize(world)
    assert city.state == "pulsing", "and so it is dialled at once the next time"


@pytest.mark.parametrize("mode", DialMode)
def test_a_line_that_takes_nothing_is_given_up_with_an_alarm_for_the_next_one(mode: DialMode) -> None:
    world = world_of(mode, takes_tones=False)
    _anna, city = seize(world)
    world.wait(60)
    assert not city.seized
    assert world.city(2).seized or world.calls == () or world.calls[0].line == "city2"
    (alarm,) = [alarm for alarm in world.alarms if alarm.about == "fxo1" and "digits" in alarm.text]
    assert ("auto" in alarm.text) is (mode is not DialMode.AUTO)


def test_an_access_code_comes_first_and_a_second_dial_tone_is_awaited() -> None:
    world = world_of(DialMode.TONE, access="9w")
    _anna, city = seize(world)
    assert city.takes_digits() == "9"
    world.wait(0.1)
    assert city.state == "awaiting"
    world.wait(3)
    city.sounds(ToneKind.DIAL)
    assert city.takes_digits() == "84951234567"
    world.wait(1)
    assert city.state == "calling"


def test_without_a_second_dial_tone_another_line_is_tried() -> None:
    world = world_of(DialMode.TONE, access="9w")
    _anna, city = seize(world)
    world.wait(11)
    assert not city.seized
    assert world.city(2).seized


def test_a_pause_in_the_access_code_is_kept() -> None:
    world = world_of(DialMode.TONE, access="9,")
    _anna, city = seize(world)
    assert city.hears == {"digits:9"}
    world.wait(0.25)
    assert city.state == "pausing"
    world.wait(1.9)
    assert city.hears == set()
    world.wait(0.1)
    assert city.takes_digits() == "84951234567"


def test_a_stuttered_dial_tone_is_one() -> None:
    world = world_of(DialMode.TONE)
    anna, city = world.telephone("101"), world.city(1)
    anna.lifts()
    anna.dials("84951234567")
    city.sounds(ToneKind.STUTTER_DIAL)
    assert city.takes_digits() == "84951234567"


@pytest.mark.parametrize("kind", [ToneKind.BUSY, ToneKind.SIT, ToneKind.HOWLER])
def test_a_refusal_in_the_middle_of_dialling_leads_to_the_next_line(kind: ToneKind) -> None:
    world = world_of(DialMode.PULSE)
    _anna, city = seize(world)
    world.wait(1)
    city.sounds(kind)
    assert not city.seized
    assert world.city(2).seized


@pytest.mark.parametrize("mode", DialMode)
def test_who_hangs_up_in_the_middle_of_dialling_frees_the_line(mode: DialMode) -> None:
    for at_s in (0.1, 0.5, 1.5, 2.5):
        world = world_of(mode, takes_tones=False)
        anna, city = seize(world)
        world.wait(at_s)
        anna.hangs_up()
        assert not city.seized
        world.wait(60)
        assert city.state == "idle"
        assert world.ended[0].cause is Cause.NORMAL_CLEARING


def test_the_flash_of_a_paired_telephone_goes_to_the_citys_exchange() -> None:
    world = World(office(paired="city2"))
    vera, city = world.telephone("103"), world.city(2)
    vera.lifts()
    vera.dials("4957654")
    world.wait(20)
    assert city.state == "talking"
    vera.flashes()
    assert world.breaks == [("fxo2", (80,))]
    city.loop_current(False)
    world.wait(0.1)
    city.loop_current(True)
    city.sounds(ToneKind.DIAL)
    world.wait(10)
    assert city.seized, "the dial tone after a flash is asked for"
    assert vera.hears == {"fxo2"}


def test_the_flash_of_another_telephone_holds_as_ever(world: World, anna: Telephone, city: City) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    world.wait(1)
    anna.flashes()
    assert world.breaks == []
    assert city.hears == {"music:hold"}

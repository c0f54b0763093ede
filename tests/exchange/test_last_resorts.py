"""What ends a call over a city line when nothing else does: silence, a code, the clock; and who is warned."""

from dataclasses import replace

import pytest

from gateway.model.causes import Cause, Evidence
from gateway.model.events import DigitHeard, DigitSource, VoiceHeard
from gateway.model.numbers import ToneKind
from gateway.model.plan import Detectors
from tests.exchange.world import City, Telephone, World, office


@pytest.fixture
def world() -> World:
    settings = office()
    first, second = settings.city_lines
    first = replace(first, disconnect_code="#9", long_silence_ms=60_000, longest_call_ms=600_000)
    return World(replace(settings, city_lines=(first, replace(second, long_silence_ms=0))))


def talk(world: World, who: Telephone, city: City) -> None:
    city.calls("4951234567")
    world.wait(3)
    who.lifts()
    world.wait(0.5)


def speaks(world: World, who: Telephone, present: bool) -> None:
    world.feed(VoiceHeard(world.port_node(who.port).id, present))


def sends(world: World, city: City, digits: str) -> None:
    for digit in digits:
        world.feed(DigitHeard(city.node, digit, 80, DigitSource.IN_BAND))
        world.wait(0.1)


def falls_silent(world: World, who: Telephone, city: City) -> None:
    city.voice(False)
    speaks(world, who, False)


def test_both_are_warned_of_silence_and_then_the_line_is_released(
    world: World, anna: Telephone, city: City
) -> None:
    talk(world, anna, city)
    falls_silent(world, anna, city)
    world.wait(60.1)
    assert anna.hears == {"fxo1", "words:nobody-speaks-ru"}
    assert city.hears == {"fxs1", "words:nobody-speaks-ru"}
    world.wait(6)
    assert anna.hears == {"fxo1"}
    assert city.seized
    world.wait(15)
    assert not city.seized
    assert anna.hears == {"congestion"}
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.RECOVERY_ON_TIMER, Evidence.SILENCE)


def test_a_word_ends_the_warning(world: World, anna: Telephone, city: City) -> None:
    talk(world, anna, city)
    falls_silent(world, anna, city)
    world.wait(60.1)
    speaks(world, anna, True)
    assert anna.hears == {"fxo1"}
    world.wait(300)
    assert city.seized


def test_on_hold_nobody_is_warned(world: World, anna: Telephone, city: City) -> None:
    talk(world, anna, city)
    falls_silent(world, anna, city)
    world.wait(30)
    anna.flashes()
    assert Detectors.VOICE not in world.port_node("fxo1").detectors
    world.wait(300)
    assert city.seized
    assert city.hears == {"music:hold"}
    anna.flashes()
    falls_silent(world, anna, city)
    world.wait(50)
    assert anna.hears == {"fxo1"}
    world.wait(11)
    assert "words:nobody-speaks-ru" in anna.hears


def test_a_line_may_be_silent_for_ever_where_it_says_so(world: World, boris: Telephone) -> None:
    city = world.city(2)
    talk(world, boris, city)
    assert Detectors.VOICE not in world.port_node("fxo2").detectors
    falls_silent(world, boris, city)
    world.wait(3_000)
    assert city.seized


def test_the_far_exchanges_code_releases_the_line(world: World, anna: Telephone, city: City) -> None:
    talk(world, anna, city)
    assert Detectors.DTMF in world.port_node("fxo1").detectors
    sends(world, city, "#")
    assert city.seized
    sends(world, city, "9")
    assert not city.seized
    assert world.ended[0].evidence is Evidence.DTMF_CODE


def test_the_longest_call_is_warned_of_and_ends(world: World, anna: Telephone, city: City) -> None:
    talk(world, anna, city)
    speaks(world, anna, True)
    world.wait(539)
    assert anna.hears == {"fxo1"}
    world.wait(1)
    assert "words:last-minute-ru" in anna.hears & city.hears
    world.wait(60)
    assert not city.seized
    assert (world.ended[0].cause, world.ended[0].evidence) == (
        Cause.RECOVERY_ON_TIMER,
        Evidence.LONGEST_CALL,
    )


def test_a_far_end_that_was_silent_before_the_answer_counts_as_silent(
    world: World, anna: Telephone, city: City
) -> None:
    anna.lifts()
    anna.dials("84951234567")
    city.sounds(ToneKind.DIAL)
    city.takes_digits()
    city.voice(False)
    world.wait(12.5)
    assert world.answered[0].evidence is Evidence.DIALLING_DONE
    speaks(world, anna, False)
    world.wait(60.1)
    assert "words:nobody-speaks-ru" in anna.hears

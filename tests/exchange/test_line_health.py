"""Lines that ail: an alarm, last in their group, tried by themselves, and back with the alarm taken back."""

import pytest

from gateway.model import actions as act
from gateway.model.causes import Evidence
from gateway.model.events import PortFailed, PortRestored, RingEdge
from gateway.model.numbers import PortId, ToneKind
from tests.exchange.world import City, Telephone, World

NUMBER = "84951234567"


def cured(world: World) -> list[str]:
    return [action.about for _, action in world.done if isinstance(action, act.CureAlarm)]


def calls_out(who: Telephone) -> None:
    who.lifts()
    who.dials(NUMBER)


def fails_once(world: World, anna: Telephone) -> City:
    """Line 1 gives no dial tone; the call goes out over line 2 and ends."""
    calls_out(anna)
    world.wait(5.1)
    anna.hangs_up()
    world.wait(3)
    return world.city(1)


def test_a_line_without_dial_tone_is_tried_last(world: World, anna: Telephone) -> None:
    city = fails_once(world, anna)
    assert "No dial tone" in world.line("fxo1").trouble
    assert len(world.alarms) == 1
    calls_out(anna)
    assert not city.seized
    assert world.city(2).seized
    boris = world.telephone("102")
    calls_out(boris)
    assert city.seized, "when no other is free, it is still better than none"


def test_dial_tone_takes_the_alarm_back(world: World, anna: Telephone) -> None:
    city = fails_once(world, anna)
    calls_out(anna)
    boris = world.telephone("102")
    calls_out(boris)
    city.sounds(ToneKind.DIAL)
    assert world.alarms == []
    assert cured(world) == ["fxo1"]
    assert world.line("fxo1").trouble == ""


def test_a_call_that_rings_in_takes_it_back_too(world: World, anna: Telephone) -> None:
    city = fails_once(world, anna)
    city.calls("4957654321")
    assert world.alarms == []


def test_an_ill_line_is_tried_by_itself_until_it_works(world: World, anna: Telephone) -> None:
    city = fails_once(world, anna)
    world.wait(298)
    assert city.state == "testing"
    assert city.seized
    world.wait(6)
    assert not city.seized
    assert len(world.alarms) == 1, "nothing is said twice"
    world.wait(294)
    assert city.state == "testing"
    city.sounds(ToneKind.DIAL)
    assert not city.seized
    assert world.alarms == []
    world.wait(400)
    assert city.state == "idle"
    assert world.calls == ()


def test_a_caller_who_comes_in_the_middle_of_the_trial_is_through(world: World, anna: Telephone) -> None:
    city = fails_once(world, anna)
    world.wait(298)
    assert city.state == "testing"
    for _ in range(8):
        world.feed(RingEdge(city.port, world.now_ns))
        world.wait(0.02)
    boris = world.telephone("102")
    assert boris.rings
    boris.lifts()
    assert boris.hears == {"fxo1"}


def test_without_current_the_cable_is_named(world: World, anna: Telephone, city: City) -> None:
    calls_out(anna)
    city.loop_current(False)
    world.wait(5.1)
    assert "cable" in world.alarms[0].text


def test_a_line_whose_current_does_not_stop_is_nobodys_until_it_does(
    world: World, anna: Telephone, city: City
) -> None:
    calls_out(anna)
    city.loop_current(True)
    city.sounds(ToneKind.DIAL)
    anna.hangs_up()
    world.wait(2)
    assert city.state == "lingering"
    assert world.alarms == []
    world.wait(10)
    assert "current flows on" in world.line("fxo1").trouble
    calls_out(anna)
    assert world.city(2).seized
    assert not city.seized
    anna.hangs_up()
    city.loop_current(False)
    assert city.state == "idle"
    assert world.alarms == []


def test_current_that_stops_in_time_is_ordinary(world: World, anna: Telephone, city: City) -> None:
    calls_out(anna)
    city.loop_current(True)
    anna.hangs_up()
    city.loop_current(False)
    world.wait(2)
    assert city.state == "idle"
    assert world.alarms == []


# --- glare without a ring ---------------------------------------------------------------------------------


def test_a_voice_instead_of_dial_tone_is_a_caller_who_may_not_be_lost(
    world: World, anna: Telephone, city: City
) -> None:
    calls_out(anna)
    world.wait(1)
    city.voice()
    boris = world.telephone("102")
    assert boris.rings
    assert world.city(2).seized, "the call out has taken the next line"
    boris.lifts()
    assert boris.hears == {"fxo1"}


def test_a_voice_each_time_is_an_announcement_and_rings_nobody_again(
    world: World, anna: Telephone, city: City
) -> None:
    boris = world.telephone("102")
    calls_out(anna)
    city.voice()
    boris.lifts()
    boris.hangs_up()
    anna.hangs_up()
    world.wait(3)
    calls_out(anna)
    city.voice()
    assert not boris.rings
    assert not city.seized
    assert world.city(2).seized
    assert "voice instead of dial tone" in world.alarms[0].text


# --- a ring input at fault --------------------------------------------------------------------------------


def rings_on(world: World, city: City, seconds: float) -> None:
    for _ in range(int(seconds * 50)):
        world.feed(RingEdge(city.port, world.now_ns))
        world.wait(0.02)


def test_a_ring_without_end_is_a_stuck_input(world: World, anna: Telephone, city: City) -> None:
    rings_on(world, city, 9.5)
    assert anna.rings
    rings_on(world, city, 2)
    assert not anna.rings
    assert world.ended[0].evidence is Evidence.HARDWARE
    assert "ring input" in world.line("fxo1").trouble
    rings_on(world, city, 20)
    assert not anna.rings
    assert len(world.alarms) == 1
    anna.lifts()
    anna.dials(NUMBER)
    assert world.city(2).seized
    assert not city.seized
    anna.hangs_up()
    world.wait(6)
    assert world.alarms == []
    city.calls("4951234567")
    assert anna.rings


def test_a_seized_line_does_not_mind_ring_edges(world: World, anna: Telephone, city: City) -> None:
    calls_out(anna)
    city.sounds(ToneKind.DIAL)
    rings_on(world, city, 1)
    world.wait(4)
    assert city.state == "calling"
    assert not world.telephone("102").rings


@pytest.mark.parametrize("port", ["fxo1", "fxs1"])
def test_a_port_that_works_again_takes_its_alarm_back(world: World, port: str) -> None:
    world.feed(PortFailed(PortId(port), "its card is not there"))
    assert len(world.alarms) == 1
    world.feed(PortRestored(PortId(port)))
    assert world.alarms == []
    assert cured(world) == [port]

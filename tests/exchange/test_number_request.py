"""A line that does not say who calls, and whose exchange is asked for it (the Russian АОН): answered on the
wire, and by nobody.
"""

import pytest

from gateway.call.states import CallState
from gateway.model.actions import SetLoop, SipInvite
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import ToneKind
from gateway.model.plan import Detectors
from gateway.model.settings import HuntGroupSettings, QueueSettings
from tests.exchange.world import City, Telephone, World, office

NUMBER = "1234567"
ASKED_AFTER_S = 4.7


@pytest.fixture
def world() -> World:
    return World(office(number_request=True))


def asks(world: World, city: City) -> None:
    """The city calls, and nothing is said between the rings."""
    city.calls()
    world.wait(ASKED_AFTER_S)
    assert city.state == "asking"


def loops(world: World) -> list[bool]:
    return [action.closed for _, action in world.done if isinstance(action, SetLoop)]


def test_the_exchange_is_asked_only_when_the_line_says_nothing(world: World, city: City) -> None:
    city.calls("4951234567", rings=3)
    world.wait(9)
    assert city.state == "rung"
    assert not city.seized
    assert world.started[0].calling == "4951234567"


def test_it_is_asked_between_the_rings_and_heard_for_its_busy_tone(world: World, city: City) -> None:
    city.calls()
    world.wait(4.2)
    assert not city.seized, "an identity that takes long to read may still come"
    world.wait(0.5)
    assert city.seized
    assert world.port_node("fxo1").detectors == (
        Detectors.CALL_PROGRESS | Detectors.DIAL_TONE | Detectors.AON
    )
    assert city.hears == set()
    assert not world.port_node("fxo2").detectors & Detectors.AON


def test_other_lines_are_left_alone() -> None:
    world = World(office(lines_to=("600", "600"), number_request=True))
    city = world.city(2)
    city.calls()
    world.wait(ASKED_AFTER_S)
    assert not city.seized


def test_telephones_ring_on_and_the_caller_hears_ringback_from_us(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    asks(world, city)
    assert anna.rings
    assert boris.rings
    city.tells_when_asked(NUMBER)
    assert anna.rings
    assert city.hears == {"ringback"}
    assert not world.port_node("fxo1").detectors & Detectors.AON
    assert world.started[0].calling == NUMBER
    world.wait(20)  # no ring comes any more, and the caller is still there
    assert anna.rings
    assert world.answered == []
    assert city.seized


def test_sip_telephones_wait_for_the_number_and_show_it(world: World, city: City) -> None:
    darya = world.sip_telephone("201")
    darya.registers()
    asks(world, city)
    assert darya.invites == []
    city.tells_when_asked(NUMBER)
    (invite,) = darya.invites
    assert isinstance(invite, SipInvite)
    assert invite.caller == NUMBER


def test_without_an_answer_the_caller_is_nobody_and_rings_on(
    world: World, anna: Telephone, city: City
) -> None:
    darya = world.sip_telephone("201")
    darya.registers()
    asks(world, city)
    city.tells_when_asked("")
    assert darya.invites[0].caller == ""
    assert anna.rings
    assert city.hears == {"ringback"}


def test_a_signal_core_that_never_says_so_holds_nobody_up(world: World, city: City) -> None:
    asks(world, city)
    world.wait(12)
    assert city.state == "asked"
    assert world.started[0].calling == ""


def test_who_lifts_is_the_answer_and_the_loop_stays_as_it_is(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    asks(world, city)
    city.tells_when_asked(NUMBER)
    world.wait(6)
    boris.lifts()
    assert boris.hears == {"fxo1"}
    assert city.hears == {"fxs2"}
    assert not anna.rings
    (answered,) = world.answered
    assert answered.connected == "102"
    assert answered.monotonic_ns > world.started[0].monotonic_ns + 9_000_000_000
    assert loops(world) == [True]
    boris.hangs_up()
    assert loops(world) == [True, False]


def test_who_lifts_in_the_middle_of_the_request_talks_at_once(
    world: World, anna: Telephone, city: City
) -> None:
    asks(world, city)
    anna.lifts()
    assert anna.hears == {"fxo1"}
    assert not world.port_node("fxo1").detectors & Detectors.AON
    city.tells_when_asked(NUMBER)  # it was under way
    assert city.state == "talking"
    assert len(world.answered) == 1
    assert loops(world) == [True]


@pytest.mark.parametrize("told", [False, True])
def test_a_caller_who_hangs_up_meanwhile_is_known_by_his_busy_tone(
    world: World, anna: Telephone, city: City, told: bool
) -> None:
    asks(world, city)
    if told:
        city.tells_when_asked(NUMBER)
    city.sounds(ToneKind.BUSY)
    assert not anna.rings
    assert not city.seized
    (ended,) = world.ended
    assert (ended.cause, ended.evidence) == (Cause.NORMAL_CLEARING, Evidence.BUSY_TONE)
    assert world.answered == []
    world.wait(2)
    assert city.state == "idle"


@pytest.mark.parametrize("told", [False, True])
def test_dial_tone_in_answer_means_that_he_has_left(
    world: World, anna: Telephone, city: City, told: bool
) -> None:
    asks(world, city)
    if told:
        city.tells_when_asked(NUMBER)
    city.sounds(ToneKind.DIAL, present=False)
    assert city.state == ("asked" if told else "asking")
    city.sounds(ToneKind.DIAL)
    assert not anna.rings
    assert not city.seized
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.NORMAL_CLEARING, Evidence.DIAL_TONE)


def test_nobody_free_is_no_busy_tone_for_him_either(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    anna.lifts()
    boris.lifts()
    asks(world, city)
    city.tells_when_asked(NUMBER)
    assert city.seized
    assert city.hears == {"ringback"}
    assert world.calls[0].state == CallState.OFFERING.name.lower()
    boris.hangs_up()
    assert boris.rings


def test_a_station_that_declines_is_no_busy_tone_for_him_either() -> None:
    group = HuntGroupSettings("600", "Sip", ("201",))
    world = World(office(number_request=True, group=group))
    city, darya = world.city(1), world.sip_telephone("201")
    darya.registers()
    asks(world, city)
    city.tells_when_asked(NUMBER)
    darya.refuses(486)
    assert world.ended == []
    assert city.seized
    assert city.hears == {"ringback"}


def test_nobody_who_pays_for_it_rings_for_ever(world: World, anna: Telephone, city: City) -> None:
    asks(world, city)
    city.tells_when_asked(NUMBER)
    world.wait(299)
    assert anna.rings
    world.wait(2)
    assert not anna.rings
    assert not city.seized
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.NO_ANSWER, Evidence.TIMER)


def test_an_overflow_takes_him_along_unanswered() -> None:
    group = HuntGroupSettings("600", "All", ("101",), ring_ms=10_000, overflow="102")
    world = World(office(number_request=True, group=group))
    city = world.city(1)
    asks(world, city)
    city.tells_when_asked(NUMBER)
    world.wait(8)
    assert world.telephone("102").rings
    assert city.hears == {"ringback"}
    assert world.answered == []


def test_a_queue_answers_him_with_music_when_it_is_known_who_calls() -> None:
    queue = QueueSettings("610", "Waiting", ("101",), "queue", overflow="600")
    world = World(office(lines_to=("610", "600"), number_request=True, queue=queue))
    city = world.city(1)
    asks(world, city)
    assert city.hears == set()
    city.tells_when_asked(NUMBER)
    assert city.hears == {"music:queue"}
    assert world.answered == []
    assert loops(world) == [True]

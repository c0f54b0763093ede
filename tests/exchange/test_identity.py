"""Who calls, told to analog telephones beside their ringing: when, what, and never into ringing power."""

from dataclasses import replace

import pytest

from gateway.line.identity import duration_ms
from gateway.model import actions as act
from gateway.model.events import CallerIdHeard
from gateway.model.plan import IdentityAlert, IdentityForm, IdentityMessage
from gateway.model.settings import ON_HOOK_AUDIO, POLARITY_REVERSAL
from tests.exchange.world import World, office

ABLE = (ON_HOOK_AUDIO, POLARITY_REVERSAL)


def world(identity: str = "country", country: str = "ru", *, number_request: bool = False) -> World:
    settings = office(number_request=number_request)
    extensions = tuple(
        replace(one, identity=identity) if one.port is not None else one for one in settings.extensions
    )
    return World(replace(settings, country=country, extensions=extensions), capabilities=ABLE)


def anna_calls_boris(world: World) -> int:
    """Anna dials 102; when the last digit was heard, in ms."""
    world.telephone("101").lifts()
    world.telephone("101").dials("102")
    return world.ms - 80


def told(world: World) -> tuple[int, IdentityMessage]:
    """The one message: when it began, and what it says."""
    assert len(world.told) == 1
    return world.told[0][0], world.told[0][1].message


def rings(world: World, port: str = "fxs2") -> list[tuple[int, act.StartRinging]]:
    return [
        (ms, action)
        for ms, action in world.done
        if isinstance(action, act.StartRinging) and action.port == port
    ]


def test_the_message_stands_in_the_first_pause_and_the_cadence_goes_on() -> None:
    office = world()
    dialled_ms = anna_calls_boris(office)
    office.wait(10)
    began_ms, message = told(office)
    assert (message.number, message.name) == ("101", "Anna")
    assert began_ms == dialled_ms + 1_000 + 500
    first, second = rings(office)
    assert first[0] == dialled_ms
    assert second[0] == dialled_ms + 5_000
    assert (first[1].rounds, second[1].rounds) == (1, 0)


def test_a_module_that_is_not_heard_on_hook_only_rings() -> None:
    office = World()
    anna_calls_boris(office)
    office.wait(10)
    assert office.told == []
    assert [action.rounds for _, action in rings(office)] == [0]


@pytest.mark.parametrize("after_s", [0.2, 1.2, 1.8, 2.6])
def test_lifting_at_any_moment_ends_bell_and_message(after_s: float) -> None:
    office = world()
    anna_calls_boris(office)
    office.wait(after_s)
    office.telephone("102").lifts()
    office.wait(0.2)
    assert office.line("fxs2").state == "talking"
    assert office.hears("fxs2") == {"fxs1"}
    assert not office.ringing
    office.wait(20)
    assert len(rings(office)) == 1


@pytest.mark.parametrize("after_s", [0.2, 1.2, 1.8, 2.6, 7.0])
def test_a_caller_who_gives_up_leaves_silence(after_s: float) -> None:
    office = world()
    anna_calls_boris(office)
    office.wait(after_s)
    office.telephone("101").hangs_up()
    office.wait(1)
    rung = len(rings(office))
    office.wait(20)
    assert office.line("fxs2").state == "idle"
    assert not office.ringing
    assert not office.reversed
    assert len(rings(office)) == rung
    assert not any("told" in heard for heard in office.hears("fxs2"))


@pytest.mark.parametrize(
    ("identity", "form", "alert"),
    [
        ("v23-alert", IdentityForm.MDMF, IdentityAlert.ON_HOOK),
        ("v23-reversal", IdentityForm.MDMF, IdentityAlert.ON_HOOK),
        ("dtmf", IdentityForm.DTMF_A_C, IdentityAlert.NONE),
        ("dtmf-reversal", IdentityForm.DTMF_A_C, IdentityAlert.NONE),
    ],
)
def test_before_the_first_ring(identity: str, form: IdentityForm, alert: IdentityAlert) -> None:
    office = world(identity)
    dialled_ms = anna_calls_boris(office)
    assert not office.ringing
    assert office.reversed == ({"fxs2"} if "reversal" in identity else set())
    office.wait(5)
    began_ms, message = told(office)
    assert (message.form, message.alert, message.number) == (form, alert, "101")
    assert began_ms - dialled_ms == (150 if "reversal" in identity else 0)
    ((rung_ms, ring),) = rings(office)
    assert rung_ms == began_ms + 900 + 250
    assert ring.rounds == 0
    assert not office.reversed


def test_after_a_short_ring_of_its_own() -> None:
    office = world("v23-ring-pulse")
    dialled_ms = anna_calls_boris(office)
    office.wait(5)
    began_ms, _message = told(office)
    pulse, ring = rings(office)
    assert pulse[1].cadence_ms[0] == 250
    assert began_ms == dialled_ms + 250 + 650
    assert ring[0] == began_ms + 900 + 250


def test_who_calls_from_the_city_is_told_when_it_is_known() -> None:
    office = world()
    office.city(1).ring_once()
    office.wait(1.5)
    assert rings(office, "fxs1")  # at once
    assert office.told == []
    office.city(1).identifies("4951234567", "Иван")
    office.wait(1)
    assert {node.message.number for _, node in office.told} == {"4951234567"}
    assert {node.message.name for _, node in office.told} == {"Ivan"}
    assert {office._name(node.telephone) for _, node in office.told} == {"fxs1", "fxs2"}


def test_a_number_that_was_asked_for_stands_in_the_pause_after_it_is_told() -> None:
    office = world(number_request=True)
    began_ms = office.ms
    office.city(1).calls()
    office.wait(5.2)  # asked after 4.5 s; our second ring sounds by now
    office.city(1).tells_when_asked("1234567")
    office.wait(5)
    assert {node.message.number for _, node in office.told} == {"1234567"}
    for at_ms, node in office.told:
        assert 6_500 < at_ms - began_ms < 6_700
        assert duration_ms(node.message) < 1_000
    assert [ring.rounds for _, ring in rings(office)] == [1, 1, 0]


def test_a_caller_who_hides_and_one_nobody_knows() -> None:
    office = world()
    office.city(1).ring_once()
    office.wait(1.2)
    office.feed(CallerIdHeard(office.node("fxo1"), "", "", withheld=True))
    office.wait(2)
    assert {(node.message.number, node.message.private) for _, node in office.told} == {("", True)}

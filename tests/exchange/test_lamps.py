"""Message lamps: stutter, FSK on hook when nothing else is on the wire, and what goes before it."""

from dataclasses import replace

import pytest

from gateway.model import actions as act
from gateway.model.events import LampSet
from gateway.model.plan import IdentityForm
from gateway.model.settings import ON_HOOK_AUDIO, LampKind
from tests.exchange.world import World, office


def world(lamp: LampKind = LampKind.FSK) -> World:
    settings = office()
    extensions = tuple(replace(one, lamp=lamp) if one.number == "102" else one for one in settings.extensions)
    return World(replace(settings, extensions=extensions), capabilities=(ON_HOOK_AUDIO,))


def lamps_told(world: World) -> list[bool]:
    """What the lamp of 102 was told, in order."""
    messages = [node.message for _, node in world.told]
    return [message.lamp_on for message in messages if message.form is IdentityForm.LAMP_MDMF]


def test_dial_tone_stutters_while_a_message_waits() -> None:
    office = world(LampKind.STUTTER)
    office.feed(LampSet("102", on=True))
    office.telephone("102").lifts()
    assert office.hears("fxs2") == {"stutter_dial"}
    office.telephone("102").hangs_up()
    office.feed(LampSet("102", on=False))
    office.telephone("102").lifts()
    assert office.hears("fxs2") == {"dial"}
    assert lamps_told(office) == []


def test_it_is_kept_before_it_is_anything_else() -> None:
    office = world()
    office.feed(LampSet("102", on=True))
    assert [done for _, done in office.done if isinstance(done, act.KeepLamp)] == [act.KeepLamp("102", True)]


@pytest.mark.parametrize("number", ["999", "", "600"])
def test_nobodys_lamp_is_nobodys(number: str) -> None:
    office = world()
    office.feed(LampSet(number, on=True))
    assert not [done for _, done in office.done if isinstance(done, act.KeepLamp)]


def test_a_sip_extension_is_kept_too() -> None:
    office = world()
    office.feed(LampSet("201", on=True))
    assert [done for _, done in office.done if isinstance(done, act.KeepLamp)] == [act.KeepLamp("201", True)]


def test_the_lamp_is_told_once_and_told_off() -> None:
    office = world()
    office.feed(LampSet("102", on=True))
    office.wait(5)
    assert lamps_told(office) == [True]
    office.feed(LampSet("102", on=True))
    office.wait(5)
    office.feed(LampSet("102", on=False))
    office.wait(5)
    assert lamps_told(office) == [True, False]


def test_a_telephone_in_use_is_told_when_it_is_put_down() -> None:
    office = world()
    office.telephone("102").lifts()
    office.feed(LampSet("102", on=True))
    office.wait(3)
    assert lamps_told(office) == []
    assert office.hears("fxs2") == {"stutter_dial"}
    office.telephone("102").hangs_up()
    office.wait(3)
    assert lamps_told(office) == [True]


def test_a_call_goes_before_the_lamp() -> None:
    office = world()
    anna = office.telephone("101")
    anna.lifts()
    anna.dials("10")
    office.feed(LampSet("102", on=True))
    office.wait(0.3)
    anna.dials("2")
    assert office.telephone("102").rings
    office.wait(2)
    anna.hangs_up()
    office.wait(3)
    assert lamps_told(office) == [True, True]  # begun, and told to the end after the call


def test_a_lift_goes_before_the_lamp() -> None:
    office = world()
    office.feed(LampSet("102", on=True))
    office.wait(0.3)
    office.telephone("102").lifts()
    assert office.hears("fxs2") == {"stutter_dial"}
    office.wait(3)
    office.telephone("102").hangs_up()
    office.wait(3)
    assert lamps_told(office) == [True, True]
    assert office.hears("fxs2") == set()

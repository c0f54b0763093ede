"""Nobody who waits is forgotten: whoever becomes free is rung, what tears a station away costs no call."""

import pytest

from gateway.model import events as ev
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import PortId, ToneKind
from gateway.model.settings import HuntGroupSettings, QueueSettings
from tests.exchange.world import World, offer, office


def queueing(members: tuple[str, ...] = ("101", "102"), *, limit: int = 20, overflow: str = "104") -> World:
    queue = QueueSettings("610", "Waiting", members, "queue", limit=limit, overflow=overflow)
    return World(office(lines_to=("610", "610"), queue=queue))


@pytest.fixture
def queue() -> World:
    return queueing()


def test_a_member_who_becomes_free_is_rung_while_another_bell_rings_on_an_empty_desk(queue: World) -> None:
    anna, boris, vera = (queue.telephone(number) for number in ("101", "102", "103"))
    boris.lifts()
    vera.lifts()
    vera.dials("610")
    assert anna.rings
    queue.wait(1)
    boris.hangs_up()
    queue.wait(1)
    assert boris.rings
    assert anna.rings
    boris.lifts()
    assert vera.hears == {"fxs2"}
    assert not anna.rings


def test_a_member_who_becomes_free_cuts_the_rest_short_and_the_others_stay_at_rest(queue: World) -> None:
    anna, boris, vera = (queue.telephone(number) for number in ("101", "102", "103"))
    boris.lifts()
    vera.lifts()
    vera.dials("610")
    queue.wait(20.5)
    assert not anna.rings
    boris.hangs_up()
    queue.wait(1)
    assert boris.rings
    assert not anna.rings
    queue.wait(19 + 6)
    assert anna.rings, "the next round is for everybody"


def test_a_city_caller_reaches_a_group_member_who_becomes_free_while_another_rings() -> None:
    world = World(office(group=HuntGroupSettings("600", "Everybody", ("101", "102"))))
    anna, boris = world.telephone("101"), world.telephone("102")
    boris.lifts()
    world.city(1).calls("4951234567", rings=20)
    world.wait(3)
    assert anna.rings
    boris.hangs_up()
    world.wait(1)
    assert boris.rings


@pytest.mark.parametrize("members", [("201",), ("101", "201")])
def test_a_station_that_the_sip_process_took_with_it_is_rung_again(members: tuple[str, ...]) -> None:
    world = World(office(group=HuntGroupSettings("600", "Everybody", members)))
    darya = world.sip_telephone("201")
    darya.registers()
    world.city(1).calls("4951234567", rings=10)
    world.wait(3)
    assert len(darya.invites) == 1
    world.feed(ev.SipStackDown("killed"))
    world.wait(1)
    assert len(darya.invites) == 1
    world.feed(ev.SipStackUp(2))
    assert len(darya.invites) == 2
    darya.answers()
    assert world.answered[-1].connected == "201"


def test_a_station_that_declined_is_not_rung_again_and_one_that_failed_is_in_the_next_round() -> None:
    world = World(office(group=HuntGroupSettings("600", "Everybody", ("201", "202"), ring_ms=30_000)))
    darya, egor = world.sip_telephone("201"), world.sip_telephone("202")
    darya.registers()
    egor.registers()
    world.city(1).calls("4951234567", rings=30)
    world.wait(3)
    darya.refuses(486)
    egor.refuses(503)
    world.wait(20)
    assert (len(darya.invites), len(egor.invites)) == (1, 1)
    world.wait(12)
    assert (len(darya.invites), len(egor.invites)) == (1, 2)


def test_one_binding_busy_and_another_gone_is_busy_to_the_caller() -> None:
    world = World()
    darya, anna = world.sip_telephone("201"), world.telephone("101")
    darya.registers("sip:a")
    darya.registers("sip:b")
    anna.lifts()
    anna.dials("201")
    darya.refuses(486, 0)
    darya.refuses(408, 1)
    assert anna.hears == {"busy"}


def test_a_city_caller_for_whom_a_full_queue_has_no_room_and_no_overflow_is_taken_when_it_has() -> None:
    world = queueing(limit=1, overflow="")
    anna, boris, vera = (world.telephone(number) for number in ("101", "102", "103"))
    anna.lifts()
    boris.lifts()
    vera.lifts()
    vera.dials("610")
    world.city(1).calls("4951234567", rings=20)
    world.wait(8)
    vera.hangs_up()
    anna.hangs_up()
    world.wait(1)
    assert anna.rings


# --- hold -------------------------------------------------------------------------------------------------


def test_who_holds_while_he_waits_in_a_queue_is_held_when_somebody_answers(queue: World) -> None:
    darya, anna, boris = queue.sip_telephone("201"), queue.telephone("101"), queue.telephone("102")
    darya.registers()
    anna.lifts()
    boris.lifts()
    dialog = darya.calls("610")
    queue.feed(ev.ReinviteReceived(dialog, offer(direction="sendonly")))
    anna.hangs_up()
    anna.lifts()
    assert anna.hears == {"music:hold"}
    queue.feed(ev.ReinviteReceived(dialog, offer()))
    assert anna.hears == {"201"}


def test_who_holds_during_a_recall_is_held_when_it_is_answered() -> None:
    world = World()
    darya, anna = world.sip_telephone("201"), world.telephone("101")
    darya.registers()
    anna.lifts()
    anna.dials("201")
    darya.answers()
    anna.flashes()
    anna.hangs_up()
    assert anna.rings
    world.feed(ev.ReinviteReceived(darya.invites[-1].dialog, offer(direction="sendonly")))
    anna.lifts()
    assert anna.hears == {"music:hold"}


def test_a_hold_that_nobody_ends_is_over_after_an_hour() -> None:
    world = World()
    anna, boris = world.telephone("101"), world.telephone("102")
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    anna.flashes()
    world.wait(3_590)
    assert boris.hears == {"music:hold"}
    world.wait(20)
    assert world.calls == ()
    assert [(row.cause, row.evidence) for row in world.ended] == [(Cause.RECOVERY_ON_TIMER, Evidence.TIMER)]


def test_a_call_that_nobody_answers_outside_gives_its_line_back() -> None:
    world = World()
    anna, line = world.telephone("101"), world.city(1)
    anna.lifts()
    anna.dials("84951234567")
    line.sounds(ToneKind.DIAL)
    line.takes_digits()
    line.sounds(ToneKind.RINGBACK)
    world.wait(290)
    assert line.seized
    world.wait(20)
    assert not line.seized
    assert anna.hears == {"busy"}
    assert world.ended[-1].cause is Cause.NO_ANSWER


# --- telephones -------------------------------------------------------------------------------------------


def test_a_port_that_works_again_while_its_handset_is_off_gives_dial_tone_and_is_not_rung() -> None:
    world = World()
    anna, boris = world.telephone("101"), world.telephone("102")
    anna.lifts()
    world.feed(ev.PortFailed(PortId("fxs1"), "its card has gone"))
    world.feed(ev.PortRestored(PortId("fxs1")))
    assert anna.hears == {"dial"}
    boris.lifts()
    boris.dials("101")
    assert not anna.rings
    assert boris.hears == {"busy"}


def test_a_flash_at_busy_tone_is_a_new_lift() -> None:
    world = World()
    anna, boris = world.telephone("101"), world.telephone("102")
    boris.lifts()
    anna.lifts()
    anna.dials("102")
    world.wait(1)
    assert anna.hears == {"busy"}
    anna.flashes()
    assert anna.hears == {"dial"}
    anna.dials("103")
    assert world.telephone("103").rings

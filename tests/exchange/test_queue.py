"""The hold queue: order, music, members called while free, pauses, limits and overflow."""

from gateway.model.causes import Cause, Evidence
from gateway.model.settings import QueueSettings
from tests.exchange.world import World, office


def small_queue(**changes: object) -> World:
    settings: dict[str, object] = {"limit": 2, "max_wait_ms": 60_000, "ring_ms": 20_000, "overflow": "104"}
    settings.update(changes)
    queue = QueueSettings("610", "Waiting", ("101", "102"), "queue", **settings)  # type: ignore[arg-type]
    return World(office(lines_to=("610", "610"), queue=queue))


def test_a_city_caller_is_answered_with_music_and_rings_the_free_members(world: World) -> None:
    city = world.city(2)
    city.calls("4951234567")
    assert world.ringing == {"fxs1", "fxs2"}
    assert not city.seized, "who calls is not known yet"
    world.wait(2)
    assert city.seized
    assert city.hears == {"music:queue"}
    assert world.started[0].calling == "4951234567"
    assert world.answered == [], "music is no answer"
    world.telephone("102").lifts()
    assert city.hears == {"fxs2"}
    assert world.answered[0].connected == "102"
    assert world.ringing == set()


def test_a_member_may_answer_before_the_caller_is_known(world: World) -> None:
    city = world.city(2)
    city.calls("4951234567")
    world.telephone("101").lifts()
    assert city.hears == {"fxs1"}
    assert len(world.started) == len(world.answered) == 1


def test_sip_members_ring_when_the_caller_is_known() -> None:
    queue = QueueSettings("610", "Q", ("201",), "queue", overflow="104")
    world = World(office(lines_to=("610", "610"), queue=queue))
    darya = world.sip_telephone("201")
    darya.registers()
    world.city(1).calls("4951234567", "Ivan")
    world.wait(1)
    assert darya.invites == []
    world.wait(1)
    assert [invite.caller for invite in darya.invites] == ["4951234567"]
    assert world.city(1).hears == {"music:queue"}


def test_each_is_connected_in_order_as_soon_as_somebody_is_free() -> None:
    world = small_queue(limit=20)
    anna, boris = world.telephone("101"), world.telephone("102")
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    world.city(1).calls("4951111111", rings=2)
    world.wait(3)
    world.city(2).calls("4952222222", rings=2)
    world.wait(3)
    vera = world.telephone("103")
    vera.lifts()
    vera.dials("610")
    assert world.city(1).hears == world.city(2).hears == vera.hears == {"music:queue"}
    (queue,) = world.exchange.view().queues
    assert len(queue.waiting) == 3
    boris.hangs_up()
    assert world.ringing == {"fxs2"}
    boris.lifts()
    assert boris.hears == {"fxo1"}
    anna.hangs_up()
    assert anna.rings
    anna.lifts()
    assert anna.hears == {"fxo2"}
    boris.hangs_up()
    boris.lifts()
    assert boris.hears == {"fxs3"}
    assert [row.connected for row in world.answered] == ["102", "102", "101", "102"]


def test_a_caller_who_hangs_up_loses_his_place_only(world: World) -> None:
    world = small_queue()
    vera, grigory = world.telephone("103"), world.telephone("104")
    anna = world.telephone("101")
    vera.lifts()
    vera.dials("610")
    grigory.lifts()
    grigory.dials("610")
    assert anna.rings
    vera.hangs_up()
    assert anna.rings, "for the next one"
    anna.lifts()
    assert anna.hears == {"fxs4"}


def test_the_limit_sends_the_next_caller_on() -> None:
    world = small_queue(limit=1, overflow="")
    vera, grigory = world.telephone("103"), world.telephone("104")
    vera.lifts()
    vera.dials("610")
    grigory.lifts()
    grigory.dials("610")
    assert vera.hears == {"music:queue"}
    assert grigory.hears == {"busy"}


def test_a_long_wait_ends_in_the_overflow() -> None:
    world = small_queue()
    vera, grigory = world.telephone("103"), world.telephone("104")
    vera.lifts()
    vera.dials("610")
    world.wait(59)
    assert vera.hears == {"music:queue"}
    assert not grigory.rings
    world.wait(1.5)
    assert grigory.rings
    assert vera.hears == {"ringback"}
    assert world.ringing == {"fxs4"}
    grigory.lifts()
    assert vera.hears == {"fxs4"}


def test_a_long_wait_without_overflow_ends_the_call() -> None:
    world = small_queue(overflow="")
    vera = world.telephone("103")
    vera.lifts()
    vera.dials("610")
    world.wait(60.5)
    assert vera.hears == {"busy"}
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.NO_ANSWER, Evidence.TIMER)


def test_members_who_do_not_answer_get_a_pause() -> None:
    world = small_queue()
    vera = world.telephone("103")
    vera.lifts()
    vera.dials("610")
    world.wait(19)
    assert world.ringing == {"fxs1", "fxs2"}
    world.wait(1.5)
    assert world.ringing == set()
    world.wait(5)
    assert world.ringing == {"fxs1", "fxs2"}


def test_the_far_end_of_a_waiting_caller_hangs_up() -> None:
    from gateway.model.numbers import ToneKind

    world = small_queue()
    city = world.city(1)
    city.calls("4951234567")
    world.wait(3)
    city.sounds(ToneKind.BUSY)
    assert not city.seized
    assert world.ringing == set()
    assert world.ended[0].evidence is Evidence.BUSY_TONE
    assert world.answered == []

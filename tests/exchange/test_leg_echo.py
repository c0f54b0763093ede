"""Which analog parties of a call are measured for the journal, and when: no figure comes to the exchange."""

from gateway.model import actions as act
from tests.exchange.world import City, Telephone, World


def ports(world: World) -> list[str]:
    """Of those measured, in order."""
    return [leg.port for leg in world.legs]


def order(world: World) -> list[type]:
    """Rows of the journal and measurements as they were asked for."""
    kinds = act.CallStarted | act.CallAnswered | act.LegEnded | act.CallEnded
    return [type(action) for _, action in world.done if isinstance(action, kinds)]


def test_both_parties_of_a_call_are_measured_before_its_end(
    world: World, anna: Telephone, boris: Telephone
) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    world.wait(10)
    assert world.legs == []
    boris.hangs_up()
    assert ports(world) == ["fxs2", "fxs1"]
    assert order(world) == [act.CallStarted, act.CallAnswered, act.LegEnded, act.LegEnded, act.CallEnded]
    assert {leg.call for leg in world.legs} == {world.ended[0].call}
    assert [leg.node for leg in world.legs] == [world.node("fxs2"), world.node("fxs1")]


def test_a_telephone_that_only_rang_is_not_measured(world: World, anna: Telephone, boris: Telephone) -> None:
    world.city(1).calls("4951234567", "Ivan")
    world.wait(3)
    boris.lifts()
    world.wait(3)
    assert world.legs == []
    boris.hangs_up()
    assert sorted(ports(world)) == ["fxo1", "fxs2"]


def test_a_caller_who_gives_up_before_the_start_row_is_measured_after_it(world: World, city: City) -> None:
    city.calls()  # rings once, tells no identity, and is gone
    world.wait(20)
    assert order(world) == [act.CallStarted, act.LegEnded, act.CallEnded]


def test_a_sip_party_has_no_canceller_to_be_measured(world: World, anna: Telephone) -> None:
    telephone = world.sip_telephone("201")
    telephone.registers()
    anna.lifts()
    anna.dials("201")
    world.wait(1)
    telephone.answers()
    anna.hangs_up()
    assert ports(world) == ["fxs1"]


def test_a_holder_who_is_rung_back_is_measured_each_time(
    world: World, anna: Telephone, boris: Telephone
) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    world.wait(5)
    boris.flashes()
    boris.hangs_up()
    assert ports(world) == ["fxs2"]
    world.wait(2)
    boris.lifts()
    world.wait(5)
    anna.hangs_up()
    assert ports(world) == ["fxs2", "fxs1", "fxs2"]
    assert len(world.ended) == 1


def test_a_line_that_is_no_good_is_measured_and_so_is_the_next(
    world: World, anna: Telephone, city: City
) -> None:
    anna.lifts()
    anna.dials("9123456")
    world.wait(60)
    anna.hangs_up()
    assert {"fxs1"} < set(ports(world))
    assert len(world.ended) == 1

"""A technician has a city line measured: it is seized for a moment, and no call is lost for it."""

from gateway.model.events import CalibrateLine, PortFailed, RingEdge
from gateway.model.numbers import PortId, ToneKind
from gateway.model.plan import Detectors, PortNode
from tests.exchange.world import City, Telephone, World


def detectors(world: World, city: City) -> Detectors:
    node = next(node for node in world.plan.nodes if isinstance(node, PortNode) and node.port == city.port)
    return node.detectors


def test_the_line_is_seized_listened_to_and_given_back_and_nothing_is_dialled(
    world: World, city: City
) -> None:
    world.feed(CalibrateLine(city.port))
    assert city.seized
    assert detectors(world, city) == Detectors.CALL_PROGRESS | Detectors.DIAL_TONE
    city.sounds(ToneKind.DIAL)
    world.wait(3.9)
    assert city.hears == set()
    assert city.seized
    world.wait(0.2)
    assert not city.seized
    world.wait(2)
    assert city.state == "idle"
    assert world.journal == []


def test_a_call_that_comes_at_that_moment_is_answered_and_rings_everybody(
    world: World, city: City, anna: Telephone
) -> None:
    world.feed(CalibrateLine(city.port))
    for at in range(0, 200, 20):
        world.later(at, lambda: world.feed(RingEdge(city.port, world.now_ns)))
    world.wait(1)
    assert anna.rings
    anna.lifts()
    world.wait(1)
    assert anna.hears == {"fxo1"}
    world.wait(10)
    assert city.seized


def test_a_line_that_is_in_use_is_left_alone(world: World, city: City, anna: Telephone) -> None:
    city.calls("4951234567")
    world.wait(1)
    anna.lifts()
    world.wait(1)
    world.feed(CalibrateLine(city.port))
    world.wait(10)
    assert city.seized
    assert anna.hears == {"fxo1"}


def test_while_it_is_measured_nobody_else_gets_it(world: World, city: City, anna: Telephone) -> None:
    world.feed(CalibrateLine(city.port))
    anna.lifts()
    anna.dials("84951234567")
    assert world.city(2).seized


def test_a_port_that_fails_meanwhile_lets_the_line_go(world: World, city: City) -> None:
    world.feed(CalibrateLine(city.port))
    world.feed(PortFailed(city.port, "the card is gone"))
    assert not city.seized
    assert city.state == "failed"


def test_a_telephone_is_no_city_line(world: World, anna: Telephone) -> None:
    world.feed(CalibrateLine(PortId("fxs1")))
    world.wait(5)
    assert not anna.rings

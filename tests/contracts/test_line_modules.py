"""One contract for line modules: their twin keeps it, and in the guests (tools/guest) the driver of pins, by
each library that it can work with.

Only what the protocol promises, seen from outside: events of hook, ring and current, and what the pins did.
The figures are the data sheets' (Ag1171: F/R high first, RM low more than 10 ms later). RPi.GPIO and
rpi-lgpio are for city lines only, so they keep the part about those.
"""

import os
from collections.abc import Iterator
from itertools import pairwise

import pytest

from gateway.model.events import LoopCurrent, RingEdge, RingingPaused
from gateway.model.numbers import NS_PER_MS, PortId
from tests.contracts.bench import Bench

FXS, FXO = PortId("fxs1"), PortId("fxo1")
RM_LOW_AFTER_MS = 10.0


def twin() -> Iterator[Bench]:
    # Here, since an arm64 guest has no C module but the ringer.
    from gateway.simulator.clock import VirtualClock
    from gateway.simulator.line_modules import SimulatedLineModules
    from gateway.simulator.wires import Wire, WireSettings

    clock = VirtualClock()
    wires = {FXS: Wire(WireSettings()), FXO: Wire(WireSettings())}
    modules = SimulatedLineModules(clock, wires, seed=4)
    loop = [False]
    modules.plug_telephone(FXS, lambda on: None)
    modules.connect_line(FXO, lambda closed: loop.__setitem__(0, closed))
    bench = Bench(
        modules,
        contact=lambda closed: modules.contact(FXS, closed),
        city_rings=lambda on: modules.ring_line(FXO, on),
        run=lambda ms: clock.advance(clock.monotonic_ns() + round(ms * NS_PER_MS)),
        pins=lambda: [(pin.at_ns / NS_PER_MS, pin.pin, pin.high) for pin in modules.pins],
        loop_closed=lambda: loop[0],
    )
    modules.start(bench.events.append)
    yield bench
    modules.stop()
    bench.run(1_000)


MODULES = [twin]
CITY_MODULES = [twin]
if os.environ.get("CITYLINE_GUEST") == "pins":
    from tests.guest.pins import gpio_sim, rpi_lgpio

    MODULES.append(gpio_sim)
    CITY_MODULES += [gpio_sim, rpi_lgpio]
if os.environ.get("CITYLINE_GUEST") == "pl061":
    from tests.guest.pl061 import pl061

    MODULES = CITY_MODULES = [pl061]


@pytest.fixture(params=MODULES, ids=lambda make: make.__name__)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


@pytest.fixture(params=CITY_MODULES, ids=lambda make: make.__name__)
def city_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


def settles(edges: list[tuple[float, bool]]) -> bool:
    """The level after all edges."""
    return edges[-1][1]


def test_lifting_and_hanging_up_are_edges_that_alternate_and_settle(bench: Bench) -> None:
    bench.contact(True)
    bench.run(100)
    assert settles(bench.hook_edges()) is True
    bench.contact(False)
    bench.run(100)
    edges = bench.hook_edges()
    assert settles(edges) is False
    assert all(before[1] is not after[1] for before, after in pairwise(edges))
    assert all(before[0] <= after[0] for before, after in pairwise(edges))


def test_a_bell_is_rung_in_its_cadence_until_it_is_stopped(bench: Bench) -> None:
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.run(7_000)
    bench.modules.stop_ringing(FXS)
    bench.run(20_000)
    power = [(at, high) for at, pin, high in bench.pins() if pin == "rm"]
    assert [high for _, high in power] == [True, False, True, False]
    assert power[2][0] - power[0][0] == pytest.approx(5_000, abs=20)
    for (on_ms, _), (off_ms, _) in zip(power[::2], power[1::2], strict=True):
        assert off_ms - on_ms == pytest.approx(1_000, abs=30)


def test_so_many_rounds_are_rung_and_told_when_the_power_is_gone(bench: Bench) -> None:
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25, 2)
    bench.run(5_900)
    assert RingingPaused(FXS) not in bench.events
    bench.run(400)
    assert bench.events.count(RingingPaused(FXS)) == 1
    assert [high for _, pin, high in bench.pins() if pin == "rm"] == [True, False, True, False]
    bench.run(10_000)
    assert bench.events.count(RingingPaused(FXS)) == 1
    assert [high for _, pin, high in bench.pins() if pin == "rm"] == [True, False, True, False]


def test_ringing_that_is_stopped_tells_of_no_rounds(bench: Bench) -> None:
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25, 1)
    bench.run(300)
    bench.modules.stop_ringing(FXS)
    bench.run(3_000)
    assert RingingPaused(FXS) not in bench.events


def test_polarity_is_reversed_and_put_back_and_ringing_rests_on_it(bench: Bench) -> None:
    bench.modules.set_polarity(FXS, True)
    bench.run(50)
    assert [high for _, pin, high in bench.pins() if pin == "fr"][-1] is False
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25, 1)
    bench.run(1_500)
    assert [high for _, pin, high in bench.pins() if pin == "fr"][-1] is False
    bench.modules.set_polarity(FXS, False)
    bench.run(50)
    assert [high for _, pin, high in bench.pins() if pin == "fr"][-1] is True


def test_ringing_ends_with_fr_high_and_rm_low_more_than_10_ms_later(bench: Bench) -> None:
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.run(290)  # in the middle of a half period
    bench.modules.stop_ringing(FXS)
    bench.run(100)
    began_ms = bench.pins()[0][0]
    (fr_ms, *fr), (rm_ms, *rm) = bench.pins()[-2:]
    assert (fr, rm) == (["fr", True], ["rm", False])
    assert fr_ms - began_ms == pytest.approx(290, abs=8)
    assert rm_ms - fr_ms > RM_LOW_AFTER_MS


def test_lifting_while_it_rings_is_seen_and_settles_when_the_ringing_is_stopped(bench: Bench) -> None:
    """The hook pulses while the power is on (tests/simulator); the ringer may trip before it is told to."""
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.run(300)
    bench.contact(True)
    bench.run(150)
    assert True in [off_hook for _, off_hook in bench.hook_edges()]
    bench.modules.stop_ringing(FXS)
    bench.run(100)
    assert [high for _, pin, high in bench.pins() if pin == "rm"][-1] is False
    assert settles(bench.hook_edges()) is True
    bench.events.clear()
    bench.run(3_000)
    assert bench.hook_edges() == []


def test_stopping_what_does_not_ring_and_ringing_anew_are_allowed(bench: Bench) -> None:
    bench.modules.stop_ringing(FXS)
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.run(100)
    bench.modules.stop_ringing(FXS)
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.run(500)
    assert [high for _, pin, high in bench.pins() if pin == "rm"][-1] is True


def test_a_loop_closes_and_opens_and_its_current_is_seen(city_bench: Bench) -> None:
    city_bench.modules.set_loop(FXO, True)
    city_bench.run(100)
    assert city_bench.loop_closed()
    city_bench.modules.set_loop(FXO, False)
    city_bench.run(100)
    assert not city_bench.loop_closed()
    assert [e.present for e in city_bench.events if isinstance(e, LoopCurrent)] == [True, False]


def test_a_ring_of_25_hz_is_25_or_50_edges_a_second(city_bench: Bench) -> None:
    city_bench.city_rings(True)
    city_bench.run(1_000)
    city_bench.city_rings(False)
    city_bench.run(500)
    edges = [e for e in city_bench.events if isinstance(e, RingEdge)]
    assert len(edges) in range(48, 53) or len(edges) in range(24, 28)


def test_stop_leaves_no_loop_closed_and_tells_nothing_more(city_bench: Bench) -> None:
    city_bench.modules.set_loop(FXO, True)
    city_bench.run(100)
    city_bench.modules.stop()
    city_bench.run(100)
    assert not city_bench.loop_closed()
    city_bench.events.clear()
    city_bench.city_rings(True)
    city_bench.run(300)
    assert city_bench.events == []


def test_stop_leaves_nothing_ringing_and_no_loop_closed(bench: Bench) -> None:
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.modules.set_loop(FXO, True)
    bench.run(100)
    bench.modules.stop()
    bench.run(10_000)
    assert not bench.loop_closed()
    assert [high for _, pin, high in bench.pins() if pin == "rm"][-1] is False

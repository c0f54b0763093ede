"""Levels and edges on an ARM machine's own GPIO controller; its times show nothing (docs/guest.md)."""

from collections.abc import Iterator

import pytest

from gateway.drivers.gpio import Pin, library, list_chips
from gateway.drivers.gpiod_pins import GpiodPins
from gateway.model.events import RingEdge
from tests.contracts.bench import Bench
from tests.guest.pins import FXS
from tests.guest.pl061 import CHIP, ask, change, pl061
from tests.guest.sim_chip import HOOK, LOOP_SWITCH, RING

PULSES = 25


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from pl061()


def test_the_chip_is_found_with_what_its_device_tree_says() -> None:
    (chip,) = list_chips(library())
    assert chip.name == CHIP
    assert "arm,pl061" in chip.compatible
    assert not chip.slow


def test_every_edge_of_a_ring_is_told_once(bench: Bench) -> None:
    for _ in range(PULSES):
        change(f"pull {RING} 1")
        change(f"pull {RING} 0")
        bench.run(1)
    bench.run(100)
    edges = [event.at_ns for event in bench.events if isinstance(event, RingEdge)]
    assert len(edges) == PULSES
    assert edges == sorted(edges)


def test_an_output_is_seen_outside_at_both_levels_also_active_low() -> None:
    for active_low in (False, True):
        pin = Pin(CHIP, LOOP_SWITCH, active_low)
        pins = GpiodPins({pin: False}, [])
        seen = []
        for high in (False, True, False):
            pins.drive(pin, high)
            seen.append(ask(f"level {LOOP_SWITCH}"))
        pins.close()
        assert seen == (["1", "0", "1"] if active_low else ["0", "1", "0"])


def test_an_active_low_input_reads_and_reports_the_other_way_round() -> None:
    pin = Pin(CHIP, HOOK, active_low=True)
    pins = GpiodPins({}, [pin])
    change(f"pull {HOOK} 1")
    assert not pins.level(pin)
    change(f"pull {HOOK} 0")
    assert pins.level(pin)
    assert [edge.high for edge in pins.read_edges(pins.input_fds[0])] == [False, True]
    pins.close()


def test_ringing_reverses_and_ends_with_fr_high_before_rm_low(bench: Bench) -> None:
    bench.modules.start_ringing(FXS, (1_000, 4_000), 25)
    bench.run(700)
    bench.modules.stop_ringing(FXS)
    bench.run(300)
    changes = [(pin, high) for _, pin, high in bench.pins() if pin != "loop"]
    assert changes[0] == ("rm", True)
    assert changes[-2:] == [("fr", True), ("rm", False)]
    assert len([pin for pin, _high in changes if pin == "fr"]) >= 10

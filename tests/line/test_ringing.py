"""Rings counted by their edges, and the caller who is gone because the next ring does not come."""

import pytest

from gateway.errors import Bug
from gateway.line.ringing import (
    Bell,
    RingAgain,
    RingBegan,
    RingDetector,
    RingFreed,
    RingingStopped,
    RingStuck,
)
from gateway.model.events import RingEdge
from gateway.model.numbers import PortId
from tests.line.listening import Bench, Listener

RUSSIAN = Bell((1000, 4000), 25)


class Line:
    def __init__(self, bell: Bell = RUSSIAN) -> None:
        self.listener = Listener()
        self.detector = RingDetector("fxo1", bell, self.listener)
        self.bench = Bench([self.detector])

    def edge(self) -> None:
        self.bench.take(self.detector, RingEdge(PortId("fxo1"), self.bench.now_ns))

    def rings(self, ms: float, hz: float = 25, edges_a_cycle: int = 2) -> None:
        gap = 1000 / hz / edges_a_cycle
        for _ in range(int(ms / gap)):
            self.edge()
            self.bench.wait_ms(gap)

    @property
    def heard(self) -> list[object]:
        return self.listener.heard


@pytest.mark.parametrize(("hz", "edges"), [(15, 1), (16, 2), (25, 1), (25, 2), (50, 2), (68, 2)])
def test_ringing_from_15_to_68_hz_is_a_ring_within_300_ms(hz: float, edges: int) -> None:
    line = Line()
    line.rings(300, hz, edges)
    assert line.heard == [RingBegan()]


def test_a_polarity_reversal_is_no_ring() -> None:
    line = Line()
    for _ in range(10):
        line.edge()
        line.bench.wait_ms(500)
    assert line.heard == []


def test_three_edges_are_no_ring() -> None:
    line = Line()
    line.rings(60)
    line.bench.wait_ms(1000)
    line.rings(60)
    assert line.heard == []


@pytest.mark.parametrize("gap_ms", [0.3, 1, 2, 3.5])
def test_edges_that_bounce_for_80_ms_are_no_ring(gap_ms: float) -> None:
    line = Line()
    for _ in range(5):
        for _ in range(int(80 / gap_ms)):
            line.edge()
            line.bench.wait_ms(gap_ms)
        line.bench.wait_ms(1_000)
    assert line.heard == []


def test_the_dial_pulses_of_a_parallel_telephone_are_no_ring() -> None:
    line = Line()
    for _ in range(10):
        line.edge()
        line.bench.wait_ms(100)
    assert line.heard == []


def test_a_ring_with_a_lost_edge_is_one() -> None:
    line = Line()
    for number in range(50):
        if number % 5:
            line.edge()
        line.bench.wait_ms(20)
    assert line.heard == [RingBegan()]


def test_a_ring_without_end_is_a_stuck_input_until_it_is_quiet() -> None:
    line = Line()
    line.rings(10_200)
    assert line.heard == [RingBegan(), RingStuck()]
    line.rings(30_000)
    line.bench.wait_ms(1_500)
    assert line.heard == [RingBegan(), RingStuck()]
    line.bench.wait_ms(3_000)
    assert line.heard == [RingBegan(), RingStuck(), RingFreed()]
    line.rings(1_000)
    assert line.heard[-1] == RingBegan()


def test_each_further_ring_is_told_and_a_missing_one_ends_it() -> None:
    line = Line()
    for _ in range(3):
        line.rings(1000)
        line.bench.wait_ms(4000)
    assert line.heard == [RingBegan(), RingAgain(), RingAgain()]
    line.bench.wait_ms(2900)  # 7.9 s after the last ring began
    assert line.heard[-1] == RingAgain()
    line.bench.wait_ms(200)
    assert line.heard[-1] == RingingStopped()
    line.rings(1000)
    assert line.heard[-1] == RingBegan()


def test_a_slower_cadence_than_the_countrys_is_learnt_from_the_line() -> None:
    line = Line()
    for _ in range(3):
        line.rings(1000)
        line.bench.wait_ms(6500)
    assert line.heard == [RingBegan(), RingAgain(), RingAgain()]
    line.bench.wait_ms(3000)
    assert line.heard[-1] == RingAgain(), "one and a half of 7.5 s are not over"
    line.bench.wait_ms(2000)
    assert line.heard[-1] == RingingStopped()


def test_a_double_ring_is_one_call() -> None:
    line = Line(Bell((400, 200, 400, 2000), 25))
    for _ in range(3):
        line.rings(400)
        line.bench.wait_ms(200)
        line.rings(400)
        line.bench.wait_ms(2000)
    assert line.heard[0] == RingBegan()
    assert set(line.heard[1:]) == {RingAgain()}


@pytest.mark.parametrize("cadence", [(), (1000,), (1000, 0), (1000, 4000, 500)])
def test_a_cadence_must_be_on_off_pairs(cadence: tuple[int, ...]) -> None:
    with pytest.raises(Bug):
        Bell(cadence, 25)

"""A reversal that lasts is told with the time of its edge; a pulse is not."""

import pytest

from gateway.line.polarity import PolarityWatch
from gateway.model.events import PolarityReversed
from gateway.model.numbers import PortId
from tests.line.listening import Bench, Listener


class Line:
    def __init__(self) -> None:
        self.listener = Listener()
        self.watch = PolarityWatch("fxo1", self.listener)
        self.bench = Bench([self.watch])

    def turns(self) -> int:
        at_ns = self.bench.now_ns
        self.bench.take(self.watch, PolarityReversed(PortId("fxo1"), at_ns))
        return at_ns


def test_a_reversal_is_told_after_64_ms_with_its_own_time() -> None:
    line = Line()
    at_ns = line.turns()
    line.bench.wait_ms(63)
    assert line.listener.heard == []
    line.bench.wait_ms(2)
    assert line.listener.heard == [PolarityReversed(PortId("fxo1"), at_ns)]


@pytest.mark.parametrize("pulse_ms", [1, 10, 60])
def test_a_pulse_is_nothing(pulse_ms: int) -> None:
    line = Line()
    for _ in range(3):
        line.turns()
        line.bench.wait_ms(pulse_ms)
        line.turns()
        line.bench.wait_ms(1_000)
    assert line.listener.heard == []


def test_a_reversal_with_bounce_is_one() -> None:
    line = Line()
    for _ in range(5):
        line.turns()
        line.bench.wait_ms(3)
    line.bench.wait_ms(1_000)
    assert len(line.listener.heard) == 1

"""The keeper of the power-fail relay in virtual time: what the coil does and what the exchange is told."""

from __future__ import annotations

import pytest

from gateway.errors import HardwareError
from gateway.line.lifeline import LifelineState
from gateway.model.events import Event, PortFailed, PortRestored
from gateway.model.numbers import NS_PER_MS, PortId
from gateway.model.settings import BoardSettings, RelaySettings
from gateway.runtime.lifeline import LifelineKeeper, make_relay
from gateway.simulator.relay import SimulatedRelay
from tests.runtime.clocks import HandClock

SETTINGS = RelaySettings("sim:20", PortId("fxo1"))
HALF_MS = 50


class Bench:
    """A keeper on the twin, stepped every half period."""

    def __init__(self) -> None:
        self.clock = HandClock()
        relay = make_relay(BoardSettings("bench", (), relay=SETTINGS), self.clock)
        assert isinstance(relay, SimulatedRelay)
        self.relay = relay
        self.told: list[Event] = []
        self.ticks = 0
        self.keeper = LifelineKeeper(SETTINGS, relay, self.clock, lambda: self.ticks, self.told.append)

    def goes_on(self, for_ms: int, *, ticking: bool = True) -> None:
        for _ in range(for_ms // HALF_MS):
            self.clock.now_ns += HALF_MS * NS_PER_MS
            self.ticks += 5 if ticking else 0
            self.keeper.step()

    def stands_still(self, for_ms: int) -> None:
        self.clock.now_ns += for_ms * NS_PER_MS


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_board_without_a_relay_has_none() -> None:
    assert make_relay(BoardSettings("bare", ()), HandClock()) is None


def test_the_line_is_the_telephones_until_the_relay_is_held_and_the_exchange_knows(bench: Bench) -> None:
    bench.goes_on(500)
    assert not bench.relay.held
    # No audio yet; then, whether the line is free.
    assert [type(event) for event in bench.told] == [PortFailed, PortFailed]
    bench.goes_on(2_500)
    assert bench.relay.held
    assert bench.told[-1] == PortRestored(PortId("fxo1"))
    assert bench.keeper.lifeline.state is LifelineState.HELD
    bench.goes_on(60_000)
    assert len(bench.told) == 3


def test_a_process_that_hangs_or_dies_lets_go_within_2_s(bench: Bench) -> None:
    bench.goes_on(3_000)
    bench.stands_still(2_000)
    assert not bench.relay.held


def test_audio_that_stands_still_lets_go_within_2_s_and_the_reason_is_told(bench: Bench) -> None:
    bench.goes_on(3_000)
    bench.goes_on(2_000, ticking=False)
    assert not bench.relay.held
    assert bench.told[-1] == PortFailed(
        PortId("fxo1"), "the power-fail relay has the line: the audio stands still"
    )


def test_who_talks_on_the_lifeline_is_not_cut_off(bench: Bench) -> None:
    bench.relay.in_use = True
    bench.goes_on(120_000)
    assert not bench.relay.held
    assert bench.told[-1] == PortFailed(
        PortId("fxo1"), "the power-fail relay still has the line: somebody talks on it, or did just now"
    )
    bench.relay.in_use = False
    bench.goes_on(3_000)
    assert bench.relay.held


def test_a_pin_that_does_not_answer_is_told_once_and_again_when_it_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.goes_on(3_000)
    bench.told.clear()

    def refuses() -> None:
        raise HardwareError("pin mcp23017:3 cannot be set: No such device")

    with monkeypatch.context() as broken:
        broken.setattr(bench.relay, "toggle", refuses, raising=False)
        bench.goes_on(1_000)
    assert bench.told == [PortFailed(PortId("fxo1"), "pin mcp23017:3 cannot be set: No such device")]
    assert not bench.relay.held
    bench.goes_on(1_000)
    assert bench.told[-1] == PortRestored(PortId("fxo1"))
    assert bench.relay.held

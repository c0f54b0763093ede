"""One contract for the power-fail relay: its twin keeps it, and in the guest the driver, seen at its pin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from gateway.interfaces import Relay
from gateway.model.numbers import NS_PER_MS, PortId
from gateway.model.settings import RelaySettings
from gateway.simulator.clock import VirtualClock
from gateway.simulator.relay import SimulatedRelay

RELEASE_MS, HALF_MS = 500, 50


@dataclass
class RelayBench:
    """A relay, its coil as seen from outside, and who talks on the line."""

    relay: Relay
    held: Callable[[], bool]
    talks: Callable[[bool], None]
    run: Callable[[float], None]

    def toggles(self, for_ms: int) -> None:
        for _ in range(for_ms // HALF_MS):
            self.relay.toggle()
            self.run(HALF_MS)


def twin() -> Iterator[RelayBench]:
    clock = VirtualClock()
    relay = SimulatedRelay(clock, RelaySettings("sim:20", PortId("fxo1"), release_ms=RELEASE_MS))
    yield RelayBench(
        relay,
        held=lambda: relay.held,
        talks=lambda on: setattr(relay, "in_use", on),
        run=lambda ms: clock.advance(clock.monotonic_ns() + round(ms * NS_PER_MS)),
    )
    relay.stop()


RELAYS = [twin]
if os.environ.get("CITYLINE_GUEST") == "pins":
    from tests.guest.relay import on_gpio_sim

    RELAYS.append(on_gpio_sim)


@pytest.fixture(params=RELAYS, ids=lambda make: make.__name__)
def bench(request: pytest.FixtureRequest) -> Iterator[RelayBench]:
    yield from request.param()


def test_it_is_released_until_it_is_toggled_for_a_while_and_then_held(bench: RelayBench) -> None:
    assert not bench.held()
    bench.relay.toggle()
    bench.run(HALF_MS)
    assert not bench.held()
    bench.toggles(2 * RELEASE_MS)
    assert bench.held()
    bench.toggles(10_000)
    assert bench.held()


@pytest.mark.parametrize("more", [0, 1], ids=["low", "high"])
def test_it_lets_go_when_the_pin_stands_still_at_either_level(bench: RelayBench, more: int) -> None:
    bench.toggles(2 * RELEASE_MS)
    for _ in range(more):
        bench.relay.toggle()
    bench.run(RELEASE_MS / 2)
    assert bench.held()
    bench.run(RELEASE_MS)
    assert not bench.held()


def test_one_late_change_does_not_drop_it(bench: RelayBench) -> None:
    bench.toggles(2 * RELEASE_MS)
    bench.run(200)  # a busy interpreter
    assert bench.held()
    bench.toggles(1_000)
    assert bench.held()


def test_it_is_told_who_talks_on_the_line(bench: RelayBench) -> None:
    assert not bench.relay.line_in_use()
    bench.talks(True)
    assert bench.relay.line_in_use()
    bench.talks(False)
    assert not bench.relay.line_in_use()


def test_stop_lets_go(bench: RelayBench) -> None:
    bench.toggles(2 * RELEASE_MS)
    bench.relay.stop()
    bench.run(2 * RELEASE_MS)
    assert not bench.held()

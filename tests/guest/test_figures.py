"""Figures of the GPIO driver, in the guest's virtual time: `inv bench lines` reads the lines that begin with
``figure:``.
"""

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from gateway.drivers.line_modules import GpioLineModules
from gateway.model.events import Event, HookEdge
from tests.guest.pins import FXO, FXS, ports
from tests.guest.sim_chip import HOOK, SimChip
from tests.guest.waiting import until

EDGES = 200
APART_S = 0.01
WORST_MS = 20.0
"""Of an edge to what follows from it, with nothing else to do: a digit's break is 60 ms long."""
NS_PER_MS = 1_000_000


@pytest.fixture
def chip() -> Iterator[SimChip]:
    made = SimChip("figures")
    yield made
    made.remove()


def tell(capsys: pytest.CaptureFixture[str], **figures: object) -> None:
    with capsys.disabled():
        print(f"\nfigure: {json.dumps(figures)}", flush=True)


def test_an_edge_is_followed_by_its_action(chip: SimChip, capsys: pytest.CaptureFixture[str]) -> None:
    """From the kernel's time stamp of a hook edge to a loop switch that has been driven for it."""
    took_ms: list[float] = []

    async def follow() -> None:
        modules = GpioLineModules(ports(chip.label))

        def act(event: Event) -> None:
            if isinstance(event, HookEdge):
                modules.set_loop(FXO, event.off_hook)
                took_ms.append((time.monotonic_ns() - event.at_ns) / NS_PER_MS)

        modules.start(act)
        for number in range(EDGES):
            chip.pull(HOOK, number % 2 == 0)
            await asyncio.sleep(APART_S)
        modules.stop()

    asyncio.run(follow())
    assert len(took_ms) == EDGES
    assert max(took_ms) <= WORST_MS
    cuts = statistics.quantiles(took_ms, n=100)
    tell(capsys, name="edge to action", median_ms=cuts[49], p99_ms=cuts[98], worst_ms=max(took_ms))


def test_half_periods_of_ringing_beside_busy_threads(
    chip: SimChip, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = GpioLineModules(ports(chip.label))
    assert modules.ringer is not None
    ringer, place = modules.ringer, modules.places[FXS]
    ending = threading.Event()

    def busy() -> None:
        while not ending.is_set():
            sum(range(1_000))

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    modules.start_ringing(FXS, (1_000, 4_000), 25)
    until(lambda: ringer.statistics(place).bursts == 3)
    until(lambda: not ringer.statistics(place).power)
    told = ringer.statistics(place)
    ending.set()
    for thread in threads:
        thread.join()
    modules.stop()
    assert sum(told.lateness) == told.half_periods
    tell(
        capsys,
        name="ringing",
        half_periods=told.half_periods,
        worst_us=told.worst_half_us,
        late=told.lateness,
    )

"""One contract for the real clock and its virtual twin."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from gateway.drivers.clock import RealClock
from gateway.interfaces import Clock
from gateway.model.numbers import NS_PER_MS
from gateway.simulator.clock import VirtualClock

DEADLINE_S = 20.0


@dataclass
class Bench:
    """A clock, and how to let it run until something is true."""

    clock: Clock
    until: Callable[[Callable[[], bool]], None]

    def after_ms(self, milliseconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        return self.clock.call_at(self.clock.monotonic_ns() + round(milliseconds * NS_PER_MS), callback)


def virtual() -> Iterator[Bench]:
    clock = VirtualClock()

    def until(condition: Callable[[], bool]) -> None:
        for _ in range(10_000):
            if condition():
                return
            clock.advance(clock.monotonic_ns() + NS_PER_MS)
        raise AssertionError("it did not come")

    yield Bench(clock, until)


def real() -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        async def wait(condition: Callable[[], bool]) -> None:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(0.001)

        yield Bench(RealClock(loop), lambda condition: runner.run(wait(condition)))


@pytest.fixture(params=[virtual, real], ids=["virtual", "real"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


def test_callbacks_come_in_the_order_of_their_times_and_never_early(bench):
    came: list[tuple[str, int]] = []
    began = bench.clock.monotonic_ns()
    for name, milliseconds in (("third", 30), ("first", 10), ("second", 20)):
        bench.after_ms(milliseconds, lambda name=name: came.append((name, bench.clock.monotonic_ns())))
    bench.until(lambda: len(came) == 3)
    assert [name for name, _ in came] == ["first", "second", "third"]
    for (_, at_ns), milliseconds in zip(came, (10, 20, 30), strict=True):
        assert at_ns - began >= milliseconds * NS_PER_MS


def test_a_cancelled_callback_never_comes_and_cancelling_again_is_harmless(bench):
    came: list[str] = []
    cancel = bench.after_ms(5, lambda: came.append("cancelled"))
    bench.after_ms(15, lambda: came.append("kept"))
    cancel()
    cancel()
    bench.until(lambda: bool(came))
    assert came == ["kept"]
    cancel()


def test_a_time_that_is_past_comes_as_soon_as_time_moves_but_not_at_once(bench):
    came: list[str] = []
    bench.after_ms(-1_000, lambda: came.append("past"))
    assert came == []
    bench.until(lambda: bool(came))


def test_a_callback_may_ask_for_another(bench):
    came: list[int] = []

    def again() -> None:
        came.append(bench.clock.monotonic_ns())
        if len(came) < 3:
            bench.after_ms(2, again)

    bench.after_ms(2, again)
    bench.until(lambda: len(came) == 3)
    assert came == sorted(came)


def test_both_times_go_forward_together(bench):
    monotonic_ns, wall_ns = bench.clock.monotonic_ns(), bench.clock.wall_ns()
    bench.until(lambda: bench.clock.monotonic_ns() - monotonic_ns >= 5 * NS_PER_MS)
    assert bench.clock.wall_ns() > wall_ns
    assert wall_ns > 1_700_000_000 * 1_000_000_000

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.clock import EPOCH_NS, VirtualClock


@given(st.lists(st.integers(0, 1_000), max_size=40))
def test_callbacks_run_in_the_order_of_their_times_and_equal_ones_as_asked(times: list[int]) -> None:
    clock = VirtualClock()
    ran: list[tuple[int, int]] = []
    for place, at in enumerate(times):
        clock.call_at(at, lambda place=place, at=at: ran.append((at, place)))  # type: ignore[misc]
    clock.advance(1_000)
    assert ran == sorted((at, place) for place, at in enumerate(times))
    assert clock.pending() == 0


def test_a_callback_sees_its_own_time_and_may_ask_for_more() -> None:
    clock = VirtualClock()
    seen: list[int] = []

    def again() -> None:
        seen.append(clock.monotonic_ns())
        clock.call_at(clock.monotonic_ns() + 10, again)

    clock.call_at(5, again)
    clock.advance(27)
    assert seen == [5, 15, 25]
    assert clock.monotonic_ns() == 27
    assert clock.wall_ns() == EPOCH_NS + 27


def test_a_cancelled_callback_never_runs_also_when_cancelled_by_another_at_the_same_time() -> None:
    clock = VirtualClock()
    ran: list[str] = []
    cancel_second = [lambda: None]
    clock.call_at(10, lambda: (ran.append("first"), cancel_second[0]())[0])
    cancel_second[0] = clock.call_at(10, lambda: ran.append("second"))
    clock.advance(20)
    assert ran == ["first"]


def test_time_does_not_go_back_and_a_past_time_is_now() -> None:
    clock = VirtualClock()
    clock.advance(100)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(99)
    ran: list[int] = []
    clock.call_at(5, lambda: ran.append(clock.monotonic_ns()))
    clock.advance(100)
    assert ran == [100]


def test_what_waits_goes_on_waiting_when_time_is_skipped() -> None:
    clock = VirtualClock()
    ran: list[int] = []
    clock.call_at(30, lambda: ran.append(clock.monotonic_ns()))
    cancel = clock.call_at(40, lambda: ran.append(-1))
    clock.advance(10)
    clock.skip(1_000)
    assert clock.monotonic_ns() == 1_000
    assert ran == []
    cancel()
    clock.advance(2_000)
    assert ran == [1_020]
    with pytest.raises(ValueError, match="does not go back"):
        clock.skip(1_999)

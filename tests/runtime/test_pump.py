"""The pump: order, re-entry, timers, bounds, and what a bug may not do."""

import asyncio
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.clock import RealClock
from gateway.model import actions as act
from gateway.model.causes import Cause, Evidence
from gateway.model.echo import EchoFigures, LegEcho
from gateway.model.events import Event, HookEdge, LoopCurrent, ShutdownRequested, TimerExpired
from gateway.model.numbers import CallId, DialogId, NodeId, Now, PortId
from gateway.model.plan import Plan
from gateway.model.timers import TimerId
from gateway.runtime.live import SLICE, run_pump
from gateway.runtime.pump import Pump
from tests.runtime.office import Surroundings, office

FXS1 = PortId("fxs1")
FXO1 = PortId("fxo1")
LIFT = HookEdge(FXS1, True, 1)
T1 = TimerId("fxs(fxs1)", "interdigit", 7)


def only(event_type: type, *actions: act.Action):
    """An exchange that answers each event of a kind with these actions."""
    return lambda event, now: list(actions) if isinstance(event, event_type) else []


def test_every_action_reaches_whoever_carries_it_out_in_order():
    hangup = act.SipHangup(DialogId(4), 16)
    ended = act.CallEnded(CallId(1), Cause.NORMAL_CLEARING, Evidence.HOOK, "101", 2, 1)
    actions = (
        act.SetLoop(FXO1, True),
        act.SetLoop(FXO1, True, (67, 33, 67)),
        act.StartRinging(FXS1, (1000, 4000), 25, rounds=2),
        act.SetPolarity(FXS1, True),
        act.ApplyPlan(Plan(generation=3)),
        act.StopRinging(FXS1),
        hangup,
        act.LegEnded(CallId(1), FXO1, NodeId(4), 2, 1),
        ended,
        act.Narrate("fxs(fxs1){IDLE} off_hook -> DIALLING"),
        act.RaiseAlarm("fxo1", "no line current"),
    )
    pump, _, around, _ = office(only(HookEdge, *actions))
    pump.feed(LIFT)
    assert around.done == [
        ("loop", FXO1, True),
        ("loop", FXO1, True, (67, 33, 67)),
        ("ring", FXS1, (1000, 4000), 25, 2),
        ("polarity", FXS1, True),
        ("plan", 3),
        ("silence", FXS1),
        ("sip", hangup),
        ("row", LegEcho(CallId(1), FXO1, EchoFigures(12.5, 24.0, 4.0), 2, 1)),
        ("row", ended),
        ("alarm", "fxo1"),
    ]
    assert pump.counts.actions == len(actions)


def test_the_start_is_carried_out_before_the_first_event():
    pump, _, around, _ = office(only(HookEdge, act.StopRinging(FXS1)))
    pump.start()
    pump.feed(LIFT)
    assert around.done == [("plan", 1), ("silence", FXS1)]


def test_an_event_is_stamped_with_both_clocks_when_it_is_handled():
    pump, exchange, _, clock = office(only(HookEdge))
    clock.advance(20)
    pump.feed(LIFT)
    assert exchange.seen == [(LIFT, Now(25_000_000, 1_700_000_000_020_000_000))]


def test_what_a_performed_action_feeds_waits_until_the_step_is_done():
    pump, exchange, around, _ = office(only(HookEdge, act.SetLoop(FXO1, True), act.StopRinging(FXS1)))
    around.follow = lambda what: pump.feed(LoopCurrent(FXO1, True, 2)) if what == "loop" else None
    pump.feed(LIFT)
    assert [event for event, _ in exchange.seen] == [LIFT, LoopCurrent(FXO1, True, 2)]
    assert around.done == [("loop", FXO1, True), ("silence", FXS1)]


def test_a_timer_expires_once_and_counts_from_the_time_of_its_step():
    pump, exchange, _, clock = office(only(HookEdge, act.StartTimer(T1, 4_000)))
    pump.feed(LIFT)
    clock.advance(3_999)
    assert len(exchange.seen) == 1
    clock.advance(1)
    assert exchange.seen[1:] == [(TimerExpired(T1), Now(4_005_000_000, 1_700_000_004_000_000_000))]
    clock.advance(10_000)
    assert len(exchange.seen) == 2


def test_a_cancelled_timer_never_expires_and_cancelling_twice_is_harmless():
    pump, exchange, _, clock = office(
        only(HookEdge, act.StartTimer(T1, 100), act.CancelTimer(T1), act.CancelTimer(T1))
    )
    pump.feed(LIFT)
    clock.advance(1_000)
    assert [event for event, _ in exchange.seen] == [LIFT]
    assert len(pump.timers) == 0


def test_a_timer_of_no_length_expires_after_its_own_step():
    pump, exchange, _, clock = office(only(HookEdge, act.StartTimer(T1, 0), act.StopRinging(FXS1)))
    pump.feed(LIFT)
    clock.advance(0)
    assert [event for event, _ in exchange.seen] == [LIFT, TimerExpired(T1)]


def test_events_beyond_the_queue_are_dropped_counted_and_alarmed_once():
    pump, exchange, around, _ = office(only(HookEdge, act.SetLoop(FXO1, True)), queue_limit=10)

    def flood(what: str) -> None:
        if what == "loop":
            for at in range(25):
                pump.feed(LoopCurrent(FXO1, True, at))

    around.follow = flood
    pump.feed(LIFT)
    assert len(exchange.seen) == 11
    assert pump.counts.dropped == 15
    assert around.done.count(("alarm", "pump")) == 1


def test_on_the_bench_a_bug_reaches_whoever_fed_the_event():
    def broken(event: Event, now: Now) -> list[act.Action]:
        raise KeyError("port")

    pump, *_ = office(broken)
    with pytest.raises(KeyError):
        pump.feed(LIFT)


def test_in_the_gateway_a_bug_is_alarmed_and_the_next_event_is_handled(caplog):
    def broken(event: Event, now: Now) -> list[act.Action]:
        if isinstance(event, HookEdge):
            raise KeyError("port")
        return [act.StopRinging(FXS1)]

    pump, _, around, _ = office(broken, survives_bugs=True)
    pump.feed(LIFT)
    pump.feed(ShutdownRequested())
    assert around.done == [("alarm", "exchange"), ("silence", FXS1)]
    assert pump.counts.failed_steps == 1
    assert "the exchange failed on HookEdge" in caplog.text


def test_in_the_gateway_a_driver_that_fails_does_not_stop_the_actions_after_it(caplog):
    pump, _, around, _ = office(
        only(HookEdge, act.SetLoop(FXO1, True), act.StopRinging(FXS1)), survives_bugs=True
    )

    def fail(what: str) -> None:
        if what == "loop":
            raise OSError("no such pin")

    around.follow = fail
    pump.feed(LIFT)
    assert around.done == [("loop", FXO1, True), ("alarm", "runtime"), ("silence", FXS1)]
    assert pump.counts.failed_actions == 1


@given(st.lists(st.integers(0, 5), max_size=40))
def test_steps_never_nest_and_events_keep_their_order(fan_out):
    """Each event may feed several more while it is performed: they come out first in, first out."""
    depth = 0
    fed: list[int] = []
    budget = list(fan_out)

    def answer(event: Event, now: Now) -> list[act.Action]:
        assert depth == 0
        return [act.SetLoop(FXO1, True)]

    pump, exchange, around, _ = office(answer)

    def feed_more(what: str) -> None:
        nonlocal depth
        depth += 1
        for _ in range(budget.pop() if budget else 0):
            fed.append(len(fed) + 1)
            pump.feed(LoopCurrent(FXO1, True, fed[-1]))
        depth -= 1

    around.follow = feed_more
    pump.feed(LoopCurrent(FXO1, True, 0))
    assert [event.at_ns for event, _ in exchange.seen if isinstance(event, LoopCurrent)] == [0, *fed]


# --- in real time -------------------------------------------------------------------------------------------


class PipeCore:
    """A core whose events come from another thread through a pipe, as the audio thread's do through an
    eventfd.
    """

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.waiting: list[Event] = []

    def fileno(self) -> int:
        return self.reading

    def events(self) -> list[Event]:
        os.read(self.reading, 4096)
        taken, self.waiting = self.waiting, []
        return taken

    def put(self, event: Event) -> None:
        self.waiting.append(event)
        os.write(self.writing, b"\0")

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


def live_pump(answer) -> tuple[Pump, list[Event]]:
    around = Surroundings()
    seen: list[Event] = []

    class Exchange:
        def start(self, now: Now) -> list[act.Action]:
            return []

        def handle(self, event: Event, now: Now) -> list[act.Action]:
            seen.append(event)
            return answer(event)

    clock = RealClock(asyncio.get_running_loop())
    pump = Pump(
        Exchange(), clock, modules=around, core=around, sip=around, journal=around, on_alarm=around.alarm
    )
    return pump, seen


def test_events_of_the_cores_thread_are_handled_in_the_loops_thread():
    async def main() -> None:
        threads: set[int] = set()
        stopped = asyncio.Event()

        def answer(event: Event) -> list[act.Action]:
            threads.add(threading.get_ident())
            if len(seen) == 2:
                stopped.set()
            return []

        pump, seen = live_pump(answer)
        core = PipeCore()
        audio = threading.Thread(target=lambda: [core.put(LIFT), core.put(LIFT)])
        audio.start()
        await asyncio.wait_for(run_pump(pump, core, stopped), 20)
        audio.join()
        core.close()
        assert threads == {threading.get_ident()}

    asyncio.run(main())


def test_a_flood_from_the_core_leaves_others_their_turn_and_keeps_its_order():
    async def main() -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        turns: list[int] = []

        def turn() -> None:
            turns.append(len(seen))
            if len(turns) < 4:
                loop.call_soon(turn)

        def answer(event: Event) -> list[act.Action]:
            if len(seen) == 1:
                loop.call_soon(turn)
            if len(seen) == 3 * SLICE + 2:
                stopped.set()
            return []

        pump, seen = live_pump(answer)
        core = PipeCore()
        core.waiting = [HookEdge(FXS1, True, at) for at in range(3 * SLICE + 1)]
        core.put(HookEdge(FXS1, True, 3 * SLICE + 1))
        await asyncio.wait_for(run_pump(pump, core, stopped), 20)
        core.close()
        assert turns[:3] == [SLICE, 2 * SLICE, 3 * SLICE]
        assert [event.at_ns for event in seen if isinstance(event, HookEdge)] == list(range(3 * SLICE + 2))

    asyncio.run(main())


def test_what_comes_while_a_flood_waits_comes_after_it():
    async def main() -> None:
        stopped = asyncio.Event()

        def answer(event: Event) -> list[act.Action]:
            if len(seen) == 1:
                core.put(HookEdge(FXS1, True, 2 * SLICE))
            if len(seen) == 2 * SLICE + 1:
                stopped.set()
            return []

        pump, seen = live_pump(answer)
        core = PipeCore()
        core.waiting = [HookEdge(FXS1, True, at) for at in range(2 * SLICE - 1)]
        core.put(HookEdge(FXS1, True, 2 * SLICE - 1))
        await asyncio.wait_for(run_pump(pump, core, stopped), 20)
        core.close()
        assert [event.at_ns for event in seen if isinstance(event, HookEdge)] == list(range(2 * SLICE + 1))

    asyncio.run(main())


def test_a_timer_in_real_time_expires_not_before_its_deadline():
    async def main() -> None:
        expired = asyncio.Event()
        times: list[int] = []

        def answer(event: Event) -> list[act.Action]:
            if isinstance(event, TimerExpired):
                times.append(pump.clock.monotonic_ns())
                expired.set()
                return []
            return [act.StartTimer(T1, 20)]

        pump, _ = live_pump(answer)
        before = pump.clock.monotonic_ns()
        pump.feed(LIFT)
        await asyncio.wait_for(expired.wait(), 20)
        assert times[0] - before >= 20_000_000

    asyncio.run(main())

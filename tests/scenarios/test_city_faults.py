"""Faults of city lines with audio and edges: both ends at once, a cut cable, a ring input that sticks."""

from collections.abc import Sequence

from gateway.bench.stage import Stage
from gateway.model.numbers import PortId
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.wires import CallerId

NUMBER = "4957654"


def calls_out(stage: Stage) -> None:
    anna = stage.telephone("101")
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=1_500))
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)


def test_a_caller_who_comes_in_the_instant_of_our_seizure_is_not_lost(stage: Stage) -> None:
    """The city rings just as our loop closes: no edge is ever seen, the caller is through, and speaks."""
    modules, city, boris = stage.office.board.modules, stage.city(1), stage.telephone("102")
    closes = modules.set_loop
    came: list[bool] = []

    def set_loop(port: PortId, closed: bool, breaks_ms: Sequence[int] = ()) -> None:
        closes(port, closed, breaks_ms)
        if closed and not came:
            came.append(city.calls(CallerId("4951234567")))
            city.talks_when_answered = True

    modules.set_loop = set_loop  # type: ignore[method-assign]
    calls_out(stage)
    stage.wait_for(lambda: boris.rings, 4_000, "Boris rings for the caller")
    assert came == [True]
    boris.lifts()
    stage.wait_for(lambda: stage.city(2).state == "talking", 15_000, "Anna's call has gone out over line 2")
    city.hushes()
    stage.wait(500)
    stage.talk(boris, city, [stage.telephone("101"), stage.city(2)])
    assert stage.passed, [check for check in stage.checks if not check.passed]
    assert not stage.office.alarms


def test_a_cut_cable_is_an_alarm_until_the_line_is_mended(stage: Stage) -> None:
    anna = stage.telephone("101")
    stage.city(1).cut = True
    calls_out(stage)
    stage.wait_for(lambda: stage.city(2).state == "talking", 16_000, "line 2 takes the call")
    anna.hangs_up()
    stage.wait(3_000)
    assert "dial tone" in stage.office.line_row("fxo1").trouble
    calls_out(stage)
    stage.wait_for(lambda: stage.city(2).state == "talking", 12_000, "line 2 at once: line 1 is tried last")
    anna.hangs_up()
    stage.city(1).cut = False
    stage.wait_for(lambda: not stage.office.alarms, 310_000, "the line is tried by itself")
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]
    assert [cured.about for cured in stage.office.cured] == ["fxo1"]


def test_a_ring_input_that_sticks_rings_nobody_for_ever(stage: Stage) -> None:
    anna, modules = stage.telephone("101"), stage.office.board.modules
    modules.ring_line(PortId("fxo1"), True)
    stage.bell(anna, within_ms=500)
    row = stage.office.line_row
    stage.wait_for(lambda: "ring input" in row("fxo1").trouble, 11_000, "the input is found out")
    began_ns = stage.office.clock.monotonic_ns()
    stage.wait(10_000)
    assert max(start for start, _end in anna.rings_ns) < began_ns
    assert not anna.rings
    modules.ring_line(PortId("fxo1"), False)
    stage.wait(5_000)
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]


def test_a_click_of_one_millisecond_on_an_idle_line_is_nothing(stage: Stage) -> None:
    for _ in range(5):
        stage.city(1).turns_for_a_moment()
        stage.wait(300)
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]
    assert not stage.office.journal.rows

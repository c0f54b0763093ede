"""The health of a hook contact: worn ones and lost edges are named, sound ones never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bench.office import Office, open_office
from gateway.line.contact import CLEAN_RUNS, ContactWatch
from gateway.model.actions import CallEnded, CallStarted, Narrate, RaiseAlarm
from gateway.model.causes import Cause
from gateway.model.events import HookEdge, PortFailed
from gateway.model.machine import Ids, Step
from gateway.model.numbers import Now, PortId

PORT = PortId("fxs1")


class Watched:
    """A contact whose edges come by their times in milliseconds."""

    def __init__(self) -> None:
        self.watch = ContactWatch(PORT)
        self.step = Step(Now(0, 0), Ids(1))
        self.at_ms = 1_000.0

    def edge(self, closed: bool, after_ms: float, *, rung: bool = False) -> None:
        self.at_ms += after_ms
        self.watch.edge(HookEdge(PORT, closed, round(self.at_ms * 1e6)), self.step, rung=rung)

    def moves(self, closed: bool, bounce_ms: float, *, after_ms: float = 900.0) -> None:
        """The contact moves and bounces for that long, an edge a millisecond."""
        self.edge(closed, after_ms)
        for count in range(2 * (int(bounce_ms) // 2)):
            self.edge(closed == (count % 2 == 1), 1.0)

    @property
    def alarms(self) -> list[str]:
        return [action.text for action in self.step.actions if isinstance(action, RaiseAlarm)]

    @property
    def said(self) -> list[str]:
        return [action.line for action in self.step.actions if isinstance(action, Narrate)]


def test_bounce_of_80_ms_is_named_each_time_and_alarmed_once() -> None:
    contact = Watched()
    for closed in (True, False, True):
        contact.moves(closed, 80)
    assert contact.said == ["contact(fxs1){} its contact bounces for more than 40 ms"] * 3
    assert len(contact.alarms) == 1
    assert "clean the hook switch" in contact.alarms[0]
    assert contact.watch.trouble


def test_after_twenty_clean_lifts_it_is_sound_again_and_alarmed_anew() -> None:
    contact = Watched()
    contact.moves(True, 80)
    closed = False
    for _ in range(CLEAN_RUNS + 1):
        contact.moves(closed, 10)
        closed = not closed
    assert contact.watch.trouble == ""
    contact.moves(closed, 80)
    assert len(contact.alarms) == 2


def test_the_same_level_twice_is_a_lost_edge() -> None:
    contact = Watched()
    contact.edge(True, 0)
    contact.edge(True, 500)
    assert contact.said == ["contact(fxs1){} an edge of its contact was lost"]
    assert "was lost" in contact.watch.trouble


@given(
    st.floats(8.0, 22.0),
    st.floats(0.2, 0.8),
    st.integers(1, 10),
    st.integers(0, 2),
)
def test_a_sound_dial_of_any_speed_is_no_trouble(
    rate: float, share: float, pulses: int, bounce_ms: int
) -> None:
    contact = Watched()
    period_ms = 1_000 / rate
    for _ in range(pulses):
        contact.moves(False, bounce_ms, after_ms=period_ms * (1 - share))
        contact.moves(True, bounce_ms, after_ms=max(period_ms * share - bounce_ms, 8.1))
    assert contact.alarms == []
    assert contact.watch.trouble == ""


def test_the_pulsing_of_the_detector_under_ringing_power_is_no_trouble() -> None:
    contact = Watched()
    for count in range(100):
        contact.edge(count % 2 == 0, 7.0, rung=True)
    assert contact.said == []


# --- in an office: named, the call cleared with a cause, the rest untouched ----------------------


def _bounces_on(office: Office, port: PortId, times: int) -> None:
    for count in range(times):
        office.clock.advance(office.clock.monotonic_ns() + 1_000_000)
        office.pump.feed(HookEdge(port, count % 2 == 0, office.clock.monotonic_ns()))


@pytest.mark.parametrize("fault", ["bounce", "vanished", "lost edge"])
def test_a_fault_of_one_telephone_is_shown_and_leaves_the_others_alone(fault: str) -> None:
    office = open_office()
    anna, boris, vera, grigory = (office.telephone(number) for number in ("101", "102", "103", "104"))
    for caller, called in ((anna, boris), (vera, grigory)):
        caller.lifts()
        office.run(500)
        caller.dials(called.number)
        office.run_until(lambda called=called: called.rings, 3_000, "it rings")  # type: ignore[misc]
        called.lifts()
        office.run(800)
    match fault:
        case "bounce":
            _bounces_on(office, anna.port, 81)
        case "vanished":
            office.pump.feed(PortFailed(anna.port, "its module does not answer: check its plug"))
        case "lost edge":
            office.pump.feed(HookEdge(anna.port, True, office.clock.monotonic_ns()))
    office.run(1_500)
    row = office.line_row(anna.port)
    assert row.failure or row.trouble
    assert [alarm.about for alarm in office.alarms] == [anna.port]
    assert any(f"({anna.port})" in line for line in office.ladder.narration)
    ended = [row for row in office.journal.rows if isinstance(row, CallEnded)]
    if fault == "vanished":
        assert [one.cause for one in ended] == [Cause.DESTINATION_OUT_OF_ORDER]
    else:
        assert ended == [], "she talks on"
    for other in (vera, grigory):
        untouched = office.line_row(other.port)
        assert (untouched.state, untouched.trouble, untouched.failure) == ("talking", "", "")
    assert len([row for row in office.journal.rows if isinstance(row, CallStarted)]) == 2
    office.close()


def test_a_hook_that_is_stuck_ends_in_silence_with_an_alarm_and_is_rung_again_when_it_is_free() -> None:
    office = open_office()
    anna, boris = office.telephone("101"), office.telephone("102")
    anna.lifts()  # and never moves again
    office.run_until(lambda: office.line_row("fxs1").state == "left_off_hook", 120_000, "it is given up")
    assert [alarm.about for alarm in office.alarms] == ["fxs1"]
    boris.lifts()
    office.run(500)
    boris.dials("101")
    office.run(2_000)
    assert not anna.rings
    ended = [row.cause for row in office.journal.rows if isinstance(row, CallEnded)]
    assert ended == [Cause.USER_BUSY]
    boris.hangs_up()
    anna.hangs_up()
    office.run(1_500)
    boris.lifts()
    office.run(500)
    boris.dials("101")
    office.run_until(lambda: anna.rings, 3_000, "it rings again")
    office.close()

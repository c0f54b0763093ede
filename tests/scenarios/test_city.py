"""City lines: what the stories do not tell."""

import pytest

from gateway.bench.office import open_office
from gateway.bench.stage import Stage
from gateway.model.actions import CallEnded, CallStarted
from gateway.model.causes import Cause, Evidence
from gateway.model.events import ShutdownRequested
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.ear import Heard
from gateway.simulator.wires import CallerId, MessageFormat, Modulation

NUMBER = "4957654"
MOST_TAKEN_IN_DOUBLE_TALK_DB = 3.0


def started(stage: Stage) -> list[CallStarted]:
    return [row for row in stage.office.journal.rows if isinstance(row, CallStarted)]


@pytest.mark.parametrize("modulation", Modulation)
@pytest.mark.parametrize("message", MessageFormat)
def test_caller_identity_is_read_in_every_form(
    stage: Stage, modulation: Modulation, message: MessageFormat
) -> None:
    darya = stage.sip("201")
    stage.city(1).calls(CallerId("74951234567", modulation=modulation, format=message))
    stage.wait(4_500)
    assert darya.shows == "74951234567"


def test_a_caller_who_hides_his_number_is_nobody_but_gets_through(stage: Stage) -> None:
    darya = stage.sip("201")
    stage.city(1).calls(CallerId("4951234567", withheld=True))
    stage.wait(6_500)
    assert darya.rings
    assert darya.shows == ""
    assert started(stage)[-1].calling == ""


def test_a_broken_identity_is_no_identity(stage: Stage) -> None:
    darya = stage.sip("201")
    stage.city(1).calls(CallerId("4951234567", bad_checksum=True))
    stage.wait(6_500)
    assert darya.rings
    assert darya.shows == ""


def test_a_second_caller_on_a_busy_line_hears_busy_and_the_other_line_still_rings(stage: Stage) -> None:
    anna, boris = stage.telephone("101"), stage.telephone("102")
    assert stage.calls(1, "4951111111")
    assert not stage.calls(1, "4952222222")
    stage.wait(500)
    anna.lifts()
    stage.wait(500)
    assert stage.calls(2, "4953333333")
    stage.wait(500)
    assert boris.rings
    assert not anna.rings
    boris.lifts()
    stage.wait(500)
    stage.talk(anna, stage.city(1), [boris, stage.city(2)])
    stage.talk(boris, stage.city(2), [anna, stage.city(1)])
    assert stage.passed, stage.checks


def test_a_line_that_rings_while_it_is_seized_brings_its_caller_in(stage: Stage) -> None:
    anna = stage.telephone("101")
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)
    stage.office.run_until(
        lambda: stage.office.line_row("fxo1").state == "seizing" or stage.city(1).state != "idle", 3_000, "x"
    )
    # The city has not seen the seizure yet: its ring meets our closed loop.
    line = stage.city(1)
    if line.state == "idle":
        line.calls(CallerId("4951234567"))
    stage.wait(8_000)
    view = stage.office.view()
    assert len(view.calls) >= 1
    anna.hangs_up()
    line.hangs_up()
    stage.wait(8_000)
    assert not stage.office.view().calls


def test_a_line_without_dial_tone_is_given_up_for_the_next_one_with_an_alarm(stage: Stage) -> None:
    anna, dead = stage.telephone("101"), stage.city(1)
    dead.cut = True
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=500))
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)
    stage.office.run_until(lambda: stage.city(2).state == "talking", 15_000, "line 2 takes the call")
    assert stage.take_alarm("fxo1")
    assert stage.office.view().calls[0].line == "city2"


@pytest.mark.parametrize(
    ("behaviour", "cause"), [(Behaviour.BUSY, Cause.USER_BUSY), (Behaviour.CONGESTED, Cause.CONGESTION)]
)
def test_a_refusal_of_the_city_frees_the_line_and_tells_the_caller(
    stage: Stage, behaviour: Behaviour, cause: Cause
) -> None:
    anna = stage.telephone("101")
    stage.subscriber(Subscriber(NUMBER, behaviour))
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)
    stage.office.run_until(lambda: stage.city(1).state == "refused", 9_000, "the city refuses")
    stage.released(1, within_ms=3_000)
    stage.wait(3_000)
    assert anna.hears() in (Heard.BUSY, Heard.CONGESTION)
    [end] = [row for row in stage.office.journal.rows if isinstance(row, CallEnded)]
    assert end.cause in (cause, Cause.USER_BUSY, Cause.NORMAL_CLEARING)
    assert end.evidence in (Evidence.BUSY_TONE, Evidence.CONGESTION_TONE)


def test_a_break_of_the_loop_current_releases_a_line_too(stage: Stage) -> None:
    anna = stage.telephone("101")
    stage.calls(1, "4951234567")
    stage.wait(500)
    anna.lifts()
    stage.wait(3_000)
    stage.office.board.modules.set_battery(stage.city(1).port, False)
    stage.wait(600)
    stage.office.board.modules.set_battery(stage.city(1).port, True)
    stage.wait(500)
    [end] = [row for row in stage.office.journal.rows if isinstance(row, CallEnded)]
    assert end.evidence is Evidence.LOOP_BREAK


def test_talk_at_the_same_time_is_no_busy_tone_and_both_are_heard(stage: Stage) -> None:
    anna, city = stage.telephone("101"), stage.city(1)
    stage.calls(1, "4951234567")
    stage.wait(500)
    anna.lifts()
    stage.wait(500)
    stage.talk(anna, city)
    anna.says()
    city.says()
    for _ in range(8):
        stage.wait(1_000)
        for listener, speaker in ((anna, city), (city, anna)):
            found = listener.ear.finds(speaker.ear)
            assert found.correlation > 0.8
            assert found.gain_db > -2.5 - MOST_TAKEN_IN_DOUBLE_TALK_DB
    assert city.state == "talking"


def test_stopping_the_gateway_ends_calls_with_a_cause_and_frees_the_lines(stage: Stage) -> None:
    anna = stage.telephone("101")
    stage.calls(1, "4951234567")
    stage.wait(500)
    anna.lifts()
    stage.wait(1_000)
    stage.calls(2, "4957654321")
    stage.wait(1_000)
    stage.office.pump.feed(ShutdownRequested())
    stage.office.board.modules.stop()
    stage.wait(1_000)
    assert not stage.office.view().calls
    assert not stage.telephone("102").rings
    assert stage.city(1).state in ("releasing", "idle")
    ends = [row for row in stage.office.journal.rows if isinstance(row, CallEnded)]
    assert len(ends) == 2


@pytest.mark.slow
def test_clocks_of_the_far_ends_that_drift_by_100_ppm_disturb_nobody() -> None:
    office = open_office(drift_ppm=100.0)
    stage = Stage(office)
    anna, city = stage.telephone("101"), stage.city(1)
    anna.lifts()
    stage.wait(400)
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=6_000))
    anna.dials(NUMBER)
    stage.office.run_until(lambda: city.state == "talking", 15_000, "the subscriber answers")
    stage.wait(8_000)
    for listener, speaker in ((anna, city), (city, anna)):
        speaker.says()
        stage.wait(10_000)
        # Each ear counts its own clock's samples; the loss of likeness is that of a second's drift.
        found = listener.ear.finds(speaker.ear, 500)
        assert found.correlation > 0.9
        speaker.hushes()
        stage.wait(300)
    anna.hangs_up()
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]
    office.close()

"""However an exchange says that the far end has left, the line is released; the record says what told us."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.city_habits import Farewell, Habits

OFFICE = "supervision"
CALLER = "4951234567"
WITHIN_MS = {
    Farewell.LOOP_BREAK: 800,
    Farewell.POLARITY: 700,
    Farewell.CODE: 1_000,
    Farewell.SIT: 1_600,
    Farewell.DIAL_TONE: 4_500,
}
"""From the far end's leaving, which the exchange notices after 200 ms; a cadence takes two cycles."""
TONE_WITHIN_MS = 3_000
EVIDENCE = {
    Farewell.BUSY: Evidence.BUSY_TONE,
    Farewell.CONGESTION: Evidence.CONGESTION_TONE,
    Farewell.DIAL_TONE: Evidence.DIAL_TONE,
    Farewell.SIT: Evidence.SIT,
    Farewell.HOWLER: Evidence.HOWLER,
    Farewell.LOOP_BREAK: Evidence.LOOP_BREAK,
    Farewell.POLARITY: Evidence.POLARITY,
    Farewell.CODE: Evidence.DTMF_CODE,
}


def play(stage: Stage) -> None:
    """The same caller rings in again and again, and leaves in another way each time."""
    for farewell, evidence in EVIDENCE.items():
        _one_call(stage, farewell, evidence)
    stage.at_rest()


def _one_call(stage: Stage, farewell: Farewell, evidence: Evidence) -> None:
    anna, city = stage.telephone("101"), stage.city(1)
    city.habits = Habits(farewell, reverses=farewell is Farewell.POLARITY)
    stage.calls(1, CALLER)
    stage.bell(anna, within_ms=1_000)
    stage.wait(3_000)
    anna.lifts()
    stage.wait(1_200)
    city.says(1_500)
    city.turns_for_a_moment()
    anna.dials("9")
    stage.wait(2_500)
    talking = stage.office.line_row("fxo1").state
    stage.check("a click of the exchange and a key of ours end nothing", talking == "talking", talking)
    city.hangs_up()
    stage.released(1, within_ms=WITHIN_MS.get(farewell, TONE_WITHIN_MS))
    anna.hangs_up()
    stage.record(
        CALLER, "600", "101", Cause.NORMAL_CLEARING, line="city1", answer=Evidence.HOOK, end=evidence
    )
    stage.wait(3_000)

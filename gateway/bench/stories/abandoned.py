"""The caller gives up while we ring: ringing stops, for a city caller and for a colleague."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence

CALLER = "4951234567"


def play(stage: Stage) -> None:
    """A city caller leaves after two rings; then 101 calls 102 and hangs up."""
    anna, boris, vera = (stage.telephone(number) for number in ("101", "102", "103"))
    darya = stage.sip("201")
    stage.calls(1, CALLER)
    for telephone in (anna, boris, vera):
        stage.bell(telephone, within_ms=1_000)
    stage.wait(6_500)
    stage.check("201 rings", darya.rings, darya.state)
    left_ms = stage.now_ms
    stage.city(1).hangs_up()
    stage.wait(9_000)
    for telephone in (anna, boris, vera):
        quiet = not telephone.rung_since((left_ms + 8_000) * 1_000_000)
        stage.check(f"{telephone.name} is quiet 8 s after the last ring", quiet)
    stage.check("201 is quiet", not darya.rings, darya.state)
    stage.record(CALLER, "600", None, Cause.NORMAL_CLEARING, line="city1", end=Evidence.RINGING_STOPPED)
    stage.at_rest()

    anna.lifts()
    stage.wait(400)
    anna.dials("102")
    stage.bell(boris, within_ms=1_200)
    stage.wait(500)
    left_ms = stage.now_ms
    anna.hangs_up()
    stage.wait(1_000)
    stage.bell_stops(boris, left_ms, within_ms=600)
    stage.record("101", "102", None, Cause.NORMAL_CLEARING, end=Evidence.HOOK)
    stage.at_rest()

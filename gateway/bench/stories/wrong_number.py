"""A number that nobody has: congestion tone, and nothing rings."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause
from gateway.simulator.ear import Heard


def play(stage: Stage) -> None:
    """101 dials 199, which is known for wrong after 19; then 20, which begins numbers but is none."""
    anna = stage.telephone("101")
    for number, taken, within_ms, cause in (
        ("199", "19", 1_200, Cause.UNALLOCATED_NUMBER),
        ("20", "20", 5_000, Cause.INVALID_NUMBER),
    ):
        anna.lifts()
        stage.wait(400)
        began_ms = stage.now_ms
        anna.dials(number)
        stage.wait(250)
        stage.tone(anna, Heard.CONGESTION, within_ms)
        rang = [phone.number for phone in stage.telephones if phone.rung_since(began_ms * 1_000_000)]
        stage.check("no bell rang", not rang, ", ".join(rang))
        anna.hangs_up()
        stage.record("101", taken, None, cause)
        stage.at_rest()

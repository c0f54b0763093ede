"""A number that nobody has: congestion tone, and nothing rings."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause
from gateway.simulator.ear import Heard


def play(stage: Stage) -> None:
    """101 dials 199; then 7, which begins no number at all."""
    anna = stage.telephone("101")
    for number, within_ms in (("199", 1_200), ("7", 5_000)):
        anna.lifts()
        stage.wait(400)
        began_ms = stage.now_ms
        anna.dials(number)
        stage.wait(250)
        stage.tone(anna, Heard.CONGESTION, within_ms)
        rang = [phone.number for phone in stage.telephones if phone.rung_since(began_ms * 1_000_000)]
        stage.check("no bell rang", not rang, ", ".join(rang))
        anna.hangs_up()
        stage.record("101", number, None, Cause.UNALLOCATED_NUMBER)
        stage.at_rest()

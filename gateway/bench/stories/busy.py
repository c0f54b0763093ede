"""The called telephone is off its hook: the caller hears busy tone, and nobody there is disturbed."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause
from gateway.simulator.ear import Heard


def play(stage: Stage) -> None:
    """102 and 103 talk; 101 calls 102."""
    anna, boris, vera = (stage.telephone(number) for number in ("101", "102", "103"))
    stage.connect(boris, vera)
    anna.lifts()
    stage.wait(400)
    anna.dials("102")
    stage.wait(600)
    stage.tone(anna, Heard.BUSY)
    stage.talk(boris, vera, [anna])
    anna.hangs_up()
    stage.wait(800)
    stage.record("101", "102", None, Cause.USER_BUSY)
    boris.hangs_up()
    vera.hangs_up()
    stage.at_rest()

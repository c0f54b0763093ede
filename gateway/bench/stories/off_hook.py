"""A handset that is left off: dial tone, congestion tone, howler, silence with an alarm; then it works."""

from gateway.bench.stage import Stage
from gateway.simulator.ear import Heard

FIRST_DIGIT_MS = 15_000
BUSY_TONE_MS = 20_000
HOWLER_MS = 60_000


def play(stage: Stage) -> None:
    """101 lifts and goes away; 102 finds it busy; at last somebody puts the handset back."""
    anna, boris = stage.telephone("101"), stage.telephone("102")
    lifted_ms = stage.now_ms
    anna.lifts()
    stage.dial_tone(anna, lifted_ms)
    stage.wait(FIRST_DIGIT_MS - 1_300)
    stage.check("after 14 s it is still dial tone", anna.hears() is Heard.DIAL, anna.hears())
    stage.tone(anna, Heard.CONGESTION, within_ms=1_500)
    stage.wait(BUSY_TONE_MS)
    level = anna.ear.level_dbm0()
    loud = anna.hears() is Heard.HOWLER and level > -9.0
    stage.check("101 hears a loud howler", loud, f"{anna.hears()}, {level:.1f} dBm0")
    stage.wait(HOWLER_MS)
    stage.silence(anna)
    stage.check("the technician is told", stage.take_alarm("fxs1"), "alarm about fxs1")
    boris.lifts()
    stage.wait(400)
    boris.dials("101")
    stage.wait(600)
    stage.tone(boris, Heard.BUSY)
    boris.hangs_up()
    anna.hangs_up()
    stage.at_rest()
    stage.connect(boris, anna)
    anna.hangs_up()
    boris.hangs_up()
    stage.at_rest()

"""A second call comes to somebody who talks: a beep, the display tells whose, a flash changes over."""

from gateway.bench.stage import Stage
from gateway.simulator.ear import Heard

BEEP_HZ, ALERT_HZ = 425.0, 2_750.0
SHOWN_WITHIN_MS = 2_500


def play(stage: Stage) -> None:
    """104 talks to 101, 102 calls; 104 takes that call, goes back, and everybody leaves in turn."""
    grigory, anna, boris = (stage.telephone(number) for number in ("104", "101", "102"))
    stage.connect(grigory, anna)
    stage.talk(grigory, anna)
    boris.lifts()
    stage.wait(600)
    boris.dials("104")
    stage.wait_for(lambda: bool(grigory.shown), SHOWN_WITHIN_MS, "the display of 104 shows who calls")
    shown = grigory.shown[-1]
    stage.check("number and name", (shown.number, shown.name) == ("102", "Boris"), str(shown))
    stage.check("told in the call", shown.in_call)
    beeps = [stretch for stretch in grigory.ear.cadence(2_000, BEEP_HZ) if stretch.on]
    stage.check("104 heard a beep", any(150 <= beep.duration_ms <= 260 for beep in beeps), str(beeps))
    alert = [stretch for stretch in anna.ear.cadence(2_000, ALERT_HZ) if stretch.on]
    stage.check("101 heard nothing of the alert", not alert, str(alert))
    stage.tone(boris, Heard.RINGBACK, within_ms=6_000)
    grigory.flashes()
    stage.wait(900)
    stage.talk(grigory, boris)
    stage.music(anna)
    grigory.flashes()
    stage.wait(900)
    stage.talk(grigory, anna)
    stage.music(boris)
    anna.hangs_up()
    stage.wait(900)
    stage.talk(grigory, boris)
    for telephone in (grigory, boris):
        telephone.hangs_up()
    stage.wait(900)
    stage.at_rest()

"""A telephone with a rotary dial: its pulses are digits, in dial tone and after it."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.ear import Heard

ROTARY = ("104",)


def play(stage: Stage) -> None:
    """104 turns 1 0 2 (one, ten and two pulses) and talks until the other hangs up."""
    grigory, boris = stage.telephone("104"), stage.telephone("102")
    lifted_ms = stage.now_ms
    grigory.lifts()
    stage.dial_tone(grigory, lifted_ms)
    grigory.dials("1")
    stage.wait(1_200)
    stage.silence(grigory)
    grigory.dials("02")
    stage.bell(boris, within_ms=5_000)
    stage.tone(grigory, Heard.RINGBACK)
    boris.lifts()
    stage.wait(600)
    stage.talk(grigory, boris)
    boris.hangs_up()
    stage.tone(grigory, Heard.BUSY, within_ms=1_200)
    grigory.hangs_up()
    stage.record("104", "102", "102", Cause.NORMAL_CLEARING, answer=Evidence.HOOK, end=Evidence.HOOK)
    stage.at_rest()

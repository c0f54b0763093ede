"""Extension to extension: dial tone, digits, ringback, answer, talk, and who is left hears busy tone."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.ear import Heard
from gateway.simulator.telephone import Telephone


def play(stage: Stage) -> None:
    """101 calls 102 and hangs up first, then 102 calls 101 who does; 103 and 104 talk beside them."""
    anna, boris = stage.telephone("101"), stage.telephone("102")
    vera, grigory = strangers = stage.telephone("103"), stage.telephone("104")
    stage.connect(vera, grigory)
    lifted_ms = stage.now_ms
    anna.lifts()
    stage.dial_tone(anna, lifted_ms)
    _first_digit_stops_dial_tone(stage, anna)
    anna.dials("02")
    stage.bell(boris, within_ms=600)
    stage.tone(anna, Heard.RINGBACK)
    _answers(stage, boris, anna)
    stage.talk(anna, boris, strangers)
    anna.hangs_up()
    stage.tone(boris, Heard.BUSY, within_ms=1_200)
    boris.hangs_up()
    stage.record("101", "102", "102", Cause.NORMAL_CLEARING, answer=Evidence.HOOK, end=Evidence.HOOK)
    stage.talk(vera, grigory)
    stage.wait(800)

    boris.lifts()
    stage.wait(300)
    boris.dials("101")
    stage.bell(anna, within_ms=1_100)
    stage.wait(1_500)
    _answers(stage, anna, boris)
    stage.hears_only(boris, anna, strangers)
    anna.hangs_up()
    stage.tone(boris, Heard.BUSY, within_ms=1_200)
    boris.hangs_up()
    stage.record("102", "101", "101", Cause.NORMAL_CLEARING, answer=Evidence.HOOK, end=Evidence.HOOK)
    for stranger in strangers:
        stranger.hangs_up()
    stage.at_rest()


def _first_digit_stops_dial_tone(stage: Stage, caller: Telephone) -> None:
    caller.dials("1")
    stage.wait(400)
    stretches = caller.ear.cadence(400)
    left_ms = stretches[0].duration_ms if stretches and stretches[0].on else 0
    stage.check("dial tone stops within 80 ms of the first digit's beginning", left_ms <= 80, f"{left_ms} ms")
    stage.silence(caller)


def _answers(stage: Stage, answers: Telephone, caller: Telephone) -> None:
    """Somebody who talks already is heard at once by the one who lifts."""
    caller.says()
    stage.wait(300)
    answered_ms = stage.now_ms
    answers.lifts()
    stage.audio_after_answer(answers, caller, answered_ms)
    caller.hushes()
    stage.bell_stops(answers, answered_ms)
    stage.wait(200)

"""The far end of a city line hangs up: only busy tone tells, and the line is released within 3 s of it."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.ear import Heard

CALLER = "4951234567"
RELEASED_WITHIN_MS = 3_000


def play(stage: Stage) -> None:
    """A caller talks with 101, also with noises that are no busy tone, then leaves."""
    anna, city = stage.telephone("101"), stage.city(1)
    stage.calls(1, CALLER)
    stage.bell(anna, within_ms=1_000)
    stage.wait(3_000)
    anna.lifts()
    stage.wait(500)
    stage.talk(city, anna)
    city.says()
    anna.says()
    stage.wait(8_000)
    stage.check("talk is no busy tone: the line is kept", city.state == "talking", city.state)
    anna.hushes()
    left_ms = stage.now_ms
    city.hangs_up()
    stage.released(1, within_ms=RELEASED_WITHIN_MS + 200)  # busy tone begins after 200 ms
    stage.check("busy tone was what told us", stage.now_ms - left_ms > 600, f"{stage.now_ms - left_ms} ms")
    stage.tone(anna, Heard.BUSY)
    anna.hangs_up()
    stage.record(
        CALLER,
        "600",
        "101",
        Cause.NORMAL_CLEARING,
        line="city1",
        answer=Evidence.HOOK,
        end=Evidence.BUSY_TONE,
    )
    stage.at_rest()

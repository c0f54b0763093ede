"""A call to the city: the line is seized, dial tone awaited, the number dialled in tones, a conversation."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.ear import Heard

NUMBER = "4957654"


def play(stage: Stage) -> None:
    """101 calls a seven-digit number; the subscriber lifts in the second ring."""
    anna, city = stage.telephone("101"), stage.city(1)
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=12_600))
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)
    stage.wait_for(lambda: city.state == "ringback", 8_000, "the city rings its subscriber")
    stage.check("the city received the number that was dialled", city.dialled == NUMBER, city.dialled)
    stage.tone(anna, Heard.RINGBACK)
    stage.wait_for(lambda: city.state == "talking", 9_000, "the subscriber answers")
    stage.wait(1_000)
    stage.talk(anna, city)
    anna.hangs_up()
    stage.released(1, within_ms=1_500)
    stage.record("101", NUMBER, NUMBER, Cause.NORMAL_CLEARING, line="city1")
    stage.at_rest()

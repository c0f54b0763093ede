"""City line 2 is SIP extension 201's own: its calls ring 201 alone, and 201 calls out over it."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.central_office import Behaviour, Subscriber

OFFICE = "line-to-sip"
CALLER = "4951234567"
NUMBER = "4957654"


def play(stage: Stage) -> None:
    """A caller reaches 201 over line 2; then 201 calls the city."""
    darya, city = stage.sip("201"), stage.city(2)
    strangers = [stage.telephone(number) for number in ("101", "102", "103", "104")]
    stage.calls(2, CALLER)
    stage.wait_for(lambda: darya.rings, 5_000, "201 rings")
    stage.check("201 shows the caller", darya.shows == CALLER, darya.shows or "nothing")
    stage.check("no other telephone rings", not any(phone.rings_ns for phone in strangers))
    stage.wait(500)
    darya.answers()
    stage.wait(600)
    stage.talk(city, darya)
    darya.hangs_up()
    stage.released(2, within_ms=1_000)
    stage.record(CALLER, "201", "201", Cause.NORMAL_CLEARING, line="city2", answer=Evidence.SIP)
    stage.at_rest()

    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=1_500))
    darya.calls(NUMBER)
    stage.wait_for(lambda: stage.busy_city() is not None, 3_000, "a city line is seized")
    line = stage.busy_city() or city
    stage.check("it is line 2", line is city, line.name)
    stage.wait_for(lambda: line.state == "talking", 12_000, "the subscriber answers")
    stage.check("the city received the number", line.dialled == NUMBER, line.dialled)
    stage.wait(1_500)
    stage.talk(darya, line)
    line.hangs_up()
    stage.released(2, within_ms=3_200)
    stage.wait(200)
    stage.check("201 is told by BYE", darya.ended_with is not None, darya.state)
    stage.record("201", NUMBER, NUMBER, Cause.NORMAL_CLEARING, line="city2", end=Evidence.BUSY_TONE)
    stage.at_rest()

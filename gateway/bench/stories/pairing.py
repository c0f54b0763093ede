"""One line, one handset: lifting 103 is lifting the city line 2, and line 2 rings nothing but 103."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause
from gateway.simulator.central_office import Behaviour, Subscriber

OFFICE = "pairing"
CALLER = "4951234567"
NUMBER = "4957654"


def play(stage: Stage) -> None:
    """103 hears the city's own dial tone, dials through to it and talks; then the line rings 103."""
    vera, city = stage.telephone("103"), stage.city(2)
    strangers = [stage.telephone(number) for number in ("101", "102", "104")]
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=2_500))
    lifted_ms = stage.now_ms
    vera.lifts()
    stage.wait_for(lambda: city.state == "dial tone", 300, "the city sees the seizure")
    stage.check("line 2 is seized at once", stage.now_ms - lifted_ms < 100, f"{stage.now_ms - lifted_ms} ms")
    stage.wait(1_500)
    found = vera.ear.finds(city.ear)
    stage.check("103 hears the city's dial tone", abs(found.correlation) > 0.95, f"{found.correlation:.2f}")
    vera.dials(NUMBER)
    stage.wait_for(lambda: city.state == "talking", 9_000, "the subscriber answers")
    stage.check("the city heard each digit once", city.dialled == NUMBER, city.dialled)
    stage.wait(600)
    stage.talk(vera, city)
    vera.hangs_up()
    stage.released(2, within_ms=1_000)
    stage.at_rest()

    stage.calls(2, CALLER)
    stage.bell(vera, within_ms=1_000)
    stage.wait(3_500)
    stage.check("no other telephone rings", not any(phone.rings_ns for phone in strangers))
    vera.lifts()
    stage.wait(600)
    stage.talk(city, vera)
    vera.hangs_up()
    stage.released(2, within_ms=1_000)
    stage.record(CALLER, "103", "103", Cause.NORMAL_CLEARING, line="city2")
    stage.at_rest()

"""All city lines are busy: whoever calls out now hears congestion tone, and the lines' talk goes on."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.ear import Heard

NUMBERS = ("4957654", "4957655")


def play(stage: Stage) -> None:
    """101 and 102 have both lines; 103 wants one too."""
    anna, boris, vera = (stage.telephone(number) for number in ("101", "102", "103"))
    cities = [stage.city(1), stage.city(2)]
    for telephone, city, number in zip((anna, boris), cities, NUMBERS, strict=True):
        stage.subscriber(Subscriber(number, Behaviour.ANSWERS, after_ms=1_500))
        telephone.lifts()
        stage.wait(400)
        telephone.dials(number)
        stage.wait_for(lambda city=city: city.state == "talking", 12_000, f"{number} answers")  # type: ignore[misc]
    stage.wait(1_000)
    vera.lifts()
    stage.wait(400)
    vera.dials("4957656")
    stage.wait(1_200)
    stage.tone(vera, Heard.CONGESTION)
    stage.talk(anna, cities[0], [boris, cities[1], vera])
    stage.talk(boris, cities[1], [anna, cities[0], vera])
    vera.hangs_up()
    stage.wait(800)
    stage.record("103", "4957656", None, Cause.NO_CIRCUIT)
    for telephone in (anna, boris):
        telephone.hangs_up()
    stage.released(1, within_ms=1_500)
    stage.released(2, within_ms=1_500)
    stage.at_rest()

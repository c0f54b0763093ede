"""A city call to the hunt group: all ring, SIP telephones show the number, the first to lift has the call."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence

CALLER = "4951234567"
OTHERS_STOP_WITHIN_MS = 100


def play(stage: Stage) -> None:
    """A caller reaches line 1; 101, 102, 103 and two SIP telephones ring; 102 answers."""
    anna, boris, vera, grigory = (stage.telephone(number) for number in ("101", "102", "103", "104"))
    darya, egor = stage.sip("201"), stage.sip("202")
    city = stage.city(1)
    began_ms = stage.now_ms
    stage.check("line 1 is free", stage.calls(1, CALLER))
    for telephone in (anna, boris, vera):
        stage.bell(telephone, within_ms=1_000)
    stage.wait(began_ms + 4_000 - stage.now_ms)
    for phone in (darya, egor):
        stage.check(
            f"{phone.name} rings and shows the caller", phone.shows == CALLER, phone.shows or "nothing"
        )
    stage.check("104 is in no group and does not ring", not grigory.rings_ns)
    stage.wait(began_ms + 5_300 - stage.now_ms)  # in the middle of the second ring
    stage.check("101, 102 and 103 ring at the same time", anna.rings and boris.rings and vera.rings)
    city.says()
    answered_ms = stage.now_ms
    boris.lifts()
    stage.wait(400)
    for telephone in (anna, boris, vera):
        stage.bell_stops(telephone, answered_ms, within_ms=OTHERS_STOP_WITHIN_MS)
    for phone in (darya, egor):
        stage.check(f"{phone.name} stops ringing", not phone.rings, phone.state)
    city.hushes()
    stage.wait(300)
    stage.talk(city, boris)
    boris.hangs_up()
    stage.released(1, within_ms=1_500)
    stage.record(CALLER, "600", "102", Cause.NORMAL_CLEARING, line="city1", answer=Evidence.HOOK)
    stage.at_rest()

"""SIP telephones of the bench: with analog ones, the group and the city; digits; a crash of SIP."""

import pytest

from gateway.bench.stage import Stage
from gateway.model.actions import CallEnded
from gateway.model.causes import Cause
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.ear import Heard
from gateway.simulator.sip_peer import SipState

NUMBER = "4957654"


def test_a_sip_telephone_calls_an_analog_one_and_hears_it_ring_by_180(stage: Stage) -> None:
    darya, anna = stage.sip("201"), stage.telephone("101")
    darya.calls("101")
    stage.bell(anna, within_ms=200)
    stage.wait(100)
    assert darya.state is SipState.ALERTING
    anna.lifts()
    stage.wait(500)
    stage.talk(darya, anna)
    anna.hangs_up()
    stage.wait(800)
    assert darya.state is SipState.IDLE
    assert darya.ended_with == 16
    stage.record("201", "101", "101", Cause.NORMAL_CLEARING)
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]


def test_an_analog_telephone_calls_a_sip_one(stage: Stage) -> None:
    anna, darya = stage.telephone("101"), stage.sip("201")
    anna.lifts()
    stage.wait(400)
    anna.dials("201")
    stage.wait(700)
    assert darya.rings
    assert darya.shows == "101"
    stage.tone(anna, Heard.RINGBACK)
    darya.answers()
    stage.wait(500)
    stage.talk(anna, darya)
    darya.hangs_up()
    stage.tone(anna, Heard.BUSY)
    anna.hangs_up()
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]


def test_two_sip_telephones_talk_through_the_core(stage: Stage) -> None:
    darya, egor = stage.sip("201"), stage.sip("202")
    darya.calls("202")
    stage.wait(100)
    egor.answers()
    stage.wait(500)
    stage.talk(darya, egor)
    assert darya.media.gaps == egor.media.gaps == 0
    darya.hangs_up()
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]


def test_wrong_numbers_busy_and_refusals_are_statuses(stage: Stage) -> None:
    darya, egor = stage.sip("201"), stage.sip("202")
    darya.calls("299")
    stage.wait(100)
    assert darya.refused == 404
    stage.connect(stage.telephone("101"), stage.telephone("102"))
    darya.calls("101")
    stage.wait(100)
    assert darya.refused == 486
    darya.calls("202")
    stage.wait(100)
    egor.refuses(486)
    stage.wait(100)
    assert darya.refused == 486
    darya.calls("203")  # never registered
    stage.wait(100)
    assert darya.refused in (480, 404)
    assert not any(phone.rings for phone in (darya, egor))


def test_cancel_stops_the_bell(stage: Stage) -> None:
    darya, anna = stage.sip("201"), stage.telephone("101")
    darya.calls("101")
    stage.bell(anna, within_ms=200)
    stage.wait(300)
    gone_ms = stage.now_ms
    darya.hangs_up()
    stage.wait(300)
    stage.bell_stops(anna, gone_ms)
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]


def test_the_first_of_a_group_to_answer_by_sip_stops_all_bells(stage: Stage) -> None:
    darya, egor = stage.sip("201"), stage.sip("202")
    anna = stage.telephone("101")
    grigory = stage.telephone("104")
    grigory.lifts()
    stage.wait(400)
    grigory.dials("600")
    stage.bell(anna, within_ms=1_200)
    stage.wait(300)
    answered_ms = stage.now_ms
    egor.answers()
    stage.wait(400)
    stage.bell_stops(anna, answered_ms)
    assert darya.state is SipState.IDLE
    stage.talk(grigory, egor)
    assert stage.passed, [check for check in stage.checks if not check.passed]


def test_digits_cross_between_tones_and_events(stage: Stage) -> None:
    darya, city = stage.sip("201"), stage.city(1)
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=500))
    darya.calls(NUMBER)
    stage.office.run_until(lambda: darya.state is SipState.TALKING, 20_000, "201 is connected")
    city.ear.device.listen_digits(True)
    darya.dials("1590#")
    stage.wait(3_000)
    assert city.ear.device.take_digits() == "1590#"
    darya.hangs_up()
    stage.wait(3_000)
    anna = stage.telephone("101")
    darya.calls("101")
    stage.wait(300)
    anna.lifts()
    stage.wait(500)
    anna.dials("2648*")
    stage.wait(2_000)
    assert darya.media.digits == "2648*"


@pytest.mark.parametrize(("sound", "events"), [(True, True), (True, False), (False, True)])
def test_a_digit_that_a_sip_telephone_sends_any_way_arrives_once(
    stage: Stage, sound: bool, events: bool
) -> None:
    darya, city = stage.sip("201"), stage.city(1)
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=500))
    darya.calls(NUMBER)
    stage.office.run_until(lambda: darya.state is SipState.TALKING, 20_000, "201 is connected")
    city.ear.device.listen_digits(True)
    darya.dials("11590#", sound=sound, events=events)
    stage.wait(4_000)
    assert city.ear.device.take_digits() == "11590#"
    darya.hangs_up()
    stage.wait(3_000)
    egor = stage.sip("202")
    darya.calls("202")
    stage.wait(300)
    egor.answers()
    stage.wait(500)
    darya.dials("2648*", sound=sound, events=events)
    stage.wait(3_000)
    assert egor.media.digits == "2648*"


@pytest.mark.parametrize("times", [1, 3])
def test_a_crash_of_sip_ends_its_calls_and_touches_no_other(stage: Stage, times: int) -> None:
    anna, boris, vera = (stage.telephone(number) for number in ("101", "102", "103"))
    darya = stage.sip("201")
    stage.connect(anna, boris)
    darya.calls("103")
    stage.wait(300)
    vera.lifts()
    stage.wait(500)
    for _ in range(times):
        stage.office.sip.crash()
        stage.wait(2_500)
    assert vera.hears() in (Heard.BUSY, Heard.CONGESTION)
    stage.talk(anna, boris, [vera])
    assert stage.passed, [check for check in stage.checks if not check.passed]
    [end] = [row for row in stage.office.journal.rows if isinstance(row, CallEnded)]
    assert end.cause is Cause.TEMPORARY_FAILURE
    assert darya.state is SipState.IDLE
    vera.hangs_up()
    stage.wait(1_000)
    vera.lifts()
    stage.wait(400)
    vera.dials("201")  # without registering again
    stage.wait(1_000)
    assert darya.rings

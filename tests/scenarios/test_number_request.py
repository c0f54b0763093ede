"""The Russian АОН on a whole line: its exchange is asked and answers with sound, while telephones ring."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.bench.office import Office, read_office
from gateway.bench.stage import Stage
from gateway.model.actions import CallAnswered, CallEnded, CallStarted
from gateway.model.causes import Evidence
from gateway.simulator.central_office import CityLine
from gateway.simulator.ear import Heard
from gateway.simulator.wires import CallerId

CALLER = CallerId("4951234567")
TOLD = "1234567"
ASKED_MS = 4_700
"""From the first ring to the request: 4.5 s without any word, and the ring has to be one first."""


@pytest.fixture
def office() -> Iterator[Office]:
    configuration = read_office()
    lines = tuple(
        replace(line, number_request=line.name == "city1") for line in configuration.office.city_lines
    )
    made = Office(replace(configuration, office=replace(configuration.office, city_lines=lines)))
    yield made
    made.close()


@pytest.fixture
def line(stage: Stage) -> CityLine:
    """A line of an exchange that tells the number when it is asked."""
    city = stage.city(1)
    city.tells_when_asked = True
    return city


def rows(stage: Stage, kind: type[CallStarted | CallAnswered | CallEnded]) -> list[object]:
    return [row for row in stage.office.journal.rows if isinstance(row, kind)]


def rings_on(stage: Stage, number: str) -> bool:
    """Whether that telephone's bell is at work: it sounded within the last 5 s, a whole cadence."""
    return stage.telephone(number).rung_since((stage.now_ms - 5_000) * 1_000_000)


def calls(stage: Stage, city: CityLine, until: str) -> int:
    """Somebody calls; time passes until our line is in that state. Returns when the call began, in ms."""
    began_ms = stage.now_ms
    assert city.calls(CALLER)
    stage.office.run_until(
        lambda: stage.office.line_row("fxo1").state == until, 12_000, f"the line is {until}"
    )
    return began_ms


def test_the_number_arrives_and_sip_telephones_show_it(stage: Stage, line: CityLine) -> None:
    darya = stage.sip("201")
    began_ms = calls(stage, line, "asked")
    assert ASKED_MS - 200 < stage.now_ms - began_ms < ASKED_MS + 1_500
    stage.wait(300)
    assert darya.rings
    assert darya.shows == TOLD
    assert rings_on(stage, "101")
    (started,) = rows(stage, CallStarted)
    assert isinstance(started, CallStarted)
    assert started.calling == TOLD


@pytest.mark.parametrize("number", ["4950000000", "4951122333", "4959876543"])
def test_every_number_arrives_as_it_is(stage: Stage, line: CityLine, number: str) -> None:
    darya = stage.sip("201")
    line.category = number[-1]  # the last digit is the category's repeat
    line.calls(CallerId(number))
    stage.wait(7_000)
    assert darya.shows == number[-7:]


@pytest.mark.parametrize("deaf_to", [1, 2])
def test_a_request_that_was_not_heard_is_repeated(stage: Stage, line: CityLine, deaf_to: int) -> None:
    line.deaf_to_requests = deaf_to
    darya = stage.sip("201")
    calls(stage, line, "asked")
    stage.wait(300)
    assert line.deaf_to_requests == 0
    assert darya.shows == TOLD


def test_an_exchange_that_tells_nothing_holds_nobody_up(stage: Stage, line: CityLine) -> None:
    line.deaf_to_requests = 3
    darya = stage.sip("201")
    began_ms = calls(stage, line, "asked")
    assert line.deaf_to_requests == 0
    assert stage.now_ms - began_ms < ASKED_MS + 3 * 960 + 100
    stage.wait(8_000)
    assert darya.rings
    assert darya.shows == ""
    assert rings_on(stage, "101")
    assert line.hears() is Heard.RINGBACK
    assert not rows(stage, CallAnswered)


def test_the_caller_hears_our_ringback_until_somebody_answers(stage: Stage, line: CityLine) -> None:
    anna = stage.telephone("101")
    calls(stage, line, "asked")
    stage.wait(12_000)
    assert line.hears() is Heard.RINGBACK
    assert rings_on(stage, "101")
    lifted_ms = stage.now_ms
    anna.lifts()
    stage.wait(1_500)
    stage.talk(anna, line)
    assert stage.passed, [check for check in stage.checks if not check.passed]
    (answered,) = rows(stage, CallAnswered)
    assert isinstance(answered, CallAnswered)
    assert answered.connected == "101"
    assert 0 <= answered.monotonic_ns / 1e6 - lifted_ms < 200, "the answer is the station's"


@pytest.mark.parametrize("into_ms", [100, 300, 500])
def test_a_station_that_answers_in_the_middle_of_the_request_talks_at_once(
    stage: Stage, line: CityLine, into_ms: int
) -> None:
    anna = stage.telephone("101")
    calls(stage, line, "asking")
    stage.wait(into_ms)
    anna.lifts()
    stage.wait(1_500)
    assert stage.office.line_row("fxo1").state == "talking"
    stage.talk(anna, line)
    assert stage.passed, [check for check in stage.checks if not check.passed]
    assert len(rows(stage, CallAnswered)) == 1
    anna.hangs_up()
    stage.wait(2_500)
    assert line.state == "idle"


def test_a_caller_who_hangs_up_meanwhile_stops_the_bells(stage: Stage, line: CityLine) -> None:
    calls(stage, line, "asked")
    stage.wait(3_000)
    assert rings_on(stage, "101")
    line.hangs_up()
    stage.office.run_until(lambda: not stage.office.view().calls, 5_000, "the call ends")
    left_ms = stage.now_ms
    stage.wait(8_000)
    assert not stage.telephone("101").rung_since((left_ms + 100) * 1_000_000)
    assert line.state == "idle"
    assert stage.office.line_row("fxo1").state == "idle"
    (ended,) = rows(stage, CallEnded)
    assert isinstance(ended, CallEnded)
    assert ended.evidence is Evidence.BUSY_TONE
    assert not rows(stage, CallAnswered)


def test_a_caller_who_gave_up_before_the_request_is_known_by_the_dial_tone(
    stage: Stage, line: CityLine
) -> None:
    """We close the loop on a line that is free again, which is a seizure."""
    darya = stage.sip("201")
    assert line.calls(CALLER)
    stage.wait(2_500)
    line.hangs_up()
    stage.office.run_until(lambda: line.state == "dial tone", 3_000, "the line is seized")
    stage.office.run_until(lambda: not stage.office.view().calls, 2_500, "the call ends")
    stage.wait(3_000)
    (ended,) = rows(stage, CallEnded)
    assert isinstance(ended, CallEnded)
    assert ended.evidence is Evidence.DIAL_TONE
    assert line.state == "idle"
    assert stage.office.line_row("fxo1").state == "idle"
    assert not darya.rings


@pytest.mark.parametrize("after_ms", [200, 1_500, 2_700, 4_300])
def test_a_caller_who_leaves_while_it_rings_is_known_by_the_dial_tone(
    stage: Stage, line: CityLine, after_ms: int
) -> None:
    """Our own ringback, which he hears, has the dial tone's frequency: its pauses have to do."""
    line.dial_tone_when_left = True
    calls(stage, line, "asked")
    stage.wait(after_ms)
    line.hangs_up()
    stage.office.run_until(lambda: not stage.office.view().calls, 7_500, "the call ends")
    stage.wait(3_000)
    (ended,) = rows(stage, CallEnded)
    assert isinstance(ended, CallEnded)
    assert ended.evidence is Evidence.DIAL_TONE
    assert line.state == "idle"
    assert not rows(stage, CallAnswered)


def test_our_own_ringback_is_no_dial_tone(stage: Stage, line: CityLine) -> None:
    calls(stage, line, "asked")
    stage.wait(30_000)
    assert stage.office.line_row("fxo1").state == "asked"
    assert rings_on(stage, "101")


def test_a_caller_who_talks_into_the_request_is_no_number(stage: Stage, line: CityLine) -> None:
    """The person at the far end says "hello?" while our request is unanswered."""
    line.deaf_to_requests = 3
    darya = stage.sip("201")
    calls(stage, line, "asking")
    line.says(3_000)
    stage.office.run_until(lambda: stage.office.line_row("fxo1").state == "asked", 8_000, "it is given up")
    stage.wait(500)
    assert darya.rings
    assert darya.shows == ""


def test_a_line_that_says_who_calls_by_itself_is_not_asked(stage: Stage) -> None:
    darya = stage.sip("201")
    stage.city(1).calls(CALLER)
    stage.wait(8_000)
    assert darya.shows == "4951234567"
    assert stage.city(1).state == "ringing"


def test_a_line_without_the_setting_is_not_asked(stage: Stage) -> None:
    city = stage.city(2)
    city.tells_when_asked = True
    city.calls(CALLER)
    stage.wait(12_000)
    assert city.state == "ringing"
    assert rings_on(stage, "101")

"""Dialling into exchanges of several kinds, with audio and edges: they count what was dialled."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from gateway.bench.office import Office, read_office
from gateway.bench.stage import Stage
from gateway.model.settings import DialMode, PulseDigits
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.city_habits import Habits

NUMBER = "4057689"

Opens = Callable[..., Stage]


@pytest.fixture
def opens() -> Iterator[Opens]:
    offices: list[Office] = []

    def open_(name: str = "office", **line: object) -> Stage:
        read = read_office(name)
        lines = tuple(replace(one, **line) for one in read.office.city_lines)  # type: ignore[arg-type]
        offices.append(Office(replace(read, office=replace(read.office, city_lines=lines))))
        return Stage(offices[-1])

    yield open_
    for office in offices:
        office.close()


def calls_out(stage: Stage, within_ms: int) -> None:
    anna = stage.telephone("101")
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=5_200))
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)
    stage.wait_for(lambda: stage.city(1).state == "talking", within_ms, "the subscriber answers")
    assert stage.city(1).dialled == NUMBER
    stage.wait(2_000)
    stage.talk(anna, stage.city(1))
    anna.hangs_up()
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]


@pytest.mark.parametrize("digits", PulseDigits)
def test_pulses_reach_an_exchange_that_hears_no_tones_in_its_own_counting(
    opens: Opens, digits: PulseDigits
) -> None:
    stage = opens(dialling=DialMode.PULSE, pulse_digits=digits)
    stage.city(1).habits = Habits(takes_tones=False, pulse_digits=digits)
    calls_out(stage, 25_000)
    assert set(stage.city(1).breaks_ms) == {67.0}


def test_a_line_finds_out_by_itself_that_its_exchange_wants_pulses(opens: Opens) -> None:
    stage = opens()
    stage.city(1).habits = Habits(takes_tones=False)
    calls_out(stage, 27_000)
    calls_out(stage, 23_000)


def test_a_line_finds_out_by_itself_that_its_exchange_takes_tones(opens: Opens) -> None:
    stage = opens()
    calls_out(stage, 14_000)
    calls_out(stage, 11_500)
    assert stage.city(1).breaks_ms == []


def test_a_line_that_is_told_wrong_says_so_and_the_next_one_is_taken(opens: Opens) -> None:
    stage = opens(dialling=DialMode.TONE)
    stage.city(1).habits = Habits(takes_tones=False)
    anna = stage.telephone("101")
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=1_000))
    anna.lifts()
    stage.wait(400)
    anna.dials(NUMBER)
    stage.wait_for(lambda: stage.city(2).state == "talking", 20_000, "line 2 takes the call")
    assert stage.take_alarm("fxo1")


def test_the_flash_of_a_paired_telephone_is_seen_by_the_city_and_ends_nothing(opens: Opens) -> None:
    stage = opens("pairing")
    vera, city = stage.telephone("103"), stage.city(2)
    stage.subscriber(Subscriber(NUMBER, Behaviour.ANSWERS, after_ms=1_000))
    vera.lifts()
    stage.wait(1_000)
    vera.dials(NUMBER)
    stage.wait_for(lambda: city.state == "talking", 10_000, "the subscriber answers")
    stage.wait(3_000)
    vera.flashes()
    stage.wait(2_000)
    assert city.breaks_ms == [80.0]
    assert city.state == "talking"
    stage.talk(vera, city)
    vera.hangs_up()
    stage.at_rest()
    assert stage.passed, [check for check in stage.checks if not check.passed]

"""Random evenings on the whole bench: people, city and SIP telephones do anything in any order, with audio;
afterwards everybody hangs up, and nothing may be left behind.

The exchange alone goes through thousands of evenings in tests/property; here the wires, the core and the
twins take part.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bench.office import Office, read_office
from gateway.errors import CitylineError
from gateway.simulator.central_office import Behaviour, LineState, Subscriber
from gateway.simulator.sip_peer import SipState

ANALOG = ("101", "102", "103", "104")
SIP = ("201", "202")
NUMBERS = (
    "101",
    "102",
    "103",
    "104",
    "201",
    "202",
    "600",
    "610",
    "199",
    "4957654",
    "4957655",
    "4957656",
    "9",
    "5",
)
EXAMPLES = 25
SETTLING_MS = 40_000

Act = Callable[[Office], None]


def lifts_or_hangs_up(number: str) -> Act:
    def act(office: Office) -> None:
        telephone = office.telephone(number)
        if telephone.off_hook:
            telephone.hangs_up()
        else:
            telephone.lifts()

    return act


def dials(number: str, digits: str) -> Act:
    return lambda office: office.telephone(number).dials(digits)


def flashes(number: str) -> Act:
    def act(office: Office) -> None:
        if office.telephone(number).off_hook:
            office.telephone(number).flashes()

    return act


def presses(number: str, digits: str) -> Act:
    """Whatever the SIP telephone can do now."""

    def act(office: Office) -> None:
        telephone = office.sip_telephone(number)
        match telephone.state:
            case SipState.IDLE:
                telephone.calls(digits)
            case SipState.RINGING:
                telephone.answers()
            case SipState.TALKING if digits.startswith("1"):
                telephone.holds()
            case SipState.HOLDING:
                telephone.resumes()
            case _:
                telephone.hangs_up()

    return act


def city(line: int, number: str) -> Act:
    """Whatever the far end can do now."""

    def act(office: Office) -> None:
        circuit = office.city_line(line)
        if circuit.state is LineState.IDLE:
            office.board.city.calls(line, number)
        elif circuit.state is LineState.RINGBACK:
            circuit.answers()
        elif circuit.state is LineState.TALKING and number.endswith("4"):
            circuit.says(1_000)
        else:
            circuit.hangs_up()

    return act


ACTS = st.one_of(
    st.builds(lifts_or_hangs_up, st.sampled_from(ANALOG)),
    st.builds(dials, st.sampled_from(ANALOG), st.sampled_from(NUMBERS)),
    st.builds(flashes, st.sampled_from(ANALOG)),
    st.builds(presses, st.sampled_from(SIP), st.sampled_from(NUMBERS)),
    st.builds(city, st.sampled_from((1, 2)), st.sampled_from(("4951234567", "4957654"))),
)
ASKED_LINES = st.sampled_from(((), ("city1",), ("city1", "city2")))
"""Whose exchange tells who calls only when it is asked."""
EVENINGS = st.lists(st.tuples(ACTS, st.sampled_from((10, 50, 200, 700, 2_000, 6_000))), max_size=30)


def go_home(office: Office) -> None:
    """Everybody hangs up, and what takes its time may take it."""
    for telephone in office.board.telephones.values():
        if telephone.off_hook:
            telephone.hangs_up()
    for phone in office.sip_telephones.values():
        phone.hangs_up()
    for line in office.board.city.lines:
        line.hangs_up()
    office.run(SETTLING_MS)


def office_that_asks(names: tuple[str, ...]) -> Office:
    """The simulated office, in which these lines have to ask who calls."""
    configuration = read_office()
    lines = tuple(
        replace(line, number_request=line.name in names) for line in configuration.office.city_lines
    )
    office = Office(replace(configuration, office=replace(configuration.office, city_lines=lines)))
    for circuit, line in zip(office.board.city.lines, lines, strict=True):
        circuit.tells_when_asked = line.number_request
    return office


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(EVENINGS, ASKED_LINES)
def test_after_any_evening_nothing_is_left_behind(
    evening: list[tuple[Act, int]], asked: tuple[str, ...]
) -> None:
    office = office_that_asks(asked)
    try:
        for number in SIP:
            office.sip_telephone(number).registers()
        office.board.city.add(Subscriber("4957654", Behaviour.ANSWERS, after_ms=1_000))
        office.board.city.add(Subscriber("4957655", Behaviour.BUSY))
        for act, pause_ms in evening:
            act(office)
            office.run(pause_ms)
        go_home(office)
        check_peace(office)
    except CitylineError as error:
        raise AssertionError("\n".join([str(error), *map(str, office.ladder.rungs)])) from error
    finally:
        office.close()


def check_peace(office: Office) -> None:
    story = "\n".join(map(str, office.ladder.rungs))
    view = office.view()
    assert not view.calls, story
    assert {row.state for row in view.lines} == {"idle"}, story
    assert view.rtp_sockets_used == 0, story
    assert not office.ladder.plan.hears, story
    assert not any(telephone.rings for telephone in office.board.telephones.values()), story
    assert {line.state for line in office.board.city.lines} == {LineState.IDLE}, story
    assert office.board.modules.faults == [], story
    assert [alarm for alarm in office.alarms if "bug" in alarm.text] == [], story
    assert office.sip.lost_packets == 0, story

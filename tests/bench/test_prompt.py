"""The bench prompt: its grammar, its refusals, and that no line whatever breaks it."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bench.office import Office, open_office
from gateway.bench.prompt import Answer, Prompt, PromptError
from gateway.model.plan import Plan
from gateway.model.view import ExchangeView
from gateway.simulator.central_office import CentralOffice
from gateway.simulator.sip_peer import SipTelephone
from gateway.simulator.telephone import Telephone


class Typist:
    """Types lines in an office of virtual time, and lets it run when it is told to wait."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.prompt = Prompt(self)

    @property
    def telephones(self) -> Mapping[str, Telephone]:
        return self.office.board.telephones

    @property
    def sip_telephones(self) -> Mapping[str, SipTelephone]:
        return self.office.sip_telephones

    @property
    def sip_extensions(self) -> Sequence[str]:
        return ("201", "202", "203", "204")

    @property
    def city(self) -> CentralOffice:
        return self.office.board.city

    def plan(self) -> Plan:
        return self.office.ladder.plan

    def names(self) -> Mapping[str, str]:
        return {"fxs1": "101", "fxs2": "102", "fxo1": "city1"}

    def view(self) -> ExchangeView:
        return self.office.view()

    def types(self, line: str) -> str:
        answer = self.prompt.execute(line)
        self.office.run(min(answer.wait_s, 30.0) * 1_000)
        return answer.text


@pytest.fixture
def typist() -> Iterator[Typist]:
    office = open_office()
    yield Typist(office)
    office.close()


def test_a_first_call(typist: Typist) -> None:
    for line in (
        "101 lifts",
        "wait 0.5",
        "101 dials 102",
        "wait 2",
        "102 lifts",
        "wait 1",
        "101 says 2",
        "wait 1",
    ):
        assert typist.types(line) == ""
    assert typist.types("102 hears").startswith("102 hears speech or music")
    assert "101 hears 102" in typist.types("plan")
    assert "102 hears 101" in typist.types("plan")
    assert "101 -> 102, talking" in typist.types("status")
    typist.types("101 hangs up")
    typist.types("wait 3")
    assert typist.types("102 hears").startswith("102 hears busy tone")


def test_a_call_from_the_city_and_one_to_it(typist: Typist) -> None:
    typist.types("city calls 1 from 4951234567 Ivan")
    typist.types("wait 1")
    assert typist.telephones["101"].rings
    typist.types("city hangs up 1")
    typist.types("wait 12")
    assert not typist.telephones["101"].rings
    typist.types("city 4957654 answers after 3")
    typist.types("101 lifts")
    typist.types("wait 1")
    typist.types("101 dials 4957654")
    typist.types("wait 11")
    assert typist.city.line(1).state == "talking"
    assert typist.types("101 hears").startswith("101 hears speech or music")
    assert typist.types("city hears 1").startswith("the far end of line 1 hears")


class LiveTypist(Typist):
    """Types in an office whose SIP telephones are real ones, as at the prompt of `cityline run`."""

    @property
    def sip_telephones(self) -> Mapping[str, SipTelephone]:
        return {}


def test_a_display_is_looked_at(typist: Typist) -> None:
    assert typist.types("102 shows") == "102 shows no call yet; message lamp off"
    typist.types("101 lifts")
    typist.types("wait 1")
    typist.types("101 dials 102")
    typist.types("wait 4")
    assert typist.types("102 shows") == "102 shows 101 Anna; message lamp off"


def test_help_tells_what_this_world_has(typist: Typist) -> None:
    assert "201 registers | calls 101" in typist.types("help")
    live = LiveTypist(typist.office).types("help")
    assert "registers" not in live
    assert "201, 202, 203, 204 are real SIP telephones" in live
    for verbs in ("101 lifts | hangs up", "city calls 1 from", "wait 4", "status", "quit"):
        assert verbs in live


def test_a_real_sip_telephone_cannot_be_moved_from_the_prompt(typist: Typist) -> None:
    with pytest.raises(PromptError, match="201 is a real SIP telephone, none of the bench"):
        LiveTypist(typist.office).types("201 registers")


def test_who_dials_a_telephone_that_is_not_registered_is_told(typist: Typist) -> None:
    live = LiveTypist(typist.office)
    typist.types("101 lifts")
    typist.types("wait 0.5")
    hint = "204 is not registered, so nothing will ring: register a SIP telephone first"
    assert live.types("101 dials 204") == f"{hint} (user name 204)"
    typist.types("101 hangs up")
    typist.types("wait 1")
    typist.types("101 lifts")
    typist.types("wait 0.5")
    assert typist.types("101 dials 204") == f"{hint} (204 registers)"
    typist.types("101 hangs up")
    for line in ("204 registers", "201 registers", "wait 1", "101 lifts", "wait 0.5", "101 dials 204"):
        assert typist.types(line) == ""
    assert typist.types("status").endswith("registered: 201, 204; not registered: 202, 203")
    assert typist.types("201 calls 202").startswith("202 is not registered")


def test_sip_telephones_of_the_bench(typist: Typist) -> None:
    typist.types("201 registers")
    typist.types("202 registers")
    typist.types("wait 0.1")
    assert "registered: 201, 202" in typist.types("status")
    typist.types("201 calls 202")
    typist.types("wait 0.5")
    typist.types("202 answers")
    typist.types("wait 0.5")
    assert "talking" in typist.types("status")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("999 lifts", r"there is no '999'; begin with 101, 102, 103, 104, 201, 202, 203, 204, city"),
        ("101", r"101 can: lifts, hangs up, dials, flashes, says, hushes, hears"),
        ("101 jumps", r"101 can: lifts, .*; not 'jumps'"),
        ("101 hangs up", r"101: it is on its hook: 101 lifts"),
        ("101 dials 1", r"101: it is on its hook"),
        ("101 lifts now", r"nothing may follow here: leave out 'now'"),
        ("city", r"city can: calls, answers, hangs up"),
        ("city calls", r"say which city line: city calls 1 from 4951234567"),
        ("city calls 7 from 1", r"there is no city line 7; this board has 2"),
        ("city calls 1 4951234567", r"say from whom: city calls 1 from 4951234567"),
        ("city answers 1", r"nobody is called over line 1: it is idle"),
        ("city 4951234 sings", r"say what 4951234 does: answers, answers after 3"),
        ("wait", r"give seconds from 0 to 3600: wait 4"),
        ("wait nan", r"give seconds"),
        ("wait -1", r"give seconds"),
        ("101 says forever", r"give seconds from 0 to 600: 101 says 3"),
        ("201 answers", r"201 is idle, not ringing; `201 hears` and `status` tell more"),
        ('101 "lifts', r"No closing quotation: leave quotation marks out"),
    ],
)
def test_a_line_that_cannot_be_obeyed_is_answered_with_what_can(typist: Typist, line: str, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        typist.prompt.execute(line)


def test_digits_must_be_such_as_the_telephone_has(typist: Typist) -> None:
    typist.types("101 lifts")
    with pytest.raises(PromptError, match="give the digits in one word: 101 dials 204"):
        typist.types("101 dials 20 4")
    with pytest.raises(PromptError, match="already: hang up first"):
        typist.types("101 lifts")


def test_help_quit_comments_and_empty_lines(typist: Typist) -> None:
    assert "city calls 1 from 4951234567" in typist.types("help")
    assert typist.prompt.execute("quit") == Answer(quits=True)
    assert typist.prompt.execute("  # a remark") == Answer()


def test_a_hash_behind_dials_is_a_digit(typist: Typist) -> None:
    typist.types("101 lifts")
    typist.types("101 dials *21#")
    assert typist.office.ladder.rungs[-1].what == "dials *21#"


WORDS = st.sampled_from(
    (
        *(
            "101",
            "102",
            "103",
            "104",
            "201",
            "202",
            "999",
            "city",
            "lifts",
            "hangs",
            "up",
            "dials",
            "flashes",
        ),
        *("says", "hushes", "hears", "registers", "unregisters", "calls", "answers", "refuses", "holds"),
        *("resumes", "from", "1", "2", "4951234567", "4957654", "610", "600", "wait", "0.2", "3", "plan"),
        *(
            "status",
            "help",
            "is",
            "busy",
            "after",
            "rings",
            "nan",
            "1e9",
            "'",
            "\\",
            "#",
            "\N{SNOWMAN}",
            "-5",
        ),
    )
)
LINES = st.lists(WORDS, max_size=6).map(" ".join) | st.text(max_size=40)


@settings(max_examples=25)
@given(st.lists(LINES, max_size=40))
def test_any_lines_at_all_are_obeyed_or_refused(lines: list[str]) -> None:
    office = open_office()
    typist = Typist(office)
    refusals: list[str] = []
    try:
        for line in lines:
            try:
                answer = typist.prompt.execute(line)
            except PromptError as error:
                refusals.append(str(error))
                continue
            office.run(min(answer.wait_s, 1.0) * 1_000 + 30)
        assert all(refusals)
        assert not [alarm for alarm in office.alarms if "bug" in alarm.text], office.alarms
    finally:
        office.close()

"""Requests to modems over the control socket, and what the commands show."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gateway.__main__ import main
from gateway.bench.office import open_office
from gateway.drivers.messages import StoredMessage, write_message
from gateway.management.modem_commands import modems_text
from gateway.management.modems import ModemOrderError, ModemRequests
from gateway.model.actions import RequestAnswered
from gateway.model.events import Event, SmsWanted, UssdWanted
from gateway.model.numbers import PortId
from gateway.model.plain import to_plain


@pytest.fixture
def fed() -> list[Event]:
    return []


@pytest.fixture
def requests(fed: list[Event]) -> ModemRequests:
    office = open_office("modem")
    view = office.view()
    office.close()
    made = ModemRequests()
    made.begin(fed.append, lambda: view)
    return made


def test_a_request_has_a_number_and_later_an_answer(requests: ModemRequests, fed: list[Event]) -> None:
    assert requests.take('{"port": "mobile1", "sms": "+7916", "text": "да"}') == {"request": 1}
    assert requests.take('{"port": "gsm2", "ussd": "*100#"}') == {"request": 2}
    assert fed == [
        SmsWanted(PortId("gsm1"), 1, "+7916", "да"),
        UssdWanted(PortId("gsm2"), 2, "*100#"),
    ]
    assert requests.answer_of("1") == {"done": False}
    requests.answered(RequestAnswered(1, True, "sent"))
    assert requests.answer_of("1") == {"done": True, "ok": True, "text": "sent"}


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ("{", "JSON object"),
        ("[]", "JSON object"),
        ('{"port": 1}', "JSON object"),
        ('{"port": "fxs1", "ussd": "*1#"}', "there is no modem 'fxs1'; there are: gsm1, gsm2"),
        ('{"port": "gsm1"}', 'say "sms"'),
    ],
)
def test_what_is_no_order_is_refused(requests: ModemRequests, fed: list[Event], order: str, why: str) -> None:
    with pytest.raises(ModemOrderError, match=why):
        requests.take(order)
    assert fed == []


@given(st.text(max_size=60))
def test_any_number_is_answered(line: str) -> None:
    assert ModemRequests().answer_of(line) == {"done": False}


def test_modems_are_shown_with_those_that_are_nobodys() -> None:
    office = open_office("modem")
    office.run(10_000)
    rows = to_plain(office.view().modems, tagged=False)
    office.close()
    stranger = {"tty": "/dev/ttyUSB7", "model": "EC25", "imei": "111111111111111"}
    shown = modems_text({"rows": rows, "strangers": [stranger]})
    assert "own number" in shown
    assert "Beeline" in shown
    assert "/dev/ttyUSB7 is a modem that is no port's: EC25, IMEI 111111111111111" in shown
    assert modems_text({"rows": [], "strangers": []}) == "This board has no modems."


def test_messages_are_shown_once_and_count_as_read_then(tmp_path: Path) -> None:
    write_message(
        tmp_path / "messages", StoredMessage("gsm1", 1, "+7916\x1b[2J", None, "Добрый\nдень", "101", 10**18)
    )
    ask = ["--language", "en", "messages", "--state", str(tmp_path)]
    runner = CliRunner()
    kept = runner.invoke(main, [*ask, "--keep-unread"])
    assert "gsm1  +7916�[2J -> 101" in kept.output
    assert "Добрый�день" in kept.output
    assert runner.invoke(main, [*ask, "--for", "102"]).output == "No messages.\n"
    assert "gsm1" in runner.invoke(main, ask).output
    assert runner.invoke(main, ask).output == "No messages.\n"
    everything = json.loads(runner.invoke(main, [*ask, "--all", "--json"]).output)
    assert [(one["text"], one["read"]) for one in everything] == [("Добрый\nдень", True)]


def test_a_message_needs_a_gateway(tmp_path: Path) -> None:
    order = ["--language", "en", "modem", "sms", "gsm1", "+7916", "x", "--state", str(tmp_path)]
    result = CliRunner().invoke(main, order)
    assert result.exit_code == 1

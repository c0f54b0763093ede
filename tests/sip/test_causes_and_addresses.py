"""Statuses and causes are total and agree; nothing that is dialled can break out of a URI."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.causes import Cause
from gateway.sip.addresses import host_and_port, name_address, sip_uri
from gateway.sip.causes import cause_of_status, reason_header, status_of_cause


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (404, Cause.UNALLOCATED_NUMBER),
        (408, Cause.NO_USER_RESPONDING),
        (480, Cause.NO_USER_RESPONDING),
        (484, Cause.INVALID_NUMBER),
        (486, Cause.USER_BUSY),
        (503, Cause.TEMPORARY_FAILURE),
        (504, Cause.RECOVERY_ON_TIMER),
        (600, Cause.USER_BUSY),
        (603, Cause.CALL_REJECTED),
        (604, Cause.UNALLOCATED_NUMBER),
    ],
)
def test_rfc_3398_section_8_2_6_1(status: int, cause: Cause) -> None:
    assert cause_of_status(status) is cause


@pytest.mark.parametrize(
    ("cause", "status"),
    [(1, 404), (17, 486), (18, 480), (19, 480), (21, 403), (27, 502), (28, 484), (38, 503), (41, 503)],
)
def test_rfc_3398_section_7_2_4_1(cause: int, status: int) -> None:
    if cause == 18:
        assert status_of_cause(cause) in (408, 480)
    else:
        assert status_of_cause(cause) == status


@given(st.integers())
def test_both_ways_are_total(number: int) -> None:
    assert isinstance(cause_of_status(number), Cause)
    assert 400 <= status_of_cause(number) <= 699


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_row_and_what_is_busy_stays_busy(cause: Cause) -> None:
    status = status_of_cause(cause)
    if cause in (Cause.USER_BUSY, Cause.UNALLOCATED_NUMBER, Cause.CALL_REJECTED, Cause.INCOMPATIBLE):
        assert cause_of_status(status) is cause


def test_a_reason_header_is_as_rfc_3326_wants_it() -> None:
    assert reason_header(16) == "Q.850;cause=16"


def test_uris() -> None:
    assert sip_uri("101", "192.0.2.1") == "sip:101@192.0.2.1"
    assert sip_uri("101", "2001:db8::1", 5060, "tcp") == "sip:101@[2001:db8::1]:5060;transport=tcp"
    assert sip_uri("", "192.0.2.1", 5060) == "sip:192.0.2.1:5060"
    assert sip_uri("#9>@x", "h") == "sip:%239%3E%40x@h"


def test_names() -> None:
    assert name_address("", "sip:a@b") == "<sip:a@b>"
    assert name_address('A "B" \\', "sip:a@b") == '"A \\"B\\" \\\\" <sip:a@b>'
    assert name_address("a\r\nVia: x", "sip:a@b") == '"aVia: x" <sip:a@b>'


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:201@192.0.2.1:5062;transport=tcp", ("192.0.2.1", 5062)),
        ("sip:201@Desk.Example", ("desk.example", None)),
        ("sip:[2001:DB8::1]:5070", ("2001:db8::1", 5070)),
        ("sip:[2001:db8::1", ("", None)),
        ("sip:a@b:0", ("", None)),
        ("sip:a@b:99999", ("", None)),
        ("sip:a@b:x", ("", None)),
        ("", ("", None)),
    ],
)
def test_hosts_and_ports(uri: str, expected: tuple[str, int | None]) -> None:
    assert host_and_port(uri) == expected


@given(st.text(max_size=40))
def test_no_uri_raises(uri: str) -> None:
    host, port = host_and_port(uri)
    assert isinstance(host, str)
    assert port is None or 0 < port < 65_536


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(max_size=20))
def test_what_is_dialled_or_named_stays_inside_its_brackets(user: str, name: str) -> None:
    uri = sip_uri(user, "192.0.2.1")
    assert uri.isascii()
    assert not set(uri) & set(' <>"\r\n@') - {"@"}
    assert uri.count("@") == (1 if user else 0)
    text = name_address(name, uri)
    assert text.endswith(f"<{uri}>")
    assert "\r" not in text
    assert "\n" not in text

"""Bindings: RFC 3261 section 10.3, step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.registrar import (
    Registrar,
    RegistrarSettings,
    Registration,
    is_usable_uri,
    parse_contacts,
)

DESK = "sip:201@192.0.2.1:5060"
CELL = "sip:201@192.0.2.2:5060"


def request(
    *contacts: tuple[str, str | None],
    expires_s: int | None = 600,
    cseq: int = 1,
    call_id: str = "c",
    port: int = 5060,
) -> Registration:
    return Registration("201", contacts, expires_s, "192.0.2.1", port, "udp", call_id, cseq)


def registrar(**settings: int) -> Registrar:
    return Registrar(RegistrarSettings(**settings))


def test_a_contact_is_bound_for_as_long_as_was_asked() -> None:
    office = registrar()
    outcome = office.register(request((DESK, None)), 0)
    assert outcome.status == 200
    assert [(b.contact, b.expires_s(0)) for b in outcome.added] == [(DESK, 600)]
    assert office.next_expiry_ms() == 600_000
    assert office.expire(599_999) == ()
    assert [b.contact for b in office.expire(600_000)] == [DESK]
    assert office.of("201") == ()


def test_the_parameter_of_a_contact_beats_the_header() -> None:
    outcome = registrar().register(request((DESK, "120"), expires_s=600), 0)
    assert outcome.added[0].expires_s(0) == 120


def test_without_any_time_the_default_holds_and_a_long_time_is_shortened() -> None:
    office = registrar(default_expires_s=1_800, max_expires_s=2_000)
    assert office.register(request((DESK, None), expires_s=None), 0).added[0].expires_s(0) == 1_800
    assert office.register(request((CELL, "99999"), port=5061), 0).added[0].expires_s(0) == 2_000


def test_a_malformed_time_counts_as_an_hour() -> None:
    """RFC 3261 section 20.10: "a malformed value SHOULD be treated as equivalent to 3600"."""
    assert registrar(max_expires_s=7_200).register(request((DESK, "soon")), 0).added[0].expires_s(0) == 3_600


def test_too_short_a_time_is_refused_and_changes_nothing() -> None:
    office = registrar(min_expires_s=60)
    assert office.register(request((DESK, "600"), (CELL, "10")), 0).status == 423
    assert list(office) == []


def test_nought_removes_and_an_unknown_contact_with_nought_is_no_error() -> None:
    office = registrar()
    office.register(request((DESK, None)), 0)
    outcome = office.register(request((DESK, "0"), (CELL, "0"), cseq=2), 1)
    assert (outcome.status, [b.contact for b in outcome.removed]) == (200, [DESK])


def test_an_older_request_of_the_same_call_is_refused() -> None:
    office = registrar()
    office.register(request((DESK, None), cseq=7), 0)
    assert office.register(request((DESK, "0"), cseq=7), 1).status == 500
    assert office.register(request((DESK, "0"), cseq=6), 1).status == 500
    assert office.register(request((DESK, "0"), cseq=1, call_id="restarted"), 1).status == 200


def test_a_star_removes_all_but_only_with_expires_nought_and_alone() -> None:
    office = registrar()
    office.register(request((DESK, None)), 0)
    office.register(request((CELL, None), call_id="d", port=5070), 0)
    assert office.register(request(("*", None), expires_s=600, cseq=9), 1).status == 400
    assert office.register(request(("*", None), (DESK, None), expires_s=0, cseq=9), 1).status == 400
    outcome = office.register(request(("*", None), expires_s=0, cseq=9), 1)
    assert {b.contact for b in outcome.removed} == {DESK, CELL}
    assert list(office) == []


def test_a_request_without_contacts_only_asks() -> None:
    office = registrar()
    office.register(request((DESK, None)), 0)
    outcome = office.register(request(cseq=2), 1)
    assert (outcome.status, outcome.added, outcome.removed) == (200, (), ())
    assert [b.contact for b in office.of("201")] == [DESK]


def test_a_telephone_that_restarted_pushes_out_its_earlier_self() -> None:
    office = registrar()
    office.register(request(("sip:201-a@192.0.2.1:5060", None), call_id="before"), 0)
    outcome = office.register(request(("sip:201-b@192.0.2.1:5060", None), call_id="after"), 1)
    assert [b.contact for b in outcome.removed] == ["sip:201-a@192.0.2.1:5060"]
    assert [b.contact for b in office.of("201")] == ["sip:201-b@192.0.2.1:5060"]


def test_beyond_the_limit_the_one_that_ends_first_goes() -> None:
    office = registrar(max_contacts=2)
    for number, life in enumerate(("300", "200", "400")):
        uri = f"sip:201@192.0.2.{number}"
        outcome = office.register(request((uri, life), call_id=uri, port=6000 + number), 0)
    assert [b.contact for b in outcome.removed] == ["sip:201@192.0.2.1"]
    assert len(office.of("201")) == 2


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "tel:201",
        "http://x/",
        "sip:a b@c",
        "sip:a>b@c",
        "sip:a<b@c",
        "sip:x@y\r\nVia: z",
        "sip:é@x",
        "sip:" + "a" * 600,
    ],
)
def test_a_contact_that_could_break_a_header_is_refused(uri: str) -> None:
    assert not is_usable_uri(uri)
    office = registrar()
    assert office.register(request((uri, None)), 0).status == 400
    assert list(office) == []


def test_the_form_of_the_shim_is_read() -> None:
    lines = "sip:201@192.0.2.1;transport=tcp 60\nsip:202@[2001:db8::1] -\n*\n"
    assert parse_contacts(lines) == (
        ("sip:201@192.0.2.1;transport=tcp", "60"),
        ("sip:202@[2001:db8::1]", None),
        ("*", None),
    )
    assert parse_contacts("") == ()


CONTACT = st.tuples(
    st.one_of(st.sampled_from([DESK, CELL, "*", "sip:", "x"]), st.text(max_size=20)),
    st.one_of(st.none(), st.sampled_from(["0", "60", "3600", "²", "-1", "9" * 30]), st.text(max_size=8)),
)


@given(
    st.lists(
        st.tuples(
            st.lists(CONTACT, max_size=7),
            st.one_of(st.none(), st.integers(0, 2**32)),
            st.integers(0, 9),
            st.integers(0, 100_000),
        ),
        max_size=12,
    )
)
def test_whatever_is_registered_the_table_is_sound(
    requests: list[tuple[list[tuple[str, str | None]], int | None, int, int]],
) -> None:
    office = registrar(max_contacts=4)
    now_ms = 0
    for contacts, expires_s, cseq, gap_ms in requests:
        now_ms += gap_ms
        before = {b.contact for b in office}
        outcome = office.register(request(*contacts, expires_s=expires_s, cseq=cseq), now_ms)
        after = {b.contact for b in office}
        assert outcome.status in (200, 400, 403, 423, 500)
        assert after == (before - {b.contact for b in outcome.removed}) | {b.contact for b in outcome.added}
        if outcome.status != 200:
            assert after == before
        office.expire(now_ms)
        assert len(after) <= 4
        for binding in office:
            assert now_ms < binding.expires_at_ms <= now_ms + 3_600_000
            assert is_usable_uri(binding.contact)

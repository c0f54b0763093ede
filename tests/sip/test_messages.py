"""The codec of the socket: what goes in comes out, and nothing but messages comes in."""

import dataclasses
import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip import messages as m

KINDS = typing.get_args(m.Message)


def values(wanted: Any) -> st.SearchStrategy[Any]:
    simple: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(-(2**40), 2**40),
        str: st.text(max_size=20),
        bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }
    if wanted in simple:
        return simple[wanted]
    if dataclasses.is_dataclass(wanted):
        return messages(typing.cast(type, wanted))
    (item, _) = typing.get_args(wanted)
    return st.lists(values(item), max_size=3).map(tuple)


def messages(kind: type) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: values(wanted) for name, wanted in hints.items()})


@given(st.sampled_from(KINDS).flatmap(messages))
def test_every_message_survives_the_wire(message: m.Message) -> None:
    assert m.decode(m.encode(message)) == message


def test_a_whole_number_does_for_a_float_but_not_any() -> None:
    limits = json.loads(m.encode(m.Configure("a", 1, "r", (), (), (), (), m.Limits())))
    limits["limits"]["requests_per_s"] = 7
    whole = m.decode(json.dumps(limits).encode())
    assert isinstance(whole, m.Configure)
    assert repr(whole.limits.requests_per_s) == "7.0"
    limits["limits"]["requests_per_s"] = 10**400
    with pytest.raises(m.BadMessage):
        m.decode(json.dumps(limits).encode())


def test_undecodable_bytes_of_a_body_survive_as_surrogates() -> None:
    body = b"v=0\r\n\xff\xfe".decode("utf-8", "surrogateescape")
    assert m.decode(m.encode(m.Answer(1, body))) == m.Answer(1, body)


def test_a_body_of_32_kilobytes_fits_and_a_monster_is_refused() -> None:
    assert len(m.encode(m.Answer(1, "\x01" * (26 * 1024)))) <= m.MAX_PACKET_BYTES
    with pytest.raises(m.BadMessage, match="too long"):
        m.encode(m.Answer(1, "x" * m.MAX_PACKET_BYTES))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b'{"is":"Nonsense"}',
        b'{"is":["Gone"],"call":1}',
        b'{"is":"Gone"}',
        b'{"is":"Gone","call":"1"}',
        b'{"is":"Gone","call":true}',
        b'{"is":"Gone","call":1.0}',
        b'{"is":"Gone","call":1,"more":2}',
        b'{"is":"Configure"}',
        b'{"is":"Mirror","call":1,"orphan":{}}',
        b'{"is":"Mirror","call":1,"orphan":3}',
        b"[" * 100_000,
        b'{"is":"Account","extension":"1","ha1_md5":"","ha1_sha256":""}',
    ],
)
def test_anything_else_is_refused(packet: bytes) -> None:
    with pytest.raises(m.BadMessage):
        m.decode(packet)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["is", "call", "sdp", "orphan", "limits", "accounts", "x"]), inner, max_size=5
        ),
    ),
    max_leaves=12,
)


@given(st.sampled_from(KINDS), st.dictionaries(st.text(max_size=9), JSON, max_size=4), st.data())
def test_a_message_with_strange_fields_is_refused_or_sound(
    kind: type, extra: dict[str, Any], data: st.DataObject
) -> None:
    hints = typing.get_type_hints(kind)
    fields = {name: data.draw(JSON) for name in hints} | extra | {"is": kind.__name__}
    try:
        message = m.decode(json.dumps(fields).encode())
    except m.BadMessage:
        return
    assert isinstance(message, kind)
    assert m.decode(m.encode(message)) == message


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_else(packet: bytes) -> None:
    with pytest.raises(m.BadMessage):
        m.decode(packet)

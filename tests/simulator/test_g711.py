"""G.711 tables of the bench against figures of the recommendation (tables 1a and 2a)."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.numbers import Codec
from gateway.simulator import g711


@pytest.mark.parametrize(
    ("codec", "octet", "value"),
    [
        (Codec.PCMA, 0xD5, 8),  # smallest positive: 1 of 13 bits
        (Codec.PCMA, 0x55, -8),
        (Codec.PCMA, 0xAA, 32_256),  # virtual decision value 4032 of 13 bits
        (Codec.PCMA, 0x2A, -32_256),
        (Codec.PCMU, 0xFF, 0),
        (Codec.PCMU, 0x80, 32_124),  # 8031 of 14 bits
        (Codec.PCMU, 0x00, -32_124),
    ],
)
def test_decoded_values(codec: Codec, octet: int, value: int) -> None:
    assert array("h", g711.decode(codec, bytes([octet]))).tolist() == [value]


@pytest.mark.parametrize("codec", g711.PAYLOAD_TYPE)
def test_every_code_survives_decoding_and_encoding(codec: Codec) -> None:
    octets = bytes(octet for octet in range(256) if (codec, octet) != (Codec.PCMU, 0x7F))  # negative zero
    again = g711.encode(codec, g711.decode(codec, octets))
    zeros = {0x7F, 0xFF} if codec is Codec.PCMU else set()
    assert all(a == b or {a, b} == zeros for a, b in zip(octets, again, strict=True))


@given(st.sampled_from(list(g711.PAYLOAD_TYPE)), st.integers(-32_768, 32_767))
def test_the_error_is_at_most_half_a_step(codec: Codec, sample: int) -> None:
    raw = array("h", [sample]).tobytes()
    [again] = array("h", g711.decode(codec, g711.encode(codec, raw)))
    assert abs(again - sample) <= max(16, abs(sample) / 32 + 17, 645 if abs(sample) > 32_000 else 0)

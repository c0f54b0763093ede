"""A number as its line dials it: tones and pulses, the maps of countries, pauses."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line.dialling import (
    AwaitTone,
    Pause,
    PulseDigit,
    Pulses,
    Tones,
    breaks_of,
    flash_of,
    parts_of,
    pulses_of,
)
from gateway.model.settings import DialMode, PulseDigits


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        (PulseDigits.NORMAL, [10, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (PulseDigits.NEW_ZEALAND, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (PulseDigits.SWEDEN, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_the_breaks_of_a_digit(digits: PulseDigits, expected: list[int]) -> None:
    assert [breaks_of(digit, digits) for digit in "0123456789"] == expected


def test_a_digit_is_breaks_with_the_loop_closed_between_them() -> None:
    assert Pulses().train_ms("1") == (67,)
    assert Pulses().train_ms("3") == (67, 33, 67, 33, 67)
    assert len(Pulses().train_ms("0")) == 19


@pytest.mark.parametrize("country", ["ru", "de", "us", "jp", "nz", "se"])
def test_pulses_come_ten_a_second_in_every_country(country: str) -> None:
    pulses = pulses_of(country)
    assert pulses.break_ms + pulses.make_ms == 100
    assert (pulses.break_ms == 61) is (country in ("us", "jp"))


def test_a_flash_is_the_countrys() -> None:
    assert (flash_of("RU"), flash_of("us"), flash_of("de")) == (80, 600, 100)


def test_a_dial_string_in_its_order() -> None:
    assert list(parts_of("9,,w123", DialMode.TONE)) == [Tones("9"), Pause(4_000), AwaitTone(), Tones("123")]
    assert list(parts_of("12", DialMode.PULSE)) == [PulseDigit("1"), PulseDigit("2")]


def test_the_first_digit_of_all_is_a_trial_where_nothing_is_known() -> None:
    assert list(parts_of("123", DialMode.AUTO)) == [Tones("1"), Tones("23")]
    assert list(parts_of("9w123", DialMode.AUTO)) == [Tones("9"), AwaitTone(), Tones("123")]
    assert list(parts_of("1", DialMode.AUTO)) == [Tones("1")]


def test_a_star_turns_pulses_into_tones() -> None:
    assert list(parts_of("1*23", DialMode.PULSE)) == [PulseDigit("1"), Tones("*23")]


@given(st.text("0123456789*#,w", max_size=40), st.sampled_from(DialMode))
def test_no_digit_is_lost_and_none_comes_twice(dial_string: str, mode: DialMode) -> None:
    sent = chain.from_iterable(
        part.digits if isinstance(part, Tones) else part.digit
        for part in parts_of(dial_string, mode)
        if isinstance(part, Tones | PulseDigit)
    )
    assert "".join(sent) == "".join(letter for letter in dial_string if letter not in ",w")

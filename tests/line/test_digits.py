"""A number is whole when the numbering plan says so."""

from gateway.line.digits import LONGEST_NUMBER, DigitCollector
from gateway.model.signals import DialVerdict


def plan(digits: str) -> DialVerdict:
    if digits == "20":
        return DialVerdict.EXTENSIBLE
    if digits == "201":
        return DialVerdict.COMPLETE
    return DialVerdict.POSSIBLE if digits in ("", "2") or digits.startswith("9") else DialVerdict.IMPOSSIBLE


def test_a_whole_number_is_dialled_at_once() -> None:
    collector = DigitCollector(plan)
    assert [collector.add(digit) for digit in "201"] == [False, False, True]
    assert collector.digits == "201"


def test_an_impossible_one_too() -> None:
    collector = DigitCollector(plan)
    assert [collector.add(digit) for digit in "27"] == [False, True]


def test_letters_are_passed_over() -> None:
    collector = DigitCollector(plan)
    assert not collector.add("A")
    assert collector.digits == ""


def test_a_stuck_key_ends() -> None:
    collector = DigitCollector(plan)
    ends = [collector.add("9") for _ in range(LONGEST_NUMBER)]
    assert ends == [False] * (LONGEST_NUMBER - 1) + [True]

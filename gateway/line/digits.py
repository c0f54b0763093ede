"""Collecting a number digit by digit: the numbering plan says when it is whole.

The two time-outs that go with it (before the first digit, between digits) are timers of the line that
collects: `line.fxs`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.model.signals import DialVerdict

NumberingPlan = Callable[[str], DialVerdict]
"""What the digits so far are; the exchange hands its numbering plan down as this one function."""

LONGEST_NUMBER = 32
"""Nobody dials more; a stuck key ends here."""


@dataclass(slots=True)
class DigitCollector:
    """The digits of one number so far. The DTMF letters ``A-D`` are part of no number and passed over."""

    plan: NumberingPlan
    digits: str = ""

    def clear(self) -> None:
        """Begin a new number."""
        self.digits = ""

    def add(self, digit: str) -> bool:
        """Take one more digit; True when to dial now: the number is whole, or can become none."""
        if digit not in "0123456789*#":
            return False
        self.digits += digit
        if len(self.digits) >= LONGEST_NUMBER:
            return True
        match self.plan(self.digits):
            case DialVerdict.COMPLETE | DialVerdict.IMPOSSIBLE:
                return True
            case DialVerdict.POSSIBLE | DialVerdict.EXTENSIBLE:
                return False

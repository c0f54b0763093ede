"""The numbering plan: which digits are a number, and where that number leads."""

from dataclasses import dataclass

from gateway.model.settings import (
    ExtensionSettings,
    HuntGroupSettings,
    OfficeSettings,
    OutgoingRuleSettings,
    QueueSettings,
    TrunkGroupSettings,
)
from gateway.model.signals import DialVerdict


@dataclass(frozen=True, slots=True)
class Outside:
    """A number of the city, to be dialled as ``number`` over one of the lines of ``group``."""

    group: TrunkGroupSettings
    number: str


@dataclass(frozen=True, slots=True)
class Straight:
    """Straight through to the city line that the telephone is paired with; its user dials to the city."""

    line: str


@dataclass(frozen=True, slots=True)
class Nowhere:
    """No such number. ``whole`` is False when the digits were only the beginning of one."""

    whole: bool


Inside = ExtensionSettings | HuntGroupSettings | QueueSettings
Destination = Inside | Outside | Straight | Nowhere


class DialPlan:
    """The numbers of one office. Numbers of the office go before rules for the city."""

    def __init__(self, office: OfficeSettings) -> None:
        inside: tuple[Inside, ...] = (*office.extensions, *office.hunt_groups, *office.queues)
        self._inside = {entry.number: entry for entry in inside}
        self._rules = office.outgoing
        self._groups = {group.name: group for group in office.trunk_groups}

    def verdict(self, digits: str) -> DialVerdict:
        """What the digits so far are, for a telephone that dials one after the other."""
        longer = any(number.startswith(digits) and number != digits for number in self._inside)
        longer = longer or any(_may_grow(rule, digits) for rule in self._rules)
        if digits in self._inside or self._rule(digits) is not None:
            return DialVerdict.EXTENSIBLE if longer else DialVerdict.COMPLETE
        return DialVerdict.POSSIBLE if longer else DialVerdict.IMPOSSIBLE

    def destination(self, number: str) -> Destination:
        """Where a whole number leads; of several rules the one with the longest prefix."""
        inside = self._inside.get(number)
        if inside is not None:
            return inside
        rule = self._rule(number)
        if rule is None:
            return Nowhere(whole=self.verdict(number) is DialVerdict.IMPOSSIBLE)
        return Outside(self._groups[rule.trunk_group], number[rule.strip :])

    def _rule(self, number: str) -> OutgoingRuleSettings | None:
        fitting = [rule for rule in self._rules if _fits(rule, number)]
        return max(fitting, key=lambda rule: len(rule.prefix), default=None)


def _fits(rule: OutgoingRuleSettings, number: str) -> bool:
    right_length = rule.min_digits <= len(number) <= rule.max_digits
    return number.startswith(rule.prefix) and right_length and len(number) > rule.strip and number.isdigit()


def _may_grow(rule: OutgoingRuleSettings, digits: str) -> bool:
    """Whether more digits can make a number of this rule."""
    begins = digits.startswith(rule.prefix) or rule.prefix.startswith(digits)
    return begins and len(digits) < rule.max_digits and (digits == "" or digits.isdigit())

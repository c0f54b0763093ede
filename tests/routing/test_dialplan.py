"""Which digits are a number, and where it leads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.settings import (
    ExtensionKind,
    ExtensionSettings,
    OfficeSettings,
    OutgoingRuleSettings,
    TrunkGroupSettings,
)
from gateway.model.signals import DialVerdict
from gateway.routing.dialplan import DialPlan, Nowhere, Outside

EXTENSIONS = tuple(ExtensionSettings(number, "", ExtensionKind.SIP) for number in ("101", "20", "201"))
CITY, FAR = TrunkGroupSettings("city", ("city1",)), TrunkGroupSettings("far", ("city2",))


@pytest.fixture(scope="module")
def plan() -> DialPlan:
    return DialPlan(
        OfficeSettings(
            "ru",
            EXTENSIONS,
            trunk_groups=(CITY, FAR),
            outgoing=(
                OutgoingRuleSettings("9", "city", strip=1, min_digits=3, max_digits=6),
                OutgoingRuleSettings("98", "far", strip=2, min_digits=4, max_digits=4),
                OutgoingRuleSettings("112", "city", min_digits=3, max_digits=3),
            ),
        )
    )


@pytest.mark.parametrize(
    ("digits", "verdict"),
    [
        ("", DialVerdict.POSSIBLE),
        ("1", DialVerdict.POSSIBLE),
        ("10", DialVerdict.POSSIBLE),
        ("101", DialVerdict.COMPLETE),
        ("1010", DialVerdict.IMPOSSIBLE),
        ("20", DialVerdict.EXTENSIBLE),
        ("201", DialVerdict.COMPLETE),
        ("112", DialVerdict.COMPLETE),
        ("9", DialVerdict.POSSIBLE),
        ("91", DialVerdict.POSSIBLE),
        ("912", DialVerdict.EXTENSIBLE),
        ("912345", DialVerdict.COMPLETE),
        ("9123456", DialVerdict.IMPOSSIBLE),
        ("*9", DialVerdict.IMPOSSIBLE),
        ("9*1", DialVerdict.IMPOSSIBLE),
        ("3", DialVerdict.IMPOSSIBLE),
    ],
)
def test_verdicts(plan: DialPlan, digits: str, verdict: DialVerdict) -> None:
    assert plan.verdict(digits) is verdict


def test_destinations(plan: DialPlan) -> None:
    assert plan.destination("101") is EXTENSIONS[0]
    assert plan.destination("91234") == Outside(CITY, "1234")
    assert plan.destination("9812") == Outside(FAR, "12"), "the longest prefix"
    assert plan.destination("98123") == Outside(CITY, "8123")
    assert plan.destination("112") == Outside(CITY, "112")
    assert plan.destination("10") == Nowhere(whole=False)
    assert plan.destination("777") == Nowhere(whole=True)


@given(st.text("0123456789*#", max_size=8))
def test_verdict_and_destination_agree(plan: DialPlan, digits: str) -> None:
    reached = not isinstance(plan.destination(digits), Nowhere)
    assert reached == (plan.verdict(digits) in (DialVerdict.COMPLETE, DialVerdict.EXTENSIBLE))


@given(st.text("0123456789*#", max_size=8), st.sampled_from("0123456789*#"))
def test_nothing_follows_what_is_complete_or_impossible(plan: DialPlan, digits: str, more: str) -> None:
    if plan.verdict(digits) in (DialVerdict.COMPLETE, DialVerdict.IMPOSSIBLE):
        assert plan.verdict(digits + more) is DialVerdict.IMPOSSIBLE

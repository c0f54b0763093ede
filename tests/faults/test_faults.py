"""Each deliberate fault turns its named story red; without one every story is green (tests/scenarios)."""

import pytest

from gateway.bench.playing import play
from gateway.model.actions import Action
from tests.faults.__main__ import noticed
from tests.faults.faults import FAULTS, DeliberateFault


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_story_notices(fault: DeliberateFault) -> None:
    red, verdict = noticed(fault)
    assert red, f"{fault.story} did not say {fault.symptom!r}; it said {[str(c) for c in verdict.failures]}"


def test_tampering_that_changes_nothing_leaves_a_story_green() -> None:
    seen: list[Action] = []

    def watch(action: Action) -> Action:
        seen.append(action)
        return action

    assert play("busy", tamper=watch).passed
    assert seen

"""What watches over the stage that makes the faults, `python -m tests.faults` (in `tasks.py test`)."""

import pytest

from gateway.bench.playing import STORIES, play
from gateway.model.actions import Action
from tests.faults.__main__ import main, noticed
from tests.faults.faults import FAULTS, DeliberateFault

ISSUE_2 = (
    "a crossed wire",
    "one direction muted",
    "a tone 15 % sharp",
    "cancellers bypassed",
    "never expires",
    "StopRinging dropped",
    "audio 100 ms late",
)


def test_every_fault_of_the_issue_is_among_them_and_each_names_a_story() -> None:
    names = [fault.name for fault in FAULTS]
    assert all(any(wanted in name for name in names) for wanted in ISSUE_2)
    assert len(set(names)) == len(names)
    assert {fault.story for fault in FAULTS} <= set(STORIES)


def test_tampering_that_changes_nothing_leaves_a_story_green() -> None:
    seen: list[Action] = []

    def watch(action: Action) -> Action:
        seen.append(action)
        return action

    assert play("busy", tamper=watch).passed
    assert seen


def test_a_fault_that_no_story_notices_fails_the_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = DeliberateFault("nothing at all", "busy", "hears busy tone", lambda action: action)
    assert not noticed(harmless)[0]
    monkeypatch.setattr("tests.faults.__main__.FAULTS", (harmless,))
    assert main() == 1
    assert "UNNOTICED" in capsys.readouterr().out

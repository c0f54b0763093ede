"""Every story of the issue, as `cityline run --story NAME` plays it."""

import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.bench.playing import STORIES, UnknownStoryError, Verdict, play
from gateway.drivers.storage import Journal, read_calls
from gateway.exchange import Exchange
from gateway.model.actions import Action
from gateway.runtime.replay import replay
from gateway.runtime.trace import TraceRun

ISSUE_2 = {
    *("internal", "wrong-number", "busy", "off-hook", "city-in", "city-out", "far-end-hangup", "abandoned"),
    *("congestion", "queue", "hold", "rotary", "line-to-sip", "pairing"),
}


ISSUE_4 = {"caller-identity", "call-waiting", "farewells", "modem", "silence"}


def failures(verdict: Verdict) -> str:
    return "\n".join([*map(str, verdict.failures), verdict.error])


LONG = {"queue", "off-hook", "congestion", "farewells", "silence"}
"""Minutes of virtual time, seconds of ours: left out by --quick."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in STORIES]
)
def test_story(name: str) -> None:
    verdict = play(name)
    print(verdict.summary())
    assert verdict.passed, failures(verdict)
    assert len(verdict.checks) >= 20


def test_the_stories_are_those_of_the_issues() -> None:
    assert set(STORIES) == ISSUE_2 | ISSUE_4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("name", ["internal", "city-in", "far-end-hangup", "rotary"])
def test_a_story_does_not_hang_on_the_luck_of_its_contacts_and_noise(name: str, seed: int) -> None:
    verdict = play(name, seed=seed)
    assert verdict.passed, failures(verdict)


@pytest.mark.slow
def test_a_story_is_the_same_each_time(tmp_path: Path) -> None:
    first, again = play("city-in", tmp_path / "1"), play("city-in", tmp_path / "2")
    assert first.ladder == again.ladder
    assert first.checks == again.checks
    for file in (tmp_path / "1" / "city-in").iterdir():
        assert file.suffix in (".wav", ".jsonl")
        assert file.read_bytes() == (tmp_path / "2" / "city-in" / file.name).read_bytes()


def test_out_holds_a_wav_of_what_each_party_heard(tmp_path: Path) -> None:
    verdict = play("internal", tmp_path)
    files = {path.stem: path for path in (tmp_path / "internal").glob("*.wav")}
    assert {"101", "102", "103", "104", "201"} <= set(files)
    with wave.open(str(files["102"])) as sound:
        assert sound.getframerate() == 8_000
        assert sound.getnframes() == pytest.approx(verdict.virtual_s * 8_000, abs=400)
        assert any(sound.readframes(sound.getnframes()))
    with wave.open(str(files["201"])) as sound:
        assert not any(sound.readframes(sound.getnframes()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["city-in", "city-out", "hold", "line-to-sip"])
def test_the_trace_of_a_story_replays_to_the_same_actions(name: str, tmp_path: Path) -> None:
    verdict = play(name, tmp_path)
    [file] = (tmp_path / name).glob("*.jsonl")
    report = replay(
        TraceRun(file),
        lambda header: Exchange(
            header.office, header.board, media_address=header.media_address, first_id=header.first_id
        ),
    )
    assert report.difference is None
    assert not report.cut
    assert report.actions > len(verdict.records)


@pytest.mark.slow
def test_the_rows_of_stories_are_calls_in_the_real_journal(tmp_path: Path) -> None:
    verdict = play("queue")
    journal = Journal(tmp_path / "journal.sqlite")
    for row in verdict.records:
        journal.append(row)
    journal.close()
    calls = read_calls(tmp_path / "journal.sqlite")
    assert len(calls) == 6
    assert {call.calling for call in calls} == {"101", "4951111111", "4952222222", "103", "104", "201"}


def test_a_story_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UnknownStoryError, match=r"no story 'internl'; there are: internal, wrong-number"):
        play("internl")


def test_a_story_that_breaks_off_fails_and_says_where() -> None:
    drops_everything: Callable[[Action], Action | None] = lambda action: None  # noqa: E731
    verdict = play("internal", tamper=drops_everything)
    assert not verdict.passed
    assert "104 rings: not within" in verdict.error
    assert "FAILED" in verdict.report()

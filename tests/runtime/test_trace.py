"""The trace: what is written is read back, whatever is in it; replay finds the first difference; foreign
bytes fail well.
"""

import contextlib
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.actions import Action, ApplyPlan, Narrate, SetLoop, StopRinging
from gateway.model.events import Event, HookEdge, LoopCurrent, TimerExpired
from gateway.model.numbers import NodeId, Now, PortId
from gateway.model.plan import Detectors, Plan, PortNode
from gateway.model.settings import (
    BoardSettings,
    ExtensionKind,
    ExtensionSettings,
    OfficeSettings,
    PortKind,
    PortSettings,
)
from gateway.model.timers import TimerId
from gateway.runtime.pump import Pump
from gateway.runtime.replay import replay
from gateway.runtime.trace import (
    LINE_LIMIT,
    TraceError,
    TraceHeader,
    TraceReader,
    TraceRun,
    TraceWriter,
    last_lines,
    segments,
    written_time,
)
from tests.runtime.clocks import HandClock
from tests.runtime.office import Surroundings

FXS1 = PortId("fxs1")
OFFICE = OfficeSettings(
    "ru", (ExtensionSettings("101", "Касса", ExtensionKind.ANALOG, FXS1),), version="4f2a"
)
BOARD = BoardSettings("simulated", (PortSettings(FXS1, PortKind.FXS, NodeId(1)),))
HEADER = TraceHeader("4f2a", OFFICE, BOARD)

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


class Counting:
    """An exchange with state: its answers depend on how many events it has seen, and on their time."""

    def __init__(self, modulus: int = 3) -> None:
        self.modulus = modulus
        self.seen = 0

    def start(self, now: Now) -> list[Action]:
        return [ApplyPlan(Plan())]

    def handle(self, event: Event, now: Now) -> list[Action]:
        self.seen += 1
        plan = Plan(self.seen, (PortNode(NodeId(1), FXS1, Detectors.DTMF),))
        answer: list[Action] = [Narrate(f"count(1){{{now.ms}}} {type(event).__name__} -> {self.seen}")]
        return answer + [SetLoop(FXS1, True), ApplyPlan(plan), StopRinging(FXS1)][: self.seen % self.modulus]


def no_trouble(text: str) -> None:
    raise AssertionError(text)


def written(directory: Path, events: list[Event], **limits: int) -> TraceWriter:
    """The trace of a run over these events, 10 ms apart."""
    clock, around = HandClock(0, 1_795_341_706_123_000_000), Surroundings()
    writer = TraceWriter(directory, HEADER, on_trouble=no_trouble, **limits)
    pump = Pump(Counting(), clock, modules=around, core=around, sip=around, journal=around, trace=writer)
    pump.start()
    for event in events:
        pump.feed(event)
        clock.advance(10)
    writer.close()
    return writer


EVENTS: list[Event] = [
    HookEdge(FXS1, True, 1),
    LoopCurrent(FXS1, True, 2),
    TimerExpired(TimerId("fxs(fxs1)", "first_digit", 4)),
    HookEdge(FXS1, False, 9),
]


def test_a_run_is_read_back_with_its_configuration(tmp_path):
    run = TraceRun(written(tmp_path, EVENTS).path)
    steps = list(run.steps())
    assert run.header == HEADER
    assert [step.event for step in steps] == [None, *EVENTS]
    assert steps[2].now == Now(10_000_000, 1_795_341_706_133_000_000)
    assert steps[2].actions[0] == Narrate("count(1){10} LoopCurrent -> 2")
    assert isinstance(steps[2].actions[2], ApplyPlan)
    assert run.ended


def test_narration_stands_in_the_file_as_people_read_it(tmp_path):
    text = written(tmp_path, EVENTS).path.read_text()
    assert '{"says":"2026-11-22T10:01:46.123Z count(1){0} HookEdge -> 1"}' in text
    assert "Касса" in text


def test_time_is_written_in_utc_also_when_the_board_woke_up_in_1970():
    assert written_time(1_000_000) == "1970-01-01T00:00:00.001Z"


@given(st.lists(st.from_type(Event), max_size=8))
def test_any_events_are_read_back(tmp_path_factory, events):
    run = TraceRun(written(tmp_path_factory.mktemp("trace"), events).path)
    assert [step.event for step in run.steps()] == [None, *events]


def test_replay_of_a_trace_ends_in_the_same_actions(tmp_path):
    report = replay(TraceRun(written(tmp_path, EVENTS).path), lambda header: Counting())
    assert (report.difference, report.steps, report.actions, report.cut) == (None, 5, 9, False)


def test_replay_shows_the_first_difference(tmp_path):
    report = replay(TraceRun(written(tmp_path, EVENTS).path), lambda header: Counting(modulus=4))
    assert report.difference is not None
    assert report.difference.step.event == EVENTS[2]
    assert report.difference.recorded is None
    assert report.difference.replayed == SetLoop(FXS1, True)
    assert report.steps == 4


def test_replay_shows_what_the_exchange_raised(tmp_path):
    class Broken(Counting):
        def handle(self, event: Event, now: Now) -> list[Action]:
            if isinstance(event, TimerExpired):
                raise KeyError("fxs1")
            return super().handle(event, now)

    report = replay(TraceRun(written(tmp_path, EVENTS).path), lambda header: Broken())
    assert report.difference is not None
    assert report.difference.failure == "KeyError: 'fxs1'"


def test_an_action_that_is_missing_in_the_middle_is_a_difference(tmp_path):
    path = written(tmp_path, EVENTS).path
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"generation":2' not in line))
    report = replay(TraceRun(path), lambda header: Counting())
    assert report.difference is not None
    assert report.difference.recorded is None


@pytest.mark.slow
def test_a_trace_cut_anywhere_by_a_power_failure_replays_as_far_as_it_goes(tmp_path):
    path = written(tmp_path, EVENTS).path
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in range(first, len(whole)):
        path.write_bytes(whole[:length])
        report = replay(TraceRun(path), lambda header: Counting())
        assert report.difference is None
        assert report.cut


def test_files_are_cut_by_size_and_replayed_as_one_run(tmp_path):
    writer = written(tmp_path, EVENTS * 20, segment_bytes=3_000)
    files = segments(tmp_path)
    assert len(files) > 3
    assert writer.path == files[-1]
    report = replay(TraceRun(files[-1]), lambda header: Counting())
    assert (report.difference, report.steps) == (None, 81)
    assert {path.suffix for path in files[:-1]} == {".gz"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)


def test_the_oldest_files_go_and_replay_says_what_is_missing(tmp_path):
    written(tmp_path, EVENTS * 20, segment_bytes=3_000, segments_kept=2)
    files = segments(tmp_path)
    assert len(files) == 2
    with pytest.raises(TraceError, match=r"goes on from trace-000001-\d+.jsonl, which is not beside it"):
        TraceRun(files[-1])


def test_a_file_that_was_just_being_packed_is_read_plain_and_the_draft_goes(tmp_path):
    (first, *_) = segments(written(tmp_path, EVENTS * 20, segment_bytes=3_000).path.parent)
    plain = first.with_suffix("")
    plain.write_bytes(gzip.decompress(first.read_bytes()))
    draft = plain.with_name(plain.name + ".part")
    draft.write_bytes(first.read_bytes()[:100])
    assert segments(tmp_path)[0] == plain
    assert replay(TraceRun(segments(tmp_path)[-1]), lambda header: Counting()).difference is None
    written(tmp_path, EVENTS)
    assert not draft.exists()


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"no gzip at all\n"])
def test_a_damaged_packed_file_is_refused_by_its_name(tmp_path, damage):
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(damage)
    with pytest.raises(TraceError, match=r"t\.jsonl\.gz: "):
        TraceRun(path)


def test_each_run_has_its_own_files(tmp_path):
    written(tmp_path, EVENTS)
    written(tmp_path, EVENTS)
    assert [path.name for path in segments(tmp_path)] == [
        "trace-000001-0001.jsonl",
        "trace-000002-0001.jsonl",
    ]


def test_followers_get_each_line_until_they_leave(tmp_path):
    writer = TraceWriter(tmp_path, HEADER, on_trouble=no_trouble)
    lines: list[str] = []
    leave = writer.follow(lines.append)
    writer.event(EVENTS[0], Now(1, 2))
    writer.action(SetLoop(FXS1, True), Now(1, 2))
    leave()
    leave()
    writer.event(EVENTS[1], Now(1, 2))
    writer.close()
    assert [sorted(json.loads(line)) for line in lines] == [["at", "event"], ["action"]]


def test_the_event_is_in_the_file_before_it_is_handled(tmp_path):
    writer = TraceWriter(tmp_path, HEADER, on_trouble=no_trouble)
    writer.event(EVENTS[0], Now(1, 2))
    steps = list(TraceRun(writer.path).steps())
    writer.close()
    assert [step.event for step in steps] == EVENTS[:1]


def test_a_directory_that_cannot_be_written_ends_the_trace_and_not_the_office(tmp_path):
    (tmp_path / "trace").write_text("a file where the directory should be")
    said: list[str] = []
    writer = TraceWriter(tmp_path / "trace", HEADER, on_trouble=said.append)
    writer.event(EVENTS[0], Now(1, 2))
    writer.close()
    assert len(said) == 1
    assert said[0].startswith("The trace has stopped: ")


def test_the_last_lines_of_a_file_are_whole(tmp_path, monkeypatch):
    path = tmp_path / "t.jsonl"
    assert last_lines(path, 5) == []
    path.write_bytes(b"one\ntwo\nthree\nfou")
    assert last_lines(path, 2) == ["two", "three"]
    assert last_lines(path, 9) == ["one", "two", "three"]
    assert last_lines(path, 0) == []
    monkeypatch.setattr("gateway.runtime.trace.LINE_LIMIT", 13)
    assert last_lines(path, 9) == ["three"]


HEADER_LINE = b'{"trace":{"is":"TraceHeader","format":2}}\n'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "t.jsonl: is empty"),
        (b"no trace\n", "t.jsonl:1: is not a JSON object"),
        (b"\xff\xfe\n", "t.jsonl:1: is not a JSON object"),
        (b"[" * 100_000 + b"\n", "t.jsonl:1: is not a JSON object"),
        (b"{}\n", "t.jsonl:1: does not begin with a trace header"),
        (b'{"trace":{"format":1}}\n', "t.jsonl:1: is of format 1; this Cityline reads format 2"),
        (HEADER_LINE, "t.jsonl:1: TraceHeader: TraceHeader needs 'configuration'"),
        (b" " * (LINE_LIMIT + 9), f"t.jsonl:1: a line of more than {LINE_LIMIT} bytes"),
    ],
)
def test_what_is_no_trace_is_refused_with_file_and_line(tmp_path, content, complaint):
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(TraceError) as refusal:
        TraceReader(path)
    assert complaint in str(refusal.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TraceError, match=r"none\.jsonl: No such file or directory"):
        TraceReader(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"action":{"is":"StopRinging","port":"fxs1"}}', "t.jsonl:2: an action before the first event"),
        ('{"at":[1,2],"event":{"is":"Moonrise"}}', "t.jsonl:2: is: expected one of"),
        ('{"at":[1],"event":{"is":"ShutdownRequested"}}', "t.jsonl:2: value: expected an array of 2"),
        ('{"at":[1,2],"event":{"is":"ShutdownRequested"}}\n{"x":1}', "t.jsonl:3: is neither an event"),
        ('{"end":"stopped"}\n{"end":"stopped"}', "t.jsonl:3: goes on after its end"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, complaint):
    path = written(tmp_path, []).path
    path = path.rename(tmp_path / "t.jsonl")
    path.write_text(path.read_text().splitlines()[0] + "\n" + line + "\n")
    with pytest.raises(TraceError) as refusal:
        list(TraceReader(path).steps())
    assert complaint in str(refusal.value)


@pytest.fixture(scope="module")
def whole_trace(tmp_path_factory) -> bytes:
    return written(tmp_path_factory.mktemp("trace"), EVENTS).path.read_bytes()


@given(data=st.data())
def test_damaged_bytes_are_refused_with_a_line_or_read(tmp_path_factory, whole_trace, data):
    """Fuzz: a few bytes of a good trace are replaced or removed; nothing but `TraceError` may come of it."""
    raw = bytearray(whole_trace)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw) - 1))
        end = min(len(raw), start + data.draw(st.integers(0, 12)))
        raw[start:end] = data.draw(st.binary(max_size=12))
        if not raw:
            break
    path = tmp_path_factory.mktemp("fuzz") / "t.jsonl"
    path.write_bytes(bytes(raw))
    with contextlib.suppress(TraceError):
        list(TraceRun(path).steps())


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_the_files_name(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("fuzz") / "t.jsonl"
    path.write_bytes(raw)
    with pytest.raises(TraceError, match=r"t\.jsonl"):
        TraceRun(path)

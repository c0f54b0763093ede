"""Signs that the far end answered, and signs that it is gone; what looks like one and is none."""

import pytest

from gateway.line.supervision import (
    FarEndAnswered,
    FarEndGone,
    RingbackHeard,
    Supervision,
    WatchForAnswer,
    WatchForLeaving,
)
from gateway.model.causes import Cause, Evidence
from gateway.model.events import LoopCurrent, PolarityReversed, ToneHeard
from gateway.model.numbers import NodeId, PortId, ToneKind
from tests.line.listening import Bench, Listener


class Line:
    def __init__(self) -> None:
        self.listener = Listener()
        self.machine = Supervision("fxo1", self.listener, 12_000)
        self.bench = Bench([self.machine])

    def tone(self, kind: ToneKind, present: bool = True) -> None:
        self.bench.take(self.machine, ToneHeard(NodeId(5), kind, present, 2))

    def current(self, present: bool) -> None:
        self.bench.take(self.machine, LoopCurrent(PortId("fxo1"), present, self.bench.now_ns))

    def reverses(self) -> None:
        self.bench.take(self.machine, PolarityReversed(PortId("fxo1"), self.bench.now_ns))

    @property
    def heard(self) -> list[object]:
        return self.listener.heard


@pytest.fixture
def dialled() -> Line:
    line = Line()
    line.bench.take(line.machine, WatchForAnswer())
    return line


@pytest.fixture
def talking() -> Line:
    line = Line()
    line.bench.take(line.machine, WatchForLeaving())
    return line


@pytest.mark.parametrize(
    ("kind", "cause", "evidence"),
    [
        (ToneKind.BUSY, Cause.USER_BUSY, Evidence.BUSY_TONE),
        (ToneKind.CONGESTION, Cause.CONGESTION, Evidence.CONGESTION_TONE),
        (ToneKind.SIT, Cause.UNALLOCATED_NUMBER, Evidence.CONGESTION_TONE),
    ],
)
def test_a_tone_after_dialling_says_why_nobody_answers(
    dialled: Line, kind: ToneKind, cause: Cause, evidence: Evidence
) -> None:
    dialled.tone(kind)
    assert dialled.heard == [FarEndGone(cause, evidence)]


def test_the_same_tone_in_a_conversation_is_a_hang_up(talking: Line) -> None:
    talking.tone(ToneKind.BUSY)
    assert talking.heard == [FarEndGone(Cause.NORMAL_CLEARING, Evidence.BUSY_TONE)]


def test_a_second_dial_tone_after_the_8_is_no_hang_up(dialled: Line) -> None:
    dialled.tone(ToneKind.DIAL)
    dialled.bench.wait_ms(11_900)
    assert dialled.heard == []


def test_ringback_puts_the_answer_by_silence_off(dialled: Line) -> None:
    dialled.bench.wait_ms(11_000)
    dialled.tone(ToneKind.RINGBACK)
    dialled.bench.wait_ms(60_000)
    assert dialled.heard == [RingbackHeard()]


def test_ringback_may_pause_and_go_on(dialled: Line) -> None:
    dialled.tone(ToneKind.RINGBACK)
    dialled.tone(ToneKind.RINGBACK, present=False)
    dialled.bench.wait_ms(1_600)
    dialled.tone(ToneKind.RINGBACK)
    dialled.bench.wait_ms(10_000)
    assert dialled.heard == [RingbackHeard(), RingbackHeard()]


def test_the_answer_is_told_once_and_then_leaving_is_watched(dialled: Line) -> None:
    dialled.tone(ToneKind.RINGBACK)
    dialled.tone(ToneKind.RINGBACK, present=False)
    dialled.bench.wait_ms(1_700)
    dialled.tone(ToneKind.BUSY)
    assert dialled.heard == [
        RingbackHeard(),
        FarEndAnswered(Evidence.RINGBACK_ENDED),
        FarEndGone(Cause.NORMAL_CLEARING, Evidence.BUSY_TONE),
    ]


def test_a_loop_break_in_the_middle_of_dial_tone_loses_nothing(talking: Line) -> None:
    talking.tone(ToneKind.DIAL)
    talking.current(False)
    talking.bench.wait_ms(100)
    talking.current(True)
    talking.bench.wait_ms(2_600)
    assert talking.heard == [FarEndGone(Cause.NORMAL_CLEARING, Evidence.DIAL_TONE)]


def test_a_loop_break_before_the_answer_is_the_networks_fault(dialled: Line) -> None:
    dialled.current(False)
    dialled.bench.wait_ms(201)
    assert dialled.heard == [FarEndGone(Cause.NETWORK_OUT_OF_ORDER, Evidence.LOOP_BREAK)]


def test_a_reversal_on_a_line_that_did_not_reverse_to_answer_means_nothing(talking: Line) -> None:
    talking.reverses()
    talking.bench.wait_ms(5_000)
    talking.reverses()
    assert talking.heard == []


def test_nothing_is_told_of_a_line_that_nobody_watches() -> None:
    line = Line()
    line.tone(ToneKind.BUSY)
    line.current(False)
    line.reverses()
    line.bench.wait_ms(60_000)
    assert line.heard == []

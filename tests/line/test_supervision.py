"""Signs that the far end answered, and signs that it is gone; what looks like one and is none."""

import pytest

from gateway.line.supervision import (
    FarEndAnswered,
    FarEndGone,
    LastMinute,
    RingbackHeard,
    Supervision,
    SupervisionSettings,
    WatchForAnswer,
    WatchForLeaving,
)
from gateway.model.causes import Cause, Evidence
from gateway.model.events import DigitHeard, DigitSource, LoopCurrent, PolarityReversed, ToneHeard, VoiceHeard
from gateway.model.numbers import NodeId, PortId, ToneKind
from tests.line.listening import Bench, Listener


class Line:
    def __init__(self, code: str = "") -> None:
        self.listener = Listener()
        settings = SupervisionSettings(disconnect_code=code)
        self.machine = Supervision("fxo1", self.listener, settings)
        self.bench = Bench([self.machine])

    def tone(self, kind: ToneKind, present: bool = True) -> None:
        self.bench.take(self.machine, ToneHeard(NodeId(5), kind, present, 2))

    def current(self, present: bool) -> None:
        self.bench.take(self.machine, LoopCurrent(PortId("fxo1"), present, self.bench.now_ns))

    def reverses(self) -> None:
        self.bench.take(self.machine, PolarityReversed(PortId("fxo1"), self.bench.now_ns))

    def voice(self, present: bool = True) -> None:
        self.bench.take(self.machine, VoiceHeard(NodeId(5), present))

    def digits(self, digits: str, pause_ms: int = 100) -> None:
        for digit in digits:
            self.bench.take(self.machine, DigitHeard(NodeId(5), digit, 80, DigitSource.IN_BAND))
            self.bench.wait_ms(pause_ms)

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
        (ToneKind.SIT, Cause.UNALLOCATED_NUMBER, Evidence.SIT),
        (ToneKind.HOWLER, Cause.NETWORK_OUT_OF_ORDER, Evidence.HOWLER),
    ],
)
def test_a_tone_after_dialling_says_why_nobody_answers(
    dialled: Line, kind: ToneKind, cause: Cause, evidence: Evidence
) -> None:
    dialled.tone(kind)
    assert dialled.heard == [FarEndGone(cause, evidence)]


@pytest.mark.parametrize(
    ("kind", "evidence"),
    [
        (ToneKind.BUSY, Evidence.BUSY_TONE),
        (ToneKind.CONGESTION, Evidence.CONGESTION_TONE),
        (ToneKind.SIT, Evidence.SIT),
        (ToneKind.HOWLER, Evidence.HOWLER),
    ],
)
def test_the_same_tone_in_a_conversation_is_a_hang_up(
    talking: Line, kind: ToneKind, evidence: Evidence
) -> None:
    talking.tone(kind)
    assert talking.heard == [FarEndGone(Cause.NORMAL_CLEARING, evidence)]


@pytest.mark.parametrize("kind", [ToneKind.DIAL, ToneKind.STUTTER_DIAL])
def test_dial_tone_that_stays_is_a_hang_up_and_a_short_one_is_not(talking: Line, kind: ToneKind) -> None:
    talking.tone(kind)
    talking.bench.wait_ms(2_400)
    talking.tone(kind, present=False)
    talking.bench.wait_ms(10_000)
    assert talking.heard == []
    talking.tone(kind)
    talking.bench.wait_ms(2_501)
    assert talking.heard == [FarEndGone(Cause.NORMAL_CLEARING, Evidence.DIAL_TONE)]


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


def test_the_first_reversal_is_the_answer_and_the_second_the_end(dialled: Line) -> None:
    dialled.reverses()
    dialled.bench.wait_ms(10_000)
    dialled.reverses()
    assert dialled.heard == [
        FarEndAnswered(Evidence.POLARITY),
        FarEndGone(Cause.NORMAL_CLEARING, Evidence.POLARITY),
    ]


def test_a_reversal_in_the_guard_time_belongs_to_the_answer(dialled: Line) -> None:
    dialled.reverses()
    dialled.bench.wait_ms(590)
    dialled.reverses()
    dialled.bench.wait_ms(10_000)
    assert dialled.heard == [FarEndAnswered(Evidence.POLARITY)]


def test_a_line_that_reverses_when_we_answer_turns_back_at_the_end(talking: Line) -> None:
    talking.bench.wait_ms(300)
    talking.reverses()
    talking.bench.wait_ms(60_000)
    talking.reverses()
    assert talking.heard == [FarEndGone(Cause.NORMAL_CLEARING, Evidence.POLARITY)]


def test_a_reversal_on_a_line_that_did_not_reverse_to_answer_means_nothing(talking: Line) -> None:
    talking.bench.wait_ms(2_100)
    talking.reverses()
    talking.bench.wait_ms(5_000)
    talking.reverses()
    assert talking.heard == []


# --- voices -----------------------------------------------------------------------------------------------


def test_a_voice_without_ringback_is_an_answer_after_a_while(dialled: Line) -> None:
    dialled.bench.wait_ms(3_000)
    dialled.voice()
    dialled.bench.wait_ms(1_490)
    assert dialled.heard == []
    dialled.bench.wait_ms(20)
    assert dialled.heard == [FarEndAnswered(Evidence.VOICE)]


def test_what_turns_out_to_be_ringback_was_no_voice(dialled: Line) -> None:
    dialled.voice()
    dialled.bench.wait_ms(1_000)
    dialled.tone(ToneKind.RINGBACK)
    dialled.bench.wait_ms(10_000)
    assert dialled.heard == [RingbackHeard()]


def test_a_voice_that_ends_at_once_is_no_answer(dialled: Line) -> None:
    dialled.voice()
    dialled.bench.wait_ms(1_000)
    dialled.voice(present=False)
    dialled.bench.wait_ms(5_000)
    assert dialled.heard == []


@pytest.mark.parametrize("early", [True, False])
def test_a_voice_after_ringback_is_an_answer_at_once(dialled: Line, early: bool) -> None:
    dialled.tone(ToneKind.RINGBACK)
    if early:
        dialled.voice()
    dialled.tone(ToneKind.RINGBACK, present=False)
    dialled.bench.wait_ms(200)
    if not early:
        dialled.voice()
    assert dialled.heard == [RingbackHeard(), FarEndAnswered(Evidence.VOICE)]


# --- code and clock ---------------------------------------------------------------------------------------


def test_the_exchanges_code_ends_the_call_also_after_other_digits() -> None:
    line = Line("#9")
    line.bench.take(line.machine, WatchForLeaving())
    line.digits("12#")
    assert line.heard == []
    line.digits("9")
    assert line.heard == [FarEndGone(Cause.NORMAL_CLEARING, Evidence.DTMF_CODE)]


@pytest.mark.parametrize(
    ("code", "digits", "pause_ms"), [("#9", "#9", 3_100), ("#9", "9#", 100), ("", "DD", 100)]
)
def test_other_digits_are_somebody_who_presses_keys(code: str, digits: str, pause_ms: int) -> None:
    line = Line(code)
    line.bench.take(line.machine, WatchForLeaving())
    line.digits(digits, pause_ms)
    assert line.heard == []


def test_no_call_lasts_for_ever_and_a_warning_comes_first(talking: Line) -> None:
    hours_ms = 4 * 3_600_000
    talking.bench.wait_ms(hours_ms - 60_100)
    assert talking.heard == []
    talking.bench.wait_ms(200)
    assert talking.heard == [LastMinute()]
    talking.current(False)
    talking.bench.wait_ms(100)
    talking.current(True)
    talking.bench.wait_ms(60_000)
    assert talking.heard == [LastMinute(), FarEndGone(Cause.RECOVERY_ON_TIMER, Evidence.LONGEST_CALL)]


def test_the_longest_call_is_counted_from_the_answer(dialled: Line) -> None:
    dialled.tone(ToneKind.RINGBACK)
    dialled.bench.wait_ms(3 * 3_600_000)
    dialled.reverses()
    dialled.bench.wait_ms(2 * 3_600_000)
    assert dialled.heard == [RingbackHeard(), FarEndAnswered(Evidence.POLARITY)]


def test_nothing_is_told_of_a_line_that_nobody_watches() -> None:
    line = Line()
    line.tone(ToneKind.BUSY)
    line.current(False)
    line.reverses()
    line.voice()
    line.bench.wait_ms(60_000)
    assert line.heard == []

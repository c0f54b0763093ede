"""How we know that the far end of a city line answered, and how we know that it is gone.

An analog line says little. Signs that the far end answered: the ringback tone ended without a busy tone after
it, the polarity reversed, or nothing but silence and voices followed the dialling for a while. Signs that it
is gone: busy or congestion tone (the tone receiver reports it within two cycles and 100 ms), dial tone that
stays, a break of the loop current (calling party control: 200 ms and more), the polarity going back. Each
sign is the call's *evidence*.

A burst of ringback has the frequency of dial tone in many countries; so dial tone counts only in a
conversation, and only when it lasts longer than any burst.
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.model.causes import Cause, Evidence
from gateway.model.events import LoopCurrent, PolarityReversed, ToneHeard
from gateway.model.machine import STAY, EventTaker, Machine, Row, StateTimer, Step
from gateway.model.numbers import NS_PER_MS, ToneKind

ANSWER_CONFIRM_MS = 1_700
"""From the end of ringback to an answer: time for a busy tone to show itself (two cycles and 100 ms)."""
DIAL_TONE_MIN_MS = 2_500
"""Dial tone in a conversation must last longer than any ringback burst (2 s in North America)."""
LOOP_BREAK_MIN_MS = 200
"""A shorter loss of current is noise or the echo of dialling (hardware facts, section 4)."""
POLARITY_MIN_MS = 600
"""A reversal sooner than this after the answer's belongs to the answer (Asterisk's polarityonanswerdelay)."""


@dataclass(frozen=True, slots=True)
class WatchForAnswer:
    """The number is dialled: watch for an answer and for tones that say why there will be none."""


@dataclass(frozen=True, slots=True)
class WatchForLeaving:
    """Both ends talk: watch for the far end leaving."""


@dataclass(frozen=True, slots=True)
class StopWatching:
    """The line is released."""


@dataclass(frozen=True, slots=True)
class RingbackHeard:
    """The far end rings."""


@dataclass(frozen=True, slots=True)
class FarEndAnswered:
    """The far end answered."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class FarEndGone:
    """The far end is gone, or cannot be had."""

    cause: Cause
    evidence: Evidence


class SupervisionState(Enum):
    """What we believe of the far end."""

    OFF = auto()
    DIALLED = auto()  # nothing heard yet
    RINGBACK = auto()
    RINGBACK_ENDED = auto()  # an answer, unless busy tone follows
    ANSWERED = auto()
    DIAL_TONE = auto()  # in a conversation: perhaps it is gone
    LOOP_BREAK = auto()  # no current: perhaps it is gone


V = SupervisionState
SILENCE = StateTimer(
    "answer_after_dialling", (V.DIALLED,), 12_000, "dialled and no tone for this long: it counts as answered"
)
CONFIRM = StateTimer(
    "confirm_answer", (V.RINGBACK_ENDED,), ANSWER_CONFIRM_MS, "no busy tone follows: answered"
)
DIAL_TONE_LASTS = StateTimer(
    "dial_tone_lasts", (V.DIAL_TONE,), DIAL_TONE_MIN_MS, "dial tone: the far end is gone"
)
BREAK_LASTS = StateTimer("loop_break", (V.LOOP_BREAK,), LOOP_BREAK_MIN_MS, "no current: the far end is gone")

_WAITING = (V.DIALLED, V.RINGBACK, V.RINGBACK_ENDED)
_WATCHING = (*_WAITING, V.ANSWERED, V.DIAL_TONE)

_GONE_WHILE_WAITING = {
    ToneKind.BUSY: FarEndGone(Cause.USER_BUSY, Evidence.BUSY_TONE),
    ToneKind.CONGESTION: FarEndGone(Cause.CONGESTION, Evidence.CONGESTION_TONE),
    ToneKind.SIT: FarEndGone(Cause.UNALLOCATED_NUMBER, Evidence.CONGESTION_TONE),
}
_GONE_WHILE_TALKING = {
    ToneKind.BUSY: FarEndGone(Cause.NORMAL_CLEARING, Evidence.BUSY_TONE),
    ToneKind.CONGESTION: FarEndGone(Cause.NORMAL_CLEARING, Evidence.CONGESTION_TONE),
}


class Supervision(Machine[SupervisionState]):
    """The far end of one city line."""

    kind = "supervision"
    initial = V.OFF
    timers = (SILENCE, CONFIRM, DIAL_TONE_LASTS, BREAK_LASTS)
    rows = (
        Row(V.OFF, WatchForAnswer, V.DIALLED, "watch"),
        Row(V.OFF, WatchForLeaving, V.ANSWERED, "watch"),
        Row(V.DIALLED, WatchForAnswer, V.DIALLED, "watch", restarts=True),
        Row((V.RINGBACK, V.RINGBACK_ENDED), WatchForAnswer, V.DIALLED, "watch"),
        Row((V.DIALLED, V.RINGBACK_ENDED), ToneHeard, (STAY, V.RINGBACK, V.OFF), "hear_while_waiting"),
        Row(V.RINGBACK, ToneHeard, (STAY, V.RINGBACK_ENDED, V.OFF), "hear_while_waiting"),
        Row((V.ANSWERED, V.DIAL_TONE), ToneHeard, (V.ANSWERED, V.DIAL_TONE, V.OFF), "hear_while_talking"),
        Row(V.DIALLED, SILENCE, V.ANSWERED, "answered_by_silence"),
        Row(V.RINGBACK_ENDED, CONFIRM, V.ANSWERED, "answered_after_ringback"),
        Row(V.DIAL_TONE, DIAL_TONE_LASTS, V.OFF, "gone_by_dial_tone"),
        Row(_WATCHING, LoopCurrent, (STAY, V.LOOP_BREAK), "see_current"),
        Row(V.LOOP_BREAK, LoopCurrent, (*_WATCHING, V.LOOP_BREAK), "see_current_again"),
        Row(V.LOOP_BREAK, BREAK_LASTS, V.OFF, "gone_by_loop_break"),
        Row(_WAITING, PolarityReversed, V.ANSWERED, "answered_by_polarity"),
        Row((V.ANSWERED, V.DIAL_TONE), PolarityReversed, (V.ANSWERED, V.OFF), "see_polarity"),
        Row((*_WATCHING, V.LOOP_BREAK), StopWatching, V.OFF, "watch"),
    )

    def __init__(self, name: str, owner: EventTaker, answer_after_dialling_ms: int) -> None:
        super().__init__(name)
        self._owner = owner
        self._answer_after_dialling_ms = answer_after_dialling_ms
        self._before_break: SupervisionState = V.OFF
        self._reversed_ns: int | None = None

    def stop(self, step: Step) -> None:
        """The line is released, whatever was seen."""
        if self.permits(StopWatching):
            self.take(StopWatching(), step)

    def watch(self, order: object, step: Step) -> None:
        """Begin, or begin again, or stop."""
        self._reversed_ns = None

    # --- tones ----------------------------------------------------------------------------------------------

    def hear_while_waiting(self, tone: ToneHeard, step: Step) -> SupervisionState:
        """Ringback, its end, or a tone that says why nobody will answer."""
        if tone.kind is ToneKind.RINGBACK:
            if tone.present:
                self._owner.take(RingbackHeard(), step)
                return V.RINGBACK
            return V.RINGBACK_ENDED if self.state is V.RINGBACK else self.state
        gone = _GONE_WHILE_WAITING.get(tone.kind) if tone.present else None
        return self.state if gone is None else self._tell_gone(gone, step)

    def hear_while_talking(self, tone: ToneHeard, step: Step) -> SupervisionState:
        """A tone instead of a voice: the far end has hung up."""
        if tone.kind is ToneKind.DIAL:
            return V.DIAL_TONE if tone.present else V.ANSWERED
        gone = _GONE_WHILE_TALKING.get(tone.kind) if tone.present else None
        return self.state if gone is None else self._tell_gone(gone, step)

    def gone_by_dial_tone(self, timer: StateTimer, step: Step) -> None:
        """The city asks for digits: the conversation is over."""
        self._tell_gone(FarEndGone(Cause.NORMAL_CLEARING, Evidence.DIAL_TONE), step)

    def answered_by_silence(self, timer: StateTimer, step: Step) -> None:
        """No tone at all since the dialling."""
        self._owner.take(FarEndAnswered(Evidence.DIALLING_DONE), step)

    def answered_after_ringback(self, timer: StateTimer, step: Step) -> None:
        """It rang, and then it did not, and it is not busy."""
        self._owner.take(FarEndAnswered(Evidence.RINGBACK_ENDED), step)

    # --- the wire -------------------------------------------------------------------------------------------

    def see_current(self, current: LoopCurrent, step: Step) -> SupervisionState:
        """The current is gone: for how long?"""
        if current.present:
            return self.state
        self._before_break = self.state
        return V.LOOP_BREAK

    def see_current_again(self, current: LoopCurrent, step: Step) -> SupervisionState:
        """Back soon enough: nothing has happened."""
        return self._before_break if current.present else V.LOOP_BREAK

    def gone_by_loop_break(self, timer: StateTimer, step: Step) -> None:
        """The city has taken the current away."""
        before = self._before_break
        cause = Cause.NORMAL_CLEARING if before in (V.ANSWERED, V.DIAL_TONE) else Cause.NETWORK_OUT_OF_ORDER
        self._tell_gone(FarEndGone(cause, Evidence.LOOP_BREAK), step)

    def answered_by_polarity(self, event: PolarityReversed, step: Step) -> None:
        """The best sign there is."""
        self._reversed_ns = event.at_ns
        self._owner.take(FarEndAnswered(Evidence.POLARITY), step)

    def see_polarity(self, event: PolarityReversed, step: Step) -> SupervisionState:
        """Back again means gone, on a line that reversed to say answered."""
        if self._reversed_ns is None or event.at_ns - self._reversed_ns < POLARITY_MIN_MS * NS_PER_MS:
            return V.ANSWERED
        return self._tell_gone(FarEndGone(Cause.NORMAL_CLEARING, Evidence.POLARITY), step)

    def _tell_gone(self, gone: FarEndGone, step: Step) -> SupervisionState:
        self._owner.take(gone, step)
        return V.OFF

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """The wait for an answer is the line's own."""
        return self._answer_after_dialling_ms if timer is SILENCE else timer.default_ms

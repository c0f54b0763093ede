"""How we know that the far end of a city line answered, and how we know that it is gone.

An analog line says little. Signs that the far end answered: the polarity reversed, the ringback tone ended
without a busy tone after it, a voice is heard, or no tone at all followed the dialling for a while. Signs
that it is gone, all watched for at the same time: busy or congestion tone (the tone receiver reports it
within two cycles and 100 ms), dial tone that stays (plain or stuttered), a special information tone, a
howler, a break of the loop current (calling party control: 200 ms and more), the polarity going back, a code
in DTMF from an exchange that sends one; and at the latest the longest time that a call may last, with a
warning before it. That nobody speaks any more is watched by `line.silence`. Each sign is the call's
*evidence*.

A burst of ringback has the frequency of dial tone in many countries; so dial tone counts only in a
conversation, and only when it lasts longer than any burst.
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.model.causes import Cause, Evidence
from gateway.model.events import DigitHeard, LoopCurrent, PolarityReversed, ToneHeard, VoiceHeard
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
REVERSAL_OF_OUR_ANSWER_MS = 2_000
"""A line that reverses within this of our answering an incoming call confirms it, and turns back to end."""
VOICE_CONFIRM_MS = 1_500
"""From a voice to an answer where no ringback was heard: one of two seconds has shown itself by then."""
LAST_MINUTE_MS = 60_000
"""So long before the longest call ends both are warned."""
OWN_BREAK_MARGIN_MS = 100
"""After a flash of ours, until loop current says something again: detectors are up to 20 ms late."""
RECALL_MS = 20_000
"""After a flash the exchange gives dial tone: so long for the number of another party."""
CODE_PAUSE_MS = 3_000
"""Digits of a disconnect code that are farther apart belong to no code."""


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


@dataclass(frozen=True, slots=True)
class LastMinute:
    """The longest time that a call may last is nearly over."""


@dataclass(frozen=True, slots=True)
class SupervisionSettings:
    """What of it is the line's own. ``disconnect_code``: DTMF digits, empty for none."""

    answer_after_dialling_ms: int = 12_000
    longest_call_ms: int = 4 * 3_600_000
    disconnect_code: str = ""


class SupervisionState(Enum):
    """What we believe of the far end."""

    OFF = auto()
    DIALLED = auto()  # nothing heard yet
    RINGBACK = auto()
    RINGBACK_ENDED = auto()  # an answer, unless busy tone follows
    VOICE = auto()  # a voice, and no ringback: an answer, unless a tone follows
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
VOICE_LASTS = StateTimer("confirm_voice", (V.VOICE,), VOICE_CONFIRM_MS, "a voice and no tone: answered")
BREAK_LASTS = StateTimer("loop_break", (V.LOOP_BREAK,), LOOP_BREAK_MIN_MS, "no current: the far end is gone")

_WAITING = (V.DIALLED, V.RINGBACK, V.RINGBACK_ENDED, V.VOICE)
_NO_RINGBACK = (V.DIALLED, V.RINGBACK_ENDED, V.VOICE)
_WATCHING = (*_WAITING, V.ANSWERED, V.DIAL_TONE)
_TALKING = (V.ANSWERED, V.DIAL_TONE, V.LOOP_BREAK)
"""A break that began before an answer is among them for the 200 ms that it may last."""
WARN = StateTimer("last_minute", _TALKING, 4 * 3_600_000 - LAST_MINUTE_MS, "the longest call is nearly over")
LONGEST = StateTimer("longest_call", _TALKING, 4 * 3_600_000, "no call lasts longer: ended")

_GONE_WHILE_WAITING = {
    ToneKind.BUSY: FarEndGone(Cause.USER_BUSY, Evidence.BUSY_TONE),
    ToneKind.CONGESTION: FarEndGone(Cause.CONGESTION, Evidence.CONGESTION_TONE),
    ToneKind.SIT: FarEndGone(Cause.UNALLOCATED_NUMBER, Evidence.SIT),
    ToneKind.HOWLER: FarEndGone(Cause.NETWORK_OUT_OF_ORDER, Evidence.HOWLER),
}
_GONE_WHILE_TALKING = {
    ToneKind.BUSY: FarEndGone(Cause.NORMAL_CLEARING, Evidence.BUSY_TONE),
    ToneKind.CONGESTION: FarEndGone(Cause.NORMAL_CLEARING, Evidence.CONGESTION_TONE),
    ToneKind.SIT: FarEndGone(Cause.NORMAL_CLEARING, Evidence.SIT),
    ToneKind.HOWLER: FarEndGone(Cause.NORMAL_CLEARING, Evidence.HOWLER),
}
_DIAL_TONES = (ToneKind.DIAL, ToneKind.STUTTER_DIAL)


class Supervision(Machine[SupervisionState]):
    """The far end of one city line."""

    kind = "supervision"
    initial = V.OFF
    timers = (SILENCE, CONFIRM, VOICE_LASTS, DIAL_TONE_LASTS, BREAK_LASTS, WARN, LONGEST)
    rows = (
        Row(V.OFF, WatchForAnswer, V.DIALLED, "watch"),
        Row(V.OFF, WatchForLeaving, V.ANSWERED, "watch"),
        Row(V.DIALLED, WatchForAnswer, V.DIALLED, "watch", restarts=True),
        Row((V.RINGBACK, V.RINGBACK_ENDED, V.VOICE), WatchForAnswer, V.DIALLED, "watch"),
        Row(_NO_RINGBACK, ToneHeard, (STAY, V.RINGBACK, V.OFF), "hear_while_waiting"),
        Row(V.RINGBACK, ToneHeard, (STAY, V.RINGBACK_ENDED, V.ANSWERED, V.OFF), "hear_while_waiting"),
        Row(V.DIALLED, VoiceHeard, (V.DIALLED, V.VOICE), "hear_voice"),
        Row(V.VOICE, VoiceHeard, (V.DIALLED, V.VOICE), "hear_voice"),
        Row(V.RINGBACK, VoiceHeard, V.RINGBACK, "note_voice"),
        Row(V.RINGBACK_ENDED, VoiceHeard, (V.RINGBACK_ENDED, V.ANSWERED), "hear_voice_after_ringback"),
        Row((V.ANSWERED, V.DIAL_TONE, V.LOOP_BREAK), VoiceHeard, STAY, "note_voice", quiet=True),
        Row((V.ANSWERED, V.DIAL_TONE), DigitHeard, (STAY, V.OFF), "hear_digit"),
        Row((V.ANSWERED, V.DIAL_TONE), ToneHeard, (V.ANSWERED, V.DIAL_TONE, V.OFF), "hear_while_talking"),
        Row(V.DIALLED, SILENCE, V.ANSWERED, "answered_by_silence"),
        Row(V.RINGBACK_ENDED, CONFIRM, V.ANSWERED, "answered_after_ringback"),
        Row(V.VOICE, VOICE_LASTS, V.ANSWERED, "answered_by_voice"),
        Row(V.DIAL_TONE, DIAL_TONE_LASTS, V.OFF, "gone_by_dial_tone"),
        Row(_TALKING, WARN, STAY, "warn"),
        Row(_TALKING, LONGEST, V.OFF, "gone_by_the_clock"),
        Row(_WATCHING, LoopCurrent, (STAY, V.LOOP_BREAK), "see_current"),
        Row(V.LOOP_BREAK, LoopCurrent, (*_WATCHING, V.LOOP_BREAK), "see_current_again"),
        Row(V.LOOP_BREAK, BREAK_LASTS, V.OFF, "gone_by_loop_break"),
        Row(_WAITING, PolarityReversed, V.ANSWERED, "answered_by_polarity"),
        Row((V.ANSWERED, V.DIAL_TONE), PolarityReversed, (V.ANSWERED, V.OFF), "see_polarity"),
        Row((*_WATCHING, V.LOOP_BREAK), StopWatching, V.OFF, "watch"),
    )

    def __init__(self, name: str, owner: EventTaker, settings: SupervisionSettings) -> None:
        super().__init__(name)
        self._owner = owner
        self._settings = settings
        self._before_break: SupervisionState = V.OFF
        self._reversed_ns: int | None = None
        self._we_answered_ns: int | None = None
        """When we answered a call of the city's."""
        self._voice = False
        self._own_break_ns = self._recall_ns = 0
        self._code = ""
        self._digit_ns = 0

    def note_own_break(self, lasts_ms: int, step: Step) -> None:
        """We break the loop ourselves, a flash: no current is no sign for a moment, nor is the dial tone that
        the exchange answers with.
        """
        self._own_break_ns = step.now.monotonic_ns + (lasts_ms + OWN_BREAK_MARGIN_MS) * NS_PER_MS
        self._recall_ns = step.now.monotonic_ns + RECALL_MS * NS_PER_MS

    def stop(self, step: Step) -> None:
        """The line is released, whatever was seen."""
        if self.permits(StopWatching):
            self.take(StopWatching(), step)

    def watch(self, order: object, step: Step) -> None:
        """Begin, or begin again, or stop."""
        self._reversed_ns = None
        self._we_answered_ns = step.now.monotonic_ns if isinstance(order, WatchForLeaving) else None
        self._voice, self._code = False, ""

    # --- tones ----------------------------------------------------------------------------------------------

    def hear_while_waiting(self, tone: ToneHeard, step: Step) -> SupervisionState:
        """Ringback, its end, or a tone that says why nobody will answer."""
        if tone.kind is ToneKind.RINGBACK:
            if tone.present:
                self._owner.take(RingbackHeard(), step)
                return V.RINGBACK
            return self._ringback_ends(step) if self.state is V.RINGBACK else self.state
        gone = _GONE_WHILE_WAITING.get(tone.kind) if tone.present else None
        return self.state if gone is None else self._tell_gone(gone, step)

    def _ringback_ends(self, step: Step) -> SupervisionState:
        """Somebody speaks already: answered. Else a busy tone may follow."""
        if not self._voice:
            return V.RINGBACK_ENDED
        self._owner.take(FarEndAnswered(Evidence.VOICE), step)
        return V.ANSWERED

    def hear_while_talking(self, tone: ToneHeard, step: Step) -> SupervisionState:
        """A tone instead of a voice: the far end has hung up."""
        if tone.kind in _DIAL_TONES and step.now.monotonic_ns < self._recall_ns:
            return self.state
        if tone.kind in _DIAL_TONES:
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

    # --- voices ---------------------------------------------------------------------------------------------

    def note_voice(self, voice: VoiceHeard, step: Step) -> None:
        """Somebody speaks there, or has stopped."""
        self._voice = voice.present

    def hear_voice(self, voice: VoiceHeard, step: Step) -> SupervisionState:
        """Somebody, perhaps; a ringback that has only begun may sound like it."""
        self._voice = voice.present
        return V.VOICE if voice.present else V.DIALLED

    def hear_voice_after_ringback(self, voice: VoiceHeard, step: Step) -> SupervisionState:
        """It rang, and now somebody speaks."""
        self._voice = voice.present
        if not voice.present:
            return V.RINGBACK_ENDED
        self._owner.take(FarEndAnswered(Evidence.VOICE), step)
        return V.ANSWERED

    def answered_by_voice(self, timer: StateTimer, step: Step) -> None:
        """A voice, and no tone with it."""
        self._owner.take(FarEndAnswered(Evidence.VOICE), step)

    def hear_digit(self, digit: DigitHeard, step: Step) -> SupervisionState:
        """An exchange of an office sends a code when its side has gone."""
        code, now_ns = self._settings.disconnect_code, step.now.monotonic_ns
        if now_ns - self._digit_ns > CODE_PAUSE_MS * NS_PER_MS:
            self._code = ""
        self._digit_ns = now_ns
        self._code = (self._code + digit.digit)[-len(code) :] if code else ""
        if not code or self._code != code:
            return self.state
        return self._tell_gone(FarEndGone(Cause.NORMAL_CLEARING, Evidence.DTMF_CODE), step)

    # --- the clock ------------------------------------------------------------------------------------------

    def warn(self, timer: StateTimer, step: Step) -> None:
        """A minute is left."""
        self._owner.take(LastMinute(), step)

    def gone_by_the_clock(self, timer: StateTimer, step: Step) -> None:
        """No line is held for ever."""
        self._tell_gone(FarEndGone(Cause.RECOVERY_ON_TIMER, Evidence.LONGEST_CALL), step)

    # --- the wire -------------------------------------------------------------------------------------------

    def see_current(self, current: LoopCurrent, step: Step) -> SupervisionState:
        """The current is gone: for how long?"""
        if current.present or current.at_ns < self._own_break_ns:
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
        since_ns = event.at_ns - (self._reversed_ns or 0)
        if self._reversed_ns is None:
            ours_ns = self._we_answered_ns
            if ours_ns is not None and event.at_ns - ours_ns <= REVERSAL_OF_OUR_ANSWER_MS * NS_PER_MS:
                self._reversed_ns = event.at_ns
            return V.ANSWERED
        if since_ns < POLARITY_MIN_MS * NS_PER_MS:
            return V.ANSWERED
        return self._tell_gone(FarEndGone(Cause.NORMAL_CLEARING, Evidence.POLARITY), step)

    def _tell_gone(self, gone: FarEndGone, step: Step) -> SupervisionState:
        self._owner.take(gone, step)
        return V.OFF

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """The wait for an answer and the longest call are the line's own."""
        if timer is SILENCE:
            return self._settings.answer_after_dialling_ms
        if timer is WARN:
            return max(1, self._settings.longest_call_ms - LAST_MINUTE_MS)
        return self._settings.longest_call_ms if timer is LONGEST else timer.default_ms

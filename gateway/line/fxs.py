"""A telephone on one of our ports: its bell, its dial tone, its digits, and a handset that is left off.

The contact is read by `line.hook`, the number is put together by `line.digits`; this machine says what a
lift, a flash or a digit *does*. What a telephone in a call hears is its call's business; out of a call it is
this machine's: `tone`.
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.line.bell import BellRinger, BellState, Ring, Silence
from gateway.line.contact import ContactWatch
from gateway.line.digits import DigitCollector, NumberingPlan
from gateway.line.hook import Flash, Hook, HookSettings, OffHook, OnHook, PulseBegan, PulseDigit
from gateway.line.identity import Caller, IdentityScheme, Spelling
from gateway.line.ringing import Bell
from gateway.model.actions import CureAlarm, RaiseAlarm, SetLoop, SetPolarity, StopRinging
from gateway.model.causes import Cause, Evidence
from gateway.model.events import DigitHeard, DigitStarted, PortFailed, PortRestored
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId, ToneKind
from gateway.model.signals import (
    Alert,
    Answered,
    Clear,
    Connect,
    Dialled,
    DigitPressed,
    Flashed,
    Identify,
    Left,
    Lifted,
    Progress,
)


@dataclass(frozen=True, slots=True)
class FxsSettings:
    """One telephone. ``paired``: lifting it takes its city line instead of giving dial tone. ``identity``:
    how it is told who calls; ``spelling``: names as it can show them, in ``letters``.
    """

    bell: Bell
    hook: HookSettings
    paired: bool = False
    first_digit_ms: int = 15_000
    interdigit_ms: int = 4_000
    identity: IdentityScheme | None = None
    spelling: Spelling = str
    letters: str = "ascii"
    hotline: str = ""
    """Dialled by itself ``hotline_after_ms`` after the lift, unless its user dials first."""
    hotline_after_ms: int = 0
    reoriginate_after_ms: int = 0
    """Fresh dial tone so long after a call that the other end cleared; 0: busy tone, then the howler."""
    called_held_ms: int = 0
    """A called party who puts the handset down may take it up again for so long; 0: that ends the call."""
    answer_reversal: bool = False
    """Polarity is reversed while an outgoing call is answered."""
    clear_break_ms: int = 0
    """The loop is broken for so long when the other end clears, before the tone; 0: it is not."""


class FxsState(Enum):
    """What the telephone is doing."""

    IDLE = auto()
    RINGING = auto()
    DIAL_TONE = auto()
    DIALLING = auto()  # some digits, not yet a number
    CALLING = auto()  # dialled; the call decides what is heard
    TALKING = auto()
    LAID_DOWN = auto()  # a called party may take the handset up again: the call is still there
    BROKEN = auto()  # the other end has cleared, and the broken loop says so
    CLEARED = auto()  # the call is over, the handset is not: busy or congestion tone
    HOWLER = auto()
    LEFT_OFF_HOOK = auto()  # nobody listens: silent, with an alarm
    FAILED = auto()


F = FxsState
FIRST_DIGIT = StateTimer(
    "first_digit", (F.DIAL_TONE,), 15_000, "dial tone without a digit, then congestion tone"
)
INTERDIGIT = StateTimer(
    "interdigit", (F.DIALLING,), 4_000, "pause after which what was dialled is the number"
)
BUSY_TONE = StateTimer("busy_tone", (F.CLEARED,), 20_000, "busy or congestion tone, then the howler")
LAID = StateTimer("laid_down", (F.LAID_DOWN,), 60_000, "a called party does not take the handset up again")
BREAK = StateTimer("loop_break", (F.BROKEN,), 600, "the loop is broken at the end of a call; then the tone")
HOWL = StateTimer("howl", (F.HOWLER,), 60_000, "howler, then silence and an alarm")

_OFF_HOOK = (F.DIAL_TONE, F.DIALLING, F.CLEARED, F.HOWLER, F.LEFT_OFF_HOOK)
_IN_CALL = (F.CALLING, F.TALKING)

_TONE_OF_CAUSE = {
    Cause.NORMAL_CLEARING: ToneKind.BUSY,
    Cause.USER_BUSY: ToneKind.BUSY,
    Cause.NO_ANSWER: ToneKind.BUSY,
    Cause.CALL_REJECTED: ToneKind.BUSY,
}
"""What a caller hears when the call ends for this cause; for every other one congestion tone."""


class Fxs(Machine[FxsState]):
    """One FXS port and the telephone on it."""

    kind = "fxs"
    initial = F.IDLE
    timers = (FIRST_DIGIT, INTERDIGIT, LAID, BREAK, BUSY_TONE, HOWL)
    rows = (
        Row(F.IDLE, OffHook, (F.DIAL_TONE, F.CALLING), "lift"),
        Row(F.IDLE, Alert, F.RINGING, "ring"),
        Row(F.RINGING, OffHook, F.TALKING, "answer"),
        Row(F.RINGING, Identify, F.RINGING, "identify"),
        Row(F.RINGING, Clear, F.IDLE, "stop_ringing"),
        Row(F.DIAL_TONE, DigitStarted, F.DIALLING, "begin_digit"),
        Row(F.DIAL_TONE, PulseBegan, F.DIALLING, "begin_digit"),
        Row(F.DIAL_TONE, DigitHeard, (F.DIALLING, F.CALLING), "take_digit"),
        Row(F.DIAL_TONE, PulseDigit, (F.DIALLING, F.CALLING), "take_digit"),
        Row(F.DIAL_TONE, FIRST_DIGIT, (F.CLEARED, F.CALLING), "nothing_dialled"),
        Row(F.DIALLING, DigitStarted, F.DIALLING, "begin_digit", restarts=True),
        Row(F.DIALLING, PulseBegan, F.DIALLING, "begin_digit", restarts=True),
        Row(F.DIALLING, DigitHeard, (F.DIALLING, F.CALLING), "take_digit", restarts=True),
        Row(F.DIALLING, PulseDigit, (F.DIALLING, F.CALLING), "take_digit", restarts=True),
        Row(F.DIALLING, INTERDIGIT, (F.CALLING, F.DIAL_TONE), "end_number"),
        Row(F.CALLING, Progress, F.CALLING, "hear_progress"),
        Row(F.CALLING, Connect, F.TALKING, "talk"),
        Row(F.TALKING, Connect, F.TALKING, "talk"),
        Row(F.TALKING, Progress, F.TALKING, "hear_progress"),
        Row(_IN_CALL, Clear, (F.CLEARED, F.BROKEN), "give_tone_of_cause"),
        Row(F.BROKEN, BREAK, F.CLEARED, "feed_again"),
        Row(F.BROKEN, PortFailed, F.FAILED, "fail_broken"),
        Row(F.CALLING, OnHook, F.IDLE, "leave"),
        Row(F.TALKING, OnHook, (F.IDLE, F.LAID_DOWN), "lay_down"),
        Row(F.LAID_DOWN, OffHook, F.TALKING, "take_up"),
        Row(F.LAID_DOWN, LAID, F.IDLE, "leave"),
        Row(F.LAID_DOWN, Clear, F.IDLE, "forget_call"),
        Row(F.LAID_DOWN, Connect, F.LAID_DOWN, "talk_later"),
        Row(F.LAID_DOWN, Progress, F.LAID_DOWN, "hear_progress"),
        Row(F.LAID_DOWN, PortFailed, F.FAILED, "fail_in_call"),
        Row(_IN_CALL, DigitHeard, STAY, "pass_tone_digit"),
        Row(_IN_CALL, PulseDigit, STAY, "pass_pulse_digit"),
        Row((F.CALLING, F.TALKING), Flash, STAY, "flash"),
        Row(F.CLEARED, Flash, (F.DIAL_TONE, F.CALLING), "lift"),
        Row(F.CLEARED, Connect, F.TALKING, "talk"),
        Row(F.CLEARED, BUSY_TONE, (F.HOWLER, F.DIAL_TONE), "howl"),
        Row(F.HOWLER, HOWL, F.LEFT_OFF_HOOK, "give_up"),
        Row(_OFF_HOOK, OnHook, F.IDLE, "hang_up"),
        Row((F.IDLE, *_OFF_HOOK), PortFailed, F.FAILED, "fail"),
        Row(F.RINGING, PortFailed, F.FAILED, "fail_ringing"),
        Row(_IN_CALL, PortFailed, F.FAILED, "fail_in_call"),
        Row(F.FAILED, PortRestored, (F.IDLE, F.DIAL_TONE), "restore"),
    )

    def __init__(self, port: PortId, settings: FxsSettings, plan: NumberingPlan) -> None:
        super().__init__(port)
        self.port = port
        self.hook = Hook(port, settings.hook, self)
        self.contact = ContactWatch(port)
        self.bell = BellRinger(port, settings.identity, self.hook, settings.spelling, settings.letters)
        self.failure = ""
        self.stutters = False
        """A message waits: dial tone stutters."""
        self.interrupted = False
        """Cut off from its call for a moment, while its display is told of another one."""
        self._settings = settings
        self._collector = DigitCollector(plan)
        self._tone = ToneKind.BUSY
        self._called = self._reversed = self._cleared = False

    @property
    def trouble(self) -> str:
        """What is wrong with it although it works."""
        return self.contact.trouble

    @property
    def free(self) -> bool:
        """On hook and in no call: it can be rung."""
        return self.state is F.IDLE

    @property
    def busy(self) -> bool:
        """Whether it should be somebody's leg."""
        return self.state in (F.RINGING, F.LAID_DOWN, *_IN_CALL)

    @property
    def state_name(self) -> str:
        """For people."""
        return self.state.name.lower()

    @property
    def audible(self) -> bool:
        """Whether its user listens to what the call lets him hear."""
        return self.state in _IN_CALL and not self.interrupted

    @property
    def wideband(self) -> bool:
        """Never: a wire carries 300 to 3400 Hz."""
        return False

    @property
    def takes_digits_apart(self) -> bool:
        """A telephone hears tones."""
        return False

    @property
    def expects_digits(self) -> bool:
        """For the hook: a lone short break is a dialled 1 here and not a flash."""
        return self.state in (F.DIAL_TONE, F.DIALLING)

    @property
    def tone(self) -> ToneKind | None:
        """What we send to the telephone ourselves; None leaves it to its call, or to silence."""
        match self.state:
            case F.DIAL_TONE:
                return ToneKind.STUTTER_DIAL if self.stutters else ToneKind.DIAL
            case F.CLEARED:
                return self._tone
            case F.HOWLER:
                return ToneKind.HOWLER
            case _:
                return None

    # --- lifting and dialling -------------------------------------------------------------------------------

    def lift(self, event: OffHook | Flash | StateTimer, step: Step) -> FxsState:
        """Dial tone, or for a paired telephone its city line. A flash at busy tone is a new lift."""
        if self.bell.permits(Silence):  # its lamp was being told
            self.bell.take(Silence(lifted=True), step)
        self._collector.clear()
        self._called = False
        if self._settings.paired:
            step.tell(Lifted(self.key))
            return F.CALLING
        if self._settings.hotline and not self._settings.hotline_after_ms:
            return self._dial_hotline(step)
        return F.DIAL_TONE

    def nothing_dialled(self, timer: StateTimer, step: Step) -> FxsState:
        """A warm line is dialled by itself; anybody else is told by congestion tone."""
        if self._settings.hotline:
            return self._dial_hotline(step)
        self._tone, self._cleared = ToneKind.CONGESTION, False
        return F.CLEARED

    def _dial_hotline(self, step: Step) -> FxsState:
        step.tell(Dialled(self.key, self._settings.hotline))
        return F.CALLING

    def begin_digit(self, event: DigitStarted | PulseBegan, step: Step) -> None:
        """A digit has begun: dial tone stops with the state that gave it."""

    def take_digit(self, event: DigitHeard | PulseDigit, step: Step) -> FxsState:
        """One more digit; a whole number becomes a call."""
        return self._dial(step) if self._collector.add(event.digit) else F.DIALLING

    def end_number(self, timer: StateTimer, step: Step) -> FxsState:
        """Nothing more comes: what there is, is the number. After a false digit dial tone again."""
        return self._dial(step) if self._collector.digits else F.DIAL_TONE

    def _dial(self, step: Step) -> FxsState:
        step.tell(Dialled(self.key, self._collector.digits))
        return F.CALLING

    # --- ringing --------------------------------------------------------------------------------------------

    def ring(self, order: Alert, step: Step) -> None:
        """Ring the bell in the country's cadence, and tell who calls."""
        caller = None if order.pending else Caller(order.caller, order.caller_name, order.withheld)
        bell = self._settings.bell
        if order.cadence_ms:
            bell = Bell(order.cadence_ms, bell.frequency_hz)
        self.bell.take(Ring(bell, caller), step)

    def identify(self, order: Identify, step: Step) -> None:
        """Who calls became known while it rings."""
        if self.bell.permits(Caller):
            self.bell.take(Caller(order.caller, order.caller_name, order.withheld), step)

    def answer(self, event: OffHook, step: Step) -> None:
        """Lifted while ringing. The hook has seen the ring trip and needs no word of the power."""
        self.bell.take(Silence(lifted=True), step)
        self._called = True
        step.tell(Answered(self.key, Evidence.HOOK))

    def stop_ringing(self, order: object, step: Step) -> None:
        """Somebody else answered, or the caller is gone."""
        self.bell.take(Silence(lifted=False), step)

    # --- in a call ------------------------------------------------------------------------------------------

    def hear_progress(self, order: Progress, step: Step) -> None:
        """A telephone is told by ear: its call gives it ringback or the line."""

    def talk(self, order: Connect, step: Step) -> None:
        """The other end answered; the telephone's polarity says so too, where that is wanted."""
        if self._settings.answer_reversal and not self._called:
            self._reverse(True, step)

    def talk_later(self, order: Connect, step: Step) -> None:
        """It goes on when the handset is taken up again."""

    def lay_down(self, event: OnHook, step: Step) -> FxsState:
        """A called party may take up the handset again, or another one on the same wire."""
        if self._called and self._settings.called_held_ms:
            return F.LAID_DOWN
        self.leave(event, step)
        return F.IDLE

    def take_up(self, event: OffHook, step: Step) -> None:
        """The conversation goes on."""

    def forget_call(self, order: Clear, step: Step) -> None:
        """The caller is gone meanwhile."""

    def _reverse(self, on: bool, step: Step) -> None:
        if self._reversed is not on:
            self._reversed = on
            step.do(SetPolarity(self.port, on))

    def flash(self, event: Flash, step: Step) -> None:
        """The call knows what a flash is for."""
        step.tell(Flashed(self.key))

    def pass_tone_digit(self, event: DigitHeard, step: Step) -> FxsState:
        """The other party has heard it, unless its digits travel apart from its audio."""
        step.tell(DigitPressed(self.key, event.digit, audible=True))
        return self.state

    def pass_pulse_digit(self, event: PulseDigit, step: Step) -> FxsState:
        """Nobody can hear a pulse: the call sends it on as a tone."""
        step.tell(DigitPressed(self.key, event.digit, audible=False))
        return self.state

    def leave(self, event: object, step: Step) -> None:
        """The handset was put back in the middle of a call."""
        self._reverse(False, step)
        step.tell(Left(self.key, Cause.NORMAL_CLEARING, Evidence.HOOK))

    # --- off the hook after a call --------------------------------------------------------------------------

    def give_tone_of_cause(self, order: Clear, step: Step) -> FxsState:
        """The call is over for this party: busy or congestion tone says so, and polarity."""
        self._tone, self._cleared = _TONE_OF_CAUSE.get(order.cause, ToneKind.CONGESTION), True
        self._reverse(False, step)
        if not self._settings.clear_break_ms:
            return F.CLEARED
        step.do(SetLoop(self.port, closed=False))
        self.hook.break_loop(True, step)
        return F.BROKEN

    def feed_again(self, timer: StateTimer, step: Step) -> None:
        """The current is back, and with it the tone for whoever still listens."""
        step.do(SetLoop(self.port, closed=True))
        self.hook.break_loop(False, step)

    def fail_broken(self, event: PortFailed, step: Step) -> None:
        """It failed while its loop was broken: no loop stays so."""
        self.feed_again(BREAK, step)
        self.fail(event, step)

    def howl(self, timer: StateTimer, step: Step) -> FxsState:
        """Loud enough to be heard across the room; or fresh dial tone, once after each call."""
        if self._reoriginates:
            self._cleared = False
            return self.lift(timer, step)
        return F.HOWLER

    @property
    def _reoriginates(self) -> bool:
        at_once = self._settings.paired or (self._settings.hotline and not self._settings.hotline_after_ms)
        return self._cleared and self._settings.reoriginate_after_ms > 0 and not at_once

    def give_up(self, timer: StateTimer, step: Step) -> None:
        """Nobody heard the howler: leave the line in peace and tell a technician."""
        text = (
            f"The handset on {self.port} was left off its hook: put it back, then the telephone can be rung."
        )
        step.do(RaiseAlarm(self.port, text))

    def hang_up(self, event: OnHook, step: Step) -> None:
        """Back on the hook leads home from everywhere."""

    # --- trouble --------------------------------------------------------------------------------------------

    def fail(self, event: PortFailed, step: Step) -> None:
        """The port cannot be used."""
        self.failure = event.reason
        step.do(RaiseAlarm(self.port, event.reason))

    def fail_ringing(self, event: PortFailed, step: Step) -> None:
        """It failed while it rang: no bell may ring for ever."""
        self.stop_ringing(event, step)
        self.fail_in_call(event, step)

    def fail_in_call(self, event: PortFailed, step: Step) -> None:
        """It failed in the middle of a call."""
        self.fail(event, step)
        self._reverse(False, step)
        step.tell(Left(self.key, Cause.DESTINATION_OUT_OF_ORDER, Evidence.HARDWARE))

    def restore(self, event: PortRestored, step: Step) -> FxsState:
        """It works again. A handset that is off gets dial tone: it must not be rung."""
        step.do(CureAlarm(self.port, self.failure, f"Port {self.port} works again."))
        self.failure = ""
        self._collector.clear()
        return F.IDLE if self.hook.on_hook else F.DIAL_TONE

    def recover(self, step: Step) -> None:
        """After a bug in this machine: nothing rings, and hanging up leads home."""
        step.do(StopRinging(self.port))
        self._reverse(False, step)
        if self.state is F.BROKEN:
            self.feed_again(BREAK, step)
        self.bell.halt(BellState.QUIET, step)
        self.halt(F.IDLE if self.hook.on_hook else F.LEFT_OFF_HOOK, step)

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """The office may set the time-outs of dialling."""
        if timer is FIRST_DIGIT:
            return self._settings.hotline_after_ms or self._settings.first_digit_ms
        if timer is BREAK:
            return self._settings.clear_break_ms
        if timer is LAID:
            return self._settings.called_held_ms
        if timer is BUSY_TONE and self._reoriginates:
            return self._settings.reoriginate_after_ms
        if timer is INTERDIGIT:
            return self._settings.interdigit_ms
        return timer.default_ms

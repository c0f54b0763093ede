"""A city line on one of our ports: its ring, its seizure, its dialling, and giving it back.

Rings are counted by `line.ringing`, the far end is watched by `line.supervision`; this machine says what
follows. A line that was released is shown busy for a guard time, because the city's exchange needs a while to
notice; a call that it brings meanwhile is welcome. When it rings while we are seizing it (glare), the caller
is already connected to us by our closed loop: the incoming call wins, and the call that wanted out looks for
another line.

Where it is switched on, a caller whom the line does not name is asked for at the city's exchange (the Russian
АОН). For that the loop is closed, which answers the line for the city, but for nobody here: telephones ring
on, the caller hears our ringback, and whoever lifts then is the answer.
"""

from dataclasses import dataclass, field

from gateway.line import mending, outdial, seizing
from gateway.line.fxo_states import FxoState
from gateway.line.health import LineHealth, Lives, TryLine
from gateway.line.polarity import PolarityWatch
from gateway.line.ringing import (
    Bell,
    RingAgain,
    RingBegan,
    RingDetector,
    RingFreed,
    RingingStopped,
    RingState,
    RingStuck,
)
from gateway.line.silence import LifeAgain, NobodyThere, SilenceLasts, SilenceWatch
from gateway.line.supervision import (
    FarEndAnswered,
    FarEndGone,
    LastMinute,
    RingbackHeard,
    Supervision,
    SupervisionSettings,
    WatchForLeaving,
)
from gateway.model.actions import CureAlarm, RaiseAlarm, SetLoop
from gateway.model.causes import Cause, Evidence
from gateway.model.events import (
    CalibrateLine,
    CallerIdHeard,
    DigitsSent,
    LoopCurrent,
    NumberTold,
    PortFailed,
    PortRestored,
    ToneHeard,
    VoiceHeard,
)
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId, ToneKind
from gateway.model.signals import (
    CallerKnown,
    CityRings,
    Clear,
    Connect,
    Left,
    NoteDigit,
    PassFlash,
    Progress,
    Seize,
    Warned,
    WarningKind,
    WarningOver,
)

ASK_AFTER_MS = 4_500
"""From the first ring to the request for the caller's number. It costs the caller something, so even an
identity that is hard to read comes first (it ends 2.6 s after the ring began, and is read 1.6 s later); the
second ring is 5 s away.
"""
IDENTITY_AFTER_RING_MS = 3_000
"""From the first ring's end to an identity's: 0.9 s, and 15 digits of 140 ms (EN 300 659-1, annex B)."""
PROBE_MS = 1_700
"""Dial tone that goes on is heard again 1.25 s after our digit (it must outlast any burst of ringback)."""
DIGIT_MS = 200
"""A digit and its pause, as the plan's digits nodes send them."""
DIALLING_MARGIN_MS = 3_000
"""Added to the time that the digits take before the signal core counts as stuck."""


@dataclass(frozen=True, slots=True)
class FxoSettings:
    """One city line."""

    bell: Bell
    supervision: SupervisionSettings = field(default_factory=SupervisionSettings)
    dial: outdial.DialSettings = field(default_factory=outdial.DialSettings)
    dial_tone_wait_ms: int = 5_000
    number_request: bool = False
    long_silence_ms: int = 300_000
    """Nobody speaks for so long: both are warned, then the line is given back; 0: never."""


X = FxoState
FIRST_RING = StateTimer("first_ring", (X.NAMED,), 6_000, "who calls was said, but the line does not ring")
IDENTITY = StateTimer("identity", (X.RINGING,), 4_000, "from the first ring; then the caller is unknown")
DIAL_TONE = StateTimer("dial_tone", (X.SEIZING,), 5_000, "no dial tone: the line does not work")
MEASURING = StateTimer("measuring", (X.MEASURING,), 4_000, "a look at the line's dial tone")
ASKING = StateTimer("asking", (X.ASKING,), 12_000, "no word of the request: the signal core is stuck")
UNANSWERED = StateTimer("unanswered", (X.ASKED,), 300_000, "asked for, and nobody answers: he pays for this")
SENDING = StateTimer("sending", (X.DIALLING,), 5_000, "digits are not sent: the signal core is stuck")
PULSE = StateTimer("pulse", (X.PULSING,), 1_800, "one digit in pulses, and the pause after it")
PAUSE = StateTimer("pause", (X.PAUSING,), 2_000, "a pause in the dial string")
PROBE = StateTimer("probe", (X.PROBING,), PROBE_MS, "dialled: whether dial tone sounds on")
SECOND_TONE = StateTimer("second_tone", (X.AWAITING,), 10_000, "no dial tone after the access code")
LINGERS = StateTimer("lingers", (X.LINGERING,), 10_000, "released, and current flows on: an alarm")
TESTED = StateTimer("tested", (X.TESTING,), 5_000, "no dial tone: it does not work yet")
GUARD = StateTimer("guard", (X.GUARD, X.SEIZE_AFTER_GUARD), 1_500, "released: until it may be seized again")

_CITY_RINGS = (X.RINGING, X.RUNG)
_ANSWERED_BY_US = (X.ASKING, X.ASKED)
"""The loop is closed, and nobody has answered."""
_CITY_CALLS = (*_CITY_RINGS, *_ANSWERED_BY_US)
_UNANSWERED = (X.CALLING, X.STRAIGHT)
_DIALLING = (X.DIALLING, X.PULSING, X.PAUSING, X.PROBING, X.AWAITING)
_AFTER_PART = (*_DIALLING, X.CALLING, X.GUARD)
"""Where dialling may lead: to its next part, its end, or nowhere."""
_IN_CALL = (X.SEIZING, *_DIALLING, *_UNANSWERED, X.TALKING, *_ANSWERED_BY_US)


class Fxo(Machine[FxoState]):
    """One FXO port and the city line on it."""

    kind = "fxo"
    initial = X.IDLE
    timers = (
        *(FIRST_RING, IDENTITY, MEASURING, ASKING, UNANSWERED, DIAL_TONE),
        *(SENDING, PULSE, PAUSE, PROBE, SECOND_TONE, LINGERS, TESTED, GUARD),
    )
    rows = (
        Row((X.IDLE, X.GUARD), RingBegan, X.RINGING, "announce"),
        Row((X.IDLE, X.GUARD), RingAgain, X.RINGING, "announce"),
        Row((X.IDLE, X.GUARD), CallerIdHeard, X.NAMED, "remember_caller"),
        Row(X.NAMED, FIRST_RING, X.IDLE, "become_idle"),
        Row(X.NAMED, RingBegan, X.RUNG, "announce_by_name"),
        Row(X.NAMED, RingAgain, X.RUNG, "announce_by_name"),
        Row(X.RINGING, CallerIdHeard, X.RUNG, "name_caller"),
        Row(X.RINGING, IDENTITY, (X.RUNG, X.ASKING), "no_name_came"),
        Row(X.RINGING, RingAgain, (X.RUNG, X.ASKING), "no_name_came"),
        Row(X.RUNG, RingAgain, X.RUNG, "stay"),
        Row(_CITY_CALLS, Progress, STAY, "stay"),
        Row(_CITY_RINGS, RingingStopped, X.IDLE, "abandon"),
        Row(_CITY_RINGS, RingStuck, X.IDLE, mending.ring_is_stuck),
        Row(X.UNWANTED, RingStuck, X.IDLE, mending.note_stuck_ring),
        Row((X.IDLE, X.GUARD), RingFreed, STAY, mending.ring_is_free),
        Row(_CITY_RINGS, Connect, X.TALKING, "answer"),
        Row(_CITY_RINGS, Clear, X.UNWANTED, "leave_ringing"),
        Row(X.ASKING, NumberTold, X.ASKED, "name_by_number"),
        Row(X.ASKING, ToneHeard, (X.ASKING, X.GUARD), "hear_while_asking"),
        Row(X.ASKING, ASKING, X.ASKED, "leave_unnamed"),
        Row(X.ASKED, ToneHeard, (X.ASKED, X.GUARD), "hear_while_asking"),
        Row(X.ASKED, UNANSWERED, X.GUARD, "nobody_answers"),
        Row(_ANSWERED_BY_US, Connect, X.TALKING, "answer_again"),
        Row(_ANSWERED_BY_US, FarEndGone, X.GUARD, "far_end_gone"),
        Row(X.UNWANTED, RingAgain, X.UNWANTED, "stay"),
        Row(X.UNWANTED, RingingStopped, X.IDLE, "become_idle"),
        Row(X.IDLE, CalibrateLine, X.MEASURING, mending.measure),
        Row(X.MEASURING, MEASURING, X.GUARD, mending.measured),
        Row(X.MEASURING, RingBegan, X.TALKING, seizing.brought_in),
        Row(X.MEASURING, RingAgain, X.TALKING, seizing.brought_in),
        Row(X.IDLE, Seize, (X.SEIZING, X.STRAIGHT), seizing.seize),
        Row(X.GUARD, Seize, X.SEIZE_AFTER_GUARD, seizing.wait_to_seize),
        Row(X.SEIZE_AFTER_GUARD, GUARD, (X.SEIZING, X.STRAIGHT), seizing.seize_now),
        Row(X.SEIZE_AFTER_GUARD, RingBegan, X.RINGING, seizing.ring_instead),
        Row(X.SEIZE_AFTER_GUARD, RingAgain, X.RINGING, seizing.ring_instead),
        Row(X.SEIZE_AFTER_GUARD, Clear, X.GUARD, seizing.seize_no_more),
        Row(X.SEIZING, ToneHeard, (X.SEIZING, *_AFTER_PART), seizing.hear_while_seizing),
        Row(X.SEIZING, RingBegan, X.TALKING, seizing.glare),
        Row(X.SEIZING, RingAgain, X.TALKING, seizing.glare),
        Row(X.SEIZING, VoiceHeard, (X.SEIZING, X.TALKING, X.GUARD), seizing.hear_voice),
        Row(X.SEIZING, DIAL_TONE, X.GUARD, seizing.no_dial_tone),
        Row(X.DIALLING, DigitsSent, _AFTER_PART, outdial.digits_sent),
        Row(X.DIALLING, SENDING, X.GUARD, outdial.stuck),
        Row((X.DIALLING, X.PULSING, X.PAUSING), ToneHeard, (STAY, X.GUARD), outdial.hear),
        Row(X.PULSING, PULSE, _AFTER_PART, outdial.part_over),
        Row(X.PAUSING, PAUSE, _AFTER_PART, outdial.part_over),
        Row(X.PROBING, ToneHeard, (X.PROBING, X.CALLING, X.GUARD), outdial.hear_while_probing),
        Row(X.PROBING, PROBE, _AFTER_PART, outdial.probed),
        Row(X.AWAITING, ToneHeard, _AFTER_PART, outdial.hear_while_awaiting),
        Row(X.AWAITING, SECOND_TONE, X.GUARD, outdial.no_second_tone),
        Row(_UNANSWERED, RingbackHeard, STAY, seizing.far_end_rings),
        Row(_UNANSWERED, FarEndAnswered, X.TALKING, seizing.far_end_answered),
        Row((*_UNANSWERED, X.TALKING), FarEndGone, X.GUARD, "far_end_gone"),
        Row(X.STRAIGHT, NoteDigit, X.STRAIGHT, seizing.note_digit),
        Row((X.STRAIGHT, X.TALKING), PassFlash, STAY, seizing.flash),
        Row(X.TALKING, LastMinute, X.TALKING, "warn_of_the_end"),
        Row(X.TALKING, SilenceLasts, X.TALKING, "warn_of_silence"),
        Row(X.TALKING, LifeAgain, X.TALKING, "end_warning"),
        Row(X.TALKING, NobodyThere, X.GUARD, "nobody_there"),
        Row(X.TALKING, Progress, X.TALKING, "stay"),
        Row(X.TALKING, Connect, X.TALKING, "stay"),
        Row(_IN_CALL, Clear, X.GUARD, "release"),
        Row((X.IDLE, X.NAMED, X.GUARD, X.UNWANTED, X.LINGERING), PortFailed, X.FAILED, "fail"),
        Row((*_CITY_RINGS, *_IN_CALL, X.SEIZE_AFTER_GUARD), PortFailed, X.FAILED, "fail_in_call"),
        Row((X.TESTING, X.MEASURING), PortFailed, X.FAILED, mending.fail_while_testing),
        Row(X.FAILED, PortRestored, X.IDLE, "restore"),
        Row(X.GUARD, GUARD, (X.IDLE, X.LINGERING), mending.come_to_rest),
        Row(X.LINGERING, LINGERS, X.LINGERING, mending.linger),
        Row(X.LINGERING, LoopCurrent, (X.LINGERING, X.IDLE), mending.rest_at_last),
        Row(X.IDLE, TryLine, X.TESTING, mending.try_line),
        Row(X.TESTING, ToneHeard, (X.TESTING, X.GUARD), mending.hear_while_testing),
        Row(X.TESTING, TESTED, X.GUARD, mending.still_ill),
        Row(X.TESTING, RingBegan, X.TALKING, seizing.brought_in),
        Row(X.TESTING, RingAgain, X.TALKING, seizing.brought_in),
    )

    def __init__(self, port: PortId, settings: FxoSettings) -> None:
        super().__init__(port)
        self.port = port
        self.ring = RingDetector(port, settings.bell, self)
        self.supervision = Supervision(port, self, settings.supervision)
        self.polarity = PolarityWatch(port, self.supervision)
        self.silence = SilenceWatch(port, self, settings.long_silence_ms)
        self.health = LineHealth(port, self)
        self.current = False
        """Loop current flows, as far as the module tells."""
        self.knows_current = False
        self.voices = 0
        """So many times in a row a voice was heard instead of dial tone."""
        self.far_silent = False
        """The far end has not spoken for a while, as far as that was listened for."""
        self.outdial: outdial.Outdial | None = None
        self.dialling = outdial.Dialling(settings.dial)
        self.failure = ""
        self.settings = settings
        self.number = ""
        self._caller = CallerKnown(self.key, "", "")

    # --- what others ask of it ------------------------------------------------------------------------------

    @property
    def free(self) -> bool:
        """Nobody uses it, nobody rings it: it can be seized."""
        return self.state is X.IDLE and self.ring.state in (RingState.QUIET, RingState.PAUSE)

    @property
    def well(self) -> bool:
        """Nothing is known to be wrong with it."""
        return not self.health.trouble

    @property
    def in_use(self) -> bool:
        """Its loop is closed."""
        return self.state in (*_IN_CALL, X.TESTING, X.MEASURING)

    @property
    def expects_dial_tone(self) -> bool:
        """Dial tone would say something: dial now, or the far end has gone."""
        return self.state in (
            *(X.MEASURING, X.TESTING, X.SEIZING),
            *(*_DIALLING, X.TALKING, *_ANSWERED_BY_US),
        )

    @property
    def expects_voice(self) -> bool:
        """A voice would say something: the far end has answered, or the city has called as we seized."""
        return self.state in (X.SEIZING, *_UNANSWERED)

    @property
    def watches_silence(self) -> bool:
        """In a conversation that may not be silent for ever."""
        return self.state is X.TALKING and self.settings.long_silence_ms > 0

    @property
    def expects_code(self) -> bool:
        """The exchange at the far end says in DTMF that its party has gone."""
        return self.state is X.TALKING and bool(self.settings.supervision.disconnect_code)

    @property
    def asks_number(self) -> bool:
        """The signal core is to ask the city's exchange who calls."""
        return self.state is X.ASKING

    @property
    def brings_caller(self) -> bool:
        """The city calls, and nobody has answered; that we did to ask for his number is no answer."""
        return self.state in _CITY_CALLS

    @property
    def identity_pending(self) -> bool:
        """Whether the caller's identity may still come."""
        return self.state in (X.RINGING, X.ASKING)

    @property
    def busy(self) -> bool:
        """Whether it should be somebody's leg."""
        return self.state in (*_CITY_RINGS, *_IN_CALL, X.SEIZE_AFTER_GUARD)

    @property
    def state_name(self) -> str:
        """For people."""
        return self.state.name.lower()

    @property
    def audible(self) -> bool:
        """Whether the far end hears us."""
        return self.state in (*_UNANSWERED, X.TALKING, X.ASKED)

    @property
    def wideband(self) -> bool:
        """Never: a wire carries 300 to 3400 Hz."""
        return False

    @property
    def takes_digits_apart(self) -> bool:
        """It hears tones like everybody else in the city."""
        return False

    def hear(self, tone: ToneHeard, step: Step) -> None:
        """A tone on the line: ours to judge until the number is dialled, then the supervision's."""
        if self.state in (X.SEIZING, X.TESTING, *_DIALLING) or (
            self.state in _ANSWERED_BY_US and tone.kind is ToneKind.DIAL
        ):
            self.take(tone, step)
        else:
            self.supervision.take(tone, step)

    def hear_voice(self, voice: VoiceHeard, step: Step) -> None:
        """The far end speaks, or has not for a while."""
        self.far_silent = not voice.present
        (self if self.state is X.SEIZING else self.supervision).take(voice, step)

    def see_current(self, event: LoopCurrent, step: Step) -> None:
        """Current flows, or does not."""
        self.current, self.knows_current = event.present, True
        (self if self.state is X.LINGERING else self.supervision).take(event, step)

    # --- the city calls -------------------------------------------------------------------------------------

    def announce(self, event: RingBegan | RingAgain, step: Step) -> None:
        """Telephones may ring at once; the name follows. A line that rings works."""
        self.health.say(Lives(), step)
        step.tell(CityRings(self.key, answered=False))

    def remember_caller(self, event: CallerIdHeard, step: Step) -> None:
        """A ring should follow."""
        self._caller = CallerKnown(self.key, event.number, event.name, event.withheld)

    def announce_by_name(self, event: RingBegan | RingAgain, step: Step) -> None:
        """The ring that belongs to it."""
        step.tell(CityRings(self.key, answered=False))
        step.tell(self._caller)

    def name_caller(self, event: CallerIdHeard, step: Step) -> None:
        """Caller identity came between the first two rings."""
        step.tell(CallerKnown(self.key, event.number, event.name, event.withheld))

    def no_name_came(self, event: object, step: Step) -> FxoState:
        """The line does not say who calls by itself: ask for it where that is wanted."""
        if not self.settings.number_request:
            self.leave_unnamed(event, step)
            return X.RUNG
        step.do(SetLoop(self.port, closed=True))
        self.supervision.take(WatchForLeaving(), step)
        return X.ASKING

    def name_by_number(self, event: NumberTold, step: Step) -> None:
        """The city's exchange was asked: it has told the number, or it does not."""
        step.tell(CallerKnown(self.key, event.number, ""))

    def hear_while_asking(self, tone: ToneHeard, step: Step) -> FxoState:
        """Dial tone instead of a caller: he gave up before, and our loop has seized the line, or he left.
        It is believed at once: soon we play a tone of the same frequency into the line, or pause in
        playing one, which lasts hardly longer than a dial tone that has to prove itself.
        """
        if not tone.present:
            return self.state
        self.give_up(Cause.NORMAL_CLEARING, Evidence.DIAL_TONE, step)
        return X.GUARD

    def answer_again(self, order: Connect, step: Step) -> None:
        """Somebody answers; for the city the line was answered when its exchange was asked."""

    def nobody_answers(self, timer: StateTimer, step: Step) -> None:
        """Ringing on costs this caller something, and that he has left may not be heard: not for ever."""
        self.give_up(Cause.NO_ANSWER, Evidence.TIMER, step)

    def leave_unnamed(self, event: object, step: Step) -> None:
        """The line does not say who calls."""
        step.tell(CallerKnown(self.key, "", ""))

    def stay(self, event: object, step: Step) -> FxoState:
        """Nothing to do for this line."""
        return self.state

    def abandon(self, event: RingingStopped, step: Step) -> None:
        """The caller gave up while we rang."""
        step.tell(Left(self.key, Cause.NORMAL_CLEARING, Evidence.RINGING_STOPPED))

    def answer(self, order: Connect, step: Step) -> None:
        """Close the loop: the city connects the caller."""
        step.do(SetLoop(self.port, closed=True))
        self.supervision.take(WatchForLeaving(), step)

    def leave_ringing(self, order: Clear, step: Step) -> None:
        """An analog line cannot be refused: it rings on until the caller gives up."""

    # --- warnings -------------------------------------------------------------------------------------------

    def warn_of_the_end(self, event: LastMinute, step: Step) -> None:
        """The longest call is nearly over."""
        step.tell(Warned(self.key, WarningKind.LAST_MINUTE))

    def warn_of_silence(self, event: SilenceLasts, step: Step) -> None:
        """Nobody speaks."""
        step.tell(Warned(self.key, WarningKind.SILENCE))

    def end_warning(self, event: LifeAgain, step: Step) -> None:
        """Somebody does."""
        step.tell(WarningOver(self.key))

    def nobody_there(self, event: NobodyThere, step: Step) -> None:
        """Nobody has spoken after the warning either."""
        self.give_up(Cause.RECOVERY_ON_TIMER, Evidence.SILENCE, step)

    # --- giving it back -------------------------------------------------------------------------------------

    def far_end_gone(self, event: FarEndGone, step: Step) -> None:
        """Nobody is there any more: release it at once, before it costs somebody's call."""
        self.far_silent = False
        step.do(SetLoop(self.port, closed=False))
        step.tell(Left(self.key, event.cause, event.evidence))

    def release(self, order: Clear, step: Step) -> None:
        """The call is over."""
        self.open_loop(step)

    def become_idle(self, event: object, step: Step) -> None:
        """It may be used again."""

    def give_up(self, cause: Cause, evidence: Evidence, step: Step) -> None:
        """Open the loop and tell the call why."""
        self.open_loop(step)
        step.tell(Left(self.key, cause, evidence))

    def open_loop(self, step: Step) -> None:
        """Give the line back."""
        self.outdial = None
        self.far_silent = False
        step.do(SetLoop(self.port, closed=False))
        self.supervision.stop(step)

    # --- trouble --------------------------------------------------------------------------------------------

    def fail(self, event: PortFailed, step: Step) -> None:
        """The port cannot be used."""
        self.failure = event.reason
        step.do(RaiseAlarm(self.port, event.reason))

    def fail_in_call(self, event: PortFailed, step: Step) -> None:
        """It failed in the middle of a call: let the line go, whatever it can still do."""
        self.fail(event, step)
        self.give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.HARDWARE, step)

    def restore(self, event: PortRestored, step: Step) -> None:
        """It works again."""
        step.do(CureAlarm(self.port, self.failure, f"Port {self.port} works again."))
        self.failure = ""

    def recover(self, step: Step) -> None:
        """After a bug in this machine: the loop is open, whatever it was doing."""
        step.do(SetLoop(self.port, closed=False))
        self.outdial = None
        self.supervision.stop(step)
        self.halt(X.IDLE, step)

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """Waits for dial tone and identity are the line's own; dialling takes as long as there are digits."""
        if timer is DIAL_TONE:
            return self.settings.dial_tone_wait_ms
        if timer is IDENTITY and not self.settings.number_request:
            return sum(self.settings.bell.cadence_ms[:-1]) + IDENTITY_AFTER_RING_MS
        if timer is IDENTITY:
            return ASK_AFTER_MS
        if timer is SENDING and self.outdial is not None:
            return len(self.outdial.digits) * DIGIT_MS + DIALLING_MARGIN_MS
        if timer in (PULSE, PAUSE):
            return self.dialling.wait_ms
        return timer.default_ms

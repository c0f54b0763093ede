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

from dataclasses import dataclass
from enum import Enum, auto

from gateway.line.ringing import Bell, RingAgain, RingBegan, RingDetector, RingingStopped, RingState
from gateway.line.supervision import (
    FarEndAnswered,
    FarEndGone,
    RingbackHeard,
    Supervision,
    WatchForAnswer,
    WatchForLeaving,
)
from gateway.model.actions import RaiseAlarm, SetLoop
from gateway.model.causes import Cause, Evidence
from gateway.model.events import (
    CalibrateLine,
    CallerIdHeard,
    DigitsSent,
    NumberTold,
    PortFailed,
    PortRestored,
    ToneHeard,
)
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import NodeId, PortId, ToneKind
from gateway.model.signals import (
    Alerting,
    Answered,
    CallerKnown,
    CityRings,
    Clear,
    Connect,
    Left,
    NoteDigit,
    Proceeding,
    Progress,
    Seize,
)

ASK_AFTER_MS = 4_500
"""From the first ring to the request for the caller's number. It costs the caller something, so even an
identity that is hard to read comes first (it ends 2.6 s after the ring began, and is read 1.6 s later); the
second ring is 5 s away.
"""
IDENTITY_AFTER_RING_MS = 3_000
"""From the first ring's end to an identity's: 0.9 s, and 15 digits of 140 ms (EN 300 659-1, annex B)."""
DIGIT_MS = 200
"""A digit and its pause, as the plan's digits nodes send them."""
DIALLING_MARGIN_MS = 3_000
"""Added to the time that the digits take before the signal core counts as stuck."""


@dataclass(frozen=True, slots=True)
class FxoSettings:
    """One city line."""

    bell: Bell
    dial_tone_wait_ms: int = 5_000
    answer_after_dialling_ms: int = 12_000
    number_request: bool = False


@dataclass(frozen=True, slots=True)
class Outdial:
    """Digits on their way into the line: the node of the plan that sends them."""

    node: NodeId
    digits: str


class FxoState(Enum):
    """What the line is doing."""

    IDLE = auto()
    NAMED = auto()  # some countries say who calls before the first ring
    RINGING = auto()  # the city calls; who calls may come between the first two rings
    RUNG = auto()  # the city calls, and who calls is known, or will not be
    ASKING = auto()  # loop closed, for the caller's number only: the city's exchange is asked for it
    ASKED = auto()  # that is over; the caller hears our ringback until somebody answers
    UNWANTED = auto()  # the city calls and nobody will answer: it rings until the caller gives up
    MEASURING = auto()  # loop closed for a look at dial tone, nobody's call
    SEIZING = auto()  # loop closed, waiting for dial tone
    DIALLING = auto()
    CALLING = auto()  # dialled: the far end has not answered
    STRAIGHT = auto()  # connected straight through to its own telephone, which dials and listens for itself
    TALKING = auto()
    GUARD = auto()  # released; not seized again yet
    SEIZE_AFTER_GUARD = auto()  # its own telephone was lifted meanwhile
    FAILED = auto()


X = FxoState
FIRST_RING = StateTimer("first_ring", (X.NAMED,), 6_000, "who calls was said, but the line does not ring")
IDENTITY = StateTimer("identity", (X.RINGING,), 4_000, "from the first ring; then the caller is unknown")
DIAL_TONE = StateTimer("dial_tone", (X.SEIZING,), 5_000, "no dial tone: the line does not work")
MEASURING = StateTimer("measuring", (X.MEASURING,), 4_000, "a look at the line's dial tone")
ASKING = StateTimer("asking", (X.ASKING,), 12_000, "no word of the request: the signal core is stuck")
UNANSWERED = StateTimer("unanswered", (X.ASKED,), 300_000, "asked for, and nobody answers: he pays for this")
SENDING = StateTimer("sending", (X.DIALLING,), 5_000, "digits are not sent: the signal core is stuck")
GUARD = StateTimer("guard", (X.GUARD, X.SEIZE_AFTER_GUARD), 1_500, "released: until it may be seized again")

_CITY_RINGS = (X.RINGING, X.RUNG)
_ANSWERED_BY_US = (X.ASKING, X.ASKED)
"""The loop is closed, and nobody has answered."""
_CITY_CALLS = (*_CITY_RINGS, *_ANSWERED_BY_US)
_UNANSWERED = (X.CALLING, X.STRAIGHT)
_IN_CALL = (X.SEIZING, X.DIALLING, *_UNANSWERED, X.TALKING, *_ANSWERED_BY_US)


class Fxo(Machine[FxoState]):
    """One FXO port and the city line on it."""

    kind = "fxo"
    initial = X.IDLE
    timers = (FIRST_RING, IDENTITY, MEASURING, ASKING, UNANSWERED, DIAL_TONE, SENDING, GUARD)
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
        Row(X.IDLE, CalibrateLine, X.MEASURING, "measure"),
        Row(X.MEASURING, MEASURING, X.GUARD, "measured"),
        Row(X.MEASURING, RingBegan, X.TALKING, "ring_while_measuring"),
        Row(X.MEASURING, RingAgain, X.TALKING, "ring_while_measuring"),
        Row(X.MEASURING, PortFailed, X.FAILED, "fail_measuring"),
        Row(X.IDLE, Seize, (X.SEIZING, X.STRAIGHT), "seize"),
        Row(X.GUARD, Seize, X.SEIZE_AFTER_GUARD, "wait_to_seize"),
        Row(X.SEIZE_AFTER_GUARD, GUARD, (X.SEIZING, X.STRAIGHT), "seize_now"),
        Row(X.SEIZE_AFTER_GUARD, RingBegan, X.RINGING, "ring_instead"),
        Row(X.SEIZE_AFTER_GUARD, RingAgain, X.RINGING, "ring_instead"),
        Row(X.SEIZE_AFTER_GUARD, Clear, X.GUARD, "seize_no_more"),
        Row(X.SEIZING, ToneHeard, (X.SEIZING, X.DIALLING, X.GUARD), "hear_while_seizing"),
        Row(X.SEIZING, RingBegan, X.TALKING, "glare"),
        Row(X.SEIZING, RingAgain, X.TALKING, "glare"),
        Row(X.SEIZING, DIAL_TONE, X.GUARD, "no_dial_tone"),
        Row(X.DIALLING, DigitsSent, (X.DIALLING, X.CALLING), "digits_sent"),
        Row(X.DIALLING, SENDING, X.GUARD, "stuck"),
        Row(_UNANSWERED, RingbackHeard, STAY, "far_end_rings"),
        Row(_UNANSWERED, FarEndAnswered, X.TALKING, "far_end_answered"),
        Row((*_UNANSWERED, X.TALKING), FarEndGone, X.GUARD, "far_end_gone"),
        Row(X.STRAIGHT, NoteDigit, X.STRAIGHT, "note_digit"),
        Row(X.TALKING, Progress, X.TALKING, "stay"),
        Row(X.TALKING, Connect, X.TALKING, "stay"),
        Row(_IN_CALL, Clear, X.GUARD, "release"),
        Row((X.IDLE, X.NAMED, X.GUARD, X.UNWANTED), PortFailed, X.FAILED, "fail"),
        Row((*_CITY_RINGS, *_IN_CALL, X.SEIZE_AFTER_GUARD), PortFailed, X.FAILED, "fail_in_call"),
        Row(X.FAILED, PortRestored, X.IDLE, "restore"),
        Row(X.GUARD, GUARD, X.IDLE, "become_idle"),
    )

    def __init__(self, port: PortId, settings: FxoSettings) -> None:
        super().__init__(port)
        self.port = port
        self.ring = RingDetector(port, settings.bell, self)
        self.supervision = Supervision(port, self, settings.answer_after_dialling_ms)
        self.outdial: Outdial | None = None
        self.failure = ""
        self._settings = settings
        self._number = ""
        self._caller = CallerKnown(self.key, "", "")

    # --- what others ask of it ------------------------------------------------------------------------------

    @property
    def free(self) -> bool:
        """Nobody uses it, nobody rings it: it can be seized."""
        return self.state is X.IDLE and self.ring.state is not RingState.RINGING

    @property
    def in_use(self) -> bool:
        """Its loop is closed."""
        return self.state in (*_IN_CALL, X.MEASURING)

    @property
    def expects_dial_tone(self) -> bool:
        """Dial tone would say something: dial now, or the far end has gone."""
        return self.state in (X.MEASURING, X.SEIZING, X.TALKING, *_ANSWERED_BY_US)

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
        if self.state is X.SEIZING or (self.state in _ANSWERED_BY_US and tone.kind is ToneKind.DIAL):
            self.take(tone, step)
        else:
            self.supervision.take(tone, step)

    # --- the city calls -------------------------------------------------------------------------------------

    def announce(self, event: RingBegan | RingAgain, step: Step) -> None:
        """Telephones may ring at once; the name follows."""
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
        if not self._settings.number_request:
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
        self._give_up(Cause.NORMAL_CLEARING, Evidence.DIAL_TONE, step)
        return X.GUARD

    def answer_again(self, order: Connect, step: Step) -> None:
        """Somebody answers; for the city the line was answered when its exchange was asked."""

    def nobody_answers(self, timer: StateTimer, step: Step) -> None:
        """Ringing on costs this caller something, and that he has left may not be heard: not for ever."""
        self._give_up(Cause.NO_ANSWER, Evidence.TIMER, step)

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

    # --- a look at it ---------------------------------------------------------------------------------------

    def measure(self, event: CalibrateLine, step: Step) -> None:
        """Close the loop and listen; nothing is dialled, so nobody is called and nothing charged."""
        step.do(SetLoop(self.port, closed=True))

    def measured(self, timer: StateTimer, step: Step) -> None:
        """Long enough."""
        step.do(SetLoop(self.port, closed=False))

    def ring_while_measuring(self, event: RingBegan | RingAgain, step: Step) -> None:
        """It rang as we closed the loop: that has answered a call that nobody may lose."""
        step.tell(CityRings(self.key, answered=True))
        self.supervision.take(WatchForLeaving(), step)

    def fail_measuring(self, event: PortFailed, step: Step) -> None:
        """The port went while it was looked at."""
        step.do(SetLoop(self.port, closed=False))
        self.fail(event, step)

    # --- we call the city -----------------------------------------------------------------------------------

    def seize(self, order: Seize, step: Step) -> FxoState:
        """Close the loop; wait for dial tone, or leave all that to the caller's ear."""
        self._number = order.number
        step.do(SetLoop(self.port, closed=True))
        if order.number:
            return X.SEIZING
        step.tell(Proceeding(self.key))
        return X.STRAIGHT

    def wait_to_seize(self, order: Seize, step: Step) -> None:
        """Released a moment ago: the city must notice that first."""
        self._number = order.number

    def seize_no_more(self, order: Clear, step: Step) -> None:
        """The telephone was put back before the guard time was over."""

    def seize_now(self, timer: StateTimer, step: Step) -> FxoState:
        """The guard time is over."""
        return self.seize(Seize(self._number), step)

    def ring_instead(self, event: RingBegan | RingAgain, step: Step) -> None:
        """The city calls before we could seize."""
        step.tell(Left(self.key, Cause.NO_CIRCUIT, Evidence.CONFIGURATION))
        self.announce(event, step)

    def hear_while_seizing(self, tone: ToneHeard, step: Step) -> FxoState:
        """Dial tone: dial. Busy or congestion instead: the city has no way for us."""
        if not tone.present:
            return X.SEIZING
        if tone.kind is ToneKind.DIAL:
            self.outdial = Outdial(NodeId(step.new_id()), self._number)
            return X.DIALLING
        if tone.kind in (ToneKind.BUSY, ToneKind.CONGESTION):
            self._give_up(Cause.CONGESTION, Evidence.CONGESTION_TONE, step)
            return X.GUARD
        return X.SEIZING

    def glare(self, event: RingBegan | RingAgain, step: Step) -> None:
        """It rang as we seized it: our loop has answered a call that nobody may lose."""
        step.tell(Left(self.key, Cause.NO_CIRCUIT, Evidence.CONFIGURATION))
        step.tell(CityRings(self.key, answered=True))
        self.supervision.take(WatchForLeaving(), step)

    def no_dial_tone(self, timer: StateTimer, step: Step) -> None:
        """A line without dial tone is of no use to anybody until a technician has seen it."""
        self._give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.TIMER, step)
        text = (
            f"No dial tone on {self.port}: check the cable to the city line, and that the line is paid for."
        )
        step.do(RaiseAlarm(self.port, text))

    def digits_sent(self, event: DigitsSent, step: Step) -> FxoState:
        """Dialled: from here on the line speaks for itself."""
        if self.outdial is None or event.node != self.outdial.node:
            return X.DIALLING
        self.outdial = None
        self.supervision.take(WatchForAnswer(), step)
        step.tell(Proceeding(self.key))
        return X.CALLING

    def stuck(self, timer: StateTimer, step: Step) -> None:
        """The signal core never said that the digits were sent."""
        self._give_up(Cause.TEMPORARY_FAILURE, Evidence.TIMER, step)

    def far_end_rings(self, event: RingbackHeard, step: Step) -> FxoState:
        """Ringback on the line."""
        step.tell(Alerting(self.key))
        return self.state

    def far_end_answered(self, event: FarEndAnswered, step: Step) -> None:
        """Somebody answered in the city."""
        step.tell(Answered(self.key, event.evidence))

    def note_digit(self, order: NoteDigit, step: Step) -> None:
        """Watch for an answer from the last digit on."""
        self.supervision.take(WatchForAnswer(), step)

    # --- giving it back -------------------------------------------------------------------------------------

    def far_end_gone(self, event: FarEndGone, step: Step) -> None:
        """Nobody is there any more: release it at once, before it costs somebody's call."""
        step.do(SetLoop(self.port, closed=False))
        step.tell(Left(self.key, event.cause, event.evidence))

    def release(self, order: Clear, step: Step) -> None:
        """The call is over."""
        self._open(step)

    def become_idle(self, event: object, step: Step) -> None:
        """It may be used again."""

    def _give_up(self, cause: Cause, evidence: Evidence, step: Step) -> None:
        self._open(step)
        step.tell(Left(self.key, cause, evidence))

    def _open(self, step: Step) -> None:
        self.outdial = None
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
        self._give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.HARDWARE, step)

    def restore(self, event: PortRestored, step: Step) -> None:
        """It works again."""
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
            return self._settings.dial_tone_wait_ms
        if timer is IDENTITY and not self._settings.number_request:
            return sum(self._settings.bell.cadence_ms[:-1]) + IDENTITY_AFTER_RING_MS
        if timer is IDENTITY:
            return ASK_AFTER_MS
        if timer is SENDING:
            return len(self._number) * DIGIT_MS + DIALLING_MARGIN_MS
        return timer.default_ms

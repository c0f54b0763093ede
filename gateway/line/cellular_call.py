"""A modem's call: in, out, its digits, and giving it back.

Families tell of a call in different words, and each forgets some. So while there is a call the modem is asked
for its list of calls again and again, and that list is what counts: a call that is not on it any more is
over, whatever was said or not said.
"""

from enum import Enum, auto

from gateway.line.at_dialogue import AtDialogue, Command, CommandDone, Purpose
from gateway.line.at_replies import CallStage, ListedCall
from gateway.line.call_look import CALLS, SoundWatch
from gateway.line.modem_setup import (
    CureAudio,
    GiveUp,
    ModemNotReady,
    ModemReady,
    ModemSetup,
    SoundProved,
)
from gateway.line.modem_words import (
    CallBrought,
    CallOver,
    CallSeen,
    CallsListed,
    DigitCame,
    FarEndAlerts,
    FarEndConnected,
)
from gateway.model.actions import RaiseAlarm
from gateway.model.causes import Cause, Evidence
from gateway.model.events import AudioFlow, DigitHeard
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId
from gateway.model.signals import (
    Alerting,
    Answered,
    CallerKnown,
    CityRings,
    Clear,
    Connect,
    DigitPressed,
    Left,
    Proceeding,
    Progress,
    Seize,
    SendDigit,
)

_DIAL_REFUSALS = {
    "BUSY": Cause.USER_BUSY,
    "NO ANSWER": Cause.NO_ANSWER,
    "NO DIALTONE": Cause.NETWORK_OUT_OF_ORDER,
    "NO DIAL TONE": Cause.NETWORK_OUT_OF_ORDER,
}


class CellularState(Enum):
    """What the trunk is doing."""

    DOWN = auto()  # no modem, no SIM, no network
    IDLE = auto()
    RINGING = auto()  # somebody calls; who, is being asked
    RUNG = auto()  # somebody calls, and who is known or will not be
    ANSWERING = auto()
    DIALLING = auto()
    CALLING = auto()  # dialled: the far end has not answered
    TALKING = auto()
    CLEARING = auto()  # the call is over; the modem has not said so yet


C = CellularState
IDENTITY = StateTimer("identity", (C.RINGING,), 3_000, "the modem does not list who calls: unknown")
VOICE = StateTimer("voice", (C.TALKING,), 1_000, "both ends talk: the family's audio is switched on")
SOUND = StateTimer("sound", (C.TALKING,), 6_000, "not a frame of sound has come since the answer")
DIAL = StateTimer("dial", (C.DIALLING,), 30_000, "the modem does not say that it has dialled")
ANSWER = StateTimer("answer", (C.ANSWERING,), 15_000, "the modem does not say that it has answered")
CLEAR = StateTimer("clear", (C.CLEARING,), 12_000, "the modem does not let its call go")
_CITY_CALLS = (C.RINGING, C.RUNG)
_UNANSWERED = (C.DIALLING, C.CALLING)
_IN_CALL = (*_CITY_CALLS, C.ANSWERING, *_UNANSWERED, C.TALKING)
_UP = (C.IDLE, *_IN_CALL, C.CLEARING)


class CellularCall(Machine[CellularState]):
    """The call of one modem, if it has one."""

    kind = "cellular"
    initial = C.DOWN
    timers = (IDENTITY, VOICE, SOUND, DIAL, ANSWER, CLEAR)
    rows = (
        Row((C.DOWN, *_UP), ModemReady, (STAY, C.IDLE), "become_ready"),
        Row((C.DOWN, C.IDLE, C.CLEARING), ModemNotReady, C.DOWN, "go_down"),
        Row(_IN_CALL, ModemNotReady, (STAY, C.DOWN), "go_down_in_call"),
        # somebody calls
        Row(C.IDLE, CallBrought, C.RINGING, "announce"),
        Row(_CITY_CALLS, CallBrought, STAY, "stay", quiet=True),
        Row(C.RINGING, IDENTITY, C.RUNG, "leave_unnamed"),
        Row(_CITY_CALLS, Progress, STAY, "stay"),
        Row(_CITY_CALLS, Connect, C.ANSWERING, "answer"),
        Row(C.ANSWERING, CommandDone, (C.ANSWERING, C.TALKING, C.CLEARING), "answer_goes_on"),
        Row(C.ANSWERING, ANSWER, C.CLEARING, "stuck"),
        # we call
        Row(C.IDLE, Seize, (C.DIALLING, C.IDLE), "dial"),
        Row(C.DIALLING, CommandDone, (C.DIALLING, C.CALLING, C.CLEARING), "dialling_goes_on"),
        Row(C.DIALLING, DIAL, C.CLEARING, "stuck"),
        Row(_UNANSWERED, FarEndAlerts, STAY, "far_end_rings"),
        Row(_UNANSWERED, FarEndConnected, C.TALKING, "far_end_answered"),
        # both
        Row(C.ANSWERING, FarEndConnected, C.TALKING, "stay"),
        Row(C.TALKING, FarEndConnected, C.TALKING, "stay", quiet=True),
        Row(_IN_CALL, CallSeen, (STAY, C.RUNG, C.TALKING), "see_call"),
        Row(_IN_CALL, CallsListed, (STAY, C.RUNG, C.TALKING, C.CLEARING), "compare_calls", quiet=True),
        Row(C.CLEARING, CallsListed, (C.CLEARING, C.IDLE, C.DOWN), "see_cleared", quiet=True),
        Row(_IN_CALL, CallOver, C.CLEARING, "far_end_gone"),
        Row((C.DOWN, C.IDLE, C.CLEARING), CallOver, STAY, "stay", quiet=True),
        Row((C.ANSWERING, C.TALKING), Progress, STAY, "stay"),
        Row(C.TALKING, Connect, C.TALKING, "stay"),
        Row(C.TALKING, VOICE, C.TALKING, "switch_audio_on"),
        Row(C.TALKING, CommandDone, C.TALKING, "audio_goes_on", quiet=True),
        Row(C.TALKING, AudioFlow, C.TALKING, "watch_sound", quiet=True),
        Row(C.TALKING, SOUND, C.TALKING, "no_sound"),
        Row(C.TALKING, SendDigit, C.TALKING, "send_digit"),
        Row(C.TALKING, DigitCame, C.TALKING, "digit_came"),
        Row(C.TALKING, DigitHeard, C.TALKING, "digit_heard"),
        Row(_IN_CALL, Clear, C.CLEARING, "hang_up"),
        Row(C.CLEARING, CLEAR, C.CLEARING, "does_not_clear"),
    )

    def __init__(self, port: PortId, dialogue: AtDialogue, setup: ModemSetup, *, sound_card: bool) -> None:
        super().__init__(port)
        self.port = port
        self._dialogue = dialogue
        self._setup = setup
        self._sound_card = sound_card
        self._index = 1
        self._missing = 0
        self._audio_on = False
        self._audio_tries = 0
        self._sound = SoundWatch()

    @property
    def lives(self) -> bool:
        """Whether there is a call that should be somebody's leg."""
        return self.state in _IN_CALL

    @property
    def brings_caller(self) -> bool:
        """Somebody calls, and nobody has answered."""
        return self.state in _CITY_CALLS

    def modem_begins(self) -> None:
        """It was reset or is another one: what was switched on is off."""
        self._audio_on = False

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """The family says how long its audio must wait."""
        if timer is VOICE:
            return max(self._setup.family.after_connect_ms, 1)
        return timer.default_ms

    # --- up and down ----------------------------------------------------------------------------------------

    def become_ready(self, news: ModemReady, step: Step) -> CellularState:
        """The modem is in its network."""
        return C.IDLE if self.state is C.DOWN else self.state

    def go_down(self, news: ModemNotReady, step: Step) -> None:
        """No calls now."""

    def go_down_in_call(self, news: ModemNotReady, step: Step) -> CellularState:
        """The modem is gone in the middle of a call, or only its network: then the list of calls decides."""
        if not news.gone:
            return self.state
        step.tell(Left(self.key, Cause.NETWORK_OUT_OF_ORDER, Evidence.HARDWARE))
        return C.DOWN

    # --- somebody calls -------------------------------------------------------------------------------------

    def announce(self, event: CallBrought, step: Step) -> None:
        """Telephones may ring at once; the number follows."""
        self._missing = 0
        step.tell(CityRings(self.key, answered=False))
        self._dialogue.ask(CALLS, step)

    def leave_unnamed(self, timer: StateTimer, step: Step) -> None:
        """The modem does not say who calls."""
        step.tell(CallerKnown(self.key, "", ""))

    def stay(self, event: object, step: Step) -> CellularState:
        """Nothing to do for this line."""
        return self.state

    def answer(self, order: Connect, step: Step) -> None:
        """Somebody of the office answers."""
        family = self._setup.family
        for text in family.answer:
            self._dialogue.ask(Command(text, Purpose.ANSWER, answer_ms=15_000), step)
        self._ask_all(family.after_answer, step)

    def answer_goes_on(self, done: CommandDone, step: Step) -> CellularState:
        """The modem has answered, or the caller was faster."""
        if done.command.purpose is not Purpose.ANSWER:
            return C.ANSWERING
        if done.ok:
            self._sound = SoundWatch()
            return C.TALKING
        step.tell(Left(self.key, Cause.NORMAL_CLEARING, Evidence.MODEM))
        return C.CLEARING

    # --- we call --------------------------------------------------------------------------------------------

    def dial(self, order: Seize, step: Step) -> CellularState:
        """Dial at once: a modem has no dial tone, and cannot be connected straight through without one."""
        if not order.number:
            step.tell(Left(self.key, Cause.NO_CIRCUIT, Evidence.CONFIGURATION))
            return C.IDLE
        self._missing = 0
        for text in self._setup.family.dial:
            dial = Command(text.format(number=order.number), Purpose.DIAL, answer_ms=30_000)
            self._dialogue.ask(dial, step, urgent=True)
        self._ask_all(self._setup.family.after_dial, step)
        return C.DIALLING

    def dialling_goes_on(self, done: CommandDone, step: Step) -> CellularState:
        """The modem has dialled, or will not."""
        if done.command.purpose is not Purpose.DIAL:
            return C.DIALLING
        if done.ok:
            step.tell(Proceeding(self.key))
            return C.CALLING
        step.tell(Left(self.key, _DIAL_REFUSALS.get(done.final, Cause.TEMPORARY_FAILURE), Evidence.MODEM))
        return C.CLEARING

    def far_end_rings(self, event: FarEndAlerts, step: Step) -> None:
        """The network has found it."""
        step.tell(Alerting(self.key))

    def far_end_answered(self, event: object, step: Step) -> None:
        """Somebody answered out there."""
        if self.state is C.DIALLING:
            step.tell(Proceeding(self.key))
        self._sound = SoundWatch()
        step.tell(Answered(self.key, Evidence.MODEM))

    # --- the list of calls ----------------------------------------------------------------------------------

    def see_call(self, event: CallSeen, step: Step) -> CellularState:
        """One call of the modem as it is now."""
        self._missing = 0
        self._index = event.call.index
        return self._follow_call(event.call, step)

    def compare_calls(self, event: CallsListed, step: Step) -> CellularState:
        """All its calls: ours is among them, or twice not, and then it is over."""
        if event.calls:
            return self.see_call(CallSeen(event.calls[0]), step)
        self._missing += 1
        if self._missing < 2:
            return self.state
        return self.far_end_gone(CallOver(Cause.NORMAL_CLEARING), step)

    def _follow_call(self, call: ListedCall, step: Step) -> CellularState:
        match call.stage, self.state:
            case CallStage.INCOMING, C.RINGING:
                step.tell(CallerKnown(self.key, call.number, ""))
                return C.RUNG
            case CallStage.ALERTING, C.CALLING:
                step.tell(Alerting(self.key))
            case CallStage.ACTIVE, C.DIALLING | C.CALLING:
                self.far_end_answered(call, step)
                return C.TALKING
            case _:
                pass
        return self.state

    def far_end_gone(self, event: CallOver, step: Step) -> CellularState:
        """The far end is gone, or cannot be had."""
        evidence = Evidence.RINGING_STOPPED if self.brings_caller else Evidence.MODEM
        step.tell(Left(self.key, event.cause, evidence))
        return C.CLEARING

    # --- giving it back -------------------------------------------------------------------------------------

    def hang_up(self, order: Clear, step: Step) -> None:
        """The call is over."""
        self._dialogue.ask(Command(self._setup.family.hang_up, Purpose.HANG_UP), step, urgent=True)

    def stuck(self, timer: StateTimer, step: Step) -> None:
        """Dialled or answered, and the modem does not say so."""
        step.tell(Left(self.key, Cause.TEMPORARY_FAILURE, Evidence.TIMER))
        self._dialogue.ask(Command(self._setup.family.hang_up, Purpose.HANG_UP), step, urgent=True)

    def see_cleared(self, event: CallsListed, step: Step) -> CellularState:
        """It has no call any more: it may be used again."""
        if event.calls:
            return C.CLEARING
        if self._sound.dead:
            self._sound = SoundWatch()
            self._setup.take(CureAudio(), step)
        return C.IDLE if self._setup.brings_calls else C.DOWN

    def does_not_clear(self, timer: StateTimer, step: Step) -> None:
        """It never hangs in silence."""
        self._setup.take(GiveUp("The modem does not let its call go: it is being looked for anew."), step)

    # --- a conversation -------------------------------------------------------------------------------------

    def switch_audio_on(self, timer: StateTimer, step: Step) -> None:
        """Both ends have talked for so long that the family's audio stays on."""
        family = self._setup.family
        if family.connect_once and self._audio_on:
            return
        self._audio_tries = family.after_connect_tries
        self._ask_all(family.after_connect, step)

    def audio_goes_on(self, done: CommandDone, step: Step) -> None:
        """It is on; or it refuses, which some do the first time."""
        if (
            done.command.purpose is not Purpose.AUDIO
            or done.command.text not in self._setup.family.after_connect
        ):
            return
        self._audio_tries -= 1
        if done.ok:
            self._audio_on = True
        elif self._audio_tries > 0:
            self._ask_all((done.command.text,), step)

    def watch_sound(self, event: AudioFlow, step: Step) -> None:
        """A second of the conversation: did sound go both ways?"""
        trouble = self._sound.take(event)
        if trouble:
            step.do(RaiseAlarm(self.port, trouble))
        if self._sound.proved:
            self._setup.take(SoundProved(), step)

    def no_sound(self, timer: StateTimer, step: Step) -> None:
        """Not one frame: the audio port is dead, or another one's."""
        if not self._sound_card and self._sound.seconds == 0:
            self._sound.dead = True
            step.do(RaiseAlarm(self.port, "No sound comes from the modem in a call: it is reset after it."))

    def send_digit(self, order: SendDigit, step: Step) -> None:
        """The network makes its tone. Letters are refused by all modems, so nobody asks for them."""
        if order.digit in "ABCD":
            step.narrate(f"{self.key} digit {order.digit} is not sent: modems refuse A to D")
            return
        text = self._setup.family.digit.format(index=self._index, digit=order.digit)
        self._dialogue.ask(Command(text, Purpose.DIGIT), step)

    def digit_came(self, event: DigitCame, step: Step) -> None:
        """The far end has pressed a key; its tone was heard too."""
        step.tell(DigitPressed(self.key, event.digit, audible=True))

    def digit_heard(self, event: DigitHeard, step: Step) -> None:
        """The same by our own detector, where the modem does not tell."""
        if not self._setup.family.digits_unasked:
            step.tell(DigitPressed(self.key, event.digit, audible=True))

    def _ask_all(self, texts: tuple[str, ...], step: Step) -> None:
        for text in texts:
            self._dialogue.ask(Command(text, Purpose.AUDIO), step)

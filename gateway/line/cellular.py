"""A modem as a trunk: one cellular port with the machines that make it.

The dialogue (`line.at_dialogue`) asks and hears, the setup (`line.modem_setup`) brings the modem up and
proves its audio, the call is `line.cellular_call`, messages are `line.modem_messages`. An event goes to the
dialogue first; what that makes of it is dealt out when it has finished, since a machine may not give an event
to one that is above it.
"""

from dataclasses import dataclass
from typing import Any

from gateway.line.at_dialogue import (
    AtDialogue,
    CommandDone,
    CommandSilent,
    Forget,
    Outcome,
    Purpose,
    Unasked,
)
from gateway.line.at_replies import SimState, read_calls
from gateway.line.call_look import CallLook
from gateway.line.cellular_call import CellularCall, CellularState
from gateway.line.modem_messages import MessageDesk
from gateway.line.modem_setup import GiveUp, ModemSetup, SetupState
from gateway.line.modem_words import (
    CallOver,
    CallsListed,
    FarEndConnected,
    MessageAt,
    Noise,
    RegistrationTold,
    SignalTold,
    SimTold,
    UssdTold,
    read_unasked,
)
from gateway.model.actions import ModemRelease
from gateway.model.events import (
    AudioFlow,
    DigitHeard,
    MessageKept,
    ModemFound,
    ModemLost,
    ModemSaid,
    PortFailed,
    PortRestored,
    SmsWanted,
    UssdWanted,
)
from gateway.model.machine import Machine, Step
from gateway.model.numbers import NodeId, PortId
from gateway.model.signals import Order
from gateway.model.timers import TimerId

SILENCES_MAX = 2
"""Commands in a row that are not answered before the modem counts as dead."""
STRANGE_MAX = 40
"""Lines in a row that nobody understands, with no answer among them."""


@dataclass(frozen=True, slots=True)
class CellularSettings:
    """One modem's trunk. ``own_number`` is the SIM's, for the proof of its audio; ``extension`` is whose
    short messages it takes, empty: everybody's.
    """

    own_number: str = ""
    sound_card: bool = False
    extension: str = ""


PortEvent = ModemFound | ModemLost | ModemSaid | AudioFlow | DigitHeard | MessageKept | SmsWanted | UssdWanted

_OF_SETUP = (
    *(Purpose.SETUP, Purpose.VITAL, Purpose.SIM, Purpose.UNLOCK),
    *(Purpose.REGISTRATION, Purpose.SIGNAL, Purpose.PROOF),
)
_OF_DESK = (Purpose.READ_MESSAGE, Purpose.LIST_MESSAGES, Purpose.SEND_MESSAGE, Purpose.USSD)

C = CellularState


class Cellular:
    """One cellular port and the modem in it."""

    def __init__(self, port: PortId, settings: CellularSettings) -> None:
        self.port = port
        self.dialogue = AtDialogue(port)
        self.setup = ModemSetup(port, self.dialogue, settings.own_number, sound_card=settings.sound_card)
        self.desk = MessageDesk(port, self.dialogue, settings.extension)
        self.call = CellularCall(port, self.dialogue, self.setup, sound_card=settings.sound_card)
        self.look = CallLook(port, self.dialogue)
        self.key = self.call.key
        self._silences = 0
        self._strange = 0

    # --- what others ask of it ------------------------------------------------------------------------------

    @property
    def machines(self) -> tuple[Machine[Any], ...]:
        """Those that make it; its own is the call."""
        return (self.call, self.dialogue, self.setup, self.desk, self.look)

    @property
    def state(self) -> CellularState:
        """That of its call."""
        return self.call.state

    @property
    def since_ms(self) -> int:
        """When it took the state that people see."""
        return self.setup.since_ms if self.call.state is C.DOWN else self.call.since_ms

    @property
    def playing(self) -> tuple[NodeId, str] | None:
        """Digits to be played into the modem, for the proof of its audio."""
        return self.setup.playing

    @property
    def failure(self) -> str:
        """Why it cannot be used as it should; empty when it can."""
        return self.setup.failure

    @property
    def free(self) -> bool:
        """A call can be made over it: it is in a network, its audio is proved, and nobody uses it."""
        return self.call.state is C.IDLE and self.setup.state is SetupState.READY

    @property
    def well(self) -> bool:
        """Nothing is known to be wrong with it."""
        return not self.failure

    @property
    def signal_dbm(self) -> int:
        """How well it hears its network; -113 where it does not say."""
        return self.setup.facts.signal_dbm if self.setup.facts.signal_dbm is not None else -113

    @property
    def busy(self) -> bool:
        """Whether it should be somebody's leg."""
        return self.call.lives

    @property
    def at_rest(self) -> bool:
        """It has no call. Looking after the modem never rests."""
        return self.call.state in (C.DOWN, C.IDLE)

    @property
    def brings_caller(self) -> bool:
        """Somebody calls, and nobody has answered."""
        return self.call.brings_caller

    @property
    def identity_pending(self) -> bool:
        """Whether who calls may still come."""
        return self.call.state is C.RINGING

    @property
    def listens_for_digits(self) -> bool:
        """Keys of the far end come as sound; or a proof is to be heard."""
        return self.setup.proving_by_loop or (
            self.call.state is C.TALKING and not self.setup.family.digits_unasked
        )

    @property
    def state_name(self) -> str:
        """For people: how far the modem is, until it can be used."""
        if self.call.state is C.DOWN or (
            self.call.state is C.IDLE and self.setup.state is not SetupState.READY
        ):
            return self.setup.state.name.lower()
        return self.call.state.name.lower()

    @property
    def audible(self) -> bool:
        """Whether the far end hears us, and we it."""
        return self.call.state in (C.CALLING, C.TALKING)

    @property
    def wideband(self) -> bool:
        """Never: the modems' audio ports are used at 8 kHz."""
        return False

    @property
    def takes_digits_apart(self) -> bool:
        """Always: the network makes their tones."""
        return True

    # --- events ---------------------------------------------------------------------------------------------

    def hear(self, event: PortEvent, step: Step) -> None:
        """Anything that happens at this port, dealt out to the machine that it concerns."""
        match event:
            case ModemFound():
                self._begin_anew(step)
                self.setup.take(event, step)
            case ModemLost():
                self._begin_anew(step)
                self.setup.take(event, step)
            case ModemSaid():
                self.dialogue.take(event, step)
            case AudioFlow() | DigitHeard():
                if self.setup.state is SetupState.PROVING:
                    self.setup.take(event, step)
                elif self.call.permits(type(event)):
                    self.call.take(event, step)
            case MessageKept():
                self.desk.kept(event, step)
            case SmsWanted() | UssdWanted():
                self.desk.want(event, self.setup, step)
        self._settle(step)

    def take_trouble(self, event: PortFailed | PortRestored, step: Step) -> None:
        """Of the sound card that carries its voice; when that is back, the modem begins anew."""
        if isinstance(event, PortFailed):
            self.hear(ModemLost(event.port, event.reason), step)
        else:
            step.do(ModemRelease(self.port))

    def expire(self, timer: TimerId, step: Step) -> bool:
        """A timer of this machine or of one below it."""
        owner = next((one for one in self.machines if one.key == timer.owner), None)
        taken = owner is not None and owner.expire(timer, step)
        self._settle(step)
        return taken

    def order(self, event: Order, step: Step) -> None:
        """An order of the call; then whatever follows from it below."""
        self.call.order(event, step)
        self._settle(step)

    def permits(self, event: type[object]) -> bool:
        """Whether it can take that order now."""
        return self.call.permits(event)

    def _begin_anew(self, step: Step) -> None:
        self.dialogue.take(Forget(), step)
        self.desk.forget(step)
        self._silences = self._strange = 0
        self.call.modem_begins()

    def _settle(self, step: Step) -> None:
        """Deal out what the dialogue has heard and what the setup has become, until nothing is left."""
        while self.dialogue.outcomes or self.setup.news:
            if self.dialogue.outcomes:
                self._deal(self.dialogue.outcomes.popleft(), step)
            else:
                self.call.take(self.setup.news.popleft(), step)
        self.setup.in_call = self.call.state not in (C.DOWN, C.IDLE)
        self.look.follow(self.setup.in_call, step, talking=self.call.state is C.TALKING)
        if self.call.state is C.IDLE and not self.dialogue.asking:
            self.desk.work(step)

    def _deal(self, outcome: Outcome, step: Step) -> None:
        match outcome:
            case CommandDone(command=command):
                self._silences = self._strange = 0
                self._deal_answer(outcome, command.purpose, step)
            case CommandSilent(command=command):
                self._silences += 1
                self.desk.silent(command, step)
                if self._silences >= SILENCES_MAX:
                    text = f"The modem does not answer ({command.text}): it is being looked for anew."
                    self.setup.take(GiveUp(text), step)
            case Unasked(line=line):
                self._deal_word(line, step)

    def _deal_answer(self, done: CommandDone, purpose: Purpose, step: Step) -> None:
        if purpose in _OF_SETUP:
            self._give(self.setup, done, step)
        elif purpose in _OF_DESK:
            self.desk.done(done, step)
        elif purpose is Purpose.CALLS and done.ok:
            self._give(self.call, CallsListed(read_calls(done.lines)), step)
        elif purpose in (Purpose.DIAL, Purpose.ANSWER, Purpose.AUDIO):
            self._give(self.call, done, step)

    def _deal_word(self, line: str, step: Step) -> None:
        word = read_unasked(line)
        match word:
            case None:
                self._strange += 1
                step.narrate(f"{self.key} says {line[:60]!r}, which nobody understands")
                if self._strange >= STRANGE_MAX:
                    text = f"The modem says what nobody understands ({line[:40]!r}): looking for it anew."
                    self._give(self.setup, GiveUp(text), step)
            case SimTold(state=sim):
                if sim is not SimState.READY and self.setup.brings_calls:
                    self.setup.take(GiveUp("The SIM was taken out, or wants its PIN again."), step)
            case SignalTold() | RegistrationTold():
                self._give(self.setup, word, step)
            case MessageAt(slot=slot):
                self.desk.note(slot)
            case UssdTold(answer=answer):
                self.setup.facts.balance = self.desk.told(answer, step) or self.setup.facts.balance
            case FarEndConnected() | CallOver() if self.setup.state is SetupState.PROVING:
                self.setup.take(word, step)
            case Noise():
                return
            case _:
                self._give(self.call, word, step)

    def _give(self, machine: Machine[Any], event: object, step: Step) -> None:
        if machine.permits(type(event)):
            machine.take(event, step)

    # --- trouble --------------------------------------------------------------------------------------------

    def recover(self, step: Step) -> None:
        """After a bug in these machines: the modem is closed and looked for anew, whatever it was doing."""
        self._begin_anew(step)
        self.look.follow(False, step)
        step.do(ModemRelease(self.port))
        self.setup.news.clear()
        self.setup.halt(SetupState.BROKEN, step)
        self.call.halt(C.DOWN, step)

"""Bringing a modem up: its dialect, the SIM and its PIN, the network, and the proof that its audio works.

A wrong PIN is never tried a second time: three of them lock the SIM, so what comes after a refusal is a
person's decision. The trunk counts as ready when sound was seen going both ways; how that can be shown
without charging anybody depends on the family (`line.modem_families.Proof`).
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from gateway.line.at_dialogue import AtDialogue, Command, CommandDone, Purpose
from gateway.line.at_replies import (
    Registration,
    SimState,
    read_operator,
    read_registration,
    read_signal_dbm,
    read_sim,
)
from gateway.line.modem_families import FAMILIES, HUAWEI, Family, Proof
from gateway.line.modem_words import CallOver, FarEndConnected, RegistrationTold, SignalTold
from gateway.model.actions import ModemRelease, ModemUnlocked, RaiseAlarm
from gateway.model.events import AudioFlow, DigitHeard, ModemFound, ModemLost, PinKnowledge
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import NodeId, PortId

PROOF_DIGITS = "15D9"
"""Played into a module that loops its audio back: all four must come home, one after the other."""
PROOF_ROUNDS = 3
"""So often they are played: the first ones may come before the loop is closed and the buffers are filled."""
PROOF_FRAMES = 25
"""Half a second of frames, both ways, shows an audio port that works."""
PROOF_TRIES = 3
PROVE_AGAIN_LOOKS = 20
"""So many times 30 s between two tries."""
SIM_LOOKS = 10
SIM_BUSY = "+CME ERROR: 14"
"""TS 27.007, 9.2.1"""
SEARCH_ALARM_LOOKS = 12
"""So often the network is asked for in vain before a person is told."""


@dataclass(frozen=True, slots=True)
class ModemReady:
    """It may bring calls, and take them if its audio is proved."""


@dataclass(frozen=True, slots=True)
class ModemNotReady:
    """The network, the SIM or the modem itself is gone; a call that lives is over if ``gone``."""

    gone: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It does not answer, or answers what nobody understands; ``text`` is the alarm's."""

    text: str


@dataclass(frozen=True, slots=True)
class SoundProved:
    """Sound went both ways in a conversation."""


@dataclass(frozen=True, slots=True)
class CureAudio:
    """The audio was dead in a call: reset the modem, where that helps."""


SetupNews = ModemReady | ModemNotReady


@dataclass(slots=True)
class ModemFacts:
    """What is known of the modem that is plugged in, for people and for choosing a trunk."""

    tty: str = ""
    imei: str = ""
    model: str = ""
    firmware: str = ""
    operator: str = ""
    signal_dbm: int | None = None
    registration: Registration = Registration.UNKNOWN
    proof: str = ""
    """How its audio was proved both ways; empty while it was not."""
    balance: str = ""


class SetupState(Enum):
    """How far it is."""

    ABSENT = auto()
    STARTING = auto()
    UNLOCKING = auto()  # the PIN was given, the SIM has not said READY yet
    LOCKED = auto()  # the SIM wants what nobody has given
    SEARCHING = auto()
    PROVING = auto()
    UNPROVED = auto()  # it may bring calls; none is made over it
    READY = auto()
    BROKEN = auto()  # it does not answer, or nonsense; being looked for anew


S = SetupState
SIM = StateTimer("sim", (S.UNLOCKING,), 2_000, "the SIM is asked again whether it is ready")
LOOK = StateTimer("look", (S.SEARCHING,), 5_000, "the network is asked for again")
PROOF = StateTimer("proof", (S.PROVING,), 12_000, "no proof that the audio works")
CHECK = StateTimer("check", (S.READY, S.UNPROVED), 30_000, "signal and registration are looked at")

_ALIVE = (S.STARTING, S.UNLOCKING, S.LOCKED, S.SEARCHING, S.PROVING, S.UNPROVED, S.READY)
_KNOWN = (*_ALIVE, S.BROKEN)
_NETWORK = (S.SEARCHING, S.PROVING, S.UNPROVED, S.READY)

START = (
    Command("ATE0", Purpose.SETUP),
    Command("AT+CMEE=1", Purpose.SETUP),
    Command("AT+CPIN?", Purpose.SIM, "+CPIN:"),
)
AFTER_SIM = (
    Command("AT+COPS=3,0", Purpose.SETUP),
    Command("AT+CREG=2", Purpose.SETUP),
    Command("AT+CSSN=1,1", Purpose.SETUP),
    Command("AT+CMGF=0", Purpose.VITAL),
    Command('AT+CPMS="SM","SM","SM"', Purpose.SETUP, "+CPMS:", answer_ms=20_000),
    Command("AT+CNMI=2,1,0,0,0", Purpose.SETUP),
)
LOOKS = (
    Command("AT+CREG?", Purpose.REGISTRATION, "+CREG:"),
    Command("AT+CSQ", Purpose.SIGNAL, "+CSQ:"),
)
OPERATOR = Command("AT+COPS?", Purpose.SIGNAL, "+COPS:", answer_ms=30_000)


class ModemSetup(Machine[SetupState]):
    """How far one port's modem has been brought up."""

    kind = "modem"
    initial = S.ABSENT
    timers = (SIM, LOOK, PROOF, CHECK)
    rows = (
        Row((S.ABSENT, *_KNOWN), ModemFound, S.STARTING, "begin"),
        Row((S.ABSENT, *_KNOWN), ModemLost, S.ABSENT, "lose"),
        Row(_ALIVE, GiveUp, S.BROKEN, "give_up"),
        Row(_ALIVE, CureAudio, (STAY, S.BROKEN), "cure"),
        Row(
            S.STARTING,
            CommandDone,
            (S.STARTING, S.UNLOCKING, S.LOCKED, S.SEARCHING, S.PROVING, S.UNPROVED, S.READY, S.BROKEN),
            "go_on",
        ),
        Row(S.UNLOCKING, CommandDone, (S.UNLOCKING, S.LOCKED, S.STARTING), "unlock_goes_on"),
        Row(S.UNLOCKING, SIM, (S.UNLOCKING, S.LOCKED), "ask_sim_again"),
        Row(_NETWORK, CommandDone, (STAY, S.UNPROVED, S.PROVING, S.READY), "take_answer", quiet=True),
        Row(S.SEARCHING, LOOK, S.SEARCHING, "look_again", restarts=True, quiet=True),
        Row((S.UNPROVED, S.READY), CHECK, (STAY, S.PROVING, S.UNPROVED), "check", restarts=True, quiet=True),
        Row(_NETWORK, RegistrationTold, (S.SEARCHING, S.PROVING, S.UNPROVED, S.READY), "take_network"),
        Row(_NETWORK, SignalTold, STAY, "take_signal", quiet=True),
        Row(S.PROVING, DigitHeard, S.PROVING, "hear_proof"),
        Row(S.PROVING, AudioFlow, S.PROVING, "see_proof"),
        Row(S.PROVING, FarEndConnected, S.UNPROVED, "somebody_answered"),
        Row(S.PROVING, CallOver, S.PROVING, "own_number_refused"),
        Row(S.PROVING, PROOF, S.UNPROVED, "no_proof"),
        Row(S.UNPROVED, SoundProved, S.READY, "proved_by_call"),
        Row(S.READY, SoundProved, S.READY, "proved_by_call", quiet=True),
    )

    def __init__(self, port: PortId, dialogue: AtDialogue, own_number: str, *, sound_card: bool) -> None:
        super().__init__(port)
        self.port = port
        self.family: Family = HUAWEI
        self.facts = ModemFacts()
        self.failure = ""
        self.news: deque[SetupNews] = deque()
        self.playing: tuple[NodeId, str] | None = None
        """Digits that are to be played into the modem, for the proof."""
        self.in_call = False
        """Whether the trunk has a call, for which everything else waits."""
        self._dialogue = dialogue
        self._own_number = own_number
        self._sound_card = sound_card
        self._pin = PinKnowledge.NONE
        self._pin_given = False
        self._looks = 0
        self._tries = 0
        self._heard = ""
        self._frames = (0, 0)

    @property
    def brings_calls(self) -> bool:
        """Calls may come over it."""
        return self.state in (S.READY, S.UNPROVED)

    @property
    def proving_by_loop(self) -> bool:
        """What we play is listened for."""
        return self.state is S.PROVING and self.family.proof is Proof.LOOP

    # --- found, lost, given up ------------------------------------------------------------------------------

    def begin(self, event: ModemFound, step: Step) -> None:
        """A modem that answers: from the beginning, whatever there was before."""
        self.family = FAMILIES.get(event.family, HUAWEI)
        proof = self.facts.proof if self.facts.imei == event.imei else ""
        self.facts = ModemFacts(event.tty, event.imei, event.model, event.firmware, proof=proof)
        self.failure, self._pin, self._pin_given = "", event.pin, False
        self._looks = self._tries = 0
        for mark in self.family.suspect_firmware:
            if mark in event.firmware:
                text = (
                    f"The firmware {mark} of this modem is known for far ends that hear nothing: update it."
                )
                step.do(RaiseAlarm(self.port, text))
        self._say(START, step)

    def lose(self, event: ModemLost, step: Step) -> None:
        """Unplugged, or its port failed."""
        if event.reason != self.failure:
            step.do(RaiseAlarm(self.port, event.reason))
        self._down(event.reason)

    def give_up(self, event: GiveUp, step: Step) -> None:
        """Close it and look for it anew; until then it is of no use."""
        step.do(RaiseAlarm(self.port, event.text))
        step.do(ModemRelease(self.port))
        self._down(event.text)

    def cure(self, event: CureAudio, step: Step) -> SetupState:
        """Only a reset cures dead audio; the modem then comes back by itself."""
        if not self.family.reset:
            return self.state
        self._say((Command(self.family.reset),), step)
        self.facts.proof = ""
        step.do(ModemRelease(self.port))
        self._down("its audio was dead in a call: it is being reset")
        return S.BROKEN

    def _down(self, failure: str) -> None:
        self.failure, self.playing = failure, None
        self.news.append(ModemNotReady(gone=True))

    # --- the start ------------------------------------------------------------------------------------------

    def go_on(self, done: CommandDone, step: Step) -> SetupState:
        """One more answer of the first commands."""
        match done.command.purpose:
            case Purpose.SIM:
                return self._sim_says(done, step)
            case Purpose.VITAL if not done.ok:
                self.give_up(
                    GiveUp(f"The modem refuses {done.command.text}, without which it is no use."), step
                )
                return S.BROKEN
            case Purpose.REGISTRATION:
                return self._network_says(done, step)
            case _:
                self._note(done)
                return S.STARTING

    def _sim_says(self, done: CommandDone, step: Step) -> SetupState:
        state = next((read_sim(line) for line in done.lines), None)
        if done.ok and state is SimState.READY:
            start = tuple(
                Command(text.format(uac=2 if self._sound_card else 0), Purpose.SETUP, plain=True)
                for text in self.family.start
            )
            self._say((*start, *AFTER_SIM, *LOOKS[::-1]), step)
            return S.STARTING
        if done.ok and state is SimState.WANTS_PIN:
            return self._sim_wants_pin(step)
        if done.ok and state is SimState.WANTS_PUK:
            return self._lock("The SIM wants its PUK: put it into a telephone and unlock it there.", step)
        if done.final == SIM_BUSY:
            return S.UNLOCKING
        return self._lock(f"There is no SIM that can be used ({done.final}): look at its tray.", step)

    def _sim_wants_pin(self, step: Step) -> SetupState:
        match self._pin:
            case PinKnowledge.GIVEN if not self._pin_given:
                self._pin_given = True
                self._say((Command("AT+CPIN=...", Purpose.UNLOCK, answer_ms=20_000),), step)
                return S.UNLOCKING
            case PinKnowledge.NONE:
                return self._lock(
                    "The SIM wants a PIN, and none is in the file of secrets: write it there.", step
                )
            case PinKnowledge.GIVEN | PinKnowledge.REFUSED:
                return self._lock(
                    "The SIM has refused this PIN, and it is not tried again, since three wrong ones lock it:"
                    " correct it in the file of secrets.",
                    step,
                )

    def unlock_goes_on(self, done: CommandDone, step: Step) -> SetupState:
        """The SIM has taken the PIN, or refused it; then it needs a while."""
        match done.command.purpose:
            case Purpose.UNLOCK if not done.ok:
                return self._sim_wants_pin(step)
            case Purpose.UNLOCK:
                step.do(ModemUnlocked(self.port))
                return S.UNLOCKING
            case Purpose.SIM:
                state = next((read_sim(line) for line in done.lines), None)
                ready = state is SimState.READY or (state is SimState.WANTS_PIN and not self._pin_given)
                return self._sim_says(done, step) if ready else S.UNLOCKING
            case _:
                return S.UNLOCKING

    def ask_sim_again(self, timer: StateTimer, step: Step) -> SetupState:
        """It takes the SIM some seconds after its PIN."""
        self._looks += 1
        if self._looks > SIM_LOOKS:
            return self._lock("The SIM does not become ready: look at its tray, or try another one.", step)
        self.restart_timers()
        self._say(START[-1:], step)
        return S.UNLOCKING

    def _lock(self, text: str, step: Step) -> SetupState:
        self.failure = text
        step.do(RaiseAlarm(self.port, text))
        return S.LOCKED

    # --- the network ----------------------------------------------------------------------------------------

    def take_answer(self, done: CommandDone, step: Step) -> SetupState:
        """An answer on the way, or in the middle of everything."""
        if done.command.purpose is Purpose.REGISTRATION:
            return self._network_says(done, step)
        if self.state is S.PROVING and self.facts.proof and done.command.text == self._end_of_proof:
            return self._ready()
        if self.state is S.PROVING and done.command.purpose is Purpose.PROOF and not done.ok:
            return self._unproved(f"its proof was refused ({done.command.text}: {done.final})", step)
        self._note(done)
        return self.state

    def _note(self, done: CommandDone) -> None:
        for line in done.lines:
            if line.startswith("+COPS:"):
                self.facts.operator = read_operator(line) or self.facts.operator
            elif line.startswith("+CSQ:"):
                self.facts.signal_dbm = read_signal_dbm(line)

    def _network_says(self, done: CommandDone, step: Step) -> SetupState:
        told = next((read_registration(line) for line in done.lines), None)
        if told is None:
            return S.SEARCHING if self.state is S.STARTING else self.state
        return self.take_network(RegistrationTold(told), step)

    def take_network(self, event: RegistrationTold, step: Step) -> SetupState:
        """In the network, or out of it."""
        before, self.facts.registration = self.facts.registration, event.registration
        if event.registration.registered:
            return self._registered(step)
        if self.state is not S.SEARCHING:
            self._looks = 0
        if event.registration is Registration.DENIED and before is not Registration.DENIED:
            self._complain("The network refuses this SIM: is it paid for, is it blocked?", step)
        if self.brings_calls or self.state is S.PROVING:
            self.playing = None
            self.news.append(ModemNotReady(gone=False))
        return S.SEARCHING

    def _registered(self, step: Step) -> SetupState:
        self._looks = 0
        if self.state in (S.READY, S.UNPROVED, S.PROVING):
            return self.state
        self.failure = ""
        self._say((OPERATOR,), step)
        if self.facts.proof:
            return self._ready()
        return self._prove(step)

    def look_again(self, timer: StateTimer, step: Step) -> None:
        """Still no network."""
        self._looks += 1
        if self._looks == SEARCH_ALARM_LOOKS:
            self._complain(
                "The modem finds no network: look at its aerial, or at another place for it.", step
            )
        self.look(timer, step)

    def _complain(self, text: str, step: Step) -> None:
        self.failure = text
        step.do(RaiseAlarm(self.port, text))

    def look(self, timer: object, step: Step) -> None:
        """Ask for registration and signal, unless it is busy with something that matters."""
        if not self._dialogue.asking:
            self._say(LOOKS, step)

    def take_signal(self, event: SignalTold, step: Step) -> None:
        """How well it hears the network."""
        self.facts.signal_dbm = event.dbm

    # --- the proof ------------------------------------------------------------------------------------------

    def _prove(self, step: Step) -> SetupState:
        self._heard, self._frames = "", (0, 0)
        match self.family.proof:
            case Proof.LOOP:
                self._say((Command(self.family.loop_on, Purpose.PROOF),), step)
                self.playing = (NodeId(step.new_id()), PROOF_DIGITS * PROOF_ROUNDS)
                return S.PROVING
            case Proof.OWN_NUMBER if self._own_number:
                dial = (text.format(number=self._own_number) for text in self.family.dial)
                orders = [Command(text, Purpose.PROOF, answer_ms=20_000) for text in dial]
                orders += [Command(text, Purpose.PROOF) for text in self.family.after_dial]
                self._say(tuple(orders), step)
                return S.PROVING
            case Proof.OWN_NUMBER:
                return self._unproved("write the SIM's own number in its [line.NAME] of office.toml", step)
            case Proof.FIRST_CALL:
                return self._ready()

    def _ready(self) -> SetupState:
        self.failure = ""
        self.news.append(ModemReady())
        return S.READY

    def hear_proof(self, event: DigitHeard, step: Step) -> SetupState:
        """What we played comes back, digit by digit."""
        self._heard += event.digit
        if self.facts.proof or not self._heard.endswith(PROOF_DIGITS):
            return S.PROVING
        return self._proved("loop: four digits played into the module came back", step)

    def see_proof(self, event: AudioFlow, step: Step) -> SetupState:
        """Frames flow while our own number is called."""
        if self.family.proof is not Proof.OWN_NUMBER or self.facts.proof:
            return S.PROVING
        captured, played = self._frames
        self._frames = captured, played = captured + event.captured, played + event.played
        if captured < PROOF_FRAMES or played < PROOF_FRAMES:
            return S.PROVING
        return self._proved(f"own number: {captured} frames came and {played} were taken", step)

    def _proved(self, how: str, step: Step) -> SetupState:
        self.facts.proof = how
        self._end_proof(step)
        return S.PROVING

    @property
    def _end_of_proof(self) -> str:
        return self.family.loop_off if self.family.proof is Proof.LOOP else self.family.hang_up

    def _end_proof(self, step: Step) -> None:
        """Ready only when that is answered: a call that comes before would be told busy."""
        self.playing = None
        self._say((Command(self._end_of_proof, Purpose.PROOF),), step)

    def own_number_refused(self, event: CallOver, step: Step) -> None:
        """As it should be: nobody is charged. The last second's frames are still to be counted."""

    def somebody_answered(self, event: FarEndConnected, step: Step) -> None:
        """A mailbox answers our own number, which may cost something: never again by itself."""
        self._tries = PROOF_TRIES
        self._unproved("its own number is answered by somebody: switch the mailbox's forwarding off", step)

    def no_proof(self, timer: StateTimer, step: Step) -> SetupState:
        """Nothing came back, or nothing flowed."""
        if self.facts.proof:
            return self._unproved("its proof does not end", step)
        if self.family.proof is Proof.LOOP:
            return self._unproved(f"of the digits {PROOF_DIGITS} came back: {self._heard or 'none'}", step)
        captured, played = self._frames
        return self._unproved(f"{captured} frames of sound came and {played} were taken", step)

    def _unproved(self, why: str, step: Step) -> SetupState:
        if self.state is S.PROVING:
            self._end_proof(step)
        self.facts.proof = ""
        self._tries += 1
        self._complain(f"The audio of this modem is not proved, so nobody calls out over it: {why}.", step)
        self.news.append(ModemReady())
        return S.UNPROVED

    def check(self, timer: StateTimer, step: Step) -> SetupState:
        """Signal and registration; and, where the audio is not proved, another try some minutes later."""
        self._looks += 1
        due = self._looks % PROVE_AGAIN_LOOKS == 0 and self._tries < PROOF_TRIES
        if self.state is S.UNPROVED and due and not self.in_call and not self._dialogue.asking:
            return self._prove(step)
        self.look(timer, step)
        return self.state

    def proved_by_call(self, event: SoundProved, step: Step) -> None:
        """A conversation has shown it."""
        if not self.facts.proof:
            self.facts.proof = "a conversation: sound went both ways"
        self.failure = ""

    def _say(self, commands: tuple[Command, ...], step: Step) -> None:
        for command in commands:
            self._dialogue.ask(command, step)

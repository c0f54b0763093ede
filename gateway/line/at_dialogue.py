"""One modem's AT dialogue: a command at a time, its answer, and what comes unasked in between.

The modem answers each command with lines of its own and one final result; between them it says what happens
(a ring, a message). Which is which is decided by the command's ``prefix`` and by the words that only come
unasked. An answer that does not come in time is silence, and whoever asked decides what to make of it.

Whoever owns the dialogue takes its `outcomes` when the event has been handled: a machine may not give an
event to the one above it while that one runs.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from gateway.line.at_lines import PROMPT
from gateway.model.actions import ModemSend, ModemUnlock
from gateway.model.events import ModemSaid
from gateway.model.machine import STAY, Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId

QUEUE_MAX = 64
"""Commands that wait. Nothing asks for so many; a modem that is too slow for its own rings would."""

_FINALS = ("OK", "ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS")
_FINAL_HEADS = ("+CME ERROR", "+CMS ERROR")
_CALL_FINALS = ("NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE")
"""Final results of a command that dials or answers; unasked when any other command waits."""
_UNASKED_HEADS = (
    *("RING", "+CRING", "+CLIP", "+CCWA", "+CMTI", "+CMT", "+CDSI", "+CUSD", "+RXDTMF", "+QTONEDET"),
    *("^ORIG", "^CONF", "^CONN", "^CEND", "^RSSI", "^MODE", "^BOOT", "^SRVST", "^SIMST", "^STIN", "^DSCI"),
    *("VOICE CALL", "MISSED_CALL", "+QIND", "NO CARRIER", "BUSY", "NO ANSWER", "+CREG", "+CGREG", "+CEREG"),
)


class Purpose(Enum):
    """What a command is for, so that its answer finds whom it concerns."""

    NOTHING = auto()  # nobody waits for the answer
    SETUP = auto()  # bringing the modem up
    VITAL = auto()  # and without this it cannot be
    SIM = auto()
    UNLOCK = auto()
    REGISTRATION = auto()
    SIGNAL = auto()
    PROOF = auto()
    CALLS = auto()
    DIAL = auto()
    ANSWER = auto()
    HANG_UP = auto()
    AUDIO = auto()
    DIGIT = auto()
    READ_MESSAGE = auto()
    LIST_MESSAGES = auto()
    SEND_MESSAGE = auto()
    USSD = auto()


@dataclass(frozen=True, slots=True)
class Command:
    """``text`` without its CR; ``body`` follows the prompt. ``prefix`` is how lines of its answer begin, and
    ``plain`` says that they may begin with anything. ``about`` is for the owner.
    """

    text: str
    purpose: Purpose = Purpose.NOTHING
    prefix: str = ""
    plain: bool = False
    body: str = ""
    answer_ms: int = 5_000
    about: int = 0


# --- what becomes of a command ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The modem has answered: the lines, and the final result."""

    command: Command
    final: str
    lines: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it has done what it was asked for."""
        return self.final == "OK"


@dataclass(frozen=True, slots=True)
class CommandSilent:
    """No answer in time."""

    command: Command


@dataclass(frozen=True, slots=True)
class Unasked:
    """A line that answers nothing."""

    line: str


Outcome = CommandDone | CommandSilent | Unasked


# --- orders of the owner ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this when it is its turn; one that is ``urgent`` goes before all that wait."""

    command: Command
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Forget:
    """The port is gone or opened anew: nothing that was asked will be answered."""


class DialogueState(Enum):
    """Whose turn it is."""

    IDLE = auto()
    WAITING = auto()  # for lines and the final result
    SENDING_BODY = auto()  # the prompt has come, the body is on its way


D = DialogueState
ANSWER = StateTimer("answer", (D.WAITING, D.SENDING_BODY), 5_000, "the modem does not answer a command")


class AtDialogue(Machine[DialogueState]):
    """The dialogue of one port."""

    kind = "at"
    initial = D.IDLE
    timers = (ANSWER,)
    rows = (
        Row(D.IDLE, Ask, D.WAITING, "send_now"),
        Row((D.WAITING, D.SENDING_BODY), Ask, STAY, "queue"),
        Row(D.IDLE, ModemSaid, D.IDLE, "hear_unasked", quiet=True),
        Row((D.WAITING, D.SENDING_BODY), ModemSaid, (D.IDLE, D.WAITING, D.SENDING_BODY), "hear", quiet=True),
        Row((D.WAITING, D.SENDING_BODY), ANSWER, (D.IDLE, D.WAITING), "give_up"),
        Row((D.IDLE, D.WAITING, D.SENDING_BODY), Forget, D.IDLE, "forget"),
    )

    def __init__(self, port: PortId) -> None:
        super().__init__(port)
        self.port = port
        self.outcomes: deque[Outcome] = deque()
        self.refused = 0
        """Commands that found too many before them."""
        self._waiting: deque[Command] = deque()
        self._command = Command("")
        self._lines: list[str] = []

    def ask(self, command: Command, step: Step, *, urgent: bool = False) -> None:
        """Send ``command`` when it is its turn."""
        self.take(Ask(command, urgent), step)

    @property
    def asking(self) -> bool:
        """Whether something is asked or waits to be."""
        return self.state is not D.IDLE

    # --- asking ---------------------------------------------------------------------------------------------

    def send_now(self, order: Ask, step: Step) -> None:
        """Nothing else is asked just now."""
        self._send(order.command, step)

    def queue(self, order: Ask, step: Step) -> DialogueState:
        """After those that are asked already."""
        if len(self._waiting) >= QUEUE_MAX:
            self.refused += 1
        elif order.urgent:
            self._waiting.appendleft(order.command)
        else:
            self._waiting.append(order.command)
        return self.state

    def _send(self, command: Command, step: Step) -> None:
        self._command, self._lines = command, []
        if command.purpose is Purpose.UNLOCK:
            step.do(ModemUnlock(self.port))  # the driver alone knows the PIN
        else:
            step.do(ModemSend(self.port, command.text))

    def _next(self, step: Step) -> DialogueState:
        """The next command that waits, with an answer time of its own."""
        if not self._waiting:
            return D.IDLE
        self.restart_timers()
        self._send(self._waiting.popleft(), step)
        return D.WAITING

    # --- hearing --------------------------------------------------------------------------------------------

    def hear_unasked(self, event: ModemSaid, step: Step) -> None:
        """Nothing is asked, so it answers nothing. A late final result is no news."""
        if event.line != PROMPT and not _is_final(event.line):
            self.outcomes.append(Unasked(event.line))

    def hear(self, event: ModemSaid, step: Step) -> DialogueState:
        """The echo, the prompt, a line of the answer, its end, or something unasked."""
        line, command = event.line, self._command
        if line == command.text or (command.purpose is Purpose.UNLOCK and line.startswith("AT+CPIN=")):
            return self.state
        if line == PROMPT:
            return self._send_body(step)
        if _is_final(line) or (command.purpose in (Purpose.DIAL, Purpose.ANSWER) and line in _CALL_FINALS):
            self.outcomes.append(CommandDone(command, line, tuple(self._lines)))
            return self._next(step)
        if self._belongs(line) and len(self._lines) < 2 * QUEUE_MAX * 4:
            self._lines.append(line)
        else:
            self.outcomes.append(Unasked(line))
        return self.state

    def _belongs(self, line: str) -> bool:
        command = self._command
        if command.prefix and line.startswith(command.prefix):
            return True
        return command.plain and not line.startswith(_UNASKED_HEADS)

    def _send_body(self, step: Step) -> DialogueState:
        if not self._command.body or self.state is D.SENDING_BODY:
            return self.state
        step.do(ModemSend(self.port, self._command.body, ends_body=True))
        return D.SENDING_BODY

    # --- trouble --------------------------------------------------------------------------------------------

    def give_up(self, timer: StateTimer, step: Step) -> DialogueState:
        """It does not answer."""
        self.outcomes.append(CommandSilent(self._command))
        return self._next(step)

    def forget(self, order: Forget, step: Step) -> None:
        """Begin anew."""
        self._waiting.clear()
        self.outcomes.clear()
        self._command, self._lines = Command(""), []

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """Each command has its own."""
        return self._command.answer_ms


def _is_final(line: str) -> bool:
    return line in _FINALS or line.startswith(_FINAL_HEADS)

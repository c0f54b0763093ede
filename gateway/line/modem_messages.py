"""Short messages and service codes of one modem.

A message stays on the SIM until it is on our disk; of one in parts, all parts do until the last has come. So
nothing is lost by a cut at any moment, and at most shown twice. Nothing here is done during a call: some
modems are known not to survive that.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from gateway.line.at_dialogue import AtDialogue, Command, CommandDone, Purpose
from gateway.line.at_replies import Ussd, read_stored
from gateway.line.gsm_alphabet import letters_to_septets, pack
from gateway.line.modem_families import Family
from gateway.line.pdu import Message, PduError, Submit, read_deliver, write_submit
from gateway.model.actions import KeepMessage, RequestAnswered
from gateway.model.events import MessageKept, SmsWanted, UssdWanted
from gateway.model.machine import Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId

HELD_MAX = 12
"""Slots that parts of unfinished messages may take; a SIM has 20 to 50. Then the oldest is kept as it is."""
GAP = " […] "
"""Where a part is missing."""
SLOTS_MAX = 255
USSD_CODE_MAX = 40

_PartsKey = tuple[str, int, int]


class Bringer(Protocol):
    """What is asked of the modem that sends."""

    family: Family

    @property
    def brings_calls(self) -> bool:
        """Whether it is in its network."""
        ...


@dataclass(slots=True)
class _Sending:
    request: int
    left: deque[Submit]
    parts: int


@dataclass(slots=True)
class _Parts:
    total: int
    slots: dict[int, int] = field(default_factory=dict)
    texts: dict[int, Message] = field(default_factory=dict)


class DeskState(Enum):
    """Whether the network owes us an answer."""

    RESTING = auto()
    OWED = auto()  # to a service code


K = DeskState
USSD = StateTimer("ussd", (K.OWED,), 40_000, "the network does not answer a service code")


class MessageDesk(Machine[DeskState]):
    """The messages of one port."""

    kind = "messages"
    initial = K.RESTING
    timers = (USSD,)
    rows = (
        Row(K.RESTING, UssdWanted, K.OWED, "ask_network"),
        Row(K.OWED, Ussd, K.RESTING, "network_answers"),
        Row(K.OWED, RequestAnswered, K.RESTING, "answer_for_network"),
        Row(K.OWED, USSD, K.RESTING, "network_is_silent"),
    )

    def __init__(self, port: PortId, dialogue: AtDialogue, extension: str) -> None:
        super().__init__(port)
        self.port = port
        self._dialogue = dialogue
        self._extension = extension
        self._family: Family | None = None
        self._listed = False
        self._slots: deque[int] = deque()
        self._known: set[int] = set()
        self._parts: dict[_PartsKey, _Parts] = {}
        self._kept: dict[int, tuple[int, ...]] = {}
        self._done_with: deque[int] = deque()
        self._sending: deque[_Sending] = deque()
        self._request = 0

    # --- work for quiet moments -----------------------------------------------------------------------------

    def work(self, step: Step) -> None:
        """Ask the next thing that waits; nothing else is asked, and there is no call."""
        if self._done_with:
            self._dialogue.ask(Command(f"AT+CMGD={self._done_with.popleft()}", answer_ms=20_000), step)
        elif not self._listed:
            self._listed = True
            command = Command("AT+CMGL=4", Purpose.LIST_MESSAGES, "+CMGL:", plain=True, answer_ms=30_000)
            self._dialogue.ask(command, step)
        elif self._slots:
            slot = self._slots.popleft()
            command = Command(f"AT+CMGR={slot}", Purpose.READ_MESSAGE, "+CMGR:", plain=True, about=slot)
            self._dialogue.ask(command, step)
        elif self._sending:
            self._send(self._sending[0], step)

    def forget(self, step: Step) -> None:
        """The modem is another one, or the same anew: its SIM is read again from the beginning."""
        self._listed = False
        self._slots.clear()
        self._known.clear()
        self._parts.clear()
        self._kept.clear()
        self._done_with.clear()
        for sending in self._sending:
            step.do(RequestAnswered(sending.request, False, "the modem has gone"))
        self._sending.clear()
        if self.state is K.OWED:
            self.take(RequestAnswered(self._request, False, "the modem has gone"), step)

    # --- messages that come ---------------------------------------------------------------------------------

    def note(self, slot: int) -> None:
        """A message was put there."""
        if slot not in self._slots and len(self._slots) < SLOTS_MAX:
            self._known.discard(slot)
            self._slots.append(slot)

    def done(self, done: CommandDone, step: Step) -> None:
        """An answer to something of ours."""
        match done.command.purpose:
            case Purpose.LIST_MESSAGES:
                for slot, pdu in read_stored(done.lines):
                    self._read(slot, pdu, step)
            case Purpose.READ_MESSAGE:
                if done.ok and len(done.lines) > 1:
                    self._read(done.command.about, done.lines[1], step)
            case Purpose.SEND_MESSAGE:
                self._sent(done, step)
            case Purpose.USSD if not done.ok and self.state is K.OWED:
                self.take(RequestAnswered(self._request, False, f"the network refuses: {done.final}"), step)
            case _:
                return

    def silent(self, command: Command, step: Step) -> None:
        """Something of ours was not answered: a message may have gone, and is not sent again by itself."""
        if command.purpose is Purpose.SEND_MESSAGE and self._sending:
            sending = self._sending.popleft()
            text = "the modem does not say whether it went; ask before you send it again"
            step.do(RequestAnswered(sending.request, False, text))

    def _read(self, slot: int, pdu: str, step: Step) -> None:
        if slot in self._known:
            return
        self._known.add(slot)
        try:
            message = read_deliver(pdu)
        except PduError as error:
            self._keep(Message("", None, f"({error}) {pdu}"), (slot,), step)
            return
        part = message.part
        if part is None:
            self._keep(message, (slot,), step)
            return
        key = (message.sender, part.reference, part.total)
        parts = self._parts.setdefault(key, _Parts(part.total))
        parts.slots[part.number], parts.texts[part.number] = slot, message
        if len(parts.texts) == part.total:
            self._keep_parts(key, step)
        while sum(len(one.slots) for one in self._parts.values()) > HELD_MAX:
            self._keep_parts(next(iter(self._parts)), step)

    def _keep_parts(self, key: _PartsKey, step: Step) -> None:
        parts = self._parts.pop(key)
        first = parts.texts[min(parts.texts)]
        texts = [
            parts.texts[number].text if number in parts.texts else GAP for number in range(1, parts.total + 1)
        ]
        whole = Message(first.sender, first.sent_s, "".join(texts))
        self._keep(whole, tuple(parts.slots.values()), step)

    def _keep(self, message: Message, slots: tuple[int, ...], step: Step) -> None:
        number = step.new_id()
        self._kept[number] = slots
        step.do(
            KeepMessage(
                self.port,
                number,
                message.sender,
                message.sent_s,
                message.text,
                self._extension,
                step.now.wall_ns,
            )
        )

    def kept(self, event: MessageKept, step: Step) -> None:
        """It is on the disk: the SIM has room for another one."""
        for slot in self._kept.pop(event.message, ()):
            self._done_with.append(slot)
            self._known.discard(slot)

    # --- what an administrator wants ------------------------------------------------------------------------

    def want(self, event: SmsWanted | UssdWanted, modem: Bringer, step: Step) -> None:
        """Send a message or a code when it is its turn; the answer says what became of it."""
        self._family = modem.family
        if not modem.brings_calls:
            step.do(RequestAnswered(event.request, False, "the modem is in no network"))
        elif isinstance(event, SmsWanted):
            self._want_sms(event, step)
        elif self.state is K.OWED:
            step.do(RequestAnswered(event.request, False, "another code is being answered; try again"))
        elif not _is_code(event.code):
            step.do(RequestAnswered(event.request, False, f"{event.code[:20]!r} is no code such as *100#"))
        else:
            self.take(event, step)

    def _want_sms(self, event: SmsWanted, step: Step) -> None:
        try:
            submits = write_submit(event.number, event.text, event.request)
        except PduError as error:
            step.do(RequestAnswered(event.request, False, str(error)))
            return
        self._sending.append(_Sending(event.request, deque(submits), len(submits)))

    def _send(self, sending: _Sending, step: Step) -> None:
        submit = sending.left[0]
        command = Command(
            f"AT+CMGS={submit.octets}",
            Purpose.SEND_MESSAGE,
            "+CMGS:",
            body=submit.pdu,
            answer_ms=60_000,
            about=sending.request,
        )
        self._dialogue.ask(command, step)

    def _sent(self, done: CommandDone, step: Step) -> None:
        if not self._sending or self._sending[0].request != done.command.about:
            return
        sending = self._sending[0]
        sending.left.popleft()
        if not done.ok:
            self._sending.popleft()
            sent = sending.parts - len(sending.left) - 1
            text = f"the network refuses it ({done.final}); {sent} of {sending.parts} parts went"
            step.do(RequestAnswered(sending.request, False, text))
        elif not sending.left:
            self._sending.popleft()
            parts = "" if sending.parts == 1 else f" in {sending.parts} parts"
            step.do(RequestAnswered(sending.request, True, f"sent{parts}"))

    # --- service codes --------------------------------------------------------------------------------------

    def ask_network(self, event: UssdWanted, step: Step) -> None:
        """As a telephone would dial it."""
        self._request, code = event.request, event.code
        if self._family is not None and self._family.ussd_packed:
            septets = letters_to_septets(code) or []
            code = pack([septet for letter in septets for septet in letter]).hex().upper()
        self._dialogue.ask(Command(f'AT+CUSD=1,"{code}",15', Purpose.USSD, answer_ms=20_000), step)

    def told(self, answer: Ussd, step: Step) -> str:
        """The network's word, whether it was asked for or not: for people."""
        if self.state is K.OWED:
            self.take(answer, step)
        return answer.text

    def network_answers(self, answer: Ussd, step: Step) -> None:
        """What was asked for."""
        step.do(RequestAnswered(self._request, True, answer.text))

    def answer_for_network(self, answer: RequestAnswered, step: Step) -> None:
        """It will not answer any more."""
        step.do(answer)

    def network_is_silent(self, timer: StateTimer, step: Step) -> None:
        """Neither a text nor a refusal."""
        step.do(RequestAnswered(self._request, False, "the network does not answer"))


def _is_code(code: str) -> bool:
    return 0 < len(code) <= USSD_CODE_MAX and all(letter in "0123456789*#+" for letter in code)

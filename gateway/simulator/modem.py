"""The twin of a modem with a SIM in it and a mobile network around it: bytes in, bytes out, under any clock.

It answers as slowly as modems do, echoes until it is told not to, rings every five seconds, lets events fall
between a command and its answer, and has the faults of its family (`simulator.modem_dialects`). The person at
the far end of its call is part of it. Nothing here is shared with what reads it: an own parser, an own codec.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.interfaces import Clock
from gateway.model.numbers import NS_PER_MS
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.modem_dialects import DIALECTS, Dialect
from gateway.simulator.modem_pdu import Submitted, parts_of, submitted
from gateway.simulator.wires import SPEECH_DBM0, Device

ANSWER_MS = 12
RING_MS = 5_000
ROUTING_MS = 900
ALERT_MS = 1_800
REGISTER_MS = 2_500
USSD_MS = 1_500
SLOTS = 20
PIN_TRIES = 3
OWN_NUMBER_BUSY_MS = 2_500

Cancel = Callable[[], None]


@dataclass(slots=True)
class Sim:
    """A SIM: its number, its lock, its messages. It stays what it is when the modem is unplugged."""

    number: str = "+79160000001"
    operator: str = "Beeline"
    pin: str = ""
    tries_left: int = PIN_TRIES
    messages: dict[int, str] = field(default_factory=dict)
    sent: list[Submitted] = field(default_factory=list)
    balance: str = "Баланс 123.45 р."
    pins_given: list[str] = field(default_factory=list)


@dataclass(slots=True)
class MobileCall:
    """The call that the modem has; ``stage`` as +CLCC counts."""

    number: str
    outgoing: bool
    stage: int
    began_ns: int
    talking_ns: int | None = None


class SimulatedModem:
    """One modem of a family. ``write`` is its serial port; what it says goes to ``on_octets``."""

    def __init__(
        self,
        clock: Clock,
        family: str,
        imei: str,
        *,
        sim: Sim | None = None,
        name: str = "mobile",
        voice: int = 700,
        on_event: Callable[["SimulatedModem", str], None] | None = None,
    ) -> None:
        self.clock = clock
        self.family = family
        self.imei = imei
        self.sim = sim if sim is not None else Sim()
        self.name = name
        self.voice = voice
        self.plugged = True
        self.deaf = False
        """It takes everything and answers nothing, for good."""
        self.babbles = False
        """It answers with what is no answer."""
        self.signal = 17
        self.registered = False
        self.denied = False
        self.call: MobileCall | None = None
        self.was_talking = False
        self.received: list[str] = []
        """Every command, in order."""
        self.keys = ""
        """What the network has made tones of."""
        self.on_octets: Callable[[bytes], None] = lambda octets: None
        self.on_plugged: Callable[[bool], None] = lambda plugged: None
        self.dialect: Dialect = DIALECTS[family](self)
        self.line_loss_db = 0.0
        self._device: Device | None = None
        self._ear: Ear | None = None
        self._on_event = on_event
        self._subscribers: dict[str, Subscriber] = {}
        self._talks_when_answered = False
        self._echo = True
        self._locked = bool(self.sim.pin)
        self._input = bytearray()
        self._body_of = ""
        self._timers: list[Cancel] = []
        self._call_timers: list[Cancel] = []
        self._power_on()

    # --- the cable ------------------------------------------------------------------------------------------

    def attach_voice(self, device: Device) -> None:
        """The mouth and ear of whoever is at the far end."""
        self._device, self._ear = device, Ear(device)

    def unplug(self) -> None:
        """Out of its socket, in the middle of whatever it does."""
        if self.call is not None:
            self._end(41, told=False)
        _cancel(self._timers)
        self.plugged = self.registered = False
        self._narrate("is unplugged")
        self.on_plugged(False)

    def plug(self) -> None:
        """Into a socket again: as after power came."""
        self.plugged = True
        self.deaf = False
        self._echo, self._locked = True, bool(self.sim.pin)
        self._input.clear()
        self._body_of = ""
        self.dialect = DIALECTS[self.family](self)
        self._narrate("is plugged in")
        self._power_on()
        self.on_plugged(True)

    def resets(self, after_ms: int) -> None:
        """It was told to: away from USB, and back after a while."""
        self.after(200, self._reset_now)
        self._call_at(200 + after_ms, self._come_back)

    def _reset_now(self) -> None:
        if self.plugged:
            self.unplug()

    def _come_back(self) -> None:
        if not self.plugged:
            self.plug()

    def _power_on(self) -> None:
        if not self._locked:
            self.after(REGISTER_MS, self._register)

    def _register(self) -> None:
        self.registered = not self.denied
        self.says(f'+CREG: {self._creg()},"00C3","3F1A"')

    def _creg(self) -> int:
        if self.denied:
            return 3
        return 1 if self.registered else 2

    def loses_network(self) -> None:
        """Into the cellar."""
        self.registered = False
        self.says("+CREG: 2")

    def finds_network(self) -> None:
        """And back."""
        self._register()

    # --- bytes ----------------------------------------------------------------------------------------------

    def write(self, octets: bytes) -> None:
        """What the gateway writes."""
        if not self.plugged or self.deaf:
            return
        if self._echo and not self._body_of:
            self.on_octets(octets)
        for octet in octets:
            if self._body_of and octet == 0x1A:
                body, command = self._input.decode("ascii", "replace"), self._body_of
                self._input.clear()
                self._body_of = ""
                self.after(600, lambda body=body, command=command: self._take_body(command, body))  # type: ignore[misc]
            elif octet == 0x0D and not self._body_of:
                command = self._input.decode("ascii", "replace").strip()
                self._input.clear()
                self.received.append(command)
                self.after(ANSWER_MS, lambda command=command: self._obey(command))  # type: ignore[misc]
            elif octet != 0x0A:
                self._input.append(octet)

    def says(self, *lines: str) -> None:
        """Lines of the modem, each between CR LF."""
        if self.plugged and not self.deaf:
            self.on_octets("".join(f"\r\n{line}\r\n" for line in lines).encode("ascii", "replace"))

    def _obey(self, text: str) -> None:
        if self.deaf:
            return
        if self.babbles:
            self.on_octets(b"\x00\xff%CFUN\x80 @@\r\n!" + text.encode()[::-1] + b"\r\n")
            return
        if self.dialect.command(text) or self._simple(text) or self._sim_command(text):
            return
        if not self._call_command(text) and not self._message_command(text):
            self.says(self.dialect.unknown)

    def _simple(self, text: str) -> bool:
        answers = {
            "AT+CGMI": self.dialect.maker,
            "AT+CGMM": self.dialect.model,
            "AT+CGMR": self.dialect.firmware,
            "AT+CGSN": self.imei,
            "AT+CIMI": "250990000000001",
            "AT+CSQ": f"+CSQ: {self.signal},99",
            "AT+CREG?": f'+CREG: 2,{self._creg()},"00C3","3F1A"',
            "AT+COPS?": f'+COPS: 0,0,"{self.sim.operator}",2' if self.registered else "+COPS: 0",
        }
        if text in answers:
            self.says(answers[text], "OK")
        elif text in ("ATE0", "ATE1"):
            self._echo = text == "ATE1"
            self.says("OK")
        elif text in ("AT", "ATZ") or text.startswith(
            ("AT+CMEE=", "AT+COPS=", "AT+CREG=", "AT+CSSN=", "AT+CMGF=", "AT+CNMI=", "AT+CSCS=", "AT+CLIP=")
        ):
            self.says("OK")
        elif text.startswith("AT+CPMS="):
            self.says(f"+CPMS: {len(self.sim.messages)},{SLOTS},0,{SLOTS},0,{SLOTS}", "OK")
        else:
            return False
        return True

    def _sim_command(self, text: str) -> bool:
        if text == "AT+CPIN?":
            if self.sim.tries_left <= 0:
                self.says("+CPIN: SIM PUK", "OK")
            else:
                self.says("+CPIN: SIM PIN" if self._locked else "+CPIN: READY", "OK")
        elif text.startswith("AT+CPIN="):
            self._take_pin(text.partition("=")[2].strip('"'))
        elif text.startswith("AT+CUSD=1,"):
            self.says("OK")
            self.after(USSD_MS, self._ussd)
        else:
            return False
        return True

    def _take_pin(self, pin: str) -> None:
        self.sim.pins_given.append(pin)
        if pin != self.sim.pin:
            self.sim.tries_left -= 1
            self.says("+CME ERROR: 16")
            return
        self.sim.tries_left, self._locked = PIN_TRIES, False
        self.says("OK")
        self.after(REGISTER_MS, self._register)

    def _ussd(self) -> None:
        self.says(f'+CUSD: 0,"{self.sim.balance.encode("utf-16-be").hex().upper()}",72')

    # --- messages -------------------------------------------------------------------------------------------

    def sms_comes(self, sender: str, text: str) -> None:
        """Somebody writes to our SIM."""
        self._narrate(f"SMS from {sender}")
        for pdu in parts_of(sender, text):
            slot = next((slot for slot in range(1, SLOTS + 1) if slot not in self.sim.messages), None)
            if slot is None:
                self._narrate("the SIM is full")
                return
            self.sim.messages[slot] = pdu
            self.says(f'+CMTI: "SM",{slot}')

    def _message_command(self, text: str) -> bool:
        slot = int(text.partition("=")[2]) if text[8:].isdigit() else 0
        if text == "AT+CMGL=4":
            lines = [
                line
                for number, pdu in sorted(self.sim.messages.items())
                for line in (f"+CMGL: {number},1,,{len(pdu) // 2 - 8}", pdu)
            ]
            self.says(*lines, "OK")
        elif text.startswith("AT+CMGR=") and slot in self.sim.messages:
            pdu = self.sim.messages[slot]
            self.says(f"+CMGR: 0,,{len(pdu) // 2 - 8}", pdu, "OK")
        elif text.startswith("AT+CMGR="):
            self.says("+CMS ERROR: 321")
        elif text.startswith("AT+CMGD="):
            self.sim.messages.pop(slot, None)
            self.says("OK")
        elif text.startswith("AT+CMGS="):
            self._body_of = text
            self.on_octets(b"\r\n> ")
        else:
            return False
        return True

    def _take_body(self, command: str, body: str) -> None:
        try:
            message = submitted(body)
            if len(body) // 2 - 1 != int(command.partition("=")[2]) or not self.registered:
                raise ValueError
        except (ValueError, IndexError, KeyError):
            self.says("+CMS ERROR: 304")
            return
        self.sim.sent.append(message)
        self.says(f"+CMGS: {len(self.sim.sent)}", "OK")

    # --- calls ----------------------------------------------------------------------------------------------

    def _call_command(self, text: str) -> bool:
        if text.startswith("ATD") and text.endswith(";"):
            self._dial(text[3:-1])
        elif text == "ATA":
            self._answer()
        elif text in ("AT+CHUP", "ATH"):
            self.says("OK")
            if self.call is not None:
                self._end(16)
        elif text == "AT+CLCC":
            if self.call is not None:
                self.lists_call(self.call.stage)
            self.says("OK")
        else:
            return False
        return True

    def lists_call(self, stage: int) -> None:
        """One line of +CLCC."""
        if self.call is not None:
            kind = 145 if self.call.number.startswith("+") else 129
            direction = 0 if self.call.outgoing else 1
            self.says(f'+CLCC: 1,{direction},{stage},0,0,"{self.call.number}",{kind}')

    def _dial(self, number: str) -> None:
        if self.call is not None or not self.registered:
            self.says("NO CARRIER")
            return
        self.call = MobileCall(number, True, 2, self.clock.monotonic_ns())
        self.was_talking = False
        self.dialect.call_begins()
        self._narrate(f"calls {number}")
        self.says("OK")
        self.dialect.dialling()
        if number.lstrip("+")[-10:] == self.sim.number.lstrip("+")[-10:]:
            self.in_call(OWN_NUMBER_BUSY_MS, lambda: self._end(17))
            return
        subscriber = self._subscribers.get(number, Subscriber(number))
        match subscriber.behaviour:
            case Behaviour.BUSY:
                self.in_call(ROUTING_MS, lambda: self._end(17))
            case Behaviour.CONGESTED:
                self.in_call(ROUTING_MS, lambda: self._end(42))
            case Behaviour.ANSWERS | Behaviour.NO_ANSWER:
                self.in_call(ALERT_MS, lambda: self._alert(subscriber))

    def _alert(self, subscriber: Subscriber) -> None:
        if self.call is None:
            return
        self.call.stage = 3
        self._narrate(f"{subscriber.number} rings")
        self.dialect.alerting()
        self._talks_when_answered = subscriber.talks
        if subscriber.behaviour is Behaviour.ANSWERS:
            self.in_call(subscriber.after_ms, self.answers)

    def _answer(self) -> None:
        if self.call is None or self.call.stage != 4:
            self.says("NO CARRIER")
            return
        self.says("OK")
        self._connect()

    def _connect(self) -> None:
        assert self.call is not None
        self.call.stage, self.call.talking_ns = 0, self.clock.monotonic_ns()
        self.was_talking = True
        self._narrate("both ends talk")
        self.dialect.connected()
        if self._talks_when_answered:
            self.says_aloud()

    def _ring(self) -> None:
        if self.call is not None and self.call.stage == 4:
            self.says("RING")
            self.in_call(RING_MS, self._ring)

    def _end(self, cause: int, *, told: bool = True) -> None:
        if self.call is None:
            return
        talking_ns = self.call.talking_ns
        lasted_s = 0 if talking_ns is None else (self.clock.monotonic_ns() - talking_ns) // 1_000_000_000
        _cancel(self._call_timers)
        if told:
            self.dialect.ended(cause, int(lasted_s))
        self.call = None
        self._talks_when_answered = False
        if self._device is not None:
            self._device.hush()
        self._narrate(f"the call is over, cause {cause}")

    @property
    def talking_ms(self) -> int:
        """How long both ends have talked; 0 before."""
        if self.call is None or self.call.talking_ns is None:
            return 0
        return (self.clock.monotonic_ns() - self.call.talking_ns) // NS_PER_MS

    # --- the person at the far end --------------------------------------------------------------------------

    def calls(self, number: str) -> bool:
        """Somebody calls our SIM; False: busy, or out of reach."""
        if self.call is not None or not self.registered:
            return False
        self.call = MobileCall(number, False, 4, self.clock.monotonic_ns())
        self.was_talking = False
        self.dialect.call_begins()
        self._narrate(f"{number or 'somebody'} calls")
        self._ring()
        return True

    def add(self, subscriber: Subscriber) -> None:
        """Say what a number does when it is called; others ring and are not answered."""
        self._subscribers[subscriber.number] = subscriber

    def answers(self) -> None:
        """Whoever we call lifts."""
        if self.call is not None and self.call.outgoing and self.call.stage == 3:
            self._connect()

    def hangs_up(self) -> None:
        """The far end hangs up."""
        self._end(16)

    def dials(self, digits: str) -> None:
        """Push keys in a conversation: the network makes the tones, and tells the modem."""
        if self._device is not None:
            self._device.say_dtmf(digits)
        for place, digit in enumerate(digits):
            self.in_call(100 + 160 * place, lambda digit=digit: self.dialect.key(digit))  # type: ignore[misc]

    def sends_key(self, digit: str) -> None:
        """Our side asks the network for a key's tone."""
        if len(digit) == 1 and digit in "0123456789*#" and self.call is not None:
            self.keys += digit
            self.says("OK")
        else:
            self.says("ERROR")

    @property
    def state(self) -> str:
        """As the far end would say it."""
        if self.call is None:
            return "idle"
        return {0: "talking", 2: "dialling", 3: "ringback", 4: "ringing"}[self.call.stage]

    @property
    def ear(self) -> Ear:
        """Of whoever is at the far end; LookupError while nothing carries its voice."""
        if self._ear is None:
            raise LookupError(f"{self.name} has no voice: nothing is attached")
        return self._ear

    def says_aloud(self, duration_ms: int = 0, level_dbm0: float = SPEECH_DBM0) -> None:
        """Talk, for ever when no duration is given."""
        if self._device is not None:
            self._device.say_speech(self.voice, level_dbm0, duration_ms)

    def hushes(self) -> None:
        """Stop talking."""
        if self._device is not None:
            self._device.hush()

    def hears(self) -> Heard:
        """What is in the far end's earpiece."""
        return self.ear.hears()

    # --- small things ---------------------------------------------------------------------------------------

    def after(self, delay_ms: float, callback: Callable[[], None]) -> None:
        """Call back later, unless the modem is unplugged before."""
        self._timers.append(self._call_at(delay_ms, callback))

    def in_call(self, delay_ms: float, callback: Callable[[], None]) -> None:
        """Call back later, unless the call ends before."""
        self._call_timers.append(self._call_at(delay_ms, callback))

    def _call_at(self, delay_ms: float, callback: Callable[[], None]) -> Cancel:
        return self.clock.call_at(self.clock.monotonic_ns() + round(delay_ms * NS_PER_MS), callback)

    def _narrate(self, what: str) -> None:
        if self._on_event is not None:
            self._on_event(self, what)


def _cancel(timers: list[Cancel]) -> None:
    for cancel in timers:
        cancel()
    timers.clear()

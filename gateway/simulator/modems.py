"""The twin of the serial driver for modems, in one process: what the board's cellular ports hang on.

It finds modems by their IMEI a while after they are plugged in, each time under another tty name, carries
their lines, and tells of their sound once a second, as the real driver does. The voice goes over a wire of
the bench that is closed while the dialect lets sound through; a looped modem sends back what it was given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import Bug
from gateway.interfaces import Clock, EventSink
from gateway.line.at_lines import LineSplitter
from gateway.model.events import AudioFlow, Event, ModemFound, ModemLost, ModemSaid, PinKnowledge
from gateway.model.numbers import NS_PER_MS, PortId
from gateway.model.settings import OfficeSettings, PortSettings
from gateway.simulator import meters
from gateway.simulator.central_office import Subscriber
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.modem import Sim, SimulatedModem
from gateway.simulator.wires import SAMPLES_PER_MS, SPEECH_DBM0, Wire

FIND_MS = 1_500
FRAME_MS = 20
SECOND_MS = 1_000
FRAMES_A_SECOND = SECOND_MS // FRAME_MS
FIRST_MOBILE_VOICE = 700
OPERATORS = ("Beeline", "MTS", "MegaFon", "Tele2")
ZEROS_DBM0 = -100.0

OnModem = Callable[[PortId, str], None]


@dataclass(slots=True)
class Mobile:
    """The person at the far end of a modem's calls, as the stories and the prompt know people."""

    port: PortId
    modem: SimulatedModem
    line_loss_db: float = 0.0

    @property
    def name(self) -> str:
        """What the ladder calls this party."""
        return f"mobile at {self.port}"

    @property
    def state(self) -> str:
        """idle, ringing, ringback, dialling, talking."""
        return self.modem.state

    @property
    def ear(self) -> Ear:
        """What this person hears with."""
        return self.modem.ear

    def calls(self, number: str) -> bool:
        """Call our SIM; False: busy or out of reach."""
        return self.modem.calls(number)

    def answers(self) -> None:
        """Lift."""
        self.modem.answers()

    def hangs_up(self) -> None:
        """Hang up."""
        self.modem.hangs_up()

    def says(self, duration_ms: int = 0, level_dbm0: float = SPEECH_DBM0) -> None:
        """Talk, for ever when no duration is given."""
        self.modem.says_aloud(duration_ms, level_dbm0)

    def hushes(self) -> None:
        """Stop talking."""
        self.modem.hushes()

    def hears(self) -> Heard:
        """What is in the earpiece."""
        return self.modem.hears()

    def dials(self, digits: str) -> None:
        """Push keys."""
        self.modem.dials(digits)

    def add(self, subscriber: Subscriber) -> None:
        """Say what a number does when this modem calls it."""
        self.modem.add(subscriber)


@dataclass(slots=True)
class _Port:
    settings: PortSettings
    modem: SimulatedModem
    wire: Wire
    splitter: LineSplitter = field(default_factory=LineSplitter)
    tty: str = ""
    heard: int = 0
    """Position of the device up to which a looped modem has sent back."""
    frames: int = 0
    """That went through since the last second."""


class SimulatedModems:
    """Implements `gateway.interfaces.Modems`. ``pins`` are those of the file of secrets, by port."""

    def __init__(
        self,
        clock: Clock,
        ports: Sequence[PortSettings],
        office: OfficeSettings,
        wires: Mapping[PortId, Wire],
        *,
        pins: Mapping[PortId, str] | None = None,
        on_event: OnModem | None = None,
    ) -> None:
        self._clock = clock
        self._pins = dict(pins or {})
        self.refused: set[tuple[str, str]] = set()
        """IMEI and PIN of what was given and not taken."""
        self._sink: EventSink | None = None
        self._on_event = on_event
        self._ttys = 0
        self._ports: dict[PortId, _Port] = {}
        numbers = {line.port: line.number for line in office.city_lines}
        for place, port in enumerate(ports):
            sim = Sim(
                number=numbers.get(port.port, "") or f"+7916000000{place + 1}",
                operator=OPERATORS[place % len(OPERATORS)],
                pin=self._pins.get(port.port, ""),
            )
            modem = SimulatedModem(
                clock,
                port.family or "huawei",
                port.imei,
                sim=sim,
                name=f"mobile at {port.port}",
                voice=FIRST_MOBILE_VOICE + place,
                on_event=lambda modem, what, port=port.port: self._narrate(port, what),  # type: ignore[misc]
            )
            self._ports[port.port] = self._connect(port, modem, wires[port.port])
        self.mobiles = {port: Mobile(port, one.modem) for port, one in self._ports.items()}

    def _connect(self, port: PortSettings, modem: SimulatedModem, wire: Wire) -> _Port:
        connected = _Port(port, modem, wire)
        modem.attach_voice(wire.device)
        modem.on_octets = lambda octets: self._hear(connected, octets)
        modem.on_plugged = lambda plugged: self._plugged(connected, plugged)
        return connected

    def modem(self, port: str) -> SimulatedModem:
        """The modem in a port; LookupError when it has none."""
        if port not in self._ports:
            raise LookupError(f"there is no modem {port}; this board has {', '.join(self._ports) or 'none'}")
        return self._ports[PortId(port)].modem

    # --- the protocol ---------------------------------------------------------------------------------------

    def start(self, sink: EventSink) -> None:
        """Find what is plugged in."""
        self._sink = sink
        for port in self._ports.values():
            self._after(FIND_MS, lambda port=port: self._find(port))  # type: ignore[misc]
        if self._ports:
            self._after(FRAME_MS, self._frame)
            self._after(SECOND_MS, self._second)

    def send(self, port: PortId, text: str, *, ends_body: bool) -> None:
        """Write to a modem that was found."""
        one = self._of(port)
        if one.tty:
            one.modem.write(text.encode("ascii", "replace") + (b"\x1a" if ends_body else b"\r"))

    def unlock(self, port: PortId) -> None:
        """Give the PIN, once noted."""
        pin = self._pins.get(port, "")
        self.refused.add((self._of(port).settings.imei, pin))
        self.send(port, f'AT+CPIN="{pin}"', ends_body=False)

    def unlocked(self, port: PortId) -> None:
        """It was the right one."""
        self.refused.discard((self._of(port).settings.imei, self._pins.get(port, "")))

    def release(self, port: PortId) -> None:
        """Close it and look for it anew."""
        one = self._of(port)
        one.tty = ""
        self._after(FIND_MS, lambda: self._find(one))

    def stop(self) -> None:
        """Nobody listens any more."""
        self._sink = None

    # --- what happens ---------------------------------------------------------------------------------------

    def _find(self, port: _Port) -> None:
        modem = port.modem
        if port.tty or not modem.plugged:
            return
        if modem.deaf or modem.babbles:
            what = "does not answer" if modem.deaf else "answers what nobody understands"
            self._emit(ModemLost(port.settings.port, f"The modem {modem.imei} {what}: take its power away."))
            self._after(10 * FIND_MS, lambda: self._find(port))
            return
        port.tty = f"sim:ttyUSB{self._ttys}"
        self._ttys += 1
        port.splitter.clear()
        name, pin = port.settings.port, self._pins.get(port.settings.port, "")
        knowledge = PinKnowledge.GIVEN if pin else PinKnowledge.NONE
        if (modem.imei, pin) in self.refused:
            knowledge = PinKnowledge.REFUSED
        dialect = modem.dialect
        self._emit(
            ModemFound(name, port.tty, modem.imei, modem.family, dialect.model, dialect.firmware, knowledge)
        )

    def _plugged(self, port: _Port, plugged: bool) -> None:
        if plugged:
            self._after(FIND_MS, lambda: self._find(port))
        elif port.tty:
            reason = f"The modem {port.modem.imei} was unplugged ({port.tty}): plug it in again."
            port.tty = ""
            port.wire.set_loop(False)
            self._emit(ModemLost(port.settings.port, reason))

    def _hear(self, port: _Port, octets: bytes) -> None:
        if not port.tty:
            return
        for line in port.splitter.take(octets):
            self._emit(ModemSaid(port.settings.port, _without_pin(line)))

    def _frame(self) -> None:
        for port in self._ports.values():
            dialect, device = port.modem.dialect, port.wire.device
            through = port.modem.plugged and dialect.audio_on and not dialect.audio_dead
            port.wire.set_loop(through)
            port.frames += port.modem.plugged and dialect.audio_on
            if through and dialect.looped:
                heard = device.heard(port.heard, device.position)
                if heard:
                    device.say_clip(heard)
            port.heard = device.position
        self._after(FRAME_MS, self._frame)

    def _second(self) -> None:
        for port in self._ports.values():
            dialect, device = port.modem.dialect, port.wire.device
            frames, port.frames = port.frames * dialect.frames_a_second // FRAMES_A_SECOND, 0
            if not (port.tty and frames):
                continue
            said = device.said(device.position - SECOND_MS * SAMPLES_PER_MS, device.position)
            level = ZEROS_DBM0 if dialect.audio_dead else max(meters.level_dbm0(said), -70.0)
            self._emit(AudioFlow(port.settings.port, frames, frames, level))
        self._after(SECOND_MS, self._second)

    def _of(self, port: PortId) -> _Port:
        if port not in self._ports:
            raise Bug(f"{port} is no modem of this board")
        return self._ports[port]

    def _emit(self, event: Event) -> None:
        if self._sink is not None:
            self._sink(event)

    def _narrate(self, port: PortId, what: str) -> None:
        if self._on_event is not None:
            self._on_event(port, what)

    def _after(self, delay_ms: float, callback: Callable[[], None]) -> None:
        self._clock.call_at(self._clock.monotonic_ns() + round(delay_ms * NS_PER_MS), callback)


def _without_pin(line: str) -> str:
    """An echo of the PIN may not reach the trace."""
    return "AT+CPIN=..." if line.startswith("AT+CPIN=") else line

"""The serial ports of real modems, by pyserial: found by what they say they are, carried line by line.

A modem is several serial ports of one USB device; udev's names under /dev/serial/by-path say which device and
which interface a port is. Every few seconds the directory is looked at; a device that is new is asked who it
is (`line.modem_probe`), and if its IMEI is one of the board's it becomes that port's, wherever it is plugged
in. Its voice port is configured here too and then is the signal core's (`on_audio`), which keeps a descriptor
of its own. Nothing here decides what a modem's words mean.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import serial

from gateway.drivers.pin_ledger import PinLedger
from gateway.drivers.state_directory import StateError
from gateway.errors import HardwareError
from gateway.interfaces import EventSink
from gateway.line.at_lines import LineSplitter
from gateway.line.modem_families import FAMILIES, HUAWEI, Family
from gateway.line.modem_probe import Identity, ModemProbe
from gateway.model.events import Event, ModemFound, ModemLost, ModemSaid, PinKnowledge
from gateway.model.numbers import PortId
from gateway.model.settings import AudioKind, PortSettings

PORT_NAME = re.compile(r"(?P<device>.+):\d+\.(?P<interface>\d+)(?:-port\d+)?")
"""``pci-0000:00:14.0-usb-0:1.2:1.2-port0``: the device, and interface 2 of its configuration 1."""
BAUD = 115_200  # of a USB port it says nothing
LOOK_S = 2.0
ANSWER_S = 2.0
AGAIN_LOOKS = 5
"""A device that did not answer is asked again after so many looks."""
READ_BYTES = 4_096
WAITING_BYTES_MAX = 16_384
"""Of commands that the modem does not take; then it counts as gone."""

OnAudio = Callable[[PortId, int | None], None]
"""Gives the descriptor of a modem's voice to the signal core, or takes it back (None). HardwareError."""


@dataclass(slots=True)
class _Bound:
    """A modem that is a port's."""

    settings: PortSettings
    identity: Identity
    device: str
    line: serial.Serial
    voice: serial.Serial | None = None
    splitter: LineSplitter = field(default_factory=LineSplitter)
    waiting: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A modem that answers and is no port's: for whoever writes a board file."""

    imei: str
    model: str
    tty: str


def serial_devices(directory: Path) -> dict[str, dict[int, Path]]:
    """Serial ports by USB device and interface; empty where there is no such directory."""
    found: dict[str, dict[int, Path]] = {}
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return {}
    for name in names:
        match = PORT_NAME.fullmatch(name)
        if match is not None:
            found.setdefault(match["device"], {})[int(match["interface"])] = directory / name
    return found


class SerialModems:
    """Implements `gateway.interfaces.Modems` for the ports that are no twin's. `serve` does the looking."""

    def __init__(
        self,
        ports: Sequence[PortSettings],
        directory: Path,
        ledger: PinLedger,
        *,
        pins: Mapping[PortId, str],
        on_audio: OnAudio,
    ) -> None:
        self.strangers: dict[str, Stranger] = {}
        self._ports = {port.imei: port for port in ports}
        self._directory = directory
        self._ledger = ledger
        self._pins = pins
        self._on_audio = on_audio
        self._bound: dict[PortId, _Bound] = {}
        self._asked: dict[str, int] = {}
        """Devices that were asked and are no port's, and how many looks ago."""
        self._sink: EventSink | None = None
        self._missed: set[PortId] = set()

    # --- the protocol ---------------------------------------------------------------------------------------

    def start(self, sink: EventSink) -> None:
        """Whom to tell; `serve` begins to look."""
        self._sink = sink

    def send(self, port: PortId, text: str, *, ends_body: bool) -> None:
        """Write to a modem that is there."""
        bound = self._bound.get(port)
        if bound is not None:
            bound.waiting += text.encode("ascii", "replace") + (b"\x1a" if ends_body else b"\r")
            self._write(bound)

    def unlock(self, port: PortId) -> None:
        """Note that the PIN is given, then give it; what cannot be noted is not given."""
        bound = self._bound.get(port)
        if bound is None:
            return
        try:
            self._ledger.note(bound.identity.imei, self._pins.get(port, ""))
        except StateError as error:
            self._lose(bound, f"The PIN of {port} is not given, since that cannot be noted: {error}")
            return
        self.send(port, f'AT+CPIN="{self._pins.get(port, "")}"', ends_body=False)

    def unlocked(self, port: PortId) -> None:
        """The note is void."""
        bound = self._bound.get(port)
        if bound is not None:
            with contextlib.suppress(StateError):  # then the same PIN will not be given after a restart
                self._ledger.taken(bound.identity.imei)

    def release(self, port: PortId) -> None:
        """Close it; the next look finds it again, if it answers."""
        bound = self._bound.pop(port, None)
        if bound is not None:
            self._close(bound)
            self._asked[bound.device] = AGAIN_LOOKS - 1

    def stop(self) -> None:
        """Close them all."""
        self._sink = None
        for bound in tuple(self._bound.values()):
            self._close(bound)
        self._bound.clear()

    # --- looking --------------------------------------------------------------------------------------------

    async def serve(self, stopped: asyncio.Event) -> None:
        """Look for modems until the gateway stops."""
        while not stopped.is_set():
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await stopped.wait()

    async def look(self) -> None:
        """Once: whose ports are gone, which devices are new, who they are."""
        devices = await asyncio.to_thread(serial_devices, self._directory)
        for bound in tuple(self._bound.values()):
            if bound.device not in devices:
                self._lose(bound, f"The modem {bound.identity.imei} was unplugged: plug it in again.")
        self._asked = {device: looks + 1 for device, looks in self._asked.items() if device in devices}
        self.strangers = {device: one for device, one in self.strangers.items() if device in devices}
        used = {bound.device for bound in self._bound.values()}
        for device, interfaces in devices.items():
            if device not in used and self._asked.get(device, AGAIN_LOOKS) >= AGAIN_LOOKS:
                await self._ask(device, interfaces)
        self._tell_missing()

    def _tell_missing(self) -> None:
        for port in self._ports.values():
            if port.port not in self._bound and port.port not in self._missed:
                self._missed.add(port.port)
                where = f"{self._directory} was looked at"
                self._emit(ModemLost(port.port, f"No modem with the IMEI {port.imei} answers ({where})."))

    async def _ask(self, device: str, interfaces: dict[int, Path]) -> None:
        self._asked[device] = 0
        path = interfaces.get(HUAWEI.at_interface) or interfaces[max(interfaces)]
        try:
            line = await asyncio.to_thread(open_port, path)
        except HardwareError:
            return  # somebody else has it, or it is just going; the next look asks again
        identity = await _identify(line)
        port = self._ports.get(identity.imei) if identity is not None else None
        if identity is None or port is None or self._sink is None:
            line.close()
            if identity is not None:
                self.strangers[device] = Stranger(identity.imei, identity.model, str(path.resolve()))
            return
        family = FAMILIES.get(port.family) or identity.family
        if family is None:
            line.close()
            text = (
                f"The modem {identity.imei} is of no family known here ({identity.maker} {identity.model})."
            )
            self._emit(ModemLost(port.port, f'{text} Write family = "..." if it speaks like one of them.'))
            return
        self._bind(_Bound(port, identity, device, line), family, interfaces)

    def _bind(self, bound: _Bound, family: Family, interfaces: dict[int, Path]) -> None:
        name, imei = bound.settings.port, bound.identity.imei
        try:
            if bound.settings.audio is AudioKind.SERIAL:
                path = interfaces.get(family.audio_interface)
                if path is None:
                    raise HardwareError(f"it has no interface {family.audio_interface} for its voice")
                bound.voice = open_port(path)
                self._on_audio(name, bound.voice.fileno())
        except HardwareError as error:
            bound.line.close()
            if bound.voice is not None:
                bound.voice.close()
            self._emit(ModemLost(name, f"The voice port of the modem {imei} cannot be had: {error}"))
            return
        self._bound[name] = bound
        self._missed.discard(name)
        asyncio.get_running_loop().add_reader(bound.line.fileno(), self._read, bound)
        pin = self._pins.get(name, "")
        knowledge = PinKnowledge.GIVEN if pin else PinKnowledge.NONE
        if pin and self._ledger.refused(imei, pin):
            knowledge = PinKnowledge.REFUSED
        tty = os.path.realpath(str(bound.line.name))
        identity = bound.identity
        self._emit(ModemFound(name, tty, imei, family.name, identity.model, identity.firmware, knowledge))

    # --- a modem that is ours -------------------------------------------------------------------------------

    def _read(self, bound: _Bound) -> None:
        try:
            octets = bound.line.read(READ_BYTES)
        except (serial.SerialException, OSError):
            self._lose(bound, f"The modem {bound.identity.imei} was unplugged: plug it in again.")
            return
        for line in bound.splitter.take(octets):
            if self._bound.get(bound.settings.port) is bound:
                self._emit(ModemSaid(bound.settings.port, self._without_pin(bound, line)))

    def _without_pin(self, bound: _Bound, line: str) -> str:
        """An echo of the PIN may not reach the trace."""
        pin = self._pins.get(bound.settings.port, "")
        return "AT+CPIN=..." if pin and "CPIN=" in line and pin in line else line

    def _write(self, bound: _Bound) -> None:
        loop = asyncio.get_running_loop()
        try:
            taken = bound.line.write(bytes(bound.waiting)) or 0
            del bound.waiting[:taken]
        except (serial.SerialException, OSError) as error:
            if not isinstance(error, BlockingIOError):
                self._lose(bound, f"The modem {bound.identity.imei} takes no commands: {error}")
                return
        if len(bound.waiting) > WAITING_BYTES_MAX:
            self._lose(bound, f"The modem {bound.identity.imei} takes no commands: take its power away.")
        elif bound.waiting:
            loop.add_writer(bound.line.fileno(), self._write, bound)
        else:
            loop.remove_writer(bound.line.fileno())

    def _lose(self, bound: _Bound, reason: str) -> None:
        if self._bound.pop(bound.settings.port, None) is None:
            return
        self._close(bound)
        self._missed.add(bound.settings.port)
        self._asked.pop(bound.device, None)
        self._emit(ModemLost(bound.settings.port, reason))

    def _close(self, bound: _Bound) -> None:
        with contextlib.suppress(RuntimeError):  # no loop runs: nobody reads any more
            loop = asyncio.get_running_loop()
            loop.remove_reader(bound.line.fileno())
            loop.remove_writer(bound.line.fileno())
        if bound.voice is not None:
            self._on_audio(bound.settings.port, None)
            bound.voice.close()
        bound.line.close()

    def _emit(self, event: Event) -> None:
        if self._sink is not None:
            self._sink(event)


def open_port(path: Path) -> serial.Serial:
    """A serial port that never waits, for nobody else. HardwareError says why not."""
    try:
        return serial.Serial(
            str(path), BAUD, timeout=0, write_timeout=0, exclusive=True, rtscts=False, xonxoff=False
        )
    except (serial.SerialException, OSError, ValueError) as error:
        raise HardwareError(f"{path}: {error}") from None


async def _identify(line: serial.Serial) -> Identity | None:
    """Ask a port who it is; None for what is no modem, or does not answer."""
    probe, splitter = ModemProbe(), LineSplitter()
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(line.fileno(), arrived.set)
    try:
        while (command := probe.command) is not None:
            line.write(command.encode() + b"\r")
            await _converse(line, probe, splitter, arrived)
    except (serial.SerialException, OSError):
        return None
    finally:
        loop.remove_reader(line.fileno())
    return probe.identity


async def _converse(
    line: serial.Serial, probe: ModemProbe, splitter: LineSplitter, arrived: asyncio.Event
) -> None:
    """Until the command is answered, or its time is over."""
    try:
        async with asyncio.timeout(ANSWER_S):
            while True:
                await arrived.wait()
                arrived.clear()
                for each in splitter.take(line.read(READ_BYTES)):
                    if probe.hear(each):
                        return
    except TimeoutError:
        probe.silence()

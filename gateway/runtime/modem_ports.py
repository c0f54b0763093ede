"""Modems of both worlds on one board, and their voices: each order goes to the driver its port hangs on.

The voice ports of real modems are the signal core's as soon as they are configured; once a second what went
through them is told to the exchange, which decides what to make of it.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import Bug, HardwareError
from gateway.interfaces import EventSink, Modems
from gateway.media.core import CoreStatistics, SignalCore
from gateway.model.events import AudioFlow
from gateway.model.numbers import NodeId, PortId
from gateway.model.plain import Plain, to_plain
from gateway.model.settings import AudioKind, BoardSettings, PortKind
from gateway.model.view import ExchangeView

if TYPE_CHECKING:
    from gateway.drivers.serialport import SerialModems

QUIET_TOLD = 10
"""So many seconds without a frame are told after the last one: that a call's sound has stopped is news."""


class ModemsByPort:
    """Implements `gateway.interfaces.Modems` by others that do, each for its own ports."""

    def __init__(self, of_port: Mapping[PortId, Modems]) -> None:
        self._of_port = dict(of_port)
        self._each = list({id(modems): modems for modems in of_port.values()}.values())

    def start(self, sink: EventSink) -> None:
        """Look for the modems, and report what they say."""
        for modems in self._each:
            modems.start(sink)

    def send(self, port: PortId, text: str, *, ends_body: bool) -> None:
        """Write to a modem."""
        self._of(port).send(port, text, ends_body=ends_body)

    def unlock(self, port: PortId) -> None:
        """Give the SIM its PIN."""
        self._of(port).unlock(port)

    def unlocked(self, port: PortId) -> None:
        """The SIM took it."""
        self._of(port).unlocked(port)

    def release(self, port: PortId) -> None:
        """Close a port's modem and look for it anew."""
        self._of(port).release(port)

    def stop(self) -> None:
        """Close them all."""
        for modems in self._each:
            modems.stop()

    def _of(self, port: PortId) -> Modems:
        if port not in self._of_port:
            raise Bug(f"{port} is no modem of this board")
        return self._of_port[port]


class ModemVoices:
    """The voice ports of real modems in the signal core, by port."""

    def __init__(self, core: Callable[[], SignalCore], nodes: Mapping[PortId, NodeId]) -> None:
        self._core = core
        self._nodes = dict(nodes)
        self._before: dict[PortId, tuple[int, int]] = {}
        self._quiet: dict[PortId, int] = {}

    def plug(self, port: PortId, descriptor: int | None) -> None:
        """Give the core a voice port, or take it back (None). HardwareError."""
        node = self._nodes[port]
        self._core().unplug_serial(node)
        if descriptor is not None:
            self._core().plug_serial(node, descriptor)

    def flows(self, figures: CoreStatistics) -> list[AudioFlow]:
        """What went through since the last time, a second ago; nothing of those that have long been quiet."""
        told = []
        for port, node in self._nodes.items():
            now = figures.port(node)
            count = (now.serial_captured, now.serial_played)
            before = self._before.get(port, count)
            self._before[port] = count
            captured, played = count[0] - before[0], count[1] - before[1]
            self._quiet[port] = 0 if captured or played else self._quiet.get(port, QUIET_TOLD) + 1
            if self._quiet[port] <= QUIET_TOLD:
                told.append(AudioFlow(port, captured, played, round(now.captured_dbm0, 1)))
        return told


class ModemPorts:
    """Everything about the modems of a board: `modems` takes orders, twins and real ones alike. ``ledger`` is
    where it is noted which PIN was given. HardwareError without pyserial, where real ones are.
    """

    def __init__(
        self,
        board: BoardSettings,
        twins: Modems,
        ledger: Path,
        pins: Mapping[PortId, str],
        core: Callable[[], SignalCore],
    ) -> None:
        ports = [port for port in board.ports if port.kind is PortKind.CELLULAR]
        self.voices = ModemVoices(
            core, {port.port: port.node for port in ports if port.audio is AudioKind.SERIAL}
        )
        self._real = _serial_modems(board, ledger, pins, self.voices)
        of_port = {port.port: twins if self._real is None or port.simulated else self._real for port in ports}
        self.modems = ModemsByPort(of_port)

    async def serve(self, stopped: asyncio.Event) -> None:
        """Look for real modems until the gateway stops."""
        if self._real is not None:
            await self._real.serve(stopped)

    def plain(self, view: ExchangeView) -> Plain:
        """What `cityline modems` shows: those of the board, and those that are no port's."""
        strangers = () if self._real is None else tuple(self._real.strangers.values())
        return {
            "rows": to_plain(view.modems, tagged=False),
            "strangers": to_plain(strangers, tagged=False),
        }


def _serial_modems(
    board: BoardSettings, ledger: Path, pins: Mapping[PortId, str], voices: ModemVoices
) -> "SerialModems | None":
    real = [port for port in board.ports if port.kind is PortKind.CELLULAR and not port.simulated]
    if not real:
        return None
    try:
        from gateway.drivers.pin_ledger import PinLedger
        from gateway.drivers.serialport import SerialModems
    except ImportError as error:
        raise HardwareError(
            "modems cannot be used: the library pyserial is missing. "
            "Install it into Cityline's environment: pip install 'cityline[board]'"
        ) from error
    directory = Path(board.modem_directory)
    return SerialModems(real, directory, PinLedger(ledger), pins=pins, on_audio=voices.plug)

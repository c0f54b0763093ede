"""A modem's twin behind real ttys: pseudo-terminals under names as udev gives them, in real time.

What the driver opens is a tty like any other; what it is told comes from `simulator.modem`. The voice port
gives and takes a frame of 20 ms while the modem's dialect lets sound through.
"""

import asyncio
import contextlib
import os
import tty
from pathlib import Path

from gateway.simulator.modem import SimulatedModem
from gateway.simulator.wires import SAMPLE_BYTES, SAMPLES_PER_MS, LoneDevice

FRAME_S = 0.02
FRAME_BYTES = 20 * SAMPLES_PER_MS * SAMPLE_BYTES
AT_INTERFACE = 2
VOICE_INTERFACES = {"huawei": 1, "sim7600": 4, "ec25": 1}
LATE_FRAMES_MAX = 25
"""So many frames are caught up after this process was held up; more are lost, as they would be."""


class PtyModem:
    """A modem in a USB socket. ``device`` is the name of the socket, such as ``twin-usb-0:1.1``."""

    def __init__(self, directory: Path, device: str, modem: SimulatedModem, *, seed: int = 1) -> None:
        self.modem = modem
        self.voice = LoneDevice(seed)
        modem.attach_voice(self.voice)
        modem.on_octets = self._say
        modem.on_plugged = self._plugged
        self._directory = directory
        self._device = device
        self._loop = asyncio.get_running_loop()
        self._masters: dict[int, int] = {}
        self._slaves: list[int] = []
        self._links: list[Path] = []
        self._frames: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._plugged(True)

    def moves(self, device: str) -> None:
        """Into another socket, from the next time that it is plugged in."""
        self._device = device

    def close(self) -> None:
        """Out of its socket, for good."""
        self._plugged(False)

    def _plugged(self, plugged: bool) -> None:
        if not plugged:
            self._leave()
            return
        if self._masters:
            return
        for interface in (AT_INTERFACE, VOICE_INTERFACES[self.modem.family]):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            link = self._directory / f"{self._device}:1.{interface}-port0"
            link.symlink_to(os.ttyname(slave))
            self._masters[interface] = master
            self._slaves.append(slave)
            self._links.append(link)
        self._loop.add_reader(self._masters[AT_INTERFACE], self._hear)
        self._due = self._loop.time()
        self._frame()

    def _leave(self) -> None:
        if not self._masters:
            return
        self._loop.remove_reader(self._masters[AT_INTERFACE])
        if self._frames is not None:
            self._frames.cancel()
        for link in self._links:
            link.unlink(missing_ok=True)
        for descriptor in (*self._masters.values(), *self._slaves):
            os.close(descriptor)
        self._masters.clear()
        self._slaves.clear()
        self._links.clear()

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.modem.write(os.read(self._masters[AT_INTERFACE], 4_096))

    def _say(self, octets: bytes) -> None:
        if AT_INTERFACE in self._masters:
            with contextlib.suppress(BlockingIOError):
                os.write(self._masters[AT_INTERFACE], octets)

    # --- voice ----------------------------------------------------------------------------------------------

    def _frame(self) -> None:
        now = self._loop.time()
        self._due = max(self._due, now - LATE_FRAMES_MAX * FRAME_S)
        while self._due <= now:
            self._due += FRAME_S
            self._exchange()
        self._frames = self._loop.call_at(self._due, self._frame)

    def _exchange(self) -> None:
        """One frame each way; what comes too early waits in the tty."""
        dialect, master = self.modem.dialect, self._masters[VOICE_INTERFACES[self.modem.family]]
        try:
            heard = os.read(master, FRAME_BYTES)
        except BlockingIOError:
            heard = b""
        if not dialect.audio_on:
            return
        heard = heard[: len(heard) // SAMPLE_BYTES * SAMPLE_BYTES].ljust(FRAME_BYTES, b"\0")
        if dialect.audio_dead:
            said = bytes(FRAME_BYTES)
        elif dialect.looped:
            said = heard
        else:
            said = self.voice.exchange(heard)
        with contextlib.suppress(BlockingIOError):  # nobody reads: it is lost
            os.write(master, said)

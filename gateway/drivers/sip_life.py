"""One life of the SIP process: its start with one end of a socket, what is known of it, its end; and the
spare, a process that has all its imports behind it and waits for its `Configure`.
"""

import asyncio
import contextlib
import logging
import os
import pwd
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import gateway
from gateway.drivers.sip_wire import SipWire, wire_pair
from gateway.errors import HardwareError
from gateway.sip import messages as m

UNPRIVILEGED = "nobody"
"""Whom the SIP process of a gateway that runs as root becomes."""

SPARE_AFTER_S = 1.0
"""A spare is begun when SIP has been up for so long: at the start of an office others need the processor."""

_log = logging.getLogger("cityline.sip")

Spawn = Callable[[int], Awaitable[asyncio.subprocess.Process]]


@dataclass(slots=True)
class Life:
    """One life of the SIP process."""

    process: asyncio.subprocess.Process
    wire: SipWire
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: m.CannotListen | None = None
    reason: str = ""
    heard_s: float = 0.0

    def lose(self, reason: str) -> None:
        """Its socket is lost; the first reason counts."""
        self.reason = self.reason or reason
        self.lost.set()

    async def end(self, patience_s: float) -> None:
        """Close the socket, let the process end by itself for so long, or kill it."""
        self.wire.close()
        try:
            async with asyncio.timeout(patience_s):
                await self.process.wait()
        except TimeoutError:
            if self.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):  # it ended just now
                    self.process.kill()
            await self.process.wait()


def refuse_unknown_user(user: str) -> None:
    """The SIP process cannot become somebody whom this machine does not know."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise HardwareError(f"there is no user {user!r} here; give --sip-user one, or make it") from None


async def spawn_process(socket_fd: int, user: str = UNPRIVILEGED) -> asyncio.subprocess.Process:
    """Start the SIP process with this end of the socket; ``user`` is whom it becomes when we are root."""
    root = str(Path(gateway.__file__).parent.parent)
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.drivers.sip_process",
        "--socket-fd",
        str(socket_fd),
        "--user",
        user,
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=(socket_fd,),
        start_new_session=True,  # a Ctrl-C on our terminal is not for it: it still has BYEs to say
        env={**os.environ, "PYTHONPATH": path},
    )


async def spawn_life(spawn: Spawn, on_message: Callable[[Life, m.Message], None]) -> Life:
    """A process that waits for its `Configure`; HardwareError when the system has no room for one."""
    try:
        ours, theirs = wire_pair()
        with contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            with theirs:
                process = await spawn(theirs.fileno())
            undo.pop_all()
    except OSError as error:
        raise HardwareError(f"the SIP process cannot be started: {error}") from error

    def take(message: m.Message) -> None:
        on_message(life, message)

    def lose(reason: str) -> None:
        life.lose(reason)

    life = Life(process, SipWire(ours, take, lose))
    return life


class Lives:
    """Where lives come from: a spare that waits, or a new process. One spare at most."""

    def __init__(self, spawn: Spawn, on_message: Callable[[Life, m.Message], None], *, spares: bool) -> None:
        self._spawn = spawn
        self._on_message = on_message
        self._spares = spares
        self._spare: Life | None = None
        self._making: asyncio.Task[None] | None = None

    async def begin(self) -> Life:
        """The spare if it still lives, else a new process; HardwareError when the system has no room."""
        spare, self._spare = self._spare, None
        if spare is not None:
            if spare.process.returncode is None and not spare.lost.is_set():
                return spare
            await spare.end(0.0)
        return await spawn_life(self._spawn, self._on_message)

    def make_spare(self) -> None:
        """Have one soon, unless one is there."""
        making = self._making is not None and not self._making.done()
        if self._spares and self._spare is None and not making:
            self._making = asyncio.create_task(self._make(), name="sip spare")

    async def _make(self) -> None:
        await asyncio.sleep(SPARE_AFTER_S)
        try:
            self._spare = await spawn_life(self._spawn, self._on_message)
        except HardwareError as error:
            _log.warning("no spare: %s", error)

    async def end(self) -> None:
        """No spare any more."""
        making, self._making = self._making, None
        if making is not None:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
        spare, self._spare = self._spare, None
        if spare is not None:
            await spare.end(0.2)

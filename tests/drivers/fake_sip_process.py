"""A SIP process that is none: the test plays the other end of the driver's socket, in the same event loop."""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.drivers.sip_wire import SipWire
from gateway.sip import messages as m

M = TypeVar("M")
DEADLINE_S = 10.0


class FakeProcess:
    """Stands for `asyncio.subprocess.Process`; ``received`` is what the driver said."""

    def __init__(self, socket_fd: int, pid: int, answer: Callable[["FakeProcess", m.Message], None]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.received: list[m.Message] = []
        self._answer = answer
        self._ended = asyncio.Event()
        self.changed = asyncio.Event()
        self.wire = SipWire(socket.socket(fileno=os.dup(socket_fd)), self._take, lambda why: self.die(0))

    def _take(self, message: m.Message) -> None:
        self.received.append(message)
        self.changed.set()
        self._answer(self, message)

    def die(self, status: int = -9) -> None:
        """It ends."""
        if self.returncode is None:
            self.returncode = status
            self.wire.close()
            self._ended.set()

    def kill(self) -> None:
        """The driver kills it."""
        self.die(-9)

    async def wait(self) -> int:
        """Until it has ended."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def heard(self, kind: type[M]) -> M:
        """The first message of a kind."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for message in self.received:
                    if isinstance(message, kind):
                        return message
                self.changed.clear()
                await self.changed.wait()


def behaves(process: FakeProcess, message: m.Message) -> None:
    """As the real one: listens when configured, answers pings."""
    if isinstance(message, m.Configure) and sum(isinstance(x, m.Configure) for x in process.received) == 1:
        process.wire.send(m.Listening(process.pid))
    elif isinstance(message, m.Ping):
        process.wire.send(m.Pong(message.serial, 0, 0, 0))


@dataclass(slots=True)
class Lives:
    """Spawns fake processes; ``answers`` are the behaviours of the first, second ... life; the last stays.

    ``failures`` are raised first, one a spawn.
    """

    answers: list[Callable[[FakeProcess, m.Message], None]] = field(default_factory=lambda: [behaves])
    processes: list[FakeProcess] = field(default_factory=list)
    failures: list[OSError] = field(default_factory=list)

    async def spawn(self, socket_fd: int) -> FakeProcess:
        """What the driver calls."""
        if self.failures:
            raise self.failures.pop(0)
        answer = self.answers[min(len(self.processes), len(self.answers) - 1)]
        self.processes.append(FakeProcess(socket_fd, 1_000 + len(self.processes), answer))
        return self.processes[-1]

    @property
    def last(self) -> FakeProcess:
        """The process of now."""
        return self.processes[-1]

"""The pump in real time: one asyncio thread owns it; the signal core reaches it from outside.

The exchange is touched by one thread only. The core makes its file descriptor readable when its audio thread
has put something into the event ring. Events are fed in slices, so that a flood on one line cannot keep SIP,
the control socket or the signals from their turn; while some wait here no more are taken from the core, whose
ring is bounded and counts what it has no room for.
"""

import asyncio
from collections import deque
from typing import Protocol

from gateway.model.events import Event
from gateway.runtime.pump import Pump

SLICE = 64
"""Events fed before other work gets its turn."""


class EventfulCore(Protocol):
    """What the loop needs of the signal core: a descriptor that is readable while `events` has something."""

    def fileno(self) -> int:
        """Descriptor that the audio thread makes readable."""
        ...

    def events(self) -> list[Event]:
        """What happened since the last call, in order; makes the descriptor unreadable again."""
        ...


async def run_pump(pump: Pump, core: EventfulCore, stopped: asyncio.Event) -> None:
    """Feed the core's events into the pump until ``stopped`` is set; timers run on the loop by themselves."""
    loop = asyncio.get_running_loop()
    waiting: deque[Event] = deque()
    descriptor = core.fileno()

    def feed_slice() -> None:
        if stopped.is_set():
            return
        for _ in range(min(SLICE, len(waiting))):
            pump.feed(waiting.popleft())
        if not waiting:
            loop.add_reader(descriptor, take)
        else:
            loop.call_soon(feed_slice)

    def take() -> None:
        loop.remove_reader(descriptor)
        waiting.extend(core.events())
        feed_slice()

    loop.add_reader(descriptor, take)
    try:
        await stopped.wait()
    finally:
        loop.remove_reader(descriptor)

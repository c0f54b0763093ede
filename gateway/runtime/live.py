"""The pump in real time: one asyncio thread owns it; drivers' threads and the signal core reach it from
outside.

The exchange is touched by one thread only. A driver's thread leaves its event in an `Inbox`; the core
makes its file descriptor readable when its audio thread has put something into the event ring. Both are
drained in slices, so that a flood on one line cannot keep SIP, the control socket or the signals from
their turn.
"""

import asyncio
import threading
from collections import deque
from typing import Protocol

from gateway.model.events import Event
from gateway.runtime.pump import Pump

INBOX_LIMIT = 4_096
"""Events that other threads may leave at once."""

SLICE = 64
"""Events taken from an inbox before other work gets its turn."""


class EventfulCore(Protocol):
    """What the loop needs of the signal core: a descriptor that is readable while `events` has something."""

    def fileno(self) -> int:
        """Descriptor that the audio thread makes readable."""
        ...

    def events(self) -> list[Event]:
        """What happened since the last call, in order; makes the descriptor unreadable again."""
        ...


class Inbox:
    """Events from any thread to the pump's thread, in order; bounded, what finds it full is counted."""

    def __init__(self, pump: Pump, loop: asyncio.AbstractEventLoop, *, limit: int = INBOX_LIMIT) -> None:
        self._pump = pump
        self._loop = loop
        self._limit = limit
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._dropped = 0
        self._woken = False
        self._closed = False

    def post(self, event: Event) -> None:
        """Leave an event; returns at once, from any thread. After `close` events are ignored."""
        with self._lock:
            if self._closed:
                return
            if len(self._events) >= self._limit:
                self._dropped += 1
            else:
                self._events.append(event)
            if self._woken:
                return
            self._woken = True
        self._loop.call_soon_threadsafe(self._drain)

    def close(self) -> None:
        """Take no more events; what is waiting is still fed by the drain that is on its way."""
        with self._lock:
            self._closed = True

    def _drain(self) -> None:
        with self._lock:
            slice_ = [self._events.popleft() for _ in range(min(SLICE, len(self._events)))]
            dropped, self._dropped = self._dropped, 0
            self._woken = bool(self._events)
            again = self._woken
        if dropped:
            self._pump.note_dropped(dropped)
        for event in slice_:
            self._pump.feed(event)
        if again:
            self._loop.call_soon(self._drain)


async def run_pump(pump: Pump, core: EventfulCore | None, stopped: asyncio.Event) -> None:
    """Feed the core's events into the pump until ``stopped`` is set; timers run on the loop by themselves."""
    loop = asyncio.get_running_loop()
    if core is None:
        await stopped.wait()
        return

    def drain() -> None:
        for event in core.events():
            pump.feed(event)

    descriptor = core.fileno()
    loop.add_reader(descriptor, drain)
    try:
        await stopped.wait()
    finally:
        loop.remove_reader(descriptor)

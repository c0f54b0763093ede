"""The seams: protocols that a driver and its simulator twin both implement; at most six methods each.

Events go *into* the pump by the callback that `start` was given; a driver never decides what an event means.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.model.actions import Action, CallAnswered, CallEnded, CallStarted, KeepMessage
from gateway.model.echo import LegEcho
from gateway.model.events import Event
from gateway.model.numbers import PortId
from gateway.model.plan import Plan

EventSink = Callable[[Event], None]


class Clock(Protocol):
    """Time, read by the runtime only."""

    def monotonic_ns(self) -> int:
        """Monotonic time: for timers."""
        ...

    def wall_ns(self) -> int:
        """UTC since 1970: for calendars and records."""
        ...

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Run ``callback`` at that time; returns a function that cancels it."""
        ...


class LineModules(Protocol):
    """The FXS and FXO modules of the board: ringing and loop out; hook, ring and current edges in."""

    def start(self, sink: EventSink) -> None:
        """Begin to report edges."""
        ...

    def start_ringing(
        self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0
    ) -> None:
        """Ring with on, off, on, off ... until stopped, or so many rounds; `RingingPaused` follows those."""
        ...

    def stop_ringing(self, port: PortId) -> None:
        """Stop at once, in the order of pins that the module wants."""
        ...

    def set_loop(self, port: PortId, closed: bool, breaks_ms: Sequence[int] = ()) -> None:
        """Close or open the loop of an FXO port; feed the telephone of an FXS port, or break its loop. With
        ``breaks_ms`` an FXO port's closed loop is opened, closed, opened ... for so long each and closed in
        the end, on time; returns at once, and the next `set_loop` ends it.
        """
        ...

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        """Reverse the wires of an FXS port, or put them back."""
        ...

    def stop(self) -> None:
        """All pins to their safe states: nothing rings, every loop is open; nothing more is told."""
        ...


class Relay(Protocol):
    """The power-fail relay: held as long as its pin toggles, and else joining a city line to a telephone."""

    def toggle(self) -> None:
        """Turn the pin over; `HardwareError` when its chip does not answer."""
        ...

    def line_in_use(self) -> bool:
        """Whether somebody talks on the line, as far as the board detects it."""
        ...

    def stop(self) -> None:
        """Toggle no more: the relay lets go."""
        ...


class Modems(Protocol):
    """The serial ports of the board's modems: commands out; lines, and the modems' coming and going, in."""

    def start(self, sink: EventSink) -> None:
        """Look for the modems, and report what they say."""
        ...

    def send(self, port: PortId, text: str, *, ends_body: bool) -> None:
        """Write a command, or a message's body, which Ctrl-Z ends. A modem that is gone takes nothing."""
        ...

    def unlock(self, port: PortId) -> None:
        """Give the SIM its PIN; that it was given is noted on the disk before."""
        ...

    def unlocked(self, port: PortId) -> None:
        """The SIM took it: the note is void."""
        ...

    def release(self, port: PortId) -> None:
        """Close a port's modem and look for it anew."""
        ...

    def stop(self) -> None:
        """Close them all."""
        ...


class MessageKeeper(Protocol):
    """Short messages that came, on the disk."""

    def keep(self, message: KeepMessage) -> None:
        """Put it there; `MessageKept` follows when it is."""
        ...


class SignalCore(Protocol):
    """The C core. In virtual time the bench calls `tick`; in real time its own audio thread does."""

    def apply(self, plan: Plan) -> None:
        """Swap a new plan in before the next tick; `Bug` when the plan is not one."""
        ...

    def tick(self) -> None:
        """One step of 10 ms: ports, cancellers, detectors, mixer, RTP."""
        ...

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        ...

    def load_clip(self, name: str, samples: bytes) -> None:
        """Recording as 16-bit little-endian mono at 8 kHz, for `PlayerNode`s of that name."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


@dataclass(frozen=True, slots=True)
class SipAccount:
    """A SIP extension that may register: the digests of its secret (HA1, RFC 7616) and never the secret."""

    extension: str
    ha1_md5: str
    ha1_sha256: str


@dataclass(frozen=True, slots=True)
class SipListen:
    """Where SIP listens: address, port, realm of the digests, and the transports."""

    address: str
    port: int
    realm: str
    transports: tuple[str, ...] = ("udp", "tcp")


class SipStack(Protocol):
    """SIP signalling. `perform` takes the Sip* actions; bodies are opaque to it."""

    async def start(self, sink: EventSink, listen: SipListen, accounts: Sequence[SipAccount]) -> None:
        """Bring the SIP process up; `SipStackUp` follows when it answers."""
        ...

    def perform(self, action: Action) -> None:
        """Carry out one Sip* action; never waits."""
        ...

    async def stop(self) -> None:
        """End the SIP process."""
        ...


JournalRow = CallStarted | CallAnswered | CallEnded | LegEcho
"""A row of the journal: of a call, or of an analog party that has left one."""


class CallJournal(Protocol):
    """The exactly-once journal of calls: one writer, committed before `flush` returns."""

    def append(self, row: JournalRow) -> None:
        """Queue one row for the writer."""
        ...

    def flush(self) -> None:
        """Return when every row so far is on the disk."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...

"""The seams: protocols that a driver and its simulator twin both implement; at most six methods each.

Events go *into* the pump by the callback that `start` was given; a driver never decides what an event means.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.model.plan import Plan
from gateway.model.actions import Action, CallAnswered, CallEnded, CallStarted
from gateway.model.events import Event
from gateway.model.numbers import PortId

EventSink = Callable[[Event], None]


class Clock(Protocol):
    """Time, read by the runtime only."""

    def monotonic_ns(self) -> int: ...
    def wall_ns(self) -> int: ...
    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Run ``callback`` at that time; returns a function that cancels it."""
        ...


class LineModules(Protocol):
    """The FXS and FXO modules of the board: ringing and loop out; hook, ring and current edges in."""

    def start(self, sink: EventSink) -> None: ...
    def start_ringing(self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int) -> None: ...
    def stop_ringing(self, port: PortId) -> None: ...
    def set_loop(self, port: PortId, closed: bool) -> None: ...
    def stop(self) -> None:
        """All pins to their safe states: nothing rings, every loop is open."""
        ...


class SignalCore(Protocol):
    """The C core. In virtual time the bench calls `tick`; in real time its own audio thread does."""

    def apply(self, plan: Plan) -> None: ...
    def tick(self) -> None:
        """One step of 10 ms: ports, cancellers, detectors, mixer, RTP."""
        ...

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        ...

    def load_clip(self, name: str, samples: bytes) -> None:
        """Recording as 16-bit little-endian mono at 8 kHz, for `PlayerNode`s of that name."""
        ...

    def close(self) -> None: ...


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

    async def start(self, sink: EventSink, listen: SipListen, accounts: Sequence[SipAccount]) -> None: ...
    def perform(self, action: Action) -> None: ...
    async def stop(self) -> None: ...


class CallJournal(Protocol):
    """The exactly-once journal of calls: one writer, committed before `flush` returns."""

    def append(self, row: CallStarted | CallAnswered | CallEnded) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...

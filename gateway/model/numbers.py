"""Identifiers and the pair of clocks: the small values that every event and action carries."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PortId = NewType("PortId", str)
"""Name of a socket on the board, as in board.toml: ``fxs1``, ``fxo2``."""

NodeId = NewType("NodeId", int)
"""A node of the media plan. Ports have the fixed ids 1..n in the board's order; others come from the
counter.
"""

LegId = NewType("LegId", int)
"""One party's side of a call; from the counter."""

CallId = NewType("CallId", int)
"""A call: legs joined, with one row in the journal; from the counter."""

DialogId = NewType("DialogId", int)
"""A SIP dialog. Even: ours, from the counter (doubled). Odd: handed out by the SIP driver for incoming
ones.
"""

NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Now:
    """The time of one step: ``monotonic_ns`` for timers, ``wall_ns`` (since 1970, UTC) for calendars only.

    A board without a battery clock wakes up in 1970 and jumps to today; nothing that counts time may read
    ``wall_ns``.
    """

    monotonic_ns: int
    wall_ns: int

    @property
    def ms(self) -> int:
        """Monotonic time in whole milliseconds."""
        return self.monotonic_ns // NS_PER_MS


class ToneKind(StrEnum):
    """Call-progress tones, heard or sent. The national figures are in `media.tones`."""

    DIAL = "dial"
    STUTTER_DIAL = "stutter_dial"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    SIT = "sit"
    HOWLER = "howler"
    CALL_WAITING = "call_waiting"


class Codec(StrEnum):
    """Speech codecs of an RTP node; the value is the SDP encoding name (RFC 3551)."""

    PCMA = "PCMA"
    PCMU = "PCMU"
    G722 = "G722"
    OPUS = "opus"

    @property
    def wideband(self) -> bool:
        """Whether it carries 50 to 7000 Hz; the others carry 300 to 3400 Hz."""
        return self in (Codec.G722, Codec.OPUS)

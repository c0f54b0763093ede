"""What the exchange shows of itself: frozen rows for `cityline status`, `lines` and `calls`, and for
assertions.
"""

from dataclasses import dataclass

from gateway.model.numbers import CallId, LegId, NodeId, PortId
from gateway.model.settings import PortKind


@dataclass(frozen=True, slots=True)
class LineRow:
    """A port. ``name`` is the extension's number or the city line's name, empty for a port that nobody uses.

    ``state`` is the state of its machine in lower case (``idle``, ``ringing``, ``dial_tone``, ``talking``
    ...); ``since_ms`` the monotonic time at which it took it; ``failure`` a sentence when the port has
    failed, ``trouble`` one when it works and something is wrong with it.
    """

    port: PortId
    kind: PortKind
    name: str
    state: str
    since_ms: int
    call: CallId | None = None
    failure: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class LegRow:
    """A party of a call: its number and name, the port or SIP contact it is on, and the state of its leg."""

    leg: LegId
    node: NodeId
    number: str
    name: str
    via: str
    state: str


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call that lives. ``state`` is its machine's, in lower case; times are monotonic milliseconds.

    ``answered_ms`` is None until somebody answered. ``line`` is the city line's name, empty for an internal
    call.
    """

    call: CallId
    direction: str
    state: str
    calling: str
    calling_name: str
    called: str
    line: str
    started_ms: int
    answered_ms: int | None
    legs: tuple[LegRow, ...]


@dataclass(frozen=True, slots=True)
class RegistrationRow:
    """A SIP telephone that can be reached: one binding of an extension."""

    extension: str
    contact: str
    source_address: str


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A hold queue: who waits, in order, and which members are free."""

    number: str
    name: str
    waiting: tuple[CallId, ...]
    free_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModemRow:
    """A cellular port and the modem in it. ``audio`` is how its sound was proved both ways, empty while it
    was not; ``balance`` is the network's last answer to a service code.
    """

    port: PortId
    name: str
    state: str
    tty: str
    imei: str
    family: str
    model: str
    firmware: str
    operator: str
    registration: str
    signal_dbm: int | None
    audio: str
    balance: str
    failure: str


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """The whole exchange at one moment. ``version`` is the configuration's; ``rtp_sockets_used`` counts what
    is handed out.
    """

    version: str
    sip_up: bool
    lines: tuple[LineRow, ...]
    calls: tuple[CallRow, ...]
    registrations: tuple[RegistrationRow, ...]
    queues: tuple[QueueRow, ...]
    rtp_sockets_used: int
    timers_running: int
    modems: tuple[ModemRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a trace begins: the configuration's version, the next id of the counter, and what was to be
    seen.
    """

    version: str
    next_id: int
    view: ExchangeView

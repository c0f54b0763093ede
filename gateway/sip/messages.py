"""What the gateway and the SIP process say to each other over their socket: frozen values, one JSON
object a packet.

``call`` is the process's number of a dialog: the gateway's own (even) number for calls that it makes, a
number with the
top bit set for calls that came in. It has a meaning in one epoch of the process only.
"""

import dataclasses
import json
import types
import typing
from dataclasses import dataclass

from gateway.errors import PeerError

MAX_PACKET_BYTES = 160 * 1024
"""More than a 32 kB body can become in JSON, less than the socket's buffer."""


class BadMessage(PeerError):  # noqa: N818
    """A packet that is not one of the messages below."""


# --- gateway to SIP process -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """One account, as hashes of its secret; an empty one is not offered to it."""

    extension: str
    ha1_md5: str
    ha1_sha256: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one address may do, and how many calls and waiting requests there may be."""

    requests_per_s: float = 20.0
    requests_burst: int = 100
    failures_per_s: float = 0.1
    failures_burst: int = 12
    max_calls: int = 256
    max_waiting: int = 256
    min_expires_s: int = 60
    max_expires_s: int = 3_600


@dataclass(frozen=True, slots=True)
class Configure:
    """First message: where to listen, who may come. Again later with other accounts; the address may not
    change then.
    """

    address: str
    port: int
    realm: str
    transports: tuple[str, ...]
    accounts: tuple[Account, ...]
    trusted: tuple[str, ...]
    """Addresses of trunks whose INVITEs need no digest."""
    algorithms: tuple[str, ...]
    """Digest algorithms that are offered, in this order: ``SHA-256``, ``MD5``."""
    limits: Limits


@dataclass(frozen=True, slots=True)
class RestoreBinding:
    """A registration that an earlier process granted."""

    extension: str
    contact: str
    source_address: str
    source_port: int
    transport: str
    call_id: str
    cseq: int
    expires_s: int


@dataclass(frozen=True, slots=True)
class Orphan:
    """What it takes to end a dialog that an earlier process had; the gateway keeps the last one of each
    dialog.

    ``local``, ``remote`` are the From and To of a request from us; ``via`` is our Via of an INVITE that
    we sent, or
    theirs (one a line) of an INVITE that we have not answered; ``cseq`` goes with that INVITE, or is our
    last one.
    ``source_*`` is where the other party was heard from.
    """

    outgoing: bool
    established: bool
    call_id: str
    local: str
    remote: str
    target: str
    route: str
    via: str
    cseq: int
    source_address: str
    source_port: int
    transport: str


@dataclass(frozen=True, slots=True)
class EndOrphan:
    """Tell the other party of a lost dialog that it is over."""

    orphan: Orphan
    cause_q850: int


@dataclass(frozen=True, slots=True)
class Call:
    """Send an INVITE to a registered contact."""

    call: int
    extension: str
    contact: str
    caller: str
    caller_name: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Ring:
    """180 to an INVITE; with ``sdp`` (not empty) 183 and our answer: early media."""

    call: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Answer:
    """200 with a body, to an INVITE or a re-INVITE."""

    call: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A final refusal of an INVITE."""

    call: int
    status: int


@dataclass(frozen=True, slots=True)
class Reinvite:
    """Offer a changed session."""

    call: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End a call as its state asks."""

    call: int
    cause_q850: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you alive? Answered by `Pong` when the C thread has moved too."""

    serial: int


# --- SIP process to gateway -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listening:
    """The sockets are bound; `Configure` is carried out."""

    pid: int


@dataclass(frozen=True, slots=True)
class CannotListen:
    """The sockets cannot be bound; the process ends after this."""

    errno: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A telephone registered or refreshed (`RestoreBinding` has the same fields, for the way back)."""

    extension: str
    contact: str
    source_address: str
    source_port: int
    transport: str
    call_id: str
    cseq: int
    expires_s: int


@dataclass(frozen=True, slots=True)
class Unbound:
    """A binding was taken back, was replaced, or expired."""

    extension: str
    contact: str


@dataclass(frozen=True, slots=True)
class Invited:
    """An INVITE that passed the digest."""

    call: int
    caller: str
    caller_name: str
    called: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Progress:
    """101..199 to our INVITE; ``sdp`` is empty when there was no body."""

    call: int
    status: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Answered:
    """2xx to our INVITE."""

    call: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Refused:
    """300..699 to our INVITE."""

    call: int
    status: int
    phrase: str


@dataclass(frozen=True, slots=True)
class Reinvited:
    """An INVITE inside a dialog; wants `Answer`."""

    call: int
    sdp: str


@dataclass(frozen=True, slots=True)
class ReinviteEnded:
    """The final response to our re-INVITE, or (status 200) the answer that came in an ACK."""

    call: int
    status: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is gone by BYE, CANCEL or loss."""

    call: int
    cause_q850: int


@dataclass(frozen=True, slots=True)
class Mirror:
    """Keep this, to end the dialog after a crash of this process."""

    call: int
    orphan: Orphan


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing is left of the call: forget its mirror."""

    call: int


@dataclass(frozen=True, slots=True)
class OrphanEnded:
    """The other party of an orphaned dialog answered our BYE with ``status`` (408: not at all; 0:
    nothing to wait for).
    """

    call_id: str
    status: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Alive, with a few counts for `status`."""

    serial: int
    calls: int
    overloaded: int
    limited: int


ToProcess = Configure | RestoreBinding | EndOrphan | Call | Ring | Answer | Refuse | Reinvite | Hangup | Ping
ToGateway = (
    Listening
    | CannotListen
    | Bound
    | Unbound
    | Invited
    | Progress
    | Answered
    | Refused
    | Reinvited
    | ReinviteEnded
    | Ended
    | Mirror
    | Gone
    | OrphanEnded
    | Pong
)
Message = ToProcess | ToGateway

_BY_NAME: dict[str, type[Message]] = {kind.__name__: kind for kind in typing.get_args(Message)}


# --- codec ------------------------------------------------------------------------------------------------


def _fields(value: object) -> dict[str, object]:
    """The fields of a dataclass; the values themselves, not copies as `dataclasses.asdict` makes."""
    return {name: getattr(value, name) for name in _annotations(type(value))}


_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_fields)


def encode(message: Message) -> bytes:
    """One packet; ``BadMessage`` when it would be too long."""
    packet = _ENCODER.encode({"is": type(message).__name__, **_fields(message)}).encode("ascii")
    if len(packet) > MAX_PACKET_BYTES:
        raise BadMessage(f"{type(message).__name__} of {len(packet)} bytes is too long for the SIP socket")
    return packet


def decode(packet: bytes) -> Message:
    """The message of a packet; ``BadMessage`` for anything else."""
    try:
        fields = json.loads(packet)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise BadMessage("not an object")
    name = fields.pop("is", None)
    kind = _BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadMessage(f"no message is called {name!r}")
    message = _build(kind, fields)
    assert isinstance(message, kind)
    return message


def _build(kind: type[object], fields: dict[str, object]) -> object:
    wanted = _annotations(kind)
    if fields.keys() != wanted.keys():
        raise BadMessage(f"{kind.__name__} does not have the fields {sorted(fields.keys() ^ wanted.keys())}")
    for name, value in fields.items():
        if type(value) is not wanted[name]:
            fields[name] = _value(wanted[name], value, kind, name)
    return kind(**fields)


_ANNOTATIONS: dict[type[object], dict[str, object]] = {}


def _annotations(kind: type[object]) -> dict[str, object]:
    if kind not in _ANNOTATIONS:
        _ANNOTATIONS[kind] = typing.get_type_hints(kind)
    return _ANNOTATIONS[kind]


def _value(wanted: object, value: object, kind: type[object], name: str) -> object:
    """A value whose JSON type is not the field's own: a tuple, a dataclass, a whole number for a float."""
    if isinstance(wanted, types.GenericAlias) and isinstance(value, list):  # tuple[X, ...]
        item = wanted.__args__[0]
        return tuple(one if type(one) is item else _value(item, one, kind, name) for one in value)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted) and isinstance(value, dict):
        return _build(wanted, value)
    if wanted is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    raise BadMessage(f"{kind.__name__}.{name} is not {wanted}")

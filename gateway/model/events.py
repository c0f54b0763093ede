"""Everything that can happen to the exchange. Drivers, the signal core and the runtime make these; the
exchange takes them.

All are frozen values; ``at_ns`` is the monotonic time of an edge as the driver saw it (kernel time stamp
where there is one).
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.learned import IdentityScheme
from gateway.model.numbers import DialogId, NodeId, PortId, ToneKind
from gateway.model.timers import TimerId

# --- line modules (GPIO) -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HookEdge:
    """The hook detector (SHK) of an FXS port changed; bounce, pulses, flashes and ring trip all arrive as
    these.
    """

    port: PortId
    off_hook: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class RingEdge:
    """One edge of an FXO port's ring detector; a 25 Hz burst gives 25 or 50 of them a second, a polarity
    pulse one.
    """

    port: PortId
    at_ns: int


@dataclass(frozen=True, slots=True)
class LoopCurrent:
    """An FXO port's line-status detector: current flows (``present``) or not."""

    port: PortId
    present: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class PolarityReversed:
    """An FXO port saw the polarity of its line change, where its module can see that."""

    port: PortId
    at_ns: int


@dataclass(frozen=True, slots=True)
class PortFailed:
    """A port cannot be used: its card is not there, its module does not answer. ``reason`` is a sentence for
    people.
    """

    port: PortId
    reason: str


@dataclass(frozen=True, slots=True)
class RingingPaused:
    """The ringing that was ordered for so many rounds has rung them: its last burst has ended."""

    port: PortId


@dataclass(frozen=True, slots=True)
class PortRestored:
    """A failed port works again."""

    port: PortId


@dataclass(frozen=True, slots=True)
class CardDrifts:
    """The clock of a port's sound card is ``ppm`` off ours (positive: too fast), ``beyond`` what any sound
    card should be, or no longer.
    """

    port: PortId
    ppm: int
    beyond: bool


# --- modems (serial ports) ---------------------------------------------------------------------------------


class PinKnowledge(StrEnum):
    """What is known of a SIM's PIN. The PIN itself never comes here: the trace may not have it."""

    NONE = "none"  # no secret was given
    GIVEN = "given"
    REFUSED = "refused"  # this very PIN was refused before, or nobody knows how that ended: not tried again


@dataclass(frozen=True, slots=True)
class ModemFound:
    """The modem that belongs to a port (by its IMEI) answers on the serial port ``tty``."""

    port: PortId
    tty: str
    imei: str
    family: str
    model: str
    firmware: str
    pin: PinKnowledge


@dataclass(frozen=True, slots=True)
class ModemLost:
    """A port's modem is gone or cannot be used; ``reason`` is a sentence for people."""

    port: PortId
    reason: str


@dataclass(frozen=True, slots=True)
class ModemSaid:
    """One line of a modem, as printable ASCII; ``> `` is its prompt."""

    port: PortId
    line: str


@dataclass(frozen=True, slots=True)
class AudioFlow:
    """What went through a modem's audio port in the last second: frames of 20 ms that came, that it took,
    and how loud those were that came.
    """

    port: PortId
    captured: int
    played: int
    level_dbm0: float


@dataclass(frozen=True, slots=True)
class MessageKept:
    """The short message ``message`` of a port is on the disk: the SIM may forget it."""

    port: PortId
    message: int


@dataclass(frozen=True, slots=True)
class SmsWanted:
    """An administrator sends a short message; the answer to ``request`` is a `RequestAnswered`."""

    port: PortId
    request: int
    number: str
    text: str


@dataclass(frozen=True, slots=True)
class UssdWanted:
    """An administrator asks the network by a service code such as ``*100#``."""

    port: PortId
    request: int
    code: str


# --- signal core -------------------------------------------------------------------------------------------


class DigitSource(StrEnum):
    """Where a digit was received."""

    IN_BAND = "in_band"
    RTP_EVENT = "rtp_event"


@dataclass(frozen=True, slots=True)
class DigitStarted:
    """A DTMF tone has been present long enough to be one (dial tone stops here); `DigitHeard` follows at its
    end.
    """

    node: NodeId


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """One whole digit ``0-9 * # A-D``, reported once, also when its party sends it both ways.

    ``start_ms`` and ``end_ms`` are milliseconds of the signal core's own time, ``level_dbm0`` is that of both
    tones together (of an RTP event: what its sender says), ``twist_db`` the high tone over the low one (None
    for an event).
    """

    node: NodeId
    digit: str
    duration_ms: int
    source: DigitSource
    start_ms: int = 0
    end_ms: int = 0
    level_dbm0: float | None = None
    twist_db: float | None = None


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """A call-progress tone was recognised on a node (``present``) or has ended."""

    node: NodeId
    kind: ToneKind
    present: bool
    cycles: int


@dataclass(frozen=True, slots=True)
class CallerIdHeard:
    """Caller identity came down a city line; empty ``number`` and ``withheld`` when the caller hides it."""

    node: NodeId
    number: str
    name: str
    withheld: bool
    scheme: IdentityScheme = IdentityScheme.UNSEEN


@dataclass(frozen=True, slots=True)
class NumberTold:
    """The city's exchange was asked for the caller's number (`Detectors.AON`) and told it, or did not.

    ``number`` has seven digits, or none after the last of ``requests`` was in vain; ``category`` is the
    caller's, a digit.
    """

    node: NodeId
    number: str
    category: str
    requests: int


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """Somebody speaks on a node (``present``), or nobody has for two seconds. The latter also comes once when
    `Detectors.VOICE` begins and nobody speaks.
    """

    node: NodeId
    present: bool


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """The `DigitsNode` with this id has sent its last digit."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class IdentitySent:
    """The `IdentityNode` with this id is through; not ``heard``: the telephone did not answer its alert, and
    was told nothing.
    """

    node: NodeId
    heard: bool


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The `PlayerNode` with this id reached its end (never for a looped one)."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class MediaLost:
    """No RTP packet has reached this node for the time-out of the plan (``silent_ms``)."""

    node: NodeId
    silent_ms: int


# --- SIP ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SipStackUp:
    """The SIP process answers; ``epoch`` counts its starts."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SipStackDown:
    """The SIP process is gone; `RemoteEnded` for each of its dialogs comes before this."""

    reason: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A telephone of ``extension`` proved who it is and can be reached at ``contact`` (a SIP URI) for
    ``expires_s``.
    """

    extension: str
    contact: str
    source_address: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A telephone took its binding back, or the binding expired."""

    extension: str
    contact: str


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """An authenticated INVITE: ``caller`` is the extension that proved itself, ``called`` the user part it
    asked for.
    """

    dialog: DialogId
    caller: str
    caller_name: str
    called: str
    sdp: str


@dataclass(frozen=True, slots=True)
class RemoteRinging:
    """A provisional response (180, 183 ...) to our INVITE, with early media when ``sdp`` is not None."""

    dialog: DialogId
    status: int
    sdp: str | None


@dataclass(frozen=True, slots=True)
class RemoteAnswered:
    """200 to our INVITE, with the answer."""

    dialog: DialogId
    sdp: str


@dataclass(frozen=True, slots=True)
class RemoteRefused:
    """A final refusal of our INVITE: 404, 486, 603, 408 ... (RFC 3261, 21)."""

    dialog: DialogId
    status: int
    phrase: str


@dataclass(frozen=True, slots=True)
class ReinviteReceived:
    """The remote party changes the session (hold, new address): answer with `SipAnswerReinvite`,
    or `SipRefuseReinvite`. An empty ``sdp`` asks for an offer of ours; its answer is `ReinviteAnswered`.
    """

    dialog: DialogId
    sdp: str


@dataclass(frozen=True, slots=True)
class ReinviteAnswered:
    """The remote party accepted our re-INVITE."""

    dialog: DialogId
    sdp: str


@dataclass(frozen=True, slots=True)
class RemoteEnded:
    """The remote party ended the dialog (BYE, CANCEL) or it was lost with the SIP process (cause 41)."""

    dialog: DialogId
    cause_q850: int


# --- runtime -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LampSet:
    """A message waits for this extension, or none does any more; somebody outside the exchange says so."""

    extension: str
    on: bool


@dataclass(frozen=True, slots=True)
class TimerExpired:
    """A timer ran out; ignored when its serial is not the one that is running."""

    timer: TimerId


@dataclass(frozen=True, slots=True)
class CalibrateLine:
    """A technician wants a city line measured: it is seized for some seconds, and nobody is called."""

    port: PortId


@dataclass(frozen=True, slots=True)
class ShutdownRequested:
    """The gateway is about to stop: clear every call with a cause, release every line."""


Event = (
    HookEdge
    | RingEdge
    | LoopCurrent
    | PolarityReversed
    | PortFailed
    | RingingPaused
    | PortRestored
    | CardDrifts
    | ModemFound
    | ModemLost
    | ModemSaid
    | AudioFlow
    | MessageKept
    | SmsWanted
    | UssdWanted
    | DigitStarted
    | DigitHeard
    | ToneHeard
    | CallerIdHeard
    | NumberTold
    | VoiceHeard
    | DigitsSent
    | IdentitySent
    | PromptEnded
    | MediaLost
    | SipStackUp
    | SipStackDown
    | Registered
    | Unregistered
    | InviteReceived
    | RemoteRinging
    | RemoteAnswered
    | RemoteRefused
    | ReinviteReceived
    | ReinviteAnswered
    | RemoteEnded
    | LampSet
    | TimerExpired
    | CalibrateLine
    | ShutdownRequested
)

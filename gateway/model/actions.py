"""Everything that the exchange can ask of the world. The runtime carries these out, in order, and decides
nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import CallId, DialogId, NodeId, PortId
from gateway.model.plan import Plan
from gateway.model.timers import TimerId

# --- line modules ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartRinging:
    """Ring the telephone on an FXS port: ``cadence_ms`` is on, off, on, off ... repeated until
    `StopRinging`, or ``rounds`` times: then `RingingPaused` tells that the last burst is over.
    """

    port: PortId
    cadence_ms: tuple[int, ...]
    frequency_hz: int
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Stop at once, whatever the cadence does (F/R to idle, more than 10 ms later RM low: the module's
    business).
    """

    port: PortId


@dataclass(frozen=True, slots=True)
class SetLoop:
    """Close (seize, answer) or open (release) the loop of an FXO port; of an FXS port feed its telephone, or
    break its loop (where the module can).

    With ``breaks_ms`` a closed loop of an FXO port is broken: open, closed, open ... for so many ms each,
    closed in the end: the dial pulses of one digit, or a flash. The driver keeps these times without Python,
    and tells nothing at their end; another `SetLoop` ends them.
    """

    port: PortId
    closed: bool
    breaks_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SetPolarity:
    """Reverse the polarity of an FXS port's wires, or put it back (where the module can)."""

    port: PortId
    reversed: bool


# --- modems ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModemSend:
    """Write a command to a port's modem; with ``ends_body`` it is a message's body, which Ctrl-Z ends."""

    port: PortId
    text: str
    ends_body: bool = False


@dataclass(frozen=True, slots=True)
class ModemUnlock:
    """Give the SIM its PIN, which the driver alone knows; it notes that before it does so."""

    port: PortId


@dataclass(frozen=True, slots=True)
class ModemUnlocked:
    """The SIM took its PIN: what the driver noted is no warning any more."""

    port: PortId


@dataclass(frozen=True, slots=True)
class ModemRelease:
    """Close a port's modem and look for it anew: it does not answer, or it was told to reset."""

    port: PortId


@dataclass(frozen=True, slots=True)
class KeepMessage:
    """Put a short message on the disk; `MessageKept` with the same ``message`` follows.

    ``sent_s`` is UTC since 1970 as the service centre says, None when it does not. ``extension`` is whose
    view it goes to, empty for everybody's.
    """

    port: PortId
    message: int
    sender: str
    sent_s: int | None
    text: str
    extension: str
    wall_ns: int


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """What became of what an administrator asked for: a sentence, or the network's answer."""

    request: int
    ok: bool
    text: str


# --- media -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApplyPlan:
    """Give the signal core a new plan, a whole value; it is swapped in between two ticks."""

    plan: Plan


# --- SIP ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SipInvite:
    """Call a registered telephone: ``contact`` is the URI of its binding, ``caller`` and ``caller_name`` what
    it shows.
    """

    dialog: DialogId
    extension: str
    contact: str
    caller: str
    caller_name: str
    sdp: str


@dataclass(frozen=True, slots=True)
class SipRing:
    """180 Ringing to an incoming INVITE; with ``sdp`` 183 Session Progress and our answer (early media)."""

    dialog: DialogId
    sdp: str | None = None


@dataclass(frozen=True, slots=True)
class SipAnswer:
    """200 OK with our answer to an incoming INVITE."""

    dialog: DialogId
    sdp: str


@dataclass(frozen=True, slots=True)
class SipRefuse:
    """A final refusal of an incoming INVITE (404, 486, 488, 503 ...)."""

    dialog: DialogId
    status: int


@dataclass(frozen=True, slots=True)
class SipReinvite:
    """Offer a changed session inside a dialog (hold, resume)."""

    dialog: DialogId
    sdp: str


@dataclass(frozen=True, slots=True)
class SipAnswerReinvite:
    """200 OK to the remote party's re-INVITE."""

    dialog: DialogId
    sdp: str


@dataclass(frozen=True, slots=True)
class SipRefuseReinvite:
    """A final response other than 200 to the remote party's re-INVITE: the session goes on as it was."""

    dialog: DialogId
    status: int


@dataclass(frozen=True, slots=True)
class SipHangup:
    """End a dialog in whatever state it is: CANCEL, BYE or a final response, with ``Reason:
    Q.850;cause=``.
    """

    dialog: DialogId
    cause_q850: int


# --- timers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Deliver `TimerExpired` with this id after ``after_ms`` of monotonic time."""

    timer: TimerId
    after_ms: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Stop a timer; an expiry that is already queued is dropped by the exchange."""

    timer: TimerId


# --- journal -----------------------------------------------------------------------------------------------


class Direction(StrEnum):
    """Where a call came from and went to, seen from the office."""

    INTERNAL = "internal"
    INCOMING = "incoming"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True)
class CallStarted:
    """First row of a call: who called whom, over which trunk port (None inside). ``wall_ns`` UTC since
    1970.
    """

    call: CallId
    direction: Direction
    calling: str
    calling_name: str
    called: str
    line: str | None
    wall_ns: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """Somebody answered: ``connected`` is the extension or number that did, ``evidence`` how we knew."""

    call: CallId
    connected: str
    line: str | None
    evidence: Evidence
    wall_ns: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over: why, and how we knew."""

    call: CallId
    cause: Cause
    evidence: Evidence
    ended_by: str
    wall_ns: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class LegEnded:
    """An analog party has left its call: the runtime reads what its canceller measured into the journal.

    ``node`` is the port's in the plan. What was measured stays outside: no figure of a canceller ever comes
    to the exchange, so a trace replays without one.
    """

    call: CallId
    port: PortId
    node: NodeId
    wall_ns: int
    monotonic_ns: int


# --- durable state -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeepLamp:
    """Remember over a restart whether a message waits for this extension."""

    extension: str
    on: bool


# --- for people --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Narrate:
    """One line of the trace, ``machine(id){STATE} event -> STATE actions``; the runtime puts the time before
    it.
    """

    line: str


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Something that a technician must know: ``about`` is a port or a service, ``text`` a sentence with the
    remedy.
    """

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class CureAlarm:
    """What an alarm said is over: the one about ``about`` that said ``raised`` goes; ``text`` is the good
    news.
    """

    about: str
    raised: str
    text: str


Action = (
    StartRinging
    | StopRinging
    | SetLoop
    | SetPolarity
    | ModemSend
    | ModemUnlock
    | ModemUnlocked
    | ModemRelease
    | KeepMessage
    | RequestAnswered
    | ApplyPlan
    | SipInvite
    | SipRing
    | SipAnswer
    | SipRefuse
    | SipRefuseReinvite
    | SipReinvite
    | SipAnswerReinvite
    | SipHangup
    | StartTimer
    | CancelTimer
    | CallStarted
    | CallAnswered
    | CallEnded
    | LegEnded
    | KeepLamp
    | Narrate
    | RaiseAlarm
    | CureAlarm
)

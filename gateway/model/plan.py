"""The media plan: one immutable value that says who hears whom, with which tone, player, digits, detectors
and RTP endpoint.

The exchange makes a whole new plan after each step that changes it; the signal core swaps it in between two
ticks. Nodes that keep their id keep their state (canceller taps, jitter buffer, tone phase). A plan is a
graph of *nodes* and of *hears* edges: a listener node hears the sum of its sources. Ports and RTP nodes both
listen and speak; tone, player and digits nodes speak.
"""

from dataclasses import dataclass, field
from enum import Flag, IntEnum, auto

from gateway.model.numbers import Codec, NodeId, PortId


class Detectors(Flag):
    """What the core looks for in a node's incoming audio.

    ``DIAL_TONE`` goes with ``CALL_PROGRESS`` and only while dial tone would mean something: any note that is
    held long enough is one (69 in 40.9 hours of speech and music). ``AON`` speaks too: it asks the city's
    exchange at the far end of a port for the caller's number (the Russian АОН) and reads the answer, once.
    ``VOICE`` says when somebody speaks, and when nobody has for two seconds; beside ``CALL_PROGRESS`` no tone
    of the plan is taken for a voice.
    """

    NONE = 0
    DTMF = auto()
    CALL_PROGRESS = auto()
    CALLER_ID = auto()
    DIAL_TONE = auto()
    AON = auto()
    VOICE = auto()


@dataclass(frozen=True, slots=True)
class PortNode:
    """An analog port; every port of the board is in every plan. ``capture_muted`` while its telephone is
    being rung.

    The gains are the line's own, in dB (-30 to 30), of what it says and of all that it hears;
    ``automatic_gain`` brings who talks there to -16 dBm0. With ``digits_apart`` it does not hear the tones of
    keys that are listened for: a modem's network makes them anew.
    """

    id: NodeId
    port: PortId
    detectors: Detectors = Detectors.NONE
    canceller: bool = True
    capture_muted: bool = False
    spoken_gain_db: float = 0.0
    heard_gain_db: float = 0.0
    automatic_gain: bool = False
    digits_apart: bool = False


@dataclass(frozen=True, slots=True)
class RtpNode:
    """A SIP party's media: ``socket`` is the index of a port pair that the core bound at start.

    ``remote`` is (host, port) of the last SDP, or None until known (receive only); symmetric RTP moves it to
    where packets really come from. ``telephone_event`` is the payload type of RFC 4733 digits, or None.
    ``sends``/``receives`` follow the SDP direction; with ``comfort_noise`` silence goes out as comfort noise
    (RFC 3389), which is understood in any case. Gains as in `PortNode`. ``rtcp_mux``: RTCP shares the port of
    RTP (RFC 5761). ``opus_type`` is the payload type of Opus as they know it, ``opus_offered_type`` as we
    offered it; ``telephone_event_48k``: digits have its clock, too (RFC 4733 section 2.1).
    """

    id: NodeId
    socket: int
    remote: tuple[str, int] | None
    codec: Codec
    telephone_event: int | None
    frame_ms: int = 20
    sends: bool = True
    receives: bool = True
    detectors: Detectors = Detectors.NONE
    spoken_gain_db: float = 0.0
    heard_gain_db: float = 0.0
    automatic_gain: bool = False
    comfort_noise: bool = False
    rtcp_mux: bool = False
    opus_type: int | None = None
    opus_offered_type: int | None = None
    telephone_event_48k: bool = False


@dataclass(frozen=True, slots=True)
class ToneSegment:
    """A stretch of tone: the sum of ``frequencies_hz`` at ``level_dbm0`` each (empty: silence) for
    ``duration_ms`` (0: for ever).
    """

    frequencies_hz: tuple[float, ...]
    level_dbm0: float
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ToneNode:
    """A call-progress tone, its segments repeated for ever."""

    id: NodeId
    segments: tuple[ToneSegment, ...]


@dataclass(frozen=True, slots=True)
class PlayerNode:
    """A recording; ``clip`` is the name under which the runtime loaded it into the core. `PromptEnded` at its
    end unless looped.
    """

    id: NodeId
    clip: str
    looped: bool = False


@dataclass(frozen=True, slots=True)
class DigitsNode:
    """Digits to send once, as DTMF to a port and as RFC 4733 events to an RTP node that takes them.
    `DigitsSent` at the end.
    """

    id: NodeId
    digits: str
    tone_ms: int = 100
    pause_ms: int = 100
    low_dbm0: float = -8.0
    high_dbm0: float = -6.0


class IdentityForm(IntEnum):
    """In which form a telephone is told something; the values of ``enum sc_callerid_form``."""

    SDMF = 1
    MDMF = 2
    DTMF_A_C = 3
    DTMF_D_C = 4
    DTMF_A_HASH = 5
    DTMF_HASH = 6
    LAMP_MDMF = 8
    LAMP_SDMF = 9


class Modulation(IntEnum):
    """How FSK is keyed; the values of ``enum sc_callerid_modulation``."""

    BELL202 = 1
    V23 = 2


class IdentityAlert(IntEnum):
    """What says that a message comes: nothing (a ring did), DT-AS on hook, CAS in a call, which the telephone
    answers; the values of ``enum sc_callerid_alert``.
    """

    NONE = 0
    ON_HOOK = 1
    IN_CALL = 2


@dataclass(frozen=True, slots=True)
class IdentityMessage:
    """What a telephone is told: who calls, or (in a lamp's form) whether its message lamp is on.

    ``number`` is at most 20 of ``0-9 * # +`` (DTMF: ``0-9``), empty for none, ``private`` when the caller
    hides it; ``name`` at most 50 octets in ``letters`` (a Python codec); ``date`` MMDDhhmm or empty.
    """

    form: IdentityForm
    modulation: Modulation = Modulation.V23
    alert: IdentityAlert = IdentityAlert.NONE
    number: str = ""
    private: bool = False
    name: str = ""
    letters: str = "ascii"
    date: str = ""
    lamp_on: bool = False


@dataclass(frozen=True, slots=True)
class IdentityNode:
    """Tells the telephone on the port ``telephone`` something, once, by FSK or digits; `IdentitySent` at the
    end.
    """

    id: NodeId
    telephone: NodeId
    message: IdentityMessage


@dataclass(frozen=True, slots=True)
class Hears:
    """One edge: ``listener`` hears ``source`` with ``gain_db``."""

    listener: NodeId
    source: NodeId
    gain_db: float = 0.0


Node = PortNode | RtpNode | ToneNode | PlayerNode | DigitsNode | IdentityNode


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan. ``generation`` grows with each; nodes are sorted by id, edges by (listener, source)."""

    generation: int = 0
    nodes: tuple[Node, ...] = ()
    hears: tuple[Hears, ...] = field(default=())

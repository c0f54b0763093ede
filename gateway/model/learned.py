"""What a city line's ordinary calls have shown of it: the vocabulary of its self-calibration."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.causes import Evidence
from gateway.model.echo import EchoFigures
from gateway.model.numbers import PortId, ToneKind


class IdentityScheme(StrEnum):
    """How a caller's identity came; `UNSEEN` for a call that brought none."""

    UNSEEN = ""
    BELL202 = "bell202"
    V23 = "v23"
    DTMF = "dtmf"


@dataclass(frozen=True, slots=True)
class EndTone:
    """The tone that one call ended in. Two frequencies sound together, ascending; ``cycles`` of it were
    alike, ``purity`` (0 to 1) is its share of what sounded in its bursts. ``told``: the line's detectors had
    taken it for busy or congestion too, or another sign said that the far end was gone.
    """

    frequencies_hz: tuple[float, ...]
    on_ms: float
    off_ms: float
    level_dbm0: float
    cycles: int
    purity: float
    told: bool


@dataclass(frozen=True, slots=True)
class RingSeen:
    """How one call rang: a ring, the pause after it, and the frequency of its edges."""

    on_ms: int
    off_ms: int
    frequency_hz: float


@dataclass(frozen=True, slots=True)
class DialToneSeen:
    """Dial tone when we seized the line: how long after the loop was closed, and its level."""

    after_ms: int
    level_dbm0: float


@dataclass(frozen=True, slots=True)
class BelievedTone:
    """A tone that the line's exchange sends when a call is over: means over ``endings`` calls."""

    kind: ToneKind
    frequencies_hz: tuple[float, ...]
    on_ms: float
    off_ms: float
    level_dbm0: float
    endings: int
    confidence: float


@dataclass(frozen=True, slots=True)
class LineKnowledge:
    """Observations of one line, the newest last, so many of each as are kept (`line.learning.KEPT`)."""

    port: PortId
    endings: tuple[EndTone, ...] = ()
    leavings: tuple[Evidence, ...] = ()
    rings: tuple[RingSeen, ...] = ()
    identities: tuple[IdentityScheme, ...] = ()
    echoes: tuple[EchoFigures, ...] = ()
    dial_tones: tuple[DialToneSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnedFact:
    """One thing that is known of a line, for people: ``what`` and ``value``, with how sure it is (0 to 1)."""

    what: str
    value: str
    confidence: float
    calls: int

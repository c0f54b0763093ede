"""What lines and calls say to each other: *news* go up from a leg to its call, *orders* down from a call to a
leg.

The words are the same for a telephone, a city line and a SIP dialog, so that no call asks what its parties
are made of. ``source`` is the key of the machine that tells (``fxs(fxs1)``).
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.model.causes import Cause, Evidence


class DialVerdict(Enum):
    """What the numbering plan says of the digits so far."""

    IMPOSSIBLE = auto()  # no number begins like this
    POSSIBLE = auto()  # some number does, but this is not one yet
    EXTENSIBLE = auto()  # a number, and the beginning of longer ones: wait for the interdigit pause
    COMPLETE = auto()  # a number, and nothing longer begins with it


# --- news: from a leg to its call -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dialled:
    """A telephone has dialled a whole number (or what its user left it at)."""

    source: str
    number: str


@dataclass(frozen=True, slots=True)
class Lifted:
    """A telephone that is paired with a city line was lifted."""

    source: str


@dataclass(frozen=True, slots=True)
class CityRings:
    """A city line brings a call. ``answered``: its loop is closed already (it rang while we were seizing)."""

    source: str
    answered: bool


@dataclass(frozen=True, slots=True)
class CallerKnown:
    """Who calls from the city; empty when the line does not say or the caller hides it."""

    source: str
    number: str
    name: str
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Proceeding:
    """A city line has taken the digits: from here on its tones and voices are the caller's to hear."""

    source: str


@dataclass(frozen=True, slots=True)
class Alerting:
    """The far end rings."""

    source: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end answered, and how we know."""

    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Left:
    """The party is gone (or never came); its line is already on its way to idle."""

    source: str
    cause: Cause
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Flashed:
    """A telephone gave a flash."""

    source: str


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """A digit in the middle of a call. ``audible``: the other party has already heard its tone."""

    source: str
    digit: str
    audible: bool


@dataclass(frozen=True, slots=True)
class Freed:
    """The telephone at which a call waits lies on its hook again."""

    source: str


@dataclass(frozen=True, slots=True)
class RemoteHeld:
    """A SIP party holds the call."""

    source: str


@dataclass(frozen=True, slots=True)
class RemoteResumed:
    """A SIP party took the call back from hold."""

    source: str


class WarningKind(Enum):
    """What the two parties of a call are warned of."""

    SILENCE = auto()  # nobody speaks: the call ends unless somebody does
    LAST_MINUTE = auto()  # no call may last longer


@dataclass(frozen=True, slots=True)
class Warned:
    """The line is about to be given back: both parties are to hear why."""

    source: str
    kind: WarningKind


@dataclass(frozen=True, slots=True)
class WarningOver:
    """It is not after all."""

    source: str


News = (
    Dialled
    | Lifted
    | CityRings
    | CallerKnown
    | Proceeding
    | Alerting
    | Answered
    | Left
    | Flashed
    | DigitPressed
    | Freed
    | RemoteHeld
    | RemoteResumed
    | Warned
    | WarningOver
)


# --- orders: from a call to a leg -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alert:
    """Ring the station and show it who calls. ``wideband``: the caller can speak so; ``withheld``: he hides
    his number; ``pending``: who calls is not known yet, `Identify` follows. ``cadence_ms``
    is how a bell rings for it; empty: as the country has it.
    """

    caller: str
    caller_name: str
    wideband: bool = False
    withheld: bool = False
    pending: bool = False
    cadence_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Identify:
    """Who calls is known now (empty: nobody can say): show it on the telephone that rings."""

    caller: str
    caller_name: str
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Tell the caller's station that the other end rings; with ``audio`` it hears the line itself
    meanwhile.
    """

    audio: bool


@dataclass(frozen=True, slots=True)
class Connect:
    """The other end answered: answer towards this party. ``wideband``: the other end speaks so."""

    wideband: bool = False


@dataclass(frozen=True, slots=True)
class Seize:
    """Take the city line and dial ``number``; empty: connect straight through, the caller dials himself."""

    number: str


@dataclass(frozen=True, slots=True)
class NoteDigit:
    """The caller of a line that was connected straight through has dialled a digit on it."""


@dataclass(frozen=True, slots=True)
class SendDigit:
    """Send a digit beside the audio: a modem's network makes the tone, since its speech codec would spoil
    ours.
    """

    digit: str


@dataclass(frozen=True, slots=True)
class PassFlash:
    """The telephone of this line's own gave a flash: the city's exchange is to see one."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Out of the call, for this reason."""

    cause: Cause


Order = Alert | Identify | Progress | Connect | Seize | NoteDigit | SendDigit | PassFlash | Clear

"""While a modem has a call: it is asked for its list of calls, and its sound is watched second by second."""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.line.at_dialogue import AtDialogue, Command, Purpose
from gateway.model.events import AudioFlow
from gateway.model.machine import Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId

CALLS = Command("AT+CLCC", Purpose.CALLS, "+CLCC:")
FRAMES_LEAST = 45
"""Of the 50 a second; with fewer the voice is chopped up."""
POOR_SECONDS_MAX = 4
STILL_SECONDS_MAX = 10
STILL_DBM0 = -90.0
"""Not even the noise of a telephone: zeros. A quiet far end is 20 dB and more above that."""
PROVED_SECONDS = 3
"""So long with all its frames and not only zeros, a conversation proves the audio."""


TALKING_MS = 3_000
"""Between two looks while both ends talk."""


@dataclass(slots=True)
class SoundWatch:
    """What the seconds of one conversation had of sound."""

    seconds: int = 0
    dead: bool = False
    _poor: int = 0
    _still: int = 0
    _good: int = 0

    @property
    def proved(self) -> bool:
        """Just now, for the first time: sound has gone both ways for long enough."""
        return self._good == PROVED_SECONDS

    def take(self, flow: AudioFlow) -> str:
        """One more second; a sentence about what is wrong, once."""
        self.seconds += 1
        whole = min(flow.captured, flow.played) >= FRAMES_LEAST
        still = flow.level_dbm0 <= STILL_DBM0
        self._poor = 0 if whole else self._poor + 1
        self._still = self._still + 1 if still else 0
        self._good += whole and not still
        if self.dead:
            return ""
        if self._poor == POOR_SECONDS_MAX:
            self.dead = True
            return (
                f"Sound of the modem is chopped ({flow.captured} frames of 50): it is reset after the call."
            )
        if self._still == STILL_SECONDS_MAX:
            self.dead = True
            return "The modem gives nothing but zeros for sound in a call: it is reset after it."
        return ""


@dataclass(frozen=True, slots=True)
class Follow:
    """There is a call."""


@dataclass(frozen=True, slots=True)
class Leave:
    """There is none any more."""


class LookState(Enum):
    """Whether there is something to look at."""

    RESTING = auto()
    LOOKING = auto()


L = LookState
LOOK = StateTimer("look", (L.LOOKING,), 1_000, "the modem is asked for its calls")


class CallLook(Machine[LookState]):
    """Asks for the list of calls once a second, unless something else is being asked."""

    kind = "calls"
    initial = L.RESTING
    timers = (LOOK,)
    rows = (
        Row(L.RESTING, Follow, L.LOOKING, "note", quiet=True),
        Row(L.LOOKING, Leave, L.RESTING, "note", quiet=True),
        Row(L.LOOKING, LOOK, L.LOOKING, "look", restarts=True, quiet=True),
    )

    def __init__(self, port: PortId, dialogue: AtDialogue) -> None:
        super().__init__(port)
        self._dialogue = dialogue
        self._talking = False

    def follow(self, call: bool, step: Step, *, talking: bool = False) -> None:
        """Begin or end to look, as there is a call or none; while both ends talk, less often."""
        self._talking = talking
        event = Follow if call else Leave
        if self.permits(event):
            self.take(event(), step)

    def note(self, event: object, step: Step) -> None:
        """The timer does the rest."""

    def look(self, timer: StateTimer, step: Step) -> None:
        """Ask, unless an answer is being waited for."""
        if not self._dialogue.asking:
            self._dialogue.ask(CALLS, step)

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """Whether somebody answers is wanted at once; that nobody is there any more can wait a little."""
        return TALKING_MS if self._talking else timer.default_ms

"""A conversation in which nobody speaks: the last resort against a line that was never given back.

Every sign that the far end has gone may fail: an exchange that only falls silent, a busy tone that nobody
knows. Then nothing is heard any more. When neither the city nor our own party has spoken for minutes, both
are warned in words, and when still nobody speaks, the line is given back. A voice at either end, or music,
is life. On hold nobody watches: there silence is ordinary.
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.model.events import VoiceHeard
from gateway.model.machine import EventTaker, Machine, Row, StateTimer, Step
from gateway.model.numbers import NodeId

ANSWER_THE_WARNING_MS = 20_000
"""From the beginning of the warning (6 s of it are words) to the end of the call."""


@dataclass(frozen=True, slots=True)
class BeginListening:
    """Two parties are together: ``ends`` are their nodes."""

    ends: frozenset[NodeId]
    silent: frozenset[NodeId] = frozenset()
    """Those of them of whom it is known already that they have not spoken for a while."""


@dataclass(frozen=True, slots=True)
class StopListening:
    """They are not any more: hold, the end."""


@dataclass(frozen=True, slots=True)
class SilenceLasts:
    """Nobody has spoken for long: warn both."""


@dataclass(frozen=True, slots=True)
class LifeAgain:
    """Somebody has spoken: the warning may stop."""


@dataclass(frozen=True, slots=True)
class NobodyThere:
    """Nobody has spoken after the warning either."""


class SilenceState(Enum):
    """What is heard of both ends."""

    OFF = auto()
    LIVELY = auto()  # one of them speaks, or did a moment ago
    SILENT = auto()
    WARNED = auto()


Q = SilenceState
LONG = StateTimer("long_silence", (Q.SILENT,), 300_000, "nobody speaks: both are warned")
UNHEARD = StateTimer("unheard", (Q.WARNED,), ANSWER_THE_WARNING_MS, "nobody speaks after the warning: ended")

_ON = (Q.LIVELY, Q.SILENT, Q.WARNED)


class SilenceWatch(Machine[SilenceState]):
    """The two ends of one conversation over a city line."""

    kind = "silence"
    initial = Q.OFF
    timers = (LONG, UNHEARD)
    rows = (
        Row(Q.OFF, BeginListening, Q.LIVELY, "begin"),
        Row(_ON, BeginListening, Q.LIVELY, "begin_anew"),
        Row(_ON, StopListening, Q.OFF, "stop"),
        Row(Q.LIVELY, VoiceHeard, (Q.LIVELY, Q.SILENT), "hear", quiet=True),
        Row(Q.SILENT, VoiceHeard, (Q.LIVELY, Q.SILENT), "hear", quiet=True),
        Row(Q.WARNED, VoiceHeard, (Q.LIVELY, Q.WARNED), "hear_after_warning"),
        Row(Q.SILENT, LONG, Q.WARNED, "warn"),
        Row(Q.WARNED, UNHEARD, Q.OFF, "give_up"),
    )

    def __init__(self, name: str, owner: EventTaker, long_silence_ms: int) -> None:
        super().__init__(name)
        self.ends: frozenset[NodeId] = frozenset()
        self._owner = owner
        self._long_silence_ms = long_silence_ms
        self._silent: set[NodeId] = set()

    def begin(self, order: BeginListening, step: Step) -> None:
        """Nothing is known yet: the core tells of each end when it speaks, or when it has not for a while."""
        self.ends = order.ends
        self._silent = set(order.silent)

    def begin_anew(self, order: BeginListening, step: Step) -> None:
        """Other parties."""
        self._end_warning(step)
        self.begin(order, step)

    def stop(self, order: StopListening, step: Step) -> None:
        """Nobody watches."""
        self._end_warning(step)
        self.ends = frozenset()

    def hear(self, voice: VoiceHeard, step: Step) -> SilenceState:
        """Silent when both are."""
        (self._silent.discard if voice.present else self._silent.add)(voice.node)
        return Q.SILENT if self._silent >= self.ends else Q.LIVELY

    def hear_after_warning(self, voice: VoiceHeard, step: Step) -> SilenceState:
        """A word is enough."""
        if self.hear(voice, step) is Q.SILENT:
            return Q.WARNED
        self._end_warning(step)
        return Q.LIVELY

    def warn(self, timer: StateTimer, step: Step) -> None:
        """Say it to both."""
        self._owner.take(SilenceLasts(), step)

    def give_up(self, timer: StateTimer, step: Step) -> None:
        """Nobody is there."""
        self.ends = frozenset()
        self._owner.take(NobodyThere(), step)

    def _end_warning(self, step: Step) -> None:
        if self.state is Q.WARNED:
            self._owner.take(LifeAgain(), step)

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """How long silence may last is the line's own."""
        return self._long_silence_ms if timer is LONG else timer.default_ms

"""Ringing, both ways: the power that we put on a telephone's wire, and the city's ringing on ours.

A single edge is not a ring: a line module's ring detector also gives one when the polarity reverses or
somebody dials on a parallel telephone. Real ringing at 15 to 70 Hz gives an edge or two a cycle, so four
edges without a long gap are one. That the caller has given up is known only by a ring that does not come:
after one and a half periods of the cadence.
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.errors import Bug
from gateway.model.events import RingEdge
from gateway.model.machine import EventTaker, Machine, Row, StateTimer, Step
from gateway.model.numbers import NS_PER_MS

EDGES_OF_A_RING = 4
"""Edges that make a ring, if they are as far apart as those of 15 to 70 Hz: at 15 Hz and one edge a cycle
within 200 ms, at 25 Hz and two edges within 120 ms."""
RING_LEAST_MS = 100
"""From the first of them to the last: contacts that bounce are done by then."""
EDGE_NEAR_MS = 4
"""Edges nearer than this are bounce of one: 70 Hz and two edges a cycle are 7 ms apart."""
EDGE_GAP_MS = 85
"""Edges farther apart belong together no more: 15 Hz gives one every 67 ms, the dial pulses of a parallel
telephone one every 100 ms."""
BOUNCES_MOST = 2
"""So many edges too near for one that is counted are still a ring with a poor detector; more are noise."""
RING_MOST_MS = 10_000
"""No exchange rings longer without a pause (the longest burst of any country is 2 s): the input is stuck."""
FREED_AFTER_MS = 2_000
"""A stuck input that has been quiet for so long works again."""
MISSING_MARGIN_MS = 500
"""Added to one and a half periods before a ring counts as missing."""


@dataclass(frozen=True, slots=True)
class Bell:
    """How telephones are rung: ``cadence_ms`` is on, off, on, off ..., ``frequency_hz`` the bell's."""

    cadence_ms: tuple[int, ...]
    frequency_hz: int

    def __post_init__(self) -> None:
        if not self.cadence_ms or len(self.cadence_ms) % 2 or min(self.cadence_ms) <= 0:
            raise Bug(f"a ring cadence is on, off, on, off ...: {self.cadence_ms}")

    @property
    def period_ms(self) -> int:
        """From one ring to the same ring of the next round."""
        return sum(self.cadence_ms)


@dataclass(frozen=True, slots=True)
class RingBegan:
    """The city begins to ring: the first ring of a call."""


@dataclass(frozen=True, slots=True)
class RingAgain:
    """A further ring of the same call."""


@dataclass(frozen=True, slots=True)
class RingingStopped:
    """The next ring did not come: the caller has given up, or somebody else has answered."""


@dataclass(frozen=True, slots=True)
class RingStuck:
    """The ring input never comes to rest: it says nothing any more."""


@dataclass(frozen=True, slots=True)
class RingFreed:
    """It has come to rest."""


class RingState(Enum):
    """What the ring detector says, counted."""

    QUIET = auto()
    RINGING = auto()  # a ring sounds
    PAUSE = auto()  # between two rings
    STUCK = auto()  # rings without a pause: no exchange does that


R = RingState
RING_END = StateTimer("ring_end", (R.RINGING,), EDGE_GAP_MS, "how often to look whether the ring is over")
FREED = StateTimer("freed", (R.STUCK,), FREED_AFTER_MS, "how often to look whether a stuck input is at rest")
MISSING = StateTimer("missing", (R.PAUSE,), 8_000, "no ring for one and a half periods: the caller is gone")


class RingDetector(Machine[RingState]):
    """The ring detector of one city line. ``bell`` is the country's cadence; a slower one is learnt."""

    kind = "ring"
    initial = R.QUIET
    timers = (RING_END, FREED, MISSING)
    rows = (
        Row(R.QUIET, RingEdge, (R.QUIET, R.RINGING), "count", quiet=True),
        Row(R.RINGING, RingEdge, R.RINGING, "note_edge", quiet=True),
        Row(R.RINGING, RING_END, (R.RINGING, R.PAUSE, R.STUCK), "look", restarts=True, quiet=True),
        Row(R.STUCK, RingEdge, R.STUCK, "note_edge", quiet=True),
        Row(R.STUCK, FREED, (R.STUCK, R.QUIET), "look_at_stuck", restarts=True),
        Row(R.PAUSE, RingEdge, (R.PAUSE, R.RINGING), "count", quiet=True),
        Row(R.PAUSE, MISSING, R.QUIET, "give_up"),
    )

    def __init__(self, name: str, bell: Bell, listener: EventTaker) -> None:
        super().__init__(name)
        self._listener = listener
        self._period_ms = bell.period_ms
        self._edges = 0
        self._near = 0
        self._edge_ns = -EDGE_GAP_MS * NS_PER_MS
        self._first_edge_ns = 0
        self._ring_ns: int | None = None

    def count(self, edge: RingEdge, step: Step) -> RingState:
        """Enough edges as far apart as ringing's are a ring; the first one says when it began."""
        since_ms = (edge.at_ns - self._edge_ns) / NS_PER_MS
        if since_ms > EDGE_GAP_MS:
            self._edges, self._near, self._first_edge_ns = 0, 0, edge.at_ns
        elif since_ms < EDGE_NEAR_MS:
            self._near += 1
            return self.state
        self.note_edge(edge, step)
        self._edges += 1
        long_enough = edge.at_ns - self._first_edge_ns >= RING_LEAST_MS * NS_PER_MS
        if self._edges < EDGES_OF_A_RING or not long_enough or self._near > BOUNCES_MOST * self._edges:
            return self.state
        self._edges = 0
        self._begin(step)
        return R.RINGING

    def note_edge(self, edge: RingEdge, step: Step) -> None:
        """Note when the last edge was."""
        self._edge_ns = edge.at_ns

    def look(self, timer: StateTimer, step: Step) -> RingState:
        """Over when the last edge is long ago; without an end it is no ring."""
        if step.now.monotonic_ns - self._edge_ns >= EDGE_GAP_MS * NS_PER_MS:
            return R.PAUSE
        if self._ring_ns is None or step.now.monotonic_ns - self._ring_ns < RING_MOST_MS * NS_PER_MS:
            return R.RINGING
        self._ring_ns = None
        self._listener.take(RingStuck(), step)
        return R.STUCK

    def look_at_stuck(self, timer: StateTimer, step: Step) -> RingState:
        """Has it come to rest?"""
        if step.now.monotonic_ns - self._edge_ns < FREED_AFTER_MS * NS_PER_MS:
            return R.STUCK
        self._listener.take(RingFreed(), step)
        return R.QUIET

    def give_up(self, timer: StateTimer, step: Step) -> None:
        """The next ring is missing."""
        self._ring_ns = None
        self._listener.take(RingingStopped(), step)

    def _begin(self, step: Step) -> None:
        last_ns, self._ring_ns = self._ring_ns, self._first_edge_ns
        if last_ns is None:
            self._listener.take(RingBegan(), step)
            return
        self._period_ms = max(self._period_ms, (self._ring_ns - last_ns) // NS_PER_MS)
        self._listener.take(RingAgain(), step)

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """The missing ring is waited for since the last ring began, in the line's own cadence."""
        if timer is not MISSING or self._ring_ns is None:
            return timer.default_ms
        since_ms = (step.now.monotonic_ns - self._ring_ns) // NS_PER_MS
        return max(1, self._period_ms * 3 // 2 + MISSING_MARGIN_MS - since_ms)

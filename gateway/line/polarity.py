"""A reversal of a line's polarity that lasts, told from a pulse.

An answer and an end reverse the line for good; a click of the exchange's switches, a ring that begins or a
lightning far away turn it for a millisecond and back. Each edge arrives as a `PolarityReversed`, so two of
them close together are a pulse and mean nothing. What lasted goes on to the supervision with the time of its
edge.
"""

from enum import Enum, auto

from gateway.model.events import PolarityReversed
from gateway.model.machine import EventTaker, Machine, Row, StateTimer, Step

SETTLE_MS = 64
"""A reversal must last so long (DAHDI's fxo polarity debounce)."""


class PolarityState(Enum):
    """What the wire does."""

    STEADY = auto()
    TURNED = auto()  # just now: a pulse, if it turns back at once


P = PolarityState
SETTLED = StateTimer("settled", (P.TURNED,), SETTLE_MS, "the reversal lasts: it is one")


class PolarityWatch(Machine[PolarityState]):
    """The polarity of one city line; ``listener`` is given each `PolarityReversed` that lasted."""

    kind = "polarity"
    initial = P.STEADY
    timers = (SETTLED,)
    rows = (
        Row(P.STEADY, PolarityReversed, P.TURNED, "note"),
        Row(P.TURNED, PolarityReversed, P.STEADY, "forget"),
        Row(P.TURNED, SETTLED, P.STEADY, "tell"),
    )

    def __init__(self, name: str, listener: EventTaker) -> None:
        super().__init__(name)
        self._listener = listener
        self._edge: PolarityReversed | None = None

    def note(self, edge: PolarityReversed, step: Step) -> None:
        """Turned; for how long?"""
        self._edge = edge

    def forget(self, edge: PolarityReversed, step: Step) -> None:
        """Back already: a pulse."""
        self._edge = None

    def tell(self, timer: StateTimer, step: Step) -> None:
        """It lasts."""
        if self._edge is not None:
            self._listener.take(self._edge, step)
        self._edge = None

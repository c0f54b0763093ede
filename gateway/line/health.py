"""Whether a city line can be used, and how it comes back when it could not.

A line that gave no dial tone, takes no digits or holds its current after it was released is *ill*: an alarm
says why, calls out try it last, and every few minutes it is tried by itself. Dial tone, or a call that rings
in, is proof of health: the alarm is taken back. What is wrong is said once, however often it shows.
"""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.model.actions import CureAlarm, RaiseAlarm
from gateway.model.machine import EventTaker, Machine, Row, StateTimer, Step
from gateway.model.numbers import PortId

RETEST_MS = 300_000
"""Between trials of an ill line: five minutes are short for an office, and nothing for an exchange."""


@dataclass(frozen=True, slots=True)
class Ails:
    """Something is wrong with the line: ``trouble`` is a sentence for people, with the remedy."""

    trouble: str


@dataclass(frozen=True, slots=True)
class Lives:
    """Proof that it works: dial tone, a ring, current that has stopped."""


@dataclass(frozen=True, slots=True)
class TryLine:
    """It is time to see whether the line works again."""


class HealthState(Enum):
    """What is known of the line."""

    WELL = auto()
    ILL = auto()


H = HealthState
RETEST = StateTimer("retest", (H.ILL,), RETEST_MS, "an ill line is tried by itself")


class LineHealth(Machine[HealthState]):
    """The health of one city line; ``owner`` is told when to try it."""

    kind = "health"
    initial = H.WELL
    timers = (RETEST,)
    rows = (
        Row(H.WELL, Ails, H.ILL, "raise_alarm"),
        Row(H.ILL, Ails, H.ILL, "raise_another"),
        Row(H.ILL, RETEST, H.ILL, "try_it", restarts=True),
        Row(H.ILL, Lives, H.WELL, "cure"),
    )

    def __init__(self, port: PortId, owner: EventTaker) -> None:
        super().__init__(port)
        self.trouble = ""
        self._port = port
        self._owner = owner

    def say(self, event: Ails | Lives, step: Step) -> None:
        """Take it where it is news: proof that a healthy line lives is none."""
        if self.permits(type(event)):
            self.take(event, step)

    def raise_alarm(self, event: Ails, step: Step) -> None:
        """Say what is wrong."""
        self.trouble = event.trouble
        step.do(RaiseAlarm(self._port, event.trouble))

    def raise_another(self, event: Ails, step: Step) -> None:
        """Say it when it is something else."""
        if event.trouble != self.trouble:
            step.do(CureAlarm(self._port, self.trouble, event.trouble))
            self.raise_alarm(event, step)

    def try_it(self, timer: StateTimer, step: Step) -> None:
        """Seize it, if nobody uses it."""
        self._owner.take(TryLine(), step)

    def cure(self, event: Lives, step: Step) -> None:
        """It works again."""
        step.do(CureAlarm(self._port, self.trouble, f"City line {self._port} works again."))
        self.trouble = ""

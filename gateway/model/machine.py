"""State machines as tables that are checked when their module is imported.

A machine is a class with a table: each `Row` says what one event does in one state, and where it may lead.
What has no row is not permitted: an event from the world is narrated and ignored, an order from our own code
is a `Bug`. State is never a sleeping thread: time comes as the expiry of a `StateTimer`, which runs exactly
while its states last.

How machines couple: an action method may `Step.do` an action, `Step.tell` news to whoever owns the machine's
leg (it is delivered after the row has finished), and take an event into a machine *below* it. It may not take
an event into itself: a row always runs to completion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from gateway.errors import Bug
from gateway.model.actions import Action, CancelTimer, Narrate, StartTimer
from gateway.model.numbers import Now
from gateway.model.timers import TimerId

S = TypeVar("S", bound=Enum)


class Stay(Enum):
    """The target of a row that leaves its machine where it is, in whichever of its states that may be."""

    STAY = "stays"


STAY = Stay.STAY


class TableError(Bug):
    """A machine's table contradicts itself; raised when the class is made, so nothing runs with it."""


@dataclass(frozen=True, slots=True)
class StateTimer:
    """A timer that runs while its machine is in one of ``states``, and whose expiry is an event of the table.

    It starts on entering them, runs on between two of them, and stops on leaving. ``default_ms`` holds unless
    the machine's `Machine.timer_ms` says otherwise.
    """

    name: str
    states: tuple[Enum, ...]
    default_ms: int
    description: str
    unit: str = "ms"


@dataclass(frozen=True, slots=True)
class Row:
    """In ``states``, ``event`` runs ``do`` and leads to one of ``to``.

    ``event`` is the class of an event or a `StateTimer` (its expiry). ``do`` names a method, or is a function
    that takes the machine first (a service with a file of its own): ``(event, step)`` to the new state, or to
    None where only one is declared. `STAY` in ``to`` is the state that the machine is in: a row of several
    states that declared them all as targets would promise transitions between them. A row that leads back to
    its own state leaves the timers running unless it ``restarts`` them (or its action does, by
    `Machine.restart_timers`).
    A ``quiet`` row comes many times a second and is not narrated; the trace has its event.
    """

    states: Enum | tuple[Enum, ...]
    event: type[object] | StateTimer
    to: Enum | tuple[Enum, ...]
    do: str | Callable[..., Enum | None]
    restarts: bool = False
    quiet: bool = False

    def from_states(self) -> tuple[Enum, ...]:
        """The states it holds in, as a tuple."""
        return self.states if isinstance(self.states, tuple) else (self.states,)

    def targets(self) -> tuple[Enum, ...]:
        """The declared targets as a tuple: states, or `STAY`."""
        return self.to if isinstance(self.to, tuple) else (self.to,)

    def leads_to(self, state: Enum) -> tuple[Enum, ...]:
        """The states that it may lead to from ``state``: its targets with `STAY` spelled out."""
        return tuple(dict.fromkeys(state if target is STAY else target for target in self.targets()))

    def event_name(self) -> str:
        """The event as it stands in diagrams and narration."""
        return f"{self.event.name} expired" if isinstance(self.event, StateTimer) else self.event.__name__

    def action_name(self) -> str:
        """The action as it stands in diagrams."""
        if isinstance(self.do, str):
            return self.do
        return f"{self.do.__module__.rsplit('.', 1)[-1]}.{self.do.__name__}"


class Ids:
    """The one counter of ids: whoever counts them again in the same order gets the same ones."""

    def __init__(self, first: int) -> None:
        self.next = first

    def take(self) -> int:
        """The next id."""
        taken, self.next = self.next, self.next + 1
        return taken


class Step:
    """One step of the exchange: the time, the actions so far, and the news that waits to be delivered."""

    def __init__(self, now: Now, ids: Ids) -> None:
        self.now = now
        self.actions: list[Action] = []
        self.news: deque[object] = deque()
        self._ids = ids
        self._told: list[list[str]] = []

    def do(self, action: Action) -> None:
        """Ask for ``action``; the row that runs narrates it."""
        self.actions.append(action)
        if self._told:
            self._told[-1].append(describe(action))

    def tell(self, news: object) -> None:
        """Leave ``news`` for the call above; it is delivered when the row has finished."""
        self.news.append(news)

    def new_id(self) -> int:
        """An id from the exchange's counter."""
        return self._ids.take()

    def narrate(self, line: str) -> None:
        """Write a line of the trace."""
        self.actions.append(Narrate(line))

    def begin_row(self) -> int:
        """Note where a row's actions begin, and collect their names."""
        self._told.append([])
        return len(self.actions)

    def end_row(self, began: int, line: str) -> None:
        """Put the row's narration before its actions; an empty ``line`` leaves it out."""
        told = self._told.pop()
        if line:
            self.actions.insert(began, Narrate(" ".join((line, *told))))

    def break_row(self) -> None:
        """Forget a row that failed."""
        self._told.pop()


class EventTaker(Protocol):
    """Who is told by a machine that sits below it: another machine, mostly."""

    def take(self, event: object, step: Step) -> bool:
        """Take an event; False when it is not permitted now."""
        ...


class Machine(Generic[S]):
    """A state machine with its table. Subclasses give ``kind``, ``initial``, ``timers`` and ``rows``."""

    kind: ClassVar[str]
    initial: ClassVar[Enum]
    timers: ClassVar[tuple[StateTimer, ...]] = ()
    rows: ClassVar[tuple[Row, ...]]
    _table: ClassVar[dict[tuple[Enum, type[object] | StateTimer], Row]]

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        cls._table = checked_table(cls)

    def __init__(self, name: str) -> None:
        self.key = f"{self.kind}({name})"
        self.state: S = self.initial  # type: ignore[assignment]  # the table's states are the subclass's S
        self.since_ms = 0
        self._running: dict[str, TimerId] = {}
        self._in_row = False
        self._again = False

    # --- what others ask of it ------------------------------------------------------------------------------

    def take(self, event: object, step: Step) -> bool:
        """Take an event from the world; False (and a line in the trace) when no row permits it in this
        state.
        """
        return self._run(type(event), event, step)

    def order(self, event: object, step: Step) -> None:
        """Take an order of our own; `Bug` when no row permits it in this state."""
        if not self._run(type(event), event, step):
            raise Bug(f"{self.key} cannot {describe(event)} in {self.state.name}")

    def expire(self, timer: TimerId, step: Step) -> bool:
        """Take the expiry of ``timer``; False when it is not the one that is running (it was stopped
        meanwhile).
        """
        if self._running.get(timer.name) != timer:
            return False
        del self._running[timer.name]
        which = next(declared for declared in self.timers if declared.name == timer.name)
        return self._run(which, which, step)

    def permits(self, event: type[object]) -> bool:
        """Whether a row takes events of this class in the present state."""
        return (self.state, event) in self._table

    def running_timers(self) -> tuple[TimerId, ...]:
        """Timers that have been started and neither stopped nor expired."""
        return tuple(self._running.values())

    def halt(self, state: S, step: Step) -> None:
        """After a bug in this machine: into ``state`` without a row, with no timer running."""
        step.narrate(f"{self.key}{{{self.state.name}}} bug -> {state.name}")
        for timer in tuple(self._running.values()):
            step.do(CancelTimer(timer))
        self._running.clear()
        self.state, self.since_ms = state, step.now.ms

    def timer_ms(self, timer: StateTimer, step: Step) -> int:
        """How long ``timer`` runs when it is started now; its default unless a subclass knows better."""
        return timer.default_ms

    def restart_timers(self) -> None:
        """For an action method: when the row ends, the timers of its target start anew, as if just
        entered.
        """
        self._again = True

    # --- how it works ---------------------------------------------------------------------------------------

    def _run(self, kind: type[object] | StateTimer, event: object, step: Step) -> bool:
        if self._in_row:
            raise Bug(f"{self.key} was given {describe(event)} in the middle of a row")
        row = self._table.get((self.state, kind))
        if row is None:
            step.narrate(f"{self.key}{{{self.state.name}}} {describe(event)} -> {self.state.name} ignored")
            return False
        before, began = self.state, step.begin_row()
        self._in_row = True
        try:
            self._move(row, self._act(row, event, step), step)
        except Exception:
            step.break_row()
            raise
        finally:
            self._in_row = False
        quiet = row.quiet and self.state is before
        line = "" if quiet else f"{self.key}{{{before.name}}} {describe(event)} -> {self.state.name}"
        step.end_row(began, line)
        return True

    def _act(self, row: Row, event: object, step: Step) -> Enum:
        act = getattr(type(self), row.do) if isinstance(row.do, str) else row.do
        target: Enum | None = act(self, event, step)
        declared = row.leads_to(self.state)
        if target is None and len(declared) == 1:
            return declared[0]
        if target not in declared:
            raise Bug(f"{self.key}: {row.action_name()} led to {target}, which its row does not declare")
        return target

    def _move(self, row: Row, target: Enum, step: Step) -> None:
        before: Enum = self.state
        again, self._again = row.restarts or self._again, False
        for timer in self.timers:
            if timer.name in self._running and (target not in timer.states or again):
                self._stop(timer, step)
        if target is not before:
            self.since_ms = step.now.ms
            self.state = target  # type: ignore[assignment]
        for timer in self.timers:
            entered = target in timer.states and before not in timer.states
            if entered or (again and target in timer.states):
                self._start(timer, step)

    def _start(self, timer: StateTimer, step: Step) -> None:
        started = TimerId(self.key, timer.name, step.new_id())
        self._running[timer.name] = started
        step.do(StartTimer(started, self.timer_ms(timer, step)))

    def _stop(self, timer: StateTimer, step: Step) -> None:
        step.do(CancelTimer(self._running.pop(timer.name)))


# --- the checks -------------------------------------------------------------------------------------------


def checked_table(
    machine: type[Machine[Any]],
) -> dict[tuple[Enum, type[object] | StateTimer], Row]:
    """The table by (state, event); `TableError` for one that contradicts itself.

    Refused: a second row for the same state and event, a method that is missing, a state or target of another
    enum, a row that says `STAY` and names all its own states as targets too, a timer that is not declared, a
    timed state without a row for the expiry, a timed initial state, a state that nothing leads to.
    """
    table: dict[tuple[Enum, type[object] | StateTimer], Row] = {}
    states = type(machine.initial)
    for row in machine.rows:
        _check_row(machine, row, states)
        for state in row.from_states():
            if (state, row.event) in table:
                raise TableError(f"{machine.__name__}: two rows for {state.name} and {row.event_name()}")
            table[state, row.event] = row
    for timer in machine.timers:
        if machine.initial in timer.states:
            raise TableError(f"{machine.__name__}: {timer.name} would never start in the initial state")
        for state in timer.states:
            if (state, timer) not in table:
                raise TableError(
                    f"{machine.__name__}: {state.name} has no row for the expiry of {timer.name}"
                )
    lost = set(states) - _reachable(machine)
    if lost:
        names = ", ".join(sorted(state.name for state in lost))
        raise TableError(f"{machine.__name__}: nothing leads to {names}")
    return table


def _check_row(machine: type[Machine[Any]], row: Row, states: type[Enum]) -> None:
    name = f"{machine.__name__}: the row for {row.event_name()}"
    targets = tuple(target for target in row.targets() if target is not STAY)
    for state in (*row.from_states(), *targets):
        if not isinstance(state, states):
            raise TableError(f"{name} names {state}, which is not one of {states.__name__}")
    if STAY in row.targets() and set(row.from_states()) <= set(targets):
        raise TableError(f"{name} stays where it is, and names all its own states as targets too")
    if isinstance(row.do, str) and not callable(getattr(machine, row.do, None)):
        raise TableError(f"{name} names the method {row.do}, which is missing")
    if isinstance(row.event, StateTimer):
        if row.event not in machine.timers:
            raise TableError(f"{name} takes a timer that the machine does not declare")
        idle = set(row.from_states()) - set(row.event.states)
        if idle:
            raise TableError(f"{name} stands in a state in which that timer does not run")


def _reachable(machine: type[Machine[Any]]) -> set[Enum]:
    reached: set[Enum] = {machine.initial}
    while True:
        more = {
            target
            for row in machine.rows
            for state in reached.intersection(row.from_states())
            for target in row.leads_to(state)
        }
        if more <= reached:
            return reached
        reached |= more


# --- for people -------------------------------------------------------------------------------------------

_LONGEST_VALUE = 48


def describe(thing: object) -> str:
    """A value of the vocabulary in one short word: ``DigitHeard(1001 5)``; long texts are left out."""
    if isinstance(thing, StateTimer):
        return f"{thing.name} expired"
    if isinstance(thing, StartTimer):
        return f"+{thing.timer.name}({thing.after_ms} ms)"
    if isinstance(thing, CancelTimer):
        return f"-{thing.timer.name}"
    kind: Any = type(thing)
    values = [str(getattr(thing, name)) for name in _field_names(kind)]
    shown = " ".join(value for value in values if value and len(value) <= _LONGEST_VALUE)
    return f"{type(thing).__name__}({shown})" if shown else type(thing).__name__


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()

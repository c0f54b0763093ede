"""Replay: feed a trace's events to a fresh exchange and compare what it asks for, action by action."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

from gateway.model.actions import Action
from gateway.model.events import Event
from gateway.model.plain import Plain, to_plain
from gateway.runtime.pump import Exchange
from gateway.runtime.trace import Step, TraceHeader


class Recorded(Protocol):
    """What can be replayed: a run, or a part of one."""

    header: TraceHeader

    def steps(self) -> Iterator[Step]:
        """Every step in order."""
        ...

    @property
    def ended(self) -> bool:
        """After `steps`: nothing is missing at the end."""
        ...


MakeExchange = Callable[[TraceHeader], Exchange]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the replay left the trace; ``recorded`` and ``replayed``: what each has there."""

    step: Step
    place: int
    recorded: Action | None
    replayed: Action | None
    failure: str = ""
    """What the exchange raised, when that is the difference."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """How a replay went; the same as the trace when ``difference`` is None."""

    steps: int
    actions: int
    difference: Difference | None
    cut: bool
    """The process was killed: the last step may lack actions; what there is of it agrees."""


def replay(run: Recorded, make_exchange: MakeExchange) -> ReplayReport:
    """Feed every event at its recorded time; stops at the first difference. Raises `TraceError`."""
    exchange = make_exchange(run.header)
    done = actions = 0
    shortened: Difference | None = None
    for step in run.steps():
        if shortened is not None:
            return ReplayReport(done, actions, shortened, cut=False)
        try:
            answer = exchange.start(step.now) if step.event is None else exchange.handle(step.event, step.now)
        except Exception as error:  # noqa: BLE001 - whatever it raises is what the technician is looking for
            failure = f"{type(error).__name__}: {error}"
            return ReplayReport(done, actions, Difference(step, 0, None, None, failure), cut=False)
        difference = _compare(step, answer)
        if difference is not None and difference.recorded is not None:
            return ReplayReport(done, actions, difference, cut=False)
        # The trace lacks actions: only the end of a killed process may do that, so the next step decides.
        shortened = difference
        done += 1
        actions += len(step.actions)
    if run.ended and shortened is not None:
        return ReplayReport(done, actions, shortened, cut=False)
    return ReplayReport(done, actions, None, cut=not run.ended)


def _compare(step: Step, answer: list[Action]) -> Difference | None:
    for place, (recorded, replayed) in enumerate(zip_longest(step.actions, answer)):
        if recorded != replayed:
            return Difference(step, place, recorded, replayed)
    return None


def report_text(report: ReplayReport) -> str:
    """How it went, for people."""
    ended = " (it was cut: the process did not end in order)" if report.cut else ""
    if report.difference is None:
        return f"The same: {report.steps} events, {report.actions} actions{ended}."
    difference = report.difference
    step = difference.step
    where = f"{step.file}:{step.line}"
    if difference.failure:
        return f"{where}: the exchange failed on {_shown(step.event)}: {difference.failure}"
    return "\n".join(
        (
            f"{where}: {report.steps} events agree; action {difference.place + 1} of this one differs:",
            f"  event     {_shown(step.event)}",
            f"  recorded  {_shown(difference.recorded)}",
            f"  replayed  {_shown(difference.replayed)}",
        )
    )


def report_plain(report: ReplayReport) -> dict[str, Plain]:
    """How it went, as JSON values."""
    plain: dict[str, Plain] = {
        "same": report.difference is None,
        "events": report.steps,
        "actions": report.actions,
        "cut": report.cut,
    }
    if report.difference is not None:
        difference = report.difference
        plain["difference"] = {
            "file": difference.step.file,
            "line": difference.step.line,
            "event": to_plain(difference.step.event),
            "action": difference.place + 1,
            "recorded": to_plain(difference.recorded),
            "replayed": to_plain(difference.replayed),
            "failure": difference.failure,
        }
    return plain


def _shown(value: Event | Action | None) -> str:
    return "(nothing)" if value is None else str(value)

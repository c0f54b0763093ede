"""A pump whose surroundings write down what they were asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.interfaces import JournalRow
from gateway.model.actions import Action, ApplyPlan, RaiseAlarm
from gateway.model.echo import EchoFigures
from gateway.model.events import Event
from gateway.model.numbers import NodeId, Now, PortId
from gateway.model.plan import Plan
from gateway.runtime.pump import Pump
from tests.runtime.clocks import HandClock

Answer = Callable[[Event, Now], list[Action]]


@dataclass
class Surroundings:
    """Line modules, core, SIP, journal and alarms in one: ``done`` is what happened, in order."""

    done: list[object] = field(default_factory=list)
    follow: Callable[[str], None] = lambda what: None

    def _note(self, *what: object) -> None:
        self.done.append(what if len(what) > 1 else what[0])
        self.follow(str(what[0]))

    def start(self, sink: Callable[[Event], None]) -> None: ...

    def start_ringing(
        self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0
    ) -> None:
        self._note("ring", port, tuple(cadence_ms), frequency_hz, rounds)

    def stop_ringing(self, port: PortId) -> None:
        self._note("silence", port)

    def set_loop(self, port: PortId, closed: bool, breaks_ms: tuple[int, ...] = ()) -> None:
        self._note("loop", port, closed, *(breaks_ms,) * bool(breaks_ms))

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        self._note("polarity", port, reverse)

    def stop(self) -> None: ...

    def apply(self, plan: Plan) -> None:
        self._note("plan", plan.generation)

    def perform(self, action: Action) -> None:
        self._note("sip", action)

    def echo(self, node: NodeId) -> EchoFigures:
        return EchoFigures(12.5, 24.0, float(node))

    def append(self, row: JournalRow) -> None:
        self._note("row", row)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def alarm(self, alarm: RaiseAlarm) -> None:
        self._note("alarm", alarm.about)


@dataclass
class Scripted:
    """An exchange that answers from a table of functions and remembers what it was given."""

    answer: Answer
    seen: list[tuple[Event, Now]] = field(default_factory=list)

    def start(self, now: Now) -> list[Action]:
        return [ApplyPlan(Plan(1))]

    def handle(self, event: Event, now: Now) -> list[Action]:
        self.seen.append((event, now))
        return self.answer(event, now)


def office(answer: Answer, **settings: object) -> tuple[Pump, Scripted, Surroundings, HandClock]:
    around, clock, exchange = (
        Surroundings(),
        HandClock(5_000_000, 1_700_000_000_000_000_000),
        Scripted(answer),
    )
    pump = Pump(
        exchange,
        clock,
        modules=around,
        core=around,
        sip=around,
        journal=around,
        on_alarm=around.alarm,
        **settings,  # type: ignore[arg-type]
    )
    return pump, exchange, around, clock

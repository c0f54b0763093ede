"""Machines as tables: what is refused when the class is made, how states, timers and narration go
together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import pytest

from gateway.call.call import Call
from gateway.call.sip_leg import SipLeg
from gateway.errors import Bug
from gateway.line.at_dialogue import AtDialogue
from gateway.line.call_look import CallLook
from gateway.line.cellular_call import CellularCall
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs
from gateway.line.hook import Hook
from gateway.line.modem_messages import MessageDesk
from gateway.line.modem_setup import ModemSetup
from gateway.line.ringing import RingDetector
from gateway.line.supervision import Supervision
from gateway.model.actions import CancelTimer, Narrate, StartTimer
from gateway.model.machine import STAY, Ids, Machine, Row, StateTimer, Step, TableError
from gateway.model.numbers import Now
from gateway.model.timers import TimerId

MACHINES: list[type[Machine[Any]]] = [
    *(Hook, RingDetector, Supervision, Fxs, Fxo, SipLeg, Call),
    *(AtDialogue, ModemSetup, CellularCall, CallLook, MessageDesk),
]


class Lamp(Enum):
    OFF = auto()
    ON = auto()
    DIM = auto()


@dataclass(frozen=True)
class Press:
    finger: str = "thumb"


class Hold:
    pass


GLOW = StateTimer("glow", (Lamp.ON, Lamp.DIM), 500, "then it goes out")


class Button(Machine[Lamp]):
    kind = "button"
    initial = Lamp.OFF
    timers = (GLOW,)
    rows = (
        Row(Lamp.OFF, Press, Lamp.ON, "press"),
        Row(Lamp.ON, Press, (Lamp.DIM, Lamp.ON), "press"),
        Row(Lamp.ON, Hold, Lamp.ON, "press", restarts=True),
        Row(Lamp.DIM, Hold, Lamp.OFF, "again"),
        Row((Lamp.ON, Lamp.DIM), GLOW, Lamp.OFF, "press"),
    )

    target: Lamp | None = None

    def press(self, event: object, step: Step) -> Lamp | None:
        return self.target

    def again(self, event: object, step: Step) -> None:
        self.take(Press(), step)


@pytest.fixture
def ids() -> Ids:
    return Ids(1)


@pytest.fixture
def step(ids: Ids) -> Step:
    return Step(Now(2_000_000, 0), ids)


@pytest.fixture
def button() -> Iterator[Button]:
    made = Button("b1")
    yield made
    Button.target = None


def table(*rows: Row, timers: tuple[StateTimer, ...] = (), initial: Lamp = Lamp.OFF) -> type[Machine[Lamp]]:
    names = {
        "kind": "x",
        "initial": initial,
        "timers": timers,
        "rows": rows,
        "act": lambda self, event, step: None,
    }
    return type("X", (Machine,), names)


EVERYWHERE = Row(Lamp.OFF, Press, (Lamp.ON, Lamp.DIM), "act")


# --- refused ----------------------------------------------------------------------------------------------


def test_two_rows_for_the_same_state_and_event_are_refused() -> None:
    with pytest.raises(TableError, match="two rows for OFF and Press"):
        table(EVERYWHERE, Row((Lamp.ON, Lamp.OFF), Press, Lamp.ON, "act"))


def test_a_missing_method_is_refused() -> None:
    with pytest.raises(TableError, match="names the method wave, which is missing"):
        table(EVERYWHERE, Row(Lamp.ON, Press, Lamp.ON, "wave"))


def test_an_unreachable_state_is_refused() -> None:
    with pytest.raises(TableError, match="nothing leads to DIM"):
        table(Row(Lamp.OFF, Press, Lamp.ON, "act"))


def test_a_timed_state_without_an_expiry_row_is_refused() -> None:
    with pytest.raises(TableError, match="DIM has no row for the expiry of glow"):
        table(EVERYWHERE, Row(Lamp.ON, GLOW, Lamp.OFF, "act"), timers=(GLOW,))


def test_an_expiry_where_the_timer_does_not_run_is_refused() -> None:
    with pytest.raises(TableError, match="in which that timer does not run"):
        table(EVERYWHERE, Row((Lamp.ON, Lamp.DIM, Lamp.OFF), GLOW, Lamp.OFF, "act"), timers=(GLOW,))


def test_a_timer_that_is_not_declared_is_refused() -> None:
    with pytest.raises(TableError, match="does not declare"):
        table(EVERYWHERE, Row(Lamp.ON, GLOW, Lamp.OFF, "act"))


def test_a_timed_initial_state_is_refused() -> None:
    with pytest.raises(TableError, match="never start in the initial state"):
        table(
            Row(Lamp.ON, Press, (Lamp.OFF, Lamp.DIM), "act"),
            Row((Lamp.ON, Lamp.DIM), GLOW, Lamp.OFF, "act"),
            timers=(GLOW,),
            initial=Lamp.ON,
        )


def test_a_state_of_another_enum_is_refused() -> None:
    class Other(Enum):
        OFF = auto()

    with pytest.raises(TableError, match="is not one of Lamp"):
        table(EVERYWHERE, Row(Lamp.ON, Press, Other.OFF, "act"))


def test_a_row_that_stays_and_names_its_own_states_is_refused() -> None:
    with pytest.raises(TableError, match="stays where it is, and names all its own states"):
        table(EVERYWHERE, Row((Lamp.ON, Lamp.DIM), Hold, (STAY, Lamp.DIM, Lamp.ON), "act"))


def test_staying_reaches_no_state() -> None:
    with pytest.raises(TableError, match="nothing leads to DIM"):
        table(Row(Lamp.OFF, Press, Lamp.ON, "act"), Row((Lamp.ON, Lamp.DIM), Hold, STAY, "act"))


def test_to_stay_is_no_state_to_be_in() -> None:
    with pytest.raises(TableError, match="is not one of Lamp"):
        table(EVERYWHERE, Row((Lamp.ON, STAY), Hold, Lamp.ON, "act"))


# --- at work ----------------------------------------------------------------------------------------------


def test_a_row_leads_to_its_target_and_starts_its_timers(button: Button, step: Step) -> None:
    assert button.take(Press(), step)
    assert button.state is Lamp.ON
    assert button.since_ms == 2
    timer = TimerId("button(b1)", "glow", 1)
    assert step.actions == [
        Narrate("button(b1){OFF} Press(thumb) -> ON +glow(500 ms)"),
        StartTimer(timer, 500),
    ]
    assert button.running_timers() == (timer,)


def test_an_event_without_a_row_is_narrated_and_ignored(button: Button, step: Step) -> None:
    assert not button.take(Hold(), step)
    assert step.actions == [Narrate("button(b1){OFF} Hold -> OFF ignored")]


def test_an_order_without_a_row_is_a_bug(button: Button, step: Step) -> None:
    with pytest.raises(Bug, match="cannot Hold in OFF"):
        button.order(Hold(), step)


def test_a_target_that_was_not_declared_is_a_bug(button: Button, step: Step) -> None:
    Button.target = Lamp.DIM
    with pytest.raises(Bug, match="does not declare"):
        button.take(Press(), step)
    assert button.state is Lamp.OFF


class Keyhole(Machine[Lamp]):
    """Anybody may look through it, whether the lamp is on or dim; nobody changes the lamp by that."""

    kind = "keyhole"
    initial = Lamp.OFF
    rows = (
        Row(Lamp.OFF, Press, (Lamp.ON, Lamp.DIM), "answer"),
        Row((Lamp.ON, Lamp.DIM), Hold, STAY, "answer"),
        Row((Lamp.ON, Lamp.DIM), Press, (STAY, Lamp.OFF), "answer"),
    )

    def __init__(self, *answers: Lamp | None) -> None:
        super().__init__("k1")
        self.answers = list(answers)

    def answer(self, event: object, step: Step) -> Lamp | None:
        return self.answers.pop(0)


@pytest.mark.parametrize("lamp", [Lamp.ON, Lamp.DIM])
def test_a_row_of_several_states_stays_in_whichever_it_is(lamp: Lamp, step: Step) -> None:
    keyhole = Keyhole(lamp, None, lamp, lamp, Lamp.OFF)
    keyhole.take(Press(), step)
    for event in (Hold(), Hold(), Press()):
        assert keyhole.take(event, step)
        assert keyhole.state is lamp
    keyhole.take(Press(), step)
    assert keyhole.state is Lamp.OFF


@pytest.mark.parametrize(("event", "answer"), [(Hold(), Lamp.DIM), (Hold(), Lamp.OFF), (Press(), Lamp.DIM)])
def test_a_row_that_stays_cannot_lead_to_another_of_its_states(
    event: object, answer: Lamp, step: Step
) -> None:
    keyhole = Keyhole(Lamp.ON, answer)
    keyhole.take(Press(), step)
    with pytest.raises(Bug, match="does not declare"):
        keyhole.take(event, step)
    assert keyhole.state is Lamp.ON


def test_a_row_that_may_stay_or_go_needs_a_choice(step: Step) -> None:
    keyhole = Keyhole(Lamp.ON, None)
    keyhole.take(Press(), step)
    with pytest.raises(Bug, match="led to None"):
        keyhole.take(Press(), step)


def test_several_targets_need_a_choice(button: Button, step: Step) -> None:
    button.take(Press(), step)
    with pytest.raises(Bug, match="led to None"):
        button.take(Press(), step)


def test_a_timer_runs_on_between_two_of_its_states(button: Button, step: Step) -> None:
    button.take(Press(), step)
    (timer,) = button.running_timers()
    Button.target = Lamp.DIM
    button.take(Press(), step)
    assert button.running_timers() == (timer,)


def test_a_row_that_restarts_starts_the_timer_anew(button: Button, step: Step) -> None:
    button.take(Press(), step)
    (timer,) = button.running_timers()
    button.take(Hold(), step)
    (again,) = button.running_timers()
    assert again != timer
    assert CancelTimer(timer) in step.actions


def test_an_expiry_is_taken_once_and_a_stale_one_never(button: Button, step: Step) -> None:
    button.take(Press(), step)
    (timer,) = button.running_timers()
    assert button.expire(timer, step)
    assert button.state is Lamp.OFF
    assert not button.expire(timer, step)
    button.take(Press(), step)
    assert not button.expire(timer, step)
    assert button.state is Lamp.ON


def test_leaving_a_state_stops_its_timer(button: Button, step: Step) -> None:
    button.take(Press(), step)
    (timer,) = button.running_timers()
    button.halt(Lamp.OFF, step)
    assert button.running_timers() == ()
    assert step.actions[-1] == CancelTimer(timer)


def test_a_machine_cannot_take_an_event_in_the_middle_of_a_row(button: Button, step: Step) -> None:
    button.take(Press(), step)
    Button.target = Lamp.DIM
    button.take(Press(), step)
    with pytest.raises(Bug, match="in the middle of a row"):
        button.take(Hold(), step)


# --- the machines of the product --------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.kind)
def test_every_timer_says_what_it_is_for(machine: type[Machine[Any]]) -> None:
    for timer in machine.timers:
        assert timer.states
        assert timer.default_ms > 0
        assert timer.unit == "ms"
        assert len(timer.description) > 10


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.kind)
def test_every_row_and_event_has_a_name_for_the_manual(machine: type[Machine[Any]]) -> None:
    for row in machine.rows:
        assert row.event_name()
        assert row.action_name()
        assert row.from_states()
        assert row.targets()

"""The rules of the evenings notice: the same evening with one deliberate fault must break one of them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.exchange import Exchange
from gateway.model import actions as act
from gateway.model.actions import Action
from gateway.model.numbers import NodeId, ToneKind
from gateway.model.plan import Detectors, Hears, PortNode, ToneNode
from tests.exchange.world import World, office
from tests.property.test_evenings import Evening, at_home, rules

Tamper = Callable[[Action], Action | None]


def evening(tamper: Tamper) -> None:
    """Anna and Boris talk, the city calls Vera's group and is answered, Grigory calls out, Darya calls in;
    the city calls again, and has to be asked who it is.
    """
    world = World(office(lines_to=("600", "610"), number_request=True), tamper=tamper)
    people = Evening(world)
    world.after_step = lambda event: rules(people, event)
    people.talk("fxs1", "fxs2")
    people.hang_up("fxs1")
    people.city_talk("fxo1", "fxs1")
    people.hang_up("fxs1")
    people.call_out("fxs4", "fxo2")
    people.sip_calls("201", "103")
    people.tone("fxo2", ToneKind.BUSY, True)
    world.wait(10)
    people.city_asked("fxo1", True, "1234567")
    world.wait(1)
    people.go_home()
    at_home(world)


def dropped(kind: type[Action], nth: int = 0) -> Tamper:
    seen = -1

    def tamper(action: Action) -> Action | None:
        nonlocal seen
        if isinstance(action, kind):
            seen += 1
            return None if seen == nth else action
        return action

    return tamper


def open_loops_stay_closed(action: Action) -> Action | None:
    return None if isinstance(action, act.SetLoop) and not action.closed else action


def timers_never_stop(action: Action) -> Action | None:
    return None if isinstance(action, act.CancelTimer) else action


def a_crossed_wire(action: Action) -> Action | None:
    """Whoever hears fxs1 hears fxs3 instead."""
    if not isinstance(action, act.ApplyPlan):
        return action
    wrong = {NodeId(1): NodeId(3)}
    hears = tuple(Hears(one.listener, wrong.get(one.source, one.source)) for one in action.plan.hears)
    return act.ApplyPlan(replace(action.plan, hears=hears))


def one_direction_muted(action: Action) -> Action | None:
    if not isinstance(action, act.ApplyPlan):
        return action
    hears = tuple(one for one in action.plan.hears if (one.listener, one.source) != (1, 2))
    return act.ApplyPlan(replace(action.plan, hears=hears))


def nobody_is_asked(action: Action) -> Action | None:
    if not isinstance(action, act.ApplyPlan):
        return action
    nodes = tuple(
        replace(node, detectors=node.detectors & ~Detectors.AON) if isinstance(node, PortNode) else node
        for node in action.plan.nodes
    )
    return act.ApplyPlan(replace(action.plan, nodes=nodes))


def a_caller_who_was_asked_for_hears_nothing(action: Action) -> Action | None:
    if not isinstance(action, act.ApplyPlan):
        return action
    hears = tuple(one for one in action.plan.hears if one.listener != 5)
    kept = {one.source for one in hears}
    nodes = tuple(n for n in action.plan.nodes if not isinstance(n, ToneNode) or n.id in kept)
    return act.ApplyPlan(replace(action.plan, nodes=nodes, hears=hears))


FAULTS: dict[str, Tamper] = {
    "a StopRinging dropped": dropped(act.StopRinging),
    "a StartRinging dropped": dropped(act.StartRinging),
    "a loop that stays closed": open_loops_stay_closed,
    "timers that never stop": timers_never_stop,
    "an end row lost": dropped(act.CallEnded, 1),
    "a start row lost": dropped(act.CallStarted, 1),
    "a plan lost": dropped(act.ApplyPlan, 4),
    "a crossed wire": a_crossed_wire,
    "one direction muted": one_direction_muted,
}


def test_without_a_fault_no_rule_is_broken() -> None:
    evening(lambda action: action)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(fault: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        evening(FAULTS[fault])


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (nobody_is_asked, "a city exchange is asked exactly by a line in the state ASKING"),
        (a_caller_who_was_asked_for_hears_nothing, "hears ringback until an answer"),
    ],
)
def test_a_fault_in_asking_who_calls_is_noticed(fault: Tamper, rule: str) -> None:
    world = World(office(number_request=True), tamper=fault)
    people = Evening(world)
    world.after_step = lambda event: rules(people, event)
    with pytest.raises(AssertionError, match=rule):
        people.city_asked("fxo1", True, "1234567")


def test_a_member_who_becomes_free_and_is_not_rung_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exchange, "_serve", lambda *_: False)
    world = World(office(lines_to=("600", "610")))
    people = Evening(world)
    world.after_step = lambda event: rules(people, event)
    people.lift("fxs2")
    people.lift("fxs3")
    people.dial("fxs3", "600")
    with pytest.raises(AssertionError, match="could be rung for call"):
        people.hang_up("fxs2")

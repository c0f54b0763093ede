"""Wishes written as plans: ids that last as long as their wish, generations, and nothing when nothing
changed.
"""

from itertools import count

import pytest

from gateway.media.plan import Digits, Music, Party, PlanWriter, Tone, Wish
from gateway.media.tones import tone_plan
from gateway.model.numbers import NodeId, PortId, ToneKind
from gateway.model.plan import DigitsNode, Hears, PlayerNode, PortNode, ToneNode

ONE, TWO, THREE = NodeId(1), NodeId(2), NodeId(3)
PORTS = [PortNode(node, PortId(f"fxs{node}")) for node in (ONE, TWO, THREE)]
DIAL, BUSY = Tone(ToneKind.DIAL), Tone(ToneKind.BUSY)


@pytest.fixture
def writer() -> PlanWriter:
    numbers = count(1000)
    return PlanWriter(tone_plan("ru"), lambda: next(numbers))


def test_the_first_plan_has_every_port_and_nobody_hears(writer: PlanWriter) -> None:
    plan = writer.write(PORTS, [])
    assert plan is not None
    assert (plan.generation, plan.nodes, plan.hears) == (1, tuple(PORTS), ())


def test_no_plan_when_nothing_changed(writer: PlanWriter) -> None:
    writer.write(PORTS, [Wish(ONE, DIAL)])
    assert writer.write(PORTS, [Wish(ONE, DIAL)]) is None


def test_no_plan_when_only_the_order_of_wishes_changed(writer: PlanWriter) -> None:
    wishes = [Wish(ONE, Party(TWO)), Wish(TWO, Party(ONE))]
    writer.write(PORTS, wishes)
    assert writer.write(PORTS, wishes[::-1]) is None


def test_each_listener_has_his_own_tone_and_all_share_the_music(writer: PlanWriter) -> None:
    music = Music("hold")
    plan = writer.write(PORTS, [Wish(ONE, DIAL), Wish(TWO, DIAL), Wish(ONE, music), Wish(THREE, music)])
    assert plan is not None
    tones = [node for node in plan.nodes if isinstance(node, ToneNode)]
    players = [node for node in plan.nodes if isinstance(node, PlayerNode)]
    assert [node.id for node in tones] == [1000, 1001]
    assert [(node.clip, node.looped) for node in players] == [("hold", True)]
    assert Hears(THREE, players[0].id) in plan.hears


def test_a_tone_that_goes_on_keeps_its_node_and_one_that_comes_back_does_not(writer: PlanWriter) -> None:
    writer.write(PORTS, [Wish(ONE, DIAL)])
    kept = writer.write(PORTS, [Wish(TWO, BUSY), Wish(ONE, DIAL)])
    assert kept is not None
    assert [node.id for node in kept.nodes if isinstance(node, ToneNode)] == [1000, 1001]
    writer.write(PORTS, [])
    again = writer.write(PORTS, [Wish(ONE, DIAL)])
    assert again is not None
    assert [node.id for node in again.nodes if isinstance(node, ToneNode)] == [1002]


def test_nodes_and_edges_are_sorted(writer: PlanWriter) -> None:
    digits = Digits(NodeId(999), "12")
    plan = writer.write(PORTS[::-1], [Wish(TWO, Party(ONE)), Wish(ONE, digits), Wish(ONE, Party(TWO))])
    assert plan is not None
    assert [node.id for node in plan.nodes] == [1, 2, 3, 999]
    assert DigitsNode(NodeId(999), "12") in plan.nodes
    assert [(edge.listener, edge.source) for edge in plan.hears] == [(1, 2), (1, 999), (2, 1)]

"""A bug in one call clears that call, with a cause and an alarm; the rest goes on."""

import pytest

from gateway.call import hold
from gateway.line.fxs import Fxs
from gateway.model.actions import SipHangup
from gateway.model.causes import Cause, Evidence
from gateway.model.events import PromptEnded, RingEdge
from gateway.model.numbers import DialogId, NodeId, PortId
from tests.exchange.world import Telephone, World


@pytest.fixture
def two_calls(world: World) -> World:
    for one, other in (("101", "102"), ("103", "104")):
        world.telephone(one).lifts()
        world.telephone(one).dials(other)
        world.telephone(other).lifts()
    world.bugs_expected = True
    return world


def breaks(*_: object) -> None:
    raise ZeroDivisionError("division by zero")


def test_a_bug_in_a_service_clears_its_call_and_no_other(
    two_calls: World, anna: Telephone, boris: Telephone, vera: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "talking_or_held", breaks)
    anna.flashes()
    assert anna.hears == boris.hears == {"congestion"}
    assert vera.hears == {"fxs4"}
    (ended,) = two_calls.ended
    assert (ended.cause, ended.evidence, ended.ended_by) == (
        Cause.TEMPORARY_FAILURE,
        Evidence.BUG,
        "exchange",
    )
    (alarm,) = two_calls.alarms
    assert "division by zero" in alarm.text
    anna.hangs_up()
    boris.hangs_up()
    anna.lifts()
    anna.dials("102")
    assert boris.rings


def test_a_bug_in_a_line_brings_it_home(
    two_calls: World, anna: Telephone, boris: Telephone, vera: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Fxs, "leave", breaks)
        anna.hangs_up()
    assert boris.hears == {"congestion"}
    assert vera.hears == {"fxs4"}
    assert len(two_calls.ended) == 1
    boris.hangs_up()
    anna.lifts()
    anna.dials("102")
    assert boris.rings


def test_a_bug_while_ringing_silences_the_bell(
    world: World, anna: Telephone, boris: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bugs_expected = True
    anna.lifts()
    anna.dials("102")
    with monkeypatch.context() as patch:
        patch.setattr(Fxs, "answer", breaks)
        boris.lifts()
    assert not boris.rings
    assert anna.hears == {"congestion"}
    assert world.timers.keys() <= {timer for timer in world.timers if "call" not in timer.owner}


def test_an_incoming_call_that_fails_to_begin_is_cleared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bugs_expected = True
    with monkeypatch.context() as patch:
        patch.setattr("gateway.call.offering.ring", breaks)
        world.city(1).calls("4951234567")
    assert world.calls == ()
    assert [ended.evidence for ended in world.ended] == [Evidence.BUG]
    assert world.loops == set()


def test_a_sip_call_that_fails_to_begin_leaves_no_dialog_and_no_socket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bugs_expected = True
    with monkeypatch.context() as patch:
        patch.setattr("gateway.call.opening._seat_sip", breaks)
        world.sip_telephone("201").calls("101")
    assert world.sip == [SipHangup(DialogId(1), Cause.TEMPORARY_FAILURE)]
    view = world.exchange.view()
    assert (view.calls, view.rtp_sockets_used) == ((), 0)


def test_events_for_what_is_not_there_are_ignored(world: World) -> None:
    world.feed(RingEdge(PortId("fxo9"), 0))
    world.feed(PromptEnded(NodeId(77)))
    assert world.journal == []

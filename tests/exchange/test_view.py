"""The exchange as people see it, and where a trace may begin."""

from gateway.model.settings import PortKind
from tests.exchange.world import Telephone, World


def test_every_port_has_a_row_with_its_user_and_state(world: World, anna: Telephone) -> None:
    anna.lifts()
    rows = {row.port: row for row in world.exchange.view().lines}
    assert list(rows) == ["fxs1", "fxs2", "fxs3", "fxs4", "fxo1", "fxo2"]
    assert (rows["fxs1"].kind, rows["fxs1"].name, rows["fxs1"].state) == (PortKind.FXS, "101", "dial_tone")
    assert rows["fxs1"].since_ms == world.ms - 5, "10 ms of debounce after the edge"
    assert (rows["fxo2"].name, rows["fxo2"].state) == ("city2", "idle")
    assert rows["fxo2"].since_ms == 5_000, "idle since the exchange began, not since the machine was on"


def test_a_call_shows_its_parties_and_times(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    (call,) = world.calls
    assert (call.state, call.direction, call.calling, call.called, call.line) == (
        "offering",
        "internal",
        "101",
        "102",
        "",
    )
    assert call.answered_ms is None
    assert [(leg.number, leg.name, leg.via, leg.state) for leg in call.legs] == [
        ("101", "Anna", "fxs1", "calling"),
        ("102", "Boris", "fxs2", "ringing"),
    ]
    world.wait(2)
    boris.lifts()
    (call,) = world.calls
    assert call.answered_ms is not None
    assert call.answered_ms - call.started_ms >= 2_000
    assert {row.call for row in world.exchange.view().lines[:2]} == {call.call}


def test_registrations_and_queues_are_shown(world: World) -> None:
    world.sip_telephone("201").registers()
    vera = world.telephone("103")
    vera.lifts()
    vera.dials("610")
    view = world.exchange.view()
    assert [(row.extension, row.contact) for row in view.registrations] == [("201", "sip:phone@192.0.2.50")]
    (queue,) = view.queues
    assert (queue.number, queue.waiting, queue.free_members) == ("610", (world.calls[0].call,), ())
    assert view.sip_up


def test_a_snapshot_has_the_next_id_and_the_version(world: World, anna: Telephone) -> None:
    before = world.exchange.snapshot()
    assert (before.version, before.next_id) == ("test", 1000)
    anna.lifts()
    assert world.exchange.snapshot().next_id > 1000

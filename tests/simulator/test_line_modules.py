"""The twin of the line modules, held against the data sheets' figures (hardware facts, section 1)."""

import itertools

import pytest

from gateway.errors import Bug
from gateway.model.events import Event, HookEdge, LoopCurrent, PolarityReversed, RingEdge
from gateway.model.numbers import PortId
from gateway.simulator import meters
from gateway.simulator.line_modules import SimulatedLineModules
from gateway.simulator.wires import Wire, WireSettings
from tests.simulator.bench_clock import World

FXS, FXO = PortId("fxs1"), PortId("fxo1")


class Board(World):
    def __init__(self, seed: int = 1) -> None:
        self.fxs, self.fxo = Wire(WireSettings()), Wire(WireSettings(on_hook_to_port=True))
        super().__init__(self.fxs, self.fxo)
        self.modules = SimulatedLineModules(self.clock, {FXS: self.fxs, FXO: self.fxo}, seed=seed)
        self.power: list[tuple[float, bool]] = []
        self.loops: list[tuple[float, bool]] = []
        self.modules.plug_telephone(FXS, lambda on: self.power.append((self.now_ms, on)))
        self.modules.connect_line(FXO, lambda closed: self.loops.append((self.now_ms, closed)))
        self.events: list[Event] = []
        self.modules.start(self.events.append)

    def hook_edges(self) -> list[tuple[float, bool]]:
        return [(event.at_ns / 1e6, event.off_hook) for event in self.events if isinstance(event, HookEdge)]

    def ring_times(self) -> list[float]:
        return [event.at_ns / 1e6 for event in self.events if isinstance(event, RingEdge)]


@pytest.mark.parametrize("seed", range(20))
def test_a_hook_contact_bounces_for_3_to_15_ms_after_1_to_5_ms(seed: int) -> None:
    board = Board(seed)
    board.run(100)
    board.modules.contact(FXS, True)
    board.run(100)
    edges = board.hook_edges()
    assert 1.0 <= edges[0][0] - 100 <= 5.0
    assert edges[-1][0] - edges[0][0] <= 15.0
    assert edges[-1][1] is True
    assert [level for _, level in edges] == [place % 2 == 0 for place in range(len(edges))]


def test_contacts_bounce_at_all() -> None:
    boards = [Board(seed) for seed in range(10)]
    for board in boards:
        board.modules.contact(FXS, True)
        board.run(50)
    assert max(len(board.hook_edges()) for board in boards) >= 5


def test_a_ring_burst_is_rm_high_then_ended_by_fr_high_and_rm_low_more_than_10_ms_later() -> None:
    board = Board()
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(6_500)
    assert [on for _, on in board.power] == [True, False, True, False]
    assert board.power[1][0] - board.power[0][0] == pytest.approx(1_012)
    assert board.power[2][0] == pytest.approx(5_000)
    pins = [(change.at_ns / 1e6, change.pin, change.high) for change in board.modules.pins]
    for (fr_ms, pin, high), (rm_ms, *rm) in zip(pins[2::4], pins[3::4], strict=True):
        assert (pin, high) == ("fr", True)
        assert rm == ["rm", False]
        assert rm_ms - fr_ms > 10
    assert board.modules.faults == []


def test_ringing_leaks_into_the_capture_and_stops_with_the_burst() -> None:
    board = Board()
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(2_000)
    captured = bytes(board.captured[board.fxs])
    assert meters.tone_dbm0(captured[: 2 * 7_000], 25.0) > -20.0
    assert meters.level_dbm0(captured[2 * 9_000 :]) < -55.0


def test_lifting_in_a_burst_makes_shk_pulse_at_the_ring_rate_until_ringing_stops_then_it_is_solid() -> None:
    board = Board()
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(300)
    board.modules.contact(FXS, True)
    board.run(200)
    late = [at for at, _ in board.hook_edges() if at > 330]
    gaps = [after - before for before, after in itertools.pairwise(late)]
    assert gaps
    assert gaps == pytest.approx([20.0] * len(gaps))  # half a period of 25 Hz
    board.modules.stop_ringing(FXS)
    board.run(30)
    board.events.clear()
    board.run(500)
    assert board.hook_edges() == []
    assert board.modules.faults == []


def test_lifting_between_bursts_is_a_clean_edge() -> None:
    board = Board()
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(2_000)
    board.modules.contact(FXS, True)
    board.run(100)
    assert board.hook_edges()[-1][1] is True
    assert board.hook_edges()[-1][0] < 2_021


def test_ringing_a_telephone_that_has_been_off_hook_for_500_ms_is_a_fault() -> None:
    board = Board()
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(200)
    board.modules.contact(FXS, True)
    board.run(600)
    assert len(board.modules.faults) == 1
    assert "off-hook for 500 ms" in board.modules.faults[0]


def test_the_next_burst_into_a_lifted_handset_is_a_fault_too() -> None:
    board = Board()
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(2_000)
    board.modules.contact(FXS, True)
    board.run(2_900)
    assert board.modules.faults == []
    board.run(200)
    assert board.modules.faults


def test_a_city_ring_gives_50_edges_a_second_and_none_once_the_loop_is_closed() -> None:
    board = Board()
    board.modules.ring_line(FXO, True, 25)
    board.run(1_000)
    assert len(board.ring_times()) == pytest.approx(50, abs=2)
    board.modules.set_loop(FXO, True)
    board.run(20)
    board.events.clear()
    board.run(500)
    assert board.ring_times() == []
    board.modules.ring_line(FXO, False)


def test_the_loop_closes_after_the_relay_and_current_is_seen_8_to_20_ms_later() -> None:
    board = Board()
    board.modules.set_loop(FXO, True)
    board.modules.set_loop(FXO, True)
    board.run(100)
    assert board.loops == [(2.0, True)]
    [current] = board.events
    assert isinstance(current, LoopCurrent)
    assert current.present
    assert 10.0 <= current.at_ns / 1e6 <= 22.0
    board.modules.set_battery(FXO, False)
    board.run(50)
    board.modules.set_battery(FXO, True)
    board.run(50)
    assert [event.present for event in board.events if isinstance(event, LoopCurrent)] == [True, False, True]


def test_the_city_may_reverse_the_line() -> None:
    board = Board()
    board.modules.reverse(FXO)
    assert board.events == [PolarityReversed(FXO, 0)]


def test_stop_silences_bells_and_opens_loops() -> None:
    board = Board()
    board.modules.set_loop(FXO, True)
    board.modules.start_ringing(FXS, (1_000, 4_000), 25)
    board.run(100)
    board.modules.stop()
    board.run(6_000)
    assert [on for _, on in board.power] == [True, False]
    assert [closed for _, closed in board.loops] == [True, False]


@pytest.mark.parametrize("cadence", [(), (1_000,), (1_000, 0)])
def test_a_cadence_that_cannot_be_rung_is_a_bug(cadence: tuple[int, ...]) -> None:
    with pytest.raises(Bug, match="cannot ring"):
        Board().modules.start_ringing(FXS, cadence, 25)


def test_a_port_of_the_wrong_kind_is_a_bug() -> None:
    with pytest.raises(Bug, match="no telephone socket"):
        Board().modules.start_ringing(FXO, (1_000, 4_000), 25)
    with pytest.raises(Bug, match="no city line"):
        Board().modules.set_loop(PortId("fxs9"), True)
    with pytest.raises(Bug, match="no telephone socket"):
        Board().modules.set_polarity(FXO, True)

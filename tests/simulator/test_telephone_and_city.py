"""A telephone and the city's exchange wire to wire: the gateway between them is a pair of copied blocks."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.events import Event, HookEdge, PolarityReversed, RingEdge
from gateway.model.numbers import PortId
from gateway.simulator.central_office import Behaviour, CentralOffice, LineState, Subscriber
from gateway.simulator.city_character import ORDINARY, CityTone
from gateway.simulator.city_habits import Farewell, Habits
from gateway.simulator.ear import Heard
from gateway.simulator.line_modules import SimulatedLineModules
from gateway.simulator.telephone import Telephone
from gateway.simulator.wires import CallerId, Wire, WireSettings
from tests.simulator.bench_clock import TICK_NS, World

FXS, FXO = PortId("fxs1"), PortId("fxo1")


class Patched(World):
    """The two ports are patched through: what one captures the other plays."""

    def __init__(self, *, rotary: bool = False) -> None:
        self.fxs = Wire(WireSettings(erl_db=30.0))
        self.fxo = Wire(WireSettings(erl_db=30.0, on_hook_to_port=True))
        super().__init__(self.fxs, self.fxo)
        self.modules = SimulatedLineModules(self.clock, {FXS: self.fxs, FXO: self.fxo})
        self.anna = Telephone("101", FXS, self.fxs, self.modules, self.clock, voice=1, rotary=rotary)
        self.city = CentralOffice(self.clock, self.modules, {FXO: self.fxo})
        self.line = self.city.line(1)
        self.events: list[Event] = []
        self.modules.start(self.events.append)

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 10):
            self.clock.advance(self.clock.monotonic_ns() + TICK_NS)
            fxs, fxo = self.played.get(self.fxs, bytes(160)), self.played.get(self.fxo, bytes(160))
            self.played = {self.fxo: self.fxs.tick(fxs), self.fxs: self.fxo.tick(fxo)}

    def seize(self) -> None:
        self.anna.lifts()
        self.modules.set_loop(FXO, True)
        self.run(2_000)


def test_seizing_brings_dial_tone_and_digits_reach_a_subscriber_who_talks() -> None:
    world = Patched()
    world.city.add(Subscriber("4957654", Behaviour.ANSWERS, after_ms=7_000, talks=True))
    world.seize()
    assert world.anna.hears() is Heard.DIAL
    world.anna.dials("4957654")
    world.run(1_000)
    assert world.anna.hears() is not Heard.DIAL
    world.run(7_000)
    assert world.line.dialled == "4957654"
    assert world.line.state is LineState.RINGBACK
    assert world.anna.hears() is Heard.RINGBACK
    world.run(3_000)
    assert world.line.state is LineState.TALKING
    assert world.anna.ear.finds(world.line.ear).correlation > 0.9
    world.line.hangs_up()
    world.run(3_000)
    assert world.anna.hears() is Heard.BUSY
    world.modules.set_loop(FXO, False)
    world.run(1_000)
    assert world.line.state is LineState.IDLE


@pytest.mark.parametrize(
    ("behaviour", "heard"), [(Behaviour.BUSY, Heard.BUSY), (Behaviour.CONGESTED, Heard.CONGESTION)]
)
def test_a_refusal_is_a_tone(behaviour: Behaviour, heard: Heard) -> None:
    world = Patched()
    world.city.add(Subscriber("112", behaviour))
    world.seize()
    world.anna.dials("112")
    world.run(5_000)
    assert world.anna.hears() is heard


@pytest.mark.parametrize(
    ("farewell", "cadence_ms"), [(Farewell.BUSY, 500), (Farewell.CONGESTION, 250), (Farewell.STUTTER, 100)]
)
def test_a_habit_says_which_tone_ends_a_call_and_the_character_what_it_is(
    farewell: Farewell, cadence_ms: int
) -> None:
    world = Patched()
    world.line.character = replace(
        ORDINARY,
        dial=CityTone((440.0,)),
        busy=CityTone((440.0,), (500, 500)),
        congestion=CityTone((440.0,), (250, 250)),
    )
    world.line.habits = Habits(farewell)
    assert world.city.calls(1, "4951234567")
    world.run(2_500)
    world.anna.lifts()
    world.modules.set_loop(FXO, True)
    world.run(1_000)
    world.line.hangs_up()
    world.run(5_500)
    whole = [stretch for stretch in world.anna.ear.cadence(4_500, 440.0) if stretch.on][1:-1]
    assert len(whole) >= 2
    assert all(abs(stretch.duration_ms - cadence_ms) <= 30 for stretch in whole)


@pytest.mark.parametrize("who", ["character", "habits"])
def test_a_line_that_reverses_turns_at_the_answer_and_back_at_the_end_once(who: str) -> None:
    world = Patched()
    if who == "character":
        world.line.character = replace(ORDINARY, reverses=True)
    else:
        world.line.habits = Habits(Farewell.POLARITY, reverses=True)
    assert world.city.calls(1, "4951234567")
    world.run(2_500)
    world.modules.set_loop(FXO, True)
    world.run(1_000)
    turned = [event for event in world.events if isinstance(event, PolarityReversed)]
    assert len(turned) == 1
    world.line.hangs_up()
    world.run(1_000)
    world.modules.set_loop(FXO, False)
    world.run(1_000)
    turned = [event for event in world.events if isinstance(event, PolarityReversed)]
    assert len(turned) == 2
    assert world.line.state is LineState.IDLE


@given(st.text("0123456789", min_size=1, max_size=4))
def test_a_rotary_dial_makes_its_pulses_at_ten_a_second_and_60_to_40(digits: str) -> None:
    world = Patched(rotary=True)
    world.anna.lifts()
    world.run(500)
    world.events.clear()
    world.anna.dials(digits)
    world.run(1_000 + 1_800 * len(digits))
    edges = [event for event in world.events if isinstance(event, HookEdge)]
    breaks = [
        (after.at_ns - before.at_ns) / 1e6
        for before, after in itertools.pairwise(edges)
        if not before.off_hook
    ]
    long = [length for length in breaks if length > 10.0]
    assert len(long) == sum(int(digit) or 10 for digit in digits)
    assert all(50.0 <= length <= 70.0 for length in long)


def test_the_city_reads_loop_pulses() -> None:
    world = Patched()
    world.seize()
    for pulses in (3, 10):
        for _ in range(pulses):
            world.modules.set_loop(FXO, False)
            world.run(60)
            world.modules.set_loop(FXO, True)
            world.run(40)
        world.run(700)
    assert world.line.dialled == "30"


def test_a_call_rings_one_second_in_five_with_caller_identity_after_the_first_ring() -> None:
    world = Patched()
    assert world.city.calls(1, "4951234567")
    assert not world.city.calls(1, "4957654321")  # busy
    world.run(1_700)
    first = [event for event in world.events if isinstance(event, RingEdge)]
    assert len(first) == pytest.approx(50, abs=2)
    assert world.line.ear.device.speaking  # FSK
    world.run(3_800)
    assert len([event for event in world.events if isinstance(event, RingEdge)]) > 60
    world.modules.set_loop(FXO, True)
    world.run(200)
    assert world.line.state is LineState.TALKING


def test_a_caller_who_gives_up_leaves_no_ring_behind() -> None:
    world = Patched()
    world.city.calls(1, "", withheld=True)
    world.run(1_200)
    world.city.hangs_up(1)
    world.run(100)
    world.events.clear()
    world.run(10_000)
    assert world.events == []
    assert world.city.calls(1, "4951234567")
    world.run(5_500)
    rings = [event.at_ns / 1e6 for event in world.events if isinstance(event, RingEdge)]
    assert len(rings) == pytest.approx(76, abs=3)  # one whole ring and half of the next, once each


def test_a_line_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match="no city line 2; this board has 1"):
        Patched().city.line(2)


def test_caller_identity_is_a_value() -> None:
    assert CallerId("1").name == ""


def test_who_hangs_up_in_the_middle_of_a_flash_or_of_dialling_stays_on_hook() -> None:
    world = Patched(rotary=True)
    world.anna.lifts()
    world.run(500)
    world.anna.dials("9")
    world.run(900)
    world.anna.flashes()
    world.run(50)
    world.anna.hangs_up()
    world.run(100)
    world.events.clear()
    world.run(3_000)
    assert world.events == []

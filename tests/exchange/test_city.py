"""Calls from and to the city: rings, caller identity, seizing and dialling, answer and disconnect
supervision, glare.
"""

from dataclasses import replace

import pytest

from gateway.model.actions import Direction, StopRinging
from gateway.model.causes import Cause, Evidence
from gateway.model.events import CardDrifts, PortFailed, PortRestored, RingEdge
from gateway.model.numbers import PortId, ToneKind
from gateway.model.plan import Detectors
from gateway.model.settings import HuntGroupSettings
from tests.exchange.world import City, Telephone, World, office

# --- in ---------------------------------------------------------------------------------------------------


def test_a_city_call_rings_the_group_within_300_ms(world: World, anna: Telephone, boris: Telephone) -> None:
    world.city(1).calls("4951234567", "Ivan")
    world.wait(0.1)
    assert anna.rings
    assert boris.rings


def test_a_single_edge_is_not_a_ring(world: World, anna: Telephone, city: City) -> None:
    for _ in range(3):
        world.feed(RingEdge(city.port, world.now_ns))
    world.wait(1)
    world.feed(RingEdge(city.port, world.now_ns))
    world.wait(1)
    assert not anna.rings
    assert world.journal == []


def test_the_first_to_lift_gets_the_call_and_the_others_stop_at_once(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    city.calls("4951234567", "Ivan")
    world.wait(3)
    boris.lifts()
    lifted_at = world.ms - 15
    assert not anna.rings
    stops = [ms for ms, action in world.done if isinstance(action, StopRinging)]
    assert max(stops) - lifted_at <= 100
    assert city.seized
    assert boris.hears == {"fxo1"}
    assert city.hears == {"fxs2"}


def test_the_journal_knows_who_called(world: World, boris: Telephone, city: City) -> None:
    city.calls("4951234567", "Ivan")
    assert world.started == []
    world.wait(3)
    (started,) = world.started
    assert (started.direction, started.calling, started.calling_name, started.called, started.line) == (
        Direction.INCOMING,
        "4951234567",
        "Ivan",
        "600",
        "city1",
    )
    assert started.monotonic_ns < world.now_ns - 2_500_000_000
    boris.lifts()
    assert world.answered[0].connected == "102"


def test_an_unknown_caller_is_written_down_at_the_second_ring(world: World, city: City) -> None:
    city.calls(rings=2)
    world.wait(3)
    assert world.started == []
    world.wait(3)
    assert world.started[0].calling == ""


def test_caller_identity_may_come_before_the_first_ring(world: World, anna: Telephone, city: City) -> None:
    city.identifies("2071234567", "Ian")
    assert not anna.rings
    world.wait(0.5)
    city.calls()
    assert anna.rings
    assert (world.started[0].calling, world.started[0].calling_name) == ("2071234567", "Ian")


def test_an_identity_without_a_ring_is_forgotten(world: World, anna: Telephone, city: City) -> None:
    city.identifies("2071234567")
    world.wait(6.1)
    assert city.state == "idle"
    city.calls(rings=2)
    world.wait(5)
    assert world.started[0].calling == ""


def test_the_caller_gives_up_and_the_bells_stop(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    city.calls("4951234567", rings=2)
    world.wait(5 + 7.5)
    assert anna.rings
    world.wait(1)
    assert not anna.rings
    assert not boris.rings
    (ended,) = world.ended
    assert (ended.cause, ended.evidence, ended.ended_by) == (
        Cause.NORMAL_CLEARING,
        Evidence.RINGING_STOPPED,
        "4951234567",
    )
    assert city.state == "idle"


def test_a_second_call_on_the_line_rings_again(world: World, anna: Telephone, city: City) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    anna.hangs_up()
    world.wait(2)
    city.calls("4957654321")
    world.wait(3)
    assert anna.rings
    assert world.started[1].calling == "4957654321"


def test_a_call_in_the_guard_time_rings(world: World, anna: Telephone, city: City) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    anna.hangs_up()
    assert city.state == "guard"
    city.calls("4957654321")
    world.wait(0.5)
    assert anna.rings


@pytest.mark.parametrize("tone", [ToneKind.BUSY, ToneKind.CONGESTION])
def test_the_far_end_hangs_up_and_only_a_tone_says_so(
    world: World, anna: Telephone, city: City, tone: ToneKind
) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    world.wait(20)
    city.sounds(tone)
    assert not city.seized
    assert anna.hears == {"busy"}
    (ended,) = world.ended
    evidence = {ToneKind.BUSY: Evidence.BUSY_TONE, ToneKind.CONGESTION: Evidence.CONGESTION_TONE}[tone]
    assert (ended.cause, ended.evidence, ended.ended_by) == (Cause.NORMAL_CLEARING, evidence, "4951234567")


def test_a_loop_break_of_200_ms_is_a_hang_up_and_a_shorter_one_is_not(
    world: World, anna: Telephone, city: City
) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    city.loop_current(False)
    world.wait(0.15)
    city.loop_current(True)
    world.wait(1)
    assert city.seized
    city.loop_current(False)
    world.wait(0.25)
    assert not city.seized
    assert world.ended[0].evidence is Evidence.LOOP_BREAK


def test_dial_tone_in_a_conversation_must_last(world: World, anna: Telephone, city: City) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    city.sounds(ToneKind.DIAL)
    world.wait(1)
    city.sounds(ToneKind.DIAL, present=False)
    world.wait(5)
    assert city.seized
    city.sounds(ToneKind.DIAL)
    world.wait(2.6)
    assert not city.seized
    assert world.ended[0].evidence is Evidence.DIAL_TONE


def test_with_everybody_busy_a_city_caller_rings_on_and_gets_the_first_who_is_free(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    city.calls("4951234567", rings=5)
    world.wait(8)
    assert world.ended == []
    boris.hangs_up()
    assert boris.rings
    boris.lifts()
    assert boris.hears == {"fxo1"}


def test_a_group_that_does_not_answer_goes_to_its_overflow() -> None:
    group = HuntGroupSettings("600", "Sales", ("101",), ring_ms=10_000, overflow="103")
    world = World(office(group=group))
    world.city(1).calls("4951234567", rings=4)
    world.wait(9)
    assert world.telephone("101").rings
    assert not world.telephone("103").rings
    world.wait(2)
    assert not world.telephone("101").rings
    assert world.telephone("103").rings


def test_caller_identity_is_listened_for_until_the_line_is_in_use(
    world: World, anna: Telephone, city: City
) -> None:
    assert world.port_node("fxo1").detectors is Detectors.CALLER_ID
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    listens = Detectors.CALL_PROGRESS | Detectors.DIAL_TONE | Detectors.VOICE
    assert world.port_node("fxo1").detectors == listens


# --- out --------------------------------------------------------------------------------------------------


def call_out(world: World, who: Telephone, city: City, number: str = "9123456") -> None:
    who.lifts()
    who.dials(number)
    world.wait(4.1)
    assert city.seized
    city.sounds(ToneKind.DIAL)


def test_a_call_out_waits_for_dial_tone_and_dials_without_the_prefix(
    world: World, anna: Telephone, city: City
) -> None:
    anna.lifts()
    anna.dials("9123456")
    world.wait(4.1)
    assert city.seized
    assert city.hears == set()
    assert anna.hears == set()
    city.sounds(ToneKind.DIAL)
    assert city.takes_digits() == "123456"


def test_a_number_of_full_length_is_dialled_at_once(world: World, anna: Telephone, city: City) -> None:
    anna.lifts()
    anna.dials("84951234567")
    assert city.seized


def test_after_the_dialling_both_ways_are_through(world: World, anna: Telephone, city: City) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    assert anna.hears == {"fxo1"}
    assert city.hears == {"fxs1"}


def test_the_end_of_ringback_is_an_answer(world: World, anna: Telephone, city: City) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    city.sounds(ToneKind.RINGBACK)
    world.wait(10)
    assert world.answered == []
    city.sounds(ToneKind.RINGBACK, present=False)
    world.wait(2)
    (answered,) = world.answered
    assert (answered.connected, answered.line, answered.evidence) == (
        "123456",
        "city1",
        Evidence.RINGBACK_ENDED,
    )
    assert world.started[0].line == "city1"
    anna.hangs_up()
    assert not city.seized
    assert world.ended[0].ended_by == "101"


def test_busy_tone_after_ringback_is_no_answer(world: World, anna: Telephone, city: City) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    city.sounds(ToneKind.RINGBACK)
    world.wait(10)
    city.sounds(ToneKind.RINGBACK, present=False)
    world.wait(1.4)
    city.sounds(ToneKind.BUSY)
    assert world.answered == []
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.USER_BUSY, Evidence.BUSY_TONE)
    assert not city.seized
    assert anna.hears == {"busy"}


def test_silence_after_dialling_counts_as_answered(world: World, anna: Telephone, city: City) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    world.wait(12.5)
    assert world.answered[0].evidence is Evidence.DIALLING_DONE


def test_a_polarity_reversal_is_an_answer_and_its_return_a_hang_up(
    world: World, anna: Telephone, city: City
) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    city.reverses_polarity()
    world.wait(0.07)
    assert world.answered[0].evidence is Evidence.POLARITY
    world.wait(0.3)
    city.reverses_polarity()
    world.wait(0.07)
    assert city.seized
    world.wait(5)
    city.reverses_polarity()
    world.wait(0.07)
    assert not city.seized
    assert world.ended[0].evidence is Evidence.POLARITY


def test_the_number_called_is_busy(world: World, anna: Telephone, city: City) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    city.sounds(ToneKind.BUSY)
    assert world.answered == []
    assert world.ended[0].cause is Cause.USER_BUSY


def test_a_line_without_dial_tone_is_left_for_the_next(world: World, anna: Telephone) -> None:
    anna.lifts()
    anna.dials("84951234567")
    world.wait(5.1)
    assert not world.city(1).seized
    assert world.city(2).seized
    assert [alarm.about for alarm in world.alarms] == ["fxo1"]
    world.city(2).sounds(ToneKind.DIAL)
    assert world.city(2).takes_digits() == "84951234567"


def test_with_all_lines_busy_the_caller_hears_congestion(world: World, vera: Telephone) -> None:
    for number, line in (("101", 1), ("102", 2)):
        who = world.telephone(number)
        who.lifts()
        who.dials("84951234567")
        assert world.city(line).seized
    vera.lifts()
    vera.dials("84951234567")
    assert vera.hears == {"congestion"}
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.NO_CIRCUIT, Evidence.CONFIGURATION)
    assert world.started[2].line is None


def test_a_released_line_is_shown_busy_for_the_guard_time(
    world: World, anna: Telephone, boris: Telephone, city: City
) -> None:
    boris.lifts()
    boris.dials("8495123456")
    anna.lifts()
    anna.dials("84951234567")
    boris.dials("0")
    anna.hangs_up()
    assert city.state == "guard"
    assert world.city(2).seized
    vera = world.telephone("103")
    boris.hangs_up()
    world.wait(2)
    assert city.state == "idle"
    vera.lifts()
    vera.dials("84951234567")
    assert city.seized


def test_glare_the_incoming_call_wins_and_nobody_is_lost(world: World, anna: Telephone, city: City) -> None:
    boris = world.telephone("102")
    anna.lifts()
    anna.dials("84951234567")
    assert city.seized
    for _ in range(8):
        world.feed(RingEdge(city.port, world.now_ns))
        world.wait(0.02)
    assert city.seized, "the caller is connected to our closed loop"
    assert boris.rings
    assert city.hears == {"ringback"}
    assert world.city(2).seized, "the call out has taken the next line"
    boris.lifts()
    assert boris.hears == {"fxo1"}
    directions = [started.direction for started in world.started]
    assert directions == [Direction.OUTGOING, Direction.INCOMING]


def test_a_pulse_digit_in_a_conversation_goes_out_as_a_tone(
    world: World, anna: Telephone, city: City
) -> None:
    call_out(world, anna, city)
    city.takes_digits()
    for _ in range(5):
        anna._edge(False)
        world.wait(0.06)
        anna._edge(True)
        world.wait(0.04)
    world.wait(0.15)
    assert city.hears == {"fxs1", "digits:5"}


def test_a_failed_port_releases_its_call_and_works_again_when_restored(
    world: World, anna: Telephone, city: City
) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    world.feed(PortFailed(PortId("fxo1"), "The sound card is gone: plug it in again."))
    assert anna.hears == {"congestion"}
    assert world.ended[0].evidence is Evidence.HARDWARE
    assert city.state == "failed"
    anna.hangs_up()
    anna.lifts()
    anna.dials("84951234567")
    assert world.city(2).seized
    world.feed(PortRestored(PortId("fxo1")))
    assert city.state == "idle"


def test_a_card_whose_clock_is_off_is_named_and_no_call_is_touched(
    world: World, anna: Telephone, city: City
) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    world.feed(CardDrifts(PortId("fxo1"), -1_012, beyond=True))
    (alarm,) = world.alarms
    assert alarm.about == "fxo1"
    assert "The clock of the sound card of fxo1 is 1012 ppm too slow: calls go on" in alarm.text
    assert any("alarm, the clock is 1012 ppm too slow" in line for line in world.trace)
    assert city.state == "talking"
    world.feed(CardDrifts(PortId("fxo1"), 30, beyond=False))
    world.feed(CardDrifts(PortId("nowhere"), 1_000, beyond=True))
    assert len(world.alarms) == 1
    assert not world.ended


def test_digits_in_a_conversation_are_not_looked_for(world: World, anna: Telephone, city: City) -> None:
    city.calls("4951234567")
    world.wait(3)
    anna.lifts()
    assert Detectors.DTMF not in world.port_node("fxs1").detectors


def test_a_name_that_comes_late_after_a_long_ring_is_still_a_name() -> None:
    """North America rings for 2 s, an old exchange longer; then 13 digits take 1.8 s."""
    world = World(replace(office(), country="us"))
    world.city(1).ring_once(2_300)
    world.later(4_400, lambda: world.city(1).identifies("89161234567"))
    world.wait(4.6)
    assert world.started[0].calling == "89161234567"


def test_a_line_that_names_nobody_is_waited_for_as_long_as_a_name_may_take(world: World) -> None:
    world.city(1).ring_once()
    world.wait(3.9)
    assert world.started == []
    world.wait(0.2)
    assert world.started[0].calling == ""

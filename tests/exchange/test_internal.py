"""Calls inside the office: dial tone, ringback, conversation, busy tone, and a handset left off its hook."""

from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.events import DigitStarted
from gateway.model.plan import Detectors
from tests.exchange.world import Telephone, World


def test_a_lifted_handset_hears_dial_tone_within_100_ms(anna: Telephone) -> None:
    anna.lifts()
    assert anna.hears == {"dial"}


def test_dial_tone_stops_at_the_first_digit_even_before_it_ends(world: World, anna: Telephone) -> None:
    anna.lifts()
    world.feed(DigitStarted(world.port_node(anna.port).id))
    assert anna.hears == set()


def test_a_tone_that_was_no_digit_gives_dial_tone_back(world: World, anna: Telephone) -> None:
    anna.lifts()
    world.feed(DigitStarted(world.port_node(anna.port).id))
    world.wait(4.1)
    assert anna.hears == {"dial"}
    world.wait(15)
    assert anna.hears == {"congestion"}


def test_a_called_telephone_rings_and_the_caller_hears_ringback(anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    assert boris.rings
    assert anna.hears == {"ringback"}


def test_a_telephone_that_is_rung_is_muted_towards_us(
    world: World, anna: Telephone, boris: Telephone
) -> None:
    anna.lifts()
    anna.dials("102")
    assert world.port_node(boris.port).capture_muted
    boris.lifts()
    assert not world.port_node(boris.port).capture_muted


def test_both_hear_each_other_after_the_answer(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    world.wait(3)
    boris.lifts()
    assert not boris.rings
    assert anna.hears == {"fxs2"}
    assert boris.hears == {"fxs1"}


def test_who_stays_on_the_line_hears_busy_tone(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    anna.hangs_up()
    assert boris.hears == {"busy"}
    assert anna.state == "idle"
    boris.hangs_up()
    assert boris.hears == set()


def test_the_journal_has_start_answer_and_end_once_each(
    world: World, anna: Telephone, boris: Telephone
) -> None:
    anna.lifts()
    anna.dials("102")
    world.wait(3)
    boris.lifts()
    world.wait(60)
    boris.hangs_up()
    (started,), (answered,), (ended,) = world.started, world.answered, world.ended
    assert (started.direction, started.calling, started.calling_name, started.called, started.line) == (
        Direction.INTERNAL,
        "101",
        "Anna",
        "102",
        None,
    )
    assert (answered.connected, answered.evidence) == ("102", Evidence.HOOK)
    assert (ended.cause, ended.evidence, ended.ended_by) == (Cause.NORMAL_CLEARING, Evidence.HOOK, "102")
    assert ended.monotonic_ns - answered.monotonic_ns > 60_000_000_000


def test_a_handset_lifted_and_put_back_is_no_call(world: World, anna: Telephone) -> None:
    anna.lifts()
    anna.presses("1")
    anna.hangs_up()
    assert world.journal == []
    assert anna.state == "idle"


def test_a_busy_extension_gives_busy_tone(
    world: World, anna: Telephone, boris: Telephone, vera: Telephone
) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    vera.lifts()
    vera.dials("101")
    assert vera.hears == {"busy"}
    assert world.ended[0].cause is Cause.USER_BUSY


def test_calling_oneself_is_busy(world: World, anna: Telephone) -> None:
    anna.lifts()
    anna.dials("101")
    assert anna.hears == {"busy"}


def test_a_wrong_number_gives_congestion_tone(world: World, anna: Telephone) -> None:
    anna.lifts()
    anna.dials("77")
    assert anna.hears == {"congestion"}
    assert world.ended[0].cause is Cause.UNALLOCATED_NUMBER


def test_half_a_number_is_wrong_after_the_interdigit_pause(world: World, anna: Telephone) -> None:
    anna.lifts()
    anna.dials("10")
    world.wait(3.8)
    assert anna.hears == set()
    world.wait(0.3)
    assert anna.hears == {"congestion"}
    assert world.ended[0].cause is Cause.INVALID_NUMBER


def test_nobody_answers(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    world.wait(60.1)
    assert not boris.rings
    assert anna.hears == {"busy"}
    (ended,) = world.ended
    assert (ended.cause, ended.evidence) == (Cause.NO_ANSWER, Evidence.TIMER)
    assert world.answered == []


def test_the_caller_gives_up_and_the_bell_stops(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    anna.hangs_up()
    assert not boris.rings
    assert world.ended[0].ended_by == "101"


def test_a_handset_left_off_ends_silently_with_an_alarm(world: World, anna: Telephone) -> None:
    anna.lifts()
    world.wait(14.9)
    assert anna.hears == {"dial"}
    world.wait(0.2)
    assert anna.hears == {"congestion"}
    world.wait(20)
    assert anna.hears == {"howler"}
    assert world.alarms == []
    world.wait(60)
    assert anna.hears == set()
    assert anna.state == "left_off_hook"
    assert [alarm.about for alarm in world.alarms] == ["fxs1"]
    anna.hangs_up()
    anna.lifts()
    assert anna.hears == {"dial"}


def test_a_handset_left_off_after_a_call_ends_the_same_way(
    world: World, anna: Telephone, boris: Telephone
) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    boris.hangs_up()
    world.wait(20)
    assert anna.hears == {"howler"}


def test_a_rotary_telephone_dials(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.turns("1")
    assert anna.hears == set()
    anna.turns("02")
    assert boris.rings


def test_digits_are_looked_for_while_dialling_only(world: World, anna: Telephone, boris: Telephone) -> None:
    assert world.port_node(anna.port).detectors is Detectors.NONE
    anna.lifts()
    assert world.port_node(anna.port).detectors is Detectors.DTMF
    anna.dials("102")
    boris.lifts()
    assert world.port_node(anna.port).detectors is Detectors.NONE


def test_the_plan_changes_only_when_something_is_heard_differently(world: World, anna: Telephone) -> None:
    anna.lifts()
    before = world.plan.generation
    world.wait(10)
    assert world.plan.generation == before


def test_the_trace_tells_the_story(world: World, anna: Telephone) -> None:
    anna.lifts()
    assert "hook(fxs1){CLOSING} debounce expired -> OFF_HOOK" in world.trace
    assert any(line.startswith("fxs(fxs1){IDLE} OffHook -> DIAL_TONE +first_digit") for line in world.trace)


def test_everything_is_idle_in_the_end(world: World, anna: Telephone, boris: Telephone) -> None:
    anna.lifts()
    anna.dials("102")
    boris.lifts()
    boris.hangs_up()
    anna.hangs_up()
    view = world.exchange.view()
    assert view.calls == ()
    assert view.timers_running == 0
    assert world.timers == {}
    assert world.plan.hears == ()

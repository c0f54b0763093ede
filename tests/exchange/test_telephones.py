"""What an extension may want: hotline, warm line, rings, dial tone anew, held when called, polarity."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.line.hook import flash_window
from gateway.model import actions as act
from gateway.model.events import HookEdge
from gateway.model.numbers import PortId
from gateway.model.settings import LOOP_BREAK, POLARITY_REVERSAL
from tests.exchange.world import World, office


def world(
    capabilities: tuple[str, ...] = (), office_wants: dict[str, Any] | None = None, **wants: Any
) -> World:
    """An office whose extension 101 wants something."""
    settings = replace(office(), **(office_wants or {}))
    extensions = tuple(replace(one, **wants) if one.number == "101" else one for one in settings.extensions)
    return World(replace(settings, extensions=extensions), capabilities=capabilities)


def talk(office: World, caller: str = "101", called: str = "102") -> None:
    office.telephone(caller).lifts()
    office.telephone(caller).dials(called)
    office.telephone(called).lifts()
    office.wait(0.3)


# --- hotline and warm line ---


def test_a_hotline_is_dialled_by_the_lift_itself() -> None:
    office = world(hotline="102")
    office.telephone("101").lifts()
    assert office.telephone("102").rings
    assert office.hears("fxs1") == {"ringback"}
    assert office.started[0].called == "102"


def test_a_warm_line_gives_time_to_dial_something_else() -> None:
    office = world(hotline="102", hotline_after_ms=5_000)
    office.telephone("101").lifts()
    office.wait(4.8)
    assert office.hears("fxs1") == {"dial"}
    office.wait(0.4)
    assert office.telephone("102").rings


def test_who_dials_on_a_warm_line_is_let() -> None:
    office = world(hotline="102", hotline_after_ms=5_000)
    office.telephone("101").lifts()
    office.telephone("101").dials("103")
    office.wait(8)
    assert office.telephone("103").rings
    assert not office.telephone("102").rings


# --- after the other end has cleared ---


def test_dial_tone_anew_without_putting_the_handset_down() -> None:
    office = world(reoriginate_after_ms=3_000)
    talk(office)
    office.telephone("102").hangs_up()
    assert office.hears("fxs1") == {"busy"}
    office.wait(3.1)
    assert office.hears("fxs1") == {"dial"}
    office.telephone("101").dials("103")
    assert office.telephone("103").rings


def test_a_handset_that_is_left_off_is_howled_at_all_the_same() -> None:
    office = world(reoriginate_after_ms=3_000)
    talk(office)
    office.telephone("102").hangs_up()
    office.wait(3.1 + 15 + 20.5)
    assert office.hears("fxs1") == {"howler"}


# --- called subscriber held ---


def test_a_called_party_takes_the_handset_up_again() -> None:
    office = world(called_held_ms=60_000)
    talk(office, "102", "101")
    office.telephone("101").hangs_up()
    assert office.line("fxs1").state == "laid_down"
    assert not office.ended
    assert office.hears("fxs2") == set()
    office.wait(30)
    office.telephone("101").lifts()
    assert office.hears("fxs1") == {"fxs2"}
    assert office.hears("fxs2") == {"fxs1"}


def test_a_called_party_who_does_not_has_hung_up() -> None:
    office = world(called_held_ms=60_000)
    talk(office, "102", "101")
    office.telephone("101").hangs_up()
    office.wait(61)
    assert len(office.ended) == 1
    assert office.line("fxs1").state == "idle"
    assert office.hears("fxs2") == {"busy"}


def test_the_caller_hangs_up_meanwhile() -> None:
    office = world(called_held_ms=60_000)
    talk(office, "102", "101")
    office.telephone("101").hangs_up()
    office.telephone("102").hangs_up()
    assert len(office.ended) == 1
    assert office.line("fxs1").state == "idle"
    office.wait(120)
    assert office.calls == ()


def test_a_caller_who_hangs_up_has_hung_up() -> None:
    office = world(called_held_ms=60_000)
    talk(office)
    office.telephone("101").hangs_up()
    assert len(office.ended) == 1


# --- polarity ---


@pytest.mark.parametrize("first", ["101", "102"])
def test_polarity_is_reversed_while_the_call_is_answered(first: str) -> None:
    office = world((POLARITY_REVERSAL,), answer_reversal=True)
    office.telephone("101").lifts()
    office.telephone("101").dials("102")
    assert not office.reversed
    office.telephone("102").lifts()
    assert office.reversed == {"fxs1"}
    office.telephone(first).hangs_up()
    assert not office.reversed


def test_a_called_telephone_is_not_reversed() -> None:
    office = world((POLARITY_REVERSAL,), answer_reversal=True)
    talk(office, "102", "101")
    assert not office.reversed


# --- loop break ---


def broken(office: World) -> list[tuple[int, bool]]:
    return [(ms, done.closed) for ms, done in office.done if isinstance(done, act.SetLoop)]


def test_the_loop_is_broken_when_the_other_end_clears_and_the_tone_follows() -> None:
    office = world((LOOP_BREAK,), clear_break_ms=600)
    talk(office)
    anna = office.telephone("101")
    office.feed(HookEdge(PortId("fxs2"), False, office.now_ns))
    office.wait(0.55)
    assert office.line("fxs1").state == "broken"
    anna._edge(False)  # the detector sees no current any more
    office.wait(0.6)
    anna._edge(True)
    office.wait(0.4)
    (began_ms, first), (ended_ms, last) = broken(office)
    assert (first, last) == (False, True)
    assert ended_ms - began_ms == 600
    assert office.line("fxs1").state == "cleared"
    assert office.hears("fxs1") == {"busy"}
    anna.hangs_up()
    assert office.line("fxs1").state == "idle"


def test_a_handset_that_is_put_down_during_the_break_is_seen_afterwards() -> None:
    office = world((LOOP_BREAK,), clear_break_ms=600)
    talk(office)
    office.telephone("102").hangs_up()
    office.telephone("101")._edge(False)
    office.wait(1.2)
    assert office.line("fxs1").state == "idle"
    office.telephone("102").lifts()
    office.telephone("102").dials("101")
    assert office.telephone("101").rings


def test_who_hangs_up_first_has_no_broken_loop() -> None:
    office = world((LOOP_BREAK,), clear_break_ms=600)
    talk(office)
    office.telephone("101").hangs_up()
    assert broken(office) == []


# --- rings ---


def cadences(office: World, port: str) -> list[tuple[int, ...]]:
    rung = [done for _, done in office.done if isinstance(done, act.StartRinging) and done.port == port]
    return [ring.cadence_ms for ring in rung]


def test_a_colleague_the_city_and_a_group_ring_each_in_their_way() -> None:
    inside, outside, group = (400, 200, 400, 4_000), (2_000, 4_000), (300, 300, 300, 300, 300, 4_000)
    wants: dict[str, Any] = {"internal_cadence_ms": inside, "external_cadence_ms": outside}
    office = world(office_wants=wants)
    office.telephone("103").lifts()
    office.telephone("103").dials("102")
    assert cadences(office, "fxs2") == [inside]
    office.city(1).calls()
    assert cadences(office, "fxs1") == [outside]
    groups = tuple(replace(one, cadence_ms=group) for one in office.settings.hunt_groups)
    office = world(office_wants={**wants, "hunt_groups": groups})
    office.telephone("103").lifts()
    office.telephone("103").dials("600")
    assert cadences(office, "fxs2") == [group]


def test_nobody_says_how_and_it_is_the_countrys() -> None:
    office = world()
    office.telephone("103").lifts()
    office.telephone("103").dials("102")
    assert cadences(office, "fxs2") == [(1_000, 4_000)]


# --- flash ---


@pytest.mark.parametrize(("country", "window"), [("ru", (80, 500)), ("us", (80, 1_000)), ("nz", (80, 800))])
def test_the_flash_is_the_countrys(country: str, window: tuple[int, int]) -> None:
    assert flash_window(country) == window

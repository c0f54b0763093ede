"""What an extension wants of its module, seen from the telephone's end of the wire."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.bench.office import Office, read_office
from gateway.simulator.ear import Heard


def office_with(**wants: Any) -> Office:
    """The simulated office, whose extension 101 wants something."""
    configuration = read_office()
    extensions = tuple(
        replace(one, **wants) if one.number == "101" else one for one in configuration.office.extensions
    )
    return Office(replace(configuration, office=replace(configuration.office, extensions=extensions)))


def talk(office: Office) -> None:
    """101 calls 102, who answers."""
    anna, boris = office.telephone("101"), office.telephone("102")
    anna.lifts()
    office.run(500)
    anna.dials("102")
    office.run_until(lambda: boris.rings, 2_000, "102 rings")
    office.run(200)
    boris.lifts()
    office.run(600)


def test_the_loop_breaks_at_the_end_and_the_tone_follows() -> None:
    office = office_with(clear_break_ms=600)
    anna = office.telephone("101")
    talk(office)
    office.telephone("102").hangs_up()
    office.run(5_000)
    assert anna.breaks_ms == [pytest.approx(600, abs=15)]
    assert anna.hears() is Heard.BUSY
    assert office.line_row("fxs1").state == "cleared"
    anna.hangs_up()
    office.run(1_000)
    assert office.line_row("fxs1").state == "idle"
    assert office.alarms == []
    office.close()


def test_polarity_is_reversed_from_the_answer_to_the_end() -> None:
    office = office_with(answer_reversal=True)
    anna = office.telephone("101")
    talk(office)
    assert anna.reversed
    assert [reverse for _, reverse in anna.reversals] == [True]
    office.telephone("102").hangs_up()
    office.run(800)
    assert not anna.reversed
    office.close()


def test_a_lift_is_a_call_on_a_hotline() -> None:
    office = office_with(hotline="102")
    office.telephone("101").lifts()
    office.run_until(lambda: office.telephone("102").rings, 500, "102 rings")
    office.run(500)
    office.run_until(lambda: bool(office.telephone("102").shown), 3_000, "102 shows who calls")
    assert office.telephone("102").shown[0].number == "101"
    office.close()

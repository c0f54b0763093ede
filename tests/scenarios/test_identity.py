"""Caller identity as sound on the wire: what the set's own receiver makes of it, scheme by scheme."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.bench.office import Office, read_office
from gateway.line.identity import SCHEMES
from gateway.model.events import LampSet
from gateway.model.settings import ExtensionSettings, LampKind
from gateway.simulator.display import Wants
from gateway.simulator.wires import CallerId

NAME = "Пётр Щукин"


def office_with(country: str = "ru", *, drift_ppm: float = 0.0, **changes: str) -> Office:
    """The simulated office; ``changes`` are those of every analog extension, Anna has a Russian name."""
    configuration = read_office()

    def changed(one: ExtensionSettings) -> ExtensionSettings:
        name = NAME if one.number == "101" else one.name
        return replace(one, name=name, **changes) if one.port is not None else one  # type: ignore[arg-type]

    extensions = tuple(changed(one) for one in configuration.office.extensions)
    office = replace(configuration.office, country=country, extensions=extensions)
    return Office(replace(configuration, office=office), drift_ppm=drift_ppm)


@pytest.fixture
def made() -> Iterator[list[Office]]:
    offices: list[Office] = []
    yield offices
    for one in offices:
        one.close()


def call(office: Office) -> None:
    """Anna calls Boris."""
    anna = office.telephone("101")
    anna.lifts()
    office.run(600)
    anna.dials("102")
    office.run(800)


@pytest.mark.parametrize("identity", sorted(SCHEMES))
def test_every_scheme_is_read_by_the_set_that_goes_with_it(identity: str, made: list[Office]) -> None:
    office = office_with(identity=identity)
    made.append(office)
    boris = office.telephone("102")
    call(office)
    office.run_until(lambda: len(boris.shown) == 1, 5_000, "it is shown")
    name = "" if SCHEMES[identity].digits else "Petr Shchukin"
    assert (boris.shown[0].number, boris.shown[0].name) == ("101", name)
    assert boris.unread == []
    began_ms = office.now_ms
    office.run_until(lambda: boris.rings, 6_000, "it rings after that")
    if SCHEMES[identity].before_ringing:
        assert 200 <= office.now_ms - began_ms <= 700
    office.run(12_000)
    assert len(boris.shown) == 1
    assert office.alarms == []
    assert office.board.modules.faults == []


@pytest.mark.parametrize("country", ["ru", "us", "gb", "de", "dk", "kw", "in", "au"])
def test_every_countrys_own_way(country: str, made: list[Office]) -> None:
    office = office_with(country)
    made.append(office)
    boris = office.telephone("102")
    call(office)
    office.run_until(lambda: bool(boris.shown), 6_000, "it is shown")
    assert boris.shown[0].number == "101"
    office.run_until(lambda: boris.rings, 6_000, "it rings")
    boris.lifts()
    office.run(300)
    assert office.line_row("fxs2").state == "talking"
    assert not boris.reversed


@pytest.mark.parametrize("letters", ["cp1251", "koi8-r", "utf-8"])
def test_a_set_that_can_show_russian_letters_gets_them(letters: str, made: list[Office]) -> None:
    office = office_with(letters=letters)
    made.append(office)
    boris = office.telephone("102")
    call(office)
    office.run_until(lambda: bool(boris.shown), 5_000, "it is shown")
    assert boris.shown[0].name == NAME


@pytest.mark.parametrize("drift_ppm", [200.0, -200.0])
def test_a_set_with_another_clock_reads_it_too(drift_ppm: float, made: list[Office]) -> None:
    office = office_with(drift_ppm=drift_ppm)
    made.append(office)
    boris = office.telephone("102")
    call(office)
    office.run_until(lambda: bool(boris.shown), 5_000, "it is shown")
    assert boris.shown[0].number == "101"


def test_a_british_set_that_sees_no_reversal_shows_nothing(made: list[Office]) -> None:
    """The other side of the test above: the set does want what it is said to want."""
    office = office_with("gb", identity="v23-alert")
    made.append(office)
    boris = office.telephone("102")
    assert boris.display is not None
    boris.display.wants = Wants.REVERSAL
    call(office)
    office.run(3_000)
    assert boris.shown == []
    assert boris.unread == ["a message without a reversal of polarity"]


@pytest.mark.parametrize("after_ms", [1_300, 1_700, 1_900])
def test_lifting_in_the_middle_of_the_message_leads_straight_into_the_call(
    after_ms: int, made: list[Office]
) -> None:
    office = office_with()
    made.append(office)
    anna, boris = office.telephone("101"), office.telephone("102")
    call(office)
    office.run(after_ms - 500)
    boris.lifts()
    office.run(300)
    anna.says()
    office.run(1_500)
    assert abs(boris.ear.finds(anna.ear).correlation) > 0.9
    assert len(boris.rings_ns) == 1


def test_a_group_shows_a_caller_from_the_city_on_every_telephone(made: list[Office]) -> None:
    office = office_with()
    made.append(office)
    office.city_line(1).calls(CallerId("4951234567", "Ivan"))
    office.run(9_000)
    for number in ("101", "102", "103"):
        telephone = office.telephone(number)
        assert [shown.number for shown in telephone.shown] == ["4951234567"]
        assert telephone.unread == []


def test_the_lamp_goes_on_at_rest_and_dial_tone_stutters(made: list[Office]) -> None:
    office = office_with(lamp=LampKind.FSK)
    made.append(office)
    boris = office.telephone("102")
    office.pump.feed(LampSet("102", on=True))
    office.run_until(lambda: boris.lamp, 2_500, "the lamp is on")
    assert not boris.rings_ns
    boris.lifts()
    office.run(1_500)
    bursts = [stretch.duration_ms for stretch in boris.ear.cadence(1_500) if stretch.on]
    assert len(bursts) >= 6
    assert all(90 <= burst <= 110 for burst in bursts[1:5])
    boris.hangs_up()
    office.run(1_000)
    office.pump.feed(LampSet("102", on=False))
    office.run_until(lambda: not boris.lamp, 2_500, "the lamp is off")
    assert boris.unread == []

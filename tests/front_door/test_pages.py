"""The generated pages say what the code says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from gateway.config.schema import OfficeFile
from gateway.model.machine import STAY, Machine, Row, Step
from tools import pages


class Door(Enum):
    SHUT = auto()
    OPEN = auto()


@dataclass(frozen=True, slots=True)
class Push:
    pass


@dataclass(frozen=True, slots=True)
class Pull:
    pass


class DoorMachine(Machine[Door]):
    kind = "door"
    initial = Door.SHUT
    rows = (
        Row(Door.SHUT, Push, Door.OPEN, "move"),
        Row(Door.SHUT, Pull, (Door.OPEN, Door.SHUT), "move"),
        Row(Door.OPEN, Pull, Door.SHUT, "move"),
    )

    def move(self, event: object, step: Step) -> Door:
        return Door.OPEN


def test_a_diagram_has_every_way_once_and_no_way_to_itself() -> None:
    assert pages.diagram(DoorMachine).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> SHUT",
        "    SHUT --> OPEN: Push, Pull",
        "    OPEN --> SHUT: Pull",
    ]


class StayingDoor(DoorMachine):
    kind = "staying_door"
    rows = (*DoorMachine.rows, Row(Door.OPEN, Push, STAY, "move"))


class Knock:
    pass


class PatientDoor(DoorMachine):
    kind = "patient_door"
    rows = (*DoorMachine.rows, Row((Door.SHUT, Door.OPEN), Knock, STAY, "move"))


def test_a_row_that_stays_draws_no_arrow() -> None:
    for machine in (StayingDoor, PatientDoor):
        assert pages.diagram(machine) == pages.diagram(DoorMachine)
    assert "| OPEN | `Push` | OPEN | `move` |" in pages._machine(StayingDoor)
    assert "| SHUT, OPEN | `Knock` | the same | `move` |" in pages._machine(PatientDoor)


def test_the_diagrams_of_the_house_have_no_way_that_nothing_takes() -> None:
    """Digits, a second answer, a current that is there: they lead nowhere, whatever the state."""
    drawn = pages.machine_pages()
    for way in (
        "TALKING --> SEIZING",
        "TALKING --> PROCEEDING",
        "WAITING --> RESTING",
        "TALKING --> CALLING",
        "RUNG --> RINGING",
        "HELD --> EARLY",
        "ANSWERED --> RINGBACK",
        "DIALLED --> RINGBACK_ENDED",
    ):
        assert way not in drawn, way
    assert "TALKING --> HELD: ReinviteReceived, ReinviteAnswered\n" in drawn


def test_machines_of_the_house_are_found_and_others_are_not() -> None:
    kinds = {machine.kind for machine in pages.machines()}
    assert {"fxs", "fxo", "hook", "ring", "supervision"} <= kinds
    assert "door" not in kinds


def test_every_field_of_the_files_is_described() -> None:
    text = pages.configuration()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_pages_in_docs_are_current() -> None:
    stale = [name for name, text in pages.pages().items() if not pages._is_current(name, text)]
    assert stale == [], "python3 tasks.py docs"


def test_every_field_of_the_configuration_is_explained_on_its_page() -> None:
    rows = [row for row in pages.configuration().splitlines() if row.startswith("| `")]
    assert len(rows) > 40
    assert all(len(row.strip("| ").rpartition("|")[2].strip()) > 10 for row in rows)


def test_starting_an_office_does_not_read_sources_to_explain_fields() -> None:
    """Reading them at each start costs 0.13 s of processor time, which nobody who starts an office wants."""
    office = OfficeFile.model_fields
    assert office
    assert all(field.description is None for field in office.values())

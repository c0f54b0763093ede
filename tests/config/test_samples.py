"""The samples that people read first are sound, and say what the stories need."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.load import load_configuration
from gateway.config.samples import SIMULATED
from gateway.model.settings import ExtensionKind, PortKind

OFFICES = ["office", "line-to-sip", "modem", "pairing", "queue", "supervision"]


@pytest.mark.parametrize("name", OFFICES)
def test_a_sample_loads_without_a_warning(name: str) -> None:
    own = SIMULATED / f"{name}-board.toml"
    loaded = load_configuration(SIMULATED / f"{name}.toml", own if own.exists() else SIMULATED / "board.toml")
    assert loaded.warnings == ()
    assert loaded.secrets == {}
    assert set(loaded.clips) >= {loaded.office.hold_music}


def test_every_sample_is_listed_here() -> None:
    there = {path.stem for path in SIMULATED.glob("*.toml") if not path.stem.endswith("board")}
    assert there == set(OFFICES)


def test_the_simulated_office_is_the_one_that_was_ordered() -> None:
    loaded = load_configuration(SIMULATED / "office.toml", SIMULATED / "board.toml")
    kinds = {extension.number: extension.kind for extension in loaded.office.extensions}
    assert kinds == dict.fromkeys(("101", "102", "103", "104"), ExtensionKind.ANALOG) | dict.fromkeys(
        ("201", "202", "203", "204"), ExtensionKind.SIP
    )
    ports = [port.kind for port in loaded.board.ports]
    assert ports == [PortKind.FXS] * 4 + [PortKind.FXO] * 2
    assert [port.node for port in loaded.board.ports] == [1, 2, 3, 4, 5, 6]
    assert [group.number for group in loaded.office.hunt_groups] == ["600"]
    assert [queue.number for queue in loaded.office.queues] == ["610"]
    assert loaded.office.trunk_groups[0].lines == ("city1", "city2")
    assert loaded.office.country == "ru"


def test_only_a_line_that_says_so_has_its_exchange_asked_who_calls(tmp_path: Path) -> None:
    text = (SIMULATED / "office.toml").read_text(encoding="utf-8")
    office = tmp_path / "office.toml"
    for given, lines in (
        (text, ()),
        (text.replace("number_request = false", "number_request = true"), ("city1",)),
    ):
        office.write_text(given, encoding="utf-8")
        loaded = load_configuration(office, SIMULATED / "board.toml")
        assert tuple(line.name for line in loaded.office.city_lines if line.number_request) == lines


def test_a_ports_gains_reach_its_settings(tmp_path: Path) -> None:
    text = (SIMULATED / "board.toml").read_text(encoding="utf-8")
    board = tmp_path / "board.toml"
    board.write_text(
        text.replace(
            "[port.fxs1]\n",
            "[port.fxs1]\nspoken_gain_db = 3\nheard_gain_db = -6.5\nautomatic_gain = true\n",
        )
    )
    first, second, *_ = load_configuration(SIMULATED / "office.toml", board).board.ports
    assert (first.spoken_gain_db, first.heard_gain_db, first.automatic_gain) == (3.0, -6.5, True)
    assert (second.spoken_gain_db, second.heard_gain_db, second.automatic_gain) == (0.0, 0.0, False)


def test_a_story_office_differs_in_its_one_thing() -> None:
    def office(name: str) -> dict[str, str]:
        loaded = load_configuration(SIMULATED / f"{name}.toml", SIMULATED / "board.toml")
        return {line.name: line.destination for line in loaded.office.city_lines}

    assert office("line-to-sip") == {"city1": "600", "city2": "201"}
    assert office("queue") == {"city1": "610", "city2": "610"}
    assert office("pairing") == {"city1": "600", "city2": "103"}


def test_the_version_changes_with_either_file(tmp_path: Path) -> None:
    for name in ("office.toml", "board.toml"):
        (tmp_path / name).write_bytes((SIMULATED / name).read_bytes())
    before = load_configuration(tmp_path / "office.toml", tmp_path / "board.toml").office.version
    again = load_configuration(tmp_path / "office.toml", tmp_path / "board.toml").office.version
    versions = {before}
    for name in ("office.toml", "board.toml"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"# more\n")
        versions.add(load_configuration(tmp_path / "office.toml", tmp_path / "board.toml").office.version)
    assert before == again
    assert len(versions) == 3

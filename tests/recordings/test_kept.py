"""A bundle that is kept becomes a test that fails when its line does something else."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.bench.bundles import keep_bundle, kept_difference
from gateway.bench.driving import drive
from gateway.bench.office import Office, read_office
from gateway.errors import CitylineError
from gateway.model.actions import Narrate
from gateway.runtime.bundle import Bundle, BundleError, read_bundle, write_bundle
from gateway.simulator.central_office import Behaviour, Subscriber

pytest_plugins = "pytester"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """The bundle of an abandoned call from the city."""
    stored: list[Bundle] = []
    office = Office(read_office(), store=stored.append)
    office.run(2_000)
    office.board.city.calls(1, "4951234567")
    office.run(7_000)
    office.city_line(1).hangs_up()
    office.run(14_000)
    office.close()
    path = tmp_path / "abandoned.bundle"
    path.write_bytes(write_bundle(next(one for one in stored if one.header.port == "fxo1")))
    return path


def test_a_kept_bundle_holds_what_its_line_does(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    kept = keep_bundle(recorded, tmp_path / "kept")
    assert kept_difference(kept) == ""
    expected = read_bundle(kept).expected
    assert any("CallerIdHeard" in line and "4951234567" in line for line in expected), expected
    assert expected[-1].startswith("fxo(fxo1){RUNG} RingingStopped -> IDLE")
    with pytest.raises(CitylineError, match="is there already"):
        keep_bundle(recorded, tmp_path / "kept")
    with pytest.raises(CitylineError, match="where Cityline's sources"):
        keep_bundle(recorded, tmp_path / "nowhere")
    with pytest.raises(BundleError, match="expects nothing"):
        kept_difference(recorded)


def test_pytest_collects_it_and_tells_the_difference(
    recorded: Path, tmp_path: Path, pytester: pytest.Pytester
) -> None:
    shutil.copy(Path(__file__).parent / "conftest.py", pytester.path / "conftest.py")
    kept = keep_bundle(recorded, pytester.path)
    bundle = read_bundle(kept)
    wrong = replace(bundle, expected=(*bundle.expected[:-1], "fxo(fxo1){RUNG} RingingStopped -> TALKING"))
    (pytester.path / "wrong.bundle").write_bytes(write_bundle(wrong))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*wrong.bundle: line * differs:", "*expected*TALKING", "*now*IDLE*"])


def test_a_voice_is_heard_as_it_was_recorded_though_its_sound_is_not_kept() -> None:
    stored: list[Bundle] = []
    office = Office(read_office(), store=stored.append)
    office.run(2_000)
    office.board.city.add(Subscriber("4957654", Behaviour.ANSWERS, after_ms=6_000, talks=True))
    anna, city = office.telephone("101"), office.city_line(1)
    anna.lifts()
    office.run(500)
    anna.dials("4957654")
    office.run_until(lambda: city.state == "talking", 25_000, "the city answers")
    office.run(8_000)
    anna.hangs_up()
    office.run(14_000)
    office.close()
    bundle = next(one for one in stored if one.header.port == "fxo1")
    recorded = [
        action.line
        for part in bundle.parts
        for _, _, actions in part.steps
        for action in actions
        if isinstance(action, Narrate) and action.line.startswith("supervision(fxo1)")
    ]
    voices = [line for line in recorded if "VoiceHeard" in line]
    assert voices
    assert [line for line in drive(bundle) if "VoiceHeard" in line] == voices

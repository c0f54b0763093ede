"""`cityline line record` without a gateway: what a killed one left can be listed, exported and replayed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.__main__ import main
from gateway.bench.office import Office, read_office
from gateway.model.settings import RecorderSettings
from gateway.runtime.bundle import read_bundle
from gateway.runtime.recordings import RecordingStore

RunnerResult = Result


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a gateway under which 101 was lifted twice and city1 rang once."""
    path = tmp_path_factory.mktemp("state")
    (path / "control").touch()  # a killed gateway leaves its socket
    store = RecordingStore(path / "recordings", RecorderSettings(), wall_ns=lambda: 0, on_trouble=pytest.fail)
    office = Office(read_office(), store=store.store)
    for _ in range(2):
        office.run(1_000)
        office.telephone("101").lifts()
        office.run(1_000)
        office.telephone("101").hangs_up()
        office.run(6_000)
    office.board.city.calls(1, "4951234567")
    office.run(3_000)
    office.city_line(1).hangs_up()
    office.run(15_000)
    office.close()
    store.close()
    return path


def ask(state: Path, *words: str) -> RunnerResult:
    return CliRunner().invoke(main, ["line", "record", *words, "--state", str(state)])


def test_a_line_is_found_by_its_port_its_name_or_its_number(state: Path) -> None:
    by_name = [ask(state, name).output for name in ("city1", "1", "fxo1")]
    assert by_name[0] == by_name[1] == by_name[2]
    assert by_name[0].count("call") == 2, "in its name and as its reason"
    listed = json.loads(ask(state, "101", "--json").output)
    assert [one["why"] for one in listed["recordings"]] == ["call"] * 3, "lifted twice, and rung by the city"
    assert listed["recordings"][0]["began_ns"] > listed["recordings"][1]["began_ns"]


def test_the_newest_or_a_named_one_is_exported(state: Path, tmp_path: Path) -> None:
    listed = json.loads(ask(state, "101", "--json").output)["recordings"]
    newest, named = tmp_path / "newest.bundle", tmp_path / "named.bundle"
    assert ask(state, "101", "export", "--out", str(newest)).exit_code == 0
    assert ask(state, "101", "export", listed[1]["name"], "--out", str(named)).exit_code == 0
    # A file's name has milliseconds.
    began_ms = [read_bundle(path).header.began_ns // 1_000_000 for path in (newest, named)]
    assert began_ms == [one["began_ns"] // 1_000_000 for one in listed[:2]]
    assert newest.stat().st_mode & 0o777 == 0o600
    replayed = CliRunner().invoke(main, ["replay", str(newest)])
    assert replayed.exit_code == 0, replayed.output
    assert "The same" in replayed.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("9", "list"), "no recordings of a line '9'; there are some of: fxo1, fxs1"),
        (("101", "export", "yesterday"), "fxs1 has no recording 'yesterday'; it has: 2026"),
        (("101", "start"), "No gateway runs with the state in"),
        (("101", "stop"), "No gateway runs with the state in"),
        (("101", "rewind"), "rewind"),
    ],
)
def test_what_cannot_be_done_is_said(state: Path, words: tuple[str, ...], said: str) -> None:
    result = ask(state, *words)
    assert result.exit_code != 0
    assert said in result.output


def test_no_file_is_overwritten(state: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.bundle"
    there.write_text("mine")
    result = ask(state, "101", "export", "--out", str(there))
    assert result.exit_code == 1
    assert "is there already" in result.output
    assert there.read_text() == "mine"


def test_a_damaged_bundle_and_a_trace_that_is_to_be_kept_are_refused(tmp_path: Path) -> None:
    damaged, trace = tmp_path / "damaged.bundle", tmp_path / "trace.jsonl"
    damaged.write_bytes(b"PK\x03\x04 and then nothing")
    trace.write_text("{}\n")
    result = CliRunner().invoke(main, ["replay", str(damaged)])
    assert result.exit_code == 2
    assert "is damaged or no bundle" in result.output
    result = CliRunner().invoke(main, ["replay", str(trace), "--keep"])
    assert result.exit_code == 2
    assert "only a bundle can be kept" in result.output

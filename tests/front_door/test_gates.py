"""The stages: all run, each is timed, and the exit code is pytest's own when a test failed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import gates
from tools.wheel import complaints

ROOT = Path(__file__).resolve().parents[2]


def stage(name: str, *codes: int) -> gates.Stage:
    return gates.Stage(name, tuple((sys.executable, "-c", f"raise SystemExit({code})") for code in codes))


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ([stage("ruff", 0), stage("pytest, quick", 0)], 0),
        ([stage("ruff", 2), stage("pytest, quick", 0)], 1),
        ([stage("ruff", 2), stage("pytest, quick", 3)], 3),
        ([stage("pytest, virtual time", 0), stage("pytest, real time", 2)], 2),
        ([stage("wheel", 0, 7)], 1),
    ],
)
def test_the_exit_code_is_pytests_own_or_one(
    stages: list[gates.Stage], code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert gates.run_stages(stages) == code


def test_every_stage_runs_and_is_shown_with_its_seconds(capfd: pytest.CaptureFixture[str]) -> None:
    gates.run_stages([stage("one", 4), stage("two", 0)])
    rows = [line.split() for line in capfd.readouterr().out.splitlines() if line.startswith("  ")]
    assert [row[0] for row in rows] == ["stage", "one", "two", "all"]
    assert rows[1][2:] == ["FAILED", "(code", "4)"]
    assert rows[2][2:] == ["ok"]
    assert float(rows[3][1]) == pytest.approx(float(rows[1][1]) + float(rows[2][1]), abs=0.11)


def test_a_stage_stops_at_its_first_failing_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    touch = (sys.executable, "-c", f"open({str(tmp_path / 'made')!r}, 'w')")
    gates.run_stages([gates.Stage("x", ((sys.executable, "-c", "raise SystemExit(1)"), touch))])
    assert not (tmp_path / "made").exists()


def test_real_time_tests_run_apart_from_the_workers() -> None:
    together, alone = gates.pytest_stages(quick=False)
    assert "-n" in together.commands[0]
    assert "not real" in together.commands[0]
    assert "-n" not in alone.commands[0]


def test_who_is_not_root_has_real_tests_run_in_a_network_of_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[list[str]] = []

    def possible(code: int) -> None:
        def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
            tried.append(command)
            return subprocess.CompletedProcess(command, code)

        monkeypatch.setattr(subprocess, "run", run)

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    possible(0)
    assert gates.own_network()[0] == "unshare"
    assert gates.pytest_stages(quick=False)[1].commands[0][0] == "unshare"
    assert tried[0][-1] == "true"
    possible(1)
    assert gates.own_network() == ()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    possible(0)
    assert gates.own_network() == ()


def test_ci_runs_the_front_door_and_hides_no_failure(tmp_path: Path) -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes(script.read_bytes())
    (tmp_path / "tasks.py").write_text("import sys\nsys.exit(5 if sys.argv[1:] == ['test'] else 0)\n")
    ended = subprocess.run(["bash", tmp_path / ".ci" / "run"], cwd="/", check=False)
    assert ended.returncode == 5


def wheel(folder: Path, name: str, *files: str) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as made:
        for file in files:
            made.writestr(file, "")
    return path


def test_a_wheel_is_one_abi3_file_with_the_compiled_modules(tmp_path: Path) -> None:
    modules = ("_signal_core", "_two_wire", "_sip_shim", "_ringer")
    inside = [f"gateway/x/{module}.abi3.so" for module in modules]
    inside += [f"gateway/{path.relative_to(ROOT)}" for path in ROOT.glob("boards/*/*.toml")]
    assert complaints(wheel(tmp_path, "cityline-1-cp311-abi3-linux_x86_64.whl", *inside)) == []


def test_a_wheel_for_one_python_or_with_tests_inside_is_refused(tmp_path: Path) -> None:
    bad = wheel(tmp_path, "cityline-1-cp311-cp311-linux_x86_64.whl", "tests/x.py")
    found = "; ".join(complaints(bad))
    assert "no compiled _sip_shim" in found
    assert "is not a cp311-abi3 wheel" in found
    assert "no boards/simulated/office.toml" in found
    assert "tests or tools slipped in" in found

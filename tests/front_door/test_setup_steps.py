"""Set-up looks before it acts, tries again, says what to type, and does nothing the second time."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from tests.front_door.conftest import Machine
from tools import setup_steps
from tools.packages import TO_RUN, TO_TEST, Package, missing
from tools.progress import SetupError

WANTED = (Package("here", "is installed"), Package("gone", "is not"), Package("half", "was removed"))
DPKG = 'echo "here installed"; echo "half config-files"; echo "no such package" >&2; exit 1'


def debian(machine: Machine, apt_get: str = "") -> None:
    machine.program("dpkg-query", DPKG)
    machine.program("apt-get", apt_get)


# ---------------------------------------------------------------- packages
def test_every_package_has_a_reason_and_is_named_once() -> None:
    names = [package.name for package in TO_RUN + TO_TEST]
    assert len(names) == len(set(names))
    assert all(package.reason for package in TO_RUN + TO_TEST)


def test_missing_is_what_dpkg_does_not_call_installed(machine: Machine) -> None:
    debian(machine)
    assert [package.name for package in missing(WANTED)] == ["gone", "half"]


def test_what_the_machine_has_from_elsewhere_is_not_wanted(machine: Machine) -> None:
    debian(machine)
    assert missing((Package("gone", "not needed here", lambda: False),)) == []


def test_nothing_is_installed_when_nothing_is_missing(machine: Machine) -> None:
    debian(machine)
    setup_steps.install_packages(WANTED[:1])
    assert machine.calls("apt-get") == []


def test_root_installs_what_is_missing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian(machine)
    setup_steps.install_packages(WANTED)
    update, install = machine.calls("apt-get")
    assert update.endswith(" update")
    assert install.endswith(" install --no-install-recommends gone half")


def test_without_sudo_the_command_for_root_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian(machine)
    with pytest.raises(SetupError, match=r"As root, type:\n  apt-get install gone half$"):
        setup_steps.install_packages(WANTED)
    assert machine.calls("apt-get") == []


def test_sudo_without_a_terminal_is_not_left_waiting(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian(machine)
    machine.program("sudo", "exit 1")
    with pytest.raises(SetupError, match=r"Type:\n  sudo apt-get install gone half$"):
        setup_steps.install_packages(WANTED)


def test_sudo_that_asks_nothing_is_used(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian(machine)
    machine.program("sudo", 'test "$1" = -n && exit 0; shift; exec "$@"')
    setup_steps.install_packages(WANTED)
    assert len(machine.calls("apt-get")) == 2


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(setup_steps.sys.stdin, "isatty", lambda: True, raising=False)


def test_sudo_that_refuses_ends_it_with_the_command_for_root(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch)
    debian(machine)
    machine.program("sudo", "exit 1")  # a wrong password three times, or no sudoer at all
    with pytest.raises(SetupError, match=r"sudo refused\. As root, type:\n  apt-get install gone half$"):
        setup_steps.install_packages(WANTED)
    assert machine.calls("sudo")[-1].endswith("sudo -v")
    assert machine.calls("apt-get") == []
    assert pauses == []
    assert "sudo will ask for your password" in capsys.readouterr().err


def test_sudo_that_took_the_password_is_used(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    debian(machine)
    machine.program("sudo", 'test "$1" = -n && exit 1; test "$1" = -v && exit 0; shift; exec "$@"')
    setup_steps.install_packages(WANTED)
    assert len(machine.calls("apt-get")) == 2


def test_a_broken_network_is_tried_three_times(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian(machine, 'echo "Temporary failure resolving"; exit 100')
    with pytest.raises(SetupError, match="the Debian archive did not help in 3 attempts"):
        setup_steps.install_packages(WANTED)
    assert pauses == [10.0, 20.0]
    said = capsys.readouterr()
    assert "attempt 1 of 3 failed; in case it was the network: again in 10 s" in said.err
    assert "Temporary failure resolving" in said.err


def test_a_network_that_comes_back_is_enough(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian(machine, f"test -e {machine.bin}/up || {{ /bin/touch {machine.bin}/up; exit 100; }}")
    setup_steps.install_packages(WANTED)
    assert pauses == [10.0]


def test_elsewhere_than_on_debian_the_packages_are_named(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    setup_steps.install_packages(WANTED)
    assert "make sure of the equivalents of: here gone half" in capsys.readouterr().err


# ---------------------------------------------------------------- environment and C core
def python_of(machine: Machine, script: str = "exit 0") -> Path:
    return machine.program("python", script, folder=machine.root / ".venv" / "bin")


def sources(machine: Machine) -> None:
    for name in ("pyproject.toml", "setup.py", "native/include/a.h", "native/src/a.c", "native/tests/t.c"):
        path = machine.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "one\n" if path.suffix != ".toml" else '[project]\nname = "one"\n[tool.ruff]\na = 1\n'
        )


def test_the_project_is_installed_once_with_its_c_core(machine: Machine) -> None:
    python_of(machine)
    sources(machine)
    setup_steps.install_project()
    setup_steps.build_native()
    first = machine.calls("python")
    setup_steps.install_project()
    setup_steps.build_native()
    assert machine.calls("python") == first
    assert [" -e .[board,dev]" in call for call in first] == [False, True]


@pytest.mark.parametrize(
    ("changed", "calls"),
    [("native/include/a.h", 1), ("native/src/a.c", 1), ("native/tests/t.c", 0), ("native/src/new.c", 1)],
)
def test_the_c_core_is_compiled_when_its_sources_changed(machine: Machine, changed: str, calls: int) -> None:
    python_of(machine)
    sources(machine)
    setup_steps.install_project()
    before = len(machine.calls("python"))
    (machine.root / changed).write_text("two\n")
    setup_steps.build_native()
    setup_steps.build_native()
    assert len(machine.calls("python")) - before == calls


def test_a_c_core_that_does_not_compile_is_not_taken_for_done(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    python_of(machine, "echo 'a.c:1: error: no'; exit 1")
    sources(machine)
    for _ in range(2):
        with pytest.raises(SetupError, match="does not compile"):
            setup_steps.build_native()
    assert "a.c:1: error: no" in capsys.readouterr().err
    assert len(machine.calls("python")) == 2


def test_a_changed_project_is_installed_anew_a_changed_linter_is_not(machine: Machine) -> None:
    python_of(machine)
    sources(machine)
    setup_steps.install_project()
    before = len(machine.calls("python"))
    (machine.root / "pyproject.toml").write_text('[project]\nname = "one"\n[tool.ruff]\na = 2\n')
    setup_steps.install_project()
    assert len(machine.calls("python")) == before
    (machine.root / "pyproject.toml").write_text('[project]\nname = "two"\n[tool.ruff]\na = 2\n')
    setup_steps.install_project()
    assert len(machine.calls("python")) == before + 2


def test_an_environment_whose_python_has_gone_is_made_anew(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_of(machine, "exit 127")
    maker = machine.program("python3", f"exec /bin/mkdir -p {machine.root}/.venv/bin")
    monkeypatch.setattr(setup_steps.sys, "executable", str(maker))
    setup_steps.make_environment()
    assert machine.calls("python3") == [f"python3 -m venv {machine.root}/.venv"]
    assert not (machine.root / ".venv" / "bin" / "python").exists()


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_steps.sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SetupError, match=r"Python 3\.11 or newer is needed \(this is 3\.9\.2\)"):
        setup_steps.prepare(testing=False)


def test_a_second_set_up_waits_for_the_first(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    (machine.root / ".cache").mkdir()
    with (machine.root / ".cache" / "setup.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        entered = threading.Event()

        def second() -> None:
            with setup_steps._alone():
                entered.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.2)
        fcntl.flock(first, fcntl.LOCK_UN)
        assert entered.wait(10)
        thread.join()
    assert "another set-up is running" in capsys.readouterr().err

"""A machine to set up: a directory of fake programs that stands for PATH."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tools import progress, setup_steps


class Machine:
    """Fake programs; each call is written to `calls`, one line a call."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.root = folder / "tree"
        self.log = folder / "calls"
        for made in (self.bin, self.root):
            made.mkdir()
        self.log.touch()

    def program(self, name: str, script: str = "", *, folder: Path | None = None) -> Path:
        """A shell script called `name`; it notes how it was called and then runs `script`."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def calls(self, name: str = "") -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith(name)]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin))
    for module in (setup_steps, progress):
        monkeypatch.setattr(module, "ROOT", made.root)
    monkeypatch.setattr(progress, "LOGS", made.root / ".cache" / "logs")
    monkeypatch.setattr(setup_steps, "VENV", made.root / ".venv")
    monkeypatch.setattr(setup_steps, "PYTHON", made.root / ".venv" / "bin" / "python")
    monkeypatch.setattr(setup_steps, "STAMPS", made.root / ".venv" / "stamps")
    return made


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which no test waits for."""
    taken: list[float] = []
    monkeypatch.setattr(setup_steps, "pause", taken.append)
    return taken

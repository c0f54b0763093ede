"""An office on paper: a sound office.toml and board.toml to spoil, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.board import load_board
from gateway.config.load import Configuration, load_configuration
from gateway.config.samples import SIMULATED
from gateway.errors import ConfigError

OFFICE = """\
country = "ru"

[extension.101]
name = "Anna"
station = "fxs1"

[extension.102]
name = "Boris"
station = "fxs2"

[extension.201]
name = "Darya"
station = "sip"

[line.city1]
port = "fxo1"
to = "600"

[line.city2]
port = "fxo2"
to = "101"

[group.600]
name = "Everybody"
members = ["101", "102"]

[queue.610]
name = "Waiting"
members = ["101", "201"]
overflow = "600"

[trunks.city]
lines = ["city1", "city2"]

[[outgoing]]
prefix = "9"
trunks = "city"
strip = 1
"""

BOARD = """\
name = "simulated"

[port.fxs1]
kind = "fxs"
pins = { hook = "sim:0", ring_mode = "sim:1", forward_reverse = "sim:2" }

[port.fxs2]
kind = "fxs"
pins = { hook = "sim:3", ring_mode = "sim:4", forward_reverse = "sim:5" }

[port.fxo1]
kind = "fxo"
pins = { ring = "sim:6", loop_current = "sim:7", loop_switch = "sim:8" }

[port.fxo2]
kind = "fxo"
pins = { ring = "sim:9", loop_current = "sim:10", loop_switch = "sim:11" }
"""

Spoil = Callable[[str, str], None]


class Paper:
    """Two files in a directory; `edit` changes a text that must be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts = {"office.toml": OFFICE, "board.toml": BOARD}

    def edit(self, old: str, new: str, *, file: str = "office.toml") -> Paper:
        assert old in self.texts[file], f"{old!r} is not in {file}"
        self.texts[file] = self.texts[file].replace(old, new, 1)
        return self

    def add(self, text: str, *, file: str = "office.toml") -> Paper:
        self.texts[file] += text
        return self

    def load(self) -> Configuration:
        for name, text in self.texts.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return load_configuration(self.folder / "office.toml", self.folder / "board.toml")

    def refusal(self) -> list[str]:
        """The messages, without the directory."""
        with pytest.raises(ConfigError) as refused:
            self.load()
        return str(refused.value).replace(f"{self.folder}/", "").splitlines()


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(tmp_path)


__all__ = ["BOARD", "OFFICE", "SIMULATED", "Paper", "load_board"]

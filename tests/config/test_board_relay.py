"""The power-fail relay in board.toml: what it must say, and what it may not."""

from __future__ import annotations

# ruff: noqa: E501 - messages stand whole, as they are read
from pathlib import Path

import pytest

from gateway.config.board import load_board
from gateway.errors import ConfigError
from gateway.model.numbers import PortId
from gateway.model.settings import RelaySettings

BOARD = """name = "bench"
[port.fxs1]
kind = "fxs"
pins = { hook = "sim:0", ring_mode = "sim:1", forward_reverse = "sim:2" }
[port.fxo1]
kind = "fxo"
pins = { ring = "sim:6", loop_current = "sim:7", loop_switch = "sim:8" }
[relay]
pin = "sim:9"
line = "fxo1"
telephone = "fxs1"
in_use = "sim:10"
in_use_active_low = true
toggle_hz = 20
release_ms = 300
"""

MISTAKES = [
    ('pin = "sim:9"', 'pin = "sim:8"', '9: [relay]: the pin "pin" is sim:8, which is used by port "fxo1" (loop_switch) already (one pin, one use)'),
    ('in_use = "sim:10"', 'in_use = "sim:9"', '12: [relay]: the pin "in_use" is sim:9, which is used by [relay] (pin) already (one pin, one use)'),
    ('pin = "sim:9"', 'pin = "nine"', '9: [relay]: the pin "pin" is "nine", but is written CHIP:LINE (for example "gpiochip0:17")'),
    ('pin = "sim:9"', 'pin = "header:9"', '9: [relay]: "pin" is header:9, but the line "fxo1" is simulated (a line and its relay are simulated or real together)'),
    ('line = "fxo1"', 'line = "fxs1"', '10: [relay]: "line" is "fxs1", which is no FXO port of this board (did you mean "fxo1"?)'),
    ('line = "fxo1"', 'line = "city"', '10: [relay]: "line" is "city", which is no FXO port of this board (there is fxo1)'),
    ('telephone = "fxs1"', 'telephone = "fxs7"', '11: [relay]: "telephone" is "fxs7", which is no FXS port of this board (did you mean "fxs1"?)'),
    ('in_use = "sim:10"\n', "", '12: [relay]: it has "in_use_active_low", but no "in_use" (name the detector\'s pin or remove this)'),
    ("toggle_hz = 20", "toggle_hz = 5", "14: [relay]: 5 Hz are too slow for a pump that holds 300 ms (write toggle_hz = 7)"),
    ("release_ms = 300", "release_ms = 1001", '15: [relay]: "release_ms" is 1001, but must be at most 1000'),
    ('line = "fxo1"\n', "", '8: [relay]: the field "line" is missing'),
]  # fmt: skip


def load(tmp_path: Path, text: str) -> RelaySettings | None:
    file = tmp_path / "board.toml"
    file.write_text(text, encoding="utf-8")
    return load_board(file)[0].relay


def test_a_relay_is_read_whole(tmp_path: Path) -> None:
    assert load(tmp_path, BOARD) == RelaySettings(
        "sim:9", PortId("fxo1"), PortId("fxs1"), "sim:10", True, toggle_hz=20, release_ms=300
    )
    assert load(tmp_path, BOARD[: BOARD.index("[relay]")]) is None


@pytest.mark.parametrize(
    ("old", "new", "message"), MISTAKES, ids=[m.split(": ", 2)[2][:40] for *_, m in MISTAKES]
)
def test_a_mistake_in_the_relay(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BOARD
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, BOARD.replace(old, new))
    assert f"board.toml:{message}" in str(caught.value)

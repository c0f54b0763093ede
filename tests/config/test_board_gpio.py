"""What a board file may ask of RPi.GPIO and of an expander, and what it may not."""

from __future__ import annotations

# ruff: noqa: E501 - messages stand whole, as they are read
from pathlib import Path

import pytest

from gateway.config.board import load_board
from gateway.errors import ConfigError
from gateway.model.settings import PinLibrary

CITY = """name = "bench"
gpio = "rpi-gpio"
[port.fxo1]
kind = "fxo"
audio = "alsa"
card = "hw:CARD=line1"
pins = { ring = "header:12", loop_current = "header:13", loop_switch = "header:16" }
"""
TELEPHONE = """[port.fxs1]
kind = "fxs"
audio = "alsa"
card = "hw:CARD=line2"
pins = { hook = "header:5", ring_mode = "header:17", forward_reverse = "header:6" }
"""


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "board.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_board(file)
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_city_lines_may_be_worked_by_rpi_gpio_and_gpiod_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / "board.toml"
    file.write_text(CITY, encoding="utf-8")
    assert load_board(file)[0].gpio is PinLibrary.RPI_GPIO
    file.write_text(CITY.replace('gpio = "rpi-gpio"\n', ""), encoding="utf-8")
    assert load_board(file)[0].gpio is PinLibrary.GPIOD


def test_a_hook_is_not_for_rpi_gpio(tmp_path: Path) -> None:
    assert refusal(tmp_path, CITY + TELEPHONE) == (
        'board.toml:12: port "fxs1": the pin "hook" is a hook input, but "gpio" is "rpi-gpio": RPi.GPIO and '
        "rpi-lgpio tell no time of an edge and may miss pulses, so that dialled digits and flashes would be lost "
        '(write gpio = "gpiod")'
    )


def test_rpi_gpio_has_the_header_only(tmp_path: Path) -> None:
    told = refusal(tmp_path, CITY.replace("header:16", "gpiochip1:16"))
    assert told == (
        'board.toml:7: port "fxo1": the pin "loop_switch" is gpiochip1:16, but "gpio" is "rpi-gpio", which knows '
        'the 40 pins only (write "header:N", or gpio = "gpiod")'
    )


def test_another_library_is_refused_by_name(tmp_path: Path) -> None:
    told = refusal(tmp_path, CITY.replace('"rpi-gpio"', '"rpi-gpoi"'))
    assert 'board.toml:2: "gpio" must be "gpiod" or "rpi-gpio", not "rpi-gpoi"' in told


def test_slow_outputs_may_be_on_an_expander_and_inputs_may_not(tmp_path: Path) -> None:
    plain = CITY.replace('gpio = "rpi-gpio"\n', "").replace("header:16", "mcp23017:0")
    file = tmp_path / "board.toml"
    file.write_text(plain, encoding="utf-8")
    assert dict(load_board(file)[0].ports[0].pins)["loop_switch"] == "mcp23017:0"
    assert refusal(tmp_path, plain.replace("header:12", "mcp23017:1")) == (
        'board.toml:6: port "fxo1": the pin "ring" is mcp23017:1, on an expander, which cannot tell when an edge '
        "of a ring came (inputs belong on pins of the processor; slow outputs may stay)"
    )


def test_a_bell_is_not_rung_through_an_expander(tmp_path: Path) -> None:
    slow = (CITY + TELEPHONE).replace('gpio = "rpi-gpio"\n', "").replace("header:6", "pcf8574:2")
    assert refusal(tmp_path, slow) == (
        'board.toml:11: port "fxs1": the pin "forward_reverse" is pcf8574:2, on an expander, which is too slow '
        "to ring a bell with (put forward_reverse on a pin of the processor; ring_mode may stay)"
    )

"""`cityline board`: what a machine lacks of a board, and a draft from what it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.config.board import load_board
from gateway.config.load import Places
from gateway.drivers import machine
from gateway.drivers.alsa import Card
from gateway.drivers.gpio import Chip
from gateway.drivers.machine import ChipLines, Machine, SerialPort
from gateway.errors import ConfigError
from gateway.management.board import draft, misfits
from gateway.management.board_commands import board

BOARDS = Path(__file__).parent.parent.parent / "boards"
PI = BOARDS / "pi-4fxo-4fxs" / "board.toml"
HEADER = ChipLines(Chip("/dev/gpiochip0", "gpiochip0", "pinctrl-bcm2711", ("brcm,bcm2711-gpio",)), 58)
CARDS = tuple(Card(n, f"line{n}", "USB PnP Sound Device", f"usb:1-1.{n}") for n in range(1, 5))


def found(machine: Machine) -> list[str]:
    settings, document = load_board(PI)
    return [
        text.replace(f"{PI}:", "")
        for text in misfits(settings, Places(document.name, document.index), machine)
    ]


def test_a_machine_that_has_everything_fits() -> None:
    assert found(Machine((HEADER,), CARDS)) == []


def test_our_own_lines_are_no_strangers() -> None:
    ours = ChipLines(HEADER.chip, 58, {10: "cityline", 20: "cityline"})
    assert found(Machine((ours,), CARDS)) == []


def test_a_line_that_somebody_has_a_missing_card_and_a_short_chip_are_told() -> None:
    taken = ChipLines(HEADER.chip, 27, {10: "spi0 CS0"})
    assert found(Machine((taken,), CARDS[1:])) == [
        "21: port \"fxs1\": hook: line 10 of gpiochip0 is taken by 'spi0 CS0'",
        '19: port "fxs1": there is no sound card in the socket usb:1-1.1. Cards that are: '
        "line2 (USB PnP Sound Device) in usb:1-1.2; line3 (USB PnP Sound Device) in usb:1-1.3; "
        "line4 (USB PnP Sound Device) in usb:1-1.4. Plug it in there, or correct `card` in board.toml.",
        '76: port "fxo4": loop_switch: gpiochip0 (pinctrl-bcm2711) has lines 0 to 26',
    ]


def test_what_all_pins_lack_is_told_once() -> None:
    (told,) = found(Machine((), CARDS))
    assert (
        told == "21: port \"fxs1\": hook: there is no GPIO chip 'header' here; there is no GPIO chip at all"
    )


def test_a_draft_names_what_is_there_and_is_refused_until_the_pins_are_filled_in(tmp_path: Path) -> None:
    modem = SerialPort("/dev/ttyUSB2", 0x1E0E, 0x9001, "1-1.4", "SimTech")
    text = draft(Machine((HEADER,), CARDS[:1], (modem,), ("no luck",)), "attic")
    assert 'gpiochip0 (pinctrl-bcm2711), 58 lines, written "header:LINE" (the 40 pins)' in text
    assert "ttyUSB2, USB 1e0e:9001 in socket 1-1.4: SimTech" in text
    assert "# Not looked at: no luck" in text
    file = tmp_path / "board.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="missing in the pins"):
        load_board(file)
    pins = 'pins = { hook = "header:10", ring_mode = "header:20", forward_reverse = "header:16" }'
    file.write_text(text.replace("pins = { }", pins), encoding="utf-8")
    settings, _document = load_board(file)
    assert (settings.name, settings.ports[0].card) == ("attic", "usb:1-1.1")


def test_check_ends_with_2_and_the_lines_or_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    run = CliRunner().invoke
    monkeypatch.setattr(machine, "survey", lambda: Machine((HEADER,), CARDS[1:]))
    refused = run(board, ["check", str(PI)])
    assert refused.exit_code == 2
    assert "there is no sound card in the socket usb:1-1.1" in refused.output
    assert run(board, ["check", "--file-only", str(PI)]).exit_code == 0
    monkeypatch.setattr(machine, "survey", lambda: Machine((HEADER,), CARDS))
    assert run(board, ["check", str(PI)]).exit_code == 0


def test_probe_writes_a_file_and_overwrites_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "survey", lambda: Machine((HEADER,), CARDS))
    out = tmp_path / "new.toml"
    run = CliRunner().invoke
    assert run(board, ["probe", "--out", str(out)]).exit_code == 0
    written = out.read_text(encoding="utf-8")
    assert written.count("[port.") == 4
    again = run(board, ["probe", "--out", str(out)])
    assert again.exit_code == 2
    assert out.read_text(encoding="utf-8") == written

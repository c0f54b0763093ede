"""Modems in board.toml and office.toml: the right input, and what each wrong one is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.config.load import Configuration, load_configuration
from gateway.config.samples import SIMULATED
from gateway.errors import ConfigError
from gateway.model.numbers import PortId
from gateway.model.settings import AudioKind, TrunkChoice

GSM1 = PortId("gsm1")


def load(
    folder: Path, *, board: tuple[str, str] = ("", ""), office: tuple[str, str] = ("", "")
) -> Configuration:
    for name, (old, new) in (("modem-board.toml", board), ("modem.toml", office)):
        text = (SIMULATED / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return load_configuration(folder / "modem.toml", folder / "modem-board.toml")


def refusal(folder: Path, **edits: tuple[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, **edits)
    return str(caught.value)


def test_a_modem_is_read_with_its_imei_and_its_family(tmp_path: Path) -> None:
    loaded = load(tmp_path, board=('family = "huawei"', 'family = "auto"\naudio = "serial"'))
    port = next(port for port in loaded.board.ports if port.port == GSM1)
    assert (port.imei, port.family, port.audio) == ("356938035643801", "", AudioKind.SERIAL)
    assert not port.simulated
    assert loaded.board.modem_directory == "/dev/serial/by-path"
    assert [group.choose for group in loaded.office.trunk_groups] == [TrunkChoice.ORDER, TrunkChoice.SIGNAL]
    assert [line.messages_to for line in loaded.office.city_lines] == ["", "101", ""]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('imei = "356938035643801"', 'imei = "12"', "imei"),
        ('imei = "356938035643801"\n', "", '"imei" is missing'),
        ('imei = "356938035643801"', 'imei = "356938035643819"', "belongs to port"),
        ('family = "huawei"', 'family = "nokia"', "family"),
        ('family = "huawei"', 'family = "huawei"\npins = { ring = "sim:40" }', "a modem has no pin"),
        ('family = "huawei"', 'family = "huawei"\naudio = "alsa"\ncard = "hw:CARD=x"', "has no sound card"),
        ('family = "huawei"', 'family = "huawei"\nring_hz = 25', "ring_hz"),
        (
            '[port.fxo1]\nkind = "fxo"',
            '[port.fxo1]\nkind = "fxo"\nimei = "356938035643827"',
            "belongs to a modem",
        ),
        ('[port.fxo1]\nkind = "fxo"', '[port.fxo1]\nkind = "fxo"\naudio = "serial"', "only a modem"),
        (
            'family = "huawei"',
            'family = "huawei"\naudio = "serial"\ncard = "hw:0"',
            "belongs to a sound card",
        ),
    ],
)
def test_a_mistake_on_the_board_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    told = refusal(tmp_path, board=(old, new))
    assert why in told
    assert "modem-board.toml:" in told


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('\nchoose = "signal"', '\nchoose = "luck"', "choose"),
        ('messages_to = "101"', 'messages_to = "999"', "which is not there"),
        ('number = "4951230001"', 'number = "4951230001"\nmessages_to = "101"', "only a modem's line"),
        (
            'station = "fxs3"',
            'station = "fxs3"\npaired_line = "mobile2"',
            "is a modem, which has no dial tone",
        ),
    ],
)
def test_a_mistake_in_the_office_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert why in refusal(tmp_path, office=(old, new))


def with_pin(folder: Path, content: bytes, mode: int = 0o600) -> dict[str, tuple[str, str]]:
    (folder / "gsm1.pin").write_bytes(content)
    os.chmod(folder / "gsm1.pin", mode)
    return {"board": ('family = "huawei"', 'family = "huawei"\npin_file = "gsm1.pin"')}


def test_a_pin_is_in_the_configuration_and_in_nothing_that_is_shown(tmp_path: Path) -> None:
    loaded = load(tmp_path, **with_pin(tmp_path, b"4271\n"))
    assert loaded.pins == {GSM1: "4271"}
    assert "4271" not in repr(loaded)
    assert "4271" not in repr(loaded.board)


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"4271", 0o644, "chmod 600"),
        (b"12", 0o600, "does not hold a PIN"),
        (b"\xff\xfe\x00", 0o600, "does not hold a PIN"),
        (b"4" * 5_000, 0o600, "does not hold a PIN"),
    ],
)
def test_a_pin_file_that_is_none_is_refused(tmp_path: Path, content: bytes, mode: int, why: str) -> None:
    assert why in refusal(tmp_path, **with_pin(tmp_path, content, mode))


def test_a_pin_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    edits = with_pin(tmp_path, b"")
    (tmp_path / "gsm1.pin").unlink()
    assert "cannot be read" in refusal(tmp_path, **edits)

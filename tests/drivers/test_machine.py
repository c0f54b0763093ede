"""What is plugged into a machine, looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.drivers import machine
from gateway.drivers.alsa import Card
from gateway.errors import HardwareError


def test_a_card_is_known_by_the_usb_socket_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "usb1" / "1-1" / "1-1.2" / "1-1.2:1.0"
    pci = tmp_path / "pci0000" / "0000"
    for index, device in enumerate((socket, pci)):
        device.mkdir(parents=True)
        (tmp_path / f"card{index}").mkdir()
        (tmp_path / f"card{index}" / "device").symlink_to(device)
    cards = (Card(0, "line1", "USB"), Card(1, "PCH", "Intel"), Card(2, "gone", "USB"))
    monkeypatch.setattr(machine, "SOUND_CLASS", tmp_path)
    monkeypatch.setattr(machine.alsa, "library", lambda: None)
    monkeypatch.setattr(machine.alsa, "list_cards", lambda library: cards)
    assert [sound.usb_path for sound in machine.survey().cards] == ["1-1.2", "", ""]


def test_what_cannot_be_looked_at_is_told_and_the_rest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise HardwareError("the library is missing")

    monkeypatch.setattr(machine.alsa, "library", missing)
    monkeypatch.setattr(machine.gpio, "library", missing)
    found = machine.survey()
    assert (found.chips, found.cards) == ((), ())
    assert found.unseen == ("the library is missing",) * 2

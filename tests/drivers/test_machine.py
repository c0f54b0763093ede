"""What is plugged into a machine, looked up."""

from __future__ import annotations

import pytest

from gateway.drivers import machine
from gateway.drivers.alsa import Card
from gateway.errors import HardwareError


def test_cards_are_those_that_the_library_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = (Card(0, "line1", "USB", "usb:1-1.2"), Card(1, "PCH", "Intel"))
    monkeypatch.setattr(machine.alsa, "library", lambda: None)
    monkeypatch.setattr(machine.alsa, "list_cards", lambda library: cards)
    assert machine.survey().cards == cards


def test_what_cannot_be_looked_at_is_told_and_the_rest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise HardwareError("the library is missing")

    monkeypatch.setattr(machine.alsa, "library", missing)
    monkeypatch.setattr(machine.gpio, "library", missing)
    found = machine.survey()
    assert (found.chips, found.cards) == ((), ())
    assert found.unseen == ("the library is missing",) * 2

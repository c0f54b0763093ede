"""Sound cards are found, set and opened; and again when they were away: with the kernel's mixer and cards as
`tests.drivers.test_alsa.Kernel` has them, and a core that remembers what it was told.
"""

from dataclasses import dataclass, field, replace

import pytest

from gateway.drivers import alsa
from gateway.errors import HardwareError
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PortKind, PortSettings
from gateway.runtime.sound_cards import SoundCards, core_port, on_card
from tests.drivers.test_alsa import Kernel

LEFT = PortSettings(PortId("fxs1"), PortKind.FXS, NodeId(1), AudioKind.ALSA, "hw:CARD=line1")
RIGHT = replace(LEFT, port=PortId("fxs2"), node=NodeId(2), card_side=1)
OTHER = replace(LEFT, port=PortId("fxs3"), node=NodeId(3), card="hw:CARD=line7")
PLUG_IN = replace(LEFT, port=PortId("fxs4"), node=NodeId(4), card="near0")
WIRE = PortSettings(PortId("fxs5"), PortKind.FXS, NodeId(5))


@dataclass
class Core:
    """What of the signal core is used."""

    done: list[tuple[str, int, str]] = field(default_factory=list)
    refuses: str = ""

    def unplug_card(self, node: NodeId) -> None:
        self.done.append(("unplug", node, ""))

    def plug_card(self, node: NodeId, device: str) -> None:
        if self.refuses:
            raise HardwareError(f"sound card {device}: {self.refuses}")
        self.done.append(("plug", node, device))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(alsa, "library", lambda: kernel)
    return kernel


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def notices() -> list[tuple[PortId, str]]:
    return []


@pytest.fixture
def cards(core: Core, notices: list[tuple[PortId, str]], kernel: Kernel) -> SoundCards:
    return SoundCards(core, lambda port, text: notices.append((port, text)))  # type: ignore[arg-type]


def test_a_card_is_opened_once_for_both_its_lines_and_its_mixer_is_set_for_each(
    cards: SoundCards, core: Core, kernel: Kernel
) -> None:
    kernel.controls["Speaker"].sides = 2
    ports = (replace(LEFT, playback_percent=80), replace(RIGHT, playback_percent=60))
    assert cards.bring_back(ports) == {}
    assert core.done == [("unplug", 1, ""), ("plug", 1, "hw:CARD=line1")]
    assert kernel.controls["Speaker"].percent[Kernel.PCM_PLAYBACK] == [80, 60]


def test_a_card_that_is_not_there_fails_its_port_and_no_other(cards: SoundCards, core: Core) -> None:
    failures = cards.bring_back((OTHER, LEFT))
    assert list(failures) == [PortId("fxs3")]
    assert 'sound card "line7"' in failures[PortId("fxs3")]
    assert ("plug", 1, "hw:CARD=line1") in core.done


def test_a_card_that_is_back_has_its_mixer_set_anew(cards: SoundCards, core: Core, kernel: Kernel) -> None:
    cards.bring_back((LEFT,))
    kernel.controls["Auto Gain Control"].plays = True  # as a card has it that was just plugged in
    cards.bring_back((LEFT,))
    assert kernel.controls["Auto Gain Control"].plays is False
    assert core.done == [("unplug", 1, ""), ("plug", 1, "hw:CARD=line1")] * 2


def test_a_card_that_cannot_be_opened_is_answered_with_what_to_do(cards: SoundCards, core: Core) -> None:
    core.refuses = "Device or resource busy"
    (reason,) = cards.bring_back((LEFT,)).values()
    assert reason == (
        "sound card hw:CARD=line1: Device or resource busy: plug the card in, "
        "or correct `card` of port fxs1 in board.toml"
    )


def test_a_plug_in_has_no_mixer(cards: SoundCards, core: Core, notices: list[tuple[PortId, str]]) -> None:
    assert cards.bring_back((PLUG_IN,)) == {}
    assert core.done[-1] == ("plug", 4, "near0")
    assert notices == []


def test_what_a_card_lacks_is_told_once(
    cards: SoundCards, kernel: Kernel, notices: list[tuple[PortId, str]]
) -> None:
    del kernel.controls["Mic"]
    port = replace(LEFT, capture_percent=40)
    cards.bring_back((port,))
    cards.bring_back((port,))
    (told,) = notices
    assert told == (
        PortId("fxs1"),
        "sound card line1 (USB PnP Sound Device) has no capture fader: capture_percent = 40 has no effect: "
        "remove it from board.toml",
    )


def test_after_the_end_nothing_is_opened(cards: SoundCards, core: Core) -> None:
    cards.stop()
    assert cards.bring_back((LEFT,)) == {}
    assert core.done == []


def test_a_port_of_the_core_begins_without_its_card() -> None:
    port = core_port(RIGHT, 304)
    assert (port.node, port.echo_delay_samples) == (NodeId(2), 304)
    assert port.audio.absent  # type: ignore[union-attr]
    assert on_card((WIRE, RIGHT)) == [RIGHT]

"""Sound cards: names, what is there, and the mixer of a card like those in the line modules."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.drivers import alsa
from gateway.drivers.alsa import Card, alsa_name, card_of, list_cards, require_card, socket_of
from gateway.errors import HardwareError

CARDS = (Card(0, "Headphones", "bcm2835 Headphones"), Card(2, "line1", "USB PnP Sound Device"))


class RefusedError(Exception):
    """What pyalsaaudio raises."""


@dataclass
class Control:
    """A simple mixer control that remembers what was done to it, and refuses what it cannot do, as the
    kernel does.
    """

    switches: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    plays: bool | None = None
    captures: bool | None = None
    sides: int = 1
    percent: dict[int, list[int]] = field(default_factory=dict)
    closed: bool = False

    def switchcap(self) -> tuple[str, ...]:
        return self.switches

    def volumecap(self) -> tuple[str, ...]:
        return self.volumes

    def setmute(self, mute: int) -> None:
        if not any("Mute" in switch and "Capture" not in switch for switch in self.switches):
            raise RefusedError("no playback switch")
        self.plays = not mute

    def setrec(self, capture: int) -> None:
        if not any("Capture" in switch for switch in self.switches):
            raise RefusedError("no capture switch")
        self.captures = bool(capture)

    def getvolume(self, *, pcmtype: int) -> list[int]:
        return self.percent.setdefault(pcmtype, [0] * self.sides)

    def setvolume(self, volume: int, *, channel: int, pcmtype: int) -> None:
        now = self.getvolume(pcmtype=pcmtype)
        for side in range(self.sides) if channel == Kernel.MIXER_CHANNEL_ALL else (channel,):
            now[side] = volume

    def close(self) -> None:
        self.closed = True


class Kernel:
    """The cards of CARDS; card 2 is a CM108: speaker, microphone with side tone, automatic gain."""

    ALSAAudioError = RefusedError
    PCM_PLAYBACK = 0
    PCM_CAPTURE = 1
    MIXER_CHANNEL_ALL = -1

    def __init__(self) -> None:
        self.controls = {
            "Speaker": Control(("Playback Mute", "Joined Playback Mute"), ("Playback Volume",)),
            "Mic": Control(
                ("Playback Mute", "Joined Playback Mute", "Capture Mute", "Joined Capture Mute"),
                ("Playback Volume", "Joined Playback Volume", "Capture Volume", "Joined Capture Volume"),
            ),
            "Auto Gain Control": Control(("Playback Mute", "Joined Playback Mute")),
            "Mic Boost": Control(("Capture Mute",)),
            "Digital In": Control(),
        }

    def cards(self) -> list[str]:
        return [card.id for card in CARDS]

    def card_indexes(self) -> list[int]:
        return [card.index for card in CARDS]

    def card_name(self, index: int) -> tuple[str, str]:
        return next((card.name, f"{card.name} at usb-1.2") for card in CARDS if card.index == index)

    def mixers(self, *, cardindex: int) -> list[str]:
        if cardindex != 2:
            raise RefusedError(f"No such file or directory [hw:{cardindex}]")
        return list(self.controls)

    def Mixer(self, *, control: str, cardindex: int) -> Control:  # noqa: N802
        assert cardindex == 2
        return self.controls[control]


@pytest.mark.parametrize(
    ("device", "card"),
    [
        ("hw:CARD=line1", "line1"),
        ("hw:CARD=line1,DEV=0", "line1"),
        ("plughw:line1,0", "line1"),
        ("hw:2", "2"),
        ("hw:2,0", "2"),
        ("default", None),
        ("near0", None),
    ],
)
def test_the_card_is_read_from_the_device_name(device: str, card: str | None) -> None:
    assert card_of(device) == card


def test_cards_are_listed_with_number_id_and_name() -> None:
    assert list_cards(Kernel()) == CARDS


@pytest.mark.parametrize("device", ["hw:CARD=line1", "hw:2,0"])
def test_a_card_is_found_by_id_and_by_number(device: str) -> None:
    assert require_card(device, CARDS) == CARDS[1]


def test_a_plug_in_is_no_card() -> None:
    assert require_card("default", CARDS) is None


def test_a_missing_card_is_named_with_what_is_there_and_what_to_do() -> None:
    with pytest.raises(HardwareError) as caught:
        require_card("hw:CARD=line2", CARDS)
    text = str(caught.value)
    assert 'sound card "line2" (device hw:CARD=line2) is not there' in text
    assert "Headphones (bcm2835 Headphones); line1 (USB PnP Sound Device)" in text
    assert "Plug it in, or correct `card` in board.toml" in text


def test_without_any_card_it_says_so() -> None:
    with pytest.raises(HardwareError, match="Cards that are: none at all"):
        require_card("hw:0", ())


@pytest.mark.parametrize(
    ("device", "bus", "socket"),
    [
        ("usb1/1-1/1-1.3/1-1.3:1.0", "usb", "usb:1-1.3"),
        ("platform/snd_aloop.0", "platform", "platform:snd_aloop.0"),
        ("pci0000:00/0000:00:1f.3", "pci", "pci:0000:00:1f.3"),
    ],
)
def test_the_socket_of_a_card_is_read_from_its_device(
    tmp_path: Path, device: str, bus: str, socket: str
) -> None:
    folder = tmp_path / "devices" / device
    folder.mkdir(parents=True)
    (tmp_path / "bus" / bus).mkdir(parents=True)
    (folder / "subsystem").symlink_to(tmp_path / "bus" / bus)
    card = tmp_path / "card3"
    card.mkdir()
    (card / "device").symlink_to(folder)
    assert socket_of(card / "device") == socket


def test_a_card_without_a_device_is_in_no_socket(tmp_path: Path) -> None:
    assert socket_of(tmp_path / "nothing") == ""


SOCKETED = (Card(0, "Device", "USB Audio", "usb:1-1.2"), Card(4, "Device_1", "USB Audio", "usb:1-1.3"))


def test_a_card_is_found_by_its_socket_whatever_its_number_is_today() -> None:
    card = require_card("usb:1-1.3", SOCKETED)
    assert card == SOCKETED[1]
    assert alsa_name("usb:1-1.3", card) == "hw:4"
    assert alsa_name("hw:CARD=Device", SOCKETED[0]) == "hw:CARD=Device"
    assert alsa_name("near0", None) == "near0"


def test_an_empty_socket_is_named_with_the_cards_and_their_sockets() -> None:
    with pytest.raises(HardwareError) as caught:
        require_card("usb:1-1.4", SOCKETED)
    text = str(caught.value)
    assert "there is no sound card in the socket usb:1-1.4" in text
    assert "Device_1 (USB Audio) in usb:1-1.3" in text
    assert "correct `card` in board.toml" in text


def test_without_the_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", None)
    with pytest.raises(HardwareError, match=r"pip install 'cityline\[board\]'"):
        alsa.library()


def test_the_real_library_has_what_is_used_of_it() -> None:
    pytest.importorskip("alsaaudio", reason="pyalsaaudio is not installed (extra `board`)")
    module = alsa.library()
    assert isinstance(list_cards(module), tuple)
    for name in ("Mixer", "mixers", "ALSAAudioError", "PCM_PLAYBACK", "PCM_CAPTURE"):
        assert hasattr(module, name)

"""Sound cards: names, what is there, and the mixer of a card like those in the line modules."""

import sys
from dataclasses import dataclass, field

import pytest

from gateway.drivers import alsa
from gateway.drivers.alsa import Card, MixerSettings, card_of, list_cards, require_card, settle_mixer
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
    percent: dict[int, int] = field(default_factory=dict)
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

    def setvolume(self, volume: int, *, pcmtype: int) -> None:
        self.percent[pcmtype] = volume

    def close(self) -> None:
        self.closed = True


class Kernel:
    """The cards of CARDS; card 2 is a CM108: speaker, microphone with side tone, automatic gain."""

    ALSAAudioError = RefusedError
    PCM_PLAYBACK = 0
    PCM_CAPTURE = 1

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


def test_the_mixer_of_a_line_has_no_agc_no_side_tone_no_boost() -> None:
    kernel = Kernel()
    done = settle_mixer(CARDS[1], kernel, MixerSettings(playback_percent=90, capture_percent=40))
    speaker, mic, agc = (kernel.controls[name] for name in ("Speaker", "Mic", "Auto Gain Control"))
    assert (speaker.plays, speaker.percent) == (True, {Kernel.PCM_PLAYBACK: 90})
    assert (mic.plays, mic.captures, mic.percent) == (False, True, {Kernel.PCM_CAPTURE: 40})
    assert agc.plays is False
    assert kernel.controls["Mic Boost"].captures is False
    assert all(control.closed for control in kernel.controls.values())
    assert "Mic: side tone muted" in done
    assert "Auto Gain Control: switched off" in done
    assert not any(line.startswith("Digital In") for line in done)


def test_a_card_that_has_gone_is_told_as_such() -> None:
    with pytest.raises(HardwareError, match="mixer of sound card Headphones cannot be set: No such file"):
        settle_mixer(CARDS[0], Kernel())


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

"""The mixer of a card like those in the line modules: what is switched off, where the faders stand, what it
lacks.
"""

import pytest

from gateway.drivers.alsa import Card
from gateway.drivers.card_mixer import MixerSettings, settle_mixer
from gateway.errors import HardwareError
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PortKind, PortSettings
from tests.drivers.test_alsa import CARDS, Control, Kernel


def test_the_mixer_of_a_line_has_no_agc_no_side_tone_no_boost() -> None:
    kernel = Kernel()
    report = settle_mixer(CARDS[1], kernel, MixerSettings(playback_percent=90, capture_percent=40))
    speaker, mic, agc = (kernel.controls[name] for name in ("Speaker", "Mic", "Auto Gain Control"))
    assert (speaker.plays, speaker.percent) == (True, {Kernel.PCM_PLAYBACK: [90]})
    assert (mic.plays, mic.captures, mic.percent) == (False, True, {Kernel.PCM_CAPTURE: [40]})
    assert agc.plays is False
    assert kernel.controls["Mic Boost"].captures is False
    assert all(control.closed for control in kernel.controls.values())
    assert "Mic: side tone muted" in report.done
    assert "Auto Gain Control: switched off" in report.done
    assert not any(line.startswith("Digital In") for line in report.done)
    assert report.lacking == ()


def test_faders_that_the_board_says_nothing_of_stand_where_the_driver_has_them() -> None:
    kernel = Kernel()
    settle_mixer(CARDS[1], kernel)
    assert kernel.controls["Speaker"].percent == {Kernel.PCM_PLAYBACK: [100]}
    assert kernel.controls["Mic"].percent == {Kernel.PCM_CAPTURE: [50]}


def test_two_lines_on_one_card_have_a_fader_each() -> None:
    kernel = Kernel()
    speaker = kernel.controls["Speaker"]
    speaker.sides = 2
    settle_mixer(CARDS[1], kernel, MixerSettings(playback_percent=90, side=0))
    report = settle_mixer(CARDS[1], kernel, MixerSettings(playback_percent=70, side=1))
    assert speaker.percent == {Kernel.PCM_PLAYBACK: [90, 70]}
    assert "Speaker: playback at 70 % (right)" in report.done


def test_what_the_board_sets_and_the_card_has_not_is_named() -> None:
    kernel = Kernel()
    kernel.controls = {"Mic": Control(("Capture Mute",), ())}
    report = settle_mixer(CARDS[1], kernel, MixerSettings(playback_percent=0, capture_percent=40))
    assert report.lacking == (
        "no playback fader: playback_percent = 0 has no effect",
        "no capture fader: capture_percent = 40 has no effect",
    )
    assert "no automatic gain control to switch off" in report.done
    assert "no side tone to mute" in report.done
    assert settle_mixer(CARDS[1], kernel).lacking == ()


def test_the_settings_of_a_port_are_those_of_the_board() -> None:
    port = PortSettings(PortId("fxo1"), PortKind.FXO, NodeId(1), AudioKind.ALSA, "usb:1-1", card_side=1)
    assert MixerSettings.of(port) == MixerSettings(None, None, side=1)


def test_a_card_that_has_gone_is_told_as_such() -> None:
    with pytest.raises(HardwareError, match="mixer of sound card Headphones cannot be set: No such file"):
        settle_mixer(Card(0, "Headphones", ""), Kernel())

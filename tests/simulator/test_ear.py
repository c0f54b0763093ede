"""The ear of the bench tells the Russian tones, and only them."""

import pytest

from gateway.simulator import meters
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.wires import LoneDevice

FRAME = 160


def hearing(
    frequencies_hz: tuple[float, ...],
    cadence_ms: tuple[int, ...],
    level_dbm0: float = -12.0,
    ms: int = 11_000,
) -> Ear:
    mouth, ear = LoneDevice(1), LoneDevice(2)
    if frequencies_hz:
        mouth.say_tone(frequencies_hz, level_dbm0, cadence_ms)
    for _ in range(ms // 20):
        ear.exchange(mouth.exchange(bytes(2 * FRAME)))
    return Ear(ear)


@pytest.mark.parametrize(
    ("frequencies_hz", "cadence_ms", "heard"),
    [
        ((), (), Heard.SILENCE),
        ((425.0,), (), Heard.DIAL),
        ((425.0,), (1_000, 4_000), Heard.RINGBACK),
        ((425.0,), (350, 350), Heard.BUSY),
        ((425.0,), (175, 175), Heard.CONGESTION),
        ((1400.0, 2060.0, 2450.0, 2600.0), (100, 100), Heard.HOWLER),
        ((488.75,), (), Heard.SOUND),  # 15 % sharp
        ((488.75,), (350, 350), Heard.SOUND),
    ],
)
def test_a_tone_is_known_by_pitch_and_cadence(
    frequencies_hz: tuple[float, ...], cadence_ms: tuple[int, ...], heard: Heard
) -> None:
    assert hearing(frequencies_hz, cadence_ms).hears() is heard


@pytest.mark.parametrize("cadence_ms", [(350, 480), (250, 250), (1_000, 2_000), (700, 700)])
def test_a_wrong_cadence_is_no_tone_that_has_a_name(cadence_ms: tuple[int, ...]) -> None:
    assert hearing((425.0,), cadence_ms).hears() in (Heard.TONE, Heard.SILENCE, Heard.SOUND)


def test_speech_is_sound_and_found_again_by_who_said_it() -> None:
    anna, boris = LoneDevice(1), LoneDevice(2)
    anna.say_speech(1)
    boris.say_speech(2)
    for _ in range(200):
        said = anna.exchange(bytes(2 * FRAME))
        boris.exchange(said)
    ear = Ear(boris)
    assert ear.hears() is Heard.SOUND
    assert ear.finds(Ear(anna)).correlation > 0.99
    assert abs(ear.finds(Ear(anna)).gain_db) < 0.1
    assert abs(ear.finds(ear).correlation) < 0.4


def test_meters_of_nothing() -> None:
    assert meters.level_dbm0(b"") == -100.0
    assert meters.dominant_hz(b"") == (0.0, 0.0)
    assert meters.cadence(b"", 425.0) == []
    assert meters.match(b"", b"") == meters.NO_MATCH
    assert meters.match(bytes(100), bytes(50)) == meters.NO_MATCH


def test_an_edge_that_flickers_is_one_edge() -> None:
    mouth = LoneDevice(1)
    for tone_ms, pause_ms in ((350, 10), (10, 340), (350, 345)):
        mouth.say_tone((425.0,), -12.0, (), tone_ms)
        mouth.say_silence(pause_ms)
    heard = b"".join(mouth.exchange(bytes(2 * FRAME)) for _ in range(70))
    assert [stretch.on for stretch in meters.cadence(heard, 425.0)] == [True, False, True, False]
    assert meters.cadence(heard, 425.0)[1].duration_ms > 320

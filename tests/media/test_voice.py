"""Whether somebody speaks on a city line: no tone of the country's plan is a voice, over a noisy line too."""

import random
from collections.abc import Iterator
from itertools import repeat

import pytest

from gateway.media.core import CorePort, CoreSettings, SignalCore, WireAudio
from gateway.media.tones import tone_plan
from gateway.model.events import VoiceHeard
from gateway.model.numbers import NodeId, PortId, ToneKind
from gateway.model.plan import Detectors, Plan, PortNode, ToneSegment
from gateway.simulator.wires import LoneDevice
from tests.media.lines import Line, amplitude

LISTENS = Detectors.CALL_PROGRESS | Detectors.VOICE
SNR_DB = 12.0


def voices(country: str, samples: Iterator[int], ms: int) -> list[bool]:
    """What is told of a line of that country that sounds so."""
    line = Line()
    core = SignalCore(
        CoreSettings(
            ports=(CorePort(NodeId(1), WireAudio(line.exchange, 0)),), tones=tone_plan(country).heard
        )
    )
    line.says(samples)
    core.apply(Plan(1, (PortNode(NodeId(1), PortId("fxo1"), LISTENS),), ()))
    told = []
    for _ in range(ms // 10):
        core.tick()
        told += [event.present for event in core.events() if isinstance(event, VoiceHeard)]
    core.close()
    return told


def sounds(segments: tuple[ToneSegment, ...], noise_dbm0: float) -> Iterator[int]:
    """A tone of the plan, with steady noise, for ever."""
    device = LoneDevice(3)
    noise = random.Random(7)
    sigma = amplitude(noise_dbm0) / 2**0.5
    while True:
        if not device.speaking:
            for segment in segments:
                lasts = segment.duration_ms or 4_000
                if segment.frequencies_hz:
                    device.say_tone(segment.frequencies_hz, segment.level_dbm0, (), lasts)
                else:
                    device.say_silence(lasts)
        block = memoryview(device.exchange(bytes(160))).cast("h")
        yield from (round(sample + noise.gauss(0, sigma)) for sample in block)


@pytest.mark.parametrize("kind", [ToneKind.DIAL, ToneKind.RINGBACK, ToneKind.BUSY, ToneKind.CONGESTION])
@pytest.mark.parametrize("country", ["ru", "us", "gb", "de", "au", "jp", "in", "fr"])
def test_a_tone_over_a_noisy_line_is_no_voice(country: str, kind: ToneKind) -> None:
    segments = tone_plan(country).segments(kind)
    level = max(segment.level_dbm0 for segment in segments if segment.frequencies_hz)
    assert True not in voices(country, sounds(segments, level - SNR_DB), 9_000)


def test_a_voice_is_told_and_its_end() -> None:
    device = LoneDevice(3)
    device.say_silence(1_000)
    device.say_speech(5, -25.0, 3_000)
    device.say_silence(60_000)

    def samples() -> Iterator[int]:
        while True:
            yield from memoryview(device.exchange(bytes(160))).cast("h")

    assert voices("ru", samples(), 8_000) == [True, False]


def test_a_silent_line_is_told_once() -> None:
    assert voices("ru", repeat(0), 10_000) == [False]

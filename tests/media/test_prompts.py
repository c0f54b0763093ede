"""Recordings are read whole, or refused with the file, the reason and the remedy."""

import math
import wave
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.media.prompts import SOUNDS, read_recording
from gateway.media.spoken import WORDS, clip_of
from gateway.model.signals import WarningKind


def write_wav(
    path: Path, *, rate_hz: int = 8_000, tracks: int = 1, sample_bytes: int = 2, frames: int = 80
) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(tracks)
        sound.setsampwidth(sample_bytes)
        sound.setframerate(rate_hz)
        sound.writeframes(bytes(range(256)) * (frames * tracks * sample_bytes // 256 + 1))
    return path


def test_the_shipped_hold_music_is_sixteen_seconds_and_loops_without_a_click() -> None:
    samples = memoryview(read_recording(SOUNDS / "hold.wav")).cast("h").tolist()
    assert len(samples) == 16 * 8_000
    steps = [abs(after - before) for before, after in pairwise(samples)]
    assert abs(samples[0] - samples[-1]) <= max(steps)


def test_a_right_recording_is_read_as_it_is(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "right.wav", frames=160)
    assert read_recording(path)[:4] == bytes([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("wrong", "phrase"),
    [
        ({"rate_hz": 44_100}, "44100 Hz where 8000 Hz"),
        ({"tracks": 2}, "2 tracks"),
        ({"sample_bytes": 1}, "8 bits"),
    ],
)
def test_a_wrong_format_names_the_file_what_is_wrong_and_the_command(
    tmp_path: Path, wrong: dict[str, int], phrase: str
) -> None:
    path = write_wav(tmp_path / "wrong.wav", **wrong)
    with pytest.raises(ConfigError) as refused:
        read_recording(path)
    message = str(refused.value)
    assert str(path) in message
    assert phrase in message
    assert "sox wrong.wav -r 8000" in message


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file is not there"):
        read_recording(tmp_path / "gone.wav")


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
    with pytest.raises(ConfigError, match="the recording is empty"):
        read_recording(path)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_foreign_bytes_are_read_or_refused_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("wav") / "garbage.wav"
    right = write_wav(path).read_bytes()
    path.write_bytes(right[:cut] + garbage)
    try:
        samples = read_recording(path)
    except ConfigError:
        return
    assert len(samples) >= 2
    assert len(samples) % 2 == 0


@pytest.mark.parametrize("kind", WarningKind)
@pytest.mark.parametrize("country", ["ru", "kz", "us", "de"])
def test_every_warning_is_there_in_words_at_the_level_of_a_voice(kind: WarningKind, country: str) -> None:
    samples = memoryview(read_recording(SOUNDS / f"{clip_of(kind, country)}.wav")).cast("h").tolist()
    rms_dbfs = 20 * math.log10(math.sqrt(sum(x * x for x in samples) / len(samples)) / 32_768)
    assert 1.5 < len(samples) / 8_000 < 8.0
    assert -24.0 < rms_dbfs < -18.0
    assert max(map(abs, samples)) < 32_767
    assert clip_of(kind, country) in WORDS

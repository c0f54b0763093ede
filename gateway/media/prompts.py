"""Recordings as the signal core wants them: WAV files of 16-bit mono at 8 kHz, read with an error that says
what to convert.
"""

import wave
from pathlib import Path

from gateway.errors import ConfigError, Problem

RATE_HZ = 8_000
SAMPLE_BYTES = 2
LONGEST_S = 600
"""A recording is kept in memory (9.6 MB for this length); a longer one wants the disk thread of a later
issue.
"""

SOUNDS = Path(__file__).parent / "sounds"
"""What the package ships: ``hold.wav`` (tools/make_hold_music.py)."""


def read_recording(path: Path) -> bytes:
    """Samples of a WAV file: 16-bit little-endian mono at 8 kHz, for `SignalCore.load_clip`.

    Raises `ConfigError` that names the file, what is wrong with it and how to convert it.
    """
    try:
        with wave.open(str(path), "rb") as sound:
            wrong = _what_is_wrong(sound)
            samples = b"" if wrong else sound.readframes(sound.getnframes())
    except FileNotFoundError:
        remedy = f"put a WAV file there or use {SOUNDS / 'hold.wav'}"
        raise _refusal(path, "the file is not there", remedy) from None
    except (wave.Error, EOFError, OSError, RuntimeError) as error:
        # `wave` raises a bare RuntimeError when a chunk's length points outside the file.
        reason = str(error) or "it ends too early"
        raise _refusal(path, f"not a WAV file of PCM samples: {reason}", _convert(path)) from None
    if wrong:
        raise _refusal(path, wrong, _convert(path))
    if len(samples) < SAMPLE_BYTES:
        raise _refusal(path, "the recording is empty", _convert(path))
    return samples[: len(samples) // SAMPLE_BYTES * SAMPLE_BYTES]


def _what_is_wrong(sound: wave.Wave_read) -> str:
    """The first property that the core cannot play, as a phrase; empty when all is well."""
    if sound.getnchannels() != 1:
        return f"{sound.getnchannels()} tracks where one is needed"
    if sound.getsampwidth() != SAMPLE_BYTES:
        return f"{8 * sound.getsampwidth()} bits a sample where 16 are needed"
    if sound.getframerate() != RATE_HZ:
        return f"{sound.getframerate()} Hz where {RATE_HZ} Hz are needed"
    if sound.getnframes() > LONGEST_S * RATE_HZ:
        return f"{sound.getnframes() // RATE_HZ} s long where at most {LONGEST_S} s are kept"
    return ""


def _convert(path: Path) -> str:
    return f"convert it: sox {path.name} -r {RATE_HZ} -b 16 -c 1 -e signed-integer converted.wav"


def _refusal(path: Path, what: str, remedy: str) -> ConfigError:
    return ConfigError(Problem(str(path), 0, "", what, remedy))

"""What of a tone arrived: its level, its holes, whether it was there throughout."""

import re
import statistics
import wave
from pathlib import Path

import pytest

from gateway.simulator import meters
from tests.interop.telephones import Baresip

SAMPLES_PER_MS = 8
BLOCK_MS = 10
TONE_DBM0 = -13.0
FLOOR_DBM0 = TONE_DBM0 - 15
"""A block in which less of the tone is left counts as a hole: it would be heard as one."""

SETTLE_MS = 300
"""From the first sound of a tone on this much may be uneven: two jitter buffers fill and find their depth."""

END_MS = 100
"""The last of a tone is not measured: it ends with the call, in the middle of a block or of a packet."""


def levels_of(samples: bytes, frequency_hz: float) -> list[float]:
    """The level of a tone in each whole block."""
    block = BLOCK_MS * SAMPLES_PER_MS * 2
    starts = range(0, len(samples) - block + 1, block)
    return [meters.tone_dbm0(samples[start : start + block], frequency_hz) for start in starts]


def level_and_gap(samples: bytes, frequency_hz: float) -> tuple[float, float]:
    """Level of a tone, and the longest time in ms without it, both from blocks of 10 ms.

    One measurement over the whole would call it a loss when the jitter buffer plays a sample more or less:
    the tone is as loud as before, its phase is another.
    """
    levels = levels_of(samples, frequency_hz)
    gap = longest = 0
    for level in levels:
        gap = gap + 1 if level < FLOOR_DBM0 else 0
        longest = max(longest, gap)
    return statistics.median(levels), float(BLOCK_MS * longest)


def from_settling_to_end(samples: bytes, frequency_hz: float) -> bytes:
    """A tone from `SETTLE_MS` after its first sound to (nearly) its last, with every hole that is between.

    Empty when there was none, or none that lasted longer than it takes to settle.
    """
    there = [index for index, level in enumerate(levels_of(samples, frequency_hz)) if level >= FLOOR_DBM0]
    if not there:
        return b""
    first_ms, last_ms = there[0] * BLOCK_MS + SETTLE_MS, (there[-1] + 1) * BLOCK_MS - END_MS
    return samples[first_ms * SAMPLES_PER_MS * 2 : last_ms * SAMPLES_PER_MS * 2]


def duration_ms(samples: bytes) -> float:
    """How long they sound."""
    return len(samples) / (2 * SAMPLES_PER_MS)


def wav_samples(path: Path, rate_hz: int = 8_000) -> bytes:
    """The samples of a recording: 16 bit, mono, 8 kHz."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, rate_hz)
        return file.readframes(file.getnframes())


LATE_MS = 300
"""So much later than it was said a tone may begin: the answer goes to the telephone, and the buffers fill."""


def codecs_used(phone: Baresip) -> set[tuple[str, str]]:
    """What baresip says it encodes and decodes, over the whole of its life."""
    return set(re.findall(r"Set audio (encoder|decoder): (\w+)", phone.log()))


def whole_tone(heard: bytes, frequency_hz: float, loss_db: float, said_ms: float) -> None:
    """A tone that was said for so long arrived: from `SETTLE_MS` after its start to its end without a gap."""
    measured = from_settling_to_end(heard, frequency_hz)
    assert duration_ms(measured) > said_ms - SETTLE_MS - END_MS - LATE_MS, duration_ms(measured)
    level, gap_ms = level_and_gap(measured, frequency_hz)
    assert level == pytest.approx(TONE_DBM0 - loss_db, abs=1.0)
    assert gap_ms == 0

"""The measure of "no gap" can fail: it finds holes wherever they are, and what is missing at either end."""

import pytest

from gateway.simulator.wires import LoneDevice
from tests.interop.hearing import (
    END_MS,
    SETTLE_MS,
    TONE_DBM0,
    duration_ms,
    from_settling_to_end,
    level_and_gap,
)

HZ = 1_000.0
SAID_MS = 6_000


def tone(cadence_ms: tuple[int, ...] = (), lasts_ms: int = SAID_MS) -> bytes:
    """Half a second of silence, the tone, half a second of silence."""
    mouth, ear = LoneDevice(1), LoneDevice(2)
    mouth.say_silence(500)
    mouth.say_tone((HZ,), TONE_DBM0, cadence_ms, lasts_ms)
    mouth.say_silence(500)
    return b"".join(mouth.exchange(ear.exchange(bytes(160))) for _ in range((lasts_ms + 1_000) // 10))


def without(samples: bytes, from_ms: int, for_ms: int) -> bytes:
    start, stop = from_ms * 16, (from_ms + for_ms) * 16
    return samples[:start] + bytes(stop - start) + samples[stop:]


def test_a_whole_tone_has_no_gap_and_its_level() -> None:
    measured = from_settling_to_end(tone(), HZ)
    assert duration_ms(measured) == pytest.approx(SAID_MS - SETTLE_MS - END_MS, abs=20)
    level, gap_ms = level_and_gap(measured, HZ)
    assert level == pytest.approx(TONE_DBM0, abs=0.2)
    assert gap_ms == 0


def test_a_tone_with_holes_every_2_7_s_has_gaps() -> None:
    """Between them are stretches that are whole, and longer than what was measured once."""
    _, gap_ms = level_and_gap(from_settling_to_end(tone((2_700, 500)), HZ), HZ)
    assert gap_ms == pytest.approx(500, abs=20)


@pytest.mark.parametrize("hole_ms", [20, 60, 500])
@pytest.mark.parametrize("at_ms", [SETTLE_MS + 30, 2_500, SAID_MS - END_MS - 600])
def test_one_hole_is_found_wherever_it_is(at_ms: int, hole_ms: int) -> None:
    _, gap_ms = level_and_gap(from_settling_to_end(without(tone(), 500 + at_ms, hole_ms), HZ), HZ)
    assert gap_ms == pytest.approx(hole_ms, abs=10)


def test_what_was_not_there_is_missing_in_the_duration() -> None:
    late = from_settling_to_end(without(tone(), 500, 1_000), HZ)
    early = from_settling_to_end(without(tone(), SAID_MS - 500, 1_000), HZ)
    for measured in (late, early):
        assert duration_ms(measured) == pytest.approx(SAID_MS - 1_000 - SETTLE_MS - END_MS, abs=20)
    assert from_settling_to_end(bytes(16_000), HZ) == b""

"""What a line's calls end in, through the one crossing: the C tests judge the figures, this the way there."""

import math
from array import array

import pytest

from gateway.media.core import ToneLearner
from gateway.model.numbers import ToneKind

PEAK = 3_000
LISTENS_S = 8


def ends_in(hz: float, on_ms: int, off_ms: int) -> bytes:
    """The last seconds of a call: silence, then the tone until the end."""
    cycle = on_ms + off_ms
    return array(
        "h",
        (
            round(PEAK * math.sin(2 * math.pi * hz * n / 8_000))
            if n >= 16_000 and (n // 8 - 2_000) % cycle < on_ms
            else 0
            for n in range(LISTENS_S * 8_000)
        ),
    ).tobytes()


def test_two_kinds_of_ending_are_learned_and_the_commoner_is_the_more_certain() -> None:
    learner = ToneLearner()
    for _ in range(3):
        ending = learner.hear_ending(ends_in(433.0, 370, 350))
        assert ending is not None
        assert ending.cycles >= 6
        assert ending.frequencies_hz == pytest.approx((433.0,), abs=1.0)
    assert learner.hear_ending(ends_in(433.0, 180, 180)) is not None
    busy, congestion = learner.learned()
    assert (busy.kind, busy.endings) == (ToneKind.BUSY, 3)
    assert (busy.on_ms, busy.off_ms) == (pytest.approx(370, abs=5), pytest.approx(350, abs=5))
    assert busy.level_dbm0 == pytest.approx(20 * math.log10(PEAK / 32_767) + 3.14, abs=0.5)
    assert (congestion.kind, congestion.endings) == (ToneKind.CONGESTION, 1)
    assert congestion.confidence <= 0.5 < 0.85 < busy.confidence


def test_a_call_that_ends_in_silence_teaches_nothing() -> None:
    learner = ToneLearner()
    assert learner.hear_ending(bytes(LISTENS_S * 16_000)) is None
    assert learner.hear_ending(b"") is None
    assert learner.learned() == ()


def test_half_a_sample_and_more_than_a_minute_are_refused() -> None:
    learner = ToneLearner()
    with pytest.raises(ValueError, match="whole 16-bit samples"):
        learner.hear_ending(bytes(3))
    with pytest.raises(ValueError, match="too many"):
        learner.hear_ending(bytes(61 * 16_000))
    assert learner.learned() == ()

"""The tone plans of countries."""

import pytest

from gateway.line.ringing import Bell
from gateway.media.tones import countries, tone_plan
from gateway.model.numbers import ToneKind
from gateway.model.plan import ToneSegment

SEGMENTS_MAX = 16  # SC_TONE_SEGMENTS_MAX
FULL_SCALE_DBM0 = 3.14


def test_russia_is_as_the_regulation_says() -> None:
    plan = tone_plan("RU")
    on_off = {
        ToneKind.RINGBACK: ((900, 1100), (3600, 4400)),
        ToneKind.BUSY: ((300, 400), (300, 400)),
        ToneKind.CONGESTION: ((150, 200), (150, 200)),
    }
    for kind, ((on_min, on_max), (off_min, off_max)) in on_off.items():
        on, off = plan.segments(kind)
        assert on.frequencies_hz == (425.0,)
        assert -15 <= on.level_dbm0 <= -5
        assert on_min <= on.duration_ms <= on_max
        assert off_min <= off.duration_ms <= off_max
    assert plan.ring_cadence_ms == (1000, 4000)
    assert plan.ring_hz == 25


def test_dial_tone_is_continuous() -> None:
    assert tone_plan("ru").segments(ToneKind.DIAL) == (ToneSegment((425.0,), -10.0, 0),)


@pytest.mark.parametrize("country", countries())
def test_every_country_can_be_sent_and_rung(country: str) -> None:
    plan = tone_plan(country)
    Bell(plan.ring_cadence_ms, plan.ring_hz)
    for kind in ToneKind:
        segments = plan.segments(kind)
        assert 1 <= len(segments) <= SEGMENTS_MAX
        assert all(segment.duration_ms > 0 for segment in segments[:-1]), "for ever is last"
        for segment in segments:
            assert all(200 <= hz <= 3400 for hz in segment.frequencies_hz)
            peak = sum(10 ** ((segment.level_dbm0 - FULL_SCALE_DBM0) / 20) for _ in segment.frequencies_hz)
            assert peak <= 1.0, "it must fit into full scale"


@pytest.mark.parametrize("country", countries())
def test_every_country_can_be_listened_to(country: str) -> None:
    heard = tone_plan(country).heard
    kinds = [descriptor.kind for descriptor in heard]
    wanted = {ToneKind.DIAL, ToneKind.RINGBACK, ToneKind.BUSY, ToneKind.SIT, ToneKind.HOWLER}
    if country == "sr":  # its ringback lasts 15 s at a time: nobody could tell it from dial tone
        wanted.remove(ToneKind.RINGBACK)
    assert wanted <= set(kinds)
    others = [kind for kind in kinds if kind is not ToneKind.DIAL]  # which old exchanges make a little off
    assert len(others) == len(set(others))
    for descriptor in heard:
        assert 1 <= len(descriptor.frequencies_hz) <= 4
        assert len(descriptor.cadence_ms) % 2 == 0
        assert len(descriptor.cadence_ms) <= 8


def test_an_unknown_country_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        tone_plan("xx")

"""What a line learns from its calls, what it must not believe, and that it notices a change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line import learning
from gateway.model.causes import Evidence
from gateway.model.echo import EchoFigures
from gateway.model.learned import EndTone, IdentityScheme, LineKnowledge
from gateway.model.numbers import NS_PER_MS, PortId, ToneKind

LINE = LineKnowledge(PortId("fxo1"))
BUSY = EndTone((433.0,), 371.0, 348.0, -17.0, 2, 0.97, told=True)
FAST = replace(BUSY, on_ms=181.0, off_ms=172.0)
HEARD_OUT = replace(BUSY, cycles=9, told=False)
"""Nobody took it for busy tone: our side listened to it for some seconds and hung up."""


def after(*endings: EndTone) -> LineKnowledge:
    knowledge = LINE
    for tone in endings:
        knowledge = learning.with_ending(knowledge, tone)
    return knowledge


def test_seven_ordinary_calls_are_enough_to_be_sure_of_busy_tone() -> None:
    counts = [len(learning.sure_tones(after(*[BUSY] * calls))) for calls in range(9)]
    assert counts.index(1) <= 7
    (tone,) = learning.sure_tones(after(*[BUSY] * 7))
    assert (tone.kind, tone.frequencies_hz, tone.endings) == (ToneKind.BUSY, (433.0,), 7)
    assert (tone.on_ms, tone.off_ms, tone.level_dbm0) == (371.0, 348.0, -17.0)


def test_one_call_is_never_enough_however_clear() -> None:
    (tone,) = learning.believed(after(replace(BUSY, cycles=40, purity=1.0)))
    assert tone.confidence <= 0.5


def test_busy_and_congestion_are_kept_apart() -> None:
    kinds = {tone.kind: tone.endings for tone in learning.believed(after(BUSY, FAST, BUSY, BUSY))}
    assert kinds == {ToneKind.BUSY: 3, ToneKind.CONGESTION: 1}


def test_a_tone_that_nobody_told_counts_after_four_like_calls() -> None:
    assert learning.believed(after(*[HEARD_OUT] * 3)) == ()
    (tone,) = learning.sure_tones(after(*[HEARD_OUT] * 4))
    assert tone.kind is ToneKind.BUSY


@pytest.mark.parametrize(
    "poison",
    [
        replace(HEARD_OUT, cycles=4),
        replace(HEARD_OUT, purity=0.7),
        replace(HEARD_OUT, frequencies_hz=(880.0,)),
        replace(HEARD_OUT, frequencies_hz=(262.0,)),
        replace(BUSY, cycles=1),
        replace(BUSY, purity=0.3),
    ],
    ids=["too few cycles", "not pure", "a high note", "a low note", "one cycle", "a voice over it"],
)
def test_what_may_be_music_or_speech_is_not_even_kept(poison: EndTone) -> None:
    assert after(*[poison] * 30) == LINE


def test_notes_of_one_melody_that_differ_never_become_a_tone() -> None:
    melody = [replace(HEARD_OUT, on_ms=300.0 + 9.0 * call, off_ms=310.0) for call in range(8)]
    assert learning.sure_tones(after(*melody)) == ()


@given(
    st.lists(
        st.builds(
            EndTone,
            frequencies_hz=st.tuples(st.floats(300, 650)),
            on_ms=st.floats(80, 1200),
            off_ms=st.floats(80, 1200),
            level_dbm0=st.floats(-40, -5),
            cycles=st.integers(5, 12),
            purity=st.floats(0.85, 1.0),
            told=st.just(False),
        ),
        max_size=learning.UNTOLD_ENDINGS - 1,
    )
)
def test_fewer_than_four_untold_endings_are_never_put_to_use(endings: list[EndTone]) -> None:
    assert learning.sure_tones(after(*endings)) == ()


@given(st.integers(0, 60))
def test_what_is_kept_is_bounded(calls: int) -> None:
    assert len(after(*[BUSY] * calls).endings) == min(calls, learning.KEPT)


# --- drift -------------------------------------------------------------------------------------------------


def drifts(endings: list[EndTone]) -> list[str]:
    told, knowledge = [], LINE
    for tone in endings:
        later = learning.with_ending(knowledge, tone)
        told.append(learning.drift(knowledge, later))
        knowledge = later
    return told


def test_a_tone_that_has_moved_is_noticed_once_and_followed() -> None:
    moved = replace(BUSY, frequencies_hz=(452.0,))
    told = drifts([BUSY] * 8 + [moved] * 10)
    assert [place for place, text in enumerate(told) if text] == [10]
    assert "433 Hz" in told[10]
    assert "452 Hz" in told[10]
    knowledge = after(*[BUSY] * 8, *[moved] * 10)
    assert {tone.frequencies_hz[0] for tone in learning.sure_tones(knowledge)} == {433.0, 452.0}
    assert {tone.frequencies_hz[0] for tone in learning.sure_tones(after(*[BUSY] * 8, *[moved] * 24))} == {
        452.0
    }


def test_a_congestion_tone_now_and_then_is_no_drift() -> None:
    assert not any(drifts([BUSY] * 8 + [FAST, BUSY, FAST, FAST, BUSY, FAST]))


def test_one_odd_ending_is_no_drift() -> None:
    assert not any(drifts([BUSY] * 8 + [replace(BUSY, frequencies_hz=(452.0,))] + [BUSY] * 3))


# --- rings and the rest ------------------------------------------------------------------------------------


def edges(*rings: tuple[int, int], hz: float = 25.0) -> list[int]:
    step_ms = 500.0 / hz
    return [
        round((began + place * step_ms) * NS_PER_MS)
        for began, lasts in rings
        for place in range(int(lasts / step_ms) + 1)
    ]


def test_a_ring_is_measured_by_its_edges() -> None:
    seen = learning.ring_of(edges((0, 1_100), (5_000, 1_100)))
    assert seen is not None
    assert (seen.on_ms, seen.off_ms) == (1_100, 3_900)
    assert seen.frequency_hz == pytest.approx(25.0, abs=0.1)


def test_one_ring_has_no_pause_and_a_spark_is_no_ring() -> None:
    assert learning.ring_of([]) is None
    assert learning.ring_of(edges((0, 1_000))) is None
    assert learning.ring_of([0, NS_PER_MS, 5_000 * NS_PER_MS, 5_001 * NS_PER_MS]) is None


@given(st.lists(st.integers(0, 10**12), max_size=80).map(sorted))
def test_no_train_of_edges_upsets_it(edges_ns: list[int]) -> None:
    seen = learning.ring_of(edges_ns)
    assert seen is None or (seen.on_ms >= 200 and seen.off_ms > 0)


def test_everything_known_is_shown_with_its_confidence() -> None:
    knowledge = after(*[BUSY] * 8)
    for _ in range(6):
        knowledge = learning.with_ring(knowledge, edges((0, 1_000), (5_000, 1_000)), IdentityScheme.V23)
        knowledge = learning.with_leaving(knowledge, Evidence.BUSY_TONE)
        knowledge = learning.with_leaving(knowledge, Evidence.HOOK)
        knowledge = learning.with_echo(knowledge, EchoFigures(14.0, 30.0, 6.5))
        knowledge = learning.with_echo(knowledge, EchoFigures())
    shown = {fact.what: (fact.value, fact.calls) for fact in learning.facts(knowledge)}
    assert shown == {
        "busy tone": ("433 Hz, 371/348 ms, -17 dBm0", 8),
        "disconnect": ("busy_tone", 6),
        "caller identity": ("v23", 6),
        "ring": ("1000/4000 ms, 25 Hz", 6),
        "echo": ("6.5 ms, ERL 14 dB", 6),
    }
    assert all(0.9 < fact.confidence <= 1.0 for fact in learning.facts(knowledge))
    assert learning.facts(LINE) == ()


def test_calls_that_disagree_make_a_fact_less_sure() -> None:
    knowledge = LINE
    for scheme in (IdentityScheme.V23, IdentityScheme.UNSEEN) * 5:
        knowledge = learning.with_ring(knowledge, [], scheme)
    (fact,) = learning.facts(knowledge)
    assert fact.confidence <= 0.5

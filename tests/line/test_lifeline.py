"""The decision about the power-fail relay, step by step and over random courses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.line.lifeline import AUDIO_STILL_MS, LINE_FREE_MS, Lifeline, LifelineState
from gateway.model.numbers import NS_PER_MS

STEP_MS = 50


class Course:
    """A lifeline asked every half period, by a gateway whose audio ticks or stands still."""

    def __init__(self) -> None:
        self.lifeline = Lifeline()
        self.now_ms = 1_000
        self.ticks = 0

    def goes_on(self, for_ms: int, *, ticking: bool = True, in_use: bool = False) -> list[bool]:
        toggled = []
        for _ in range(for_ms // STEP_MS):
            self.now_ms += STEP_MS
            self.ticks += 5 if ticking else 0
            toggled.append(
                self.lifeline.step(self.now_ms * NS_PER_MS, audio_ticks=self.ticks, line_in_use=in_use)
            )
        return toggled


def test_a_free_line_is_taken_a_second_after_the_audio_began() -> None:
    course = Course()
    assert not any(course.goes_on(LINE_FREE_MS))
    assert all(course.goes_on(1_000)[2:])
    assert course.lifeline.state is LifelineState.HELD


def test_who_talks_on_the_line_is_not_cut_off_and_the_line_is_taken_a_second_after() -> None:
    course = Course()
    assert not any(course.goes_on(60_000, in_use=True))
    assert course.lifeline.state is LifelineState.WAITING
    assert not any(course.goes_on(LINE_FREE_MS - STEP_MS))
    assert course.goes_on(200)[-1]


def test_a_pulse_dialled_on_the_lifeline_is_no_free_line() -> None:
    course = Course()
    for _ in range(20):
        assert not any(course.goes_on(100, in_use=False))
        assert not any(course.goes_on(50, in_use=True))


def test_current_does_not_matter_while_we_have_the_line() -> None:
    course = Course()
    course.goes_on(2_000)
    assert all(course.goes_on(5_000, in_use=True))


def test_audio_that_stands_still_lets_go_within_a_second_and_comes_back_when_the_line_is_free() -> None:
    course = Course()
    course.goes_on(2_000)
    toggled = course.goes_on(3_000, ticking=False)
    assert sum(toggled) * STEP_MS == AUDIO_STILL_MS
    assert course.lifeline.state is LifelineState.RELEASED
    assert not any(course.goes_on(3_000, in_use=True))
    assert course.goes_on(LINE_FREE_MS + 2 * STEP_MS)[-1]


def test_audio_that_never_began_holds_nothing() -> None:
    course = Course()
    assert not any(course.goes_on(10_000, ticking=False))


part = st.tuples(st.integers(1, 60), st.booleans(), st.booleans())


@given(st.lists(part, max_size=12))
def test_it_is_never_pulled_in_over_a_conversation_nor_held_without_audio(
    parts: list[tuple[int, bool, bool]],
) -> None:
    course = Course()
    held, still_ms, free_ms = False, 0, 0
    for steps, ticking, in_use in parts:
        for _ in range(steps):
            (toggled,) = course.goes_on(STEP_MS, ticking=ticking, in_use=in_use)
            still_ms = 0 if ticking else still_ms + STEP_MS
            free_ms = 0 if in_use else free_ms + STEP_MS
            if toggled:
                assert still_ms <= AUDIO_STILL_MS
                assert held or free_ms >= LINE_FREE_MS
            held = toggled

"""Checks of a stage can fail: what is as loud as the hold music is not the hold music."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.bench.office import Office, read_office
from gateway.bench.stage import Stage


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office(read_office("queue"))
    yield made
    made.close()


def backwards(clip: bytes) -> bytes:
    """The same sounds at the same level, in another order."""
    samples = [clip[at : at + 2] for at in range(0, len(clip), 2)]
    return b"".join(reversed(samples))


@pytest.mark.parametrize("right", [True, False])
def test_music_is_our_music(office: Office, right: bool) -> None:
    clip = office.configuration.clips["hold"]
    office.core.load_clip("hold", clip if right else backwards(clip))
    stage = Stage(office)
    anna, boris, vera = (stage.telephone(number) for number in ("101", "102", "103"))
    stage.connect(anna, boris)
    vera.lifts()
    stage.wait(400)
    vera.dials("610")
    stage.wait(1_000)
    before = len(stage.checks)
    stage.music(vera)
    stage.had_music(vera, "she still has music")
    assert [check.passed for check in stage.checks[before:]] == [right, right], stage.checks[before:]
    assert vera.ear.level_dbm0(2_000) > -25.0, "loud it is in any case"


def test_the_music_of_the_office_is_meant(office: Office) -> None:
    """A stage looks for the recording that the office names, not for one that it knows."""
    configuration = office.configuration
    named = replace(configuration, office=replace(configuration.office, hold_music="other"))
    office.configuration = replace(named, clips={**configuration.clips, "other": bytes(16_000)})
    stage = Stage(office)
    assert not any(stage._music)

"""How late a party hears another one: our share of it, whatever a SIP telephone adds itself."""

from __future__ import annotations

import pytest

from gateway.bench.office import TooLateError, open_office
from gateway.bench.party import Party, most_delay_ms
from gateway.bench.stage import Stage
from gateway.simulator import sip_media


def in_conversation() -> tuple[Stage, Party, Party]:
    """101 has called 201."""
    stage = Stage(open_office())
    anna, darya = stage.telephone("101"), stage.sip("201")
    anna.lifts()
    stage.wait(400)
    anna.dials("201")
    stage.wait_for(lambda: darya.rings, 3_000, "201 rings")
    darya.answers()
    stage.wait(600)
    return stage, anna, darya


@pytest.mark.parametrize("frames", [2, 5])
def test_the_telephones_own_jitter_buffer_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, frames: int
) -> None:
    monkeypatch.setattr(sip_media, "PRIMED_FRAMES", frames)
    stage, anna, darya = in_conversation()
    waited_ms = darya.media.waited_ms  # type: ignore[union-attr]
    assert 20 * (frames - 1) <= waited_ms <= 20 * frames
    assert stage.delay_ms(darya, anna) == pytest.approx(20.0, abs=1.0)
    stage.office.close()


def test_the_moment_of_measuring_does_not_matter() -> None:
    stage, anna, darya = in_conversation()
    found = []
    for odd_ms in (0, 10, 10, 10):
        stage.wait(odd_ms)
        found.append((stage.delay_ms(darya, anna), stage.delay_ms(anna, darya)))
    stage.office.close()
    assert all(to == pytest.approx(found[0][0], abs=1.0) for to, _ in found)
    assert all(back == pytest.approx(found[0][1], abs=1.0) for _, back in found)


def test_packets_that_come_late_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is not ours, but it is all that this bench can make late on this way."""
    stage, anna, darya = in_conversation()
    clock, give = stage.office.clock, stage.office.sip._give

    def late(*packet: object) -> bool:
        clock.after_ms(60, lambda: give(*packet))  # type: ignore[arg-type]
        return True

    before_ms = stage.delay_ms(anna, darya)
    monkeypatch.setattr(stage.office.sip, "_give", late)
    stage.wait(1_000)
    after_ms = stage.delay_ms(anna, darya)
    stage.office.close()
    assert before_ms <= most_delay_ms(darya, anna) < after_ms
    assert after_ms == pytest.approx(before_ms + 60.0, abs=25.0)


def test_who_hears_nothing_has_no_delay() -> None:
    stage, anna, _ = in_conversation()
    with pytest.raises(TooLateError, match="does not hear"):
        stage.delay_ms(stage.telephone("103"), anna)
    stage.office.close()

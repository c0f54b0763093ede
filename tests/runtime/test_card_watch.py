"""Sound cards by their figures: gone, back, off their clock. Each look is a second."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.core import CorePort, CoreSettings, CoreStatistics, SignalCore, SilentAudio
from gateway.model.events import CardDrifts, Event, PortFailed, PortRestored
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PortKind, PortSettings
from gateway.runtime.card_watch import CLOCK_LOOKS, CardWatch

LEFT = PortSettings(PortId("fxs1"), PortKind.FXS, NodeId(1), AudioKind.ALSA, "usb:1-1.3")
CLOCK_ERROR_PPM = 5
"""A sample in half a minute."""
WIRE = PortSettings(PortId("fxs2"), PortKind.FXS, NodeId(2))


def _blank() -> CoreStatistics:
    core = SignalCore(
        CoreSettings(ports=tuple(CorePort(port.node, SilentAudio()) for port in (LEFT, WIRE)), rtp_sockets=0)
    )
    figures = core.statistics()
    core.close()
    return figures


BLANK = _blank()


@dataclass
class Card:
    """A card of which a second goes by at each look."""

    watch: CardWatch
    samples: float = 0
    ticks: int = 0

    def second(
        self, *, gone: bool = False, ppm: float = 0.0, gives: bool = True, xruns: int = 0, missed: int = 0
    ) -> tuple[list[Event], list[PortId]]:
        self.ticks += 100 - missed
        self.samples += 8_000 * (1 + ppm * 1e-6) if gives and not gone else 0
        port = replace(
            BLANK.ports[0], captured_samples=int(self.samples), card_gone=gone, capture_xruns=xruns
        )
        figures = replace(
            BLANK, ports=(port, BLANK.ports[1]), ticks=self.ticks, ticks_missed=BLANK.ticks_missed + missed
        )
        look = self.watch.look(figures)
        return list(look.events), [away.port for away in look.away]


@pytest.fixture
def card() -> Card:
    return Card(CardWatch((LEFT, WIRE)))


def test_a_card_that_runs_is_no_news(card: Card) -> None:
    assert [card.second() for _ in range(20)] == [([], [])] * 20


def test_a_card_that_has_gone_fails_its_port_once_and_is_looked_for_every_second(card: Card) -> None:
    card.second()
    (failed,), away = card.second(gone=True)
    assert isinstance(failed, PortFailed)
    assert (failed.port, away) == (PortId("fxs1"), [PortId("fxs1")])
    assert "sound card usb:1-1.3 has gone or hangs: plug it in again" in failed.reason
    assert card.second(gone=True) == ([], [PortId("fxs1")])


def test_a_card_that_is_back_counts_when_it_gives_sound(card: Card) -> None:
    card.second(gone=True)
    assert card.second(gives=False) == ([], [])
    assert card.second() == ([], [])
    assert card.second() == ([PortRestored(PortId("fxs1"))], [])
    assert card.second() == ([], [])


def test_a_card_that_comes_and_goes_at_once_is_told_once(card: Card) -> None:
    told = [card.second(gone=second % 2 == 0)[0] for second in range(20)]
    assert [type(event) for events in told for event in events] == [PortFailed]


def test_a_card_that_was_not_there_at_the_start_comes_like_any_other() -> None:
    card = Card(CardWatch((LEFT, WIRE), [PortId("fxs1")]))
    assert card.second(gone=True) == ([], [PortId("fxs1")])  # that it failed was told at the start
    card.second()
    assert card.second() == ([PortRestored(PortId("fxs1"))], [])


def test_a_clock_1000_ppm_off_is_told_once_and_so_is_its_end(card: Card) -> None:
    told = [card.second(ppm=ppm)[0] for ppm in [*[1_012.0] * 60, *[20.0] * 60]]
    beyond, back = (event for events in told for event in events)
    assert isinstance(beyond, CardDrifts)
    assert isinstance(back, CardDrifts)
    assert (beyond.port, beyond.beyond, back.beyond) == (PortId("fxs1"), True, False)
    assert beyond.ppm == pytest.approx(1_012, abs=CLOCK_ERROR_PPM)
    assert card.watch.clock_ppm(PortId("fxs1")) == pytest.approx(20, abs=CLOCK_ERROR_PPM)
    assert told.index([beyond]) == CLOCK_LOOKS - 1


@pytest.mark.parametrize("ppm", [-300.0, 0.0, 495.0])
def test_a_clock_as_clones_have_it_is_no_news(card: Card, ppm: float) -> None:
    assert all(card.second(ppm=ppm) == ([], []) for _ in range(60))
    assert card.watch.clock_ppm(PortId("fxs1")) == pytest.approx(ppm, abs=CLOCK_ERROR_PPM)


def test_what_was_lost_by_an_xrun_or_a_stall_of_ours_is_no_clock(card: Card) -> None:
    for _ in range(CLOCK_LOOKS - 1):
        assert card.second(ppm=-1_000.0) == ([], [])
    assert card.watch.clock_ppm(PortId("fxs1")) is None
    assert card.second(ppm=-200_000.0, xruns=1) == ([], [])
    assert all(card.second(xruns=1) == ([], []) for _ in range(60))
    assert card.second(xruns=1, missed=30) == ([], [])
    assert card.watch.clock_ppm(PortId("fxs1")) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(-2_500, 2_500)), max_size=90))
def test_failures_and_returns_alternate_whatever_a_card_does(
    seconds: list[tuple[bool, bool, float]],
) -> None:
    card = Card(CardWatch((LEFT, WIRE)))
    told: list[Event] = []
    lost = False
    for gone, gives, ppm in seconds:
        events, away = card.second(gone=gone, gives=gives, ppm=ppm)
        told += events
        for event in events:
            lost = isinstance(event, PortFailed) or (lost and not isinstance(event, PortRestored))
        assert away == ([PortId("fxs1")] if gone else [])
        assert not (lost and any(isinstance(event, CardDrifts) for event in events))
    presence = [type(event) for event in told if isinstance(event, PortFailed | PortRestored)]
    assert presence == [PortFailed, PortRestored] * (len(presence) // 2) + [PortFailed] * (len(presence) % 2)
    drifts = [event.beyond for event in told if isinstance(event, CardDrifts)]
    assert not drifts or drifts[0]

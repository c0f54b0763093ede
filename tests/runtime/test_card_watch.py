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
    samples: int = 0

    def second(
        self, *, gone: bool = False, ppm: float = 0.0, gives: bool = True
    ) -> tuple[list[Event], list[PortId]]:
        self.samples += 8_000 if gives and not gone else 0
        port = replace(BLANK.ports[0], captured_samples=self.samples, capture_ppm=ppm, card_gone=gone)
        look = self.watch.look(replace(BLANK, ports=(port, BLANK.ports[1])))
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
    told = [card.second(ppm=ppm)[0] for ppm in [900.0, *[1_012.0] * 20, *[20.0] * 20]]
    assert [event for events in told for event in events] == [
        CardDrifts(PortId("fxs1"), 1_012, beyond=True),
        CardDrifts(PortId("fxs1"), 20, beyond=False),
    ]


@pytest.mark.parametrize("ppm", [-300.0, 0.0, 499.0])
def test_a_clock_as_clones_have_it_is_no_news(card: Card, ppm: float) -> None:
    assert all(card.second(ppm=ppm) == ([], []) for _ in range(30))


def test_a_clock_that_is_not_known_yet_is_no_news(card: Card) -> None:
    swinging = [700.0 + 200 * (second % 2) for second in range(30)]
    assert all(card.second(ppm=ppm) == ([], []) for ppm in swinging)
    assert all(card.second(ppm=-1_000.0) == ([], []) for _ in range(CLOCK_LOOKS - 1))
    assert card.second(ppm=-1_000.0)[0] == [CardDrifts(PortId("fxs1"), -1_000, beyond=True)]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(-2_500, 2_500)), max_size=60))
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

"""Every story leaves a trace that, fed to a fresh exchange, ends in the same actions: nothing hidden acts."""

from pathlib import Path

import pytest

from gateway.bench import playing
from gateway.exchange import Exchange
from gateway.model.actions import Action
from gateway.model.events import Event
from gateway.model.numbers import Now
from gateway.model.settings import BoardSettings, OfficeSettings
from gateway.model.view import ExchangeView, Snapshot
from gateway.runtime.replay import replay, report_text
from gateway.runtime.trace import TraceHeader, TraceRun, TraceWriter

QUICK = ("city-in", "hold")


class RecordedExchange:
    """The exchange of a story; what goes in and out is written into ``directory``."""

    directory: Path
    writer: TraceWriter

    def __init__(self, office: OfficeSettings, board: BoardSettings, *, media_address: str) -> None:
        self._exchange = Exchange(office, board, media_address=media_address)
        header = TraceHeader(office.version, office, board, media_address)
        type(self).writer = TraceWriter(self.directory, header, on_trouble=pytest.fail)

    def start(self, now: Now) -> list[Action]:
        return self._written(None, now, lambda: self._exchange.start(now))

    def handle(self, event: Event, now: Now) -> list[Action]:
        return self._written(event, now, lambda: self._exchange.handle(event, now))

    def view(self) -> ExchangeView:
        return self._exchange.view()

    def snapshot(self) -> Snapshot:
        return self._exchange.snapshot()

    def _written(self, event: Event | None, now: Now, decide) -> list[Action]:
        self.writer.event(event, now)
        actions = decide()
        for action in actions:
            self.writer.action(action, now)
        return actions


def again(header: TraceHeader) -> Exchange:
    return Exchange(header.office, header.board, media_address=header.media_address, first_id=header.first_id)


@pytest.mark.parametrize(
    "story",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in playing.STORIES],
)
def test_a_story_replays_to_the_same_actions(story, tmp_path, monkeypatch):
    monkeypatch.setattr(RecordedExchange, "directory", tmp_path, raising=False)
    monkeypatch.setattr("gateway.bench.office.Exchange", RecordedExchange)
    playing.play(story)
    RecordedExchange.writer.close()
    report = replay(TraceRun(RecordedExchange.writer.path), again)
    assert report.difference is None, report_text(report)
    assert not report.cut
    assert report.steps > 20

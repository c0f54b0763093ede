"""How many days of a whole office are simulated in a minute of processor time, with audio and without.

With audio: the bench lives through every tick in which anybody is on a line, physics of the wires, cancellers
and detectors included. Without audio: the events of that same day go through a fresh exchange.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from gateway.bench.day import DayReport, live_a_day
from gateway.bench.office import MEDIA_ADDRESS, Office, read_office
from gateway.exchange import Exchange
from gateway.model.actions import Action
from gateway.model.events import Event
from gateway.model.numbers import Now
from tools.figures_process import Row

CALLS = 60
"""Of an office with four analog telephones and two city lines on a working day."""
MINUTE_S = 60.0


class _Told:
    """Keeps what the exchange was told, for the second run; implements `pump.TraceSink`."""

    def __init__(self) -> None:
        self.steps: list[tuple[Event | None, Now]] = []
        self.actions = 0

    def event(self, event: Event | None, now: Now) -> None:
        """Keep it."""
        self.steps.append((event, now))

    def action(self, action: Action, now: Now) -> None:
        """Count it."""
        self.actions += 1


def rows(calls: int = CALLS) -> Iterator[Row]:
    """Two rows of days a minute and what such a day is made of. SystemExit when the two runs differ."""
    told = _Told()
    office = Office(read_office(), trace=told)
    began = time.process_time()
    report = live_a_day(office, calls)
    with_audio_s = time.process_time() - began
    office.close()
    if report.failures:
        raise SystemExit(f"bench lines: the day did not go as planned: {'; '.join(report.failures)}")
    began = time.process_time()
    actions = _through_a_fresh_exchange(told)
    alone_s = time.process_time() - began
    if actions != told.actions:
        raise SystemExit(f"bench lines: {told.actions} actions with audio, {actions} without")
    yield "office-days a minute, with audio", MINUTE_S / with_audio_s, "days/min", _made_of(report)
    yield "office-days a minute, without audio", MINUTE_S / alone_s, "days/min", f"{len(told.steps)} events"
    hours = report.lived_ms / 3_600_000
    yield "  hours of that day with somebody on a line", hours, "h", "lived through in ticks of 10 ms"
    yield (
        "  those hours, with audio",
        3_600 * hours / with_audio_s,
        "x real time",
        "6 wires and 4 SIP telephones",
    )


def _through_a_fresh_exchange(told: _Told) -> int:
    configuration = read_office()
    exchange = Exchange(configuration.office, configuration.board, media_address=MEDIA_ADDRESS)
    actions = 0
    for event, now in told.steps:
        actions += len(exchange.start(now) if event is None else exchange.handle(event, now))
    return actions


def _made_of(report: DayReport) -> str:
    return f"{report.calls} calls, {report.talked} answered, {report.turned_away} found all busy"

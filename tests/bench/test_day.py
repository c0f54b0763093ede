"""A simulated day: planned alike from the same seed, played to its end, skipped where nobody is on a line."""

from collections.abc import Iterator

import pytest

from gateway.bench.day import HOUR_SHARES, Day, Kind, PlannedCall, live_a_day, plan_day
from gateway.bench.office import Office, open_office
from gateway.model.actions import CallEnded, CallStarted
from tools import figures_lines, figures_lines_office

DAY_MS = 24 * 3_600_000


@pytest.fixture
def office() -> Iterator[Office]:
    made = open_office()
    yield made
    made.close()


def test_a_day_is_drawn_from_its_seed_and_has_its_busy_hours() -> None:
    planned = plan_day(2_000, seed=5)
    assert planned == plan_day(2_000, seed=5) != plan_day(2_000, seed=6)
    assert list(planned) == sorted(planned, key=lambda call: call.at_ms)
    by_hour = [0] * 24
    for call in planned:
        by_hour[call.at_ms // 3_600_000] += 1
    assert sum(by_hour[:9]) == sum(by_hour[19:]) == 0
    assert by_hour.index(max(by_hour)) == 9 + HOUR_SHARES.index(max(HOUR_SHARES))
    assert {call.kind for call in planned} == set(Kind)


def test_a_day_ends_at_rest_and_most_of_it_is_skipped(office: Office) -> None:
    report = live_a_day(office, 8, seed=3)
    assert report.failures == ()
    assert report.day_ms == DAY_MS
    assert report.calls == 8
    assert 0 < report.talked <= 8 - report.turned_away
    assert report.lived_ms < DAY_MS // 50
    assert not office.alarms
    rows = office.journal.rows
    started = [row for row in rows if isinstance(row, CallStarted)]
    assert len(started) == len([row for row in rows if isinstance(row, CallEnded)]) >= report.talked


def test_who_is_never_rung_is_told_as_a_failure(office: Office) -> None:
    office.telephone("102").lifts()  # left off its hook: nobody's call can ring there
    office.run(500)
    kept = office.board.telephones
    for number in ("103", "104"):
        kept.pop(number)
    call = PlannedCall(1_000, Kind.INTERNAL, 2_000, 3_000, near_end_leaves=True)
    report = Day(office, (call,), members=("101",)).play()
    assert report.talked == 0
    assert "internal: waited for ever" in report.failures[0]
    assert report.failures[-1].endswith("rest: fxs1 left_off_hook, fxs2 left_off_hook")


def test_the_table_has_the_rows_of_the_sources_that_are_there() -> None:
    assert list(figures_lines.rows(("tools.figures_lines_of_nobody",))) == []
    rows = {name: value for name, value, _unit, _beside in figures_lines_office.rows(calls=2)}
    assert rows["office-days a minute, without audio"] > rows["office-days a minute, with audio"] > 0

"""One contract for call journals: SQLite on the disk, and the list in memory that the bench uses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.bench.office import MemoryJournal
from gateway.drivers.storage import Journal, read_calls
from gateway.interfaces import CallJournal
from gateway.model.actions import CallAnswered, CallEnded, CallStarted, Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import CallId

Row = CallStarted | CallAnswered | CallEnded


@dataclass
class Bench:
    """A journal, and who called whom in it, newest last: (calling, called, connected, ended)."""

    journal: CallJournal
    calls: Callable[[], list[tuple[str, str, str | None, bool]]]


def on_disk(directory: Path) -> Iterator[Bench]:
    path = directory / "journal.sqlite"
    journal = Journal(path)

    def calls() -> list[tuple[str, str, str | None, bool]]:
        return [
            (call.calling, call.called, call.connected or None, call.cause is not None)
            for call in reversed(read_calls(path))
        ]

    yield Bench(journal, calls)
    journal.close()


def in_memory(directory: Path) -> Iterator[Bench]:
    journal = MemoryJournal()

    def calls() -> list[tuple[str, str, str | None, bool]]:
        return [_call(journal.rows, row) for row in journal.rows if isinstance(row, CallStarted)]

    yield Bench(journal, calls)


def _call(rows: list[Row], start: CallStarted) -> tuple[str, str, str | None, bool]:
    answers = [row.connected for row in rows if isinstance(row, CallAnswered) and row.call == start.call]
    ended = any(isinstance(row, CallEnded) and row.call == start.call for row in rows)
    return start.calling, start.called, answers[0] if answers else None, ended


@pytest.fixture(params=[on_disk, in_memory], ids=lambda make: make.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from request.param(tmp_path)


def start(number: int, calling: str = "101") -> CallStarted:
    return CallStarted(CallId(number), Direction.INTERNAL, calling, "", "102", None, number * 10**9, number)


def answer(number: int) -> CallAnswered:
    return CallAnswered(CallId(number), "102", None, Evidence.HOOK, number * 10**9 + 1, number + 1)


def end(number: int) -> CallEnded:
    return CallEnded(
        CallId(number), Cause.NORMAL_CLEARING, Evidence.HOOK, "101", number * 10**9 + 2, number + 2
    )


def test_what_was_appended_is_there_after_flush_in_order(bench: Bench) -> None:
    for row in (start(1), start(2, "103"), answer(2), end(1), end(2), start(3)):
        bench.journal.append(row)
    bench.journal.flush()
    assert bench.calls() == [
        ("101", "102", None, True),
        ("103", "102", "102", True),
        ("101", "102", None, False),
    ]


def test_flushing_nothing_and_twice_is_nothing(bench: Bench) -> None:
    bench.journal.flush()
    bench.journal.append(start(1))
    bench.journal.flush()
    bench.journal.flush()
    assert len(bench.calls()) == 1

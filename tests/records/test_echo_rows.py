"""What the journal keeps of the echo of a call's analog parties, and journals from before it did."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.drivers import storage
from gateway.drivers.storage import Journal, read_calls
from gateway.management.tables import recorded_plain, recorded_text
from gateway.model.echo import EchoFigures
from gateway.records import schema
from gateway.records.calls import CallRecord, Outcome, PortEcho
from tests.records.rows import answered, ended, left, started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "calls.sqlite"


def journalled(path: Path, *rows: storage.Row) -> list[CallRecord]:
    journal = Journal(path)
    for row in rows:
        journal.append(row)
    journal.close()
    return read_calls(path)


def test_the_echo_of_each_analog_party_stands_in_its_call(path):
    rows = [started(1), left(1, "fxs2"), left(1, "fxo1", erl_db=None), ended(1), started(2), ended(2)]
    second, first = journalled(path, *rows)
    assert first.echo == (PortEcho("fxo1", None, 28.0, 31.5), PortEcho("fxs2", 12.5, 28.0, 31.5))
    assert second.echo == ()
    assert first.outcome is Outcome.ABANDONED


def test_a_journal_with_an_echo_that_was_not_found_is_sound_when_opened_again(path):
    """SQLite 3.40's quick_check reads columns of a table without row id by their places in the key."""
    nothing = replace(left(1), echo=EchoFigures())
    journalled(path, started(1), left(1, erl_db=None, at_s=20), nothing, ended(1))
    said: list[str] = []
    Journal(path, on_trouble=said.append).close()
    assert said == []
    (record,) = read_calls(path)
    assert record.echo == (PortEcho("fxs1", None, None, None),)


def test_of_a_party_that_left_twice_the_later_echo_stands(path):
    rows = [started(1), left(1, at_s=9, erl_db=7.0), left(1, at_s=30, erl_db=8.0), ended(1)]
    (record,) = journalled(path, *rows)
    assert [(echo.port, echo.erl_db) for echo in record.echo] == [("fxs1", 8.0)]


def test_an_echo_after_the_end_is_refused_alone(path, caplog):
    said: list[str] = []
    journal = Journal(path, on_trouble=said.append)
    for row in (started(1), ended(1), left(1, at_s=70)):
        journal.append(row)
    journal.close()
    (record,) = read_calls(path)
    assert record.echo == ()
    assert len(said) == 1


def old_journal(path: Path, *rows: storage.Row) -> None:
    """As the first Cityline wrote it: without the echo of legs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        journalled(path, *rows)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_journal_from_before_the_echo_is_read_as_it_is(path):
    old_journal(path, started(1), answered(1), ended(1))
    before = path.read_bytes()
    (record,) = read_calls(path)
    assert (record.outcome, record.echo) == (Outcome.ANSWERED, ())
    assert path.read_bytes() == before


def test_a_journal_from_before_the_echo_is_brought_up_to_date_and_keeps_its_calls(path):
    old_journal(path, started(1), answered(1), ended(1), started(2))
    records = journalled(path, started(1), left(1, erl_db=9.5), ended(1))
    assert [(record.run, record.call, record.outcome, len(record.echo)) for record in records] == [
        (2, 1, Outcome.ABANDONED, 1),
        (1, 2, Outcome.INTERRUPTED, 0),
        (1, 1, Outcome.ANSWERED, 0),
    ]


def test_the_echo_is_shown_as_json_and_a_call_without_one_too(path):
    second, first = journalled(path, started(1), left(1), ended(1), started(2), ended(2))
    plain = recorded_plain(first)
    assert isinstance(plain, dict)
    assert plain["echo"] == [{"port": "fxs1", "erl_db": 12.5, "erle_db": 28.0, "delay_ms": 31.5}]
    nothing = recorded_plain(second)
    assert isinstance(nothing, dict)
    assert nothing["echo"] == []
    assert recorded_text([second, first])

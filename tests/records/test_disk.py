"""The journal and the disk: what waits for it, and what is told while it refuses."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.drivers import storage
from gateway.drivers.storage import Journal, transaction
from tests.records.rows import answered, ended, started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "calls.sqlite"


def test_trouble_is_told_once_an_episode_and_its_end_too(path, monkeypatch, caplog):
    """A disk that is full for a night leaves one line in the log, not one every two seconds."""
    monkeypatch.setattr(storage, "RETRY_S", 0.01)
    monkeypatch.setattr(storage, "BUSY_MS", 1)
    attempts: list[sqlite3.Error] = []
    write = Journal._write

    def counted(journal, connection, rows):
        if (refusal := write(journal, connection, rows)) is not None:
            attempts.append(refusal)
        return refusal

    monkeypatch.setattr(Journal, "_write", counted)
    said: list[str] = []
    cured: list[tuple[str, str]] = []
    journal = Journal(path, on_trouble=said.append, on_cured=lambda *texts: cured.append(texts))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for episode in (1, 2):
            with transaction(other):
                journal.append(started(episode))
                before = len(attempts)
                while len(attempts) < before + 5:
                    assert journal.is_alive
            journal.flush()
            assert len(said) == len(cured) == episode
            assert cured[-1][0] == said[-1]
            assert "Calls are recorded again, none is lost" in cured[-1][1]
    journal.close()
    assert "database is locked" in said[0]
    levels = [record.levelname for record in caplog.records]
    assert levels == ["ERROR", "WARNING"] * 2, caplog.text
    assert not any(record.exc_info for record in caplog.records)
    assert "\n" not in caplog.records[0].getMessage()


FULL = 2
"""What `PRAGMA synchronous` answers for FULL; OFF is 0, NORMAL 1. Each connection has its own."""


def test_every_commit_is_made_by_a_connection_that_waits_for_the_disk(path, monkeypatch):
    """A kill loses nothing even with OFF; what FULL is for is a power cut, and no test can cut that."""
    commits: list[tuple[int, str]] = []
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement == "COMMIT":
                (synchronous,) = super().execute("PRAGMA synchronous").fetchone()
                (mode,) = super().execute("PRAGMA journal_mode").fetchone()
                commits.append((synchronous, mode))
            return super().execute(statement, *values)

    monkeypatch.setattr(storage.sqlite3, "connect", lambda *a, **kw: connect(*a, factory=Watched, **kw))
    journal = Journal(path)
    before = len(commits)
    for row in (started(1), answered(1), ended(1)):
        journal.append(row)
        journal.flush()
    assert journal.counts().commits == len(commits) - before == 3
    journal.close()
    assert set(commits[before:]) == {(FULL, "wal")}

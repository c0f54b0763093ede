"""The journal: what is acknowledged stays, whatever kills the process; what cannot be is refused."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers import storage
from gateway.drivers.storage import Journal, StorageError, open_journal, read_calls, transaction
from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence
from gateway.records import schema
from gateway.records.calls import CallRecord, Outcome, summarise
from tests.records.rows import DAY, SECOND, answered, ended, started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "calls.sqlite"


def journalled(path: Path, *rows: storage.Row) -> list[CallRecord]:
    journal = Journal(path)
    for row in rows:
        journal.append(row)
    journal.close()
    return read_calls(path)


def test_a_call_is_kept_with_who_whom_times_cause_and_how_we_knew(path):
    (record,) = journalled(path, started(7, line="city1"), answered(7), ended(7))
    assert record == CallRecord(
        run=1,
        call=7,
        direction=Direction.INTERNAL,
        calling="101",
        calling_name="Касса",
        called="102",
        line="city1",
        started_wall_ns=DAY,
        started_monotonic_ns=0,
        connected="102",
        answer_evidence=Evidence.HOOK,
        answered_wall_ns=DAY + 5 * SECOND,
        answered_monotonic_ns=5 * SECOND,
        cause=Cause.NORMAL_CLEARING,
        end_evidence=Evidence.HOOK,
        ended_by="101",
        ended_wall_ns=DAY + 60 * SECOND,
        ended_monotonic_ns=60 * SECOND,
    )
    assert (record.outcome, record.waited_ms, record.talked_ms) == (Outcome.ANSWERED, 5_000, 55_000)


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([started(1)], Outcome.ONGOING),
        ([started(1), answered(1)], Outcome.ONGOING),
        ([started(1), ended(1)], Outcome.ABANDONED),
        ([started(1), ended(1, cause=Cause.USER_BUSY)], Outcome.BUSY),
        ([started(1), ended(1, cause=Cause.NO_ANSWER)], Outcome.NOT_ANSWERED),
        ([started(1), ended(1, cause=Cause.NO_CIRCUIT)], Outcome.FAILED),
    ],
)
def test_how_a_call_went_follows_from_its_rows(path, rows, outcome):
    (record,) = journalled(path, *rows)
    assert record.outcome is outcome


def test_a_call_that_a_restart_cut_ends_as_interrupted_at_the_last_sign_of_life(path):
    journalled(path, started(1), answered(1), started(2), ended(2))
    Journal(path).close()
    second, first = read_calls(path)
    assert (first.outcome, first.cause, first.end_evidence) == (
        Outcome.INTERRUPTED,
        Cause.TEMPORARY_FAILURE,
        Evidence.RESTART,
    )
    assert first.ended_wall_ns >= first.answered_wall_ns
    assert second.outcome is Outcome.ABANDONED


def test_the_same_id_in_another_run_is_another_call(path):
    journalled(path, started(1), ended(1))
    records = journalled(path, started(1), ended(1))
    assert [(record.run, record.call) for record in records] == [(2, 1), (1, 1)]


def test_an_end_is_acknowledged_only_when_it_is_on_the_disk(path):
    """``on_committed`` looks at the file through a connection of its own."""
    seen: list[tuple[int, Outcome]] = []

    def look(rows: list[storage.Row]) -> None:
        seen.extend((record.call, record.outcome) for record in read_calls(path) if record.cause)

    journal = Journal(path, on_committed=look)
    journal.append(started(1))
    journal.append(ended(1))
    journal.flush()
    journal.close()
    assert seen == [(1, Outcome.ABANDONED)]


def test_a_listener_that_fails_loses_no_row_and_people_are_told(path, caplog):
    said: list[str] = []

    def fails(rows: list[storage.Row]) -> None:
        raise RuntimeError("listener")

    def deaf(text: str) -> None:
        said.append(text)
        raise RuntimeError("nobody there")

    journal = Journal(path, on_committed=fails, on_trouble=deaf)
    for call in (1, 2):
        journal.append(started(call))
        journal.append(ended(call))
        journal.flush()
    assert journal.is_alive
    assert journal.counts().pending == 0
    journal.close()
    assert len(read_calls(path)) == 2
    assert said
    assert all("listener" in text for text in said)


def test_a_storage_thread_that_ends_is_noticed_and_not_waited_for(path, monkeypatch, caplog):
    said: list[str] = []
    journal = Journal(path, on_trouble=said.append)

    def fails(connection: sqlite3.Connection, rows: list[storage.Row]) -> bool:
        raise RuntimeError("disk driver")

    monkeypatch.setattr(journal, "_write", fails)
    monkeypatch.setattr(storage, "FLUSH_TIMEOUT_S", 60.0)
    journal.append(ended(1))
    with pytest.raises(StorageError, match="nobody writes it any more"):
        journal.flush()
    journal.close()
    assert not journal.is_alive
    assert said == ["Calls are not recorded any more (RuntimeError('disk driver')): a bug of ours."]


def test_flush_returns_when_all_is_readable_and_rows_share_commits(path):
    journal = Journal(path)
    for call in range(1, 101):
        journal.append(started(call))
    journal.flush()
    assert len(read_calls(path, limit=200)) == 100
    counts = journal.counts()
    journal.close()
    assert (counts.rows, counts.pending) == (100, 0)
    assert counts.commits <= 3


def test_a_row_that_cannot_be_is_refused_alone_and_somebody_is_told(path, caplog):
    said: list[str] = []
    journal = Journal(path, on_trouble=said.append)
    for row in (started(1), answered(9), ended(1), ended(1), started(2)):
        journal.append(row)
    journal.close()
    records = read_calls(path)
    assert [(record.call, record.outcome) for record in records] == [
        (2, Outcome.ONGOING),
        (1, Outcome.ABANDONED),
    ]
    assert caplog.text.count("the journal refused") == 2
    assert [text[:38] for text in said] == [
        "The journal refused a row of call 9 (F",
        "The journal refused a row of call 1 (U",
    ]


def test_texts_of_peers_are_cut_and_cleaned_not_refused(path):
    (record,) = journalled(path, started(1, calling="\ud800" + "9" * 500))
    assert record.calling == "?" + "9" * 127


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_of_a_peer_can_be_kept(tmp_path_factory, calling, line):
    path = tmp_path_factory.mktemp("journal") / "calls.sqlite"
    (record,) = journalled(path, started(1, calling=calling, line=line))
    assert record.calling == calling[:128].encode("utf-8", "replace").decode()


# --- the schema ---------------------------------------------------------------------------------------------

START = "INSERT INTO call_started VALUES (1, {call}, '{direction}', '101', '', '102', NULL, 0, {at})"
NONSENSE = {
    "an unknown direction": [START.format(call=1, direction="sideways", at=0)],
    "a call numbered zero": [START.format(call=0, direction="internal", at=0)],
    "a start twice": [START.format(call=1, direction="internal", at=0)] * 2,
    "a text where a number belongs": [START.format(call=1, direction="internal", at="'noon'")],
    "a run that is not there": [START.format(call=1, direction="internal", at=0).replace("(1,", "(99,")],
    "an answer without a start": ["INSERT INTO call_answered VALUES (1, 5, '102', NULL, 'hook', 0, 0)"],
    "an end without a start": ["INSERT INTO call_ended VALUES (1, 5, 16, 'hook', '101', 0, 0)"],
    "an unknown cause": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO call_ended VALUES (1, 1, 99, 'hook', '101', 0, 0)",
    ],
    "unknown evidence": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO call_ended VALUES (1, 1, 16, 'rumour', '101', 0, 0)",
    ],
    "an end before the start": [
        START.format(call=1, direction="internal", at=5),
        "INSERT INTO call_ended VALUES (1, 1, 16, 'hook', '101', 0, 4)",
    ],
    "an answer after the end": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO call_ended VALUES (1, 1, 16, 'hook', '101', 0, 4)",
        "INSERT INTO call_answered VALUES (1, 1, '102', NULL, 'hook', 0, 5)",
    ],
    "an end before the answer": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO call_answered VALUES (1, 1, '102', NULL, 'hook', 0, 5)",
        "INSERT INTO call_ended VALUES (1, 1, 16, 'hook', '101', 0, 4)",
    ],
    "an echo without a start": ["INSERT INTO leg_echo VALUES (1, 5, 'fxs1', 0, 12.5, 30.0, 20.0, 0)"],
    "an echo before the start": [
        START.format(call=1, direction="internal", at=5),
        "INSERT INTO leg_echo VALUES (1, 1, 'fxs1', 4, 12.5, 30.0, 20.0, 0)",
    ],
    "an echo after the end": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO call_ended VALUES (1, 1, 16, 'hook', '101', 0, 4)",
        "INSERT INTO leg_echo VALUES (1, 1, 'fxs1', 5, 12.5, 30.0, 20.0, 0)",
    ],
    "an echo that comes before it is sent": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO leg_echo VALUES (1, 1, 'fxs1', 5, 12.5, 30.0, -1.0, 0)",
    ],
    "an echo of no port": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO leg_echo VALUES (1, 1, '', 5, 12.5, 30.0, 20.0, 0)",
    ],
    "an echo that is a word": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO leg_echo VALUES (1, 1, 'fxs1', 5, 'loud', 30.0, 20.0, 0)",
    ],
    "a changed echo": [
        START.format(call=1, direction="internal", at=0),
        "INSERT INTO leg_echo VALUES (1, 1, 'fxs1', 5, 12.5, 30.0, 20.0, 0)",
        "UPDATE leg_echo SET erl_db = 3",
    ],
    "a changed row": [
        START.format(call=1, direction="internal", at=0),
        "UPDATE call_started SET call = 2",
    ],
    "a removed row": [START.format(call=1, direction="internal", at=0), "DELETE FROM call_started"],
}


@pytest.mark.parametrize("statements", NONSENSE.values(), ids=NONSENSE.keys())
def test_the_schema_refuses_nonsense(path, statements):
    Journal(path).close()
    *good, bad = statements
    with closing(open_journal(path)) as connection:
        for statement in good:
            connection.execute(statement)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(bad)


def test_every_cause_and_evidence_of_the_vocabulary_is_taken(path):
    rows: list[storage.Row] = []
    for call, cause in enumerate(Cause, start=1):
        rows += [started(call), ended(call, cause=cause)]
    for call, evidence in enumerate(Evidence, start=len(rows)):
        rows += [started(call), answered(call, evidence=evidence)]
    assert len(journalled(path, *rows)) == len(Cause) + len(Evidence)


# --- boot ---------------------------------------------------------------------------------------------------


def test_migrations_run_once_each_and_in_order(path, monkeypatch):
    journalled(path, started(1))
    added = "CREATE TABLE notes (note TEXT) STRICT; CREATE TABLE more (note TEXT) STRICT;"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, added))
    for _ in range(2):
        with closing(open_journal(path)) as connection:
            forms = len(schema.MIGRATIONS)
            assert connection.execute("PRAGMA user_version").fetchone() == (forms,)
            assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    assert len(read_calls(path)) == 1


def test_a_migration_that_fails_leaves_the_journal_as_it_was(path, monkeypatch):
    journalled(path, started(1))
    broken = "CREATE TABLE notes (note TEXT) STRICT; CREATE TABLE notes (note TEXT) STRICT;"
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(StorageError, match="already exists"):
            open_journal(path)
    assert len(journalled(path, started(2))) == 2


def test_a_journal_of_a_newer_cityline_is_refused_and_left_alone(path):
    journalled(path, started(1))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="written by a newer Cityline"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 12345")
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StorageError, match="another program"):
        Journal(path)


@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_a_damaged_journal_is_put_aside_and_a_new_one_begun(path, damage):
    journalled(path, *(started(call) for call in range(1, 300)))
    raw = bytearray(path.read_bytes())
    if damage == "garbage":
        raw[:] = b"nothing like a database" * 100
    else:
        raw[8_192:-4_096] = bytes(len(raw) - 8_192 - 4_096)
    path.write_bytes(bytes(raw))
    said: list[str] = []
    journal = Journal(path, on_trouble=said.append)
    journal.append(started(1))
    journal.close()
    assert len(read_calls(path)) == 1
    assert len(list(path.parent.glob("calls-damaged-*.sqlite"))) == 1
    assert "is damaged" in said[0]


def test_a_place_that_cannot_be_written_is_named_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/calls\.sqlite: .*choose another place with --state"):
        Journal(tmp_path / "file" / "calls.sqlite")


def test_a_journal_that_cannot_be_opened_at_all_is_told_and_not_waited_for(path, monkeypatch):
    def refuse(*_: object) -> None:
        raise sqlite3.DatabaseError("the new one is damaged too")

    monkeypatch.setattr(storage, "open_journal", refuse)
    with pytest.raises(StorageError, match="damaged too"):
        Journal(path)


def test_reading_where_nothing_was_recorded_says_so(tmp_path):
    with pytest.raises(StorageError, match="no calls have been recorded here"):
        read_calls(tmp_path / "calls.sqlite")
    (tmp_path / "calls.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageError, match="cannot be read"):
        read_calls(tmp_path / "calls.sqlite")


def test_a_reader_can_not_write(path):
    journalled(path, started(1))
    before = path.read_bytes()
    read_calls(path)
    assert path.read_bytes() == before


def test_rows_wait_in_memory_while_the_disk_refuses_them(path, monkeypatch, caplog):
    monkeypatch.setattr(storage, "RETRY_S", 0.01)
    monkeypatch.setattr(storage, "BUSY_MS", 20)
    said: list[str] = []
    journal = Journal(path, on_trouble=said.append)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        with transaction(other):  # another process holds the lock: the writer's BEGIN is refused
            monkeypatch.setattr(storage, "FLUSH_TIMEOUT_S", 0.5)
            journal.append(started(1))
            with pytest.raises(StorageError, match="could not be written"):
                journal.flush()
        monkeypatch.undo()
        journal.flush()
    journal.close()
    assert [record.call for record in read_calls(path)] == [1]
    assert len(said) == 1
    assert "Calls wait in memory" in said[0]


def test_a_summary_counts_and_adds_up(path):
    rows = [
        started(1),
        answered(1, 5),
        ended(1, 65),
        started(2),
        answered(2, 10),
        ended(2, 40),
        started(3),
        ended(3),
    ]
    summary = summarise(journalled(path, *rows))
    assert summary.calls == 3
    assert summary.by_outcome == {Outcome.ANSWERED: 2, Outcome.ABANDONED: 1}
    assert (summary.talked_ms, summary.mean_wait_ms) == (90_000, 7_500)


# --- kill -9 ------------------------------------------------------------------------------------------------


def killed_run(path: Path, seed: int) -> dict[str, set[int]]:
    """Journal in another process until it is killed at a random moment; what it acknowledged."""
    chance = random.Random(seed)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.records.journalling_child", str(path), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    acknowledged: dict[str, set[int]] = {"started": set(), "answered": set(), "ended": set()}
    wanted = chance.randint(26, 90)
    for line in child.stdout:
        kind, call = line.split()
        acknowledged[kind].add(int(call))
        wanted -= kind == "ended"
        if wanted == 0:
            child.kill()
    child.stdout.close()
    child.wait()
    return acknowledged


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_no_acknowledged_call(path):
    """Eight runs, each killed in the middle of its work; over 200 calls ended."""
    runs = [killed_run(path, seed) for seed in range(8)]
    Journal(path).close()
    records = {(record.run, record.call): record for record in read_calls(path, limit=10_000)}
    assert sum(len(run["ended"]) for run in runs) > 200
    interrupted = 0
    for number, run in enumerate(runs, start=1):
        for call in run["started"]:
            assert records[number, call].calling == str(call)
        for call in run["answered"]:
            assert records[number, call].connected == "102"
        for call in run["ended"]:
            assert records[number, call].cause is Cause.NORMAL_CLEARING
        interrupted += sum(
            record.outcome is Outcome.INTERRUPTED
            for (of_run, _), record in records.items()
            if of_run == number
        )
    assert not any(record.outcome is Outcome.ONGOING for record in records.values())
    assert interrupted >= len(runs)

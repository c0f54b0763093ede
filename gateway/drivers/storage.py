"""The journal on the disk: SQLite behind one writer connection on one thread of its own, and read-only
readers.

Figures (an SSD, SQLite 3.40): a commit with synchronous=FULL takes about 5 ms, one process does some 200 a
second. So starts and answers wait up to `GROUP_MS` for company, an end is committed at once (with all
before it), and whatever arrives during a commit goes into the next one together. A row counts as
acknowledged when ``on_committed`` was called for it or `flush` returned: from then on neither a kill nor a
power cut takes it back (WAL, synchronous FULL).

Only the writer commits and checkpoints: SQLite before 3.51.3 can damage a WAL when two connections do so
at one instant.
"""

import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, monotonic_ns, time_ns

from gateway.errors import CitylineError
from gateway.interfaces import JournalRow
from gateway.model.actions import CallAnswered, CallEnded, CallStarted
from gateway.model.echo import LegEcho
from gateway.records import schema
from gateway.records.calls import CallRecord, record_from_row

GROUP_MS = 200
"""Longest that a start or an answer waits to be committed with others."""

ALIVE_S = 10
"""While calls are open the run leaves a sign of life this often: it dates the end of calls that a power cut
ends.
"""

RETRY_S = 2.0
"""Pause before a commit that failed (disk full, read-only) is tried again."""

PENDING_LIMIT = 100_000
"""Rows kept in memory while the disk refuses them: more than a day of a busy office."""

FLUSH_TIMEOUT_S = 10.0

BUSY_MS = 5_000
"""Longest that SQLite waits for another connection's lock; readers take none that would block the writer."""

Row = JournalRow

_log = logging.getLogger(__name__)


class StorageError(CitylineError):
    """The journal cannot be opened, written or read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class JournalCounts:
    """What the writer has done; ``pending`` rows are not on the disk yet, ``refused`` ones the schema did not
    take.
    """

    rows: int
    commits: int
    pending: int
    refused: int
    interrupted_closed: int


class Journal:
    """Implements `interfaces.CallJournal`. `append` never waits; everything else happens on the storage
    thread.

    ``on_committed`` is called on that thread with the rows of each commit; ``on_trouble`` with a sentence
    for people when the disk refuses rows, once until it takes them again; ``on_cured`` then, with that
    sentence and one that says that it is over.
    """

    def __init__(
        self,
        path: Path,
        *,
        version: str = "",
        on_committed: Callable[[list[Row]], None] = lambda rows: None,
        on_trouble: Callable[[str], None] = lambda text: None,
        on_cured: Callable[[str, str], None] = lambda trouble, text: None,
    ) -> None:
        self.path = path
        self._version = version
        self._on_committed = on_committed
        self._on_trouble = on_trouble
        self._on_cured = on_cured
        self._signs_fail = False
        self._changed = threading.Condition()
        self._pending: deque[Row] = deque()
        self._urgent = False
        self._closing = False
        self._appended = 0
        self._settled = 0
        self._open_calls: set[int] = set()
        self._commits = 0
        self._refused = 0
        self._interrupted = 0
        self._failed_to_open: BaseException | None = None
        self._ended = False
        self._run = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(ready,), name="storage", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failed_to_open is not None:
            raise self._failed_to_open

    # --- any thread -----------------------------------------------------------------------------------------

    @property
    def is_alive(self) -> bool:
        """Whether the storage thread still takes rows; False after `close`, and after a bug of ours in it."""
        return self._thread.is_alive()

    def append(self, row: Row) -> None:
        """Take a row; an end is committed as soon as the disk can, the others within `GROUP_MS`."""
        with self._changed:
            if len(self._pending) >= PENDING_LIMIT:
                self._refused += 1
                return
            self._pending.append(row)
            self._appended += 1
            if isinstance(row, CallEnded) or len(self._pending) == 1:
                self._urgent |= isinstance(row, CallEnded)
                self._changed.notify_all()

    def flush(self) -> None:
        """Return when all that was appended is committed; `StorageError` after `FLUSH_TIMEOUT_S`, or when the
        storage thread is gone.
        """
        with self._changed:
            wanted = self._appended
            self._urgent |= self._settled < wanted
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._settled >= wanted, FLUSH_TIMEOUT_S)
            done = self._settled >= wanted
        if not done and self._ended:
            raise StorageError(f"{self.path}: nobody writes it any more; start the gateway again")
        if not done:
            raise StorageError(f"{self.path}: calls could not be written within {FLUSH_TIMEOUT_S:.0f} s")

    def close(self) -> None:
        """Commit what is left, mark the run as stopped in order, end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(FLUSH_TIMEOUT_S)

    def counts(self) -> JournalCounts:
        """What has been done so far."""
        with self._changed:
            return JournalCounts(
                self._settled, self._commits, self._appended - self._settled, self._refused, self._interrupted
            )

    # --- the storage thread ---------------------------------------------------------------------------------

    def _work(self, ready: threading.Event) -> None:
        try:
            connection = open_journal(self.path, self._tell)
        except (StorageError, OSError, sqlite3.Error) as error:
            known = isinstance(error, StorageError)
            self._failed_to_open = error if known else StorageError(f"{self.path}: {error}")
            ready.set()
            return
        with closing(connection):
            try:
                self._begin_run(connection)
            except sqlite3.Error as error:
                self._failed_to_open = StorageError(f"{self.path}: {error}")
                return
            finally:
                ready.set()
            self._serve_until_the_end(connection)

    def _serve_until_the_end(self, connection: sqlite3.Connection) -> None:
        """Whatever ends the thread, those who wait for it are told; `is_alive` says the rest."""
        try:
            self._serve(connection)
        except Exception as error:  # noqa: BLE001  # the end of the thread: whatever it was, it is told
            _log.exception("the storage thread failed")
            self._tell(f"Calls are not recorded any more ({error!r}): a bug of ours.")
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _tell(self, text: str) -> None:
        """Tell people; that they cannot be told must not keep rows from the disk."""
        try:
            self._on_trouble(text)
        except Exception:  # noqa: BLE001  # foreign code, logged
            _log.exception("nobody could be told: %s", text)

    def _begin_run(self, connection: sqlite3.Connection) -> None:
        with transaction(connection):
            self._interrupted = connection.execute(schema.CLOSE_INTERRUPTED).rowcount
            values = {"version": self._version, "wall_ns": time_ns(), "monotonic_ns": monotonic_ns()}
            (self._run,) = connection.execute(schema.BEGIN_RUN, values).fetchone()

    def _serve(self, connection: sqlite3.Connection) -> None:
        while (rows := self._next_group()) is not None:
            if not rows:
                self._mark_alive(connection)
            elif not self._write_in_the_end(connection, rows):
                _log.critical("%d rows of the journal are lost: the disk refused them to the end", len(rows))
                return
        try:
            connection.execute(schema.MARK_STOPPED, {"run": self._run})
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _log.error("%s could not be closed in order: %s", self.path, error)

    def _next_group(self) -> list[Row] | None:
        """Wait for rows; none of them: time for a sign of life; None: time to end."""
        with self._changed:
            while not self._pending:
                if self._closing:
                    return None
                if not self._changed.wait(ALIVE_S if self._open_calls else None):
                    return []
            deadline = monotonic() + GROUP_MS / 1_000
            while not (self._urgent or self._closing) and (left := deadline - monotonic()) > 0:
                self._changed.wait(left)
            self._urgent = False
            rows = list(self._pending)
            self._pending.clear()
            return rows

    def _write_in_the_end(self, connection: sqlite3.Connection, rows: list[Row]) -> bool:
        """Commit rows, however long the disk refuses them; False when the gateway stops before."""
        told, began_s = "", monotonic()
        while (refusal := self._write(connection, rows)) is not None:
            if not told:
                told = f"Calls wait in memory: {self.path} cannot be written ({refusal}). Make room there."
                _log.error("%s cannot be written: %s; it is tried again and again", self.path, refusal)
                self._tell(told)
            with self._changed:
                if self._changed.wait_for(lambda: self._closing, RETRY_S):
                    return False
        if told:
            self._tell_cured(told, f"{self.path} is written again, after {monotonic() - began_s:.0f} s.")
        self._settle(rows)
        return True

    def _tell_cured(self, trouble: str, text: str) -> None:
        _log.warning("%s", text)
        try:
            self._on_cured(trouble, f"Calls are recorded again, none is lost: {text}")
        except Exception:  # noqa: BLE001  # foreign code, logged
            _log.exception("nobody could be told: %s", text)

    def _write(self, connection: sqlite3.Connection, rows: list[Row]) -> sqlite3.Error | None:
        """Commit rows; why the disk refuses them, or None when they are on it."""
        refused = 0
        try:
            with transaction(connection):
                for row in rows:
                    refused += not self._insert(connection, row)
                connection.execute(schema.MARK_ALIVE, self._moment())
        except sqlite3.Error as error:
            return error
        with self._changed:
            self._refused += refused
            self._commits += 1
        return None

    def _insert(self, connection: sqlite3.Connection, row: Row) -> bool:
        statement, values = row_values(row)
        try:
            connection.execute(statement, values | {"run": self._run})
        except sqlite3.IntegrityError as error:
            # One statement is undone, the transaction goes on: the rows beside it are innocent.
            _log.error("the journal refused %s: %s", row, error)
            self._tell(f"The journal refused a row of call {row.call} ({error}): a bug of ours.")
            return False
        return True

    def _settle(self, rows: list[Row]) -> None:
        for row in rows:
            if isinstance(row, CallEnded):
                self._open_calls.discard(row.call)
            else:
                self._open_calls.add(row.call)
        try:
            self._on_committed(rows)
        except Exception as error:  # noqa: BLE001  # foreign code; the rows are on the disk, others wait
            _log.exception("on_committed failed")
            self._tell(f"A call was recorded, but what follows from it failed ({error!r}): a bug of ours.")
        with self._changed:
            self._settled += len(rows)
            self._changed.notify_all()

    def _mark_alive(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute(schema.MARK_ALIVE, self._moment())
            self._signs_fail = False
        except sqlite3.Error as error:
            if not self._signs_fail:
                _log.error("no sign of life can be left in %s: %s", self.path, error)
            self._signs_fail = True

    def _moment(self) -> dict[str, int]:
        return {"run": self._run, "wall_ns": time_ns(), "monotonic_ns": monotonic_ns()}


def row_values(row: Row) -> tuple[str, dict[str, object]]:
    """Statement and values of one row; texts of peers are cut to what the schema takes."""
    values: dict[str, object] = {
        "call": int(row.call),
        "wall_ns": row.wall_ns,
        "monotonic_ns": row.monotonic_ns,
    }
    match row:
        case CallStarted():
            values |= {
                "direction": row.direction.value,
                "calling": _text(row.calling, 128),
                "calling_name": _text(row.calling_name, 256),
                "called": _text(row.called, 128),
                "line": row.line or None,
            }
            return schema.INSERT_STARTED, values
        case CallAnswered():
            values |= {
                "connected": _text(row.connected, 128),
                "line": row.line or None,
                "evidence": row.evidence.value,
            }
            return schema.INSERT_ANSWERED, values
        case CallEnded():
            values |= {
                "cause": int(row.cause),
                "evidence": row.evidence.value,
                "ended_by": _text(row.ended_by, 128),
            }
            return schema.INSERT_ENDED, values
        case LegEcho():
            values |= {
                "port": _text(row.port, 128),
                "erl_db": row.echo.erl_db,
                "erle_db": row.echo.erle_db,
                "delay_ms": row.echo.delay_ms,
            }
            return schema.INSERT_LEG_ECHO, values


def _text(text: str, limit: int) -> str:
    return text[:limit].encode("utf-8", "replace").decode()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK when anything is raised."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


# --- opening ------------------------------------------------------------------------------------------------


def open_journal(path: Path, on_trouble: Callable[[str], None] = _log.error) -> sqlite3.Connection:
    """Open for writing; makes it, checks it, brings it up to date. A damaged one is put aside and a new one
    begun.

    Raises `StorageError` when it is of a newer Cityline, of somebody else, or the disk does not permit it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}; choose another place with --state") from None
    try:
        return _open_checked(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise StorageError(f"{path}: {error}; is another Cityline using it, is the disk full?") from None
        aside = _put_aside(path)
        on_trouble(f"{path} is damaged ({error}): it is kept as {aside.name}, a new one is begun.")
        return _open_checked(path)


def _open_checked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=True)
    try:
        _configure(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_size_limit = 4194304")
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner not in (0, schema.APPLICATION_ID):
        raise StorageError(f"{path}: is a database of another program; choose another place with --state")
    if version > len(schema.MIGRATIONS):
        raise StorageError(
            f"{path}: was written by a newer Cityline (its journal is of form {version}, ours of form"
            f" {len(schema.MIGRATIONS)}); install that one, or choose another place with --state"
        )
    migrate(connection, version)
    with transaction(connection):
        for table, words in schema.KNOWN:
            connection.executemany(schema.ADD_KNOWN.format(table=table), words)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Run the migrations after ``version``, each in one transaction with its number."""
    for number, script in enumerate(schema.MIGRATIONS[version:], start=version + 1):
        with transaction(connection):
            for statement in statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")


def statements(script: str) -> Iterator[str]:
    """Cut a script into statements (`executescript` would commit in between)."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""


def _put_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.stem}-damaged-{time_ns() // 1_000_000_000}{path.suffix}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        leftover = path.with_name(path.name + suffix)
        if leftover.exists():
            leftover.rename(aside.with_name(aside.name + suffix))
    return aside


# --- reading ------------------------------------------------------------------------------------------------


def read_calls(path: Path, *, limit: int = 100, since_ns: int = 0) -> list[CallRecord]:
    """Read the newest calls, newest first, while the gateway runs or not; never writes. Raises
    `StorageError`.
    """
    if not path.is_file():
        raise StorageError(f"{path}: no calls have been recorded here; is --state the right one?")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            query = schema.select_records(version)
            rows = connection.execute(query, {"limit": limit, "since_ns": since_ns})
            return [record_from_row(row) for row in rows]
    except (sqlite3.Error, ValueError) as error:
        raise StorageError(f"{path}: cannot be read: {error}") from None

"""The journal's tables: three append-only rows a call (started, answered, ended), one for each analog party
that leaves it (what its echo canceller measured), and the runs of the gateway.

Everything else about calls is computed from these rows, so the tables refuse what cannot be: an answer or
an end without a start, a second one, an end before the start, an unknown cause, a change or a removal of
what is written. ``call`` is the exchange's id and begins anew with each run; (run, call) names a call for
ever. Times: ``wall_ns`` is UTC since 1970 as the machine believed it, ``monotonic_ns`` is for durations
and means something only within one run.
"""

from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence

APPLICATION_ID = 0x43_4C_4A_4E  # "CLJN": file(1) and we can tell whose database this is


KNOWN: tuple[tuple[str, tuple[tuple[str | int, str], ...]], ...] = (
    ("directions", tuple((direction.value, direction.name) for direction in Direction)),
    ("causes", tuple((int(cause), cause.name) for cause in Cause)),
    ("evidences", tuple((evidence.value, evidence.name) for evidence in Evidence)),
)
"""The words that rows may use, written at every opening: a new word needs no migration."""

ADD_KNOWN = "INSERT OR IGNORE INTO {table} VALUES (?, ?)"


def _append_only(*tables: str) -> str:
    return "\n".join(
        f"""
    CREATE TRIGGER {table}_is_never_changed BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, 'a row of the journal is never changed'); END;
    CREATE TRIGGER {table}_is_never_removed BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, 'a row of the journal is never removed'); END;
    """
        for table in tables
    )


def _in_order(*tables: str) -> str:
    return "\n".join(
        f"""
    CREATE TRIGGER {table}_follows_its_start BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM call_started AS s WHERE s.run = NEW.run AND s.call = NEW.call
                     AND s.monotonic_ns > NEW.monotonic_ns)
        BEGIN SELECT RAISE(ABORT, 'before the start of its call'); END;
    """
        for table in tables
    )


_FIRST = f"""
    CREATE TABLE directions (direction TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE causes (cause INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE evidences (evidence TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;

    CREATE TABLE runs (
        run INTEGER PRIMARY KEY,
        version TEXT NOT NULL,
        began_wall_ns INTEGER NOT NULL,
        began_monotonic_ns INTEGER NOT NULL,
        alive_wall_ns INTEGER NOT NULL,
        alive_monotonic_ns INTEGER NOT NULL CHECK (alive_monotonic_ns >= began_monotonic_ns),
        stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1))
    ) STRICT;

    CREATE TABLE call_started (
        run INTEGER NOT NULL REFERENCES runs,
        call INTEGER NOT NULL CHECK (call > 0),
        direction TEXT NOT NULL REFERENCES directions,
        calling TEXT NOT NULL CHECK (length(calling) <= 128),
        calling_name TEXT NOT NULL CHECK (length(calling_name) <= 256),
        called TEXT NOT NULL CHECK (length(called) <= 128),
        line TEXT CHECK (line <> ''),
        wall_ns INTEGER NOT NULL,
        monotonic_ns INTEGER NOT NULL CHECK (monotonic_ns >= 0),
        PRIMARY KEY (run, call)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE call_answered (
        run INTEGER NOT NULL,
        call INTEGER NOT NULL,
        connected TEXT NOT NULL CHECK (length(connected) <= 128),
        line TEXT CHECK (line <> ''),
        evidence TEXT NOT NULL REFERENCES evidences,
        wall_ns INTEGER NOT NULL,
        monotonic_ns INTEGER NOT NULL,
        PRIMARY KEY (run, call),
        FOREIGN KEY (run, call) REFERENCES call_started
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE call_ended (
        run INTEGER NOT NULL,
        call INTEGER NOT NULL,
        cause INTEGER NOT NULL REFERENCES causes,
        evidence TEXT NOT NULL REFERENCES evidences,
        ended_by TEXT NOT NULL CHECK (length(ended_by) <= 128),
        wall_ns INTEGER NOT NULL,
        monotonic_ns INTEGER NOT NULL,
        PRIMARY KEY (run, call),
        FOREIGN KEY (run, call) REFERENCES call_started
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER call_answered_before_its_end BEFORE INSERT ON call_answered
        WHEN EXISTS (SELECT 1 FROM call_ended AS e WHERE e.run = NEW.run AND e.call = NEW.call)
        BEGIN SELECT RAISE(ABORT, 'an ended call cannot be answered'); END;

    CREATE TRIGGER call_ended_after_its_answer BEFORE INSERT ON call_ended
        WHEN EXISTS (SELECT 1 FROM call_answered AS a WHERE a.run = NEW.run AND a.call = NEW.call
                     AND a.monotonic_ns > NEW.monotonic_ns)
        BEGIN SELECT RAISE(ABORT, 'before the answer of its call'); END;

    {_in_order("call_answered", "call_ended")}
    {_append_only("call_started", "call_answered", "call_ended")}

    CREATE INDEX call_started_by_time ON call_started (wall_ns);
"""

# The key's columns come first: elsewhere quick_check of SQLite 3.40 takes a NULL for another column's.
_ECHO_OF_LEGS = f"""
    CREATE TABLE leg_echo (
        run INTEGER NOT NULL,
        call INTEGER NOT NULL,
        port TEXT NOT NULL CHECK (length(port) BETWEEN 1 AND 128),
        monotonic_ns INTEGER NOT NULL,
        erl_db REAL,
        erle_db REAL,
        delay_ms REAL CHECK (delay_ms >= 0),
        wall_ns INTEGER NOT NULL,
        PRIMARY KEY (run, call, port, monotonic_ns),
        FOREIGN KEY (run, call) REFERENCES call_started
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER leg_echo_before_the_end BEFORE INSERT ON leg_echo
        WHEN EXISTS (SELECT 1 FROM call_ended AS e WHERE e.run = NEW.run AND e.call = NEW.call)
        BEGIN SELECT RAISE(ABORT, 'nobody leaves an ended call'); END;

    {_in_order("leg_echo")}
    {_append_only("leg_echo")}
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _ECHO_OF_LEGS)
"""Numbered from 1, each run once and never edited after a release; ``user_version`` counts them."""

BEGIN_RUN = """
    INSERT INTO runs (version, began_wall_ns, began_monotonic_ns, alive_wall_ns, alive_monotonic_ns)
    VALUES (:version, :wall_ns, :monotonic_ns, :wall_ns, :monotonic_ns) RETURNING run
"""

MARK_ALIVE = """
    UPDATE runs SET alive_wall_ns = :wall_ns, alive_monotonic_ns = max(alive_monotonic_ns, :monotonic_ns)
    WHERE run = :run
"""

MARK_STOPPED = "UPDATE runs SET stopped = 1 WHERE run = :run"

CLOSE_INTERRUPTED = f"""
    INSERT INTO call_ended (run, call, cause, evidence, ended_by, wall_ns, monotonic_ns)
    SELECT s.run, s.call, {int(Cause.TEMPORARY_FAILURE)}, '{Evidence.RESTART.value}', '',
           max(r.alive_wall_ns, s.wall_ns, coalesce(a.wall_ns, s.wall_ns)),
           max(r.alive_monotonic_ns, s.monotonic_ns, coalesce(a.monotonic_ns, s.monotonic_ns))
    FROM call_started AS s JOIN runs AS r USING (run)
        LEFT JOIN call_answered AS a USING (run, call) LEFT JOIN call_ended AS e USING (run, call)
    WHERE e.call IS NULL
"""
"""Calls that the last run left open ended with it: at its last sign of life."""

INSERT_STARTED = """
    INSERT INTO call_started
        (run, call, direction, calling, calling_name, called, line, wall_ns, monotonic_ns)
    VALUES (:run, :call, :direction, :calling, :calling_name, :called, :line, :wall_ns, :monotonic_ns)
"""

INSERT_ANSWERED = """
    INSERT INTO call_answered (run, call, connected, line, evidence, wall_ns, monotonic_ns)
    VALUES (:run, :call, :connected, :line, :evidence, :wall_ns, :monotonic_ns)
"""

INSERT_ENDED = """
    INSERT INTO call_ended (run, call, cause, evidence, ended_by, wall_ns, monotonic_ns)
    VALUES (:run, :call, :cause, :evidence, :ended_by, :wall_ns, :monotonic_ns)
"""

INSERT_LEG_ECHO = """
    INSERT INTO leg_echo (run, call, port, erl_db, erle_db, delay_ms, wall_ns, monotonic_ns)
    VALUES (:run, :call, :port, :erl_db, :erle_db, :delay_ms, :wall_ns, :monotonic_ns)
"""

ECHO_SINCE = 2
"""The form of the journal, as ``user_version`` counts, that has the echo of legs."""

_ECHO = """
    (SELECT json_group_array(json_array(l.monotonic_ns, l.port, l.erl_db, l.erle_db, l.delay_ms))
     FROM leg_echo AS l WHERE l.run = s.run AND l.call = s.call)
"""

_SELECT_RECORDS = """
    SELECT s.run, s.call, s.direction, s.calling, s.calling_name, s.called,
           s.line, s.wall_ns, s.monotonic_ns,
           a.connected, a.line, a.evidence, a.wall_ns, a.monotonic_ns,
           e.cause, e.evidence, e.ended_by, e.wall_ns, e.monotonic_ns,
           {echo}
    FROM call_started AS s
        LEFT JOIN call_answered AS a USING (run, call) LEFT JOIN call_ended AS e USING (run, call)
    WHERE s.wall_ns >= :since_ns ORDER BY s.run DESC, s.call DESC LIMIT :limit
"""


def select_records(version: int) -> str:
    """The query for the newest calls of a journal of that form: an older one is read as it is."""
    return _SELECT_RECORDS.format(echo=_ECHO if version >= ECHO_SINCE else "'[]'")

"""A process that journals calls without pause and says what was acknowledged, until it is killed."""

import itertools
import random
import sys
import time
from pathlib import Path

from gateway.drivers.storage import Journal, Row
from gateway.model.actions import CallAnswered, CallEnded, CallStarted
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import CallId
from tests.records.rows import started


def say(rows: list[Row]) -> None:
    """One write a commit, so that a kill cuts between lines."""
    kinds = {CallStarted: "started", CallAnswered: "answered", CallEnded: "ended"}
    sys.stdout.write("".join(f"{kinds[type(row)]} {row.call}\n" for row in rows))
    sys.stdout.flush()


def main(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    journal = Journal(path, on_committed=say)
    calls = itertools.count(1)
    alive: list[CallId] = []
    while True:
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        if len(alive) < 4 or chance.random() < 0.4:
            call = CallId(next(calls))
            journal.append(started(call, 0, calling=str(call)))
            alive.append(call)
        else:
            call = alive.pop(chance.randrange(len(alive)))
            if chance.random() < 0.7:
                journal.append(CallAnswered(call, "102", None, Evidence.HOOK, wall_ns, now_ns))
            journal.append(CallEnded(call, Cause.NORMAL_CLEARING, Evidence.HOOK, "101", wall_ns, now_ns))
        time.sleep(0.002)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

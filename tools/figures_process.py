"""Figures of the whole gateway as a process, and of its journal: what `inv bench start` and `inv bench
journal` print.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.config.samples import SIMULATED
from gateway.drivers.storage import Journal
from gateway.management import client
from gateway.model.actions import CallAnswered, CallEnded, CallStarted, Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import CallId

CALLS = 200
GROUPED_CALLS = 2_000
REST_S = 5.0
GIVE_UP_S = 60.0
ASTERISK_START_S = (1.0, 1.4)
ASTERISK_MB = 59.0
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

Row = tuple[str, float, str, str]
"""Name, value, unit, what it stands beside."""


def journal() -> Iterator[Row]:
    """SQLite with synchronous=FULL on this disk: calls whose end is acknowledged one after the other, and
    many at once.
    """
    with tempfile.TemporaryDirectory() as directory:
        book = Journal(Path(directory) / "calls.sqlite")
        began = time.perf_counter()
        for call in range(1, CALLS + 1):
            _write(book, call)
            book.flush()
        each_s = (time.perf_counter() - began) / CALLS
        yield (
            "one call at a time, each acknowledged",
            1 / each_s,
            "calls/s",
            f"{1_000 * each_s:.1f} ms to be on the disk",
        )
        began = time.perf_counter()
        for call in range(CALLS + 1, CALLS + GROUPED_CALLS + 1):
            _write(book, call)
        book.flush()
        grouped_s = time.perf_counter() - began
        yield f"{GROUPED_CALLS} calls at once, in groups", GROUPED_CALLS / grouped_s, "calls/s", ""
        commits = book.counts().commits - CALLS
        yield "commits for them", commits, "commits", f"{3 * GROUPED_CALLS} rows"
        book.close()


def _write(book: Journal, call: int) -> None:
    now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
    book.append(CallStarted(CallId(call), Direction.INTERNAL, "101", "Anna", "102", None, wall_ns, now_ns))
    book.append(CallAnswered(CallId(call), "102", None, Evidence.HOOK, wall_ns, now_ns))
    book.append(CallEnded(CallId(call), Cause.NORMAL_CLEARING, Evidence.HOOK, "101", wall_ns, now_ns))


def start() -> Iterator[Row]:
    """The gateway of the simulated office as a process: from its start to its first answer, and at rest."""
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory) / "state"
        command = [sys.executable, "-m", "gateway", "run", "--no-prompt", "--state", str(state)]
        began = time.perf_counter()
        board = board_for_figures(Path(directory))
        process = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{free_port()}", "--board", str(board)],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            status_when(state, process, sip_up=False)
            answer_s = time.perf_counter() - began
            yield "start to the first answer of the control socket", answer_s, "s", ""
            status = status_when(state, process, sip_up=True)
            sip_s = time.perf_counter() - began
            low, high = ASTERISK_START_S
            yield "start to SIP", sip_s, "s", f"Asterisk 22 to its first answer: {low}-{high} s"
            yield (
                "  ratio, control socket",
                answer_s / low,
                "x",
                f"to {low} s; less is better",
            )
            yield "  ratio, SIP", sip_s / low, "x", f"to {low} s; less is better"
            processes = all_three(process.pid, int(status["sip"]["process"]))
            before = sum(map(cpu_s, processes))
            time.sleep(REST_S)
            spent = sum(map(cpu_s, processes)) - before
            yield from _memory(processes)
            yield "at rest, 6 simulated lines with their physics", 100 * spent / REST_S, "% of a core", ""
        finally:
            process.terminate()
            process.wait(GIVE_UP_S)


def _memory(processes: tuple[int, ...]) -> Iterator[Row]:
    """What the gateway, its SIP process and the spare one take, pages that they share counted once (PSS)."""
    resident = sum(map(memory_mb, processes))
    shares = [proportional_mb(pid) for pid in processes]
    known = [share for share in shares if share is not None]
    whole = sum(known) if len(known) == len(shares) else resident
    for name, share in zip(("gateway", "SIP process", "spare SIP process"), shares, strict=True):
        if share is not None:
            yield f"memory at rest, {name}", share, "MB PSS", ""
    how = "PSS" if whole != resident else "RSS; PSS cannot be read here"
    yield "memory at rest, all three processes", whole, "MB", f"{how}; Asterisk 22: {ASTERISK_MB} MB"
    yield "  their resident sets, shared pages counted thrice", resident, "MB RSS", ""
    yield "  ratio of memory", whole / ASTERISK_MB, "x", "less is better"


def all_three(gateway: int, sip: int) -> tuple[int, int, int]:
    """The gateway, the SIP process, and the spare that waits beside it as soon as it is there and at rest."""
    until = time.perf_counter() + GIVE_UP_S
    while time.perf_counter() < until:
        spares = [pid for pid in children_of(gateway) if pid != sip]
        if len(spares) == 1 and _rests(spares[0]):
            return gateway, sip, spares[0]
        time.sleep(0.05)
    raise SystemExit("bench start: there is no spare SIP process")


def _rests(pid: int) -> bool:
    """Whether a process has its start behind it: no processor time for a fifth of a second."""
    before = cpu_s(pid)
    time.sleep(0.2)
    return before > 0 and cpu_s(pid) == before


def children_of(pid: int) -> list[int]:
    """Processes whose parent this one is."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def status_when(state: Path, process: subprocess.Popen[bytes], *, sip_up: bool) -> dict[str, Any]:
    """What a gateway says of itself, as soon as it answers (and SIP is up)."""
    until = time.perf_counter() + GIVE_UP_S
    while time.perf_counter() < until and process.poll() is None:
        with contextlib.suppress(client.NotRunning):
            status: dict[str, Any] = client.ask(str(state / "control"), "status")
            if not sip_up or (status["sip"]["up"] and status["sip"]["process"]):
                return status
        time.sleep(0.005)
    raise SystemExit("bench start: the gateway does not answer")


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1_024 if found else 0.0


def proportional_mb(pid: int) -> float | None:
    """A process's share of memory, pages that several have divided among them; None where it is not told."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1_024 if found else None


def board_for_figures(directory: Path, sockets: int = 32) -> Path:
    """The simulated board with RTP ports that an office which runs on this machine does not have."""
    text = (SIMULATED / "board.toml").read_text()
    first = 2 * random.SystemRandom().randrange(10_000, 16_000)
    board = directory / "board.toml"
    text = text.replace("first_port = 16384", f"first_port = {first}")
    board.write_text(text.replace("sockets = 32", f"sockets = {sockets}"))
    return board


def free_port() -> int:
    """A port on loopback that nobody has just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

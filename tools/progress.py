"""Says what set-up and the tests are doing: a line a stage with the seconds passed; long output to a log."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache" / "logs"
HEARTBEAT_S = 20.0
TAIL_LINES = 25

_started = time.monotonic()


class SetupError(Exception):
    """Set-up cannot go on; the text says why and what to type."""


def say(text: str) -> None:
    """Print one line of progress, with the seconds since the start; stdout stays the task's own."""
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", file=sys.stderr, flush=True)


def run_logged(
    title: str,
    command: Sequence[str],
    log_name: str,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> bool:
    """Run `command` with its output in a log named in the message; True when it returned 0.

    Every HEARTBEAT_S a line with the log's last words shows that it lives. A failure prints the log's tail.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log_path = LOGS / f"{log_name}.log"
    say(f"{title} (output: {log_path.relative_to(ROOT)})")
    began = time.monotonic()
    with log_path.open("w", encoding="utf-8") as log:
        log.write("$ " + " ".join(command) + "\n")
        log.flush()
        child = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=cwd, env={**os.environ, **(env or {})}
        )
        code = _wait(child, log_path)
    if code != 0:
        say(f"  failed with code {code} after {time.monotonic() - began:.0f} s; the end of its output:")
        for line in _tail(log_path, TAIL_LINES):
            print("    " + line, file=sys.stderr, flush=True)
    return code == 0


def _wait(child: subprocess.Popen[bytes], log_path: Path) -> int:
    began = time.monotonic()
    try:
        while True:
            try:
                return child.wait(timeout=HEARTBEAT_S)
            except subprocess.TimeoutExpired:
                last = (_tail(log_path, 1) or [""])[0][:90]
                say(f"  still at it after {time.monotonic() - began:.0f} s: {last}")
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


def _tail(path: Path, count: int) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.strip()][-count:]


def pause(seconds: float) -> None:
    """Wait before another attempt over the network."""
    threading.Event().wait(seconds)

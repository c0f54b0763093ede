"""The flight recorder of a whole gateway: a finished call survives kill -9, and replays the same."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.records.recordings import recordings
from tests.app.office_files import office_files

pytestmark = pytest.mark.real

ENVIRONMENT = {**os.environ, "LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}
READY_S = 60


def cityline(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=ENVIRONMENT, timeout=READY_S, check=False
    )


def test_a_finished_call_survives_kill_9_and_replays_the_same(tmp_path: Path) -> None:
    files = office_files(tmp_path)
    state = ("--state", str(files.state))
    gateway = subprocess.Popen(
        [sys.executable, "-m", "gateway", "run", "--no-prompt", *files.arguments()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        assert gateway.stdout is not None
        for line in gateway.stdout:
            if re.search("Ctrl-C stops it", line):
                break
        started = cityline("line", "record", "1", "start", "--audio", "all", *state)
        assert "fxo1 is being recorded by hand, sound: all" in started.stdout, started
        assert cityline("bench", *state, "101", "lifts").returncode == 0
        cityline("bench", *state, "wait", "1.5")
        assert cityline("bench", *state, "101", "hangs", "up").returncode == 0
        until = time.monotonic() + READY_S
        while not recordings(files.state / "recordings", "fxs1") and time.monotonic() < until:
            cityline("bench", *state, "wait", "0.5")
        assert "recorded by hand" in cityline("line", "record", "city1", *state).stdout
        refused = cityline("line", "record", "102", "stop", *state)
        assert (refused.returncode, "is not being recorded by hand" in refused.stderr) == (1, True)
        cityline("bench", *state, "102", "lifts")
    finally:
        gateway.send_signal(signal.SIGKILL)
        gateway.communicate(timeout=READY_S)
    listed = json.loads(cityline("line", "record", "101", "--json", *state).stdout)
    assert [one["why"] for one in listed["recordings"]] == ["call"]
    out = tmp_path / "call.bundle"
    assert cityline("line", "record", "101", "export", "--out", str(out), *state).returncode == 0
    replayed = cityline("replay", str(out))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert replayed.stdout.startswith("The same: ")

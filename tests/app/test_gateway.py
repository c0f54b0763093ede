"""The real gateway as a process of its own: it starts, answers, stops in order, refuses well, and survives
kill -9.
"""

import json
import os
import random
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from gateway.drivers.storage import read_calls
from gateway.model.causes import Cause, Evidence
from gateway.records.calls import Outcome
from gateway.runtime.trace import segments
from tests.app.office_files import OfficeFiles, office_files

pytestmark = pytest.mark.real

READY_S = 60
ENVIRONMENT = {**os.environ, "LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def files(tmp_path: Path) -> OfficeFiles:
    return office_files(tmp_path)


def cityline(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=READY_S,
        check=False,
    )


class Running:
    """A gateway that runs; what it prints is kept."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=ENVIRONMENT,
        )
        self.said: list[str] = []

    def reads_until(self, pattern: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"it ended without {pattern!r}: {''.join(self.said)}")

    def stops(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.said += self.process.stdout
        return self.process.wait(READY_S)


@contextmanager
def running(*command: str) -> Iterator[Running]:
    gateway = Running(*command)
    try:
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.wait()
        assert gateway.process.stdout is not None
        gateway.process.stdout.close()


@contextmanager
def office(files: OfficeFiles, *options: str) -> Iterator[Running]:
    """The command line's gateway, up and answering."""
    with running("gateway", "run", "--no-prompt", *files.arguments(), *options) as gateway:
        gateway.reads_until(r"^  state ")
        while not (files.state / "control").exists():
            assert gateway.process.poll() is None, "".join(gateway.said)
        yield gateway


def asked(files: OfficeFiles, *question: str) -> object:
    answer = cityline(*question, "--json", "--state", str(files.state))
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def status_when(files: OfficeFiles, **wanted: object) -> dict[str, object]:
    """The status, as soon as its SIP part has these values; they have `READY_S` to come."""
    deadline = time.monotonic() + READY_S
    while True:
        status = asked(files, "status")
        assert isinstance(status, dict)
        if all(status["sip"][name] == value for name, value in wanted.items()):
            return status
        assert time.monotonic() < deadline, f"{wanted} did not come: {status['sip']}"


# --- a good day ---------------------------------------------------------------------------------------------


def test_it_starts_answers_and_stops_in_order(files):
    with office(files) as gateway:
        status = status_when(files, up=True)
        lines = asked(files, "lines")
        assert status["sip"]["address"] == f"127.0.0.1:{files.sip_port}"
        assert status["audio"]["ticks"] > 0
        assert (status["audio"]["events_dropped"], status["audio"]["queue_dropped"]) == (0, 0)
        assert {row["port"]: row["state"] for row in lines["rows"]} == dict.fromkeys(
            ("fxs1", "fxs2", "fxs3", "fxs4", "fxo1", "fxo2"), "idle"
        )
        assert asked(files, "calls")["rows"] == []
        assert gateway.stops() == 0
    assert "Stopped: every call is ended" in gateway.said[-1]
    assert not [line for line in gateway.said if line.startswith("sip:")], "a clean stop is quiet"
    (trace,) = segments(files.state / "trace")
    assert trace.read_text().endswith('{"end":"stopped"}\n')
    assert not (files.state / "control").exists()
    past = cityline("trace", "--all", "--state", str(files.state))
    assert past.stdout.splitlines()[-1] == "  > ShutdownRequested"
    assert "No gateway runs; this is the end of" in past.stderr
    replayed = cityline("replay", str(trace))
    assert replayed.returncode == 0, replayed.stdout
    assert replayed.stdout.startswith("The same: ")


def test_a_recording_that_is_none_stays_in_the_status_for_who_did_not_see_the_start(files):
    (files.office.parent / "polka.wav").write_text("polka")
    files.change_office(r'hold_music = "hold"', 'hold_music = "polka"')
    files.office.write_text(files.office.read_text() + '\n[clip.polka]\nfile = "polka.wav"\n')
    with office(files) as gateway:
        (warning,) = asked(files, "status")["warnings"]
        assert re.search(
            r'office\.toml:\d+: clip "polka": .*not a WAV file.*our own music plays instead', warning
        )
        assert f"! {warning}" in cityline("status", "--state", str(files.state)).stdout
        assert gateway.stops() == 0
    assert f"! {warning}\n" in gateway.said


def test_ctrl_c_stops_it_in_order_too(files):
    with office(files) as gateway:
        assert gateway.stops(signal.SIGINT) == 0


def test_secrets_are_not_printed_where_they_would_be_kept(files):
    """On a terminal they are shown once (test_terminal); systemd's journal keeps what it gets."""
    with office(files) as gateway:
        status_when(files, up=True)
        gateway.stops()
    said = "".join(gateway.said)
    assert not re.search(r"\b[a-z2-9]{16}\b", said)
    assert "201, 202, 203, 204 have new secrets. They are not shown" in said
    (command,) = re.findall(r"^This makes another and shows it once: cityline (.+ 202)$", said, re.MULTILINE)
    reset = cityline(*shlex.split(command))
    (secret,) = re.findall(r"^  202  ([a-z2-9]{16})$", reset.stdout, re.MULTILINE)
    kept = b"".join(path.read_bytes() for path in files.state.rglob("*") if path.is_file())
    assert secret.encode() not in kept
    with office(files) as gateway:
        gateway.stops()
    assert "new secrets" not in "".join(gateway.said).lower()
    assert cityline("secrets", "reset", "101", *files.arguments()).returncode == 2


def test_an_office_that_others_can_reach_or_read_says_so(files):
    files.change_office('name = "Darya"', 'name = "Darya"\nsecret = "a-long-secret-of-201"')
    files.office.chmod(0o644)
    with office(files, "--listen", "0.0.0.0") as gateway:
        gateway.stops()
    said = "".join(gateway.said)
    assert f"! SIP and voice are open to everybody who can reach 0.0.0.0:{files.sip_port};" in said
    assert re.search(
        r"^! .*office\.toml:\d+: .*others on this machine can read it.*chmod 600", said, re.MULTILINE
    )
    files.office.chmod(0o600)
    with office(files) as gateway:
        gateway.stops()
    said = "".join(gateway.said)
    assert "SIP and voice are open" not in said
    assert "can read it" not in said


def test_a_technician_follows_what_happens(files):
    with living(files, 1) as gateway:
        gateway.reads_until("^ended")
        following = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gateway",
                "trace",
                "--follow",
                "--last",
                "0",
                "--state",
                str(files.state),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        assert following.stdout is not None
        lines = [following.stdout.readline() for _ in range(5)]
        following.kill()
        following.stdout.close()
        following.wait()
        assert asked(files, "status")["journal"]["rows"] > 0
        text = cityline("calls", "--recorded", "--state", str(files.state)).stdout
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z \w+\([^)]+\)\{\w+\} .+ -> \w+", line)
    assert re.search(r"internal +201 .*777", text)


def test_people_of_the_bench_are_moved_from_the_command_line(files):
    with office(files):
        lifted = cityline("bench", "--state", str(files.state), "101", "lifts")
        assert (lifted.returncode, lifted.stdout) == (0, "")
        # Dial tone, or what follows it on a slow machine.
        while {row["port"]: row["state"] for row in asked(files, "lines")["rows"]}["fxs1"] == "idle":
            pass
        again = cityline("bench", "--state", str(files.state), "101 lifts")
        assert again.returncode == 1
        assert "off its hook already" in again.stderr


# --- bad input ----------------------------------------------------------------------------------------------


def line_of(path: Path, word: str) -> int:
    lines = path.read_text().splitlines()
    return next(n for n, line in enumerate(lines, start=1) if word in line and not line.startswith("#"))


def refused(files: OfficeFiles, code: int) -> str:
    answer = cityline("run", "--no-prompt", *files.arguments())
    assert answer.returncode == code, answer.stderr
    assert "Traceback" not in answer.stderr
    return answer.stderr


def test_a_typo_in_the_office_is_answered_with_file_and_line(files):
    files.change_office("interdigit_ms", "interdigt_ms")
    assert re.search(r"office\.toml:\d+: .*interdigt_ms", refused(files, 2))


def test_a_second_gateway_on_the_same_state_is_refused_and_the_first_is_left_alone(files):
    with office(files) as gateway:
        told = refused(files, 1)
        assert f"another Cityline (process {gateway.process.pid}) is using it" in told
        assert asked(files, "calls")["rows"] == []


def test_an_rtp_port_in_use_is_named_with_a_remedy(files):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", files.rtp_port + 2))
        told = refused(files, 1)
    line = line_of(files.board, "first_port")
    assert f"board.toml:{line}: [rtp]: UDP port {files.rtp_port + 2} on 127.0.0.1 cannot be bound" in told
    assert "another first_port" in told


def test_a_sip_port_in_use_is_named_analog_telephones_work_and_sip_comes_when_it_is_free(files):
    with ExitStack() as held:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            other = held.enter_context(socket.socket(socket.AF_INET, kind))
            other.bind(("127.0.0.1", files.sip_port))
        with office(files) as gateway:
            told = gateway.reads_until("^! SIP")
            assert f"SIP cannot listen on 127.0.0.1:{files.sip_port}" in told
            assert asked(files, "status")["sip"]["up"] is False
            assert len(asked(files, "lines")["rows"]) == 6
            held.close()
            status_when(files, up=True)
            assert gateway.stops() == 0


def test_a_sound_card_that_is_not_there_fails_its_port_and_no_other(files):
    files.change_board(r'kind = "fxs"', 'kind = "fxs"\naudio = "alsa"\ncard = "hw:CARD=missing"')
    with office(files) as gateway:
        told = gateway.reads_until("^! fxs1")
        assert 'sound card "missing" (device hw:CARD=missing) is not there. Cards that are: ' in told
        rows = {row["port"]: row for row in asked(files, "lines")["rows"]}
        assert "hw:CARD=missing" in rows["fxs1"]["failure"]
        assert all(row["failure"] == "" for port, row in rows.items() if port != "fxs1")
        status = asked(files, "status")
        assert status["lines_failed"] == ["fxs1"]
        assert [alarm["about"] for alarm in status["alarms"]] == ["fxs1"]


def test_pins_of_a_chip_that_is_not_here_are_refused_with_a_remedy(files):
    pins = 'hook = "gpiochip77:1", ring_mode = "gpiochip77:2", forward_reverse = "gpiochip77:3"'
    pins += ', power_down = "gpiochip77:4"'
    files.change_board(r"pins = .*", f'pins = {{ {pins} }}\naudio = "alsa"\ncard = "hw:CARD=line1"')
    line = line_of(files.board, "gpiochip77")
    told = refused(files, 1)
    assert f"board.toml:{line}: port \"fxs1\": there is no GPIO chip 'gpiochip77' here; there is" in told


def test_ports_that_sip_and_speech_both_want_are_refused_before_anything_starts(files):
    files.change_board(r"first_port = \d+", f"first_port = {files.sip_port // 2 * 2}")
    line = line_of(files.board, "first_port")
    assert re.search(rf"board\.toml:{line}: .* where SIP listens \(.*office\.toml:\d+\)", refused(files, 2))


def test_a_port_of_listen_that_speech_wants_is_refused_too(files):
    listen = f"127.0.0.1:{files.rtp_port + 2}"
    answer = cityline("run", "--no-prompt", "--listen", listen, *files.arguments())
    assert answer.returncode == 2
    assert f"include {files.rtp_port + 2}, where SIP listens (--listen)" in answer.stderr


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "127.0.0.1:sip", "[::1"])
def test_an_address_that_is_none_is_refused(files, address):
    answer = cityline("run", "--no-prompt", "--listen", address, *files.arguments())
    assert answer.returncode == 2
    assert "is no address" in answer.stderr


def test_an_address_of_another_machine_is_refused_with_a_remedy(files):
    answer = cityline("run", "--no-prompt", "--listen", "203.0.113.9", *files.arguments())
    assert answer.returncode == 1
    assert (
        "cannot listen on 203.0.113.9: Cannot assign requested address; give --listen an address of this"
        in (answer.stderr)
    )


def test_without_a_gateway_every_question_says_how_to_start_one(files):
    for question in ("status", "lines", "calls", "trace"):
        answer = cityline(question, "--state", str(files.state))
        assert answer.returncode == 1
        assert "Start one with `cityline run`" in answer.stderr


def test_a_story_that_cannot_be_written_down_says_so_without_a_traceback(tmp_path):
    (tmp_path / "file").write_text("")
    answer = cityline("run", "--story", "busy", "--out", str(tmp_path / "file" / "heard"))
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "Not a directory" in answer.stderr


def test_a_file_that_is_no_trace_is_refused_with_its_line(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n")
    answer = cityline("replay", str(path))
    assert answer.returncode == 2
    assert "notes.txt:1: is not a JSON object" in answer.stderr


def test_a_trace_that_was_tampered_with_shows_its_first_difference(files):
    with living(files, 2) as gateway:
        gateway.reads_until("^ended")
    (trace,) = segments(files.state / "trace")
    lines = trace.read_text().splitlines(keepends=True)
    changed = next(number for number, line in enumerate(lines) if '"StartTimer"' in line)
    lines[changed] = re.sub(r'"after_ms":\d+', '"after_ms":1', lines[changed])
    trace.write_text("".join(lines))
    answer = cityline("replay", str(trace), "--json")
    assert answer.returncode == 1
    difference = json.loads(answer.stdout)["difference"]
    assert difference["recorded"]["after_ms"] == 1
    assert difference["line"] <= changed


# --- kill -9 ------------------------------------------------------------------------------------------------


@contextmanager
def living(files: OfficeFiles, seed: int) -> Iterator[Running]:
    """A gateway whose people telephone without pause (`tests.app.living_office`)."""
    command = ("tests.app.living_office", str(files.office), str(files.board), str(files.state), str(seed))
    with running(*command) as gateway:
        gateway.reads_until("^up")
        yield gateway


def test_kill_9_of_the_whole_gateway_loses_no_call_that_was_recorded_as_ended(files):
    """Five lives, each killed in the middle of its calls; over 200 calls; then an orderly start."""
    chance = random.Random(5)
    lives: list[dict[int, int]] = []
    for seed in range(5):
        with living(files, seed) as gateway:
            ended: dict[int, int] = {}
            wanted = chance.randint(42, 70)
            while len(ended) < wanted:
                _, call, cause = gateway.reads_until("^ended").split()
                ended[int(call)] = int(cause)
        lives.append(ended)
    with office(files) as gateway:
        gateway.stops()
    records = {
        (record.run, record.call): record for record in read_calls(files.state / "calls.sqlite", limit=9_999)
    }
    assert sum(map(len, lives)) > 200
    for run, ended in enumerate(lives, start=1):
        for call, cause in ended.items():
            assert records[run, call].cause == cause
            assert records[run, call].end_evidence is not Evidence.RESTART
    cut = [record for record in records.values() if record.outcome is Outcome.INTERRUPTED]
    assert cut
    assert all(record.cause is Cause.TEMPORARY_FAILURE for record in cut)
    assert not any(record.outcome is Outcome.ONGOING for record in records.values())
    for trace in segments(files.state / "trace"):
        assert cityline("replay", str(trace)).returncode == 0
    with closing(sqlite3.connect(files.state / "calls.sqlite")) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)

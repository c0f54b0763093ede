"""The C shim under ASan and UBSan: failing allocations, garbage, mutants; afterwards it answers as before."""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sip import torture

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
WRAPPED = ("malloc", "calloc", "realloc", "strdup")
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
DEADLINE_S = 20.0
REPEAT_S = 0.5
"""Timer T1 of RFC 3261."""

SEED = 4475
MUTANTS = 1_500


def pkg_config(option: str) -> list[str]:
    words = subprocess.run(
        ("pkg-config", option, "sofia-sip-ua"), check=True, capture_output=True, text=True
    ).stdout.split()
    return [word.replace("-I", "-isystem", 1) for word in words]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test program, built with the warnings and the sanitizers of the C rules."""
    out = tmp_path_factory.mktemp("shim") / "shim_test"
    sources = [
        *sorted((ROOT / "native" / "sip").glob("*.c")),
        ROOT / "native" / "sip" / "tests" / "shim_test.c",
    ]
    subprocess.run(
        (
            *("gcc", "-std=c11", "-g", "-O1", *SANITIZERS, *WARNINGS, *pkg_config("--cflags")),
            *(str(source) for source in sources),
            *(
                "-o",
                str(out),
                *(f"-Wl,--wrap={name}" for name in WRAPPED),
                *pkg_config("--libs"),
                "-lpthread",
            ),
        ),
        check=True,
    )
    return out


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Server:
    """``shim_test serve`` under way."""

    process: subprocess.Popen[str]
    port: int

    def end(self) -> tuple[int, str]:
        output, _ = self.process.communicate("", timeout=60)
        return self.process.returncode, output


def sound(status: int, output: str) -> None:
    """It ended well, or nothing but memory of sofia's own was left over (its transactions linger)."""
    only_leaks = "LeakSanitizer" in output and "AddressSanitizer:DEADLYSIGNAL" not in output
    ours = [line for line in output.splitlines() if "native/sip/" in line]
    assert status == 0 or (only_leaks and not ours and "runtime error" not in output), output


@pytest.fixture
def serve(program: Path) -> Iterator["list[Server]"]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


def start(program: Path, servers: list[Server], every: int = 0) -> Server:
    port = free_port()
    process = subprocess.Popen(
        (str(program), "serve", str(port), str(every)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    server = Server(process, port)
    servers.append(server)
    assert process.stdout.readline() == "ready\n"
    return server


@pytest.fixture
def wire() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        end.settimeout(REPEAT_S)
        yield end


def ask(wire: socket.socket, port: int, start_line: str, call_id: str) -> bytes:
    """One request, repeated as UDP wants it, and the first final response to it."""
    own = wire.getsockname()[1]
    request = torture.message(start_line, port=own, n=abs(hash(call_id)) % 10**9)
    request = request.replace(b"Call-ID: torture", b"Call-ID: " + call_id.encode())
    ends = time.monotonic() + DEADLINE_S
    sent = 0.0
    while time.monotonic() < ends:
        if time.monotonic() - sent > REPEAT_S:
            wire.sendto(request, ("127.0.0.1", port))
            sent = time.monotonic()
        try:
            response = wire.recv(65_536)
        except TimeoutError:
            continue
        if call_id.encode() in response and not response.startswith(b"SIP/2.0 1"):
            return response
    raise AssertionError(f"no answer to {start_line}")


def test_every_allocation_of_create_may_fail(program: Path) -> None:
    result = subprocess.run(
        (str(program), "create", str(free_port())), capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "created after" in result.stdout


def test_garbage_and_mutants_neither_crash_it_nor_keep_it_from_answering(
    program: Path, serve: list[Server], wire: socket.socket
) -> None:
    server = start(program, serve)
    own = wire.getsockname()[1]
    packets = [*torture.classics(own), *torture.mutants(SEED, MUTANTS, own)]
    for number, packet in enumerate(packets):
        wire.sendto(packet, ("127.0.0.1", server.port))
        if number % 50 == 49:  # an answer now and then, so that the socket's buffer does not overflow
            response = ask(wire, server.port, "OPTIONS sip:x SIP/2.0", f"probe{number}x")
            assert response.startswith(b"SIP/2.0 200"), response
    assert ask(wire, server.port, torture.REGISTER, "sane").startswith(b"SIP/2.0 200")
    status, output = server.end()
    sound(status, output)
    assert int(output.split("taken ")[1].split()[0]) > 100, "the good ones among them came through"


def test_garbage_over_tcp(program: Path, serve: list[Server], wire: socket.socket) -> None:
    server = start(program, serve)
    for packet in [*torture.classics(9), *torture.mutants(SEED + 1, 200, 9)]:
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as connection:
            try:
                connection.sendall(packet.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
            except (BrokenPipeError, ConnectionResetError):
                continue  # it hung up on us in the middle: its right
    assert ask(wire, server.port, "OPTIONS sip:x SIP/2.0", "sane").startswith(b"SIP/2.0 200")
    status, output = server.end()
    sound(status, output)


@pytest.mark.parametrize("every", [2, 3, 5, 7, 11, 23])
def test_requests_while_allocations_fail(
    program: Path, serve: list[Server], wire: socket.socket, every: int
) -> None:
    """Some requests are refused or forgotten; nothing crashes, nothing leaks, and the thread can be ended."""
    server = start(program, serve, every)
    own = wire.getsockname()[1]
    for packet in [*torture.classics(own), *torture.mutants(SEED + every, 100, own)]:
        wire.sendto(packet, ("127.0.0.1", server.port))
    assert ask(wire, server.port, "OPTIONS sip:x SIP/2.0", f"sane{every}").startswith(b"SIP/2.0 200")
    status, output = server.end()
    sound(status, output)

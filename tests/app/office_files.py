"""Files of an office for a gateway of a test's own: its ports collide with nobody's."""

import random
import re
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.config.samples import SIMULATED

RTP_SOCKETS = 4


def free_port() -> int:
    """A port on loopback that nobody has just now, for UDP and TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.bind(("127.0.0.1", 0))
        port = int(tcp.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", port))
        return port


def free_port_range(count: int) -> int:
    """The first, even one of ``count`` UDP ports on loopback that are all free (below those that Linux hands
    out).
    """
    while True:
        first = 2 * random.SystemRandom().randrange(10_000, 16_000)
        try:
            with ExitStack() as held:
                for port in range(first, first + count):
                    udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    udp.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


@dataclass(frozen=True)
class OfficeFiles:
    """office.toml and board.toml of the simulated office with ports of their own, and a state directory."""

    office: Path
    board: Path
    state: Path
    sip_port: int
    rtp_port: int

    def arguments(self) -> list[str]:
        return ["--config", str(self.office), "--board", str(self.board), "--state", str(self.state)]

    def change_board(self, pattern: str, replacement: str) -> None:
        self.board.write_text(_replace(self.board.read_text(), pattern, replacement))

    def change_office(self, pattern: str, replacement: str) -> None:
        self.office.write_text(_replace(self.office.read_text(), pattern, replacement))


def office_files(directory: Path, office: str = "office") -> OfficeFiles:
    """The files of the simulated office of that name."""
    sip_port, rtp_port = free_port(), free_port_range(2 * RTP_SOCKETS)
    files = OfficeFiles(
        directory / "office.toml", directory / "board.toml", directory / "state", sip_port, rtp_port
    )
    files.office.write_text((SIMULATED / f"{office}.toml").read_text())
    files.board.write_text((SIMULATED / "board.toml").read_text())
    files.change_office(r"port = 5060", f"port = {sip_port}")
    files.change_board(r"first_port = 16384", f"first_port = {rtp_port}")
    files.change_board(r"sockets = 32", f"sockets = {RTP_SOCKETS}")
    return files


def _replace(text: str, pattern: str, replacement: str) -> str:
    changed, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1, f"{pattern!r} is not in the file"
    return changed

"""RTP for the figures: streams of packets, and a program of its own that sends them in real time."""

from __future__ import annotations

import itertools
import random
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from types import TracebackType

FRAME_MS = 20
FRAME_SAMPLES = 160
PCMA = 8
VERSION_2 = 0x80


def packets(leg: int) -> Iterator[bytes]:
    """RTP packets of 20 ms of A-law noise (RFC 3550, section 5.1), for ever."""
    payload = random.Random(leg).randbytes(FRAME_SAMPLES)
    for number in itertools.count():
        sequence, stamp = number & 0xFFFF, number * FRAME_SAMPLES & 0xFFFFFFFF
        yield struct.pack("!BBHII", VERSION_2, PCMA, sequence, stamp, 0x1000 + leg) + payload


class Traffic:
    """SIP telephones' media on loopback: a process sends each leg 50 packets a second and drains its own."""

    OUR_FIRST_PORT = 36_000
    THEIR_FIRST_PORT = 38_000

    def __init__(self, legs: int) -> None:
        self._legs = legs
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Traffic:
        if self._legs:
            command = [sys.executable, "-m", "tools.figures_traffic", str(self._legs)]
            self._child = subprocess.Popen(command)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.wait()


def send(legs: int) -> None:
    """Send until killed; a late round is made up for, so that the rate stays."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(legs)]
    streams = [packets(leg) for leg in range(legs)]
    for leg, sender in enumerate(sockets):
        sender.bind(("127.0.0.1", Traffic.THEIR_FIRST_PORT + 2 * leg))
        sender.setblocking(False)
    due = time.monotonic()
    while True:
        for leg, sender in enumerate(sockets):
            sender.sendto(next(streams[leg]), ("127.0.0.1", Traffic.OUR_FIRST_PORT + 2 * leg))
            _drain(sender)
        due += FRAME_MS / 1_000
        time.sleep(max(0.0, due - time.monotonic()))


def _drain(receiver: socket.socket) -> None:
    try:
        while receiver.recv(2_048):
            continue
    except BlockingIOError:
        return


if __name__ == "__main__":
    send(int(sys.argv[1]))

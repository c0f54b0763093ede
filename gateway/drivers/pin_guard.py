"""Brings outputs to rest when the gateway dies, however it dies: a process that holds the same line requests.

The kernel keeps an output's level when its owner is gone, so a bell would ring on after a crash. The guard
inherits the requests' file descriptors and the read end of a pipe whose write end only the gateway has; when
that pipe ends without a word, it sets every output to rest, forward/reverse first and the others more than
10 ms later (Ag1171 V1.6), and ends. It imports nothing of ours: it must be small and start at once.
"""

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

SET_VALUES = 0xC010B40F
"""GPIO_V2_LINE_SET_VALUES_IOCTL of <linux/gpio.h>: two 64-bit words, bits and mask."""
REST_FIRST_S = 0.012
DISMISSED = b"."


class Rest(NamedTuple):
    """An output: its request's file descriptor, its bit there, and its logical level at rest."""

    fd: int
    bit: int
    high: bool


class PinGuard:
    """A guard over these outputs; none is started when there are none."""

    def __init__(self, outputs: Sequence[Rest]) -> None:
        self._pipe: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if not outputs:
            return
        watched, self._pipe = os.pipe()
        words = [f"{rest.fd}:{rest.bit}:{int(rest.high)}" for rest in outputs]
        fds = sorted({rest.fd for rest in outputs} | {watched})
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", __file__, str(watched), *words],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(watched)

    @property
    def pid(self) -> int | None:
        """Its process."""
        return self._process.pid if self._process is not None else None

    def dismiss(self) -> None:
        """The outputs are at rest already: let it go without touching them."""
        if self._pipe is None or self._process is None:
            return
        with contextlib.suppress(BrokenPipeError):  # it is gone already
            os.write(self._pipe, DISMISSED)
        os.close(self._pipe)
        self._pipe = None
        self._process.wait()


def set_levels(fd: int, bits: int, mask: int) -> None:
    """Set the masked lines of a request."""
    fcntl.ioctl(fd, SET_VALUES, struct.pack("QQ", bits, mask))


def bring_to_rest(outputs: Sequence[Rest]) -> None:
    """High first (F/R), low (RM, loop switches) more than 10 ms later. A chip that is gone needs no rest."""
    for high, pause_s in ((True, REST_FIRST_S), (False, 0.0)):
        for fd, bit, level in outputs:
            if level is high:
                try:
                    set_levels(fd, int(high) << bit, 1 << bit)
                except OSError as error:
                    sys.stderr.write(f"pin guard: line {bit} of request {fd}: {error}\n")
        time.sleep(pause_s)


def watch(pipe: int, outputs: Sequence[Rest]) -> None:
    """Wait until the gateway dismisses us or is gone."""
    if os.read(pipe, 1) != DISMISSED:
        bring_to_rest(outputs)


if __name__ == "__main__":
    words = [[int(part) for part in word.split(":")] for word in sys.argv[2:]]
    watch(int(sys.argv[1]), [Rest(fd, bit, bool(high)) for fd, bit, high in words])

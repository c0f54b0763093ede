"""Brings outputs to rest when the gateway dies, however it dies: a process that holds the same line requests.

The kernel keeps an output's level when its owner is gone, so a bell would ring on after a crash. The guard
inherits the requests' file descriptors and the read end of a pipe whose write end only the gateway has; when
that pipe ends without a word, it sets every output to rest, forward/reverse first and the others more than
10 ms later (Ag1171 V1.6), and ends. Lines that a library has claimed for itself (RPi.GPIO) it asks the kernel
for once the gateway is gone. It imports nothing of ours: it must be small and start at once.
"""

import contextlib
import errno
import fcntl
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

SET_VALUES = 0xC010B40F
"""GPIO_V2_LINE_SET_VALUES_IOCTL of <linux/gpio.h>: two 64-bit words, bits and mask."""
GET_LINE = 0xC250B407
"""GPIO_V2_GET_LINE_IOCTL: a line request of 592 bytes."""
OUTPUT, ACTIVE_LOW = 1 << 3, 1 << 1
"""GPIO_V2_LINE_FLAG_OUTPUT, GPIO_V2_LINE_FLAG_ACTIVE_LOW"""
OUTPUT_VALUES = 2
"""GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES"""
REST_FIRST_S = 0.012
PATIENCE_S = 1.0
RETRY_S = 0.02
DISMISSED = b"."


class Request(NamedTuple):
    """An output by its request's file descriptor and its bit there."""

    fd: int
    bit: int

    def set(self, high: bool) -> None:
        """Its logical level."""
        set_levels(self.fd, int(high) << self.bit, 1 << self.bit)


class Line(NamedTuple):
    """An output by its chip and its number there: to be asked for when its owner has gone."""

    path: str
    line: int
    active_low: bool

    def set(self, high: bool) -> None:
        """Its logical level; the line keeps it when the request is closed again."""
        chip = os.open(self.path, os.O_RDWR)
        try:
            request = request_of(self, high)
            _patiently(lambda: fcntl.ioctl(chip, GET_LINE, request))
            os.close(struct.unpack_from("i", request, 588)[0])
        finally:
            os.close(chip)


Held = Request | Line


class Rest(NamedTuple):
    """An output and its logical level at rest."""

    output: Held
    high: bool


class PinGuard:
    """A guard over these outputs; none is started when there are none."""

    def __init__(self, outputs: Sequence[Rest]) -> None:
        self._pipe: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if not outputs:
            return
        watched, self._pipe = os.pipe()
        words = [":".join(map(str, (*map(_word, rest.output), int(rest.high)))) for rest in outputs]
        fds = sorted({rest.output.fd for rest in outputs if isinstance(rest.output, Request)} | {watched})
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


def request_of(line: Line, high: bool) -> bytearray:
    """struct gpio_v2_line_request of one output that begins at that level; its last word becomes the
    request's file descriptor.
    """
    flags = OUTPUT | (ACTIVE_LOW if line.active_low else 0)
    request = bytearray(592)
    struct.pack_into("I", request, 0, line.line)
    struct.pack_into("32s", request, 256, b"cityline-guard")
    struct.pack_into("QI", request, 288, flags, 1)
    struct.pack_into("IIQQ", request, 320, OUTPUT_VALUES, 0, int(high), 1)
    struct.pack_into("I", request, 560, 1)
    return request


def _patiently(attempt: Callable[[], object]) -> None:
    """The owner's claim ends a moment after its end of the pipe."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            attempt()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() >= deadline_s:
                raise
            time.sleep(RETRY_S)
        else:
            return


def _word(part: object) -> str:
    return str(int(part)) if isinstance(part, bool) else str(part)


def output_of(word: str) -> Rest:
    """A rest as it stands on the guard's command line."""
    *parts, high = word.split(":")
    if len(parts) == 2:
        return Rest(Request(int(parts[0]), int(parts[1])), high == "1")
    path, line, active_low = parts
    return Rest(Line(path, int(line), active_low == "1"), high == "1")


def bring_to_rest(outputs: Sequence[Rest]) -> None:
    """High first (F/R), low (RM, loop switches) more than 10 ms later. A chip that is gone needs no rest."""
    for high, pause_s in ((True, REST_FIRST_S), (False, 0.0)):
        for output, level in outputs:
            if level is high:
                try:
                    output.set(high)
                except OSError as error:
                    sys.stderr.write(f"pin guard: {output}: {error}\n")
        time.sleep(pause_s)


def watch(pipe: int, outputs: Sequence[Rest]) -> None:
    """Wait until the gateway dismisses us or is gone."""
    if os.read(pipe, 1) != DISMISSED:
        bring_to_rest(outputs)


if __name__ == "__main__":
    watch(int(sys.argv[1]), [output_of(word) for word in sys.argv[2:]])

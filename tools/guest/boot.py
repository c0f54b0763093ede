"""Running a guest under QEMU, and what its pytest said."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.guest.architecture import CACHE
from tools.guest.guests import Guest
from tools.guest.pl061 import ASKED, Answers, Pl061
from tools.progress import ROOT, say

ENDED = re.compile(r"^guest: ended with (\d+)", re.MULTILINE)
BEGAN = "guest: begins"


def console_of(guest: Guest) -> Path:
    """The file with what that guest printed."""
    return CACHE / f"{guest.name}.console.txt"


def boot(guest: Guest, kernel: Path, initrd: Path) -> int:
    """The exit code of the guest's pytest; 1 when the guest never said one."""
    words = [*guest.architecture.emulator, "-m", str(guest.memory_mb)]
    words += ["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-nic", "none"]
    words += ["-accel", "tcg,thread=single", "-smp", "1"]
    if guest.shift is not None:
        words += ["-icount", f"shift={guest.shift},sleep=off"]
    words += ["-kernel", str(kernel), "-initrd", str(initrd)]
    words += ["-append", f"console={guest.architecture.console} quiet panic=-1 rdinit=/init"]
    said = console_of(guest)
    say(f"booting the guest {guest.name} (output: {said.relative_to(ROOT)})")
    with said.open("wb") as console, _outside(guest) as outside:
        _run(guest, [*words, *outside.words], console, outside)
    text = said.read_text(encoding="utf-8", errors="replace")
    print(text[max(0, text.rfind(BEGAN)) :], flush=True)
    ended = ENDED.search(text)
    return int(ended[1]) if ended else 1


@dataclass(slots=True)
class _Outside:
    """Where a guest's pins are worked, if they are: sockets for QEMU to open."""

    folder: Path | None = None

    @property
    def words(self) -> list[str]:
        """For QEMU's command line."""
        if self.folder is None:
            return []
        sockets = {"-qmp": self.folder / "qmp", "-qtest": self.folder / "qtest"}
        words = [word for name, path in sockets.items() for word in (name, f"unix:{path},server=on,wait=off")]
        return [*words, "-qtest-log", "/dev/null"]

    def answers(self) -> Answers | None:
        """Who obeys the guest; QEMU must be running."""
        return Answers(Pl061(self.folder / "qmp", self.folder / "qtest")) if self.folder is not None else None


@contextlib.contextmanager
def _outside(guest: Guest) -> Iterator[_Outside]:
    if not guest.outside:
        yield _Outside()
        return
    with tempfile.TemporaryDirectory() as folder:
        yield _Outside(Path(folder))


def _run(guest: Guest, words: list[str], console: BinaryIO, outside: _Outside) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as qemu:
        timer = threading.Timer(guest.limit_s, qemu.kill)
        timer.start()
        try:
            _follow(qemu, console, outside.answers())
        finally:
            qemu.kill()
            timer.cancel()


def _follow(qemu: subprocess.Popen[bytes], console: BinaryIO, answers: Answers | None) -> None:
    """What the guest says, to the file; what it asks of the outside, to who obeys."""
    assert qemu.stdin is not None
    assert qemu.stdout is not None
    begun = b""
    while said := os.read(qemu.stdout.fileno(), 4_096):
        console.write(said)
        console.flush()
        *lines, begun = (begun + said).split(b"\n")
        for line in lines:
            asked = line.strip().decode("utf-8", "replace")
            if answers is not None and asked.startswith(ASKED):
                qemu.stdin.write(answers.to(asked.removeprefix(ASKED)).encode() + b"\n")
                qemu.stdin.flush()

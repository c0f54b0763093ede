"""Running a guest under QEMU, and what its pytest said."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tools.guest.architecture import CACHE
from tools.guest.guests import Guest
from tools.progress import ROOT, say

ENDED = re.compile(r"^guest: ended with (\d+)", re.MULTILINE)
BEGAN = "guest: begins"


def boot(guest: Guest, kernel: Path, initrd: Path) -> int:
    """The exit code of the guest's pytest; 1 when the guest never said one."""
    words = [*guest.architecture.emulator, "-m", str(guest.memory_mb)]
    words += ["-nographic", "-no-reboot", "-nic", "none"]
    words += ["-accel", "tcg,thread=single", "-smp", "1", "-icount", f"shift={guest.shift},sleep=off"]
    words += ["-kernel", str(kernel), "-initrd", str(initrd)]
    words += ["-append", f"console={guest.architecture.console} quiet panic=-1 rdinit=/init"]
    said = CACHE / f"{guest.name}.console.txt"
    say(f"booting the guest {guest.name} (output: {said.relative_to(ROOT)})")
    with said.open("wb") as console:
        try:
            subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                timeout=guest.limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            say(f"the guest {guest.name} did not end within {guest.limit_s} s")
    text = said.read_text(encoding="utf-8", errors="replace")
    print(text[max(0, text.rfind(BEGAN)) :], flush=True)
    ended = ENDED.search(text)
    return int(ended[1]) if ended else 1

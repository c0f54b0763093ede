"""Builds the C tests and runs them two at a time, the slowest first; `--arm` for the board, under qemu.

The Makefiles say what there is and how it runs; `make test` in native/ does the same one after another.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
AT_ONCE = 2
LONGEST_S = 1_500.0
SHOW = "cityline-show:;@echo '$(RUN)'; echo '$(TEST_PROGRAMS)'"

# Under qemu some take minutes; they begin first, so that none is left alone at the end.
SLOW = (
    "test_echo_g168",
    "test_asrc",
    "test_echo_canceller",
    "test_delay_estimator",
    "test_jitter_buffer",
    "test_concealment",
    "test_levels",
)

# Under qemu it would take ten minutes by itself; it has a shorter grid for other processors.
SPARSE = ("test_echo_g168",)


@dataclass(frozen=True, slots=True)
class Ended:
    """A test program that has ended: its code, its seconds, what it said."""

    program: str
    code: int
    seconds: float
    said: str

    def __str__(self) -> str:
        lines = [line for line in self.said.splitlines() if line.strip()]
        told = lines if self.code else lines[-1:]
        return "\n".join(
            [f"{self.seconds:7.1f} s  {self.program}{' FAILED' if self.code else ''}", *indented(told)]
        )


def indented(lines: list[str]) -> list[str]:
    """Lines as they stand below a program's name."""
    return [f"             {line}" for line in lines]


def main(words: list[str]) -> int:
    """Build, run, print; 1 when one failed."""
    cross = ["CROSS=aarch64-linux-gnu-"] if words == ["--arm"] else []
    built = subprocess.run(
        ["make", "-s", "-C", str(NATIVE), f"-j{AT_ONCE}", "test", "RUN=true", *cross], check=False
    )
    if built.returncode != 0:
        return built.returncode
    asked = ["make", "-s", "-C", str(NATIVE), f"--eval={SHOW}", "cityline-show", *cross]
    runner, programs = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    ordered = sorted(programs.split(), key=lambda name: (Path(name).name not in SLOW, name))
    failed = 0
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for ended in pool.map(lambda program: run(runner, program), ordered):
            print(ended, flush=True)
            failed += ended.code != 0
    print(f"{len(ordered)} C test programs, {failed} failed")
    return int(bool(failed) or not ordered)


def run(runner: str, program: str) -> Ended:
    """Run one program as the Makefile would."""
    began = time.monotonic()
    few = ["--few"] if "qemu" in runner and Path(program).name in SPARSE else []
    command = ["env", *runner.split(), program, *few]
    try:
        ended = subprocess.run(
            command,
            cwd=NATIVE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        return Ended(program, 124, time.monotonic() - began, f"{said}\nnot within {LONGEST_S:.0f} s")
    return Ended(program, ended.returncode, time.monotonic() - began, ended.stdout.decode(errors="replace"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

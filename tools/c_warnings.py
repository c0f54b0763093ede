"""Compiles every C file of the product for the warnings of gcc and clang alone, all of them as errors."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
FOLDERS = ("src", "sip", "wires", "ringer")
FLAGS = ("-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-fsyntax-only")
COMPILERS = ("gcc", "clang")
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")


def sources() -> list[Path]:
    """The C files that go into the product."""
    return [path for folder in FOLDERS for path in sorted((NATIVE / folder).glob("*.c"))]


def main() -> int:
    """Compile all; print what the compiler says; 1 if it says anything."""
    options = [*FLAGS, *WARNINGS, *_includes()]
    works = [(compiler, path) for compiler in COMPILERS for path in sources()]

    def compile_one(work: tuple[str, Path]) -> str:
        compiler, path = work
        command = [compiler, *options, str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        return ended.stderr if ended.returncode or ended.stderr else ""

    with ThreadPoolExecutor(max_workers=2) as pool:
        said = [text for text in pool.map(compile_one, works) if text]
    print(*said, f"{len(sources())} C files, {len(said)} with warnings", sep="\n")
    return int(bool(said))


def _includes() -> list[str]:
    own = [f"-Inative/{folder}" for folder in ("include", *FOLDERS)]
    asked = ["pkg-config", "--cflags", "sofia-sip-ua"]
    flags = subprocess.run(asked, capture_output=True, text=True, check=True)
    # Headers of a library are not ours to warn about.
    return own + [flag.replace("-I", "-isystem", 1) for flag in flags.stdout.split()]


if __name__ == "__main__":
    sys.exit(main())

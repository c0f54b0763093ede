"""The ringer, compiled for a guest of another processor: the one C module that its tests need."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from tools.guest.architecture import Architecture
from tools.guest.kernel import must
from tools.progress import ROOT
from tools.setup_steps import PYTHON

EMIT = "import sys; from native.build_ringer import ringer; ringer.emit_c_code(sys.argv[1])"


def take_ringer(architecture: Architecture, home: Path, package: Path) -> None:
    """Put it where ours is, and take this machine's C modules away: they would not load.

    Python's headers are this machine's: the limited API is the same on all 64-bit Linux.
    """
    for ours in package.rglob("*.so"):
        ours.unlink()
    source = home / "_ringer.c"
    must("writing the ringer's module", [str(PYTHON), "-c", EMIT, str(source)], "guest-cross")
    own = sorted(str(path) for path in (ROOT / "native/ringer").glob("*.c"))
    words = [
        f"{architecture.cross}gcc",
        "-shared",
        "-fPIC",
        "-std=c11",
        "-O2",
        "-DPy_LIMITED_API",
        "-DNDEBUG",
    ]
    words += ["-D_POSIX_C_SOURCE=200809L", f"-I{sysconfig.get_path('include')}"]
    words += [f"-I{ROOT / 'native/ringer'}", f"-I{ROOT / 'native/include'}", str(source), *own]
    words += [str(ROOT / "native/src/alloc.c"), "-lpthread", "-o", str(package / "drivers/_ringer.abi3.so")]
    must("compiling the ringer for the guest", words, "guest-cross")

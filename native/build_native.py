"""Build ``gateway.media._signal_core``: the signal core (cffi, API mode, one abi3 module).

What Python may call and see is read from the headers themselves, so that C and Python cannot differ. Needs
Debian's ``libasound2-dev``, ``libspeexdsp-dev`` and ``pkg-config``.
"""

import re
import subprocess
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent
# In the order in which they include one another; cffi reads no #include.
DECLARED = ("port.h", "plan.h", "event_ring.h", "core.h", "tone_learner.h")
LIBRARIES = {"alsa": "libasound2-dev", "speexdsp": "libspeexdsp-dev"}
# Functions of these are the core's own affair.
NOT_FOR_PYTHON = re.compile(r"^(?:int|void|bool|uint64_t) sc_event_ring_[^;]*;\n", re.MULTILINE)
GUARD_OR_INCLUDE = re.compile(r"^#(?:include .*|ifndef SC_\w+_H|define SC_\w+_H|endif)$", re.MULTILINE)
# -ffp-contract: the same figures on every machine; no -ffast-math: NaN must stay comparable.
FLAGS = ["-std=c11", "-O3", "-D_GNU_SOURCE", "-DSC_HAVE_ALSA", "-ffp-contract=off", "-fno-math-errno"]
WARNINGS = ["-Wall", "-Wextra", "-Wshadow"]


def declarations() -> str:
    """What cffi reads: the headers without guards and includes."""
    text = "".join((HERE / "include" / name).read_text(encoding="utf-8") for name in DECLARED)
    return NOT_FOR_PYTHON.sub("", GUARD_OR_INCLUDE.sub("", text)).replace("struct sc_event_ring;\n", "")


def pkg_config(option: str) -> list[str]:
    """Flags of the libraries, by pkg-config; an error names the packages that may be missing."""
    try:
        answer = subprocess.run(
            ["pkg-config", option, *LIBRARIES], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        packages = " ".join(LIBRARIES.values())
        raise RuntimeError(f"a library of the core is missing: apt install pkg-config {packages}") from error
    return answer.stdout.split()


signal_core = FFI()
signal_core.cdef(declarations())
signal_core.set_source(
    "gateway.media._signal_core",
    '#include "core.h"\n#include "tone_learner.h"',
    sources=[f"native/src/{path.name}" for path in sorted((HERE / "src").glob("*.c"))],
    include_dirs=["native/include", "native/src"],
    depends=[str(path.relative_to(HERE.parent)) for path in sorted(HERE.glob("**/*.h"))],
    # Headers of a library are not ours to warn about.
    extra_compile_args=[
        *FLAGS,
        *WARNINGS,
        *(flag.replace("-I", "-isystem", 1) for flag in pkg_config("--cflags")),
    ],
    extra_link_args=[*pkg_config("--libs"), "-lm", "-pthread"],
    py_limited_api=True,
)

if __name__ == "__main__":
    signal_core.compile(verbose=True)

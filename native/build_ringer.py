"""Build ``gateway.drivers._ringer``: the ringing of telephone modules (cffi, API mode, one abi3 module).

The declarations are read from ringer.h, so that C and Python cannot differ. Needs the kernel's headers
(``linux-libc-dev``, which every compiler brings) and no library.
"""

from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent
RINGER = HERE / "ringer"


def declarations() -> str:
    """What the two headers declare, without the preprocessor's lines (cffi reads C only)."""
    headers = ("ringer.h", "loop_worker.h")
    lines = [line for name in headers for line in (RINGER / name).read_text(encoding="ascii").splitlines()]
    return "\n".join(line for line in lines if not line.startswith("#"))


ringer = FFI()
ringer.cdef(declarations())
ringer.set_source(
    "gateway.drivers._ringer",
    '#include "ringer.h"\n#include "loop_worker.h"',
    sources=[
        *(str(path.relative_to(HERE.parent)) for path in sorted(RINGER.glob("*.c"))),
        "native/src/alloc.c",
    ],
    include_dirs=["native/ringer", "native/include"],
    depends=[str(path.relative_to(HERE.parent)) for path in sorted(RINGER.glob("*.h"))],
    define_macros=[("_POSIX_C_SOURCE", "200809L")],
    extra_compile_args=["-std=c11", "-O2", "-Wall", "-Wextra", "-Wshadow"],
    libraries=["pthread"],
    py_limited_api=True,
)

if __name__ == "__main__":
    ringer.compile(verbose=True)

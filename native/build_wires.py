"""Build ``gateway.simulator._two_wire``: the two-wire physics of the bench (cffi, API mode, one abi3 module).

The declarations are read from two_wire.h, so that C and Python cannot differ.
"""

from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent
WIRES = HERE / "wires"


def declarations() -> str:
    """What two_wire.h declares, without the preprocessor's lines (cffi reads C only)."""
    lines = (WIRES / "two_wire.h").read_text(encoding="ascii").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


two_wire = FFI()
two_wire.cdef(declarations())
two_wire.set_source(
    "gateway.simulator._two_wire",
    '#include "two_wire.h"',
    sources=[str(path.relative_to(HERE.parent)) for path in sorted(WIRES.glob("*.c"))],
    include_dirs=["native/wires"],
    depends=["native/wires/two_wire.h", "native/wires/parts.h"],
    define_macros=[("_POSIX_C_SOURCE", "200809L")],
    extra_compile_args=["-std=c11", "-O3", "-Wall", "-Wextra", "-Wshadow"],
    libraries=["m", "pthread"],
    py_limited_api=True,
)

if __name__ == "__main__":
    two_wire.compile(verbose=True)

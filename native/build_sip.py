"""Build ``gateway._sip_shim``: the C shim around sofia-sip (cffi, API mode, one abi3 module).

Needs Debian's ``libsofia-sip-ua-dev``. The declarations are read from sip_shim.h, so that C and
Python cannot differ.
"""

import subprocess
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent
SOURCES = sorted(path for path in (HERE / "sip").glob("*.c"))


def declarations() -> str:
    """The part of sip_shim.h that cffi can read."""
    text = (HERE / "sip" / "sip_shim.h").read_text(encoding="ascii")
    return text.split("/* BEGIN CFFI */")[1].split("/* END CFFI */")[0]


def pkg_config(option: str) -> list[str]:
    """The flags of sofia-sip, by pkg-config; an error names the package that is missing."""
    try:
        answer = subprocess.run(
            ["pkg-config", option, "sofia-sip-ua"], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError("sofia-sip is missing: apt install libsofia-sip-ua-dev pkg-config") from error
    return answer.stdout.split()


sip_shim = FFI()
sip_shim.cdef(declarations())
sip_shim.set_source(
    "gateway._sip_shim",
    '#include "sip_shim.h"',
    sources=[str(path.relative_to(HERE.parent)) for path in SOURCES],
    include_dirs=["native/sip"],
    depends=["native/sip/sip_shim.h", "native/sip/sx_internal.h"],
    # Headers of a library are not ours to warn about.
    extra_compile_args=[
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Wshadow",
        *(flag.replace("-I", "-isystem", 1) for flag in pkg_config("--cflags")),
    ],
    extra_link_args=pkg_config("--libs"),
    py_limited_api=True,
)

if __name__ == "__main__":
    sip_shim.compile(verbose=True)

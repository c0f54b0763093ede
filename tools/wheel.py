"""Checks a built wheel: one file, abi3 for CPython 3.11 and later, with the compiled modules inside."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from tools.progress import ROOT

BUILDERS = {
    "build_native.py": "_signal_core",
    "build_wires.py": "_two_wire",
    "build_sip.py": "_sip_shim",
}


def complaints(wheel: Path) -> list[str]:
    """What is wrong with `wheel`, in words; empty when nothing is."""
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [module for builder, module in BUILDERS.items() if (ROOT / "native" / builder).is_file()]
    inside = " ".join(names)
    found = [f"no compiled {module}" for module in wanted if f"/{module}.abi3" not in inside]
    if wanted and "-cp311-abi3-" not in wheel.name:
        found.append(f"{wheel.name} is not a cp311-abi3 wheel")
    if any(name.startswith(("tests/", "tools/")) for name in names):
        found.append("tests or tools slipped in")
    return found


def main() -> int:
    """`python -m tools.wheel DIRECTORY`: look at the newest wheel there."""
    wheels = sorted(Path(sys.argv[1]).glob("cityline-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        print("no wheel was built")
        return 1
    wrong = complaints(wheels[-1])
    print(f"{wheels[-1].name}: {wheels[-1].stat().st_size // 1024} KiB", *wrong, sep="\n  ")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

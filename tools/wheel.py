"""Builds the wheel and checks it: one file, abi3 for CPython 3.11 and later, with the C modules inside."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
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


def starts(wheel: Path) -> bool:
    """Whether the command line and the C modules load from the wheel alone, away from the source tree."""
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(wheel).extractall(folder)
        program = (
            "import gateway, gateway.__main__, gateway.media._signal_core, gateway.simulator._two_wire, "
            f"gateway._sip_shim; assert gateway.__file__.startswith({folder!r}), gateway.__file__"
        )
        command = [sys.executable, "-P", "-c", program]
        return subprocess.run(command, cwd=folder, env={"PYTHONPATH": folder}, check=False).returncode == 0


def build(folder: Path) -> int:
    """Build the wheel into `folder`; pip's code."""
    # setuptools keeps what it copied before: a module that was deleted since would be in the wheel.
    for kind in ("lib.*", "bdist.*"):
        for stale in (ROOT / "build").glob(kind):
            shutil.rmtree(stale)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    return subprocess.run([*pip, "-w", str(folder), "."], cwd=ROOT, check=False).returncode


def main() -> int:
    """`python -m tools.wheel DIRECTORY`: build there and look at what came out."""
    folder = Path(sys.argv[1])
    for old in folder.glob("cityline-*.whl"):
        old.unlink()
    code = build(folder)
    for wheel in folder.glob("cityline-*.whl"):
        wrong = complaints(wheel)
        if not wrong and not starts(wheel):
            wrong = ["it does not start; its words stand above"]
        print(f"{wheel.name}: {wheel.stat().st_size // 1024} KiB", *wrong, sep="\n  ")
        code = code or int(bool(wrong))
    return code


if __name__ == "__main__":
    sys.exit(main())

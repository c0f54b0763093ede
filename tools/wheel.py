"""Builds the wheel and checks it: one file, abi3 for CPython 3.11 and later, with the C modules and the
sample offices inside, and a story plays from it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path

from tools.progress import ROOT

BUILDERS = {
    "build_native.py": "_signal_core",
    "build_wires.py": "_two_wire",
    "build_sip.py": "_sip_shim",
    "build_ringer.py": "_ringer",
}
STORY = "internal"


def complaints(wheel: Path) -> list[str]:
    """What is wrong with `wheel`, in words; empty when nothing is."""
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [module for builder, module in BUILDERS.items() if (ROOT / "native" / builder).is_file()]
    inside = " ".join(names)
    found = [f"no compiled {module}" for module in wanted if f"/{module}.abi3" not in inside]
    if wanted and "-cp311-abi3-" not in wheel.name:
        found.append(f"{wheel.name} is not a cp311-abi3 wheel")
    samples = {str(path.relative_to(ROOT)) for path in ROOT.glob("boards/*/*.toml")}
    found += [f"no {name}" for name in sorted(samples) if f"gateway/{name}" not in names]
    if any(name.startswith(("tests/", "tools/")) for name in names):
        found.append("tests or tools slipped in")
    return found


def starts(wheel: Path, story: str = STORY) -> bool:
    """Whether the wheel runs an office by itself: a story, away from the source tree, in an environment
    that has nothing else of ours.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        python = _environment(home / "venv", wheel)
        where = "import gateway._sip_shim as sip, sys; sys.exit(not sip.__file__.startswith(sys.prefix))"
        commands = [[str(python), "-c", where], [str(python.with_name("cityline")), "run", "--story", story]]
        return all(_runs(command, home) for command in commands)


def _environment(home: Path, wheel: Path) -> Path:
    """A virtual environment with the wheel in it; its dependencies are those that we have, not our own code.

    Returns its python.
    """
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    (site,) = home.glob("lib/python3*/site-packages")
    # A directory in a .pth file is searched, but .pth files in it (our editable installation) are not obeyed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    install = [*pip, "install", "-q", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run(install, check=True)
    return python


def _runs(command: list[str], folder: Path) -> bool:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        print(ended.stdout[-2_000:], ended.stderr[-2_000:], sep="\n")
    return ended.returncode == 0


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
            wrong = ["it plays no story; its words stand above"]
        print(f"{wheel.name}: {wheel.stat().st_size // 1024} KiB", *wrong, sep="\n  ")
        code = code or int(bool(wrong))
    return code


if __name__ == "__main__":
    sys.exit(main())

"""A guest's root as one initramfs: Debian's Python, the project as it stands, its libraries, the modules."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.guest.boot import BEGAN
from tools.guest.cross import take_ringer
from tools.guest.guests import Guest
from tools.guest.kernel import must
from tools.progress import ROOT, say
from tools.setup_steps import PYTHON

# Without pyproject.toml and conftest: what they ask for (Hypothesis, a time-out plug-in) stays outside.
OPTIONS = "-qc /dev/null --rootdir=/project --noconftest -p no:cacheprovider --import-mode=importlib -Werror"

INIT = """#!/bin/sh
echo "{began}"
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
{insmod}
[ -d /sys/kernel/config ] && /bin/busybox mount -t configfs config /sys/kernel/config
cd /project
export PYTHONPATH=/site:/project CITYLINE_GUEST={name} TERM=dumb HOME=/tmp
/usr/bin/python3 -m pytest {options} {tests}
echo "guest: ended with $?"
/bin/busybox poweroff -f
"""


def make_root(guest: Guest, home: Path) -> Path:
    """Debian's packages without anything that boots, unpacked and never run here."""
    base, recipe = home / f"root-{guest.name}", home / f"root-{guest.name}.txt"
    packages = ",".join(guest.debian)
    if recipe.is_file() and recipe.read_text(encoding="utf-8") == packages:
        return base
    shutil.rmtree(base, ignore_errors=True)
    archive = home / "root.tar"
    command = ["mmdebstrap", "--variant=extract", f"--architectures={guest.architecture.name}"]
    command += [f"--include={packages}", _codename(), str(archive)]
    must("making the guest's root", command, "guest-root")
    base.mkdir()
    with tarfile.open(archive) as whole:
        members = [member for member in whole if member.isreg() or member.isdir() or member.issym()]
        whole.extractall(base, members=members)  # our own archive of Debian's packages
    archive.unlink()
    _compile(base, *(str(path.relative_to(base)) for path in (base / "usr/lib").glob("python3*")))
    recipe.write_text(packages, encoding="utf-8")
    return base


def _codename() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\S+)", text, re.MULTILINE)
    return found[1] if found else "bookworm"


def make_initrd(guest: Guest, home: Path, base: Path, modules: Sequence[Path]) -> Path:
    """The initramfs of today's project."""
    tree, initrd = home / f"tree-{guest.name}", home / f"initrd-{guest.name}.gz"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["cp", "-al", str(base), str(tree)], check=True)
    for name in ("proc", "sys", "dev", "tmp", "modules", "site", "project"):
        (tree / name).mkdir(exist_ok=True)
    if not guest.architecture.cross:
        (tree / "bin" / "busybox").unlink(missing_ok=True)
        shutil.copy("/bin/busybox", tree / "bin" / "busybox")
    (tree / "bin" / "sh").unlink(missing_ok=True)
    (tree / "bin" / "sh").symlink_to("busybox")
    for module in modules:
        shutil.copy(module, tree / "modules")
    for path in (*_site_packages(guest), *_own_packages(guest, home)):
        _copy(path, tree / "site" / path.name)
    for name in ("gateway", "tests", "pyproject.toml"):
        _copy(ROOT / name, tree / "project" / name)
    if guest.architecture.cross:
        take_ringer(guest.architecture, home, tree / "project/gateway")
    _compile(tree, "site", "project")
    init = tree / "init"
    init.write_text(_init(guest, modules), encoding="utf-8")
    init.chmod(0o755)
    _pack(tree, initrd)
    return initrd


def _init(guest: Guest, modules: Sequence[Path]) -> str:
    load = [
        f"/bin/busybox insmod /modules/{path.name} {guest.options.get(path.stem, '')}" for path in modules
    ]
    tests = " ".join(guest.tests)
    return INIT.format(began=BEGAN, name=guest.name, insmod="\n".join(load), options=OPTIONS, tests=tests)


def _site_packages(guest: Guest) -> Iterator[Path]:
    site = next((PYTHON.parent.parent / "lib").glob("python3.*/site-packages"))
    for name in guest.site:
        yield from (path for path in site.glob(f"{name}*") if not path.name.endswith(".dist-info"))


def _own_packages(guest: Guest, home: Path) -> list[Path]:
    if not guest.pip:
        return []
    folder, recipe = home / f"pip-{guest.name}", home / f"pip-{guest.name}.txt"
    wanted = " ".join(guest.pip)
    if not recipe.is_file() or recipe.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        command = [str(PYTHON), "-m", "pip", "install", "--no-deps", "--only-binary=:all:"]
        command += guest.architecture.wheels
        must("pip: libraries of the guest", [*command, "--target", str(folder), *guest.pip], "guest-pip")
        recipe.write_text(wanted, encoding="utf-8")
    return [path for path in folder.iterdir() if not path.name.endswith(".dist-info")]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _compile(tree: Path, *names: str) -> None:
    """Byte code, so that the slow guest need not: of use where our Python is of the guest's version."""
    words = [str(PYTHON), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *names]
    subprocess.run(words, cwd=tree, stdout=subprocess.DEVNULL, check=False)


def _pack(tree: Path, initrd: Path) -> None:
    say("packing the guest's initramfs")
    names = subprocess.run(["find", ".", "-print0"], cwd=tree, capture_output=True, check=True).stdout
    cpio = ["cpio", "--null", "-o", "-H", "newc", "--quiet"]
    packed = subprocess.run(cpio, cwd=tree, input=names, capture_output=True, check=True).stdout
    initrd.write_bytes(gzip.compress(packed, 1))
    shutil.rmtree(tree)

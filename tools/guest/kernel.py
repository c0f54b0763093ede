"""Debian's kernel for a guest: which, its image with modules, and single files of its source."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tools.guest.architecture import CACHE, Architecture
from tools.progress import ROOT, SetupError, run_logged, say

LISTS_KEPT_S = 86_400


def kernel_release(architecture: Architecture) -> str:
    """Of the kernel that Debian's metapackage stands for today."""
    answer = subprocess.run(
        ["apt-cache", "depends", architecture.kernel],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **foreign_apt(architecture)},
    )
    found = re.search(r"Depends: linux-image-(\S+)", answer.stdout)
    if found is None:
        raise SetupError(f"apt knows no {architecture.kernel}: run apt-get update on a Debian amd64 machine")
    return found[1]


def fetch_image(architecture: Architecture, home: Path, release: str) -> Path:
    """Debian's kernel image with its modules, unpacked; the path of vmlinuz."""
    kernel = home / "image" / "boot" / f"vmlinuz-{release}"
    if not kernel.is_file():
        package = download(home, f"linux-image-{release}", foreign_apt(architecture))
        must("unpacking the kernel", ["dpkg-deb", "-x", str(package), str(home / "image")], "guest-kernel")
    return kernel


def find_modules(home: Path, release: str, names: Sequence[str]) -> list[Path]:
    """These modules of Debian's kernel and those they need, in the order in which they can be loaded."""
    tree = home / "image" / "lib" / "modules" / release
    by_name = {path.name.split(".ko")[0].replace("-", "_"): path for path in tree.rglob("*.ko")}
    found: list[Path] = []
    for name in names:
        _add(by_name, name, found)
    return found


def _add(by_name: dict[str, Path], name: str, found: list[Path]) -> None:
    path = by_name.get(name.replace("-", "_"))
    if path is None:
        raise SetupError(f"Debian's kernel has no module {name}")
    if path in found:
        return
    for needed in needs_of(path):
        _add(by_name, needed, found)
    found.append(path)


def needs_of(module: Path) -> list[str]:
    """The modules that a .ko says it depends on: no modules.dep is made in an unpacked package."""
    found = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [name for name in (found[1].decode("ascii") if found else "").split(",") if name]


def take_source(home: Path, release: str, names: Sequence[str], folder: Path) -> None:
    """These files of that kernel's source into the folder, without their paths. `SetupError` names those it
    lacks.
    """
    version = re.match(r"\d+\.\d+", release)
    assert version is not None
    package = download(home, f"linux-source-{version[0]}")
    inside = f"./usr/src/linux-source-{version[0]}.tar.xz"
    say(f"taking {len(names)} files out of the kernel's source")
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as whole:
        assert whole.stdout is not None
        with tarfile.open(fileobj=whole.stdout, mode="r|") as outer:
            for member in outer:
                if member.name == inside:
                    _take_files(outer.extractfile(member), version[0], names, folder)
                    break
        whole.kill()
    lacking = [name for name in names if not (folder / Path(name).name).is_file()]
    if lacking:
        raise SetupError(f"the kernel's source has no {', '.join(lacking)}")


def _take_files(archive: IO[bytes] | None, version: str, names: Sequence[str], folder: Path) -> None:
    wanted = {f"linux-source-{version}/{name}" for name in names}
    with tarfile.open(fileobj=archive, mode="r|xz") as source:
        for member in source:
            if member.name in wanted:
                content = source.extractfile(member)
                assert content is not None
                (folder / Path(member.name).name).write_bytes(content.read())
                wanted.discard(member.name)
            if not wanted:
                return


def foreign_apt(architecture: Architecture) -> dict[str, str]:
    """The environment in which apt speaks of that processor; its lists are a day old at most."""
    if not architecture.cross:
        return {}
    home = CACHE / f"apt-{architecture.name}"
    config = home / "apt.conf"
    environment = {"APT_CONFIG": str(config)}
    lists = home / "lists"
    if config.is_file() and time.time() - lists.stat().st_mtime < LISTS_KEPT_S:
        return environment
    for folder in (lists / "partial", home / "cache/archives/partial", home / "state"):
        folder.mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    config.write_text(
        f'APT::Architecture "{architecture.name}"; APT::Architectures {{ "{architecture.name}"; }};\n'
        f'Dir::State "{home}/state"; Dir::State::lists "{lists}"; Dir::State::status "{home}/status";\n'
        f'Dir::Cache "{home}/cache"; APT::Sandbox::User "root";\n',
        encoding="utf-8",
    )
    must(
        "apt: reading the lists of " + architecture.name, ["apt-get", "update"], "guest-apt", env=environment
    )
    os.utime(lists)
    return environment


def download(home: Path, package: str, env: Mapping[str, str] | None = None) -> Path:
    """A package's file, whichever version apt offers."""
    found = sorted(home.glob(f"{package}_*.deb"))
    if not found:
        must(f"apt: fetching {package}", ["apt-get", "download", package], "guest-apt", cwd=home, env=env)
        found = sorted(home.glob(f"{package}_*.deb"))
    return found[-1]


def must(
    title: str, command: Sequence[str], log: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> None:
    """Run it with its output in a log; `SetupError` when it fails."""
    if not run_logged(title, command, log, cwd=cwd, env=env):
        raise SetupError(f"{title} failed; the log named above says why")

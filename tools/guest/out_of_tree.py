"""Modules that Debian's kernels switch off, built from single files of the same kernel's source.

Nothing of the kernel is kept in this project: the files are fetched when they are first needed.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.guest.kernel import must, take_source
from tools.packages import Package
from tools.setup_steps import install_packages


@dataclass(frozen=True, slots=True)
class OutOfTree:
    """How a module is made: which files, which of them get another name (a module may not be called like one
    of its parts), and what must be written otherwise (file, old, new) outside of the kernel's tree.
    """

    name: str
    sources: tuple[str, ...]
    makefile: str
    renamed: tuple[tuple[str, str], ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()


def build_module(home: Path, release: str, module: OutOfTree) -> Path:
    """The .ko for that kernel; made again when its recipe has changed."""
    folder = home / module.name
    built, recipe = folder / f"{module.name}.ko", folder / "recipe.txt"
    if built.is_file() and recipe.is_file() and recipe.read_text(encoding="utf-8") == repr(module):
        return built
    headers = f"linux-headers-{release}"
    install_packages((Package(headers, f"guest: compiles {module.name} for its kernel"),))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    take_source(home, release, module.sources, folder)
    for old, new in module.renamed:
        (folder / old).rename(folder / new)
    for name, before, after in module.edits:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    (folder / "Makefile").write_text(module.makefile, encoding="utf-8")
    command = ["make", "-C", f"/lib/modules/{release}/build", f"M={folder}", "modules"]
    must(f"compiling {module.name}", command, f"guest-{module.name}")
    recipe.write_text(repr(module), encoding="utf-8")
    return built

"""The tree as the architecture tests see it: which files there are, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gateway"

# Not ours to judge: generated, built or installed.
PASSED_OVER = {"build", "dist", "out", "__pycache__"}
HIDDEN_BUT_OURS = {".ci", ".gitignore", ".editorconfig"}


def python_files(*tops: str) -> list[Path]:
    """Every Python file below the folders (or the files) named, relative names from the root."""
    found = [path for top in tops for path in below(ROOT / top) if path.suffix == ".py"]
    assert found, f"no Python file below {tops}"
    return found


def all_text_files() -> list[Path]:
    """Everything in the repository that people wrote."""
    endings = {".py", ".c", ".h", ".md", ".toml", ".service", ".sh", ".cfg", ".ini", ".conf", ".txt"}
    names = {"LICENSE", "Makefile", "run", *HIDDEN_BUT_OURS}
    return [path for path in below(ROOT) if path.suffix in endings or path.name in names]


def below(top: Path) -> Iterator[Path]:
    """Every file below `top` that people wrote, in a fixed order."""
    if top.name.startswith(".") and top.name not in HIDDEN_BUT_OURS:
        return
    if top.is_file():
        yield top
    elif top.is_dir() and top.name not in PASSED_OVER and not top.name.startswith("out-"):
        for child in sorted(top.iterdir()):
            yield from below(child)


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file (read once)."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    """`gateway.line.fxo` for gateway/line/fxo.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything that a file imports, also inside functions."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(parse(path)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package[: len(package) - level + 1] if level else []
                stem = ".".join([*base, *([module] if module else [])])
                yield node.lineno, stem
                yield from ((node.lineno, f"{stem}.{alias.name}") for alias in names)


def where(path: Path, line: int) -> str:
    """`gateway/exchange.py:12`, for a message."""
    return f"{path.relative_to(ROOT)}:{line}"

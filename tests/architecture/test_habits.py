"""Habits that a linter has no rule for: no sleep in tests, nothing swallowed, no path of one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT, all_text_files, parse, python_files, where

SLEEPERS = {"sleep"}
HOME_PATHS = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w")
REGISTRIES = re.compile(r"\b(?:pypi|files\.pythonhosted|deb\.debian|proxy\.golang)\.org\b", re.IGNORECASE)

AVOIDED = {"channel", "manager", "handler", "helper", "util", "utils", "data", "info", "context", "tmp"}


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=name) | ast.Name(id=name):
                    yield node.lineno, name


def swallowed(tree: ast.Module) -> list[int]:
    """Lines of clauses that do nothing at all: `except X: pass`, `except X: ...`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            idle = all(
                isinstance(step, ast.Pass)
                or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
                for step in node.body
            )
            if idle:
                found.append(node.lineno)
    return found


def test_no_exception_is_swallowed() -> None:
    files = python_files("gateway", "tools", "tests", "tasks.py")
    found = [where(path, line) for path in files for line in swallowed(parse(path))]
    assert not found, "say with contextlib.suppress (and why) or act:\n" + "\n".join(found)


def test_no_test_sleeps() -> None:
    found = [
        where(path, line) for path in python_files("tests") for line, name in calls(path) if name in SLEEPERS
    ]
    assert not found, "virtual time, or wait for the thing itself:\n" + "\n".join(found)


def test_nothing_names_a_path_of_somebodys_machine_or_a_registry() -> None:
    found = []
    for path in all_text_files():
        if path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if HOME_PATHS.search(line) or REGISTRIES.search(line):
                found.append(f"{where(path, number)}: {line.strip()[:80]}")
    assert not found, "\n".join(found)


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    found = [str(path.relative_to(ROOT)) for path in python_files("gateway") if path.stem in AVOIDED]
    assert not found, f"docs/glossary.md has better words: {found}"


def test_the_finder_of_swallowed_exceptions_finds_them() -> None:
    source = "try:\n    x = 1\nexcept A:\n    pass\nexcept B:\n    x = 2\nexcept C:\n    ...\n"
    assert swallowed(ast.parse(source)) == [3, 7]

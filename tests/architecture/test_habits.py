"""Habits that a linter has no rule for: no sleep in tests, nothing swallowed, no path of one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT, all_text_files, parse, python_files, where

HOME_PATHS = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w")
REGISTRIES = re.compile(r"\b(?:pypi|files\.pythonhosted|deb\.debian|proxy\.golang)\.org\b", re.IGNORECASE)

AVOIDED = {"channel", "manager", "handler", "helper", "util", "utils", "data", "info", "context", "tmp"}


def _gives_up(loop: ast.While) -> bool:
    return any(isinstance(step, ast.Raise) for step in ast.walk(loop))


def sleeps(node: ast.AST) -> Iterator[int]:
    """Lines of calls that let time pass.

    Not meant: `asyncio.sleep(0)`, which only lets others have their turn, and asking a foreign program again
    and again whether it is ready, under `asyncio.timeout` or in a loop that gives up by raising.
    """
    match node:
        case ast.Call(args=[ast.Constant(value=0)]):
            return
        case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep")):
            yield node.lineno
        case ast.Call(
            func=ast.Attribute(
                attr="wait", value=ast.Call(func=ast.Attribute(attr="Event") | ast.Name(id="Event"))
            )
        ):
            yield node.lineno  # nobody can set an event that has no name
        case ast.AsyncWith(
            items=[ast.withitem(ast.Call(func=ast.Attribute(attr="timeout")))], body=[ast.While()]
        ):
            return
        case ast.While(test=condition) if not isinstance(condition, ast.Constant) and _gives_up(node):
            return
    for child in ast.iter_child_nodes(node):
        yield from sleeps(child)


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
    # A program that a test starts (and kills) may pace itself; a guest kernel has a virtual time of its own.
    files = [
        path
        for path in python_files("tests")
        if "__main__" not in path.read_text(encoding="utf-8") and path.parent.name != "guest"
    ]
    found = [where(path, line) for path in files for line in sleeps(parse(path))]
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


def test_the_finder_of_sleeps_finds_them() -> None:
    source = "import time\ntime.sleep(1)\nasyncio.sleep(0)\nsleep(0.1)\nasyncio.sleep(delay)\n"
    bounded = (
        "async def f():\n async with asyncio.timeout(9):\n  while not ready():\n   await asyncio.sleep(0.1)\n"
    )
    patient = "while not ready():\n if late():\n  raise E\n time.sleep(1)\n"
    assert list(sleeps(ast.parse(source))) == [2, 4, 5]
    assert list(sleeps(ast.parse(patient))) == []
    assert list(sleeps(ast.parse(patient.replace("raise E", "pass")))) == [4]
    assert list(sleeps(ast.parse("threading.Event().wait(2)\nEvent().wait(s)\nstopped.wait(9)\n"))) == [1, 2]
    assert list(sleeps(ast.parse(bounded))) == []
    assert list(sleeps(ast.parse(bounded.replace("while not ready()", "if not ready()")))) == [4]

"""Size: what separates admired code is its longest functions. Aims are printed, limits fail."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, below, parse, python_files

LONGEST_PYTHON = 60
AIM_PYTHON = 30
AIM_SHARE = 0.95
LONGEST_C = 80
AIM_C = 45
LONGEST_FILE = 500


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its length in lines, its docstring left out (words cost the reader nothing)."""

    path: Path
    name: str
    line: int
    lines: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.name}: {self.lines} lines"


def python_functions(path: Path) -> list[Function]:
    found = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            doc = node.body[0]
            if ast.get_docstring(node) is not None:
                length -= (doc.end_lineno or doc.lineno) - doc.lineno + 1
            found.append(Function(path, node.name, node.lineno, length))
    return found


# Our C style puts a function's closing brace in the first column and its head above the opening one.
C_HEAD = re.compile(r"^(?!typedef|union|enum|static const)[A-Za-z_][^;={]*\)\s*\{\s*$")


def c_functions(path: Path) -> list[Function]:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines, start=1):
        if opened is None and (line == "{" or (line.endswith("{") and C_HEAD.match(line))):
            head = line if line != "{" else lines[number - 2]
            opened = (number, head.split("(")[0].split()[-1] if "(" in head else head.strip())
        elif line.rstrip() == "}" and opened is not None:
            found.append(Function(path, opened[1], opened[0], number - opened[0] + 1))
            opened = None
    return found


def c_files() -> list[Path]:
    return [path for path in below(ROOT / "native") if path.suffix in {".c", ".h"}]


def test_no_python_function_is_longer_than_sixty_lines() -> None:
    functions = [f for path in python_files("gateway", "tools", "tasks.py") for f in python_functions(path)]
    assert functions
    too_long = [str(function) for function in functions if function.lines > LONGEST_PYTHON]
    assert not too_long, "\n".join(too_long)


def test_most_python_functions_are_under_thirty_lines() -> None:
    functions = [f for path in python_files("gateway") for f in python_functions(path)]
    long = sorted((f for f in functions if f.lines >= AIM_PYTHON), key=lambda f: -f.lines)
    share = 1 - len(long) / max(len(functions), 1)
    report = "\n".join(map(str, long))
    assert share >= AIM_SHARE, f"{share:.1%} of {len(functions)} functions are under {AIM_PYTHON}:\n{report}"


@pytest.mark.skipif(not c_files(), reason="no C yet")
def test_no_c_function_is_longer_than_eighty_lines() -> None:
    functions = [f for path in c_files() for f in c_functions(path)]
    assert len(functions) > len(c_files()) / 2, "the C function finder no longer understands our style"
    too_long = [str(function) for function in functions if function.lines > LONGEST_C]
    assert not too_long, "\n".join(too_long)


@pytest.mark.skipif(not c_files(), reason="no C yet")
def test_most_c_functions_are_under_forty_five_lines() -> None:
    functions = [f for path in c_files() if "tests" not in path.parts for f in c_functions(path)]
    long = sorted((f for f in functions if f.lines >= AIM_C), key=lambda f: -f.lines)
    share = 1 - len(long) / max(len(functions), 1)
    report = "\n".join(map(str, long))
    assert share >= AIM_SHARE, f"{share:.1%} of {len(functions)} functions are under {AIM_C}:\n{report}"


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    files = [*python_files("gateway", "tools", "tests", "tasks.py"), *c_files()]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    too_long = [f"{path.relative_to(ROOT)}: {n}" for path, n in lengths.items() if n > LONGEST_FILE]
    assert not too_long, "\n".join(too_long)


def test_the_c_function_finder_finds_and_measures(tmp_path: Path) -> None:
    source = tmp_path / "x.c"
    source.write_text(
        "struct s {\n    int a;\n};\n"
        "static int one(int a)\n{\n    return a;\n}\n"
        "int two(int a) {\n" + "    a++;\n" * 90 + "    return a;\n}\n",
        encoding="utf-8",
    )
    measured = [(f.name, f.lines) for f in c_functions(source)]
    assert measured == [("one", 3), ("two", 93)]

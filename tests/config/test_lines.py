"""The line index agrees with tomllib about what is there, and says where."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.lines import Path, index_lines

TEXT = '''# a comment with [brackets] and = signs
top = 1
"quoted key" = "[not.a.table]"
dotted.key.here = """
[not.a.table]
neither = "this"
"""
literal = \'\'\'
a = 1\'\'\'

[table] # said twice: [[table]]
list = [
    "one", # with a comment, and a comma
    "two", [3,
    4],
    { five = 5 },
]
inline = { a = 1, b = [2, 3] }

[table.below."with.dot"]
escaped = "a \\" b # c"

[[many]]
name = "first"

[[many]]
name = "second"
[many.part]
x = 1
'''

PLACES: list[tuple[Path, int]] = [
    (("top",), 2),
    (("quoted key",), 3),
    (("dotted", "key", "here"), 4),
    (("literal",), 8),
    (("table",), 11),
    (("table", "list"), 12),
    (("table", "list", 0), 13),
    (("table", "list", 1), 14),
    (("table", "list", 2), 14),
    (("table", "list", 3), 16),
    (("table", "inline"), 18),
    (("table", "inline", "b", 1), 18),
    (("table", "below", "with.dot", "escaped"), 21),
    (("many", 0, "name"), 24),
    (("many", 1), 26),
    (("many", 1, "name"), 27),
    (("many", 1, "part", "x"), 29),
    (("many", 1, "absent"), 26),
    (("nowhere",), 0),
]


@pytest.mark.parametrize(("path", "line"), PLACES)
def test_every_place_is_found(path: Path, line: int) -> None:
    tomllib.loads(TEXT)
    assert index_lines(TEXT).line(path) == line


def test_what_is_written_once_is_not_called_twice() -> None:
    assert index_lines(TEXT).twice == []


def test_what_is_written_twice_is_found() -> None:
    index = index_lines("[a]\nx = 1\nx = 2\n[b]\n[a]\n")
    assert index.twice == [(("a", "x"), 2, 3), (("a",), 1, 5)]


words = st.text(alphabet="abAB01-_", min_size=1, max_size=4)
leaves = st.integers(-5, 5) | st.booleans() | st.text(alphabet="ab\n\"\\#[]={},'", max_size=6)


def tables(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    values: st.SearchStrategy[Any] = leaves | st.lists(leaves, max_size=3)
    if depth:
        values = values | tables(depth - 1) | st.lists(tables(depth - 1), min_size=1, max_size=2)
    return st.dictionaries(words, values, max_size=3)


def written(table: dict[str, Any], at: Path = ()) -> Iterator[tuple[str, Path]]:
    """TOML text line by line, each with the path that begins on it."""
    for key, value in table.items():
        if not _is_table(value):
            yield f"{key} = {_literal(value)}", (*at, key)
    for key, value in table.items():
        head = ".".join([*(str(step) for step in at if isinstance(step, str)), key])
        if isinstance(value, dict):
            yield f"[{head}]", (*at, key)
            yield from written(value, (*at, key))
        elif _is_table(value):
            for number, element in enumerate(value):
                yield f"[[{head}]]", (*at, key, number)
                yield from written(element, (*at, key, number))


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _literal(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case list():
            return "[" + ", ".join(map(_literal, value)) + "]"
        case _:
            raise AssertionError(value)


@given(tables(2))
def test_the_index_agrees_with_tomllib(table: dict[str, Any]) -> None:
    lines = list(written(table))
    text = "\n".join(line for line, _ in lines)
    assert tomllib.loads(text) == table
    index = index_lines(text)
    assert [index.line(path) for _, path in lines] == list(range(1, len(lines) + 1))
    assert index.twice == []
